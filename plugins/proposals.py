"""What skills with a parser of their own propose: NLU may label `convert ten inches to feet` as mathematics.

Such a skill reads the text itself and says in the features of its candidates what came of it:
  parsed: 1.0 where the text was read in full, also when the NLU saw a neighbouring intent; 0.0 where the candidate
    rests on the NLU's label alone.
  probability: that the skill can answer. A text read in full is as good as certain (the grammars match next to
    none of ten thousand other requests); one that it could not read is worth a part of the NLU's probability.
  prior: `TRUST` for a text read in full: then neither a clarifying question nor the fallback makes sense, however
    unsure the NLU is of a text that it has not seen the like of.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dialog.skill import Skill, TurnContext
from dialog.types import Candidate, Interpretation

PARSED, TRUST = 0.99, 2.0
UNREAD = 0.5


def proposals(
    skill: Skill, turn: TurnContext, intent: str, parsed: bool, unread: float = UNREAD
) -> Sequence[Candidate]:
    """The default candidates of `skill`, weighted, and one for `intent` when `parsed` and the NLU did not see it.

    unread: what is left of the NLU's probability where the text could not be read.
    A message that names its intent (`/intent{...}`) is left as it is.
    """
    found = list(Skill.propose(skill, turn))
    if turn.utterance.text.startswith("/"):
        return found
    if not parsed:
        return [_weighted(each, each.interpretation.probability * unread, 0.0) for each in found]
    if not any(each.intent == intent for each in found):
        readings = turn.understanding.interpretations
        first = readings[0] if readings else Interpretation(intent, 0.0)
        meaning = Interpretation(intent, first.probability, first.entities, first.hypothesis)
        found.append(Candidate(skill.name, intent, skill.domain, meaning, effects=skill.specs[intent].effects))
    return [
        _weighted(each, max(PARSED, each.interpretation.probability), 1.0) for each in found if each.intent == intent
    ]


def _weighted(candidate: Candidate, probability: float, parsed: float) -> Candidate:
    features = {**candidate.features, "probability": probability, "parsed": parsed}
    return replace(candidate, features={**features, "prior": TRUST} if parsed else features)

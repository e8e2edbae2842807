"""A logged turn as a case."""

from __future__ import annotations

import time
from dataclasses import replace

from assistant.cases.store import CaseError
from assistant.learning.rows import Histories
from dialog.log import Log
from dialog.types import RoutingContext, Turn
from plugins.requests import request_of
from policies.cases import Case, Kind
from policies.errors import PolicyError
from policies.hotfix import Severity

_FORCED = {"form": "an active form", "explicit": "the message itself"}


async def turn_of(
    log: Log, turn_id: int | None, conversation: str | None, silence: float
) -> tuple[Turn, RoutingContext]:
    """A turn by its id, or the last one of a conversation, and what the policy saw besides its candidates.

    silence: seconds that end a session. The sentence vector is the log's, None where it does not keep one.
    Raises `CaseError` for a conversation without turns, `LogError` for an unknown id.
    """
    if turn_id is not None:
        conversation = (await log.turn(turn_id)).utterance.conversation_id
    histories = Histories(silence)
    found: tuple[Turn, RoutingContext] | None = None
    async for turn in log.turns(conversation):
        found = turn, histories.context(turn)
        if turn.turn_id == turn_id:
            break
    if found is None:
        raise CaseError(f"there is no turn in a conversation {conversation!r}")
    turn, context = found
    encoder = turn.understanding.encoder or turn.decision.encoder
    text = turn.understanding.text
    vector = (await log.vectors(encoder, [text])).get(text)
    return turn, replace(context, vector=vector)


def case_of(
    turn: Turn, context: RoutingContext, kind: Kind, *, use: str | None = None, name: str | None = None,
    note: str = "", severity: Severity = "medium", incident: str = "",
) -> Case:  # fmt: skip
    """A case made of a turn. use: the skill that is wanted; without it a progression case wants what has answered.

    Raises `CaseError` where no policy decided the turn, or the skill was no candidate.
    """
    decision, label = turn.decision, f"turn {turn.turn_id}"
    forced = _FORCED.get(decision.forced_by or "")
    if forced:
        raise CaseError(f"{label} was decided by {forced}, not by a policy: no policy could decide it otherwise")
    if not 0 <= decision.executed < len(decision.candidates):
        raise CaseError(f"{label} was never answered")
    if len(decision.candidates) < 2:
        raise CaseError(f"{label} had one candidate only ({decision.candidates[0].skill}): there was nothing to decide")
    desired = _wanted(turn, use) if use is not None else None
    if kind == "progression" and desired is None:
        desired = decision.executed
    if kind == "regression" and desired == decision.executed:
        raise CaseError(f"{label} was answered by {use}; a regression case needs another skill to be wanted, or none")
    name = name or f"{kind[0]}{turn.turn_id}"
    request, said = request_of(decision.candidates, context), turn.understanding
    known = decision.propensities if len(decision.propensities) == len(decision.candidates) else ()
    date = time.strftime("%Y-%m-%d", time.gmtime(turn.utterance.time))
    try:
        return Case(
            name, kind, request, decision.executed, desired, said.text, known, note, severity, date, True, incident,
            turn.utterance.user_id, turn.turn_id, said.encoder or decision.encoder,
        )  # fmt: skip
    except PolicyError as error:
        raise CaseError(str(error)) from None


def _wanted(turn: Turn, skill: str) -> int:
    """The most probable candidate of a skill."""
    candidates = turn.decision.candidates
    found = [index for index, candidate in enumerate(candidates) if candidate.skill == skill]
    if not found:
        listed = ", ".join(dict.fromkeys(candidate.skill for candidate in candidates))
        raise CaseError(f"{skill!r} was no candidate of turn {turn.turn_id} (there were: {listed})")
    return max(found, key=lambda index: candidates[index].features.get("probability", 0.0))

"""Cases as hard constraints: a request like a known case may not repeat its defect, whatever the policy has learned.

The learned remedy (`policies.rehearsal`) changes weights and may miss; this one changes the decision and cannot. A
request is like a case where their sentence vectors are close and they have skills among their candidates in common.

The defaults leave the rest of the traffic alone. On a simulated log (tuning seed 100, 50 cases, 60,000 requests) all
requests with a case's very text are mended and at most 0.006 % of the others' mass moves. Of the same utterances
misheard 40 % come out right (34 % without); a similarity of 0.9 makes it 53 %, and moves 0.02 to 0.2 % of the others'
mass, depending on the cases. What a recogniser makes of a sentence is often far from it: such defects need more cases.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from policies.cases import Case
from policies.dataset import Bools, Dataset, Doubles, Floats
from policies.errors import PolicyError
from policies.request import Request

#: Prefix of the names under which cases decide.
NAME = "case:"
_ROWS = 4096  # of a data set that are compared at once


@dataclass(frozen=True, slots=True)
class _Known:
    """What of a case is compared: skills of its candidates, the (skill, intent) to avoid and the one to take."""

    case: Case
    skills: frozenset[str]
    bad: tuple[str, str] | None
    good: tuple[str, str] | None


class CaseRules:
    """Overrides (see `policies.hotfix.Overrides`) made of active cases. `counts`: how often each decided.

    similarity: least cosine of the sentence vectors, in (0, 1]. overlap: least share of skills in common (Jaccard
    index) of the two candidate lists; 1: the same set. encoder: leave out the cases of another one, None: take all.
    Of several cases that a request is like, the closest decides what to take; what any of them forbids is forbidden.
    A candidate with costly effects is never taken. Cases without a vector have no effect (`without`).
    """

    def __init__(
        self, cases: Iterable[Case], similarity: float = 0.95, overlap: float = 0.4, encoder: str | None = None
    ) -> None:
        """Raises `PolicyError` for shares out of range, and for vectors of different lengths."""
        if not 0.0 < similarity <= 1.0 or not 0.0 <= overlap <= 1.0:
            raise PolicyError(f"similarity {similarity} must be in (0, 1], overlap {overlap} in [0, 1]")
        active = [case for case in cases if case.active and (encoder is None or case.encoder == encoder)]
        usable = [case for case in active if case.request.vector is not None]
        self.without = tuple(case.id for case in active if case.request.vector is None)
        self.counts: Counter[str] = Counter()
        self._least, self._overlap = similarity, overlap
        self._known = [_known(case) for case in usable]
        lengths = {len(case.request.vector) for case in usable}
        if len(lengths) > 1:
            raise PolicyError(f"cases have sentence vectors of different lengths: {sorted(lengths)}; name the encoder")
        rows = [np.asarray(case.request.vector, np.float32) for case in usable]
        self._vectors: Floats = _unit(np.array(rows, np.float32)) if rows else np.zeros((0, 0), np.float32)

    def __len__(self) -> int:
        return len(self._known)

    def apply(self, request: Request, text: str, propensities: Sequence[float]) -> tuple[int, str] | None:
        """The candidate that must be taken and `case:ID`, or None. `text` is not looked at."""
        if not self._known or request.vector is None or not request.options:
            return None
        vector = np.asarray(request.vector, np.float32)
        if len(vector) != self._vectors.shape[1]:
            return None
        options = request.options
        cosines = self._vectors @ _unit(vector[None])[0]
        return self._decide(
            cosines, [option.skill for option in options], [option.intent for option in options],
            [option.costly for option in options], propensities,
        )  # fmt: skip

    def enforced(self, dataset: Dataset, new: Doubles) -> tuple[Doubles, Bools]:
        """Propensities [N, K] with all mass on the candidate that a case demands, and where that is so [N].

        Intents are not part of a `Dataset`: here a case speaks of all candidates of its skill.
        """
        out, forced = np.array(new, np.float64), np.zeros(len(dataset), np.bool_)
        if not self._known or dataset.tables.texts.shape[1] != self._vectors.shape[1]:
            return out, forced
        mask, names = dataset.mask, dataset.tables.skills
        for start in range(0, len(dataset), _ROWS):
            rows = slice(start, start + _ROWS)
            cosines = _unit(np.asarray(dataset.tables.texts[dataset.text[rows]], np.float32)) @ self._vectors.T
            for offset in np.flatnonzero(cosines.max(axis=1) >= self._least):
                row = start + int(offset)
                places = np.flatnonzero(mask[row])
                skills = [names[index] for index in dataset.skill[row, places]]
                costly = [not is_open for is_open in dataset.open[row, places]]
                decided = self._decide(cosines[offset], skills, None, costly, out[row, places].tolist())
                if decided is not None:
                    out[row], forced[row] = 0.0, True
                    out[row, places[decided[0]]] = 1.0
        return out, forced

    def _decide(
        self, cosines: NDArray[np.float32], skills: Sequence[str], intents: Sequence[str] | None,
        costly: Sequence[bool], propensities: Sequence[float],
    ) -> tuple[int, str] | None:  # fmt: skip
        close = np.flatnonzero(cosines >= self._least - 1e-6)
        if not len(close):
            return None
        here = set(skills)
        # The closest first; of equals one that says what to take, then the later one in the list.
        order = sorted(close.tolist(), key=lambda i: (-round(float(cosines[i]), 4), self._known[i].good is None, -i))
        like = [
            self._known[i]
            for i in order
            if len(here & self._known[i].skills) >= self._overlap * len(here | self._known[i].skills)
        ]
        taken: int | None = None
        why = ""
        forbidden: set[int] = set()
        for known in like:
            if known.bad is not None:
                found = [i for i in _places(known.bad, skills, intents) if i != taken]
                if sum(propensities[i] for i in found) > 0.0:
                    why = why or known.case.id
                forbidden.update(found)
            if taken is None and known.good is not None:
                free = [i for i in _places(known.good, skills, intents) if not costly[i] and i not in forbidden]
                if free:
                    taken, why = max(free, key=lambda i: propensities[i]), known.case.id
        if taken is None and why:
            rest = [i for i in range(len(skills)) if i not in forbidden and not costly[i]]
            taken = max(rest, key=lambda i: propensities[i], default=None)
        if taken is None:
            return None
        self.counts[why] += 1
        return taken, NAME + why


def _known(case: Case) -> _Known:
    named = [(option.skill, option.intent) for option in case.request.options]
    bad = named[case.action] if case.kind == "regression" else None
    good = None if case.desired is None else named[case.desired]
    return _Known(case, frozenset(skill for skill, _ in named), bad, good)


def _places(wanted: tuple[str, str], skills: Sequence[str], intents: Sequence[str] | None) -> list[int]:
    """Candidates of that skill; only those of that intent where there are any."""
    found = [index for index, skill in enumerate(skills) if skill == wanted[0]]
    exact = [index for index in found if intents is not None and intents[index] == wanted[1]]
    return exact or found


def _unit(rows: Floats) -> Floats:
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    scaled: Floats = (rows / np.maximum(lengths, 1e-12)).astype(np.float32)
    return scaled

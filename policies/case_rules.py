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

import numpy as np

from policies.case_match import Candidates, Cases, rank_of, ranks_of
from policies.cases import Case
from policies.dataset import Bools, Dataset, Doubles, Floats
from policies.request import Request

#: Prefix of the names under which cases decide.
NAME = "case:"
_ROWS = 4096  # of a data set that are compared at once


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
        active = [case for case in cases if case.active and (encoder is None or case.encoder == encoder)]
        usable = [case for case in active if case.request.vector is not None]
        self.without = tuple(case.id for case in active if case.request.vector is None)
        self.counts: Counter[str] = Counter()
        self._cases = Cases.of(usable, similarity, overlap)

    def __len__(self) -> int:
        return len(self._cases)

    def apply(self, request: Request, text: str, propensities: Sequence[float]) -> tuple[int, str] | None:
        """The candidate that must be taken and `case:ID`, or None. `text` is not looked at."""
        if not len(self) or request.vector is None or not request.options:
            return None
        vector = np.asarray(request.vector, np.float32)
        if len(vector) != self._cases.size:
            return None
        options = request.options
        candidates = Candidates(
            [option.skill for option in options], [option.intent for option in options],
            [rank_of(option) for option in options], [option.costly for option in options],
        )  # fmt: skip
        return self._decide(self._cases.cosines(vector[None])[0], candidates, propensities)

    def enforced(self, dataset: Dataset, new: Doubles) -> tuple[Doubles, Bools]:
        """Propensities [N, K] with all mass on the candidate that a case demands, and where that is so [N].

        Intents are not part of a `Dataset`: here the rank of the interpretation stands for them.
        """
        out, forced = np.array(new, np.float64), np.zeros(len(dataset), np.bool_)
        if not len(self) or dataset.tables.texts.shape[1] != self._cases.size:
            return out, forced
        mask, names = dataset.mask, dataset.tables.skills
        for start in range(0, len(dataset), _ROWS):
            cosines = self._cases.cosines(dataset.tables.texts[dataset.text[start : start + _ROWS]])
            for offset in np.flatnonzero(self._cases.close(cosines).any(axis=1)):
                row = start + int(offset)
                places = np.flatnonzero(mask[row])
                candidates = Candidates(
                    [names[index] for index in dataset.skill[row, places]], None,
                    ranks_of(dataset.numeric[row, places]), [not is_open for is_open in dataset.open[row, places]],
                )  # fmt: skip
                decided = self._decide(cosines[offset], candidates, out[row, places].tolist())
                if decided is not None:
                    out[row], forced[row] = 0.0, True
                    out[row, places[decided[0]]] = 1.0
        return out, forced

    def _decide(self, cosines: Floats, candidates: Candidates, propensities: Sequence[float]) -> tuple[int, str] | None:
        demand = self._cases.demand(cosines, candidates, propensities)
        if demand is None:
            return None
        taken = demand.taken
        if taken is None:
            costly = candidates.costly
            rest = [i for i in range(len(costly)) if i not in demand.forbidden and not costly[i]]
            taken = max(rest, key=lambda i: propensities[i], default=None)
        if taken is None:
            return None
        self.counts[demand.why] += 1
        return taken, NAME + demand.why

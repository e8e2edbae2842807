"""How many development questions a solver answers right: each decoder, and both by the sum of their probabilities."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

from plugins.math.solver.symbols import Prefix, value
from plugins.math.training.decode import Beam, Decoded, decode
from plugins.math.training.items import Item
from plugins.math.training.model import Solver
from plugins.math.training.problem import close
from plugins.math.training.trunks import Halves

#: Accuracy by decoder ("relation", "sequence", "both") of each part.
Accuracies = dict[str, dict[str, float]]


def answer_of(prefix: Prefix, item: Item) -> Fraction | None:
    """The exact value of a formula for the question's numbers; None where it divides by zero."""
    try:
        return value(prefix, item.exact)
    except ZeroDivisionError:
        return None


def vote(beams: Sequence[Beam], item: Item) -> Fraction | None:
    """The answer with the largest sum of probabilities over all beams; None where no formula has a value."""
    weights: dict[Fraction, float] = {}
    for beam in beams:
        for prefix, probability in beam:
            if (found := answer_of(prefix, item)) is not None:
                weights[found] = weights.get(found, 0.0) + probability
    return max(weights, key=lambda found: weights[found]) if weights else None


def right(decoded: Decoded, item: Item) -> dict[str, bool]:
    """Whether each decoder's best formula gives the answer, and whether the vote does."""
    out: dict[str, bool] = {}
    beams = {name: beam for name, beam in (("relation", decoded.relation), ("sequence", decoded.sequence))}
    for name, beam in beams.items():
        found = answer_of(beam[0][0], item) if beam else None
        out[name] = found is not None and close(found, item.answer)
    both = vote(list(beams.values()), item)
    out["both"] = both is not None and close(both, item.answer)
    return out


def accuracies(
    solver: Solver, parts: Mapping[str, Sequence[Item]], trunk: Callable[[str], Halves] | None, beam: int
) -> Accuracies:
    """Accuracy of each part in percent; decoders that the solver lacks are left out."""
    names = [name for name in ("relation", "sequence") if getattr(solver, name) is not None]
    names += ["both"] if len(names) > 1 else []
    out: Accuracies = {}
    for part, found in parts.items():
        if found:
            answered = [right(d, item) for d, item in zip(decode(solver, found, trunk, beam), found, strict=True)]
            out[part] = {name: 100 * sum(row[name] for row in answered) / len(found) for name in names}
    return out


def overall(found: Accuracies) -> float:
    """The figure that chooses weights: the mean over decoders of the mean over parts."""
    return sum(sum(row.values()) / len(row) for row in found.values()) / max(1, len(found))

"""Compares the served solver with the trained one on development problems.

    python -m plugins.math.training.parity --model DIR [DIR ...] --folder DIR --data DIR [--limit N] [--json]

"search" compares torch with a wide beam and the numpy decoders with the beam of serving, on torch's own states and
weights. "served" compares the latter with the folder as it is: int8 layers, float16 decoders.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from dialog.errors import AssistantError
from nlu.encoder import Encoder
from nlu.runtime import ENCODER_FOLDER, MODELS
from nlu.training.display import bar
from plugins.math.solver.beam import Beam
from plugins.math.solver.canonical import canonical
from plugins.math.solver.encoding import Encoding
from plugins.math.solver.relation import RelationDecoder
from plugins.math.solver.runtime import RELATION, SEQUENCE, Formula, SolverRuntime, merged
from plugins.math.solver.sequence import SequenceDecoder
from plugins.math.solver.weights import Weights
from plugins.math.template import template_of
from plugins.math.training.batches import inputs_of
from plugins.math.training.corpus import corpus
from plugins.math.training.decode import decode
from plugins.math.training.export import arrays
from plugins.math.training.items import Item, items
from plugins.math.training.model import Solver, load
from plugins.math.training.problem import Problem
from plugins.math.training.trunks import Halves

#: Width of the beam in serving, and of one so wide that it misses little.
BEAM, WIDE = 5, 15
WAYS = ("search", "served")
#: Of a probability; and the least share of equal best formulas: a narrow beam and int8 change some that are improbable.
TOLERANCE, ENOUGH = 1e-3, 0.9


@dataclass
class Agreement:
    """How alike two ways to decode are: questions, equal best formulas, and the differences of their probabilities."""

    questions: int = 0
    same: int = 0
    apart: list[float] = field(default_factory=list)

    def add(self, first: Sequence[Formula], second: Sequence[Formula]) -> None:
        """One question's beams; one that is empty on both sides is equal."""
        self.questions += 1
        if not first or not second:
            self.same += not first and not second
            return
        form = canonical(first[0].prefix)
        self.same += form == canonical(second[0].prefix)
        other = [one.probability for one in second if canonical(one.prefix) == form]
        self.apart.append(abs(first[0].probability - (other[0] if other else 0.0)))

    def figures(self) -> dict[str, float]:
        """As reported."""
        apart = np.array(self.apart or [0.0])
        return {
            "questions": self.questions,
            "same best": round(self.same / max(1, self.questions), 4),
            "within tolerance": round(float((apart <= TOLERANCE).mean()), 4),
            "mean difference": round(float(apart.mean()), 6),
            "largest difference": round(float(apart.max()), 6),
        }


class Reference:
    """A trained solver, decoded by torch, and by the numpy decoders from torch's own states."""

    def __init__(self, solver: Solver, encoder: Encoder) -> None:
        self._solver, self._encoder = solver.eval(), encoder
        weights = Weights(arrays(solver), "the trained solver")
        self.relation = RelationDecoder(weights) if solver.relation is not None else None
        self.sequence = SequenceDecoder(weights) if solver.sequence is not None else None

    def _trunk(self, text: str) -> Halves:
        return self._encoder.frozen_states([text])[0][0]

    def by_torch(self, item: Item, width: int) -> dict[str, Beam]:
        """Beams by torch."""
        (found,) = decode(self._solver, [item], self._trunk, width, mix=False)
        return {RELATION: found.relation, SEQUENCE: found.sequence}

    @torch.no_grad()
    def by_numpy(self, item: Item, width: int) -> dict[str, Beam]:
        """Beams by the numpy decoders."""
        inputs = self._solver.features(inputs_of([item], self._trunk))
        encoded = self._solver(inputs)
        question = Encoding(
            encoded.states[0].numpy(),
            encoded.mean[0].numpy(),
            item.letters,
            item.rows,
            inputs.numbers[0, : len(item.letters)].numpy(),
            item.values,
        )
        return {
            RELATION: self.relation.decode(question, width) if self.relation else [],
            SEQUENCE: self.sequence.decode(question, width) if self.sequence else [],
        }


def compare(
    solvers: Sequence[Solver], runtime: SolverRuntime, problems: Sequence[Problem], encoder: Encoder
) -> dict[str, dict[str, dict[str, float]]]:
    """Figures by way (WAYS) and channel."""
    references = [Reference(solver, encoder) for solver in solvers]
    channels = [name for name in (RELATION, SEQUENCE) if any(getattr(one, name) for one in references)]
    found = {way: {name: Agreement() for name in channels} for way in WAYS}
    with bar("parity", len(problems)) as tell:
        for done, (problem, item) in enumerate(zip(problems, items(problems, encoder), strict=True), 1):
            tell(done, "")
            if not item.letters:
                continue
            wide = [one.by_torch(item, WIDE) for one in references]
            own = [one.by_numpy(item, BEAM) for one in references]
            served = runtime.examine(template_of(problem.question), BEAM)
            for name in channels:
                having = [index for index, one in enumerate(references) if getattr(one, name)]
                wanted, narrow = (merged([beams[index][name] for index in having], WIDE) for beams in (wide, own))
                found["search"][name].add(wanted, narrow)
                found["served"][name].add(narrow, served[name])
    return {way: {name: one.figures() for name, one in by.items()} for way, by in found.items()}


def parser() -> argparse.ArgumentParser:
    """The command line."""
    out = argparse.ArgumentParser(prog="python -m plugins.math.training.parity", description=__doc__)
    out.add_argument("--model", type=Path, nargs="+", required=True, help="folders of trained solvers, in their order")
    out.add_argument("--folder", type=Path, required=True, help="what was exported from them")
    out.add_argument("--data", type=Path, required=True, help="folder of the public data sets")
    out.add_argument("--corpus-seed", type=int, default=0)
    out.add_argument("--limit", type=int, default=0, help="so many development problems of each part; 0: all")
    out.add_argument("--json", action="store_true")
    return out


def main(argv: list[str] | None = None) -> int:
    """Prints the figures; 1 where the decoders often find another formula than torch, or the folder than they."""
    options = parser().parse_args(argv)
    torch.set_num_threads(1)
    encoder = Encoder(MODELS / ENCODER_FOLDER)
    try:
        solvers = [load(folder) for folder in options.model]
        runtime = SolverRuntime.load(options.folder, encoder)
        parts = corpus(options.data, options.corpus_seed).parts
    except AssistantError as error:
        print(f"parity: {error}", file=sys.stderr)
        return 1
    problems = [problem for part in parts.values() for problem in (part[: options.limit] if options.limit else part)]
    found = compare(solvers, runtime, problems, encoder)
    if options.json:
        print(json.dumps(found, indent=1))
    else:
        for way, by in found.items():
            for name, figures in by.items():
                print(f"{way} {name}: " + ", ".join(f"{key} {value}" for key, value in figures.items()))
    return 0 if all(one["same best"] >= ENOUGH for by in found.values() for one in by.values()) else 1


if __name__ == "__main__":
    raise SystemExit(main())

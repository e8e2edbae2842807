"""Makes the folder that the assistant serves word problems from, out of trained solvers.

    python -m plugins.math.training.export --model DIR [DIR ...] --data DIR --out DIR

Each model becomes a member: its upper layers an int8 graph whose activation maxima come from training questions, its
decoders float16 arrays. The vectors of training questions, by the first member, are what retrieval looks in; no text
of theirs is kept. `solver.json` names encoder, symbols and the checksum of every file.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dialog.errors import AssistantError
from nlu.encoder import Encoder
from nlu.graph import GraphBuilder
from nlu.runtime import ENCODER_FOLDER, MODELS
from nlu.train_layers import WIDTH, Layer, layer_weights
from nlu.training.display import bar, say
from plugins.math.solver.folder import CARD, FORMAT, RETRIEVAL, SYMBOLS, branch, decoders, digest
from plugins.math.solver.inputs import masked
from plugins.math.solver.retrieval import quantised, shape
from plugins.math.solver.runtime import SolverRuntime
from plugins.math.template import template_of
from plugins.math.training.corpus import corpus
from plugins.math.training.items import Item, items
from plugins.math.training.model import Solver, load
from plugins.math.training.problem import Problem
from plugins.math.training.settings import TrainingError
from plugins.math.types import Template

Floats = NDArray[np.float32]
#: Questions that the activation maxima come from, and question vectors that retrieval gets, unless told otherwise.
SAMPLE, ROWS = 400, 8000
#: Decoders are kept in 16 bits; beyond this a weight is no number there.
_LARGEST_HALF = 65504.0


def names(count: int) -> list[str]:
    """Names of the members: m0, m1, ..."""
    return [f"m{index}" for index in range(count)]


@torch.no_grad()
def write_branch(solver: Solver, path: Path, sample: Sequence[Item], encoder: Encoder) -> None:
    """The int8 graph of a solver's layers: trunk [batch, length, 384] with number features -> states."""
    solver.eval()
    states: list[Tensor] = []
    for item, (trunk, _) in zip(sample, encoder.frozen_states([item.text for item in sample]), strict=True):
        x = torch.from_numpy(trunk.astype(np.float32))
        if solver.number_in is not None:
            x[torch.from_numpy(item.rows)] += solver.number_in(torch.from_numpy(item.numbers))
        states.append(x[None])
    builder, x_name = GraphBuilder(), "trunk"
    for index, layer in enumerate(solver.layers):
        assert isinstance(layer, Layer)
        name, peaks = f"layer.{index}", dict[str, Tensor]()
        states = [layer(state, None, peaks) for state in states]
        maxima = {f"{name}.{part}": peak.numpy() for part, peak in peaks.items()}
        x_name = builder.layer(x_name, layer_weights(layer, name), maxima, name)
    builder.node("Identity", [x_name], ["states"])
    shapes: list[Any] = ["batch", "length", WIDTH]
    builder.save(path, {"trunk": shapes}, {"states": shapes})


def arrays(solver: Solver) -> dict[str, Floats]:
    """Everything of a solver but its layers, by state-dict name, float32."""
    return {
        name: value.detach().float().numpy()
        for name, value in solver.state_dict().items()
        if not name.startswith("layers.")
    }


def write_decoders(solver: Solver, path: Path) -> None:
    """The decoders in float16. Raises `TrainingError` for a weight that float16 does not reach."""
    found = arrays(solver)
    for name, value in found.items():
        if not np.abs(value).max() < _LARGEST_HALF:
            raise TrainingError(f"the weight {name} is too large for 16 bits")
    np.savez(path, **{name: value.astype(np.float16) for name, value in found.items()})  # type: ignore[arg-type]


def rows(problems: Sequence[Problem], most: int, seed: int) -> list[tuple[Template, str]]:
    """Templates for retrieval with their formulas, each masked text with each formula once; real questions first.

    Copies with a recogniser's noise are left out. The draw hangs on `seed` alone.
    """
    seen: dict[tuple[str, str], tuple[Template, str]] = {}
    plain = [problem for problem in problems if "+" not in problem.source]
    random.Random(seed).shuffle(plain)
    for problem in sorted(plain, key=lambda problem: problem.source.startswith("synthetic")):
        if len(seen) >= most:
            break
        template = template_of(problem.question)
        question = masked(template)
        try:
            seen.setdefault((question.text, formula := shape(problem.prefix, question.letters)), (template, formula))
        except ValueError:  # a letter beyond those that a solver sees
            continue
    return list(seen.values())


def write_retrieval(runtime: SolverRuntime, found: Sequence[tuple[Template, str]], path: Path) -> int:
    """Question vectors as int8 codes, their numbers of letters and formulas; returns how many there are."""
    vectors: list[Floats] = []
    letters: list[int] = []
    texts: list[str] = []
    with bar("question vectors", len(found)) as tell:
        for done, (template, formula) in enumerate(found, 1):
            read = runtime.read(template)
            # where the encoder's cut text lacks a letter, formulas of the question may need one that is not there
            if read is not None and len(read[1].letters) == len(masked(template).letters):
                vectors.append(runtime.pooled(read))
                letters.append(len(read[1].letters))
                texts.append(formula)
            tell(done, "")
    shapes = sorted(set(texts))
    place = {text: index for index, text in enumerate(shapes)}
    np.savez(
        path,
        codes=quantised(np.stack(vectors)) if vectors else np.zeros((0, WIDTH), np.int8),
        letters=np.array(letters, np.uint8),
        formulas=np.array([place[text] for text in texts], np.int32),
        shapes=np.array(shapes, dtype=np.str_) if shapes else np.zeros(0, "<U1"),
    )
    return len(vectors)


def export(
    solvers: Sequence[Solver],
    folder: Path,
    problems: Sequence[Problem],
    *,
    name: str = "solver-1",
    most: int = ROWS,
    seed: int = 0,
    encoder: Encoder | None = None,
    told: Mapping[str, Any] | None = None,
) -> Path:
    """Writes the folder of a solver; `told` are further fields of its card. Raises `TrainingError`.

    problems: what was trained on; maxima and question vectors come from it. most: question vectors at most, 0 for
    none. Other files of the folder stay; the card is written last, so that a run that breaks off leaves a folder that
    is refused and not one that is mixed.
    """
    for solver in solvers:
        if solver.recurrent is not None:
            raise TrainingError("a solver with the encoder 'gru' cannot be served")
    if not solvers or not problems:
        raise TrainingError("there is no model, or no problem to take activation maxima from")
    encoder = encoder or Encoder(MODELS / ENCODER_FOLDER)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / CARD).unlink(missing_ok=True)
    for old in [*folder.glob("*.branch.onnx"), *folder.glob("*.decoders.npz"), folder / RETRIEVAL]:
        old.unlink(missing_ok=True)
    sample = items(random.Random(seed).sample(list(problems), min(SAMPLE, len(problems))), encoder)
    members = names(len(solvers))
    for member, solver in zip(members, solvers, strict=True):
        write_branch(solver, folder / branch(member), sample, encoder)
        write_decoders(solver, folder / decoders(member))
    card: dict[str, Any] = {
        "name": name,
        "format": FORMAT,
        "encoder": encoder.version,
        "members": members,
        "symbols": dict(SYMBOLS),
        "models": [solver.settings.plain() for solver in solvers],
        "problems": dict(sorted(Counter(problem.source for problem in problems).items())),
        "seed": seed,
        **(told or {}),
    }
    files = [file(member) for member in members for file in (branch, decoders)]
    _write_card(folder, card, files)
    if most:
        runtime = SolverRuntime.load(folder, encoder)
        card["question_vectors"] = write_retrieval(runtime, rows(problems, most, seed), folder / RETRIEVAL)
        _write_card(folder, card, [*files, RETRIEVAL])
    SolverRuntime.load(folder, encoder)  # what is written can be read
    return folder


def _write_card(folder: Path, card: Mapping[str, Any], files: Sequence[str]) -> None:
    sums = {name: digest(folder / name) for name in files}
    part = folder / f"{CARD}.part"
    part.write_text(json.dumps({**card, "files": sums}, indent=1) + "\n", encoding="utf-8")
    part.replace(folder / CARD)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    out = argparse.ArgumentParser(prog="python -m plugins.math.training.export", description=__doc__)
    out.add_argument("--model", type=Path, nargs="+", required=True, help="folders of trained solvers: the members")
    out.add_argument("--data", type=Path, required=True, help="folder of the public data sets")
    out.add_argument("--out", type=Path, required=True, help="folder to write")
    out.add_argument("--name", default="solver-1")
    out.add_argument("--rows", type=int, default=ROWS, help="question vectors for retrieval at most; 0: none")
    out.add_argument("--synthetic", type=int, default=0, help="so many problems of our own schemas too")
    out.add_argument("--corpus-seed", type=int, default=0, help="the seed that the models' corpus was made with")
    out.add_argument("--seed", type=int, default=0, help="of the samples drawn here")
    return out


def main(argv: list[str] | None = None) -> int:
    """Writes the folder; 1 with one line where that cannot be done."""
    options = parser().parse_args(argv)
    torch.set_num_threads(1)
    try:
        solvers = [load(folder) for folder in options.model]
        problems = corpus(options.data, options.corpus_seed, options.synthetic, 0.0).train
        folder = export(solvers, options.out, problems, name=options.name, most=options.rows, seed=options.seed)
    except AssistantError as error:
        print(f"export: {error}", file=sys.stderr)
        return 1
    sizes = {path.name: path.stat().st_size for path in sorted(folder.iterdir())}
    say(", ".join(f"{name} {size / 1e6:.2f} MB" for name, size in sizes.items()))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

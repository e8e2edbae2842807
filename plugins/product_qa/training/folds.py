"""The ranker's runs: stage 1, five folds by product with what each says of its held-out questions, and one on all.

    python -m plugins.product_qa.training.folds --data DIR --runs DIR [--seed 0] [--only stage1,0,1,2,3,4,all]

Each can be stopped and goes on when it is called again; what is finished is left alone. Stage 1 (semiPQA and the
evidence of hetPQA's answers) has no product and no wording of ePQA or of hetPQA's ranking set, so all folds start
from it.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from dialog.errors import AssistantError
from nlu.encoder import Encoder
from nlu.runtime import ENCODER_FOLDER, MODELS
from nlu.training.display import bar, say
from plugins.product_qa.training import pairs as sets
from plugins.product_qa.training.model import load, logits_of
from plugins.product_qa.training.pairs import FOLDS, Asked
from plugins.product_qa.training.train import MODEL, Settings, pair_table, train
from plugins.product_qa.types import CatalogueError

HELD = "held.json"
FIRST = Settings(corpora=("semipqa", "answers"), epochs=1, rate=2e-4, pairs=40, irrelevant=4)
SECOND = Settings(corpora=("epqa", "hetpqa"), epochs=2, rate=1.5e-4, pairs=40, irrelevant=4)
STEPS = ("stage1", *map(str, range(FOLDS)), "all")

#: Logits of irrelevant, partly and fully by the key of the passage.
Logits = dict[str, list[float]]


@torch.no_grad()
def judge(model_path: Path, asked: Sequence[Asked]) -> Logits:
    """What a trained model says of every candidate."""
    model = load(model_path).eval()
    table = pair_table(asked, Encoder(MODELS / ENCODER_FOLDER))
    found: Logits = {}
    with bar("judging", len(asked)) as tell:
        for done, one in enumerate(asked, 1):
            for pair, row in zip(one.pairs, logits_of(model, table[one.id]).tolist(), strict=True):
                found[pair.passage.key] = [round(value, 5) for value in row]
            tell(done, "")
    return found


def held_questions(data: Path, fold: int) -> list[Asked]:
    """The questions of ePQA and hetPQA on the products of a fold."""
    return [one for one in [*sets.epqa(data), *sets.hetpqa(data)] if sets.fold_of(one.product) == fold]


def step(data: Path, runs: Path, seed: int, name: str, seconds: float = float("inf"), frozen: int = 3) -> bool:
    """One of STEPS under `runs/seed/name`; False where `seconds` were not enough. Raises `CatalogueError`."""
    if name not in STEPS:
        raise CatalogueError(f"only: {name!r} is not known; there are {', '.join(STEPS)}")
    home = runs / str(seed)
    if name == "stage1":
        return train(data, home / name, _settings(FIRST, seed, frozen), seconds)
    start = home / "stage1" / MODEL
    if not start.exists():
        raise CatalogueError(f"{start}: the file is missing: run stage1 first")
    fold = -1 if name == "all" else int(name)
    settings = replace(_settings(SECOND, seed, frozen), held_fold=fold, start=str(start))
    if not train(data, home / name, settings, seconds):
        return False
    if fold >= 0 and not (home / name / HELD).exists():
        part = home / name / f"{HELD}.part"
        part.write_text(json.dumps(judge(home / name / MODEL, held_questions(data, fold))) + "\n", encoding="utf-8")
        part.replace(home / name / HELD)
    return True


def _settings(base: Settings, seed: int, frozen: int) -> Settings:
    """Where all layers train they take half the steps: the lowest are easily spoilt."""
    return replace(base, seed=seed, frozen=frozen, rate=base.rate if frozen else base.rate / 2)


def held_logits(runs: Path, seed: int) -> Logits:
    """What the five folds said of their held-out questions. Raises `CatalogueError` naming a fold that is missing."""
    found: Logits = {}
    for fold in range(FOLDS):
        path = runs / str(seed) / str(fold) / HELD
        try:
            found |= json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise CatalogueError(f"{path}: the file is missing: run the fold first") from None
        except (OSError, ValueError) as error:
            raise CatalogueError(f"{path}: cannot be read: {error}") from error
    return found


def main(argv: list[str] | None = None) -> int:
    """Runs the steps; 1 with one line where that cannot be done, 3 where time ran out."""
    parser = argparse.ArgumentParser(prog="python -m plugins.product_qa.training.folds", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the public data sets")
    parser.add_argument("--runs", type=Path, required=True, help="folder that keeps the runs")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--frozen", type=int, default=3, help="lowest layers that do not train; 0: all train")
    parser.add_argument("--only", default=",".join(STEPS), help="steps to run, in this order (default: all)")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after so long; the next run goes on")
    args = parser.parse_args(argv)
    torch.set_num_threads(1)
    ends = time.monotonic() + args.seconds
    try:
        for name in args.only.split(","):
            if not step(args.data, args.runs, args.seed, name, max(0.0, ends - time.monotonic()), args.frozen):
                say(f"{name}: not finished, run it again to go on")
                return 3
            say(f"{name}: finished")
    except AssistantError as error:
        print(f"folds: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

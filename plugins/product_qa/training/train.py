"""Trains the ranker's cross-encoder, resumably.

    python -m plugins.product_qa.training.train --data DIR --out DIR [--start FILE] [--corpora a,b] [--held-fold K]

Cross-entropy over the three labels (xPQA, section 3), plus a softmax over the candidates of a question against those
that answer it fully (ListNet, Cao et al. 2007, with one permutation per right candidate). A run that is stopped goes on
from its last checkpoint and ends with the same weights: batches and dropout hang on seed and step alone.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from dialog.errors import AssistantError
from nlu.encoder import Encoder
from nlu.runtime import ENCODER_FOLDER, MODELS
from nlu.training.display import bar, say
from plugins.product_qa.ranker.pairing import PairIds, tokenised
from plugins.product_qa.ranker.text import evidence, plain
from plugins.product_qa.training import pairs as sets
from plugins.product_qa.training.model import CrossEncoder, full_score, load, logits_of, save
from plugins.product_qa.training.pairs import Asked
from plugins.product_qa.types import CatalogueError

MODEL, STATE, SETTINGS = "model.pt", "state.pt", "settings.json"
#: Seconds between two checkpoints.
_EVERY = 60.0


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that changes the weights. `pairs` is the size of a batch, `irrelevant` how many irrelevant candidates
    of a question an epoch takes at most, `listwise` the weight of the second loss, `frozen` the lowest layers that do
    not train.
    """

    corpora: tuple[str, ...] = ("epqa", "hetpqa")
    held_fold: int = -1
    start: str = ""
    epochs: int = 3
    seed: int = 0
    rate: float = 6e-5
    pairs: int = 32
    irrelevant: int = 6
    listwise: float = 0.5
    frozen: int = 3


def corpus(data: Path, settings: Settings) -> list[Asked]:
    """The training questions: no product and no wording of the held-out fold is among them.

    The sets of the first stage (semiPQA, hetPQA answers) lose whatever ePQA and hetPQA dev have, folds or not.
    """
    epqa, hetpqa = sets.epqa(data), sets.hetpqa(data)
    every = {"epqa": lambda: epqa, "hetpqa": lambda: hetpqa}
    every |= {"semipqa": lambda: sets.semipqa(data), "answers": lambda: sets.answers(data, seed=0)}
    found: list[Asked] = []
    for name in settings.corpora:
        if name not in every:
            raise CatalogueError(f"corpora: {name!r} is not known; there are {', '.join(every)}")
        part = every[name]()
        found += part if name in ("epqa", "hetpqa") else sets.without(part, [*epqa, *hetpqa])
    if settings.held_fold < 0:
        return found
    held = [one for one in [*epqa, *hetpqa] if sets.fold_of(one.product) == settings.held_fold]
    return sets.without(found, held)


def pair_table(asked: Sequence[Asked], encoder: Encoder) -> dict[str, list[PairIds]]:
    """Token ids of every candidate by the id of its question."""
    table: dict[str, list[PairIds]] = {}
    with bar("tokens", len(asked)) as tell:
        for done, one in enumerate(asked, 1):
            table[one.id] = tokenised(encoder, plain(one.question), [evidence(pair.passage) for pair in one.pairs])
            tell(done, "")
    return table


def batches(asked: Sequence[Asked], settings: Settings, epoch: int) -> list[list[tuple[Asked, list[int]]]]:
    """The batches of an epoch: whole questions with the places of the candidates that take part."""
    rng = random.Random(f"{settings.seed}:{epoch}")
    order = rng.sample(list(asked), len(asked))
    out: list[list[tuple[Asked, list[int]]]] = [[]]
    size = 0
    for one in order:
        wrong = [place for place, pair in enumerate(one.pairs) if pair.allowed == (sets.IRRELEVANT,)]
        kept = set(rng.sample(wrong, min(len(wrong), settings.irrelevant)))
        places = [place for place, pair in enumerate(one.pairs) if pair.allowed != (sets.IRRELEVANT,) or place in kept]
        if size and size + len(places) > settings.pairs:
            out.append([])
            size = 0
        out[-1].append((one, places))
        size += len(places)
    return out


def loss_of(logits: Tensor, batch: Sequence[tuple[Asked, list[int]]], listwise: float) -> Tensor:
    """logits [N, 3] of the batch's candidates, question after question -> the mean loss."""
    logs = logits.log_softmax(1)
    allowed = torch.full_like(logs, float("-inf"))
    row, lists = 0, list[Tensor]()
    scores = full_score(logits)
    for one, places in batch:
        first = row
        right: list[int] = []
        for place in places:
            allowed[row, list(one.pairs[place].allowed)] = 0.0
            if one.pairs[place].relevant:
                right.append(row)
            row += 1
        if right and len(right) < row - first:
            lists.append(-functional.log_softmax(scores[first:row], 0)[torch.tensor(right) - first].mean())
    loss = -(logs + allowed).logsumexp(1).mean()
    return loss + listwise * torch.stack(lists).mean() if lists else loss


def _optimizer(model: CrossEncoder, rate: float) -> torch.optim.AdamW:
    trained = [(name, value) for name, value in model.named_parameters() if value.requires_grad]
    new = [value for name, value in trained if name.startswith("head")]
    decayed = [v for n, v in trained if v.ndim > 1 and not n.startswith("head")]
    plain_ones = [v for n, v in trained if v.ndim < 2 and not n.startswith("head")]
    groups = [
        {"params": decayed, "lr": rate, "weight_decay": 0.01},
        {"params": plain_ones, "lr": rate, "weight_decay": 0.0},
        {"params": new, "lr": 5 * rate, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups)


def train(data: Path, out: Path, settings: Settings, seconds: float = float("inf")) -> bool:
    """Trains into `out` (`model.pt`), going on where an earlier run stopped; False where `seconds` were not enough.

    Raises `CatalogueError` for data that is missing, or where `out` holds a run with other settings.
    """
    began = time.monotonic()
    out.mkdir(parents=True, exist_ok=True)
    told = json.loads(json.dumps(asdict(settings)))
    if (out / SETTINGS).exists():
        if json.loads((out / SETTINGS).read_text(encoding="utf-8")) != told:
            raise CatalogueError(f"{out / SETTINGS}: a run with other settings is there")
    else:
        (out / SETTINGS).write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    if (out / MODEL).exists():
        return True
    asked = corpus(data, settings)
    table = pair_table(asked, Encoder(MODELS / ENCODER_FOLDER))
    plan = [batch for epoch in range(settings.epochs) for batch in batches(asked, settings, epoch)]
    torch.manual_seed(settings.seed)
    model = load(Path(settings.start)) if settings.start else CrossEncoder(settings.frozen)
    if model.frozen != settings.frozen:
        raise CatalogueError(f"{settings.start}: trained with {model.frozen} frozen layers, not {settings.frozen}")
    model.train()
    optimizer = _optimizer(model, settings.rate)
    warm = max(1, len(plan) // 10)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / warm, (len(plan) - step) / max(1, len(plan) - warm))
    )
    first = 0
    if (out / STATE).exists():
        state: Mapping[str, Any] = torch.load(out / STATE, weights_only=True)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        schedule.load_state_dict(state["schedule"])
        first = int(state["step"])
    kept, mean = time.monotonic(), 1.0
    states: dict[int, Tensor] = {}
    with bar(f"training {out.name}", len(plan)) as tell:
        for step in range(first, len(plan)):
            torch.manual_seed(settings.seed * 1_000_003 + step)
            chosen = [table[one.id][place] for one, places in plan[step] for place in places]
            logits = logits_of(model, chosen, states if model.frozen else None)
            loss = loss_of(logits, plan[step], settings.listwise)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            mean = 0.98 * mean + 0.02 * loss.item()
            tell(step + 1, f"loss {mean:.3f}")
            over = time.monotonic() - began > seconds
            if over or time.monotonic() - kept > _EVERY:
                state = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
                part = out / f"{STATE}.part"
                torch.save(state | {"schedule": schedule.state_dict(), "step": step + 1}, part)
                part.replace(out / STATE)
                kept = time.monotonic()
            if over and step + 1 < len(plan):
                return False
    save(model, out / MODEL)
    (out / STATE).unlink(missing_ok=True)
    return True


def parser() -> argparse.ArgumentParser:
    """The command line."""
    out = argparse.ArgumentParser(prog="python -m plugins.product_qa.training.train", description=__doc__)
    out.add_argument("--data", type=Path, required=True, help="folder of the public data sets")
    out.add_argument("--out", type=Path, required=True, help="folder of this run")
    out.add_argument("--start", default="", help="model.pt of an earlier stage")
    out.add_argument("--corpora", default="epqa,hetpqa", help="of epqa, hetpqa, semipqa, answers")
    out.add_argument("--held-fold", type=int, default=-1, help="fold of products to leave out; -1: none")
    out.add_argument("--seconds", type=float, default=float("inf"), help="stop after so long; the next run goes on")
    defaults = Settings()
    for name in ("epochs", "seed", "pairs", "irrelevant", "frozen"):
        out.add_argument(f"--{name}", type=int, default=getattr(defaults, name))
    for name in ("rate", "listwise"):
        out.add_argument(f"--{name}", type=float, default=getattr(defaults, name))
    return out


def main(argv: list[str] | None = None) -> int:
    """Trains; 1 with one line where that cannot be done, 3 where time ran out and the run waits to go on."""
    options = vars(parser().parse_args(argv))
    torch.set_num_threads(1)
    data, out, seconds = options.pop("data"), options.pop("out"), options.pop("seconds")
    options["corpora"] = tuple(options["corpora"].split(","))
    try:
        done = train(data, out, Settings(**options), seconds)
    except AssistantError as error:
        print(f"train: {error}", file=sys.stderr)
        return 1
    say(f"{out / MODEL}" if done else f"{out}: not finished, run it again to go on")
    return 0 if done else 3


if __name__ == "__main__":
    raise SystemExit(main())

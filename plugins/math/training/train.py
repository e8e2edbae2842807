"""Trains the embedded solver: `python -m plugins.math.training.train --data DIR --out DIR --seed N`.

Writes `model.safetensors`, `settings.json` and `history.json` (losses and development accuracy of each epoch) to --out.
A run that was stopped goes on where it was. All randomness of a step hangs on (seed, step), that of an epoch's order on
(seed, epoch), so it ends with the same weights, bit for bit, as one that was not stopped.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from dialog.errors import AssistantError
from nlu.encoder import Encoder
from nlu.runtime import ENCODER_FOLDER, MODELS
from nlu.training.display import Tell, bar, say
from plugins.math.training import checkpoint, model
from plugins.math.training.accuracy import Accuracies, accuracies, overall
from plugins.math.training.batches import collate, epoch_order
from plugins.math.training.checkpoint import Place, Weights
from plugins.math.training.items import Item, counts, items, learnable
from plugins.math.training.model import Solver
from plugins.math.training.problem import Problem
from plugins.math.training.settings import Settings, TrainingError, read_settings
from plugins.math.training.trunks import Trunks

if TYPE_CHECKING:
    from plugins.math.training.corpus import Corpus

#: Steps between checkpoints; one costs about a second.
CHECKPOINT_EVERY = 300
Bar = Callable[[str, int], AbstractContextManager[Tell]]


@dataclass(frozen=True)
class Prepared:
    """What a run learns and is measured on, with the trunk states (None for an encoder that has no trunk)."""

    train: list[Item]
    devel: dict[str, list[Item]]
    trunks: Trunks | None


def prepare(
    train: Sequence[Problem],
    devel: Mapping[str, Sequence[Problem]],
    settings: Settings,
    cache: Path,
    progress: Bar = bar,
) -> Prepared:
    """Problems as items, trunk states in `cache`. Raises `TrainingError` where nothing can be learned."""
    encoder = Encoder(MODELS / ENCODER_FOLDER)
    found = learnable(items(train, encoder), settings.relation, settings.sequence)
    if not found:
        raise TrainingError("no problem to learn from: none has letters and a formula the decoders can make")
    parts = {name: items(problems, encoder) for name, problems in devel.items()}
    if settings.encoder != "minilm":
        return Prepared(found, parts, None)
    trunks = Trunks(cache, encoder)
    texts = [item.text for part in (found, *parts.values()) for item in part]
    with progress("trunk states", len(texts)) as tell:
        trunks.add(texts, tell)
    return Prepared(found, parts, trunks)


def rate_at(step: int, total: int, warm_up: float) -> float:
    """The share of the peak rate: a linear rise over `warm_up` of all steps, then half a cosine down to 2 %."""
    rise = max(1, round(total * warm_up))
    if step < rise:
        return (step + 1) / rise
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * (step - rise) / max(1, total - rise)))


def fit(
    corpus: Corpus,
    settings: Settings,
    seed: int,
    folder: Path,
    progress: Bar = bar,
    cache: Path | None = None,
    every: int = CHECKPOINT_EVERY,
) -> Solver:
    """The best epoch's averaged weights, also written to `folder` with settings and history.

    `progress` makes the bars, `cache` holds the trunk states (default: in `folder`), `every` is the number of steps
    between checkpoints. Raises `TrainingError`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    key = checkpoint.fingerprint(corpus.train, corpus.parts, settings, seed)
    saved = checkpoint.read(folder, key)
    prepared = prepare(corpus.train, corpus.parts, settings, cache or folder / "trunks", progress)
    say(f"{len(prepared.train)} problems to learn: {counts(prepared.train)}")
    with torch.random.fork_rng(devices=[]):
        run = _Run(prepared, settings, seed, folder, key)
        if saved is not None:
            run.go_on(*saved)
        run.epochs(progress, every)
    return run.finish()


class _Run:
    """One run of training: weights, their average and the best of them, optimiser, place."""

    def __init__(self, prepared: Prepared, settings: Settings, seed: int, folder: Path, key: str) -> None:
        self.prepared, self.settings, self.seed, self.folder, self.key = prepared, settings, seed, folder, key
        self.solver = model.fresh(settings, seed)
        self.average = self._copy()
        self.best: Weights = {}
        self.optimiser = torch.optim.AdamW(self.solver.groups())
        self.peaks = [float(group["lr"]) for group in self.optimiser.param_groups]
        self.place = Place()

    def go_on(self, place: Place, weights: Mapping[str, Weights], optimiser: dict[str, Any]) -> None:
        """Takes up what a checkpoint holds."""
        self.place = place
        self.solver.load_state_dict(weights["current"])
        self.average, self.best = dict(weights["average"]), dict(weights["best"])
        self.optimiser.load_state_dict(optimiser)
        say(f"going on after {place.step} steps")

    def epochs(self, progress: Bar, every: int) -> None:
        """Trains until epochs or patience are used up."""
        settings, place = self.settings, self.place
        # every epoch has about as many batches as the first; the rest of the schedule does not hang on the difference
        orders = [epoch_order(self.prepared.train, settings, self.seed, epoch) for epoch in range(settings.epochs)]
        ends = [sum(len(order) for order in orders[: epoch + 1]) for epoch in range(settings.epochs)]
        with progress("training", ends[-1]) as tell:
            for epoch in range(len(place.history), settings.epochs):
                if epoch - place.best_epoch >= settings.patience:
                    break
                started = time.process_time()
                for batch in orders[epoch][place.step - (ends[epoch] - len(orders[epoch])) :]:
                    self._step(batch, ends[-1])
                    tell(place.step, f"epoch {epoch + 1}, loss {sum(place.losses.values()):.1f}")
                    if place.step % every == 0:
                        self._save()
                self._end_of_epoch(epoch, len(orders[epoch]), time.process_time() - started)
                self._save()

    def _step(self, chosen: list[int], total: int) -> None:
        torch.manual_seed((self.seed << 24) + self.place.step)
        share = rate_at(self.place.step, total, self.settings.warm_up)
        for group, peak in zip(self.optimiser.param_groups, self.peaks, strict=True):
            group["lr"] = peak * share
        self.solver.train()
        batch = collate([self.prepared.train[index] for index in chosen], self.prepared.trunks)
        loss, parts = self.solver.loss(batch)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = torch.nn.utils.clip_grad_norm_(self.solver.parameters(), 1.0)
        if not bool(torch.isfinite(norm)):
            raise TrainingError(f"step {self.place.step}: the gradient is not finite; lower the rates")
        self.optimiser.step()
        self.place.step += 1
        for name, part in parts.items():
            self.place.losses[name] = self.place.losses.get(name, 0.0) + part
        # a short memory at first, so that the first weights are soon forgotten
        keep = min(self.settings.average, self.place.step / (self.place.step + 10))
        with torch.no_grad():
            for name, value in self.solver.state_dict().items():
                self.average[name].lerp_(value, 1 - keep)

    def _end_of_epoch(self, epoch: int, steps: int, seconds: float) -> None:
        place = self.place
        found = self._measured()
        losses = {name: total / steps for name, total in place.losses.items()}
        place.losses = {}
        place.history.append({"epoch": epoch + 1, "loss": losses, "devel": found, "cpu_seconds": round(seconds, 1)})
        shown = "; ".join(
            f"{part} " + " ".join(f"{name} {figure:.1f}" for name, figure in row.items()) for part, row in found.items()
        )
        told = ", ".join(f"{name} {loss:.3f}" for name, loss in losses.items())
        say(f"epoch {epoch + 1}/{self.settings.epochs}: loss {told}; {shown} ({seconds:.0f} CPU-s)")
        score = overall(found)
        if score > place.best or not self.best:
            place.best, place.best_epoch = score, epoch + 1
            self.best = {name: value.clone() for name, value in self.average.items()}

    def _measured(self) -> Accuracies:
        current = self._copy()
        self.solver.load_state_dict(self.average)
        found = accuracies(self.solver, self.prepared.devel, self.prepared.trunks, self.settings.beam)
        self.solver.load_state_dict(current)
        return found

    def _copy(self) -> Weights:
        return {name: value.detach().clone() for name, value in self.solver.state_dict().items()}

    def _save(self) -> None:
        weights = {"current": self._copy(), "average": self.average, "best": self.best}
        checkpoint.write(self.folder, self.key, self.place, weights, self.optimiser.state_dict())

    def finish(self) -> Solver:
        """Writes weights, settings and history; the best epoch's solver."""
        self.solver.load_state_dict(self.best)
        model.save(self.solver, self.folder)
        told = {"seed": self.seed, "best_epoch": self.place.best_epoch, "epochs": self.place.history}
        (self.folder / "history.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
        return self.solver.eval()


def parser(description: str | None = __doc__) -> argparse.ArgumentParser:
    """The command line."""
    out = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    out.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder with the data sets")
    out.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the model")
    out.add_argument("--seed", type=int, default=0)
    out.add_argument("--synthetic", type=int, default=15000, metavar="N", help="problems of our own schemas")
    out.add_argument("--noised", type=float, default=0.15, metavar="SHARE", help="of problems also learned as heard")
    out.add_argument("--settings", type=Path, metavar="FILE", help="JSON of settings to use instead of the defaults")
    out.add_argument("--epochs", type=int, metavar="N")
    out.add_argument("--cache", type=Path, metavar="DIR", help="trunk states, shared by several runs")
    out.add_argument("--limit", type=int, metavar="N", help="learn N problems only, to try things out")
    out.add_argument("--json", action="store_true", help="print the history as JSON")
    return out


def limited(corpus: Corpus, limit: int | None, seed: int) -> Corpus:
    """The corpus with `limit` problems to learn, drawn evenly."""
    if limit is None or limit >= len(corpus.train):
        return corpus
    chosen = torch.randperm(len(corpus.train), generator=torch.Generator().manual_seed(seed))[:limit]
    return replace(corpus, train=[corpus.train[index] for index in sorted(chosen.tolist())])


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Trains as the options say; the result is the exit code."""
    from plugins.math.training.corpus import corpus

    try:
        if options.settings is not None:
            settings = read_settings(options.settings)
        if options.epochs is not None:
            settings = replace(settings, epochs=options.epochs)
        if getattr(options, "only", None):
            settings = replace(settings, relation=options.only == "relation", sequence=options.only == "sequence")
        found = limited(corpus(options.data, 0, options.synthetic, options.noised), options.limit, options.seed)
        fit(found, settings, options.seed, options.out, cache=options.cache)
    except AssistantError as error:
        say(str(error))
        return 1
    history = (options.out / "history.json").read_text(encoding="utf-8")
    print(history if options.json else f"{options.out}: best epoch {json.loads(history)['best_epoch']}")
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; the result is the exit code."""
    out = parser()
    out.add_argument("--only", choices=("relation", "sequence"), help="train one decoder alone")
    return run(out.parse_args(argv), Settings())


if __name__ == "__main__":
    sys.exit(main())

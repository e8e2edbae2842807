"""Full training in torch: the encoder's upper layers and both heads, with checkpoints, early stopping and export.

All randomness of an epoch hangs on (seed, epoch): a run that was killed and goes on from its checkpoint ends with the
same weights, bit for bit, as one that was not.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from nlu.encoder import Encoder
from nlu.runtime import ENCODER_FOLDER, MODELS
from nlu.train_data import Example, Labels
from nlu.train_model import batches, export_branch
from nlu.training.cache import MAX_TOKENS, TrunkOnly, cached
from nlu.training.config import TrainConfig
from nlu.training.display import bar, say
from nlu.training.finish import Trained, building, finish, parity_rows
from nlu.training.network import TRUNK, Network, dev_scores, predict
from nlu.training.split import Split, heard_rows, model_name, token_notes


class TrainingError(RuntimeError):
    """Training cannot begin or go on; the text says why."""


@dataclass
class Progress:
    """Where training is: epochs done, the best epoch's scores, epochs since."""

    epoch: int
    best: dict[str, float]
    since: int = 0


def device_of(name: str) -> torch.device:
    """`auto`: CUDA where there is any. Raises `TrainingError` where `cuda` is wanted and missing."""
    if name == "cuda" and not torch.cuda.is_available():
        raise TrainingError("device: cuda is wanted, but this machine has no CUDA device that torch can use")
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")


def fingerprint(split: Split, config: TrainConfig, labels: Labels) -> str:
    """Hash of all that decides the weights: a checkpoint of another run must not be gone on from."""
    rows = [(row.text, row.intent, row.spans and [vars(span) for span in row.spans]) for row in split.train]
    heard = [sample.alternatives for sample in split.samples]
    dev = [(row.text, row.intent) for row in split.dev]
    decides = [config.model_dump(), rows, heard, dev, labels.intents, labels.entities]
    return hashlib.sha256(json.dumps(decides).encode()).hexdigest()


def train_full(
    split: Split,
    config: TrainConfig,
    out: Path,
    resume: bool = True,
    after_epoch: Callable[[int], None] = lambda _: None,
) -> dict[str, Any]:
    """Trains, exports and tests a model; returns the report. `after_epoch` is called with each epoch's number.

    Raises `TrainingError`, or `ParityError` where the exported model differs from the trained one.
    """
    started = time.process_time()
    torch.set_num_threads(config.threads)
    device = device_of(config.device)
    labels = Labels.of(split.train)
    encoder = Encoder(MODELS / ENCODER_FOLDER)
    source = TrunkOnly(encoder)
    train = cached(split.train, labels, source, "encoding")
    split.notes.extend(token_notes(split.train, split.samples, source.ends, MAX_TOKENS))
    heard: Sequence[Example] = ()
    if config.noise.share:
        rows = heard_rows(split.train, split.samples, config.noise.wer, config.seed)
        heard = cached(rows, labels, source, "encoding what a recogniser hears")
    dev = cached(split.dev, labels, source, "held-out sentences")
    outside = cached(split.outside, labels, source, "out of scope")
    torch.manual_seed(config.seed)
    network = Network(labels, config).to(device)
    key = fingerprint(split, config, labels)
    best = run_epochs(network, train, heard, dev, config, device, out, key, resume, after_epoch)
    network = network.cpu()
    parity = parity_rows(dev, train)
    logits, _ = predict(network, parity, torch.device("cpu"), exact=True)
    folder = building(out)
    head = export_branch(network.branch, folder / "branch.onnx", TRUNK, train[:300])
    weight = head["intent_weight"] * network.used.numpy()
    np.savez(folder / "head.npz", intent_weight=weight, intent_bias=head["intent_bias"])
    trained = Trained(labels, split, dev, outside, parity, logits, best)
    facts = {"seed": config.seed, "head_only": False, "device": device.type}
    return finish(out, model_name(out), encoder, trained, started, facts)


def repeats_of(rows: int, config: TrainConfig) -> int:
    """How often an epoch goes over the data: once, unless they are so few that it would have too few steps."""
    return -(-config.least_steps // -(-rows // config.batch))


def run_epochs(
    network: Network,
    train: Sequence[Example],
    heard: Sequence[Example],
    dev: Sequence[Example],
    config: TrainConfig,
    device: torch.device,
    out: Path,
    key: str,
    resume: bool,
    after_epoch: Callable[[int], None],
) -> dict[str, float]:
    """Trains until the epochs or the patience are used up; leaves the best epoch's weights, returns its scores."""
    folder = out / "checkpoints"
    folder.mkdir(parents=True, exist_ok=True)
    last, best_file = folder / "last.pt", folder / "best.pt"
    optimiser = torch.optim.AdamW(network.groups(config), weight_decay=0.01)
    repeats = repeats_of(len(train), config)
    per_epoch = -(-len(train) * repeats // config.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser,
        [group["lr"] for group in optimiser.param_groups],
        total_steps=config.epochs * per_epoch + 1,
        pct_start=0.08,
        cycle_momentum=False,
    )
    place = Progress(0, {"score": -1.0})
    if resume and last.exists():
        saved = torch.load(last, map_location=device, weights_only=True)
        if saved["key"] != key:
            raise TrainingError(f"{last}: a run with other data or settings; --no-resume begins anew")
        network.load_state_dict(saved["network"])
        optimiser.load_state_dict(saved["optimiser"])
        schedule.load_state_dict(saved["schedule"])
        place = Progress(saved["epoch"], saved["best"], saved["since"])
        say(f"going on after epoch {place.epoch}")
    with bar("training", config.epochs * per_epoch) as tell:
        while place.epoch < config.epochs and place.since < config.patience:
            loss = _epoch(network, optimiser, schedule, train, heard, config, device, place.epoch, per_epoch, tell)
            scores = dev_scores(network, dev, device)
            place.epoch += 1
            place.since += 1
            shown = ", ".join(f"{name} {value:.4f}" for name, value in scores.items() if name != "score")
            say(f"epoch {place.epoch}/{config.epochs}: loss {loss:.4f}, {shown}")
            if scores["score"] > place.best["score"]:
                place.best, place.since = {"epoch": place.epoch, **scores}, 0
                _save(network.state_dict(), best_file)
            state = {"optimiser": optimiser.state_dict(), "schedule": schedule.state_dict(), "key": key, **vars(place)}
            _save({"network": network.state_dict(), **state}, last)
            after_epoch(place.epoch)
    network.load_state_dict(torch.load(best_file, map_location=device, weights_only=True))
    return place.best


def _epoch(
    network: Network,
    optimiser: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
    train: Sequence[Example],
    heard: Sequence[Example],
    config: TrainConfig,
    device: torch.device,
    epoch: int,
    per_epoch: int,
    tell: Callable[[float, str], None],
) -> float:
    torch.manual_seed(config.seed * 1000 + epoch)
    generator = np.random.default_rng([config.seed, epoch])
    rows = list(train) * repeats_of(len(train), config)
    if heard:
        noisy = generator.random(len(rows)) < config.noise.share
        rows = [heard[index % len(heard)] if noisy[index] else row for index, row in enumerate(rows)]
    network.train()
    total, step = 0.0, 0
    for step, batch in enumerate(batches(rows, config.batch, generator), 1):
        loss = network.loss(batch, device)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        total += float(loss.detach())
        tell(epoch * per_epoch + step, f"epoch {epoch + 1}, loss {total / step:.3f}")
    return total / max(step, 1)


def _save(state: dict[str, Any], path: Path) -> None:
    """Whole or not at all: a run may be killed while it writes."""
    part = path.with_suffix(".part")
    torch.save(state, part)
    part.replace(path)

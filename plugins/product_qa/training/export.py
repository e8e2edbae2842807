"""Makes the folder that questions are ranked from, out of the runs of `folds`.

    python -m plugins.product_qa.training.export --data DIR --runs DIR --out DIR [--seed 0]

The layers of the run on all data become an int8 graph whose activation maxima come from training pairs; the final
layers are fitted on what the five folds said of their held-out questions of ePQA.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dialog.errors import AssistantError
from nlu.graph import GraphBuilder
from nlu.train_layers import Layer, layer_weights
from nlu.training.display import say
from plugins.product_qa.ranker.features import CROSS, FEATURES
from plugins.product_qa.ranker.pairing import PairIds, candidates
from plugins.product_qa.ranker.weights import ARRAYS, CARD, FORMAT, GRAPH, WIDTH, Floats, digest
from plugins.product_qa.training import pairs as sets
from plugins.product_qa.training.calibrate import Layers, columns, fit
from plugins.product_qa.training.cosines import cosines
from plugins.product_qa.training.folds import FIRST, SECOND, held_logits
from plugins.product_qa.training.model import CrossEncoder, load
from plugins.product_qa.training.train import MODEL, Settings, corpus, pair_table
from plugins.product_qa.types import CatalogueError

#: Pairs that the activation maxima come from.
SAMPLE = 300


@torch.no_grad()
def write_graph(model: CrossEncoder, path: Path, sample: Sequence[PairIds]) -> None:
    """The int8 graph of all layers: embedded [batch, length, 384], second [batch, length, 1] (1 where a token is the
    candidate's) -> states.
    """
    model.eval()
    states = [torch.from_numpy(model.embeddings.embed([pair])) for pair in sample]
    marks = [torch.from_numpy(candidates([pair])) * model.segment for pair in sample]
    builder = GraphBuilder()
    segment = builder.constant("segment", model.segment.detach().numpy())
    mark = builder.node("Mul", ["second", segment], ["mark"])
    gain, shift = (value.detach().numpy() for value in (model.norm.weight, model.norm.bias))
    names = [builder.constant("norm.gain", gain), builder.constant("norm.shift", shift)]
    x = "embedded"
    for index, layer in enumerate(model.layers):
        assert isinstance(layer, Layer)
        if index == model.frozen:
            states = [state + own for state, own in zip(states, marks, strict=True)]
            x = builder.node("Add", [x, mark], ["marked"])
        if index == 0:
            states = [model.norm(state) for state in states]
            x = builder.node("LayerNormalization", [x, *names], ["norm"], axis=-1, epsilon=1e-12)
        name, peaks = f"layer.{index}", dict[str, Tensor]()
        states = [layer(state, None, peaks) for state in states]
        maxima = {f"{name}.{part}": peak.numpy() for part, peak in peaks.items()}
        x = builder.layer(x, layer_weights(layer, name), maxima, name)
    builder.node("Identity", [x], ["states"])
    shapes: list[Any] = ["batch", "length", WIDTH]
    builder.save(path, {"embedded": shapes, "second": ["batch", "length", 1]}, {"states": shapes})


def arrays(model: CrossEncoder, layers: Layers) -> dict[str, Floats]:
    """What the numpy part of serving needs, by the names of `weights.SHAPES`."""
    found: dict[str, Any] = {
        "head.weight": model.head.weight.detach().numpy(),
        "head.bias": model.head.bias.detach().numpy(),
    }
    for name in ("final", "final_cosine", "answerable"):
        layer = getattr(layers, name)
        found |= {f"{name}.weight": layer.weight, f"{name}.bias": np.array([layer.bias])}
    return {name: np.asarray(value, np.float32) for name, value in found.items()}


def export(
    model: CrossEncoder, layers: Layers, folder: Path, sample: Sequence[PairIds], told: Mapping[str, Any]
) -> Path:
    """Writes the folder; `told` are further fields of its card. The card comes last: a run that breaks off leaves a
    folder that is refused.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / CARD).unlink(missing_ok=True)
    write_graph(model, folder / GRAPH, sample)
    np.savez(folder / ARRAYS, **arrays(model, layers))  # type: ignore[arg-type]
    card = {"name": "ranker-1", "format": FORMAT, "encoder": model.embeddings.version}
    card |= {"features": [*CROSS, *FEATURES], **told}
    card["files"] = {name: digest(folder / name) for name in (GRAPH, ARRAYS)}
    part = folder / f"{CARD}.part"
    part.write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    part.replace(folder / CARD)
    return folder


def sample_of(data: Path, settings: Settings, seed: int) -> list[PairIds]:
    """Training pairs for the activation maxima."""
    from nlu.encoder import Encoder
    from nlu.runtime import ENCODER_FOLDER, MODELS

    asked = corpus(data, settings)
    some = random.Random(seed).sample(asked, min(SAMPLE // 4, len(asked)))
    return [pair for rows in pair_table(some, Encoder(MODELS / ENCODER_FOLDER)).values() for pair in rows[:4]]


def main(argv: list[str] | None = None) -> int:
    """Writes the folder; 1 with one line where that cannot be done."""
    parser = argparse.ArgumentParser(prog="python -m plugins.product_qa.training.export", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the public data sets")
    parser.add_argument("--runs", type=Path, required=True, help="folder of the runs of `folds`")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(argv)
    torch.set_num_threads(1)
    try:
        path = args.runs / str(args.seed) / "all" / MODEL
        if not path.exists():
            raise CatalogueError(f"{path}: the file is missing: run the step all first")
        epqa = sets.epqa(args.data)
        found = columns(epqa, held_logits(args.runs, args.seed), cosines(epqa, args.runs / "cosines.json"))
        told = {"seed": args.seed, "corpora": [*FIRST.corpora, *SECOND.corpora], "licence": "CDLA-Sharing-1.0 data"}
        export(load(path), fit(found), args.out, sample_of(args.data, SECOND, args.seed), told)
    except AssistantError as error:
        print(f"export: {error}", file=sys.stderr)
        return 1
    sizes = {item.name: item.stat().st_size for item in sorted(args.out.iterdir())}
    say(", ".join(f"{name} {size / 1e6:.2f} MB" for name, size in sizes.items()))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""The baselines of the `math` table: networks of `plugins.math.training.baseline`, decoded greedily in torch."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from pathlib import Path

from benchmarks.math_systems import Best, folder_of
from nlu.encoder import Encoder
from nlu.runtime import ENCODER_FOLDER, MODELS
from plugins.math.training.problem import Problem

#: What makes a trained baseline.
FILES = ("model.safetensors", "settings.json")
#: Stands for the formula of a question that nothing is learned from.
_NONE = ("1",)


def answers(name: str, texts: Sequence[str]) -> list[Best]:
    """The greedy answer to each question of the baseline with a digest, with the probability of its formula."""
    return answered(folder_of(name), texts)


def answered(folder: Path, texts: Sequence[str]) -> list[Best]:
    """The same of the baseline in a folder. Raises AssistantError where it cannot be loaded."""
    # torch is loaded where a baseline is measured and nowhere else
    from plugins.math.training.accuracy import answer_of
    from plugins.math.training.decode import decode
    from plugins.math.training.items import items
    from plugins.math.training.model import load

    network, encoder = load(folder), _encoder()
    questions = [Problem(text, _NONE, Fraction(0), "test", str(place)) for place, text in enumerate(texts)]
    found = items(questions, encoder)
    pretrained = network.settings.encoder == "minilm"
    trunk = (lambda text: encoder.frozen_states([text])[0][0]) if pretrained else None
    out = []
    for item, decoded in zip(found, decode(network, found, trunk, beam=1), strict=True):
        beam = decoded.sequence or decoded.relation
        answer = answer_of(beam[0][0], item) if beam else None
        out.append(Best(None, 0.0) if answer is None else Best(answer, beam[0][1]))
    return out


@cache
def _encoder() -> Encoder:
    return Encoder(MODELS / ENCODER_FOLDER)

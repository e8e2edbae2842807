"""A ranker with an untrained head, exported once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from nlu.encoder import Encoder
from nlu.runtime import ENCODER_FOLDER, MODELS
from plugins.product_qa.ranker.features import ANSWERABLE, CROSS, FEATURES
from plugins.product_qa.ranker.pairing import tokenised
from plugins.product_qa.ranker.text import evidence
from plugins.product_qa.training.calibrate import Layers, Logistic
from plugins.product_qa.training.export import export
from plugins.product_qa.training.model import CrossEncoder
from tests.plugins.product_qa.ranker.made import PASSAGES


@pytest.fixture(scope="session")
def ranker_encoder() -> Encoder:
    return Encoder(MODELS / ENCODER_FOLDER)


@pytest.fixture(scope="session")
def cross_encoder() -> CrossEncoder:
    torch.manual_seed(0)
    model = CrossEncoder(3)
    torch.nn.init.normal_(model.segment, std=0.2)
    return model.eval()


@pytest.fixture(scope="session")
def ranker_folder(
    cross_encoder: CrossEncoder, ranker_encoder: Encoder, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    width = len(CROSS) + len(FEATURES)
    layers = Layers(
        Logistic(np.linspace(0.1, 0.5, width), -0.5),
        Logistic(np.append(np.linspace(0.1, 0.5, width), 2.0), -0.5),
        Logistic(np.linspace(0.2, 0.4, len(ANSWERABLE)), 0.1),
    )
    sample = tokenised(ranker_encoder, "how heavy is it?", [evidence(passage) for passage in PASSAGES])
    return export(cross_encoder, layers, tmp_path_factory.mktemp("ranker"), sample, {"seed": 0})

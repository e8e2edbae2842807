"""A backbone of made-up weights with the interface of `nlu.backbone.Backbone`, and a corpus for it."""

import zlib
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from nlu.backbone import CLS, SEP, Tokens
from nlu.encoder import Words
from nlu.robust.experiment import Prepared
from nlu.robust.parallel import Corpus, Pairs

WIDTH, SIZE = 16, 2000


class TinyBackbone(nn.Module):
    """One linear layer over hashed words; counts the texts it computed states of."""

    def __init__(self, frozen: int = 3) -> None:
        super().__init__()
        self.frozen, self.width, self.computed = frozen, WIDTH, 0
        fixed = torch.Generator().manual_seed(1)
        self.register_buffer("vocabulary", torch.randn(SIZE, WIDTH, generator=fixed), persistent=False)
        self.layers = nn.ModuleList([nn.Linear(WIDTH, WIDTH)])
        with torch.no_grad():
            self.layers[0].weight.copy_(torch.eye(WIDTH))
            self.layers[0].bias.zero_()

    def tokenise(self, texts: Sequence[str]) -> list[Tokens]:
        rows = [[1000 + zlib.crc32(word.encode()) % (SIZE - 1000) for word in text.lower().split()] for text in texts]
        return [Tokens(np.array([CLS, *row, SEP]), Words([], [], [])) for row in rows]

    def states(self, texts: Sequence[str]) -> list[Tensor]:
        return self.states_of_ids([tokens.ids for tokens in self.tokenise(texts)])

    def states_of_ids(self, rows: Sequence[NDArray[np.int64]]) -> list[Tensor]:
        self.computed += len(rows)
        vocabulary = self.get_buffer("vocabulary")
        return [vocabulary[torch.from_numpy(ids)].half() for ids in rows]

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        mean = (x * mask[:, :, None]).sum(1, keepdim=True) / mask.sum(1)[:, None, None]
        hidden: Tensor = torch.dropout(self.layers[0](x + mean), 0.1, self.training)
        return hidden


def pairs(count: int, seed: int, intents: Sequence[str] = ("fare", "flight", "meal")) -> Pairs:
    """Sentences of five to seven words about one of some intents; the recogniser loses one word in four."""
    rng = np.random.default_rng(seed)
    clean, heard, labels = [], [], []
    for _ in range(count):
        label = intents[int(rng.integers(len(intents)))]
        filler = [f"w{int(number)}" for number in rng.integers(0, 30, rng.integers(4, 7))]
        words = [*filler, f"{label}{int(rng.integers(3))}"]
        clean.append(" ".join(words))
        heard.append(" ".join(word if rng.random() > 0.25 else f"x{int(rng.integers(9))}" for word in words))
        labels.append(label)
    return Pairs(tuple(clean), tuple(heard), ("",) * count, tuple(labels), tuple(clean))


def corpus(train: int = 96, intents: Sequence[str] = ("fare", "flight", "meal")) -> Corpus:
    return Corpus("tiny", pairs(train, 0, intents), pairs(30, 1, intents), pairs(30, 2, intents))


def prepared() -> Prepared:
    return Prepared.of(corpus(), 3)

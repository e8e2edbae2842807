"""Trunk states of sentences, computed once: the lower layers of the encoder are the same for every model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from nlu.data import Row
from nlu.encoder import Encoder, Words
from nlu.train_data import Example, Labels, examples
from nlu.training.display import bar

#: Tokens of a sentence that serving looks at, [CLS] and [SEP] included.
MAX_TOKENS = 128
_CHUNK = 512


@dataclass
class TrunkOnly:
    """The encoder's frozen states, for `nlu.train_data.examples`; remembers how far each text was read."""

    encoder: Encoder
    ends: list[int] = field(default_factory=list)

    def frozen_states(self, texts: Sequence[str]) -> list[tuple[NDArray[np.float16], Words]]:
        """Trunk states float16 [T, 384] and words of each text."""
        found = self.encoder.frozen_states(texts)
        for text, (state, words) in zip(texts, found, strict=True):
            full = len(state) >= MAX_TOKENS and words.ends
            self.ends.append(words.ends[-1] if full else len(text))
        return found


def cached(rows: Sequence[Row], labels: Labels, source: TrunkOnly, title: str) -> list[Example]:
    """The rows as examples, with a bar."""
    out: list[Example] = []
    with bar(title, len(rows)) as tell:
        for first in range(0, len(rows), _CHUNK):
            out += examples(rows[first : first + _CHUNK], labels, source)
            tell(len(out), "")
    return out

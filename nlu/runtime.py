"""Serving entry point: `Understander` turns sentences into `Parse`s. Needs numpy, onnxruntime and tokenizers
only.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nlu.anchors import read_anchors
from nlu.encoder import Encoder
from nlu.extra_intents import ExtraIntents, clean_examples, fit, key_of
from nlu.head import JointHead, Reading
from nlu.lookup import Lookup
from nlu.types import Parse

LOG = logging.getLogger("nlu")
MODELS = Path(__file__).parent / "models"
ENCODER_FOLDER, HEAD_FOLDER = "minilm-l6-int8", "slurp-joint-2"


class Understander:
    """Encoder and joint head. Thread-safe; a sentence's result does not depend on its neighbours, bit for
    bit.
    """

    def __init__(
        self,
        encoder: Encoder,
        head: JointHead,
        extra: ExtraIntents | None = None,
        tag: str = "",
        added: Mapping[str, Sequence[str]] | None = None,
        lookup: Lookup | None = None,
    ) -> None:
        if head.card["encoder"] != encoder.version:
            raise ValueError(
                f"head {head.version} was trained on encoder {head.card['encoder']}, not {encoder.version}"
            )
        self._encoder, self._head, self._extra, self._tag = encoder, head, extra, tag
        self._added = dict(added or {})  # intents that the model's own folder adds by example
        self._lookup = lookup

    @classmethod
    def load(cls, path: Path | None = None) -> Understander:
        """Loads the head in `path` (default: the shipped one) and the encoder it names, beside it or shipped.

        A folder with an `examples.json` (intent -> sentences) adds those intents to its head. Raises
        FileNotFoundError where a file is missing, ValueError where head and encoder do not belong together.
        """
        folder = MODELS / HEAD_FOLDER if path is None else path
        beside = folder.parent / ENCODER_FOLDER
        encoder = Encoder(beside if (beside / "encoder.json").exists() else MODELS / ENCODER_FOLDER)
        plain, examples = cls(encoder, JointHead(folder)), folder / "examples.json"
        if not examples.exists():
            return plain
        added = json.loads(examples.read_text(encoding="utf-8"))
        return cls(encoder, plain._head, added=added).with_examples({}, folder)

    @property
    def version(self) -> str:
        """Name and hash of the head, e.g. `slurp-joint-2+12ab34cd`; after `.` that of examples, after `~` of lists."""
        lists = self._lookup.key[:8] if self._lookup is not None else ""
        return self._head.version + (f".{self._tag}" if self._tag else "") + (f"~{lists}" if lists else "")

    @property
    def encoder_version(self) -> str:
        """Name and hash of the encoder: the key of cached sentence vectors."""
        return self._encoder.version

    @property
    def intents(self) -> tuple[str, ...]:
        """Names of all intents that `parse` can give."""
        base = self._head.intents[:-1]
        return base + tuple(name for name in (self._extra.names if self._extra else ()) if name not in base)

    @property
    def entities(self) -> tuple[str, ...]:
        """Names of all entities that `parse` can give."""
        return self._head.entities

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """General sentence vectors float32 [n, 384], L2-normalised."""
        out = np.zeros((len(texts), 384), np.float32)
        for row, encoded in enumerate(self._encoder.encode(texts, trunk=False)):
            out[row] = encoded.vector
        return out

    def parse(self, texts: Sequence[str]) -> list[Parse]:
        """One `Parse` per text, in order. Never raises on a str, whatever it holds; looks at 4096 characters
        at most.
        """
        encoded = self._encoder.encode(texts)
        readings = self._head.read(texts, encoded)
        return [
            self._parse(text, item.vector, reading)
            for text, item, reading in zip(texts, encoded, readings, strict=True)
        ]

    def with_examples(
        self, examples: Mapping[str, Sequence[str]], cache_dir: Path | None = None
    ) -> Understander:
        """A new understander (models shared with this one) that also knows the intents of `examples`.

        `examples` maps an intent to sentences; Rasa-style annotation is stripped. Naming a base intent moves
        probability to it on such sentences. Starts from the loaded model: examples of an earlier call are not
        kept. A fit is stored in `cache_dir` and read again for the same examples and models. Raises
        ValueError for an intent without examples.
        """
        cleaned = clean_examples(examples)
        for name, sentences in clean_examples(self._added).items():
            cleaned[name] = sorted({*sentences, *cleaned.get(name, ())})
        cleaned = dict(sorted(cleaned.items()))
        if not cleaned:
            return Understander(self._encoder, self._head, lookup=self._lookup)
        key = key_of(cleaned, self._head.version, self._encoder.version)
        path = cache_dir / f"extra-{key}.npz" if cache_dir is not None else None
        extra = ExtraIntents.read(path) if path is not None else None
        if extra is None:
            sentences = [sentence for found in cleaned.values() for sentence in found]
            vectors = self.encode(sentences)
            cuts = np.cumsum([len(found) for found in cleaned.values()])[:-1]
            extra = fit(
                list(cleaned), np.split(vectors, cuts), read_anchors(self._head.folder / "anchors.npz")
            )
            if path is not None:
                try:
                    extra.save(path)
                except OSError as error:
                    # The fit itself is good; the next start will only have to fit again.
                    LOG.warning("cannot store fitted examples in %s: %s", path, error)
        return Understander(self._encoder, self._head, extra, key[:8], self._added, self._lookup)

    def with_values(self, values: Mapping[str, Sequence[str]]) -> Understander:
        """A new understander (models shared) that also finds these values: entity name -> values.

        They take the place of those of an earlier call and need no training.
        """
        lookup = Lookup(values)
        for name, value in lookup.ignored:
            LOG.warning("entity %s: %r cannot be found in a text and is left out", name, value)
        return Understander(
            self._encoder, self._head, self._extra, self._tag, self._added, lookup if len(lookup) else None
        )

    def _parse(self, text: str, vector: NDArray[np.float32], reading: Reading) -> Parse:
        chances = reading.probabilities
        if self._extra is None:
            named = dict(zip(self._head.intents[:-1], chances[:-1].tolist(), strict=True))
            outside = float(chances[-1])
        else:
            claimed = self._extra.probabilities(vector, float(chances[-1]))
            chances = chances * (1.0 - claimed.sum())
            named = dict(zip(self._head.intents[:-1], chances[:-1].tolist(), strict=True))
            for name, chance in zip(self._extra.names, claimed.tolist(), strict=True):
                named[name] = named.get(name, 0.0) + chance
            outside = float(chances[-1])
        ranked = sorted(named.items(), key=lambda pair: -pair[1])
        entities = reading.entities if self._lookup is None else self._lookup.joined(text, reading.entities)
        return Parse(text, tuple(ranked), entities, outside, vector)

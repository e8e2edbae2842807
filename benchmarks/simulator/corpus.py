"""What users say and what a recogniser hears of it: public utterances, their spoken forms and sentence vectors.

Utterances: HWU64; the sentences of SLURP test; CLINC150's out-of-scope set, which no skill serves. Spoken forms: real
transcripts of SLURP's test recordings where a sentence joins, otherwise up to three with 1, 2 and about 45 % of words
misheard, after confusions learned from a real recogniser (`nlu.asr_noise`). Both are cached: making them takes minutes.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks import common
from nlu import asr_noise
from nlu.data import clinc, hwu, normalise, slurp_gold, slurp_transcripts, word_error_rate
from nlu.encoder import Encoder

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Encode = Callable[[Sequence[str]], Floats]

ENCODER = Path(asr_noise.__file__).parent / "models" / "minilm-l6-int8"
#: Part of the cache's keys and of the noise's: change it when the spoken forms change.
FORMAT = 1
#: Makers of skills. Their words are part of a skill's description, and their skills have something in common.
PROVIDERS = (
    "express fast short answers", "family safe for children", "local shops and places nearby", "premium detailed",
    "travel on the road", "office business and work", "student cheap and simple", "night owl quiet late hours",
    "sport and fitness", "garden and outdoors", "kitchen hands free", "classic traditional", "global international",
    "private offline", "social with friends", "expert professional", "senior large and slow", "art and culture",
    "science facts", "green energy saving", "pet lovers", "retro old school", "party and fun", "minimal plain",
)  # fmt: skip
_BLOCK = 1024


@dataclass(frozen=True, slots=True)
class Said:
    """An utterance, its intent (None: no skill serves it), and what a real recogniser heard of it, if any did."""

    text: str
    intent: str | None
    heard: tuple[str, ...] = ()


@dataclass(frozen=True)
class Corpus:
    """U utterances in T texts. Text u, for u < U, is the utterance as it was said; what was heard follows.

    intents: names. intent [U]: -1 where no skill serves it. utterance [T]: whose text it is. errors [T]: word errors.
    words [U]. spoken [U, V]: its texts, padded with -1. vectors [T, D]: L2 norm 1. described [I, P, D]: vectors of the
    descriptions of a skill for each intent by each of `PROVIDERS`.
    """

    texts: tuple[str, ...]
    intents: tuple[str, ...]
    intent: Ints
    utterance: Ints
    errors: Ints
    words: Ints
    spoken: Ints
    vectors: Floats
    described: Floats

    def __len__(self) -> int:
        return len(self.intent)


def build(said: Sequence[Said], forms: Sequence[Sequence[str]], encode: Encode) -> Corpus:
    """A corpus of utterances and their spoken forms (one list for each). Raises `ValueError` for none."""
    intents = tuple(sorted({item.intent for item in said if item.intent is not None}))
    if not intents or len(forms) != len(said):
        raise ValueError(f"{len(said)} utterances of {len(intents)} intents with {len(forms)} lists of spoken forms")
    texts = [item.text for item in said]
    utterance, errors = list(range(len(said))), [0] * len(said)
    rows = [[index] for index in range(len(said))]
    for index, heard in enumerate(forms):
        words = len(texts[index].split())
        for form in heard:
            rows[index].append(len(texts))
            texts.append(form)
            utterance.append(index)
            errors.append(round(word_error_rate(normalise(texts[index]), normalise(form)) * words))
    spoken = np.full((len(said), max(map(len, rows))), -1, np.int32)
    for index, found in enumerate(rows):
        spoken[index, : len(found)] = found
    made = [description(intent, provider) for intent in intents for provider in PROVIDERS]
    vectors = encode(texts + made)
    known = {intent: index for index, intent in enumerate(intents)}
    return Corpus(
        tuple(texts),
        intents,
        np.array([-1 if item.intent is None else known[item.intent] for item in said], np.int32),
        np.array(utterance, np.int32),
        np.array(errors, np.int32),
        np.array([max(1, len(item.text.split())) for item in said], np.int32),
        spoken,
        vectors[: len(texts)],
        vectors[len(texts) :].reshape(len(intents), len(PROVIDERS), -1),
    )


def description(intent: str, provider: str) -> str:
    """What the maker of a skill writes about it."""
    return f"{intent.replace('_', ' ')}, {provider}"


def read(data: Path) -> list[Said]:
    """All utterances of the public data, one for each normalised text. Raises `FileNotFoundError`."""
    heard: dict[str, dict[str, None]] = {}
    for transcript, row in slurp_transcripts(data):
        if normalise(transcript):
            heard.setdefault(row.origin, {}).setdefault(transcript)
    found: dict[str, Said] = {}
    rows = [row for row in hwu(data) if row.source == "hwu"]
    if not rows:
        raise FileNotFoundError(f"data file is missing: {data}/hwu64 (give its folder with --data)")
    known = {row.intent for row in rows}
    rows += [item["row"] for item in slurp_gold(data, "test") if item["row"].intent in known]
    for row in rows:
        if row.origin and row.origin not in found:
            forms = [form for form in heard.get(row.origin, {}) if normalise(form) != row.origin]
            found[row.origin] = Said(row.text.lower(), row.intent, tuple(forms))
    for part in ("oos_train", "oos_val", "oos_test"):
        for text, _ in clinc(data, part):
            found.setdefault(normalise(text), Said(text.lower(), None))
    return list(found.values())


def misheard(said: Sequence[Said]) -> list[list[str]]:
    """Spoken forms of each utterance other than itself: the real ones, or made ones with three rates of errors."""
    out = []
    with common.Steps(len(said)).shown() as steps:
        steps.begin("spoken forms")
        for item in said:
            steps.done()
            words = asr_noise.WORD.findall(item.text)
            if item.heard or not words:
                out.append(list(item.heard))
                continue
            rng = random.Random(f"{FORMAT} {item.text}")  # of the text alone: the same in every selection
            wrong = sorted({1, min(2, len(words)), max(3, round(0.45 * len(words)))} - {0})
            forms = [" ".join(asr_noise.damage(words, errors, rng)) for errors in wrong if errors <= len(words)]
            out.append([form for form in dict.fromkeys(forms) if normalise(form) not in ("", normalise(item.text))])
    return out


@lru_cache(maxsize=1)
def load(data: Path, cache: Path) -> Corpus:
    """The corpus of the public data in `data`. Raises `FileNotFoundError` naming what is missing."""
    said = read(data)
    content = json.dumps([[item.text, item.intent, item.heard] for item in said]).encode()
    key = hashlib.sha256(b"%d " % FORMAT + content + asr_noise.TABLE.read_bytes()).hexdigest()[:16]
    cache.mkdir(parents=True, exist_ok=True)
    path = cache / f"spoken-{key}.json.gz"
    if path.exists():
        forms = json.loads(gzip.decompress(path.read_bytes()))
    else:
        forms = misheard(said)
        _write(path, gzip.compress(json.dumps(forms).encode(), mtime=0))
    return build(said, forms, lambda texts: cached_vectors(texts, cache))


def cached_vectors(texts: Sequence[str], cache: Path) -> Floats:
    """Sentence vectors [N, D] by the shipped encoder, rounded to float16 also when they are made."""
    encoder = Encoder(ENCODER)
    key = hashlib.sha256("\n".join([encoder.version, *texts]).encode()).hexdigest()[:16]
    path = cache / f"vectors-{key}.npy"
    if not path.exists():
        parts = []
        with common.Steps(len(texts)).shown() as steps:
            steps.begin("sentence vectors")
            for start in range(0, len(texts), _BLOCK):
                block = texts[start : start + _BLOCK]
                parts.append(np.array([item.vector for item in encoder.encode(block, trunk=False)], np.float16))
                steps.done(len(block))
        temporary = path.with_name(f"{path.name}.{os.getpid()}.part.npy")
        np.save(temporary, np.concatenate(parts))
        temporary.replace(path)
    vectors: Floats = np.load(path).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def _write(path: Path, content: bytes) -> None:
    temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
    temporary.write_bytes(content)
    temporary.replace(path)

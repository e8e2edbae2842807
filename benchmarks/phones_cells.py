"""Measurements of `phones`: what the phone stream is, recall of confusion sets, and intents with and without phones."""

from __future__ import annotations

import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.cells import bits
from nlu.data import read_jsonl, word_error_rate
from nlu.phonetics.agreement import Agreement, blocks, compare
from nlu.phonetics.confusions import ConfusionSets, SoundAlikes, lcs_sets
from nlu.phonetics.pronounce import spoken_words
from nlu.phonetics.redecode import Weights
from nlu.phonetics.stream import Features, Grams, WideStream, collate, parse_phones, respell
from nlu.phonetics.views import Transcriber, background
from nlu.robust.parallel import Corpus, Pairs, read
from nlu.runtime import ENCODER_FOLDER, MODELS

#: Penalties of the linear model that dev chooses from.
PENALTIES = (1e-5, 3e-6, 1e-6)
KS = (1, 5, 10, 20)
EXAMPLES = 10
#: Sets whose words are few get no words from outside; chosen on dev.
CLOSED = ("atis",)
Sets = Mapping[str, Sequence[str]]


def measure(cell: dict[str, Any], data: Path) -> dict[str, Any]:
    """One cell: kind `origin`, `recall`, `linear` or `redecoded`."""
    kinds: dict[str, Callable[[dict[str, Any], Path], dict[str, Any]]] = {
        "origin": origin,
        "recall": recall,
        "linear": linear,
        "redecoded": redecoded,
    }
    torch.set_num_threads(1)
    return kinds[cell["kind"]](cell, data)


def origin(cell: dict[str, Any], data: Path) -> dict[str, Any]:
    """Counts of each utterance (see `Agreement`) and examples where recogniser and reference disagree."""
    corpus = read(data, cell["set"])
    pairs = corpus.train + corpus.dev + corpus.test
    chosen = _sample(len(pairs), cell["limit"])
    found = [compare(pairs.clean[i], pairs.heard[i], parse_phones(pairs.phones[i])) for i in chosen]
    counts = [_counts(agreement) for agreement in found]
    stretches = [stretch for agreement in found for stretch in agreement.disagreements]
    shown = np.random.default_rng(0).permutation(len(stretches))[:EXAMPLES]
    return {"counts": counts, "examples": [asdict(stretches[i]) for i in sorted(shown)]}


def _counts(found: Agreement) -> list[int]:
    parts = found.disagreements
    return [
        found.said_edits, found.said_phones, found.written_edits, found.written_phones, found.between_edits,
        found.common_edits, found.common_phones, sum(part.to_said < part.to_written for part in parts),
        sum(part.to_said > part.to_written for part in parts), sum(part.to_said == part.to_written for part in parts),
    ]  # fmt: skip


def recall(cell: dict[str, Any], data: Path) -> dict[str, Any]:
    """Which held-out confusions (one word heard as one or two) are among the first k of each kind of set."""
    train, test = _confused(data, cell["set"], cell["limit"])
    heard: dict[str, Counter[str]] = defaultdict(Counter)
    for said, written in train:
        for word, text in confusions(said, written):
            heard[word][text] += 1
    wanted = [pair for said, written in test for pair in confusions(said, written)]
    vocabulary = Counter(word for _, written in train for word in spoken_words(written))
    words = sorted({word for word, _ in wanted})
    alikes = SoundAlikes(vocabulary)
    plain = SoundAlikes(dict.fromkeys(vocabulary, 1.0), splits=False)
    started = process_time()
    sounds = alikes.of(words, max(KS))
    seconds = process_time() - started
    both = ConfusionSets(heard, alikes).of(words, max(KS))
    sets: dict[str, Sets] = {
        "lcs": lcs_sets([(spoken_words(said), spoken_words(written)) for said, written in train]),
        "seen": {word: [text for text, _ in counts.most_common()] for word, counts in heard.items()},
        "sound alone": {word: [text for text, _ in found] for word, found in plain.of(words, max(KS)).items()},
        "sound": {word: [text for text, _ in found] for word, found in sounds.items()},
        "both": {word: [text for text, _ in found] for word, found in both.items()},
    }
    new = [text not in heard.get(word, {}) for word, text in wanted]
    return {
        "ranks": {name: [_rank(near.get(word, ()), text) for word, text in wanted] for name, near in sets.items()},
        "new": bits(new),
        "words_never_confused": float(np.mean([word not in heard for word, _ in wanted])),
        "milliseconds_a_word": 1000 * seconds / max(len(words), 1),
    }


def confusions(said: str, written: str) -> list[tuple[str, str]]:
    """(word, what was heard instead) wherever one word became one or two."""
    left, right = spoken_words(said), spoken_words(written)
    return [
        (left[words.start], " ".join(right[index] for index in others))
        for words, others, same in blocks(left, right)
        if not same and len(words) == 1 and 1 <= len(others) <= 2
    ]


def _confused(data: Path, name: str, limit: int) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Pairs of said and written text to learn from, and held-out ones (a fifth of the sentences; SLURP: devel)."""
    if name == "slurp":
        parts = []
        for part in ("train", "devel"):
            rows = read_jsonl(data / "slurp_synth_asr" / f"{part}.jsonl")
            kept = [row for row in rows if not row.get("in_slurp_devtest") and row["wer_spoken"] <= 0.7]
            parts.append([(row["reference"], row["hypothesis_spoken"]) for row in kept])
        train, test = parts
    else:
        pairs = read(data, name).train
        everything = list(zip(pairs.clean, pairs.heard, strict=True))
        held = [zlib.crc32(said.lower().encode()) % 5 == 0 for said, _ in everything]
        train = [pair for pair, out in zip(everything, held, strict=True) if not out]
        test = [pair for pair, out in zip(everything, held, strict=True) if out]
    return [train[i] for i in _sample(len(train), limit)], [test[i] for i in _sample(len(test), limit // 3)]


def linear(cell: dict[str, Any], data: Path) -> dict[str, Any]:
    """The linear model. cell: row `words`, `words+phones` or `words+respelling`; fold -1 is the official split."""
    corpus = read(data, cell["set"])
    if cell["fold"] >= 0:
        corpus = corpus.fold(cell["fold"], cell["folds"])
    if cell["limit"]:
        corpus = corpus.first(cell["limit"])
    views = {part: [_items(pairs, cell["row"])] for part, pairs in _parts(corpus).items()}
    return fit(corpus, views)


def redecoded(cell: dict[str, Any], data: Path) -> dict[str, Any]:
    """Re-decoded text of a set: word error rates, and the linear model with it as a second view, for each label set."""
    names = {"atis": ("atis",), "trec": ("trec6", "trec50")}[cell["set"]]
    corpora = [read(data, name) for name in names]
    if cell["limit"]:
        corpora = [corpus.first(cell["limit"]) for corpus in corpora]
    parts = _parts(corpora[0])
    streams = {part: [parse_phones(line) for line in pairs.phones] for part, pairs in parts.items()}
    weights = Weights(language=1.1) if names[0] in CLOSED else Weights()
    others = None if names[0] in CLOSED else background(MODELS / ENCODER_FOLDER / "tokenizer.json")
    started = process_time()
    train = parts["train"]
    transcriber = Transcriber(train.clean, streams["train"], train.heard, others=others, weights=weights)
    texts = {"train": transcriber.decode_training()}
    texts |= {part: transcriber.decode(streams[part], parts[part].heard) for part in ("dev", "test")}
    seconds = process_time() - started
    result: dict[str, Any] = {
        "wer": {
            part: [_wer(pairs.clean, pairs.heard), _wer(pairs.clean, texts[part])] for part, pairs in parts.items()
        },
        "milliseconds_each": 1000 * seconds / sum(map(len, texts.values())),
    }
    for corpus in corpora:
        heard = {part: _items(pairs, "words+phones") for part, pairs in parts.items()}
        again = {part: list(zip(streams[part], texts[part], strict=True)) for part in parts}
        alone: dict[str, list[Item]] = {part: [([], text) for text in texts[part]] for part in parts}
        result[f"{corpus.name} redecoded"] = fit(corpus, {part: [alone[part]] for part in parts})
        result[f"{corpus.name} words+phones+redecoded"] = fit(
            corpus, {part: [heard[part], again[part]] for part in parts}
        )
    return result


Item = tuple[Sequence[tuple[str, ...]], str]


def fit(corpus: Corpus, views: Mapping[str, Sequence[Sequence[Item]]]) -> dict[str, Any]:
    """Fits on all views of `train`, predicts from the sum of the views' log-posteriors; dev chooses the penalty."""
    started = process_time()
    place = {intent: index for index, intent in enumerate(corpus.intents)}
    gold = {part: [place.get(label, -1) for label in pairs.labels] for part, pairs in _parts(corpus).items()}
    grams = Grams().fit([item for view in views["train"] for item in view])
    features: dict[str, list[list[Features]]] = {
        part: [[grams.features(*item) for item in view] for view in each] for part, each in views.items()
    }
    labels = torch.tensor(gold["train"]).repeat(len(views["train"]))
    lessons = [item for view in features["train"] for item in view]
    best: tuple[float, WideStream, float] | None = None
    scores = {}
    for penalty in PENALTIES:
        model = WideStream(len(place)).fit(lessons, labels, penalty)
        scores[str(penalty)] = score = float(_right(model, features["dev"], gold["dev"]).mean())
        if best is None or score > best[0]:
            best = score, model, penalty
    if best is None:
        raise AssertionError("there is a penalty")
    return {
        "dev": best[0],
        "dev_scores": scores,
        "penalty": best[2],
        "right": bits(_right(best[1], features["test"], gold["test"])),
        "seconds": process_time() - started,
    }


@torch.no_grad()
def _right(model: WideStream, views: Sequence[Sequence[Features]], gold: Sequence[int]) -> NDArray[np.bool_]:
    logits = sum((model(*collate(view)).log_softmax(1) for view in views), torch.zeros(()))
    correct: NDArray[np.bool_] = logits.argmax(1).numpy() == np.array(gold)
    return correct


def _items(pairs: Pairs, row: str) -> list[Item]:
    sounds: Callable[[int], Sequence[tuple[str, ...]]] = {
        "words": lambda _: (),
        "words+phones": lambda index: parse_phones(pairs.phones[index]),
        "words+respelling": lambda index: respell(pairs.heard[index]),
    }[row]
    return [(sounds(index), text) for index, text in enumerate(pairs.heard)]


def _parts(corpus: Corpus) -> dict[str, Pairs]:
    return {"train": corpus.train, "dev": corpus.dev, "test": corpus.test}


def _wer(clean: Sequence[str], other: Sequence[str]) -> float:
    said = [spoken_words(text) for text in clean]
    errors = sum(
        word_error_rate(" ".join(words), " ".join(spoken_words(text))) * max(len(words), 1)
        for words, text in zip(said, other, strict=True)
    )
    return errors / max(sum(map(len, said)), 1)


def _rank(near: Sequence[str], text: str) -> int:
    """Place of `text` among the first, from 1; 0 where it is not."""
    return near.index(text) + 1 if text in near[: max(KS)] else 0


def _sample(count: int, limit: int) -> list[int]:
    if not limit or limit >= count:
        return list(range(count))
    return sorted(int(index) for index in np.random.default_rng(0).choice(count, limit, replace=False))

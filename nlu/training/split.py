"""Which sentences train, which choose the epoch and calibrate, and what stands in for out of scope."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nlu.asr_noise import misrecognise
from nlu.data import OUT_OF_SCOPE, Row, align_spans, mash
from nlu.formats import Corpus, DataError, Note, Sample, check_trainable, unknown_labels

#: Share of the rows, at least and at most how many made-up sentences stand in for out of scope.
OUTSIDE_SHARE, OUTSIDE_LEAST, OUTSIDE_MOST = 0.08, 20, 1000


@dataclass(frozen=True)
class Split:
    """Rows to learn from, rows that choose and calibrate, out-of-scope rows that only calibrate, and notes."""

    train: list[Row]
    dev: list[Row]
    outside: list[Row]
    samples: list[Sample]  # those of `train` that came from the data, in the same order
    notes: list[Note]
    made_up: bool  # whether out of scope was made up


def hold_out(samples: Sequence[Sample], share: float, seed: int) -> tuple[list[Sample], list[Sample]]:
    """(train, held out): `share` of each intent's distinct texts, chosen by hash; every intent keeps most of its own.

    The same text never stands on both sides. Intents with fewer than four texts hold out none.
    """
    groups: dict[str, set[str]] = {}
    for sample in samples:
        groups.setdefault(sample.intent, set()).add(_key(sample))
    chosen: set[str] = set()
    for intent, texts in groups.items():
        ranked = sorted(texts, key=lambda text: hashlib.sha256(f"{seed} {intent} {text}".encode()).digest())
        count = max(1, round(share * len(ranked))) if len(ranked) >= 4 else 0
        chosen.update(ranked[:count])
    held = [sample for sample in samples if _key(sample) in chosen]
    return [sample for sample in samples if _key(sample) not in chosen], held


def _key(sample: Sample) -> str:
    # `nlu.data.normalise` would drop every letter of other scripts.
    return " ".join(sample.text.lower().split())


def outside_rows(rows: Sequence[Row], count: int, seed: int) -> list[Row]:
    """Sentences that nobody would claim: keyboard mash, and words of the data in no order at all."""
    rng = random.Random(seed)
    words = sorted({word for row in rows for word in row.text.split()})
    out = []
    for index in range(count):
        text = mash(rng) if index % 2 else " ".join(rng.choices(words, k=rng.randint(3, 9)))
        out.append(Row(text, OUT_OF_SCOPE, (), "mash" if index % 2 else "salad"))
    return out


def make_split(
    corpus: Corpus,
    dev: Corpus | None,
    share: float,
    seed: int,
    out_of_scope: str = OUT_OF_SCOPE,
    allow_unknown: bool = False,
) -> Split:
    """Splits by the given development data, or by hash. Raises `DataError` for data that cannot train a model.

    Labels of `dev` that the training data lacks are errors, or with `allow_unknown` notes; such sentences count as
    wrong.
    """
    inside = Corpus(tuple(sample for sample in corpus if sample.intent != out_of_scope))
    check_trainable(inside if inside.samples else corpus)
    notes = list(corpus.notes)
    if dev is None:
        train, held = hold_out(corpus.samples, share, seed)
        if not held:
            only = corpus.samples[0]
            message = "no intent has four different sentences, so none can be held out; give more, or --dev"
            raise DataError(only.place, message)
    else:
        known = unknown_labels(dev, (*corpus.intents, out_of_scope), corpus.entities)
        if known and not allow_unknown:
            raise DataError(known[0].place, known[0].message + _others(known))
        notes += [*dev.notes, *known]
        train, held = list(corpus.samples), list(dev.samples)
    if all(sample.intent == out_of_scope for sample in held):
        raise DataError(
            held[0].place, f"all held-out sentences are {out_of_scope!r}: nothing tells how well intents do"
        )
    rows = [_renamed(sample, out_of_scope) for sample in train]
    held_rows = [_renamed(sample, out_of_scope) for sample in held]
    made_up = all(row.intent != OUT_OF_SCOPE for row in rows)
    outside = [row for row in held_rows if row.intent == OUT_OF_SCOPE]
    if made_up:
        count = min(max(round(OUTSIDE_SHARE * len(rows)), OUTSIDE_LEAST), OUTSIDE_MOST)
        rows += outside_rows(rows, count, seed)
        outside += outside_rows(rows, max(count // 4, OUTSIDE_LEAST), seed + 1)
    return Split(rows, [row for row in held_rows if row.intent != OUT_OF_SCOPE], outside, train, notes, made_up)


def _renamed(sample: Sample, out_of_scope: str) -> Row:
    row = sample.row
    return replace(row, intent=OUT_OF_SCOPE) if row.intent == out_of_scope else row


def _others(notes: Sequence[Note]) -> str:
    return f" (and {len(notes) - 1} more labels; --allow-unknown counts them as wrong)" if len(notes) > 1 else ""


def heard_rows(rows: Iterable[Row], samples: Sequence[Sample], wer: float, seed: int) -> list[Row]:
    """Each row as a recogniser would have written it: a line of its own n-best where there is one, else made up."""
    rng = random.Random(seed)
    out = []
    for index, row in enumerate(rows):
        others = samples[index].alternatives if index < len(samples) else ()
        if others:
            text = rng.choices([text for text, _ in others], [weight or 1e-6 for _, weight in others])[0]
        elif row.source in ("mash", "salad"):
            text = row.text
        else:
            text = misrecognise(row.text, wer, rng, 1)[0][0]
        out.append(row if text == row.text else replace(row, text=text, spans=align_spans(row, text)))
    return out


def token_notes(rows: Sequence[Row], places: Sequence[Sample], ends: Sequence[int], limit: int) -> list[Note]:
    """Notes on sentences that have more tokens than serving looks at: `ends` are the last characters it sees."""
    out = []
    for row, sample, end in zip(rows, places, ends, strict=False):
        if row.text[end:].strip():
            message = f"more than {limit} tokens: only the first {end} of {len(row.text)} characters are learned"
            out.append(Note(sample.place, message))
    return out


def model_name(folder: Path) -> str:
    """A model's name: that of its folder."""
    return folder.resolve().name

"""JSON lines: `{"text": ..., "intent": ..., "entities": [{"entity": ..., "start": ..., "end": ...}]}`."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nlu.formats.checks import make_sample
from nlu.formats.corpus import Corpus, Mention, Sample
from nlu.formats.errors import DataError, Note, Place
from nlu.formats.markup import MarkupError, entity_fields
from nlu.formats.text import read_lines

_KEYS = ("text", "intent", "entities", "alternatives")


def read_jsonl_corpus(path: Path) -> Corpus:
    """One object a line; raises `DataError`.

    Without the key `entities` a sentence counts as never annotated; `[]` says that it has none. `alternatives` are
    what a recogniser heard: texts, or objects with `text` (or `hypothesis`) and `confidence` (or `logprob`). Further
    keys are passed over.
    """
    samples: list[Sample] = []
    notes: list[Note] = []
    for number, line in enumerate(read_lines(path), 1):
        if not line.strip():
            continue
        place = Place(path, number)
        try:
            record = json.loads(line)
        except json.JSONDecodeError as error:
            raise DataError(Place(path, number, error.colno), f"not JSON: {error.msg}") from None
        sample, cut = _sample(record, place)
        samples.append(sample)
        notes += cut
    return Corpus(tuple(samples), notes=tuple(notes))


def _sample(record: object, place: Place) -> tuple[Sample, list[Note]]:
    if not isinstance(record, dict):
        raise DataError(place, f"an object with {', '.join(_KEYS)} is needed")
    for key in ("text", "intent"):
        if not isinstance(record.get(key), str):
            raise DataError(place, f"{key!r} must be a text" if key in record else f"{key!r} is missing")
    mentions = None
    if record.get("entities") is not None:
        if not isinstance(record["entities"], list):
            raise DataError(place, "'entities' must be a list")
        mentions = [_mention(found, record["text"], place) for found in record["entities"]]
    return make_sample(record["text"], record["intent"], mentions, place, _heard(record.get("alternatives"), place))


def _mention(found: Any, text: str, place: Place) -> Mention:
    start, end = (found.get(key) if isinstance(found, dict) else None for key in ("start", "end"))
    if type(start) is not int or type(end) is not int:
        raise DataError(place, "an entity needs whole numbers 'start' and 'end'")
    known = {key: found[key] for key in ("entity", "value", "role", "group") if key in found}
    try:
        fields = entity_fields(known)
    except MarkupError as error:
        raise DataError(place, str(error)) from None
    if fields.get("value") == text[max(start, 0) : end]:
        del fields["value"]
    return Mention(start=start, end=end, **fields)


def _heard(value: object, place: Place) -> Sequence[tuple[str, float]]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise DataError(place, "'alternatives' must be a list")
    out: list[tuple[str, float]] = []
    for item in value:
        fields = {"text": item} if isinstance(item, str) else item
        text = (fields.get("text") or fields.get("hypothesis")) if isinstance(fields, dict) else None
        if not isinstance(fields, dict) or not isinstance(text, str):
            raise DataError(place, "an alternative must be a text, or an object with 'text' and 'confidence'")
        weight = fields.get("confidence", 1.0)
        if "logprob" in fields and "confidence" not in fields:
            weight = math.exp(min(float(fields["logprob"]), 0.0))
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight <= 1:
            raise DataError(place, f"the confidence {weight!r} is no number from 0 to 1")
        out.append((text, float(weight)))
    total = sum(weight for _, weight in out)
    return [(text, weight / total) for text, weight in out] if total > 0 else []

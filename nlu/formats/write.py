"""Writes a corpus as Rasa's NLU training YAML."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from nlu.formats.corpus import Corpus, Sample
from nlu.formats.markup import write_markup


def write_rasa(corpus: Corpus) -> str:
    """YAML that `read_rasa` reads as the same rows. Consecutive sentences of one intent share an entry.

    Raises `ValueError` for a text that the format cannot hold: several lines, or brackets that look like an entity.
    """
    out = ['version: "3.1"', "nlu:"]
    last: str | None = None
    for sample in corpus:
        if sample.intent != last:
            out += _head("intent", sample.intent)
            last = sample.intent
        out.append(f"    - {_line(sample)}")
    tables: Iterable[tuple[str, Mapping[str, tuple[str, ...]]]] = (
        ("synonym", corpus.synonyms),
        ("regex", corpus.regexes),
        ("lookup", corpus.lookups),
    )
    for kind, table in tables:
        for name, values in table.items():
            out += _head(kind, name) + [f"    - {value}" for value in values]
    return "\n".join(out) + "\n"


def _head(kind: str, name: str) -> list[str]:
    # JSON strings are YAML strings too, so that names such as `yes` or `1` stay names.
    return [f"- {kind}: {json.dumps(name, ensure_ascii=False)}", "  examples: |"]


def _line(sample: Sample) -> str:
    text = sample.text
    if text != text.strip() or any(char in text for char in "\n\r\x85\u2028\u2029"):
        raise ValueError(f"{text!r} is not one line without white space around it")
    return write_markup(text, sample.mentions or ())

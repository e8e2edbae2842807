"""The regression set of real recogniser transcripts, and a model's accuracy on it.

    python -m nlu.regression --data DIR --out tests/nlu/regression/transcripts.jsonl
    python -m nlu.regression --check tests/nlu/regression/transcripts.jsonl [--model DIR] [--json]

The sentences are SLURP devel, the recogniser (Moonshine tiny) and its errors are real, the speech is synthetic. A hash
picks them, nobody does: each sentence is heard once; its best line has at least one wrong word (numbers written as
digits, apostrophes and joined words do not count as wrong); no training text equals the line. Scenarios take turns
until `--count` are found.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nlu.data import Row, Span, align_spans, hwu, normalise, read_jsonl, slurp_gold, slurp_train, training_rows
from nlu.runtime import Understander

SPEECH = "slurp_synth_asr"
COUNT, SEED = 300, "regression 1"
_FIELDS = ("id", "hypothesis", "alternatives", "reference", "intent", "entities")


@dataclass(frozen=True)
class Transcript:
    """One line of the set: what was heard, what was said, and what is to be understood.

    alternatives: (text, summed log-probability) of the recogniser's beam search, best first; `hypothesis` is its greedy
    line and need not be among them. entities: gold spans moved to the words of `hypothesis`; a lost one is missing.
    """

    id: int
    hypothesis: str
    alternatives: tuple[tuple[str, float], ...]
    reference: str
    intent: str
    entities: tuple[Span, ...]

    def json(self) -> str:
        """One line of the file."""
        entities = [
            {"entity": s.name, "start": s.start, "end": s.end, "value": self.hypothesis[s.start : s.end]}
            for s in self.entities
        ]
        alternatives = [{"hypothesis": text, "logprob": score} for text, score in self.alternatives]
        values = (self.id, self.hypothesis, alternatives, self.reference, self.intent, entities)
        return json.dumps(dict(zip(_FIELDS, values, strict=True)), ensure_ascii=False)


def read(path: Path) -> list[Transcript]:
    """The set; raises FileNotFoundError, or ValueError with file and line where a field is missing or wrong."""
    out = []
    for number, record in enumerate(read_jsonl(path), 1):
        try:
            spans = [Span(e["entity"], e["start"], e["end"]) for e in record["entities"]]
            heard = tuple((line["hypothesis"], line["logprob"]) for line in record["alternatives"])
            out.append(
                Transcript(
                    record["id"], record["hypothesis"], heard, record["reference"], record["intent"], tuple(spans)
                )
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"{path}:{number}: needs the fields {', '.join(_FIELDS)}: {error!r}") from error
    return out


def training_texts(data: Path) -> set[str]:
    """Normalised texts that train a model or may: the rows of training, SLURP train, HWU64, every recognised line."""
    train, kept = training_rows(data, 0)
    rows: Iterable[Row] = (*train, *kept, *slurp_train(data), *hwu(data))
    texts = {normalise(row.text) for row in rows}
    for record in read_jsonl(data / SPEECH / "train.jsonl"):
        lines = [record["reference"], record["hypothesis"], record["hypothesis_spoken"]]
        lines += [line["hypothesis"] for line in record.get("alternatives", ())]
        texts.update(map(normalise, lines))
    return texts


def rank(text: str) -> str:
    """The order in which sentences are taken: by hash of their text."""
    return hashlib.sha256(f"{SEED}|{text}".encode()).hexdigest()


def pick(data: Path, count: int = COUNT) -> list[Transcript]:
    """The set, in the order of ids. Raises ValueError where fewer than `count` sentences fulfil the conditions."""
    gold = {item["row"].origin: item["row"] for item in slurp_gold(data, "devel")}
    path = data / SPEECH / "devel.jsonl"
    picked = choose(read_jsonl(path), gold, training_texts(data), count)
    if len(picked) < count:
        raise ValueError(f"{path}: only {len(picked)} sentences fulfil the conditions, not {count}")
    return picked


def choose(
    records: Iterable[Mapping[str, Any]], gold: Mapping[str, Row], banned: Set[str], count: int
) -> list[Transcript]:
    """Up to `count` of the recogniser's records, by the rule of the module.

    gold: rows by normalised text; banned: normalised texts that train.
    """
    queues: dict[str, list[Transcript]] = defaultdict(list)
    seen: set[str] = set()
    for record in sorted(records, key=lambda found: rank(found["reference"])):
        key, heard = normalise(record["reference"]), record["hypothesis"]
        row = gold.get(key)
        if row is None or key in seen or record["wer_spoken"] <= 0 or letters(heard) in ("", letters(key)):
            continue
        if normalise(heard) in banned:
            continue
        seen.add(key)
        lines = tuple((line["hypothesis"], line["logprob"]) for line in record.get("alternatives", ()))
        clean = Row(row.text.lower(), row.intent, row.spans, row.source, row.origin)
        spans = align_spans(clean, heard) or ()
        found = Transcript(record["id"], heard, lines, record["reference"], row.intent, spans)
        queues[row.intent.partition("_")[0]].append(found)
    picked = _in_turn([queues[name] for name in sorted(queues)], count)
    return sorted(picked, key=lambda found: found.id)


def letters(text: str) -> str:
    """Letters and digits only: `what's` and `check out` are heard right as `whats` and `checkout`."""
    return normalise(text).replace(" ", "")


def _in_turn(queues: Sequence[Sequence[Transcript]], count: int) -> Iterator[Transcript]:
    """One of each queue in turn until `count` are given or all are empty."""
    given = 0
    for place in range(max(map(len, queues), default=0)):
        for queue in queues:
            if place < len(queue) and given < count:
                given += 1
                yield queue[place]


def scores(understander: Understander, transcripts: Sequence[Transcript]) -> dict[str, float]:
    """Shares of right intents and scenarios on the recogniser's best line, and exact F1 of entities (name, offsets)."""
    from nlu.evaluate import span_f1
    from nlu.training.scores import top

    parses = understander.parse([found.hypothesis for found in transcripts])
    best = [top(parse)[0] for parse in parses]
    right = [name == found.intent for name, found in zip(best, transcripts, strict=True)]
    scenario = [
        name.partition("_")[0] == found.intent.partition("_")[0] for name, found in zip(best, transcripts, strict=True)
    ]
    rows = [Row(found.hypothesis, found.intent, found.entities, SPEECH) for found in transcripts]
    total = len(transcripts)
    return {
        "intent_accuracy": sum(right) / total,
        "scenario_accuracy": sum(scenario) / total,
        "entity_f1": span_f1(parses, rows),
        "transcripts": total,
    }


def main(argv: list[str] | None = None) -> int:
    """Writes the set (--out) or checks a model on it (--check)."""
    parser = argparse.ArgumentParser(prog="python -m nlu.regression", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the public data sets")
    parser.add_argument("--count", type=int, default=COUNT)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--out", type=Path, help="write the set there")
    what.add_argument("--check", type=Path, help="the set on which a model is measured")
    parser.add_argument("--model", type=Path, help="folder of the model (default: the shipped one)")
    parser.add_argument("--json", action="store_true", help="print the measures as JSON")
    options = parser.parse_args(argv)
    if options.out:
        picked = pick(options.data, options.count)
        options.out.write_text("".join(found.json() + "\n" for found in picked), encoding="utf-8")
        print(f"{len(picked)} transcripts in {options.out}")
        return 0
    found: dict[str, Any] = scores(Understander.load(options.model), read(options.check))
    print(json.dumps(found) if options.json else "\n".join(f"{name} {value:.4g}" for name, value in found.items()))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

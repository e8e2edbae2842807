"""Learns the recogniser's confusion table: `python -m nlu.train_confusions --data DIR [--out FILE]`.

Aligns references and recogniser output of `slurp_synth_asr/train.jsonl` (real recogniser, synthetic speech;
sentences CC BY 4.0) and counts what each word or pair of words was heard as, which words were lost and which
were invented.
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections import Counter, defaultdict
from pathlib import Path

from nlu.asr_noise import TABLE
from nlu.data import align_words, banned_texts, normalise, read_jsonl

LIMIT = 0.7
KEEP = 10


def blocks(reference: list[str], hypothesis: list[str]) -> list[tuple[str, str]]:
    """Stretches that differ between two sentences, as (reference words, hypothesis words); either may be
    empty.
    """
    links = align_words(reference, hypothesis)
    out, at, start = [], 0, 0
    anchors = [(i, j) for j, i in enumerate(links) if i is not None and reference[i] == hypothesis[j]]
    for i, j in [*anchors, (len(reference), len(hypothesis))]:
        if i > at or j > start:
            out.append((" ".join(reference[at:i]), " ".join(hypothesis[start:j])))
        at, start = i + 1, j + 1
    return out


def learn(data: Path) -> dict[str, object]:
    """The table: `heard` {words: {words heard instead: count}}, `lost` and `invented` {word: count}."""
    heard: dict[str, Counter[str]] = defaultdict(Counter)
    lost: Counter[str] = Counter()
    invented: Counter[str] = Counter()
    banned = banned_texts(data)
    for record in read_jsonl(data / "slurp_synth_asr/train.jsonl"):
        if (
            record.get("in_slurp_devtest")
            or record["wer_spoken"] > LIMIT
            or normalise(record["reference"]) in banned
        ):
            continue
        reference, hypothesis = (
            normalise(record["reference"]).split(),
            normalise(record["hypothesis_spoken"]).split(),
        )
        for said, understood in blocks(reference, hypothesis):
            if not said:
                invented.update(understood.split()[:1])
            elif not understood:
                lost.update(said.split())
            elif len(said.split()) <= 2 and len(understood.split()) <= 3:
                heard[said][understood] += 1
    return {
        "heard": {said: dict(counts.most_common(KEEP)) for said, counts in sorted(heard.items())},
        "lost": dict(lost.most_common(400)),
        "invented": dict(invented.most_common(200)),
    }


def main(argv: list[str] | None = None) -> int:
    """Command line: --data DIR, --out FILE (default: the shipped table)."""
    parser = argparse.ArgumentParser(prog="python -m nlu.train_confusions", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=TABLE)
    options = parser.parse_args(argv)
    text = json.dumps(learn(options.data), separators=(",", ":"))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    # No time stamp inside, so that the same data give the same file.
    options.out.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    print(f"wrote {options.out} ({options.out.stat().st_size} bytes)")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""The index of passages: what building costs, how fast it answers, what memory it holds, what the short cut misses.

    python -m benchmarks.product_index [--data DIR] [--passages 100000 1000000] [--quick] [--json]

Texts are the first half of one real passage and the second of another (ePQA dev, Amazon question-answer pairs), so that
words are as frequent as they are in truth and passages differ. Vectors are real ones of 3,000 passages with noise
added (a third of their length), as a million cannot be encoded in the time of a benchmark: encoding is measured apart.
Products have 50 passages on average, the largest a tenth of all up to 10,000. Searching runs in a process of its own,
which has opened the index and nothing else; the vector of a question is given, its encoding is not in the times.
"""

from __future__ import annotations

import ast
import csv
import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import common
from benchmarks.common import Row, row
from benchmarks.product_index_cells import Commit, Synthetic, measured
from plugins.product_qa.index import Index

VECTORS = 3000
QUESTIONS = 200


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and report; 1 when a claim fails, 2 when an argument is wrong."""
    parser = common.arguments("product-index", "The index of passages.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the public data")
    parser.add_argument("--passages", type=int, nargs="+", default=[100_000], help="sizes of the index")
    parser.add_argument("--search", type=Path, help="(used by itself: search the index of a folder)")
    args = parser.parse_args(argv)
    if args.search:
        print(json.dumps(measured(args.search)))
        return 0
    before = os.getloadavg()
    sizes = [20_000] if args.quick else args.passages
    if min(sizes) < 1000:
        parser.error("--passages: at least 1000")
    try:
        texts, questions = read(args.data)
    except FileNotFoundError as error:
        parser.error(f"{error.filename} is missing; --data names the folder of the public data")
    steps = common.Steps(1 + len(sizes) * 2)
    rows: list[Row] = []
    detail: dict[str, Any] = {}
    with steps.shown(), tempfile.TemporaryDirectory() as folder:
        steps.begin("vectors")
        vectors, asked, rate = encoded(texts, questions[:QUESTIONS], 300 if args.quick else VECTORS)
        rows.append(row("passages encoded a second, one thread", rate, better="higher"))
        steps.done()
        for size in sizes:
            steps.begin(f"building {size:,}")
            place = Path(folder) / str(size)
            built = build(place, Synthetic(texts, vectors, size))
            np.savez(place / "questions.npz", texts=np.array(questions[:QUESTIONS]), vectors=asked)
            steps.done()
            steps.begin(f"searching {size:,}")
            command = [sys.executable, "-m", "benchmarks.product_index", "--search", str(place)]
            found = subprocess.run(command, capture_output=True, text=True, check=True, timeout=1200, cwd=common.ROOT)
            detail[str(size)] = built | json.loads(found.stdout)
            rows.extend(rows_of(size, detail[str(size)]))
            steps.done()
    filed = common.report("product-index", [0], rows, before)
    if args.json:
        print(json.dumps(asdict(filed) | {"detail": detail}, indent=2))
        return 0 if filed.met else 1
    return filed.show(False)


def read(data: Path) -> tuple[list[str], list[str]]:
    """(real passages, real questions), each once, in the order of the files."""
    with (data / "pqa_contextual/ePQA/dev.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    texts = [line["candidate"] for line in lines]
    with gzip.open(data / "pqa_amazon_qa_appliances/qa_Appliances.json.gz", "rt", encoding="utf-8") as file:
        texts += [str(ast.literal_eval(line)["answer"]) for line in file]
    return list(dict.fromkeys(texts)), list(dict.fromkeys(line["question"] for line in lines))


def encoded(
    texts: Sequence[str], questions: Sequence[str], count: int
) -> tuple[NDArray[np.float32], NDArray[np.float32], float]:
    """Vectors of some passages and of the questions by the shipped encoder, and passages a second."""
    from nlu.encoder import Encoder
    from nlu.runtime import ENCODER_FOLDER, MODELS

    encoder = Encoder(MODELS / ENCODER_FOLDER)
    chosen = [texts[place] for place in np.random.default_rng(0).permutation(len(texts))[:count]]
    began = time.perf_counter()
    passages = np.stack([one.vector for one in encoder.encode(chosen, trunk=False)])
    rate = len(chosen) / (time.perf_counter() - began)
    return passages, np.stack([one.vector for one in encoder.encode(list(questions), trunk=False)]), rate


def build(folder: Path, passages: Synthetic) -> dict[str, float]:
    """Import everything as a catalogue does, once by words alone (up to 100,000), once with vectors."""
    out: dict[str, float] = {}
    few = min(len(passages), 100_000)
    for name, count, encode in (("lexical", few, None), ("vectors", len(passages), passages.encode)):
        target = folder if encode else folder / "lexical"
        index = Index.open(target)
        began = time.perf_counter()
        index.follow((Commit(passages.some(start, start + 4096)) for start in range(0, count, 4096)), encode)
        out[f"{name}_rate"] = count / (time.perf_counter() - began)
    out["bytes"] = sum(path.stat().st_size for path in folder.glob("*.bin")) / len(passages)
    began = time.perf_counter()
    few_more = Commit(passages.some(0, 200, salt="changed"), tuple(one.key for one in passages.some(0, 200)))
    index.follow([few_more], passages.encode)
    out["change_ms"] = (time.perf_counter() - began) * 1e3
    out["unchanged_rate"] = _again(index, passages, min(few, 20_000))
    return out


def _again(index: Index, passages: Synthetic, count: int) -> float:
    """Passages a second that are looked at and found unchanged."""

    def never(_: Sequence[str]) -> list[NDArray[np.float32]]:
        raise AssertionError("an unchanged passage was encoded")

    began = time.perf_counter()
    index.follow([Commit(passages.some(200, count))], never)
    return (count - 200) / (time.perf_counter() - began)


def rows_of(size: int, found: dict[str, Any]) -> list[Row]:
    """The claims for one size. Only the times at 100,000 passages and less have a bar."""
    bar = 30.0 if size <= 100_000 else None
    told = f"{size:,} passages: "
    out = [
        row(f"{told}built a second, by words alone", found["lexical_rate"], better="higher"),
        row(f"{told}built a second, vectors given", found["vectors_rate"], better="higher"),
        row(f"{told}looked at a second, unchanged", found["unchanged_rate"], better="higher"),
        row(f"{told}ms to change 200 of them", found["change_ms"]),
        row(f"{told}bytes of disk each", found["bytes"]),
        row(f"{told}ms to open", found["open_ms"]),
        row(f"{told}MB of its own memory, opened and searched", found["rss_own_mb"]),
        row(f"{told}MB of files in memory besides", found["rss_file_mb"]),
    ]
    for kind in ("product", "largest", "shop", "shop_words"):
        named = {
            "product": "within a product",
            "largest": f"within the largest ({found['largest']:,} passages)",
            "shop": "in the whole shop",
            "shop_words": "in the whole shop, words alone",
        }[kind]
        out.append(row(f"{told}ms {named}, p50", found[f"{kind}_p50"], bar=bar))
        out.append(row(f"{told}ms {named}, p95", found[f"{kind}_p95"]))
        out.append(row(f"{told}ms of the processor {named}, p50", found[f"{kind}_cpu_p50"]))
    out.append(row(f"{told}recall of the 10 nearest vectors", found["recall"], bar=0.95, better="higher"))
    return out


if __name__ == "__main__":
    raise SystemExit(main())

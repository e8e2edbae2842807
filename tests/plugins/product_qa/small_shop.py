"""A small shop and stand-ins for what is trained: a gate by question words, vectors and scores by shared words."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from assistant.testing import Client, FakeClock
from dialog.plugin import hookimpl
from plugins.product_qa.answering import Answering
from plugins.product_qa.facts.lookup import stems
from plugins.product_qa.gate import Gated
from plugins.product_qa.index import Hit
from plugins.product_qa.language.translator import TranslationError
from plugins.product_qa.resolve.words import FUNCTION
from plugins.product_qa.settings import Options
from plugins.product_qa.shop import Parts, Vector
from plugins.product_qa.skill import ProductQuestions
from plugins.product_qa.types import Passage

ROWS: list[dict[str, Any]] = [
    {
        "id": "k1", "title": "Brookfell Gooseneck Kettle", "category": "Kitchen > Kettles",
        "aliases": ["gooseneck kettle"],
        "attributes": {"item weight": "1.2 kg", "dishwasher safe": "no", "noise level": "58 dB", "price": "64 EUR"},
        "bullets": ["Limescale filter can be removed"],
        "reviews": ["It is surprisingly quiet.", "Very quiet kettle.", "It is loud before it boils."],
    },
    {
        "id": "k2", "title": "Fernaby Travel Kettle", "category": "Kitchen > Kettles", "aliases": ["travel kettle"],
        "attributes": {"item weight": "600 g", "dishwasher safe": "yes", "price": "25 EUR"},
    },
    {
        "id": "t1", "title": "Tarnholt Family Tent", "category": "Outdoor > Tents", "aliases": ["family tent"],
        "attributes": {"item weight": "8.4 kg", "waterproof": "yes", "season": "summer"},
        "description": "<p>Sleeps four people. <script>alert(1)</script>The poles are aluminium.</p>",
    },
    {"question": "How do I return a package?", "answer": "Send it back within 30 days with the label from your order."},
    {"question": "How much does shipping cost?", "answer": "Shipping costs 4.90 euros."},
]  # fmt: skip
_ASKS = re.compile(
    r"\W*(?:and )?(?:is|are|does|do|has|can|will|how|what|which|when|where|who)\b(?! is the weather)", re.IGNORECASE
)
_SYNONYMS = {"heavy": "weight", "weigh": "weight", "loud": "noise"}


def words(text: str) -> set[str]:
    return {_SYNONYMS.get(word, word) for word in stems(text) if word not in FUNCTION and word not in ("doe", "item")}


def gate(text: str, vector: Vector | None = None) -> Gated:
    """A question is what begins like one."""
    return Gated("question", 0.95, 0.95, 0.0) if _ASKS.match(text) else Gated("chat", 0.9, 0.1, 0.0)


class Vectors:
    """Bags of hashed words."""

    version = "hashed"

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, texts: Sequence[str]) -> list[Vector]:
        self.asked += len(texts)
        rows = []
        for text in texts:
            row = np.full(384, 1e-3, np.float32)
            for word in words(text):
                row[zlib.crc32(word.encode()) % 384] += 1
            rows.append(row / np.linalg.norm(row))
        return rows


class Overlap:
    """The share of a question's words that a passage has."""

    card: Mapping[str, Any] = {"threshold": 0.6}

    def score(self, question: str, passages: Sequence[Passage], hits: Sequence[Hit] | None = None) -> list[float]:
        asked = words(question)
        return [len(asked & words(f"{one.question} {one.text}")) / max(len(asked), 1) * 0.98 for one in passages]


class Dictionary:
    """A translator that knows two sentences."""

    def knows(self, source: str, target: str) -> bool:
        return {source, target} == {"de", "en"}

    def translate(self, text: str, source: str, target: str) -> str:
        if text.startswith("wie schwer ist der "):
            return f"how heavy is the {text.removeprefix('wie schwer ist der ')}"
        if "600 grams" in text:
            return "Er wiegt 600 Gramm."
        raise TranslationError("not in the dictionary")


def catalogue(path: Path, rows: Sequence[Mapping[str, Any]] = ROWS) -> Path:
    """The rows as a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return path


def answering(folder: Path, parts: Parts | None = None, **options: Any) -> Answering:
    """The skill's parts with stand-ins, on the small catalogue."""
    path = folder / "shop.jsonl"
    given = {
        "folder": str(folder / "products"),
        "catalogue": str(path if path.exists() else catalogue(path)),
        **options,
    }
    return Answering(Options.read(given, {}), {}, parts or Parts(gate, Overlap(), Vectors()))


class Shopper(Client):
    """A client whose assistant has the small shop; `parts` stand in for trained ones."""

    def __init__(
        self, folder: Path, parts: Parts | None = None, clock: FakeClock | None = None, **options: Any
    ) -> None:
        self.answering = found = answering(folder, parts, **options)

        @hookimpl
        def skills() -> list[ProductQuestions]:
            return [ProductQuestions(found)]

        @hookimpl
        async def lifespan() -> AsyncIterator[None]:
            found.start()
            yield
            await found.stop()

        plugin = SimpleNamespace(skills=skills, lifespan=lifespan)
        super().__init__(
            {"small_shop": plugin}, overrides={"plugins.product_qa.enabled": False}, folder=folder, clock=clock
        )

    async def __aenter__(self) -> Shopper:
        await super().__aenter__()
        await self.answering.ready()
        return self

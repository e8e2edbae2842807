"""What an answer rests on, as a table for `/why` and as a record that a later learner joins with the reward."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from plugins.product_qa.answer.sources import BEFORE, BEHIND, safe, spoken
from plugins.product_qa.types import Answer, Passage, Ranked

MAX_ROWS, MAX_SHOWN, MAX_LEARNED = 15, 90, 20
_PARTS = ("bm25", "cosine")


def explanation(
    answer: Answer, asked: str, titles: Sequence[str], kind: str, threshold: float, notes: Sequence[str] = ()
) -> dict[str, Any]:
    """Every passage that was looked at with its scores, those that the answer rests on first (marked "yes")."""
    used = [_row("yes", one) for one in answer.evidence]
    rows = [*used, *(_row("", one) for one in answer.considered)]
    told = [
        f"asked of the sources: {asked}" if asked else "",
        f"relaxed to: {answer.relaxed}" if answer.relaxed else "",
    ]
    more = f"{len(rows) - MAX_ROWS} more are left out" if len(rows) > MAX_ROWS else ""
    about = ", ".join(titles) or "the shop"
    return {
        "title": f"evidence on {about}: {answer.form} at {answer.probability:.3f}, {kind}, "
        f"least to answer {threshold:.3f}",
        "columns": ["used", ">score", ">bm25", ">cosine", "source", "passage", "key"],
        "rows": rows[:MAX_ROWS],
        "notes": [note for note in [*told, *notes, more] if note],
    }


def _row(used: str, one: Ranked) -> list[str]:
    figures = [f"{one.parts[part]:.3f}" if part in one.parts else "" for part in _PARTS]
    return [used, f"{one.score:.3f}", *figures, one.passage.source, _text(one.passage), one.passage.key]


def _text(passage: Passage) -> str:
    text = f"{passage.question} - {passage.text}" if passage.question else passage.text
    text = safe(text)
    return text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN - 1]}…"


def learned(answer: Answer, question: str, asked: str, products: Sequence[str], kind: str) -> dict[str, Any]:
    """The turn as a candidate for training: the turn's reward tells a later learner whether the evidence fit.

    Bounded: `MAX_LEARNED` passages by key, texts are left to the catalogue.
    """
    used = {one.passage.key for one in answer.evidence}
    seen = [*answer.evidence, *answer.considered][:MAX_LEARNED]
    return {
        "question": question[:300],
        "asked": asked[:300],
        "products": list(products)[:5],
        "kind": kind,
        "form": answer.form,
        "probability": round(answer.probability, 4),
        "relaxed": answer.relaxed[:300],
        "evidence": [
            {
                "key": one.passage.key,
                "source": one.passage.source,
                "score": round(one.score, 4),
                **{part: round(one.parts[part], 4) for part in _PARTS if part in one.parts},
                "used": one.passage.key in used,
            }
            for one in seen
        ],
    }


def account(passages: Sequence[Passage]) -> tuple[str, str]:
    """Text and spoken form of where the last answer came from; empty where the passages are gone."""
    shown = [f"{BEFORE[one.source]}: ‘{safe(one.text).rstrip(' .')[:300]}’." for one in passages[:3]]
    rest = len(passages) - len(shown)
    if rest > 0:
        shown.append(f"And {rest} more passages.")
    text = " ".join(shown)
    return text, spoken(text)


def named(passage: Passage) -> str:
    """The source of a passage in words, for the data of a reply."""
    return BEHIND[passage.source].removeprefix("according to ")

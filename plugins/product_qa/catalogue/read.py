"""Catalogue files as products. A bad row is reported and left out, and costs no other row.

A file's rows may be products, questions with answers about products, candidates of answers as in the CPQA data sets
(several rows make one product), or pages of the shop: its FAQ and its policies. Which they are is seen by their fields.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Literal

from plugins.product_qa.catalogue.fields import (
    LONGEST_DESCRIPTION,
    LONGEST_ID,
    LONGEST_TEXT,
    LONGEST_TITLE,
    LONGEST_VALUE,
    FieldError,
    Fields,
)
from plugins.product_qa.catalogue.passages import PAGE, is_page
from plugins.product_qa.catalogue.rows import Progress, Row, RowError, rows
from plugins.product_qa.catalogue.structured import notation
from plugins.product_qa.types import Attribute, CatalogueError, Product

Layout = Literal["products", "qa", "candidates", "faq", "policies"]
LAYOUTS: tuple[Layout, ...] = ("products", "qa", "candidates", "faq", "policies")

#: What the CPQA data sets call their sources, in lower case.
_CANDIDATES = {
    "attribute": "attribute", "bullet": "bullet", "description": "description", "desc": "description",
    "osp": "description", "review": "review", "cqa": "answer",
}  # fmt: skip
_QUESTION = " Question: "


def read(
    path: Path | str, layout: Layout | None = None, progress: Progress | None = None
) -> Iterator[Product | RowError]:
    """The products of a JSON Lines, CSV or Parquet file (gzip or not), in the order of their first rows, streamed.

    Pages of the shop come as products whose id begins with "shop:". `layout` says what the rows are, where it cannot
    be seen. Of several rows with one id the first is taken and the others are reported. Raises `CatalogueError` where
    the file as a whole cannot be read.
    """
    path = Path(path)
    try:
        with closing(_Rows(path.name, layout)) as parts:
            for row in rows(path, progress):
                if isinstance(row, RowError):
                    yield row
                else:
                    yield from parts.read(row)
            yield from parts.grouped()
    except OSError as error:
        raise CatalogueError(f"{path}: {error.strerror or error}") from None


class _Rows:
    """Makes products of rows. Rows that make up a product together wait in a temporary database on disk."""

    def __init__(self, name: str, layout: Layout | None) -> None:
        self._name = name
        self._layout = layout
        self._lines: dict[str, int] = {}
        self._groups: dict[str, int] = {}
        self._waiting = sqlite3.connect("")
        self._waiting.execute("CREATE TABLE parts(line, number, id, title, category, kind, text)")

    def close(self) -> None:
        self._waiting.close()

    def read(self, row: Row) -> Iterator[Product | RowError]:
        fields = Fields(row.fields)
        try:
            layout = self._layout or _layout(fields)
            if layout in ("qa", "candidates"):
                self._keep(row.line, fields, layout)
                product = None
            else:
                product = _product(fields) if layout == "products" else _page(fields, layout)
                first = self._groups.get(product.id) or self._lines.setdefault(product.id, row.line)
                if first != row.line and layout == "faq":
                    yield RowError(self._name, row.line, "", f"the same stands in line {first}", rejected=False)
                    return
                if first != row.line:
                    named = repr(product.title if is_page(product) else product.id)
                    raise FieldError("id", f"{named} already stands in line {first}; this row is left out")
        except FieldError as error:
            yield RowError(self._name, row.line, error.field, str(error))
            return
        yield from (RowError(self._name, row.line, field, told, rejected=False) for field, told in fields.notes)
        if product is not None:
            yield product

    def _keep(self, line: int, fields: Fields, layout: Layout) -> None:
        product = _id(fields)
        if product in self._lines:
            raise FieldError("id", f"{product!r} already stands in line {self._lines[product]}; this row is left out")
        kind, text = _pair(fields) if layout == "qa" else _candidate(fields)
        title, category = fields.text("title", LONGEST_TITLE), fields.category() if layout == "qa" else ""
        number = self._groups.setdefault(product, line)
        self._waiting.execute(
            "INSERT INTO parts VALUES (?, ?, ?, ?, ?, ?, ?)", (line, number, product, title, category, kind, text)
        )

    def grouped(self) -> Iterator[Product]:
        """The products that came in parts."""
        found = self._waiting.execute("SELECT id, title, category, kind, text FROM parts ORDER BY number, id, line")
        current, title, category = "", "", ""
        parts: dict[tuple[str, str], None] = {}
        for product, *told, kind, text in found:
            if product != current and current:
                yield _joined(current, title, category, parts)
                title, category, parts = "", "", {}
            current, title, category = product, title or told[0], category or told[1]
            parts[kind, text] = None
        if current:
            yield _joined(current, title, category, parts)


def _layout(fields: Fields) -> Layout:
    if fields.has("candidate") and fields.has("source") and fields.has("id"):
        return "candidates"
    if fields.has("policy"):
        return "policies"
    if fields.has("question") and fields.has("answer"):
        if not fields.has("id"):
            return "faq"
        if not fields.has("description"):
            return "qa"
    return "products"


def _id(fields: Fields) -> str:
    found = fields.text("id", LONGEST_ID)
    if not found:
        raise FieldError("id", "missing")
    if any(name == fields.name("id") for name, _ in fields.notes):
        raise FieldError(fields.name("id"), f"longer than {LONGEST_ID} characters")
    if found.startswith(PAGE):
        raise FieldError(fields.name("id"), f"ids that begin with {PAGE!r} are the shop's own pages")
    return found


def _product(fields: Fields) -> Product:
    product, title = _id(fields), fields.text("title", LONGEST_TITLE)
    if not title:
        raise FieldError("title", "missing")
    return Product(
        product,
        title,
        fields.attributes(),
        fields.texts("bullets", LONGEST_VALUE),
        fields.text("description", LONGEST_DESCRIPTION, lines=True),
        fields.reviews(),
        fields.pairs("answers"),
        fields.pairs("faq"),
        fields.texts("aliases", LONGEST_TITLE),
        fields.category(),
    )


def _page(fields: Fields, layout: Layout) -> Product:
    """A question of the shop's FAQ, or a policy: its name, and its text in `description`."""
    if layout == "policies":
        title = _needed(fields, "policy" if fields.has("policy") else "title", LONGEST_TITLE)
        text = _needed(
            fields,
            "description" if fields.has("description") and not fields.has("text") else "text",
            LONGEST_TEXT,
            lines=True,
        )
        return Product(_page_id("policy", title, ""), title, description=text, category="policy")
    question, answer = _needed(fields, "question", LONGEST_VALUE), _needed(fields, "answer", LONGEST_TEXT, lines=True)
    return Product(_page_id("faq", question, answer), question, faq=((question, answer),), category=fields.category())


def _page_id(kind: str, title: str, text: str) -> str:
    # A policy is known by its name, so that a new text replaces the old; a question may have several answers.
    digest = hashlib.blake2b(json.dumps([kind, title.casefold(), text]).encode(), digest_size=6).hexdigest()
    return f"{PAGE}{kind}:{digest}"


def _needed(fields: Fields, ours: str, bound: int, *, lines: bool = False) -> str:
    found = fields.text(ours, bound, lines=lines)
    if not found:
        raise FieldError(fields.name(ours), "missing")
    return found


def _pair(fields: Fields) -> tuple[str, str]:
    pair = _needed(fields, "question", LONGEST_VALUE), _needed(fields, "answer", LONGEST_TEXT, lines=True)
    return "answer", json.dumps(pair)


def _candidate(fields: Fields) -> tuple[str, str]:
    """Kind and text of a candidate: an attribute as name and value, a community answer with its question."""
    given = _needed(fields, "source", LONGEST_TITLE)
    kind = _CANDIDATES.get(given.lower())
    if kind is None:
        known = ", ".join(_CANDIDATES)
        raise FieldError(fields.name("source"), f"{given!r} is not known; known are {known}")
    if kind == "attribute":
        try:
            found = notation(str(fields.raw("candidate")))
        except CatalogueError as error:
            raise FieldError(fields.name("candidate"), str(error)) from None
        if found is None:
            raise FieldError(fields.name("candidate"), 'an attribute is written "name: value"')
        name, value = (Fields({"text": part}).text("text", LONGEST_VALUE) for part in found)
        return kind, json.dumps((name, value))
    text = _needed(fields, "candidate", LONGEST_TEXT, lines=True)
    if kind == "answer":
        answer, marked, question = text.rpartition(_QUESTION)
        return kind, json.dumps((question.strip(), answer.strip()) if marked else ("", text))
    return kind, json.dumps(text)


def _joined(product: str, title: str, category: str, parts: dict[tuple[str, str], None]) -> Product:
    def texts(kind: str) -> list[str]:
        return [str(json.loads(text)) for one, text in parts if one == kind]

    def pairs(kind: str) -> list[tuple[str, str]]:
        found = (json.loads(text) for one, text in parts if one == kind)
        return [(str(first), str(second)) for first, second in found]

    return Product(
        product,
        title or product,
        tuple(Attribute(name, value) for name, value in pairs("attribute") if value),
        tuple(texts("bullet")),
        "\n".join(texts("description")),
        tuple(texts("review")),
        tuple(pairs("answer")),
        category=category,
    )

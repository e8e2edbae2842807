"""The fields of a row under the names that shops give them, checked, cleaned and bounded."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from plugins.product_qa.catalogue.clean import plain
from plugins.product_qa.catalogue.structured import in_words, worded
from plugins.product_qa.types import Attribute, CatalogueError

#: Our name of a field: the names under which it is found, the first that is there counts.
NAMES: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "asin", "parent_asin", "sku", "product_id", "productid", "item_id", "uniq_id"),
    "title": ("title", "name", "product_name", "product_title", "item_name"),
    "attributes": ("attributes", "specs", "specifications", "details", "properties", "technical_details"),
    "bullets": ("bullets", "bullet_points", "features", "feature", "highlights", "about_product"),
    "description": ("description", "product_description", "long_description", "desc"),
    "reviews": ("reviews",),
    "answers": ("answers", "qa", "qas", "community_answers", "questions_and_answers"),
    "faq": ("faq", "faqs"),
    "aliases": ("aliases", "also_known_as", "synonyms"),
    "category": ("category", "categories", "product_category", "class"),
    "question": ("question",),
    "answer": ("answer",),
    "candidate": ("candidate",),
    "source": ("source",),
    "policy": ("policy",),
    "text": ("text",),
}
_BY_NAME = {name: ours for ours, names in NAMES.items() for name in names}
_PREFIX = re.compile(r"attr(?:ibute)?s?[ ._:]\s*(.+)", re.IGNORECASE)
#: Fields of other catalogues that say nothing to a customer.
_IGNORED = re.compile(
    r"(?:also_\w+|related|similar\w*|buy_after\w*|image\w*|images?_?urls?|photo\w*|videos?|url|link|\w+_url|thumbnail\w*"
    r"|sales_?rank|rank|created\w*|updated\w*|crawl\w*|uniq_id|\w*_id|id|store_id|average_rating|rating_number|rating|date)",
    re.IGNORECASE,
)
T = TypeVar("T")
_ADDRESS = re.compile(r"\s*(?:https?:|ftp:|data:|//)", re.IGNORECASE)
_PAIR = re.compile(r"\s*([^:\n]{1,100}?)\s*[:=]\s*(\S.*)", re.DOTALL)
_REVIEW = ("text", "reviewText", "review_text", "review_body", "body", "content", "review")
_HEADING = ("title", "summary", "review_title", "review_headline", "headline")

LONGEST_ID = 200
LONGEST_TITLE = 500
LONGEST_NAME = 100
LONGEST_VALUE = 2_000
LONGEST_TEXT = 20_000
LONGEST_DESCRIPTION = 100_000
MOST = {"attributes": 500, "bullets": 200, "reviews": 5_000, "answers": 5_000, "faq": 1_000, "aliases": 50}


class FieldError(CatalogueError):
    """A field cannot be used: `field` names it, the text says why."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field


class Fields:
    """Reads the fields of one row; `notes` collects what had to be changed, as (field, what was done)."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self.notes: list[tuple[str, str]] = []
        self._known: dict[str, tuple[str, Any]] = {}
        self._others: dict[str, Any] = {}
        for name, value in fields.items():
            ours = _BY_NAME.get(name.strip().lower().replace(" ", "_").replace("-", "_"))
            if value is None:
                continue
            if ours is None:
                self._others[name] = value
            elif ours not in self._known or _order(ours, name, value) < _order(ours, *self._known[ours]):
                self._known[ours] = (name, value)
        if isinstance(self.raw("bullets"), Mapping) and not self.has("attributes"):
            self._known["attributes"] = self._known.pop("bullets")

    def has(self, ours: str) -> bool:
        """Whether the row has this field."""
        return ours in self._known

    def raw(self, ours: str) -> Any:
        """The value as it stands in the file, None where it is missing."""
        return self._known.get(ours, ("", None))[1]

    def name(self, ours: str) -> str:
        """The name that the file gives this field."""
        return self._known.get(ours, (ours, None))[0]

    def text(self, ours: str, bound: int, *, lines: bool = False) -> str:
        """A text, number, or list of texts (joined by line breaks); "" where it is missing."""
        value = self.raw(ours)
        if isinstance(value, list | tuple):
            value = "\n".join(str(one) for one in value if isinstance(one, str | int | float))
        return "" if value is None else self._plain(self.name(ours), value, bound, lines=lines)

    def attributes(self) -> tuple[Attribute, ...]:
        """The attributes field, columns "attribute: NAME", and single values under names that mean nothing else."""
        found = list(self._attributes(self.name("attributes"), self._opened("attributes", self.raw("attributes"))))
        for name, value in self._others.items():
            prefixed = _PREFIX.fullmatch(name.strip())
            if prefixed is None and (_IGNORED.fullmatch(name.strip()) or not _single(value)):
                continue
            if not (isinstance(value, str) and _ADDRESS.match(value)):
                found += self._attribute(name, prefixed[1] if prefixed else name, value, "")
        return self._most("attributes", dict.fromkeys(found))

    def texts(self, ours: str, bound: int) -> tuple[str, ...]:
        """A list of texts; a single text is parted at line breaks, or where it has none at "|"."""
        name, value = self.name(ours), self._opened(ours, self.raw(ours))
        if isinstance(value, str):
            value = value.split("\n" if "\n" in value else "|")
        cleaned = [self._plain(f"{name}[{index}]", one, bound) for index, one in self._list(name, value)]
        return self._most(ours, dict.fromkeys(filter(None, cleaned)))

    def reviews(self) -> tuple[str, ...]:
        """Reviews: texts, or objects with a text and perhaps a heading. The same words twice are two opinions."""
        name, value = self.name("reviews"), self._opened("reviews", self.raw("reviews"))
        if isinstance(value, str):
            value = [value]
        found = []
        for index, one in self._list(name, value):
            where = f"{name}[{index}]"
            if isinstance(one, Mapping):
                heading, body = _first(one, _HEADING), _first(one, _REVIEW)
                if body is None:
                    raise FieldError(where, f"no text; it is looked for under {', '.join(_REVIEW[:3])} ...")
                one = f"{str(heading).rstrip('.')}.\n{body}" if heading and str(heading) not in str(body) else body
            found.append(self._plain(where, one, LONGEST_TEXT, lines=True))
        return self._most("reviews", filter(None, found))

    def pairs(self, ours: str) -> tuple[tuple[str, str], ...]:
        """Questions with their answers: objects, or lists of two."""
        name, value = self.name(ours), self._opened(ours, self.raw(ours))
        found: list[tuple[str, str]] = []
        for index, one in self._list(name, value):
            where = f"{name}[{index}]"
            if isinstance(one, Mapping):
                asked = _first(one, ("question", "q", "questionText"))
                told = _first(one, ("answer", "a", "answerText", "answers"))
            elif isinstance(one, list | tuple) and len(one) == 2:
                asked, told = one
            else:
                raise FieldError(where, "an object with question and answer is needed")
            answers = told if isinstance(told, list | tuple) else [told]
            if asked is None or told is None:
                raise FieldError(where, f"no {'question' if asked is None else 'answer'}")
            for answer in answers:
                text = _first(answer, ("answer", "answerText", "text")) if isinstance(answer, Mapping) else answer
                pair = self._plain(where, asked, LONGEST_VALUE), self._plain(where, text, LONGEST_TEXT, lines=True)
                if all(pair):
                    found.append(pair)
        return self._most(ours, dict.fromkeys(found))

    def category(self) -> str:
        """The category; of a list of them (from wide to narrow) the path."""
        value = self.raw("category")
        while isinstance(value, list | tuple) and value and isinstance(value[0], list | tuple):
            value = value[0]
        if isinstance(value, list | tuple):
            value = " > ".join(str(one) for one in value)
        return "" if value is None else self._plain(self.name("category"), value, LONGEST_TITLE)

    def _attributes(self, field: str, value: Any) -> Iterator[Attribute]:
        if value is None:
            return
        if isinstance(value, str):
            value = [part for part in re.split(r"[\n;|]", value) if part.strip()]
        if isinstance(value, Mapping):
            for name, one in value.items():
                yield from self._attribute(f"{field}.{name}", str(name), one, "")
            return
        for index, one in self._list(field, value):
            where = f"{field}[{index}]"
            if isinstance(one, Mapping):
                name, told = _first(one, ("name", "key", "label")), _first(one, ("value", "values"))
                if name is None or told is None:
                    raise FieldError(where, f"no {'name' if name is None else 'value'}")
                yield from self._attribute(where, str(name), told, str(one.get("unit") or ""))
            elif isinstance(one, list | tuple) and len(one) == 2:
                yield from self._attribute(where, str(one[0]), one[1], "")
            elif isinstance(one, str) and (pair := _PAIR.fullmatch(one)):
                yield from self._attribute(where, pair[1], pair[2], "")
            else:
                raise FieldError(where, 'an object with name and value, or "name: value", is needed')

    def _attribute(self, field: str, name: str, value: Any, unit: str) -> Iterator[Attribute]:
        try:
            told = in_words(value)
        except CatalogueError as error:
            raise FieldError(field, str(error)) from None
        cleaned = (
            self._plain(field, worded(name).strip(" :"), LONGEST_NAME),
            self._plain(field, told, LONGEST_VALUE),
            self._plain(field, unit, LONGEST_NAME),
        )
        if cleaned[0] and cleaned[1]:
            yield Attribute(*cleaned)

    def _opened(self, ours: str, value: Any) -> Any:
        """A list or object that stands as JSON in a cell; an empty cell is None."""
        if value == "":
            return None
        if isinstance(value, str) and value.lstrip()[:1] in ("[", "{"):
            try:
                return json.loads(value)
            except (ValueError, RecursionError) as error:
                raise FieldError(self.name(ours), f"not JSON: {error}") from None
        return value

    def _list(self, field: str, value: Any) -> Iterator[tuple[int, Any]]:
        if value is None:
            return
        if not isinstance(value, list | tuple):
            raise FieldError(field, f"a list is needed, not {_kind(value)}")
        yield from ((index, one) for index, one in enumerate(value) if one is not None)

    def _plain(self, field: str, value: Any, bound: int, *, lines: bool = False) -> str:
        if isinstance(value, bool | Mapping | list | tuple):
            raise FieldError(field, f"a text is needed, not {_kind(value)}")
        text, cut = plain(value if isinstance(value, str) else in_words(value), bound, lines=lines)
        if cut:
            self.notes.append((field, f"longer than {bound:,} characters; the rest is left out"))
        return text

    def _most(self, ours: str, values: Iterable[T]) -> tuple[T, ...]:
        found = tuple(values)
        if len(found) > MOST[ours]:
            self.notes.append((self.name(ours), f"{len(found):,} are given; the first {MOST[ours]:,} are taken"))
        return found[: MOST[ours]]


def _order(ours: str, name: str, value: Any) -> tuple[bool, int]:
    return value == "", NAMES[ours].index(name.strip().lower().replace(" ", "_").replace("-", "_"))


def _single(value: Any) -> bool:
    """Whether it is one value, and not some structure or a page of text."""
    return isinstance(value, bool | int | float) or (isinstance(value, str) and len(value) <= LONGEST_TITLE)


def _first(fields: Mapping[Any, Any], names: Sequence[str]) -> Any:
    return next((fields[name] for name in names if fields.get(name) is not None), None)


def _kind(value: Any) -> str:
    kinds = {bool: "true or false", int: "a number", float: "a number", str: "a text"}
    return kinds.get(type(value), "an object" if isinstance(value, Mapping) else "a list")

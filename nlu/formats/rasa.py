"""Rasa's NLU training YAML: intents with examples, synonyms, regexes and lookup tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import yaml

from nlu.formats.checks import make_sample
from nlu.formats.corpus import Corpus, Sample
from nlu.formats.errors import DataError, Note, Place
from nlu.formats.markup import MarkupError, parse_markup
from nlu.formats.text import read_text

_KINDS = ("intent", "synonym", "regex", "lookup")
_KEYS = (*_KINDS, "examples", "metadata")


def compose(path: Path) -> yaml.Node:
    """The file's YAML nodes, which know their lines. Raises `DataError` for broken YAML."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        node: yaml.Node | None = yaml.compose(read_text(path), Loader=loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(path, mark.line + 1, mark.column + 1) if mark else Place(path)
        raise DataError(place, f"broken YAML: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise DataError(path, f"broken YAML: {str(error).splitlines()[0]}") from None
    if node is None:
        raise DataError(path, "the file holds nothing but comments")
    return node


def has_nlu(path: Path) -> bool:
    """Whether the file has training data at all: stories, rules and domain files have none."""
    node = compose(path)
    return isinstance(node, yaml.MappingNode) and any(key.value == "nlu" for key, _ in node.value)


class _Reader:
    """Collects what one file holds."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.samples: list[Sample] = []
        self.tables: dict[str, dict[str, tuple[str, ...]]] = {kind: {} for kind in _KINDS[1:]}
        self.notes: list[Note] = []

    def place(self, node: yaml.Node, down: int = 0) -> Place:
        column = 0 if down else node.start_mark.column + 1
        return Place(self.path, node.start_mark.line + 1 + down, column)

    def mapping(self, node: yaml.Node, what: str) -> list[tuple[str, yaml.Node, yaml.Node]]:
        """(key, its node, value) of a mapping."""
        if not isinstance(node, yaml.MappingNode):
            raise DataError(self.place(node), f"{what} must be a mapping (`key: value`)")
        return [(str(key.value), key, value) for key, value in node.value]

    def scalar(self, node: yaml.Node, what: str) -> str:
        if not isinstance(node, yaml.ScalarNode) or not node.value.strip():
            raise DataError(self.place(node), f"{what} must be a text that is not empty")
        return str(node.value).strip()

    def block(self, node: yaml.Node) -> list[yaml.Node]:
        if not isinstance(node, yaml.SequenceNode):
            raise DataError(self.place(node), "'nlu' must be a list")
        if not node.value:
            raise DataError(self.place(node), "the list 'nlu' is empty")
        return list(node.value)

    def item(self, node: yaml.Node) -> None:
        """One entry of the list `nlu`."""
        found = self.mapping(node, "an entry of 'nlu'")
        kinds = [key for key, _, _ in found if key in _KINDS]
        for key, at, _ in found:
            if key not in _KEYS:
                raise DataError(self.place(at), f"unknown key {key!r} (there are: {', '.join(_KEYS)})")
        if len(kinds) != 1:
            raise DataError(self.place(node), f"an entry of 'nlu' needs exactly one of {', '.join(_KINDS)}")
        values = {key: value for key, _, value in found}
        kind = kinds[0]
        name = self.scalar(values[kind], f"the name of the {kind}")
        if "examples" not in values:
            raise DataError(self.place(node), f"{kind} {name!r} has no examples")
        examples = list(self.examples(values["examples"], f"{kind} {name!r}"))
        if kind == "intent":
            for text, place in examples:
                self.sentence(text, name, place)
        else:
            table = self.tables[kind]
            table[name] = tuple(dict.fromkeys((*table.get(name, ()), *(text for text, _ in examples))))

    def sentence(self, text: str, intent: str, place: Place) -> None:
        try:
            plain, mentions = parse_markup(text)
        except MarkupError as error:
            where = text[max(error.column - 1, 0) :][:40]
            raise DataError(Place(place.file, place.line), f"{error}, at {where!r}") from None
        sample, notes = make_sample(plain, intent, mentions, Place(place.file, place.line))
        self.samples.append(sample)
        self.notes += notes

    def examples(self, node: yaml.Node, what: str) -> Iterator[tuple[str, Place]]:
        """(text, place) of each example, of a block scalar or a list."""
        if isinstance(node, yaml.SequenceNode):
            if not node.value:
                raise DataError(self.place(node), f"the examples of {what} are an empty list")
            for entry in node.value:
                yield self.long_form(entry, what)
            return
        if not isinstance(node, yaml.ScalarNode):
            raise DataError(self.place(node), f"the examples of {what} must be a block (`|`) or a list")
        if not node.value.strip():
            raise DataError(self.place(node), f"{what} has no examples")
        if node.style == ">":
            raise DataError(self.place(node), "'>' joins lines: write the examples as a block with '|'")
        literal = node.style == "|"
        for number, line in enumerate(node.value.split("\n"), 1):
            place = self.place(node, number) if literal else self.place(node)
            stripped = line.strip()
            if not stripped:
                continue
            if not stripped.startswith("-") or stripped[1:2].strip():
                raise DataError(place, f"an example of {what} must begin with '- ', not {stripped[:40]!r}")
            if not stripped[1:].strip():
                raise DataError(place, f"an example of {what} is empty")
            yield stripped[1:].strip(), place

    def long_form(self, entry: yaml.Node, what: str) -> tuple[str, Place]:
        """One example of a list: a text, or a mapping with `text` and `metadata`."""
        if isinstance(entry, yaml.ScalarNode):
            return self.scalar(entry, f"an example of {what}"), self.place(entry)
        values = {}
        for key, at, value in self.mapping(entry, f"an example of {what}"):
            if key not in ("text", "metadata", "intent"):
                raise DataError(self.place(at), f"unknown key {key!r} (there are: text, metadata)")
            values[key] = value
        if "text" not in values:
            raise DataError(self.place(entry), f"an example of {what} has no text")
        node = values["text"]
        text = self.scalar(node, "the text of an example")
        lines = [line.strip() for line in text.split("\n")]
        if len(lines) > 1:
            raise DataError(self.place(node), f"an example of {what} must be one line")
        block = isinstance(node, yaml.ScalarNode) and node.style in ("|", ">")
        return text, self.place(node, 1) if block else self.place(node)


def read_rasa(path: Path) -> Corpus:
    """The training data of one file; `responses:`, `stories:`, `rules:` and domain keys are passed over.

    Raises `DataError` naming file, line and column.
    """
    reader = _Reader(path)
    sections = [value for key, _, value in reader.mapping(compose(path), "a training file") if key == "nlu"]
    if not sections:
        raise DataError(path, "the file has no 'nlu:' section")
    for section in sections:
        for item in reader.block(section):
            reader.item(item)
    if any(found.role or found.group for sample in reader.samples for found in sample.mentions or ()):
        reader.notes.append(Note(Place(path), "roles and groups of entities are read, but not learned"))
    tables = reader.tables
    return Corpus(tuple(reader.samples), tables["synonym"], tables["regex"], tables["lookup"], tuple(reader.notes))

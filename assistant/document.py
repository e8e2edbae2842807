"""A YAML file as plain data in which every value still knows its line, so that an error can name the place.

The reading is YAML 1.1 without its two traps for a configuration: `22:00` stays text (not 1320), and so do dates.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from yaml.constructor import ConstructorError, SafeConstructor

from dialog.errors import ConfigError

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MAX_NODES = 50_000  # aliases can make a small file expand without end
_TEXT = "tag:yaml.org,2002:str"

#: The way to a value: mapping keys and list positions.
Route = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a file; `line` counts from 1, 0 where there is none."""

    file: str
    line: int
    key: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.key}: {self.message}" if self.key else f"{place}: {self.message}"


class InvalidDocument(ConfigError):
    """Everything that is wrong in a file at once, a line of text for each problem."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


@dataclass(frozen=True)
class Document:
    """The plain data of a file, for each value the (file, line) it came from, and what could not be taken in."""

    data: Any
    places: dict[Route, tuple[str, int]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def place(self, route: Route) -> tuple[str, int]:
        """File and line of a value, or of the nearest thing around it."""
        while route and route not in self.places:
            route = route[:-1]
        return self.places.get(route, ("", 0))


def dotted(route: Route) -> str:
    """A route as it is written in messages: `plugins.clock.options`, `server.origins[0]`."""
    text = ""
    for step in route:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def read(path: Path, name: str | None = None) -> Document:
    """Read one YAML file; an empty one is an empty mapping.

    Raises `InvalidDocument` for a file that cannot be read at all, naming the line; smaller things (a duplicate key)
    are in `problems`, for the caller to report together with its own.
    """
    name = name or str(path)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InvalidDocument([Problem(name, 0, "", error.strerror or str(error))]) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise InvalidDocument([Problem(name, line, "", "this is not UTF-8 text")]) from None
    return parse(text, name)


def parse(text: str, name: str) -> Document:
    """Read YAML text as `read` does; `name` stands for the file in messages."""
    try:
        root = yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError as error:
        raise InvalidDocument([_syntax(error, text, name)]) from None
    reader = _Reader(name)
    data = reader.value(root, ()) if root is not None else {}
    return Document(data, reader.places, reader.problems)


def _syntax(error: yaml.YAMLError, text: str, name: str) -> Problem:
    lines = text.split("\n")
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        position = getattr(error, "position", 0)
        reason = getattr(error, "reason", "not YAML")
        return Problem(name, text.count("\n", 0, position) + 1, "", str(reason))
    line = error.problem_mark.line
    here = lines[line] if line < len(lines) else ""
    if "\t" in here[: len(here) - len(here.lstrip())]:
        return Problem(name, line + 1, "", "a tab cannot indent YAML; use spaces")
    return Problem(name, min(line + 1, len(lines)), "", f"not YAML: {error.problem}")


class _Reader:
    """Turns nodes into data; collects problems instead of stopping at the first."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.places: dict[Route, tuple[str, int]] = {}
        self.problems: list[Problem] = []
        self._scalars = SafeConstructor()
        self._open: list[int] = []
        self._nodes = 0

    def value(self, node: yaml.Node, route: Route) -> Any:
        self.places.setdefault(route, (self.name, node.start_mark.line + 1))
        self._nodes += 1
        if id(node) in self._open or self._nodes > _MAX_NODES:
            self._problem(node, route, "an alias makes this value endless")
            return None
        self._open.append(id(node))
        try:
            if isinstance(node, yaml.MappingNode):
                return self._mapping(node, route)
            if isinstance(node, yaml.SequenceNode):
                return [self.value(child, (*route, index)) for index, child in enumerate(node.value)]
            return self._scalar(node, route)
        finally:
            self._open.pop()

    def _mapping(self, node: yaml.MappingNode, route: Route) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._problem(key_node, route, "a key must be a plain word")
                continue
            key = key_node.value
            here = (*route, key)
            if key in found:
                first = self.places[here][1]
                self._problem(key_node, here, f"duplicate key; it stands in line {first} already")
                continue
            self.places[here] = (self.name, key_node.start_mark.line + 1)
            found[key] = self.value(value_node, here)
        return found

    def _scalar(self, node: yaml.Node, route: Route) -> Any:
        if node.tag.endswith(":timestamp") or (node.tag.endswith((":int", ":float")) and ":" in node.value):
            node = yaml.ScalarNode(_TEXT, node.value)
        try:
            return self._scalars.construct_object(node)
        except (ConstructorError, ValueError) as error:
            self._problem(node, route, f"cannot be read: {getattr(error, 'problem', None) or error}")
            return None

    def _problem(self, node: yaml.Node, route: Route, message: str) -> None:
        line = node.start_mark.line + 1 if node.start_mark else self.places[route][1]
        self.problems.append(Problem(self.name, line, dotted(route), message))


def merge(base: Document, over: Document) -> Document:
    """`over` laid upon `base`: mappings merge key by key (an empty one changes nothing), the rest is replaced."""
    places = dict(base.places)

    def lay(low: Any, high: Any, route: Route) -> Any:
        if isinstance(low, Mapping) and (isinstance(high, Mapping) or high is None):
            merged = {
                key: lay(value, high[key], (*route, key)) if high and key in high else value
                for key, value in low.items()
            }
            for key, value in (high or {}).items():
                if key not in low:
                    merged[key] = take(value, (*route, key))
                elif (*route, key) in over.places:
                    places[(*route, key)] = over.places[(*route, key)]
            return merged
        return take(high, route)

    def take(value: Any, route: Route) -> Any:
        for known in [known for known in places if known[: len(route)] == route]:
            del places[known]
        places.update({known: place for known, place in over.places.items() if known[: len(route)] == route})
        return value

    return Document(lay(base.data, over.data, ()), places)


def walk(value: Any, route: Route = ()) -> Iterator[tuple[Route, Any]]:
    """Every scalar of plain data with the route to it."""
    if isinstance(value, Mapping):
        for key, child in value.items():
            yield from walk(child, (*route, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from walk(child, (*route, index))
    else:
        yield route, value


INTERPOLATION = re.compile(r"\$\{[^}]*\}")

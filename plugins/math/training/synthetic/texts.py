"""Reads the schemas from the text files beside this module.

An entry is `name: formula; numbers; options`, then indented lines: ways to tell the story, and, after a question mark,
ways to ask. A line that asks by itself needs none. `@ options` holds for a whole file, `#` begins a remark. Options:
`cents` (amounts instead of whole numbers), `kinds=a,b` (of things), `distract=none`, `check=y-x` (to be positive too).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dialog.errors import AssistantError

FOLDER = Path(__file__).parent / "schemas"
_OPTIONS = frozenset({"cents", "kinds", "distract", "check", "ask"})


class SchemaError(AssistantError):
    """A schema file that cannot be read; the text names file and line."""


@dataclass(frozen=True)
class Entry:
    """One schema or part of a story as written; `story` and `ask` are alternatives in brackets, or empty."""

    name: str
    formula: str
    numbers: Mapping[str, str]
    options: Mapping[str, str]
    story: str
    ask: str

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of things it suits; empty: all."""
        return tuple(self.options["kinds"].split(",")) if "kinds" in self.options else ()


def entries(name: str, folder: Path = FOLDER) -> list[Entry]:
    """The entries of one file. Raises SchemaError naming file and line."""
    path = folder / f"{name}.txt"
    found: list[tuple[int, str, list[str]]] = []
    shared: dict[str, str] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        where = f"{path.name}, line {number}"
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("@"):
            shared = _options(line[1:], where)
        elif not line.startswith(" "):
            found.append((number, line, []))
        elif not found:
            raise SchemaError(f"{where}: a text before the first schema")
        else:
            if _unbalanced(line):
                raise SchemaError(f"{where}: brackets or braces that do not match")
            found[-1][2].append(line.strip())
    return [_entry(head, lines, shared, f"{path.name}, line {number}") for number, head, lines in found]


def _entry(head: str, lines: list[str], shared: Mapping[str, str], where: str) -> Entry:
    name, colon, rest = head.partition(":")
    formula, _, rest = rest.partition(";")
    numbers, _, options = rest.partition(";")
    if not colon or not formula.strip() or not lines:
        raise SchemaError(f"{where}: not `name: formula; numbers; options` with texts below")
    pairs = [pair.partition("=") for pair in numbers.split()]
    if any(len(key) != 1 for key, _, _ in pairs):
        raise SchemaError(f"{where}: the name of a number is not a single letter")
    return Entry(
        name.strip(),
        formula.strip(),
        {key: spec for key, _, spec in pairs},
        {**shared, **_options(options, where)},
        _alternatives([line for line in lines if not line.startswith("?")]),
        _alternatives([line[1:].strip() for line in lines if line.startswith("?")]),
    )


def _options(text: str, where: str) -> dict[str, str]:
    pairs = (option.partition("=") for option in text.split())
    found = {key: value for key, _, value in pairs}
    if unknown := set(found) - _OPTIONS:
        raise SchemaError(f"{where}: no such option: {', '.join(sorted(unknown))}")
    return found


def _alternatives(lines: list[str]) -> str:
    return lines[0] if len(lines) == 1 else f"[{'|'.join(lines)}]" if lines else ""


def _unbalanced(text: str) -> bool:
    return text.count("[") != text.count("]") or text.count("{") != text.count("}")

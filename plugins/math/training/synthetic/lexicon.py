"""The words that stories are made of, read from the text files beside this module.

`key: a, b, c`, or the key alone and its words indented below; `#` begins a remark.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from plugins.math.training.synthetic.texts import SchemaError

FOLDER = Path(__file__).parent / "lexicon"


@cache
def texts(name: str, folder: Path = FOLDER) -> dict[str, str]:
    """The text of each key of a file. Raises SchemaError naming file and line."""
    path = folder / f"{name}.txt"
    found: dict[str, list[str]] = {}
    key = ""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith(" "):
            if not key:
                raise SchemaError(f"{path.name}, line {number}: words before the first key")
            found[key].append(line.strip())
            continue
        key, colon, rest = line.partition(":")
        if not colon or key in found:
            raise SchemaError(f"{path.name}, line {number}: not `key: words`, or a key for the second time")
        found[key] = [rest.strip()] if rest.strip() else []
    return {key: " ".join(lines) for key, lines in found.items()}


def words(name: str, key: str) -> tuple[str, ...]:
    """The words of a key. Raises SchemaError where the file has none."""
    found = texts(name)
    if key not in found:
        raise SchemaError(f"{name}.txt: no key {key!r}")
    return tuple(word.strip() for word in found[key].split(","))


def pairs(name: str, key: str) -> dict[str, str]:
    """The words of a key that come as "one two"."""
    return dict((word.partition(" ")[0], word.partition(" ")[2]) for word in words(name, key))


def words_of(name: str, key: str, kind: str) -> tuple[str, ...]:
    """The words of a key for one kind of things, or those for all kinds."""
    return words(name, f"{key}.{kind}" if f"{key}.{kind}" in texts(name) else key)

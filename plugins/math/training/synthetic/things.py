"""Countable things by kind: how one comes by them, what becomes of them, what holds them, what one costs."""

from __future__ import annotations

from dataclasses import dataclass

from plugins.math.training.synthetic.lexicon import pairs, texts, words

_IRREGULAR = pairs("forms", "plurals")
#: Dear things: only some schemas of money are about them.
GOODS = "goods"


def plural(noun: str) -> str:
    """The plural of a noun; of "bottle of water" that of its head."""
    head, of, rest = noun.partition(" of ")
    if of:
        return f"{plural(head)} of {rest}"
    first, space, last = noun.rpartition(" ")
    if last in _IRREGULAR:
        return f"{first}{space}{_IRREGULAR[last]}"
    if last.endswith("y") and last[-2] not in "aeiou":
        return noun[:-1] + "ies"
    if last.endswith(("s", "x", "ch", "sh")) or (last.endswith("o") and last[-2] not in "aeiou"):
        return noun + "es"
    return noun + "s"


@dataclass(frozen=True)
class Noun:
    """A countable noun in both numbers."""

    one: str
    many: str

    def of(self, count: object) -> str:
        """The form that agrees with a count."""
        return self.one if count == 1 else self.many


def noun(one: str) -> Noun:
    """A noun from its singular."""
    return Noun(one, plural(one))


@dataclass(frozen=True)
class Kind:
    """A kind of things. Verbs come with what may follow them; `low` and `high` bound the price of one in dollars."""

    name: str
    things: tuple[str, ...]
    gain: tuple[tuple[str, str], ...]
    lose: tuple[tuple[str, str], ...]
    holders: tuple[str, ...]
    low: int
    high: int


def _verbs(text: str) -> tuple[tuple[str, str], ...]:
    found = []
    for entry in text.split(";"):
        verb, _, tails = entry.strip().partition(":")
        found.append((verb.strip(), f"[{tails.strip()}]" if tails.strip() else ""))
    return tuple(found)


def _kind(name: str) -> Kind:
    read = texts("things")
    low, _, high = read[f"{name}.price"].partition("-")
    gain, lose = _verbs(read[f"{name}.gain"]), _verbs(read[f"{name}.lose"])
    holders = words("things", f"{name}.holders")
    return Kind(name, words("things", f"{name}.things"), gain, lose, holders, int(low), int(high))


KINDS = tuple(_kind(key.removesuffix(".things")) for key in texts("things") if key.endswith(".things"))
THINGS = tuple(dict.fromkeys(thing for kind in KINDS for thing in kind.things))

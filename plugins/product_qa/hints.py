"""What a text may be about, told by its words alone: quick enough to be asked of every turn on the event loop."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from plugins.product_qa.facts.lookup import stems
from plugins.product_qa.resolve.words import FUNCTION
from plugins.product_qa.types import Passage

#: Titles that are looked at: what is asked about in larger catalogues is found by the resolver.
MOST_TITLES = 200_000
#: Ids that are kept of products that are called alike.
MOST_KIN = 8
_WORD = re.compile(r"[\w']+")
_DIGITS = re.compile(r"\d")
#: Words that stand in every shop's answers and in everyday requests alike.
_EVERYDAY = frozenset(
    stems(
        "time day days hour hours week month year today tomorrow take thing things send find item working way"
        " number please help ask tell open close work long many much start next list name news"
    )
)
#: Nouns that name products, and much else in a house.
_WEAK = frozenset(
    stems("air bag bank battery chair coffee fan flow heater light lighting peak phone press stick watch")
)
_COMMAND = re.compile(
    r"^\W*(?:(?:hey|hi|ok|okay|please|olly|alexa|siri|google|computer|can you|could you|would you|will you|"
    r"i want you to|i need you to|just|now)[\s,]+)*"
    r"(?:set|add|remind|wake|turn|switch|play|call|text|send|email|mail|put|remove|delete|create|make|schedule|book|"
    r"order|buy|"
    r"stop|pause|resume|dim|brighten|lock|unlock|convert|define|read|snooze|note|remember|repeat|shuffle|record|clear|rename|"
    r"mute|unmute|translate|navigate|take|post|tweet|save|search|change|increase|decrease|lower|raise|cancel|light|clean)\b",
    re.IGNORECASE,
)
#: Everyday things that an assistant keeps or does itself.
_KEPT = re.compile(
    r"\b(?:alarms?|timers?|reminders?|remind me|calendar|meetings?|appointments?|e-?mails?|playlists?|songs?|"
    r"(?:shopping|grocery|to ?do|packing|my) lists?|weather|forecast|traffic|stocks?|news|o'?clock|jokes?|"
    r"(?:hot|cold|warm|windy|humid) (?:is it )?(?:outside|today|tomorrow|tonight)|"
    r"(?:is|will) it (?:be )?(?:rain|snow|sunny)\w*|"
    r"podcasts?|radio|recipes?|restaurants?|movies?|thermostat)\b",
    re.IGNORECASE,
)


@dataclass
class Hints:
    """The nouns that products are called by (with their ids), words of titles, and words of the shop's own pages."""

    nouns: dict[str, list[str]] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    headings: set[str] = field(default_factory=set)
    shop: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, titles: Iterable[tuple[str, str, Sequence[str], str]], pages: Iterable[Passage]) -> Hints:
        """titles: (id, title, aliases, category); pages: passages of the shop's own FAQ and policies."""
        made = cls()
        for count, (id, title, aliases, category) in enumerate(titles):
            if count == MOST_TITLES:
                break
            made._add(id, title, aliases, category)
        for passage in pages:
            heading = passage.question or passage.text.partition(":")[0]
            made.headings.update(word for word in _content(heading) if word not in _EVERYDAY)
            made.shop.update(word for word in _content(passage.text) if word not in _EVERYDAY)
        return made

    def _add(self, id: str, title: str, aliases: Sequence[str], category: str) -> None:
        leaf = _content(category.rpartition(">")[2])
        heads = {_content(name)[-1] for name in aliases if _content(name)} | set(leaf[-1:])
        for name in (title, *aliases):
            self.names.update(_content(name))
        for head in heads:
            if not _DIGITS.search(head) and len(head) > 2:
                kin = self.nouns.setdefault(head, [])
                if id not in kin and len(kin) < MOST_KIN:
                    kin.append(id)

    def kin(self, text: str) -> list[list[str]]:
        """Products by each noun of a text that they are called by, in its order ("the tent or the backpack")."""
        groups: list[list[str]] = []
        for word in stems(text):
            ids = self.nouns.get(word)
            if ids and ids not in groups:
                groups.append(ids)
        return groups

    def named(self, text: str) -> int:
        """How surely a text names a product: 2 by a noun that one is called by, or by two words of names; 1 by a noun
        that everyday talk has too ("light"); else 0."""
        words = set(_content(text))
        if len(words & self.names) > 1 or any(word in self.nouns and word not in _WEAK for word in words):
            return 2
        return int(any(word in self.nouns for word in words))

    def of_shop(self, text: str) -> float:
        """The share of a text's words that stand on the shop's own pages; 0 where none stands in a heading."""
        words = {word for word in _content(text) if word not in _EVERYDAY}
        if not words & self.headings:
            return 0.0
        return sum(word in self.headings or word in self.shop for word in words) / len(words)


def everyday(text: str) -> bool:
    """Whether a text asks the assistant for something that it does or keeps itself."""
    return _COMMAND.match(text) is not None or _KEPT.search(text) is not None


def _content(text: str) -> list[str]:
    kept = " ".join(word for word in _WORD.findall(text.lower()) if word not in FUNCTION)
    return [word for word in stems(kept) if len(word) > 1]

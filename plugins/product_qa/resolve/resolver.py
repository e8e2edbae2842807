"""Which product an utterance is about: named, pointed at, or the one on the page; or several, to be asked about."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from plugins.product_qa.facts.topics import TOPICS
from plugins.product_qa.resolve.belief import Belief, load
from plugins.product_qa.resolve.evidence import FEATURES, Judged, joins, judge
from plugins.product_qa.resolve.names import Entry, Names
from plugins.product_qa.resolve.references import Reference, reference
from plugins.product_qa.resolve.words import FUNCTION, Word, words

How = Literal["named", "page", "recent", "ordinal", "other", "described", "compared", "ambiguous", "none"]
#: Candidates that are reported.
MOST = 5
_BETWEEN = re.compile(
    r"\s(?:or|and|vs\.?|versus|than|compared (?:to|with)|against|(?:rather|instead) (?:than|of)|with|to)\s",
    re.IGNORECASE,
)
_SURE_BETWEEN = re.compile(r"\b(?:or|vs\.?|versus|than|compared?|difference|between|both|which)\b", re.IGNORECASE)
_DEFINITE = re.compile(r"(?:\b(?:the|this|that|your|my|these|those|about|called|named)\s+)$", re.IGNORECASE)
#: What follows the noun in a title: "Kettle 1.7 L, matte black", "Case for iPad", "Set (12 pieces)".
_TAIL = re.compile(r"[,(|\[]|\s[-–]\s|\s(?:for|with|in|by)\s|\s(?=\d)", re.IGNORECASE)
#: Words by which properties are asked for, whatever products are called.
_TOPICAL = frozenset(
    word.text
    for topic in TOPICS.topics
    for text in (*topic.names, *topic.phrases)
    for word in words(text.rstrip("*"))
    if word.text not in FUNCTION
)
#: From this mass on one of several products is meant, though it is not clear which.
_SOME = 0.5
#: The same where several are named equally well: asking costs little then.
_SOME_RIVALS = 0.3


@dataclass(frozen=True, slots=True)
class Resolved:
    """Who is meant. `product` is None where that is not clear or nobody is.

    products: all that are meant, in the order of the utterance (two or more where it compares); where one of two is
      ambiguous, the other one.
    candidates: (id, probability), the best first; calibrated where a name was read, 1.0 where it was pointed at.
    span: characters of the name or the pointing words, None where there are none.
    how: "ambiguous" asks for a clarifying question among `candidates`.
    """

    product: str | None
    candidates: tuple[tuple[str, float], ...] = ()
    span: tuple[int, int] | None = None
    how: How = "none"
    products: tuple[str, ...] = ()


class Resolver:
    """Finds products by name among many; `add` and `remove` keep it up to date. Not safe against changes while another
    thread resolves. The first use loads the pronouncing dictionary (0.5 s): call it in a thread.
    """

    def __init__(
        self,
        titles: Iterable[tuple[str, str, Sequence[str], str]] = (),
        *,
        belief: Belief | None = None,
        sounds: bool = True,
    ) -> None:
        """titles: (id, title, aliases, category). belief: other weights. sounds: whether misheard words are sought."""
        self._names = Names()
        self._entries: dict[str, Entry] = {}
        self._belief = belief or load()
        self._sounds = sounds
        self.add(titles)
        self._names.commit()

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, product: object) -> bool:
        return product in self._entries

    def add(self, titles: Iterable[tuple[str, str, Sequence[str], str]]) -> None:
        """Add products, or replace those whose ids are there."""
        for id, title, aliases, category in titles:
            entry = Entry(id, title, tuple(aliases), category)
            self._entries[id] = entry
            self._names.add([entry])

    def remove(self, ids: Iterable[str]) -> None:
        """Remove products; ids that are not there do not matter."""
        for id in ids:
            self._entries.pop(id, None)
            self._names.remove(id)

    def judged(self, said: Sequence[Word]) -> list[Judged]:
        """Candidates for the words of an utterance, each product once, with their features."""
        content = [word.text for word in said if word.text not in FUNCTION]
        found = self._names.search(content, [text for _, _, text in joins(content)], sounds=self._sounds)
        best: dict[str, tuple[float, Judged]] = {}
        for one in judge(said, found, self._names, self._sounds):
            utility = float(one.features @ self._belief.weights)
            if one.name.id not in best or utility > best[one.name.id][0]:
                best[one.name.id] = utility, one
        return [one for _, one in best.values()]

    def named(self, text: str) -> Resolved:
        """The product that a text names, whatever was talked about before."""
        said = words(text)
        candidates = self.judged(said)
        if not candidates:
            return Resolved(None)
        chances = self._belief.probabilities(np.stack([one.features for one in candidates]))
        order = np.argsort(-chances, kind="stable")
        first = candidates[int(order[0])]
        ranked = tuple((candidates[int(i)].name.id, float(chances[i])) for i in order[:MOST])
        span = None
        if first.end > first.start:
            span = said[first.start].start, said[first.end - 1].end
        rivals = self._rivals(first, candidates, chances)
        if rivals and span is not None:
            return Resolved(None, rivals[:MOST], span, "ambiguous")
        if ranked[0][1] >= self._belief.accept:
            return Resolved(ranked[0][0], ranked, span, "named", (ranked[0][0],))
        if float(chances.sum()) >= _SOME:
            return Resolved(None, _likely(ranked), span, "ambiguous")
        return Resolved(None, ranked, span, "none")

    @staticmethod
    def _rivals(
        first: Judged, candidates: Sequence[Judged], chances: NDArray[np.float64]
    ) -> tuple[tuple[str, float], ...]:
        """Products that the same words name as well as the first ("the kettle" in a shop with two), the likelier first;
        empty where the first has words of its own or the words are all of its title."""
        same = [FEATURES.index(name) for name in ("words", "exactness", "numbers missed", "code")]
        if first.features[FEATURES.index("title covered")] > 0.99:
            return ()
        found = [
            (one.name.id, float(chance))
            for one, chance in zip(candidates, chances, strict=True)
            if (one.start, one.end) == (first.start, first.end)
            and np.allclose(one.features[same], first.features[same], atol=1e-6)
        ]
        if len(found) < 2 or sum(chance for _, chance in found) < _SOME_RIVALS:
            return ()
        return tuple(sorted(found, key=lambda one: -one[1]))

    def resolve(
        self,
        text: str,
        recent: Sequence[str] = (),
        page: str | None = None,
        shown: Sequence[str] = (),
        about: Callable[[str], str] | None = None,
    ) -> Resolved:
        """Which product an utterance means.

        recent: ids talked about, the newest first. page: the product on the page; it is the current one unless it is
        among `recent`, where the newest is. shown: the products last offered, in that order ("the second one"); by
        default the recent ones in the order of their mention. about: further words on a product ("blue") for "the blue
        one"; asked for shown and recent products alone. Ids that are not in the catalogue are left out.
        """
        recent = [id for id in dict.fromkeys(recent) if id in self._entries]
        shown = [id for id in dict.fromkeys(shown) if id in self._entries] or recent[::-1]
        page = page if page in self._entries else None
        current = page if page is not None and page not in recent else (recent[0] if recent else None)
        pointed = reference(text)
        by_name = self.named(text)
        if compared := self._compared(text, by_name, current, page, pointed):
            return compared
        pool = list(dict.fromkeys([*([page] if page else []), *recent, *shown]))
        if pointed.pointing in ("ordinal", "other", "described", "both"):
            found = self._pointed(pointed, pool, shown, current, by_name, about)
            if found is not None:
                return found
        if pointed.pointing == "this" and page is not None:
            current = page
        return self._settled(text, by_name, pointed, current, page)

    def _settled(
        self, text: str, by_name: Resolved, pointed: Reference, current: str | None, page: str | None
    ) -> Resolved:
        """Between what is named and what is current."""
        if current is None:
            return by_name
        here = Resolved(
            current, ((current, 1.0),), pointed.span if pointed.pointing else None,
            "page" if current == page else "recent", (current,),
        )  # fmt: skip
        if by_name.how == "none" or by_name.span is None or pointed.pointing == "this":
            return here
        for id in (current, *([page] if page else [])):
            if by_name.how == "ambiguous" and id in dict(by_name.candidates):
                return Resolved(id, by_name.candidates, by_name.span, "page" if id == page else "recent", (id,))
        return by_name if by_name.product == current or self._leaves(text, by_name, *by_name.span) else here

    def _leaves(self, text: str, by_name: Resolved, start: int, end: int) -> bool:
        """Whether a name that is not the current product's turns away from that, and is not just of a part or property
        of it ("does it come with a bag", "what is the load capacity")."""
        said = [word.text for word in words(text[start:end]) if word.text not in FUNCTION]
        opening = not [word for word in words(text[:start]) if word.text not in FUNCTION]
        asks = bool(re.match(r"\W*(?:is|are|does|do|can|will|how|what|which|who|when|where)\b", text, re.IGNORECASE))
        if not (_DEFINITE.search(text[:start]) or (opening and not asks)) or all(word in _TOPICAL for word in said):
            return False
        named = [id for id, _ in by_name.candidates] if by_name.how == "ambiguous" else [by_name.product or ""]
        if by_name.how == "named" and len(said) > 1:
            return True
        return bool(said) and all(said[-1] in self._heads(id) for id in named)

    def _heads(self, id: str) -> set[str]:
        """Nouns that say what sort of thing a product is: of its category, and the last of each of its names."""
        entry = self._entries[id]
        heads = {word.text for word in words(entry.category)}
        for name in (entry.title, *entry.aliases):
            heads |= {word.text for word in words(_TAIL.split(name, maxsplit=1)[0])[-1:]}
        return heads

    def _compared(
        self, text: str, whole: Resolved, current: str | None, page: str | None, pointed: Reference
    ) -> Resolved | None:
        """Two products beside each other ("the kettle or the coffee grinder", "is it lighter than the kettle")."""
        for match in _BETWEEN.finditer(text):
            if whole.product and whole.span and whole.span[0] < match.start() and match.end() < whole.span[1]:
                continue  # "the salt and pepper mill"
            if not _SURE_BETWEEN.search(text):
                continue
            left, right = self.named(text[: match.start()]), self.named(text[match.end() :])
            unclear = [one for one in (left, right) if one.how == "ambiguous"]
            if len(unclear) == 1 and (left.product or right.product):
                return replace(unclear[0], products=(left.product or right.product or "",))
            if right.product is None:
                continue
            first = left.product
            if first is None and match[0].strip().lower().startswith(("than", "compared", "vs", "versus")):
                first = page if pointed.pointing == "this" and page else current
            if first is None or first == right.product:
                continue
            chances = (
                (*left.candidates[:1], *right.candidates[:1]) if left.product else ((first, 1.0), *right.candidates[:1])
            )
            start = left.span[0] if left.product and left.span else match.end()
            end = match.end() + right.span[1] if right.span else len(text)
            return Resolved(first, chances, (start, end), "compared", (first, right.product))
        return None

    def _pointed(
        self, pointed: Reference, pool: Sequence[str], shown: Sequence[str], current: str | None, by_name: Resolved,
        about: Callable[[str], str] | None,
    ) -> Resolved | None:  # fmt: skip
        """Who an ordinal, "the other one", a description or "both" means; None where nobody fits."""

        def one(id: str, how: How) -> Resolved:
            return Resolved(id, ((id, 1.0),), pointed.span, how, (id,))

        if pointed.pointing == "ordinal":
            return one(shown[pointed.rank], "ordinal") if -len(shown) <= pointed.rank < len(shown) else None
        if pointed.pointing == "both":
            pair = tuple(shown if len(shown) == 2 else pool[:2])
            if len(pair) < 2 or by_name.product is not None:
                return None
            return Resolved(pair[0], tuple((id, 1.0) for id in pair), pointed.span, "compared", pair)
        how: How = "other" if pointed.pointing == "other" else "described"
        others = [id for id in pool if id != current] if how == "other" else list(pool)
        fitting = [id for id in others if self._fits(id, pointed.words, about)] if pointed.words else others
        if len(fitting) == 1:
            return one(fitting[0], how)
        if how == "other" and fitting:
            return one(fitting[0], how) if len(pool) == 2 else self._unclear(fitting, pointed)
        if fitting:
            return self._unclear(fitting, pointed)
        if how == "other" and pointed.words:
            # Another one that nobody has talked about yet.
            rest = [(id, chance) for id, chance in by_name.candidates if id != current]
            if by_name.how in ("named", "ambiguous") and rest:
                return replace(self._unclear([id for id, _ in rest], pointed), candidates=tuple(rest))
        return None

    @staticmethod
    def _unclear(ids: Sequence[str], pointed: Reference) -> Resolved:
        return Resolved(None, tuple((id, 1 / len(ids)) for id in ids[:MOST]), pointed.span, "ambiguous")

    def _fits(self, id: str, description: str, about: Callable[[str], str] | None) -> bool:
        entry = self._entries[id]
        text = " ".join((entry.title, *entry.aliases, entry.category, about(id) if about else ""))
        have = {word.text for word in words(text)}
        wanted = [word.text for word in words(description) if word.text not in FUNCTION]
        return bool(wanted) and all(word in have or any(word in other for other in have) for word in wanted)


def _likely(ranked: Sequence[tuple[str, float]]) -> tuple[tuple[str, float], ...]:
    """Candidates worth asking about: those not far behind the first."""
    return tuple((id, chance) for id, chance in ranked if chance >= 0.2 * ranked[0][1])

"""A scene: who, what and where; it fills the slots of a text from left to right, with agreement and pronouns.

Slots: `{x}`, `{x things}`, `{x more days}` a number (with its noun); `{$p}` dollars; `{%p}` percent; `{x*}` a factor
("twice"); `{A}`, `{A's}` somebody by name; `{he}`, `{him}`, `{his}`, `{himself}` (of A, or `{he B}`); `{have}`,
`{have B}` a verb in the tense of the story, `{does}` in the present; `{gain}`, `{gain_}`, `{gaining}` a verb of the
thing's kind; `{things}`, `{thing}`, `{bags}`, `{friends}` ... the scene's nouns; `{a thing}` with article; `{place}`,
`{adj1}` words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from random import Random

from plugins.math.training.synthetic import figures
from plugins.math.training.synthetic.lexicon import words, words_of
from plugins.math.training.synthetic.names import Actor, actors
from plugins.math.training.synthetic.things import GOODS, KINDS, Kind, Noun, noun
from plugins.math.training.synthetic.verbs import VERBS, conjugated, gerund

_SLOT = re.compile(r"\{([^{}]+)\}")
_INNERMOST = re.compile(r"\[([^\[\]]*)\]")
_PRONOUNS = {"he": 0, "him": 1, "his": 2, "himself": 3}
_FORMS = {
    f"{verb}{number}{ending}": (f"{verb}{number}", ending)
    for verb in ("gain", "lose")
    for number in ("", "2")
    for ending in ("", "_")
}
_FORMS |= {"gaining": ("gain", "ing"), "losing": ("lose", "ing")}
_PRESENT = {"does": "do", "has": "have"}
#: Nouns that a count may stand before without a noun of its own.
_BARE = frozenset({"more", "fewer", "less", "times", "percent", "remaining"})


def expanded(text: str, rng: Random) -> str:
    """A text with one alternative taken of every bracket, inner ones first."""
    while True:
        text, count = _INNERMOST.subn(lambda found: rng.choice(found[1].split("|")), text)
        if not count:
            return text


@dataclass
class Scene:
    """What the slots stand for. `order` collects the numbers in the order of the text."""

    rng: Random
    kind: Kind
    actors: dict[str, Actor]
    nouns: dict[str, Noun]
    words: dict[str, str]
    verbs: dict[str, tuple[str, str]]
    values: Mapping[str, Fraction]
    present: bool
    style: str
    order: list[str] = field(default_factory=list)
    mentioned: dict[str, int] = field(default_factory=dict)
    clock: int = 0

    @classmethod
    def made(cls, rng: Random, kinds: tuple[str, ...]) -> Scene:
        """A scene of random people and things; `kinds` limits what it may be about."""
        kind = rng.choice([kind for kind in KINDS if (kind.name in kinds if kinds else kind.name != GOODS)])
        thing = rng.choice(kind.things)
        other, third = _others(rng, kind, thing)
        gains, losses = rng.sample(kind.gain, 2), rng.sample(kind.lose, 2)
        adjectives = rng.sample(words_of("settings", "adjectives", kind.name), 3)
        week, year = words("settings", "days"), words("settings", "months")
        days, months = (sorted(rng.sample(range(len(names)), 3)) for names in (week, year))
        said = {
            "adj_bad": rng.choice(words_of("settings", "spoiled", kind.name)),
            "place": rng.choice(words("settings", "places")),
            "tigers": rng.choice(words("settings", "teams")),
            "job": rng.choice(words("settings", "jobs")),
            "subject": rng.choice(words("settings", "subjects")),
            **{f"adj{index + 1}": word for index, word in enumerate(adjectives)},
            **{f"day{index + 1}": week[day] for index, day in enumerate(days)},
            **{f"month{index + 1}": year[month] for index, month in enumerate(months)},
        }
        nouns = {"things": noun(thing), "others": noun(other), "thirds": noun(third)}
        holders = [holder for holder in kind.holders if holder not in thing]
        nouns["bags"], nouns["rooms"] = (noun(holder) for holder in rng.sample(holders, 2))
        nouns["vehicles"] = noun(rng.choice(words("settings", "vehicles")))
        nouns["friends"] = noun(rng.choice(words("settings", "receivers")))
        nouns |= {name: Noun(form.one, form.one) for name, form in _singular(nouns).items()}
        verbs = {"gain": gains[0], "gain2": gains[1], "lose": losses[0], "lose2": losses[1]}
        people = dict(zip("ABC", actors(rng, 3), strict=False))
        present = rng.random() < 0.35
        return cls(rng, kind, people, nouns, said, verbs, {}, present, rng.choice(figures.STYLES))

    def expand(self, text: str) -> str:
        """Alternatives taken, and the tails of this scene's verbs put in."""
        text = expanded(text, self.rng)
        for name, (_, tail) in self.verbs.items():
            while f"{{{name}tail}}" in text:
                text = text.replace(f"{{{name}tail}}", expanded(tail, self.rng), 1)
        # only the first actor can be a group, so only there does the present agree
        text = re.sub(r"\bdoes \{(A|he)\}", r"{does} {\1}", text)
        return re.sub(r"\{(A|he)\} has\b", r"{\1} {has}", text)

    def fill(self, text: str) -> str:
        """The text with every slot filled. Raises KeyError for a slot that this scene does not know."""
        return _SLOT.sub(lambda found: self._slot(found[1]), text)

    def _slot(self, slot: str) -> str:
        head, *rest = slot.split(" ")
        if head[0] in "$%" or head.rstrip("*") in self.values:
            return self._number(head, rest)
        if head in self.actors or head.removesuffix("'s") in self.actors:
            return self._name(head.removesuffix("'s"), head.endswith("'s"))
        if head in _PRONOUNS:
            return self._pronoun(head, rest[0] if rest else "A")
        if head == "a":
            one = self.nouns[rest[0]].one if rest[0] in self.nouns else self.words.get(rest[0], rest[0])
            return f"{'an' if one[0] in 'aeiou' else 'a'} {one}"
        if slot in self.nouns:
            return self.nouns[slot].many
        if slot in self.words:
            return self.words[slot]
        return self._verb(head, rest[0] if rest else "A")

    def _number(self, head: str, rest: list[str]) -> str:
        name = head.strip("$%*")
        value = self.values[name]
        self.order.append(name)
        if head.startswith("$"):
            return figures.dollars(value, self.rng, self.style)
        if head.startswith("%"):
            sign = "%" if self.rng.random() < 0.7 else " percent"
            return f"{figures.decimal(value)}{sign}"
        if head.endswith("*"):
            return figures.times(value, self.style, self.rng)
        if not rest or rest[-1] in _BARE or rest[-1] in self.words:
            return " ".join(
                [figures.written(value, self.style, self.rng), *(self.words.get(word, word) for word in rest)]
            )
        told = self.nouns[rest[-1]] if rest[-1] in self.nouns else noun(rest[-1].replace("_", " "))
        plain = len(rest) == 1
        number = (figures.counted if plain else figures.written)(value, self.style, self.rng)
        return " ".join([number, *(self.words.get(word, word) for word in rest[:-1]), told.of(value)])

    def _name(self, key: str, possessive: bool) -> str:
        actor = self.actors[key]
        name = actor.later if key in self.mentioned else actor.first
        self._mention(key)
        if possessive:
            name += "'" if name.endswith("s") and actor.plural else "'s"
        return name

    def _mention(self, key: str) -> None:
        self.clock += 1
        self.mentioned[key] = self.clock

    def _pronoun(self, kind: str, key: str) -> str:
        actor = self.actors[key]
        rivals = [
            other
            for other, clock in self.mentioned.items()
            if other != key and self.actors[other].pronoun == actor.pronoun
        ]
        clear = key in self.mentioned and all(self.mentioned[other] < self.mentioned[key] for other in rivals)
        if kind == "himself" or (clear and self.rng.random() < (0.97 if kind == "his" else 0.85)):
            self._mention(key)
            return actor.form(_PRONOUNS[kind])
        return self._name(key, kind == "his")

    def _verb(self, head: str, key: str) -> str:
        plural = key == "them" or (key in self.actors and self.actors[key].plural)
        if head in ("is", "are"):
            return conjugated("be", head == "are", self.present)
        if head in _PRESENT:
            return conjugated(_PRESENT[head], plural, True)
        if head in _FORMS:
            which, ending = _FORMS[head]
            verb = self.verbs[which][0]
            first, _, particle = verb.partition(" ")
            if ending == "_":
                return verb
            if ending:
                return f"{gerund(first)} {particle}".rstrip()
            return conjugated(verb, plural, self.present)
        if head.partition("_")[0] in VERBS:
            return conjugated(head.replace("_", " "), plural, self.present)
        raise KeyError(head)


def _singular(nouns: Mapping[str, Noun]) -> dict[str, Noun]:
    return {name.removesuffix("s"): form for name, form in nouns.items()}


def _others(rng: Random, kind: Kind, thing: str) -> tuple[str, str]:
    """Two further things, mostly of the same kind, none contained in another's name."""
    found: list[str] = []
    while len(found) < 2:
        source = kind if rng.random() < 0.75 else rng.choice(KINDS[:-1])
        other = rng.choice(source.things)
        if all(other not in name and name not in other for name in [thing, *found]):
            found.append(other)
    return found[0], found[1]

"""Who acts in a story: people by first name, people by what they do, and groups."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from plugins.math.training.synthetic.lexicon import words

WOMEN, MEN = words("people", "women"), words("people", "men")
_PRONOUNS = {"she": ("she", "her", "her", "herself"), "he": ("he", "him", "his", "himself")}
_PRONOUNS["they"] = ("they", "them", "their", "themselves")


@dataclass(frozen=True)
class Actor:
    """Somebody in a story: how they come in, how they are named later, and their pronoun ("she", "he", "they")."""

    first: str
    later: str
    pronoun: str

    @property
    def plural(self) -> bool:
        """Whether verbs agree in the plural."""
        return self.pronoun == "they"

    def form(self, kind: int) -> str:
        """Subject, object, possessive or reflexive pronoun (0 to 3)."""
        return _PRONOUNS[self.pronoun][kind]


def person(rng: Random) -> Actor:
    """Somebody by first name."""
    pronoun = rng.choice(("she", "he"))
    name = rng.choice(WOMEN if pronoun == "she" else MEN)
    return Actor(name, name, pronoun)


def actors(rng: Random, count: int) -> list[Actor]:
    """Different actors; the first now and then by role, as a group or as a relative of somebody, the others by name."""
    found: list[Actor] = []
    chance = rng.random()
    if chance < 0.08:
        role = rng.choice(words("people", "roles"))
        article = rng.choice(("the", "an" if role[0] in "aeiou" else "a"))
        found.append(Actor(f"{article} {role}", f"the {role}", rng.choice(("she", "he"))))
    elif chance < 0.12:
        title = rng.choice(("Mr.", "Mrs.", "Ms."))
        name = f"{title} {rng.choice(words('people', 'surnames'))}"
        found.append(Actor(name, name, "he" if title == "Mr." else "she"))
    elif chance < 0.17:
        group = rng.choice(words("people", "groups"))
        found.append(Actor(group, group, "they"))
    elif chance < 0.20:
        pronoun = rng.choice(("she", "he"))
        role = rng.choice(words("people", "her_relatives" if pronoun == "she" else "his_relatives"))
        name = rng.choice(WOMEN + MEN)
        found.append(Actor(f"{name}'s {role}", f"{name}'s {role}", pronoun))
    names = {actor.first for actor in found}
    while len(found) < count:
        fresh = person(rng)
        if fresh.first not in names and not any(fresh.first in name for name in names):
            found.append(fresh)
            names.add(fresh.first)
    return found

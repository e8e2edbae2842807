"""Inflection of the verbs that the stories use."""

from __future__ import annotations

from plugins.math.training.synthetic.lexicon import pairs, words

_PAST = pairs("forms", "past")
_DOUBLED = frozenset(words("forms", "doubled"))
VERBS = frozenset(_PAST) | frozenset(words("forms", "regular"))


def past(verb: str) -> str:
    """The simple past of a base form (of "be": was)."""
    if verb in _PAST:
        return _PAST[verb]
    if verb.endswith("e"):
        return verb + "d"
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return verb[:-1] + "ied"
    return verb + "ed"


def third(verb: str) -> str:
    """The third person singular of the present."""
    if verb in ("have", "be"):
        return {"have": "has", "be": "is"}[verb]
    if verb.endswith(("s", "x", "ch", "sh", "o")):
        return verb + "es"
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return verb[:-1] + "ies"
    return verb + "s"


def gerund(verb: str) -> str:
    """The form in -ing."""
    if verb in _DOUBLED:
        return verb + verb[-1] + "ing"
    if verb.endswith("e") and not verb.endswith(("ee", "oe", "ye")) and verb != "be":
        return verb[:-1] + "ing"
    return verb + "ing"


def conjugated(verb: str, plural: bool, present: bool) -> str:
    """A verb with particle ("give away") in the tense of the story, for one or several."""
    head, _, particle = verb.partition(" ")
    if present:
        form = ("are" if head == "be" else head) if plural else third(head)
    else:
        form = "were" if head == "be" and plural else past(head)
    return f"{form} {particle}".rstrip()

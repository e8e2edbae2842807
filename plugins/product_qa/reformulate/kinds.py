"""What kind of question a text is, by ordered rules on its first words."""

from __future__ import annotations

from typing import Literal

from plugins.product_qa.gate.features import words
from plugins.product_qa.gate.lexicon import listed

QuestionKind = Literal["root", "polar", "open", "request", "other"]
_ROOT = listed("what where when which who whom whose why what's where's who's whats")
_DEGREE = listed(
    "much many long old big tall wide high deep heavy far fast often thick large small loud hot cold strong"
)
_POLAR = listed(
    "do does did can could was were should would is isn't isnt has have had are aren't arent will won't wont am may"
    " doesn't doesnt don't dont can't cant"
)
_REQUEST = listed("tell show give list describe explain find compare name say let check recommend suggest")


def kind_of(question: str) -> QuestionKind:
    """root ("what", "how long"), polar ("is it"), open (another "how"), request ("tell me") or other.

    The ordered rules of SURF (section 3.1); a list of verbs stands in for its tagger.
    """
    parts = words(question)
    if not parts:
        return "other"
    first, second = parts[0], parts[1] if len(parts) > 1 else ""
    if first in _ROOT or (first == "how" and second in _DEGREE):
        return "root"
    if first in _POLAR:
        return "polar"
    if first == "how":
        return "open"
    return "request" if first in _REQUEST else "other"

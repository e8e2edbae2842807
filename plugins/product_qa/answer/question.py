"""What a question asks for: yes or no, a choice, opinions; and the same as a statement or an indirect question."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from plugins.product_qa.answer.words import content, series, straight

_BE = "is are was were isn't aren't wasn't weren't"
_DO = "do does did don't doesn't didn't"
_MODAL = (
    "can could will would should may might must has have had can't couldn't won't wouldn't shouldn't hasn't haven't"
)
AUXILIARIES = frozenset(f"{_BE} {_DO} {_MODAL}".split())
_BES, _DOS = frozenset(_BE.split()), frozenset(_DO.split())
_PRONOUNS = frozenset(
    series("""it this that these those they you i we he she there anyone anybody someone everything""")
)
_DETERMINERS = frozenset(["the", "this", "that", "these", "those", "your", "its", "their", "a", "an", "my", "any"])
_WH = frozenset(["what", "which", "who", "whom", "whose", "when", "where", "why", "how"])
_SPLIT = re.compile(r"(?<=[?!])\s+|(?<=[a-z0-9)\"]{2}[.])\s+|\n+")
_POLAR_INSIDE = re.compile(
    r"(?:^|[,;:-]\s*|\b(?:and|so|but|also|if so|hi|hello|question)[,:]?\s+)"
    r"(?:(?:is|are|was|were|do|does|did|can|could|will|would|should|has|have)(?:n't)?)\s+"
    r"(?:it|this|that|these|those|they|you|i|we|there|the|he|she|your|a|an|any|one|its|each|both|all)\b"
)
_CHOICE = re.compile(r"\bor\b(?!\s+(?:not|so|anything|more|less|something)\b)")
_OPINION = re.compile(
    r"\bwhat (?:do|did|are) (?:the |other |most )?(?:reviewers?|customers?|people|users?|buyers?|owners?"
    r"|others?|reviews?)\b"
    r"|\b(?:reviewers?|customers?|people|reviews?) (?:say|think|complain|mention|like)\b|\bopinions?\b"
    r"|\bany complaints?\b"
)
_ABOUT = re.compile(r"\b(?:about|of|on|with|regarding)\s+(?:the |its |their |his |her )?(.+)")
_YOU = {"i": "you", "my": "your", "me": "you", "mine": "yours", "myself": "yourself", "am": "are", "we": "you"}
_YOU |= {"our": "your", "us": "you", "i'm": "you are", "i've": "you have", "i'd": "you would", "i'll": "you will"}
#: Verbs that often stand behind the subject of a question, and words that begin what is said of a subject.
VERBS = frozenset(
    series(
        """come fit work have be need include hold use make take run stay get play go open do float connect
        require last charge stand support contain look feel smell taste leak break fade shrink stretch turn
        light move sound wash fold stack bend burn cut clean close cover lock keep keeps attach ship snap
        spin roll fly drive ride sit sleep melt dry rust peel scratch stain accommodate transform tear
        release match say show tell weigh cost measure recline rotate shut start stop stick slip slide store
        swing tip touch track train wear zip magnify mount plug"""
    )
)
_STARTS = frozenset(
    series("""a an the of in on for with to from compatible too very really still also only just safe ok""")
)
_PARTICIPLE = re.compile(
    r"(?:\w{3,}ed|made|built|sold|sewn|held|done|given|kept|known|meant|worn|suitable|safe|\w+proof)\Z"
)


@dataclass(frozen=True, slots=True)
class Question:
    """A question taken apart. `core` is the clause that asks; `properties` the stems of what it asks about."""

    text: str
    core: str
    polar: bool
    choice: bool
    opinion: bool
    topic: str
    properties: tuple[str, ...]


def question(text: str, known: Collection[str] = ()) -> Question:
    """Take a question apart. known: words of the product's title and category, which are no property asked about."""
    plain = " ".join(straight(text).split())
    parts = [part for part in _SPLIT.split(plain) if part.strip()] or [plain]
    asking = [part for part in parts if part.rstrip().endswith("?") or _first(part) in AUXILIARIES | _WH]
    core = asking[0] if asking else parts[-1]
    lower = core.lower().strip()
    polar = _first(lower) in AUXILIARIES or (_first(lower) not in _WH and _POLAR_INSIDE.search(lower) is not None)
    if not polar:
        other = next((part for part in asking[1:] if _first(part) in AUXILIARIES), None)
        if other is not None and _first(lower) not in _WH:
            core, lower, polar = other, other.lower().strip(), True
    choice = polar and _CHOICE.search(lower) is not None
    opinion = _OPINION.search(lower) is not None
    about = _ABOUT.search(lower) if opinion else None
    topic = about[1].strip(" ?.!") if about else ""
    skip = {one for word in known for one in content(word)}
    wanted = [one for one in content(topic or lower) if one not in skip]
    return Question(plain, core.strip(), polar and not choice, choice, opinion, topic, tuple(dict.fromkeys(wanted)))


def _first(text: str) -> str:
    found = re.match(r"\W*([a-z']+)", straight(text).lower())
    return found[1] if found else ""


def _yours(words: list[str]) -> list[str]:
    return [_YOU.get(word, word) for word in words]


def _third(verb: str) -> str:
    """A verb behind it, he or she."""
    if verb in ("have", "do", "go"):
        return {"have": "has", "do": "does", "go": "goes"}[verb]
    if re.search(r"(?:s|x|z|ch|sh)\Z", verb):
        return f"{verb}es"
    return f"{verb[:-1]}ies" if re.search(r"[^aeiou]y\Z", verb) else f"{verb}s"


def _subject(words: list[str], known: Collection[str], be: bool) -> int:
    """How many of the words behind an auxiliary are the subject; 0 where that is not clear."""
    if not words:
        return 0
    first, pointing = words[0], words[0] in _DETERMINERS
    if first in _PRONOUNS and not pointing:
        return 1
    named = 1 if pointing else 0
    while named < len(words) and words[named] in known:
        named += 1
    if named > int(pointing):
        return named
    if not be:
        verb = next((at for at, word in enumerate(words[:7]) if word in VERBS and at), 0)
        return verb or (1 if first in _PRONOUNS else 0)
    for at, word in enumerate(words[:6]):
        if at and (word in _STARTS or _PARTICIPLE.match(word)):
            return at
    if first in _PRONOUNS:
        return 1
    return len(words) - 1 if len(words) <= 3 else 0


def statement(text: str, known: Collection[str] = ()) -> str:
    """The statement that a yes/no question asks about: "does it leak?" -> "it leaks"; "" where it cannot be made.

    The customer's I becomes you. known: words that belong to the product's name.
    """
    words = straight(text).lower().strip(" ?.!").split()
    if words and words[0] in _WH:
        return ""
    while words and words[0].strip(",") not in AUXILIARIES and len(words) > 2:
        words = words[1:]
    if len(words) < 3 or words[0] not in AUXILIARIES:
        return ""
    return _stated(words, {word.lower() for word in known})


def _stated(words: list[str], known: Collection[str]) -> str:
    auxiliary, rest = words[0], words[1:]
    denied = auxiliary.endswith("n't")
    auxiliary = {"can't": "can", "won't": "will"}.get(auxiliary, auxiliary.removesuffix("n't"))
    count = _subject(rest, known, auxiliary in _BES)
    own, rest = _yours(rest[:count]), _yours(rest[count:])
    if not own or not rest:
        return ""
    if rest[0] == "not":
        denied, rest = True, rest[1:]
    if auxiliary in _DOS and not denied:
        if auxiliary == "does" and rest:
            rest = [_third(rest[0]), *rest[1:]]
        middle = ["did"] if auxiliary == "did" else []
    else:
        middle = [auxiliary] + (["not"] if denied else [])
    if own == ["you"] and middle[:1] in (["was"], ["is"], ["am"]):
        middle[0] = "are"
    return " ".join([*own, *middle, *rest])


def indirect(text: str, known: Collection[str] = ()) -> str:
    """The question behind "say": "whether it leaks", "how much it weighs"; "" where it cannot be made."""
    words = straight(text).lower().strip(" ?.!").split()
    names = {word.lower() for word in known}
    if words and words[0] in AUXILIARIES:
        said = statement(text, known)
        return f"whether {said}" if said else ""
    place = next((at for at, word in enumerate(words) if word in AUXILIARIES), None)
    if not words or words[0] not in _WH or place is None or place > 4:
        return ""
    head, auxiliary, rest = words[:place], words[place], words[place + 1 :]
    if not rest:
        return ""
    if auxiliary in _DOS or auxiliary not in _BES:
        said = _stated([auxiliary, *rest], names)
        return f"{' '.join(head)} {said}" if said else ""
    split = next((at for at, word in enumerate(rest) if at and _PARTICIPLE.match(word)), len(rest))
    count = 1 if rest[0] in _PRONOUNS and rest[0] not in _DETERMINERS else split
    if rest[0] in _DETERMINERS | _PRONOUNS and count < len(rest) and rest[count - 1] in _STARTS:
        return ""
    return " ".join([*head, *_yours(rest[:count]), auxiliary, *_yours(rest[count:])])

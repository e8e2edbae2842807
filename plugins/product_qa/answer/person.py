"""What a customer wrote, reported by somebody else: "I use it outside" -> "they use it outside"."""

from __future__ import annotations

import re

from plugins.product_qa.answer.words import straight

_PHRASES = (
    (r"\bi am\b|\bi'm\b|\bim\b", "they are"), (r"\bi was\b", "they were"), (r"\bi've\b", "they have"),
    (r"\bi'd\b", "they would"), (r"\bi'll\b", "they will"), (r"\bwe're\b", "they are"), (r"\bwe've\b", "they have"),
    (r"\bwe'll\b", "they will"), (r"\bwe'd\b", "they would"), (r"\bmyself\b", "themselves"),
    (r"\bourselves\b", "themselves"), (r"\bam i\b", "are they"), (r"\bwas i\b", "were they"),
    (r"\bi\b", "they"), (r"\bwe\b", "they"), (r"\bme\b|\bus\b", "them"), (r"\bmy\b|\bour\b", "their"),
    (r"\bmine\b|\bours\b", "theirs"),
)  # fmt: skip
_REPORT = tuple((re.compile(pattern, re.IGNORECASE), instead) for pattern, instead in _PHRASES)
_OPINION = re.compile(
    r"\A(?:(?:well|hi|hello|hey|so|and|but|also|ok|okay|however|plus|actually|honestly|basically|overall|all in all|"
    r"that said|fwiw|imo)\b[\s,!.-]*|"
    r"(?:(?:i|we) (?:really |do |would |personally |also )*(?:think|believe|guess|assume|suppose|feel|say"
        r"|found|find|noticed"
    r"|know|imagine)(?: that)?\b|as (?:far as )?i (?:recall|know|remember|can tell)|in my opinion|i(?:'m| "
        r"am) (?:pretty |quite "
    r"|fairly )?(?:sure|certain|positive)(?: that)?|from what i (?:can )?(?:see|remember|understand|know))[\s,]*)+",
    re.IGNORECASE,
)  # fmt: skip
_CLOSING = re.compile(
    r"[\s,.;!-]*\b(?:hope (?:this|that|it) helps?(?: you)?|i hope (?:this|that|it) helps?(?: you)?|thank(?:s| you)"
    r"(?: for (?:your|the) (?:question|interest|asking))?|good luck|enjoy|lol|sorry)[\s.!:)]*\Z",
    re.IGNORECASE,
)
_REPLY = re.compile(
    r"\A(?:yes|yep|yeah|yup|no|nope|sure|absolutely|definitely|correct|of course)\b[\s,.!;:-]*", re.IGNORECASE
)
_BARE_VERB = re.compile(
    r"\A(?:(?:it )?(?:comes?|came|fits?|works?|worked|includes?|included|holds?|supports?|measures?|weighs?|requires?|"
    r"needs?|contains?|features?|uses?|takes?|has|lasts?|appears?|seems?|makes?|made|runs?|stands?|keeps?"
    r"|looks?|feels?|has been|can be|"
    r"will|is|was|does|doesn't|isn't|adjusts?|folds?|allows?|provides?|offers?|can))\b(?! (?:this|it|the"
    r"|your|a|an)\b.*\?)",
    re.IGNORECASE,
)
_THIRD = {"have": "has", "do": "does", "go": "goes", "am": "is", "was": "was", "try": "tries", "carry": "carries"}
_FIRST = re.compile(
    r"\A(?:i|we) ((?:also|still|always|often|usually|just|only|really|never|even|\w+ly) )?([a-z]+)\b(.*)\Z",
    re.IGNORECASE | re.DOTALL,
)
_PAST = re.compile(r"(?:\w+ed|had|got|was|were|bought|made|took|gave|went|came|put|used|found|thought|left|kept|could"
    r"|would"
    r"|can|will|"
                   r"should|must|may|might|did|didn't|couldn't|wouldn't|can't|won't|cannot|read|said|told"
                       r"|wore|ran|had)\Z")  # fmt: skip


def without_preface(text: str) -> str:
    """A statement without "I think", "well" and "hope this helps"."""
    plain = straight(text).strip()
    for _ in range(3):
        shorter = _OPINION.sub("", plain, count=1).strip()
        if not shorter or shorter == plain:
            break
        plain = shorter
    return _CLOSING.sub("", plain).strip() or straight(text).strip()


def without_reply(text: str) -> str:
    """A statement without the yes or no at its beginning; the text itself where nothing else is in it."""
    rest = _REPLY.sub("", text).strip()
    return rest if len(rest.split()) > 1 else text


def reported(text: str) -> str:
    """A clause to stand behind "a customer says that": they for I and we, whole words only."""
    out = text
    for pattern, instead in _REPORT:
        out = pattern.sub(instead, out)
    return out


def personal(text: str) -> bool:
    """Whether a text speaks of the one who wrote it."""
    return any(pattern.search(straight(text)) for pattern, _ in _REPORT)


def third(text: str, subject: str) -> str:
    """ "I use it outside" -> "`subject` uses it outside"; "" where the text does not begin with I or we and a verb."""
    found = _FIRST.match(text)
    if found is None:
        return ""
    adverb, verb, rest = found[1] or "", found[2], reported(found[3])
    lower = verb.lower()
    if lower in ("am", "was", "were", "have", "do"):
        verb = {"am": "is", "was": "was", "were": "was", "have": "has", "do": "does"}[lower]
    elif lower.endswith("n't") or rest.startswith("'"):
        return ""
    elif not _PAST.match(lower):
        verb = _THIRD.get(lower) or (
            f"{verb}es" if re.search(r"(?:s|x|z|ch|sh|o)\Z", lower)
            else f"{verb[:-1]}ies" if re.search(r"[^aeiou]y\Z", lower) else f"{verb}s"
        )  # fmt: skip
    return f"{subject} {adverb}{verb}{rest}"


def complete(text: str) -> str:
    """A statement with a subject: "comes with stencils" -> "it comes with stencils"."""
    if _BARE_VERB.match(text) and not re.match(r"it\b", text, re.IGNORECASE):
        verb = text.split(" ", 1)[0].lower()
        if verb in ("made", "included"):
            return f"it is {text[:1].lower()}{text[1:]}"
        if verb in ("come", "fit", "work", "include", "hold", "support", "measure", "weigh", "require", "need",
                    "contain",
                    "feature", "use", "take", "last", "make", "run", "stand", "keep", "look", "feel", "adjust", "fold",
                    "allow", "provide", "offer"):  # fmt: skip
            head, _, rest = text.partition(" ")
            return f"it {head.lower()}s {rest}"
        return f"it {text[:1].lower()}{text[1:]}"
    return text

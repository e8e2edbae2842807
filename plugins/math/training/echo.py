"""Questions about the steps of a worked solution: the story, then what the step found out, asked instead of told."""

from __future__ import annotations

import re

from plugins.math.quantities import STOP

_EXPRESSION = r"[$(]*\.?\d[\d,.]*[)%]*(?:\s*[-+*/x×÷=]\s*[$(]*\.?\d[\d,.]*[)%]*)+"
_COMPUTED = re.compile(rf"(?P<before>[^\d$()]*?)\s*(?P<money>\$?)(?P<sum>{_EXPRESSION})(?P<after>[^\d$]*)\Z")
_LEAD = re.compile(
    r"^(?:(?:so(?! far)|thus|then|therefore|hence|first|next|now|and|finally|this means|that means|since then"
    r"|in total|altogether|we know|we can see)\b(?: that)?[, ]*)+",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[\"A-Z$\d])")
_CONDITION = re.compile(
    r"^(?:if|given that|assuming|suppose)\s+(?P<fact>.+?),\s*(?:then\s+)?"
    r"(?:(?:for|in|at|on|by) [^,]{1,30}, )?(?:how|what|calculate|find)\b",
    re.IGNORECASE,
)
_PAST = """sold sell,bought buy,had have,made make,ate eat,got get,spent spend,gave give,took take,ran run,read read,
paid pay,drank drink,drove drive,found find,left leave,lost lose,won win,wrote write,grew grow,caught catch,built build,
put put,cut cut,swam swim,slept sleep,rode ride,brought bring,kept keep,did do,went go,saw see,threw throw,flew fly,
earned earn,saved save,used use,needed need,collected collect,walked walk,picked pick,baked bake,received receive,
worked work,planted plant,watched watch,planned plan,owed owe,studied study,played play"""
_PRESENT = """sells sell,buys buy,has have,makes make,eats eat,gets get,spends spend,gives give,takes take,runs run,
reads read,pays pay,drinks drink,drives drive,finds find,leaves leave,wins win,writes write,uses use,needs need,
earns earn,saves save,collects collect,walks walk,picks pick,bakes bake,receives receive,works work,plants plant,
watches watch,owes owe,loses lose,produces produce,sleeps sleep,charges charge,burns burn,plays play,swims swim"""
_DID = dict(pair.split() for pair in _PAST.replace("\n", "").split(","))
_DOES = dict(pair.split() for pair in _PRESENT.replace("\n", "").split(","))
_PLURAL = {"they", "we", "you", "i"}
_BASE = frozenset(_DOES.values())
_MODAL = frozenset({"will", "can", "would", "could", "should", "must"})
_BE = frozenset({"is", "are", "was", "were"})
_BAD = re.compile(r"[=%+*/<>#\d\[\]:;\"]|\b(?:which|because|since|so that|minus|plus|times|divided|multipl\w+|since)\b")
_WORD = re.compile(r"\s*([a-z]+)(?![\w'’-])")
_CLAUSES = "when so that as than if then where while who after before and, means"
_PLURALS = frozenset(["people", "children", "men", "women", "feet", "mice", "sheep", "fish", "geese", "teeth", "deer"])
_CLAUSE = frozenset(_CLAUSES.split())
_NO_NOUN = STOP | {"last", "because", "less", "yesterday", "today", "tomorrow"}
_MOST_WORDS = 20


def story(question: str) -> str:
    """The text without its question; what a question takes for granted ("If each box costs $5, how ...") stays."""
    sentences = _SENTENCE.split(question.strip())
    kept: list[str] = []
    for sentence in sentences:
        asks = sentence.endswith("?") or re.match(r"(?:calculate|find|determine)\b", sentence, re.IGNORECASE)
        if not asks:
            kept.append(sentence)
        elif fact := _CONDITION.match(sentence):
            kept.append(f"{fact['fact'][0].upper()}{fact['fact'][1:]}.")
    return " ".join(kept)


def asked(sentence: str) -> str:
    """The sentence of a step as a question about its result; empty where no simple rule makes one.

    "Natalia sold 48/2 = 24 clips in May." gives "How many clips did Natalia sell in May?".
    """
    sentence = re.sub(r"\s+", " ", sentence).strip().rstrip(".!")
    match = _COMPUTED.match(_LEAD.sub("", sentence))
    if match is None:
        return ""
    before, after = match["before"].strip(), match["after"].strip()
    if len(f"{before} {after}".split()) > _MOST_WORDS or _BAD.search(f"{before} {after}") or "=" not in match["sum"]:
        return ""
    money = "$" in match["money"] + match["sum"] or after.startswith("dollars")
    after = after.removeprefix("dollars").strip() if money else after
    if money:
        what = "How much money" if not before.endswith(("cost", "costs", "is", "was")) else "How much"
    elif noun := _noun(after):
        what, after = f"How many {noun}", after[len(noun) :].strip()
    else:
        return ""
    words = before.split()
    if not words or "," in before or words[-1] in ("a", "an", "the") or _CLAUSE & {word.lower() for word in words}:
        return ""
    turned = _turned(words)
    if turned is None:
        return f"{_capital(before)} {what[0].lower()}{what[1:]}{_spaced(after)}?" if len(words) > 1 else ""
    return f"{what} {turned}{_spaced(after)}?"


def _noun(text: str) -> str:
    """The noun phrase at the start of a text, up to its first plural; empty where there is none in three words."""
    place, words = 0, 0
    while words < 3 and (found := _WORD.match(text, place)) and found[1] not in _NO_NOUN:
        place, words = found.end(), words + 1
        if found[1] in _PLURALS or re.fullmatch(r".{2,}[^su]s", found[1]):
            return text[:place]
    return ""


def _turned(words: list[str]) -> str | None:
    """Subject and verb in the order of a question; None where the last word is no verb that is known."""
    *subject, verb = words
    who = " ".join([_small(subject[0]), *subject[1:]]) if subject else ""
    if not subject:
        return None
    if who == "there" and verb in _BE:
        return f"{verb} there"
    if len(subject) > 1 and subject[-1] in _MODAL and verb in _BASE:
        return f"{subject[-1]} {' '.join([_small(subject[0]), *subject[1:-1]])} {verb}"
    if _MODAL & set(subject) or subject[-1] in _BE or subject[-1] == "to":
        return None
    if verb in _DID and verb != "read":
        return f"did {who} {_DID[verb]}"
    if verb in _DOES:
        return f"does {who} {_DOES[verb]}"
    if verb in _BASE and who in _PLURAL:
        return f"do {who} {verb}"
    if verb in ("cost", "costs"):
        return f"{'does' if verb == 'costs' else 'did'} {who} cost"
    return None


def _small(word: str) -> str:
    starts = {
        "He",
        "She",
        "They",
        "It",
        "We",
        "The",
        "Each",
        "There",
        "His",
        "Her",
        "Their",
        "All",
        "Every",
        "You",
        "A",
    }
    return word.lower() if word in starts else word


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _spaced(text: str) -> str:
    return f" {text}" if text and text[0].isalnum() else text

"""Whether everything an answer says stands in its evidence: every number, name and content word."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from plugins.product_qa.answer.opinions import count
from plugins.product_qa.answer.polarity import OPPOSITES
from plugins.product_qa.answer.question import question as taken_apart
from plugins.product_qa.answer.realise import readable, written
from plugins.product_qa.answer.sources import links
from plugins.product_qa.answer.structure import leaves, split
from plugins.product_qa.answer.words import FRAME, UNITS, content, negations, number, quantities, stem, tokens
from plugins.product_qa.types import Attribute, Passage, Ranked

_VERDICT = re.compile(r"\A\W*(?:yes|no)\b[.,;:!]*\s*", re.IGNORECASE)
_COUNTED = re.compile(r"\b(?:(\d+) of (\d+)|(?:all|none of the) (\d+)) reviewers\b", re.IGNORECASE)
#: Behind these a number of the question may be repeated: it is a bound, and nothing about the product.
_BOUND = frozenset(
    ["under", "over", "than", "least", "most", "below", "above", "to", "within", "exactly", "about", "not", "for"]
)
_RANGE = 4
#: How far a negation reaches, in words.
_SCOPE = 5
#: What an answer says of its own ignorance: it repeats the question, and its negation is no claim about the product.
_UNSTATED = re.compile(r"\bThe shop's pages do not (?:say|answer|state)\b(?P<what>[^.]*(?:\.\d[^.]*)*)\.?")
_DENIAL = re.compile(
    r":\s*(?:no|false|0)\b|value:\s*(?:false|0)\b|\b(?:free|only|unable|fail\w*|lack\w*|except|separately)\b|(?:cord|wire|seam|scent|sleeve|strap|odor|color|use)less\b",
    re.IGNORECASE,
)
_NAME = re.compile(r"(?<![.!?:]\s)(?<!\A)\b[A-Z][\w'-]*\b")


def _text(passage: Passage) -> str:
    """All that a passage says, nested values and its question included."""
    parts = [passage.text, passage.question]
    attribute = passage.attribute
    if attribute is None and passage.source == "attribute":
        name, value = split(passage.text)
        attribute = Attribute(name, value) if name else None
    if attribute is not None:
        parts += [written(attribute), readable(attribute.name)]
        for leaf in leaves(attribute.value, attribute.unit):
            parts.append(" ".join(leaf.path).replace("_", " "))
            parts.append({"true": "yes", "false": "no"}.get(leaf.text, ""))
    return " \n ".join(parts)


def grounded(
    answer: str, question: str, evidence: Sequence[Ranked | Passage], derived: Iterable[str] = ()
) -> list[str]:
    """What an answer says without support: numbers, units, names, content words, denials, addresses; empty when none.

    A number must stand in the evidence with the same unit (where the evidence gives it one); a number of the question
    is allowed as a bound ("under 2 kilograms"). A count of reviewers must be the count that the evidence gives. Words
    are compared by stem with evidence and question; words of a closed list that names no property need no support. An
    answer that denies needs evidence that denies or says the opposite. `derived` are further texts that may be
    repeated: titles of the products, whose words are no property asked about either. A "Yes" or "No" at the beginning
    is a decision and is not looked at.
    """
    passages = [one.passage if isinstance(one, Ranked) else one for one in evidence]
    derived = list(derived)
    texts = [*map(_text, passages), *derived]
    together = " \n ".join(texts)
    body = _VERDICT.sub("", answer)
    counted, wrong = _counts(_unstated(body, f"{question} {' '.join(derived)}"), question, passages, derived)
    missing = [*wrong, *_numbers(counted, question, together), *_words(counted, question, together)]
    missing += [*_denials(counted, question, together), *_addresses(answer, together)]
    return list(dict.fromkeys(missing))


def _unstated(body: str, question: str) -> str:
    """The answer without what it says is not stated, as far as that only repeats the question."""
    held = set(content(question)) | {value for value, _ in quantities(question)}

    def repeated(found: re.Match[str]) -> str:
        own = set(content(found["what"])) | {value for value, _ in quantities(found["what"])}
        return "" if own <= held | FRAME else found.group()

    return _UNSTATED.sub(repeated, body)


def _counts(body: str, question: str, passages: Sequence[Passage], derived: Iterable[str]) -> tuple[str, list[str]]:
    """The answer without its counts of reviewers, and the counts that are not those of the evidence."""
    wrong: list[str] = []
    for found in _COUNTED.finditer(body):
        real = count(taken_apart(question, tokens(" ".join(derived))), passages)
        head = found.group().lower()
        yes = int(found[1]) if found[1] else int(found[3]) if head.startswith("all") else 0
        total = int(found[2] or found[3])
        if (yes, total) != (len(real.favour), real.total):
            wrong.append(found.group())
    return _COUNTED.sub("reviewers", body), wrong


def _numbers(body: str, question: str, together: str) -> list[str]:
    held: dict[str, set[str]] = {}
    for found, unit_of in quantities(together):
        held.setdefault(found, set()).add(unit_of)
    asked = {value for value, _ in quantities(question)}
    units = {UNITS[part] for part in tokens(together) if part in UNITS}
    parts, missing = tokens(body), []
    for at, token in enumerate(parts):
        value = number(token)
        if value is None:
            continue
        unit = UNITS.get(parts[at + 1], "") if at + 1 < len(parts) else ""
        if value in held:
            own = held[value] - {""}
            if unit and unit not in held[value] and (("" not in held[value] and own) or unit not in units):
                missing.append(f"{token} {parts[at + 1]}")
        elif not (value in asked and _BOUND & set(parts[max(0, at - _RANGE) : at])):
            missing.append(token)
    return missing


def _words(body: str, question: str, together: str) -> list[str]:
    held = set(content(together)) | set(content(question))
    held |= {stem(part) for part in tokens(f"{together} {question}")}
    named = {part.lower() for part in re.findall(r"\w+", f"{together} {question}")}
    missing = []
    for token in tokens(body):
        if not token[0].isalpha() or token in UNITS or number(token) is not None:
            continue
        own = content(token)
        if own and own[0] not in held and own[0] not in FRAME:
            missing.append(token)
    for name in _NAME.findall(body):
        lower = name.lower().removesuffix("'s")
        if lower not in named and stem(lower) not in held and stem(lower) not in FRAME and content(lower):
            missing.append(lower)
    return missing


def _denials(body: str, question: str, together: str) -> list[str]:
    """Negation that nothing in the evidence supports, or of a word that the evidence never negates."""
    parts, theirs = tokens(body), tokens(together)
    own = [parts[at] for at in negations(parts)]
    if not own or _DENIAL.search(together):
        return []
    if negations(theirs):
        return [] if any(_negated(parts, at, theirs) for at in negations(parts)) else [own[0]]
    held = set(content(together))
    wanted = set(content(question)) | set(content(body))
    if any(OPPOSITES.get(word, set()) & held for word in wanted) or negations(tokens(question)):
        return []
    bounds = {value for value, _ in quantities(question)} & {value for value, _ in quantities(body)}
    return [] if bounds and "which is not" in body else [own[0]]


def _negated(parts: Sequence[str], at: int, theirs: Sequence[str]) -> bool:
    """Whether what a negation stands before is negated in the evidence too, or does not stand there."""
    word = next((stem(one) for one in parts[at + 1 : at + 1 + _SCOPE] if content(one)), "")
    places = [place for place, one in enumerate(theirs) if stem(one) == word]
    return not places or any(-2 <= place - other <= _SCOPE for place in places for other in negations(list(theirs)))


def _addresses(answer: str, together: str) -> list[str]:
    held = set(links(together))
    return [link for link in links(answer) if link not in held]

"""Whether a text answers a yes/no question with yes or with no, and what stance it takes to a property.

A logistic regression over features of negation: which words of the question the text repeats, what negates them, what
contradicts them. Its weights are learned from answers that begin with yes or no (see `training.stances`).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from plugins.product_qa.answer.question import Question
from plugins.product_qa.answer.words import content, negations, number, stem, tokens
from plugins.product_qa.types import CatalogueError, Source

FILE = Path(__file__).with_name("polarity.json")
FORMAT = 1
_OPPOSITES = """quiet:loud,noisy,noise,loudly heavy:light,lightweight hard:easy,soft,simple,easily
difficult:easy,simple,easily big:small,tiny,little large:small,tiny,little long:short tall:short
wide:narrow thick:thin warm:cold hot:cold fast:slow sturdy:flimsy,fragile,wobbly
durable:flimsy,fragile,broke,breaks strong:weak,flimsy stable:wobbly,unstable,tips
comfortable:uncomfortable,painful,hurts clean:dirty bright:dim,dark sharp:dull,blunt
good:bad,poor,terrible,awful cheap:expensive,pricey smooth:rough indoor:outdoor indoors:outdoors
boy:girl boys:girls adult:child adults:kids included:separately real:fake,imitation
new:used,refurbished wireless:wired,corded cordless:corded left:right rechargeable:disposable
waterproof:leaks,leaked,leaking original:replica,replacement,aftermarket oem:aftermarket
plastic:metal,wooden,wood,steel metal:plastic wood:plastic,metal assembled:assembly,assemble
safe:unsafe,dangerous rigid:flexible,foldable stiff:soft,flexible men:women,womens women:men,mens
matte:glossy,shiny hardcover:paperback washable:spot removable:attached,fixed adjustable:fixed
fresh:stale sweet:bitter tight:loose breathable:sweaty accurate:inaccurate reliable:unreliable
compatible:incompatible worth:waste"""
#: Stem -> stems that mean the opposite, both ways.
OPPOSITES: dict[str, set[str]] = {}
for _entry in _OPPOSITES.split():
    _word, _, _others = _entry.partition(":")
    for _other in _others.split(","):
        OPPOSITES.setdefault(stem(_word), set()).add(stem(_other))
        OPPOSITES.setdefault(stem(_other), set()).add(stem(_word))
_YES = re.compile(
    r"\W*(?:yes|yep|yeah|yup|absolutely|definitely|certainly|of course|correct|sure(?! if| about)|it "
    r"(?:does|is|will|can)\b(?! not|n't))",
    re.I,
)
_NO = re.compile(
    r"\W*(?:no(?:pe)?(?:\W*[,.;!:-]|\s+(?:it|they|you|this|these|i|the|there|not|sorry)\b|\W*\Z)|not "
    r"(?:at all|really|that)|unfortunately|sorry|nah\b)",
    re.I,
)
_HARMLESS = re.compile(
    r"\b(?:no (?:problems?|issues?|trouble|doubt|complaints?|difficult\w*)|not only|without (?:any "
    r")?(?:problems?|issues?|trouble)|not bad|can't go wrong|why not)\b",
    re.I,
)
_TROUBLE = re.compile(
    r"\b(?:impossible|unable|difficult|hard to|too (?:small|big|large|short|heavy|tight|hard)|only"
    r"|separately|broke|fails?|failed|stopped|poor|cheap(?:ly)?|disappoint\w*|return(?:ed)?|wish|instead"
    r"|rather than|except|doubt|unlikely|beware|unless)\b",
    re.I,
)
_PRAISE = re.compile(
    r"\b(?:perfect\w*|great|works?|easy|easily|love\w*|excellent|good|well|fits?|includes?|comes? with|any"
    r"|all|compatible|can be|also|even|both|no (?:problems?|issues?|trouble))\b",
    re.I,
)
_HEDGE = re.compile(r"\b(?:but|however|although|though|if|unless|except|depends|maybe|might|probably)\b", re.I)
_NEED = re.compile(r"\b(?:need|needs|required?|have to|has to|necessary|separately|purchase|buy)\b", re.I)
_GOT = re.compile(r"\b(?:included|includes|comes? with|already|pre-?\w+ed)\b", re.I)
_AGREES = re.compile(r"\W*(?:yes|yep|yeah|yup|absolutely|definitely|certainly|of course|correct|sure)\b", re.I)
_FOLLOW = 5


@dataclass(frozen=True, slots=True)
class Stance:
    """`yes`: the probability that a text answers yes; `mention`: share of what is asked about that it speaks of."""

    yes: float
    mention: float


def mentions(asked: Question, text: str) -> tuple[float, float, float]:
    """How much of what is asked about a text repeats, (plain, negated, as its opposite), each a share in [0, 1]."""
    parts = tokens(_HARMLESS.sub(" ", text))
    stems = [stem(part) for part in parts]
    negated_at = negations(parts)
    plain, denied, opposed = 0.0, 0.0, 0.0
    for wanted in asked.properties:
        places = [at for at, one in enumerate(stems) if one == wanted]
        contrary = [at for at, one in enumerate(stems) if one in OPPOSITES.get(wanted, ())]
        if not places and not contrary:
            continue
        at = (places or contrary)[0]
        negated = sum(1 for place in negated_at if 0 < at - place <= _FOLLOW or 0 < place - at <= 2) % 2 == 1
        if wanted + "-" in text.lower() + "-" and re.search(rf"{re.escape(wanted)}\w*[- ]free\b", text.lower()):
            negated = not negated
        if places:
            plain, denied = plain + (not negated), denied + negated
        else:
            opposed, denied = opposed + (not negated), denied
            plain += negated
    count = max(1, len(asked.properties))
    return plain / count, denied / count, opposed / count


NAMES = (
    "bias", "begins_yes", "begins_no", "plain", "denied", "opposed", "any_negation", "question_negated", "harmless",
    "trouble", "praise", "hedge", "need_got", "need", "value_true", "value_false", "attribute",
    "attribute_value_missing",
    "number_same", "number_other", "review", "answer", "reply_yes", "reply_no", "length", "nothing",
)  # fmt: skip


def features(asked: Question, text: str, source: Source, replied: str = "") -> list[float]:
    """Features in the order of `NAMES`. replied: the question that a community answer was given to."""
    plain, denied, opposed = mentions(asked, text)
    parts = tokens(_HARMLESS.sub(" ", text))
    own = [value for value in map(number, tokens(asked.core)) if value]
    theirs = {value for value in map(number, parts) if value}
    true = bool(re.search(r"value:\s*true|:\s*(?:yes|true)\b", text, re.I))
    false = bool(re.search(r"value:\s*false|:\s*(?:no|false)\b", text, re.I))
    value = set(content(text.partition(":")[2])) if source == "attribute" else set()
    missing = source == "attribute" and not true and not false and not value & set(asked.properties)
    alike = bool(replied) and len(set(content(replied)) & set(asked.properties)) * 2 >= len(asked.properties) > 0
    begins_yes, begins_no = _YES.match(text) is not None, _NO.match(text) is not None
    needed = _NEED.search(asked.core) is not None
    flags = (
        True, begins_yes, begins_no, plain, denied, opposed, min(2, len(negations(parts))),
        re.match(r"\w+n't\b", asked.core) is not None, _HARMLESS.search(text) is not None,
        _TROUBLE.search(text) is not None, _PRAISE.search(text) is not None, _HEDGE.search(text) is not None,
        needed and _GOT.search(text) is not None, needed, true, false, source == "attribute", missing,
        bool(own) and bool(set(own) & theirs), bool(own) and bool(theirs) and not set(own) & theirs,
        source == "review", source == "answer", alike and begins_yes, alike and begins_no,
        min(1.0, len(parts) / 40), plain + denied + opposed == 0,
    )  # fmt: skip
    return [float(flag) for flag in flags]


@cache
def load(path: Path = FILE) -> Mapping[str, float]:
    """Weights by name of the feature, and "threshold". Raises CatalogueError where the file is missing or damaged."""
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
        if body["format"] != FORMAT or set(NAMES) - set(body["weights"]):
            raise CatalogueError(f"{path}: not of the features of this version")
        return {str(key): float(value) for key, value in body["weights"].items()}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CatalogueError(f"{path}: not a file of weights: {error}") from error


def stance(asked: Question, text: str, source: Source, replied: str = "") -> Stance:
    """What a text answers to a yes/no question."""
    weights = load()
    row = features(asked, text, source, replied)
    logit = sum(weights[name] * value for name, value in zip(NAMES, row, strict=True))
    return Stance(1 / (1 + math.exp(-max(-30.0, min(30.0, logit)))), sum(mentions(asked, text)))


def verdict(asked: Question, text: str, source: Source, replied: str = "") -> bool | None:
    """Yes, no, or None where it is not clear enough; the thresholds come with the weights.

    A text that neither speaks of what is asked about nor begins with yes or no is never a yes: what is likely for any
    product is no evidence for this one.
    """
    if not asked.polar:
        return None
    found = stance(asked, text, source, replied)
    weights = load()
    if found.yes >= weights["threshold"]:
        return True if found.mention or _AGREES.match(text) else None
    return False if found.yes <= 1 - weights["threshold_no"] else None


def fit(rows: Sequence[Sequence[float]], labels: Sequence[bool], ridge: float = 1.0, rounds: int = 30) -> list[float]:
    """Weights of the logistic regression with an L2 penalty, by Newton's method."""
    import numpy as np

    inputs, wanted = np.asarray(rows, np.float64), np.asarray(labels, np.float64)
    weights = np.zeros(inputs.shape[1])
    penalty = ridge * np.eye(inputs.shape[1])
    penalty[0, 0] = 1e-6
    for _ in range(rounds):
        chances = 1 / (1 + np.exp(-inputs @ weights))
        gradient = inputs.T @ (chances - wanted) + penalty @ weights
        curvature = (inputs * (chances * (1 - chances))[:, None]).T @ inputs + penalty
        weights -= np.linalg.solve(curvature, gradient)
    return [float(value) for value in weights]

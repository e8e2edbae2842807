"""Generalise (GEN of SURF, section 3.2): side remarks, adjuncts and adjectives are dropped, nouns made wider."""

from __future__ import annotations

import re

from plugins.product_qa.gate.lexicon import AUXILIARIES, FUNCTION, listed
from plugins.product_qa.reformulate.kinds import kind_of

#: wider: narrower. The wider word is one that product pages use.
_HYPERNYMS = {
    "appliance": "kettle toaster blender fridge refrigerator freezer oven stove mixer juicer",
    "phone": "iphone android galaxy smartphone cellphone",
    "tablet": "ipad kindle",
    "computer": "laptop macbook notebook chromebook desktop",
    "vehicle": "car truck jeep suv van motorcycle motorbike",
    "shoes": "sneakers boots sandals heels loafers slippers",
    "bag": "backpack rucksack handbag purse satchel tote duffel",
    "furniture": "chair table sofa couch bookcase shelf desk stool",
    "clothing": "shirt dress jacket coat sweater hoodie trousers jeans skirt",
    "child": "toddler baby son daughter grandson granddaughter nephew niece kid",
    "children": "toddlers babies sons daughters grandsons granddaughters kids",
    "pet": "dog cat puppy kitten hamster",
    "floor": "carpet hardwood laminate linoleum",
    "drink": "coffee tea juice beer wine soda milk",
    "food": "chicken beef rice pasta bread cheese pizza soup",
    "jewellery": "ring necklace bracelet earrings pendant",
    "tool": "drill saw hammer screwdriver wrench sander",
    "headphones": "earbuds earphones headset",
    "toy": "doll lego puzzle figurine",
}
_WIDER = {narrow: wide for wide, narrows in _HYPERNYMS.items() for narrow in narrows.split()}
_ADJECTIVES = listed(
    "new old big small large little good great nice best better bad cheap expensive original real actual regular normal"
    " standard basic exact same different other certain specific particular entire whole full main extra additional"
    " black white red blue green yellow pink grey gray brown purple orange silver beautiful pretty cute amazing average"
    " typical really very actually just only also exactly quite pretty possibly currently still ever even already"
    " specifically professional modern brand various several own"
)
#: Where an adjunct may begin: what follows is dropped, if enough stays.
_ADJUNCT = re.compile(
    r",? (?:if|when|while|because|since|so that|so|but|or else|without|during|after|before|until|unless|instead of"
    r"|rather than|other than|as well as|such as|like|along with|together with|at the same time|in order to|which|who"
    r"|that (?:is|are|was|were|has|have|came|comes|i)|and (?:is|are|does|do|can|will|if|what|how|also)"
    r"|as|from|at|on|in|for|with)\b"
)  # fmt: skip
#: Prepositions that carry the relation asked for ("work with", "made of", "fit in"), not an adjunct.
_BOUND = listed("with for in on at from")
_BINDING = listed(
    "work works compatible come comes fit fits made used use connect connects plug plugs go goes stand stands good"
    " safe suitable attach attaches is are this it these included available pair run runs made"
)
_SENTENCE = re.compile(r"(?<=[.?!])\s+|\s+--?\s+")
#: Part numbers, sizes in brackets, quoted words.
_NUMBERED = re.compile(
    r"\b(?:model|part|item|serial)?\s*(?:number|no\.?|#)?\s*#?\b(?=[\w/-]*\d)(?=[\w/-]*[a-z])[\w/-]{4,}\b"
    r"|\([^)]*\)"
)
_LEAST, _LONGEST = 3, 400


def generalised(question: str) -> str:
    """A wider question, empty where nothing was dropped or replaced."""
    given = " ".join(question.lower().replace("’", "'").split())[:_LONGEST]
    text = _asking(given)
    text = _NUMBERED.sub("", text)
    whole = text.rstrip(" ?.!")
    tokens = _shortened(whole).split()
    kept: list[str] = []
    for word, follow in zip(tokens, [*tokens[1:], ""], strict=False):
        plain = word.strip(",.;:\"'")
        # An adjective before its noun; "is it big" asks for it.
        if plain in _ADJECTIVES and kept and follow and follow not in FUNCTION:
            continue
        kept.append(word.replace(plain, _WIDER[plain]) if plain in _WIDER else word)
    loose = FUNCTION - AUXILIARIES - {"it", "this", "these", "they", "them"}
    while len(tokens) < len(whole.split()) and len(kept) > _LEAST and kept[-1].strip(",") in loose:
        kept.pop()
    text = " ".join(kept).strip(" ,")
    if not any(word not in FUNCTION for word in text.split()) or text == given.rstrip(" ?.!"):
        return ""
    return f"{text}?"


def _asking(text: str) -> str:
    """The sentence that asks, the last one where several do."""
    sentences = [part.strip() for part in _SENTENCE.split(text) if part.strip()]
    asking = [part for part in sentences if kind_of(part) != "other" and len(part.split()) >= _LEAST]
    best = [part for part in asking if part.endswith("?")] or asking
    if best:
        return best[0]
    if found := re.search(r"\b(?:is|are|does|do|can|will|would|what|how|which|where)\b (?:\S+ ){2,}\S+\?", text):
        return found[0]
    return text


def _shortened(text: str) -> str:
    """Without the adjuncts at the end, as long as three words and one that carries meaning stay."""
    for match in _ADJUNCT.finditer(text):
        head = text[: match.start()]
        words = head.split()
        content = [word for word in words if word not in FUNCTION]
        if len(words) < _LEAST or not content:
            continue
        mark = match[0].strip(" ,")
        if mark in _BOUND and (words[-1] in _BINDING or (words[-1] in FUNCTION and mark != "for")):
            continue
        if mark in ("that is", "as", "like") and words[-1] in AUXILIARIES:
            continue
        return head
    return text

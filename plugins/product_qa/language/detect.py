"""The language of a question, by its script and its most frequent words. Simple, and honest about short texts."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

#: Function words of the languages of xPQA that are written in Latin letters, and of English.
_WORDS = {
    "en": "the is it this of and to in for does do can will what how are you have with that my or if i be on "
        "not any fit",
    "de": "der die das ist es ein eine und zu in für kann man wie was sind mit nicht ich auch den dem von hat "
        "wird auf oder im"
          " viel groß passt welche gibt haben sich aus bei kein keine einen sie",
    "fr": "le la les est il un une et à de des pour que qui dans ce cette avec pas je est-ce peut combien "
        "quelle quel vous sont"
          " sur au du en ou comment elle plus",
    "es": "el la los las es un una y de para que en con no se puede cuánto qué cómo cuál tiene son por su este "
        "esta hay del al"
          " lo viene sirve",
    "it": "il la lo gli le è un una e di per che in con non si può quanto cosa come qual questo questa ha sono "
        "della del al"
          " anche quali posso",
    "pt": "o a os as é um uma e de para que em com não se pode quanto qual como tem são por este esta do da no "
        "na você isso vem",
    "pl": "czy jest to w na i z do się nie jak ile dla można ma są jaki jaka jakie co po od tego ten ta",
}  # fmt: skip
_SETS = {name: frozenset(words.split()) for name, words in _WORDS.items()}
_SCRIPTS = (
    ("ja", ("HIRAGANA", "KATAKANA")), ("ko", ("HANGUL",)), ("hi", ("DEVANAGARI",)), ("ta", ("TAMIL",)),
    ("ar", ("ARABIC",)), ("zh", ("CJK",)), ("ru", ("CYRILLIC",)),
)  # fmt: skip
_LETTERS = {"de": "äöüß", "fr": "çœêèàù", "es": "ñ¿¡", "pt": "ãõ", "pl": "ąęłńśźż", "it": "ìò"}
_WORD = re.compile(r"[^\W\d_]+(?:[-'][^\W\d_]+)*")


@dataclass(frozen=True, slots=True)
class Detected:
    """`language` as an ISO 639-1 code; `share` how much of the text's evidence is for it, 0 where there is none."""

    language: str
    share: float


def detect(text: str, default: str = "en") -> Detected:
    """The language of a text; `default` with share 0 where nothing tells. At most the first 2,000 characters count."""
    text = unicodedata.normalize("NFC", text[:2000])
    letters = [sign for sign in text if sign.isalpha()]
    if not letters:
        return Detected(default, 0.0)
    for name, scripts in _SCRIPTS:
        own = sum(unicodedata.name(sign, "").startswith(scripts) for sign in letters)
        if own / len(letters) > (0.1 if name == "ja" else 0.3):
            return Detected(name, own / len(letters))
    words = _WORD.findall(text.lower())
    scores = {name: float(sum(word in known for word in words)) for name, known in _SETS.items()}
    for name, signs in _LETTERS.items():
        scores[name] += 0.75 * sum(any(sign in signs for sign in word) for word in words)
    total = sum(scores.values())
    if not total:
        return Detected(default, 0.0)
    best = max(scores, key=lambda name: (scores[name], name == default))
    return Detected(best, scores[best] / total)

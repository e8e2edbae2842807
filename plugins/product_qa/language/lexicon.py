"""A translator of a few hundred words, German and English: it exercises the hook, and is no translation system.

Word by word, longest phrase first, with two reorderings: the verb at the end of a German clause behind a modal verb,
and the verb before the subject of a German yes/no question. Endings are ignored. It refuses texts of which it knows too
little instead of guessing.
"""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path

from plugins.product_qa.language.translator import TranslationError
from plugins.product_qa.types import CatalogueError

FILE = Path(__file__).with_name("de_en.tsv")
#: Share of the words that must be known.
KNOWN = 0.7
_TOKEN = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+(?:[-'][^\W\d_]+)*|[^\w\s]")
_ENDINGS = ("en", "er", "es", "em", "e", "n", "s")
_MODALS = frozenset(["can", "must", "may", "should", "will"])
_PRONOUNS = frozenset(["it", "you", "i", "they", "one", "he", "she", "this"])
_LONGEST = 4


class Lexicon:
    """German to English and back, from a table of `german TAB english` lines; the first line of a word is its best."""

    def __init__(self, path: Path = FILE) -> None:
        self._path = path

    @cached_property
    def _tables(self) -> tuple[dict[str, str], dict[str, str]]:
        """Both directions. Raises CatalogueError naming the line that is wrong."""
        there: dict[str, str] = {}
        back: dict[str, str] = {}
        try:
            lines = self._path.read_text(encoding="utf-8").splitlines()
        except OSError as error:
            raise CatalogueError(f"{self._path}: {error}") from error
        for number, line in enumerate(lines, 1):
            if not line.strip() or line.startswith("#"):
                continue
            german, tab, english = line.partition("\t")
            if not tab or not german.strip() or not english.strip():
                raise CatalogueError(f"{self._path}: line {number}: not of the form german TAB english")
            there.setdefault(german.strip().lower(), english.strip())
            back.setdefault(english.strip().lower(), german.strip())
        return there, back

    @property
    def size(self) -> int:
        """How many German words and phrases it knows."""
        return len(self._tables[0])

    def knows(self, source: str, target: str) -> bool:
        """German and English only."""
        return {source, target} == {"de", "en"}

    def translate(self, text: str, source: str, target: str) -> str:
        """Word by word. Raises TranslationError for other languages, and where less than `KNOWN` of the words are."""
        if not self.knows(source, target):
            raise TranslationError(f"no translation from {source} to {target}")
        table = self._tables[0 if source == "de" else 1]
        parts = _TOKEN.findall(text[:4000])
        out: list[str] = []
        known = words = at = 0
        while at < len(parts):
            size = next((n for n in range(_LONGEST, 0, -1) if " ".join(parts[at : at + n]).lower() in table), 0)
            single = parts[at]
            word = single[0].isalpha()
            words += size or word
            if size:
                out.append(table[" ".join(parts[at : at + size]).lower()])
                known += size
            elif word and (found := self._inflected(single, table)):
                out.append(found)
                known += 1
            else:
                out.append(single if source == "en" or word else self._number(single))
                known += word and single[0].isupper() and at > 0 and source == "en"  # a name
            at += size or 1
        if words and known / words < KNOWN:
            raise TranslationError(f"{words - known} of {words} words are not in the lexicon")
        return _joined(_ordered(out) if source == "de" else out, capital=text[:1].isupper())

    @staticmethod
    def _number(token: str) -> str:
        return token.replace(",", ".") if re.fullmatch(r"\d+,\d{1,2}", token) else token

    @staticmethod
    def _inflected(word: str, table: dict[str, str]) -> str:
        lower = word.lower()
        for ending in _ENDINGS:
            if lower.endswith(ending) and len(lower) > len(ending) + 2 and lower[: -len(ending)] in table:
                return table[lower[: -len(ending)]]
        return ""


def _ordered(parts: list[str]) -> list[str]:
    """German order into English: "can I it outside use" -> "can I use it outside"."""
    end = next((at for at, part in enumerate(parts) if part in "?.!"), len(parts))
    body, rest = " ".join(parts[:end]).split(), parts[end:]
    modal = next((at for at, part in enumerate(body) if part.lower() in _MODALS), None)
    if modal is not None and len(body) - modal > 3:
        subject = modal + 2
        if body[modal + 1].lower() not in _PRONOUNS:
            subject = min(modal + 3, len(body) - 1)
        body = [*body[:subject], body[-1], *body[subject:-1]]
    return body + rest


def _joined(parts: list[str], capital: bool) -> str:
    text = re.sub(r"\s+([?.!,;:)])", r"\1", " ".join(part for part in parts if part))
    return text[:1].upper() + text[1:] if capital else text

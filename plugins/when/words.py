"""Spoken English brought into one written form: numbers as digits, "a m" as am, with offsets into the original text.

Patterns over the canonical form stay short: "quarter to eight p. m. on the twenty-second" becomes
"quarter to 8 pm on the 22th".
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace

#: Text beyond this many characters is not looked at: nobody says a time in so many words.
MAX_TEXT = 2_000

UNITS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17,
    "eighteen": 18, "nineteen": 19,
}  # fmt: skip
TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fourty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80,
    "ninety": 90,
}  # fmt: skip
ORDINALS = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9,
    "tenth": 10, "eleventh": 11, "twelfth": 12, "twelveth": 12, "thirteenth": 13, "fourteenth": 14, "fifteenth": 15,
    "sixteenth": 16, "seventeenth": 17, "eighteenth": 18, "nineteenth": 19, "twentieth": 20, "thirtieth": 30,
}  # fmt: skip
MONTHS = {
    "january": 1, "february": 2, "march": 3, "april": 4, "may": 5, "june": 6, "july": 7, "august": 8, "september": 9,
    "october": 10, "november": 11, "december": 12, "jan": 1, "feb": 2, "mar": 3, "apr": 4, "jun": 6, "jul": 7,
    "aug": 8, "sep": 9, "sept": 9, "oct": 10, "nov": 11, "dec": 12,
}  # fmt: skip
SPELLINGS = {
    "tomorow": "tomorrow", "tommorow": "tomorrow", "tommorrow": "tomorrow", "tmrw": "tomorrow", "tomorrows": "tomorrow",
    "todays": "today", "yesterdays": "yesterday", "wensday": "wednesday", "o'clock": "oclock", "til": "until",
    "till": "until", "midday": "noon", "noontime": "noon",
}  # fmt: skip
_TOKEN = re.compile(
    r"\d{4}-\d{2}-\d{2}|\d{1,2}[./]\d{1,2}[./]\d{2,4}(?!\d)|\d{1,2}/\d{1,2}(?!\d)|\d+(?::\d+)+|\d+\.\d+|\d+"
    r"|[^\W\d_]+(?:['’][^\W\d_]+)*|[^\s\w]"
)


@dataclass(frozen=True, slots=True)
class Word:
    """A canonical word and the characters of the original text it stands for."""

    text: str
    start: int
    end: int


class Canonical:
    """The canonical form of a text; spans found in `text` translate back by `span`."""

    def __init__(self, original: str) -> None:
        self.words = _join_numbers(_join_letters(_tokens(original[:MAX_TEXT])))
        self.text = " ".join(word.text for word in self.words)
        self._starts: list[int] = []
        self._ends: list[int] = []
        at = 0
        for word in self.words:
            self._starts.append(at)
            at += len(word.text)
            self._ends.append(at)
            at += 1

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Character offsets in the original text of `self.text[start:end]` (not empty), end exclusive."""
        first = bisect_right(self._starts, start) - 1
        last = bisect_left(self._ends, end)
        return self.words[first].start, self.words[min(last, len(self.words) - 1)].end


def _tokens(text: str) -> list[Word]:
    found: list[Word] = []
    for match in _TOKEN.finditer(text.lower().replace("’", "'") if text.isascii() else _lower(text)):
        word, start = match[0], match.start()
        glued = bool(found) and found[-1].end == start
        if glued and found[-1].text.isdecimal() and word in ("st", "nd", "rd", "th") and len(found[-1].text) < 3:
            found[-1] = Word(f"{int(found[-1].text)}th", found[-1].start, match.end())
            continue
        if word.endswith("'s") and word != "'s":
            word = word[:-2]
        found.append(Word(SPELLINGS.get(word, word), start, match.end()))
    return found


def _lower(text: str) -> str:
    """Lower case that keeps the length, so that offsets stay right (some letters grow when lowered)."""
    return "".join(low if len(low := letter.lower()) == 1 else letter for letter in text).replace("’", "'")


def _join_letters(tokens: list[Word]) -> list[Word]:
    """Join "a . m ." and "a m" after a number, "o clock", and turn a dash between times into "through"."""
    out: list[Word] = []
    i = 0
    while i < len(tokens):
        word = tokens[i]
        texts = [token.text for token in tokens[i : i + 4]]
        if word.text in ("a", "p") and "m" in texts[1:3]:
            dotted = texts[1:2] == ["."]
            m = 2 if dotted and texts[2:3] == ["m"] else 1 if texts[1] == "m" else 0
            after_number = bool(out) and (out[-1].text[0].isdecimal() or out[-1].text in _NUMBERS)
            if m and (dotted or after_number):
                last = i + m + (1 if dotted and texts[m + 1 : m + 2] == ["."] else 0)
                out.append(Word(word.text + "m", word.start, tokens[last].end))
                i = last + 1
                continue
        if word.text == "o" and "clock" in texts[1:3]:
            last = i + texts.index("clock")
            out.append(Word("oclock", word.start, tokens[last].end))
            i = last + 1
            continue
        if word.text in ("-", "–") and out and texts[1:] and texts[1][0].isdecimal():
            if out[-1].text[-1].isdecimal() or out[-1].text in ("am", "pm"):
                out.append(replace(word, text="through"))
        elif word.text == "@":
            out.append(replace(word, text="at"))
        elif word.text[0].isalnum():
            out.append(word)
        i += 1
    return out


_NUMBERS = {**UNITS, **TENS, "hundred": 100, "thousand": 1000, "oh": 0, "zero": 0}


def _join_numbers(words: list[Word]) -> list[Word]:
    """Number words to digits: "twenty five" 25, "six thirty" 6 30, "five hundred and thirty" 530, "oh five" 05."""
    out: list[Word] = []
    i = 0
    while i < len(words):
        used, text = _number(words, i, out[-1].text if out else "")
        if used:
            out.append(Word(text, words[i].start, words[i + used - 1].end))
            i += used
        else:
            out.append(words[i])
            i += 1
    return out


def _number(words: list[Word], i: int, before: str) -> tuple[int, str]:
    """How many words from `i` make one number, and its digits; (0, "") where there is none."""

    def at(j: int) -> str:
        return words[j].text if j < len(words) else ""

    word = at(i)
    if word in ORDINALS:
        is_unit = word == "second" and not (before in MONTHS or before == "the" or _date_follows(at(i + 1)))
        return (0, "") if is_unit else (1, f"{ORDINALS[word]}th")
    if word in ("oh", "zero", "o") and at(i + 1) in UNITS and UNITS[at(i + 1)] < 10:
        if word == "zero" or before.isdecimal() or at(i + 2) == "hundred":
            value = UNITS[at(i + 1)]
            return (3, f"0{value}00") if at(i + 2) == "hundred" else (2, f"0{value}")
        return 0, ""
    used, value = _below_hundred(words, i)
    if not used:
        if word == "a" and at(i + 1) == "hundred":
            used, value = 1, 1
        else:
            return 0, ""
    elif word in TENS and at(i + used) in ORDINALS and used == 1 and ORDINALS[at(i + 1)] < 10:
        dated = before in MONTHS or before == "the" or _date_follows(at(i + 2))
        if at(i + 1) != "second" or dated:
            return 2, f"{value + ORDINALS[at(i + 1)]}th"
    total = 0
    for scale, name in ((1000, "thousand"), (100, "hundred")):
        if at(i + used) == name and value < 100:
            total += value * scale
            used += 1
            skip = 1 if at(i + used) == "and" else 0
            more, value = _below_hundred(words, i + used + skip)
            used += skip + more if more else 0
    if total == 0 and word.isdecimal():
        return 0, ""  # digits stay as they were written
    return used, str(total + value)


def _below_hundred(words: list[Word], i: int) -> tuple[int, int]:
    if i >= len(words):
        return 0, 0
    word = words[i].text
    if word in UNITS:
        return 1, UNITS[word]
    if word in TENS:
        following = words[i + 1].text if i + 1 < len(words) else ""
        if UNITS.get(following, 10) < 10:
            return 2, TENS[word] + UNITS[following]
        return 1, TENS[word]
    if word.isdecimal() and len(word) <= 2:
        return 1, int(word)
    return 0, 0


def _date_follows(word: str) -> bool:
    """Whether the word after "second" makes it an ordinal of a date ("the second of june", "second monday")."""
    return word == "of" or word in MONTHS or word.endswith("day")

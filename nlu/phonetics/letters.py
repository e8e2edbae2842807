"""Letter-to-sound: how an unknown word is probably said, learned from the CMU dictionary.

Each letter is read as no phone, one or two, decided by the widest window of letters around it that the table knows;
the table keeps a window only where it says something else than the narrower one. Made by
`python -m nlu.phonetics.letters` (about a minute).
"""

from __future__ import annotations

import gzip
import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

TABLE = Path(__file__).parent / "letters.json.gz"
#: Letters before and after the one that is read, narrow to wide.
WINDOWS = ((0, 0), (0, 1), (1, 1), (1, 2), (2, 2), (2, 3), (3, 3), (4, 4))
_LEAST = 2
_PHONES_A_LETTER = 3


def windows(word: str) -> Iterator[list[str]]:
    """For each letter, its windows, narrow to wide; the edge of the word is `_`."""
    edge = "_" * 4
    padded = edge + word + edge
    for place in range(4, len(padded) - 4):
        yield [
            f"{padded[place - before : place]}.{padded[place]}.{padded[place + 1 : place + 1 + after]}"
            for before, after in WINDOWS
        ]


@lru_cache(maxsize=1)
def table() -> dict[str, str]:
    """Window -> phones; raises FileNotFoundError where the package data is incomplete."""
    loaded: dict[str, str] = json.loads(gzip.decompress(TABLE.read_bytes()))
    return loaded


def letter_to_sound(word: str, rules: dict[str, str] | None = None) -> tuple[str, ...]:
    """Phones of `word`, lower case; letters the table does not know (other alphabets) are silent."""
    known = table() if rules is None else rules
    out: list[str] = []
    for options in windows(word):
        said = next((known[window] for window in reversed(options) if window in known), "")
        out += said.split()
    return tuple(out)


def learn(words: Sequence[tuple[str, tuple[str, ...]]], rounds: int = 4, sample: int = 15_000) -> dict[str, str]:
    """The table from (word, phones). Letters and phones are aligned first by hard EM over letter-to-phones counts."""
    chances: dict[str, dict[tuple[str, ...], float]] = {}
    step = max(1, len(words) // sample)
    for _ in range(rounds):
        chances = _chances(_aligned(words[::step], chances))
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for word, parts in _aligned(words, chances):
        for options, part in zip(windows(word), parts, strict=True):
            for window in options:
                counts[window][" ".join(part)] += 1
    rules: dict[str, str] = {}
    for width in range(len(WINDOWS)):
        for window, said in counts.items():
            if _width(window) != WINDOWS[width] or sum(said.values()) < (_LEAST if width else 1):
                continue
            best = min(said, key=lambda part: (-said[part], part))
            if _narrower(window, width, rules) != best:
                rules[window] = best
    return rules


def _width(window: str) -> tuple[int, int]:
    before, _, after = window.split(".")
    return len(before), len(after)


def _narrower(window: str, width: int, rules: dict[str, str]) -> str | None:
    before, letter, after = window.split(".")
    for left, right in reversed(WINDOWS[:width]):
        shorter = f"{before[len(before) - left :]}.{letter}.{after[:right]}"
        if shorter in rules:
            return rules[shorter]
    return None


def _aligned(
    words: Sequence[tuple[str, tuple[str, ...]]], chances: dict[str, dict[tuple[str, ...], float]]
) -> Iterator[tuple[str, list[tuple[str, ...]]]]:
    for word, phones in words:
        parts = _split(word, phones, chances)
        if parts is not None:
            yield word, parts


def _split(
    word: str, phones: tuple[str, ...], chances: dict[str, dict[tuple[str, ...], float]]
) -> list[tuple[str, ...]] | None:
    """The likeliest share of phones for each letter (0 to 2 each, 3 as in `x`), None where none fits."""
    n, m = len(word), len(phones)
    best: list[list[tuple[float, int] | None]] = [[None] * (m + 1) for _ in range(n + 1)]
    best[0][0] = (0.0, 0)
    for i, letter in enumerate(word):
        known = chances.get(letter)
        for j in range(m + 1):
            here = best[i][j]
            if here is None:
                continue
            for size in range(min(_PHONES_A_LETTER, m - j) + 1):
                part = phones[j : j + size]
                if known is None:
                    # At first: one phone a letter, near the diagonal.
                    cost = abs(size - 1) * 2.0 + abs((i + 1) / n - (j + size) / m)
                else:
                    cost = known.get(part, 12.0 + 2 * size)
                total = here[0] + cost
                there = best[i + 1][j + size]
                if there is None or total < there[0]:
                    best[i + 1][j + size] = (total, size)
    if best[n][m] is None:
        return None
    parts: list[tuple[str, ...]] = []
    j = m
    for i in range(n, 0, -1):
        cell = best[i][j]
        if cell is None:
            raise AssertionError("the path back follows the path there")
        parts.append(phones[j - cell[1] : j])
        j -= cell[1]
    return parts[::-1]


def _chances(
    aligned: Iterator[tuple[str, list[tuple[str, ...]]]],
) -> dict[str, dict[tuple[str, ...], float]]:
    counts: dict[str, Counter[tuple[str, ...]]] = defaultdict(Counter)
    for word, parts in aligned:
        for letter, part in zip(word, parts, strict=True):
            counts[letter][part] += 1
    return {
        letter: {part: -math.log(count / sum(said.values())) for part, count in said.items()}
        for letter, said in counts.items()
    }


def main() -> None:
    """Learns the table from the installed dictionary and writes it; prints its accuracy on every 20th word held out."""
    from nlu.phonetics.distance import align
    from nlu.phonetics.pronounce import dictionary

    words = sorted((word, said[0]) for word, said in dictionary().items() if word.isalpha() and word.isascii())
    held = words[::20]
    rules = learn([pair for index, pair in enumerate(words) if index % 20])
    right = phones = errors = 0
    for word, said in held:
        guess = letter_to_sound(word, rules)
        right += any(guess == other for other in dictionary()[word])
        errors += sum(i is None or j is None or said[i] != guess[j] for i, j in align(said, guess))
        phones += len(said)
    print(f"held out: {len(held)} words, {right / len(held):.1%} right, phone error rate {errors / phones:.1%}")
    rules = learn(words)
    text = json.dumps(rules, sort_keys=True, separators=(",", ":"))
    TABLE.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    print(f"{len(rules)} windows, {TABLE.stat().st_size / 1000:.0f} kB in {TABLE}")


if __name__ == "__main__":
    main()

"""Sums over runs of numbers: `the sum of the numbers from 1 to 100`, `the first 20 odd numbers`, `1 + 2 + ... + 10`."""

from __future__ import annotations

import bisect
import re
from datetime import datetime
from fractions import Fraction
from functools import partial

from plugins.expression import Refused
from plugins.math.symbolic.asked import WHOLE, Asked
from plugins.math.symbolic.primes import MAX_SIEVE, sieve
from plugins.math.symbolic.types import Reading, Symbolic
from plugins.math.symbolic.wording import symbolic
from plugins.when.words import ORDINALS

MAX_END = 10**15
MAX_TERM = 1000
_KIND = (
    r"(?P<kind>(?:positive |whole |natural |counting )*(?:(?:even|odd|prime|square)\s)?(?:whole |natural |positive )*"
    r"(?:numbers|integers)|numerals|primes|squares|cubes|multiples of \d{1,9})"
)
_FROM = rf"(?:from |between )?(?P<low>{WHOLE}) ?(?:to|through|thru|until|up to|and|-) ?(?P<high>{WHOLE})"
_BELOW = rf"(?P<bound>below|under|less than|smaller than|up to) (?P<high>{WHOLE})"
_TOTAL = r"(?:sum|total) of|add(?: up)?"
_RANGE = re.compile(rf"(?:{_TOTAL}) (?:all )?(?:of )?(?:the )?(?:{_KIND} )?{_FROM}(?P<inclusive> inclusive)?\Z")
_UNDER = re.compile(rf"(?:{_TOTAL}) (?:all )?(?:of )?(?:the )?{_KIND} {_BELOW}\Z")
_FIRST = re.compile(rf"(?:{_TOTAL}) (?:all )?(?:of )?(?:the )?first (?P<count>{WHOLE}) {_KIND}\Z")
_PLUS = r" ?(?:\+|plus) ?"
_DOTS = re.compile(
    rf"(?P<a>{WHOLE}){_PLUS}(?P<b>{WHOLE}){_PLUS}(?:(?P<c>{WHOLE}){_PLUS})?"
    rf"(?:\.\.\.?\.?|and so on|dot dot dot) ?(?:\+|plus|up to|to) ?(?P<high>{WHOLE})\Z"
)
_COUNT = re.compile(
    rf"how many {_KIND} (?:are there |are |lie )?(?:(?:from|between) (?P<low>{WHOLE}) (?:to|and"
    rf"|through) (?P<high>{WHOLE})"
    rf"|{_BELOW.replace('high', 'top')})(?: are there)?\Z"
)
_ORDINALS = [word for word, place in ORDINALS.items() if place <= 20 and word != "twelveth"]
_NTH = re.compile(
    rf"(?:(?P<digits>\d{{1,6}})(?:st|nd|rd|th)|(?P<word>{'|'.join(_ORDINALS)})) "
    r"(?P<kind>fibonacci|prime|square|triangular|cube|even|odd)(?: numbers?)?\Z"
)


def _step(kind: str) -> tuple[str, int, int]:
    """What kind of numbers a phrase means: its name, the step between them and the remainder they leave."""
    if multiples := re.search(r"multiples of (\d+)", kind):
        return f"multiples of {int(multiples[1])}", int(multiples[1]), 0
    for word, step, rest in (("even", 2, 0), ("odd", 2, 1)):
        if word in kind:
            return f"{word} numbers", step, rest
    for word in ("prime", "square", "cube"):
        if word in kind:
            return f"{word}s", 0, 0
    return "numbers", 1, 0


def _run(name: str, step: int, rest: int, low: int, high: int) -> tuple[int, int]:
    """The sum and the count of such numbers from `low` to `high`."""
    if high > MAX_END:
        raise Refused("Those are too many numbers for me.")
    if name == "squares":
        return _squares(high) - _squares(low - 1), high - low + 1
    if name == "cubes":
        return (high * (high + 1) // 2) ** 2 - (low * (low - 1) // 2) ** 2, high - low + 1
    if name == "primes":
        if high >= MAX_SIEVE:
            raise Refused(f"I know the primes below {MAX_SIEVE:,} only.")
        found = sieve()[bisect.bisect_left(sieve(), low) : bisect.bisect_right(sieve(), high)]
        return sum(found), len(found)
    if not step:
        raise Refused("Zero has no other multiples.")
    first, last = low + (rest - low) % step, high - (high - rest) % step
    count = (last - first) // step + 1 if last >= first else 0
    return (first + last) * count // 2, count


def _squares(high: int) -> int:
    return high * (high + 1) * (2 * high + 1) // 6


def _sum(kind: str, low: int, high: int) -> Symbolic:
    name, step, rest = _step(kind)
    if name in ("squares", "cubes"):
        text = f"the sum of the {name} of the numbers from {low:,} to {high:,} is"
    else:
        text = f"the sum of the {name} from {low:,} to {high:,} is"
    if low > high:
        raise Refused(f"There are no numbers from {low:,} to {high:,}.")
    total, count = _run(name, step, rest, low, high)
    formula = f"({low}+{high})*({high}-{low}+1)/2" if (step, rest) == (1, 0) and name == "numbers" else ""
    steps = (f"There are {count:,} of them",)
    return symbolic("series", Fraction(total), f"{text} {total:,}.", expression=formula, steps=steps)


def _first(kind: str, count: int) -> Symbolic:
    name, step, rest = _step(kind)
    if count > MAX_END // max(step, 1) or not count:
        raise Refused("Those are too many numbers for me." if count else "Those are no numbers at all.")
    if name == "primes":
        if count > len(sieve()):
            raise Refused(f"I know the first {len(sieve()):,} primes only.")
        low, high = 2, sieve()[count - 1]
    elif name in ("squares", "cubes", "numbers"):
        low, high = 1, count
    else:
        low = rest or step
        high = low + step * (count - 1)
    total, _ = _run(name, step, rest, low, high)
    shown = high**2 if name == "squares" else high**3 if name == "cubes" else high
    text = f"the sum of the first {count:,} {name} is {total:,}."
    return symbolic("series", Fraction(total), text, steps=(f"They run from {low} to {shown:,}",))


def _dots(match: re.Match[str]) -> Symbolic:
    first, second, last = int(match["a"]), int(match["b"]), int(match["high"])
    step = second - first
    if (
        (match["c"] and int(match["c"]) - second != step)
        or not step
        or (last - first) % step
        or (last - first) // step < 1
    ):
        raise Refused("I cannot see how those numbers go on.")
    if max(first, last) > MAX_END:
        raise Refused("Those are too many numbers for me.")
    count = (last - first) // step + 1
    total = Fraction((first + last) * count, 2)
    text = f"{first} + {second} + … + {last:,} is {total.numerator:,}."
    return symbolic("series", total, text, expression=f"({first}+{last})*{count}/2", steps=(f"{count:,} numbers",))


def _count(kind: str, low: int, high: int) -> Symbolic:
    name, step, rest = _step(kind)
    if name in ("squares", "cubes"):
        raise Refused("I can count even, odd and prime numbers and multiples.")
    if low > high:
        raise Refused(f"There are no numbers from {low:,} to {high:,}.")
    _, count = _run(name, step, rest, low, high)
    return symbolic("series", Fraction(count), f"there are {count:,} {name} from {low:,} to {high:,}.")


def _nth(kind: str, place: int, said: str) -> Symbolic:
    if not 1 <= place <= MAX_TERM and not (kind == "prime" and 1 <= place <= len(sieve())):
        raise Refused("That one is too far out for me.")
    if kind == "fibonacci":
        low, high = 0, 1
        for _ in range(place):
            low, high = high, low + high
        found = low
    elif kind == "prime":
        found = sieve()[place - 1]
    else:
        found = {
            "square": place**2,
            "cube": place**3,
            "triangular": place * (place + 1) // 2,
            "even": 2 * place,
            "odd": 2 * place - 1,
        }[kind]
    return symbolic("series", Fraction(found), f"the {said} {kind} number is {found:,}.")


def read(request: Asked, now: datetime) -> Reading | None:
    """A question about a run of numbers, or None."""
    text = request.digits
    if match := _NTH.match(text):
        place = int(match["digits"]) if match["digits"] else ORDINALS[match["word"]]
        said = match["word"] or f"{match['digits']}{_suffix(place)}"
        return Reading("series", partial(_nth, match["kind"], place, said))
    if match := _RANGE.match(text):
        if not match["kind"] and re.search(rf"\A(?:{_TOTAL}) (?:the )?{WHOLE} and ", text):
            return None  # the sum of two numbers
        return Reading("series", partial(_sum, match["kind"] or "numbers", int(match["low"]), int(match["high"])))
    if match := _UNDER.match(text):
        return Reading("series", partial(_sum, match["kind"], 1, int(match["high"]) - (match["bound"] != "up to")))
    if match := _FIRST.match(text):
        return Reading("series", partial(_first, match["kind"], int(match["count"])))
    if match := _DOTS.match(text):
        return Reading("series", partial(_dots, match))
    if match := _COUNT.match(text):
        high = int(match["high"]) if match["high"] else int(match["top"]) - (match["bound"] != "up to")
        return Reading("series", partial(_count, match["kind"], int(match["low"] or 1), high))
    return None


def _suffix(place: int) -> str:
    if place % 100 in (11, 12, 13):
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(place % 10, "th")

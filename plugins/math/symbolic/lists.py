"""Several numbers at once: sum, mean, median, mode, extremes, greatest common divisor, least common multiple."""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Callable, Sequence
from datetime import datetime
from fractions import Fraction
from functools import partial

from plugins.expression import Refused, power
from plugins.math.symbolic.asked import NUMBERS, Asked, values
from plugins.math.symbolic.types import Reading, Symbolic
from plugins.math.symbolic.wording import given, listed, number, symbolic
from plugins.numbers import exact

MAX_ITEMS, MAX_DIGITS = 60, 60
_Work = Callable[[Sequence[Fraction]], Symbolic]


def _shown(items: Sequence[Fraction]) -> str:
    return listed([given(item) for item in items])


def _result(name: str, items: Sequence[Fraction], answer: Fraction | float, formula: str = "") -> Symbolic:
    text = f"the {name} of {_shown(items)} is {number(answer)}."
    return symbolic("list", answer, text, expression=formula)


def _sum(items: Sequence[Fraction]) -> Symbolic:
    return _result("sum", items, sum(items, Fraction(0)), "+".join(map(exact, items)))


def _product(items: Sequence[Fraction]) -> Symbolic:
    return _result("product", items, Fraction(math.prod(items)), "*".join(map(exact, items)))


def _mean(items: Sequence[Fraction]) -> Symbolic:
    total = sum(items, Fraction(0))
    found = _result("average", items, total / len(items), f"({'+'.join(map(exact, items))})/{len(items)}")
    return symbolic("list", found.answer, found.text, "", found.expression, (f"The sum is {number(total)}",))


def _median(items: Sequence[Fraction]) -> Symbolic:
    found = _result("median", items, statistics.median(items))
    return symbolic("list", found.answer, found.text, steps=(f"In order: {_shown(sorted(items))}",))


def _mode(items: Sequence[Fraction]) -> Symbolic:
    often = statistics.multimode(items)
    if len(often) == len(set(items)) > 1:
        raise Refused(f"No number among {_shown(items)} is more frequent than the others.")
    if len(often) == 1:
        return _result("mode", items, often[0])
    return symbolic("list", tuple(often), f"the modes of {_shown(items)} are {_shown(often)}.")


def _spread(items: Sequence[Fraction]) -> Symbolic:
    return _result("range", items, max(items) - min(items), f"{exact(max(items))}-{exact(min(items))}")


def _variance(items: Sequence[Fraction]) -> Symbolic:
    """Of the whole population, as a plain question about some numbers means."""
    return _result("variance", items, statistics.pvariance(items))


def _deviation(items: Sequence[Fraction]) -> Symbolic:
    return _result("standard deviation", items, power(statistics.pvariance(items), Fraction(1, 2)))


def _largest(items: Sequence[Fraction]) -> Symbolic:
    return _extreme("largest" if len(items) > 2 else "larger", max(items), items)


def _smallest(items: Sequence[Fraction]) -> Symbolic:
    return _extreme("smallest" if len(items) > 2 else "smaller", min(items), items)


def _extreme(name: str, found: Fraction, items: Sequence[Fraction]) -> Symbolic:
    if len(set(items)) == 1:
        return symbolic("list", found, f"{_shown(items)} are equal.")
    return symbolic("list", found, f"the {name} of {_shown(items)} is {given(found)}.")


def _order(items: Sequence[Fraction]) -> Symbolic:
    ranked = sorted(items)
    return symbolic("list", tuple(ranked), f"in order: {', '.join(map(given, ranked))}.")


def _fall(items: Sequence[Fraction]) -> Symbolic:
    ranked = sorted(items, reverse=True)
    return symbolic("list", tuple(ranked), f"in falling order: {', '.join(map(given, ranked))}.")


def _whole(items: Sequence[Fraction], what: str) -> list[int]:
    if any(item.denominator != 1 or item <= 0 for item in items):
        raise Refused(f"Only positive whole numbers have a {what}.")
    return [int(item) for item in items]


def _gcd(items: Sequence[Fraction]) -> Symbolic:
    return _result("greatest common divisor", items, Fraction(math.gcd(*_whole(items, "greatest common divisor"))))


def _lcm(items: Sequence[Fraction]) -> Symbolic:
    return _result("least common multiple", items, Fraction(math.lcm(*_whole(items, "least common multiple"))))


_OF = r"(?: (?:of|for|between|among|to))?(?: the)?(?: following)?(?: numbers)?:? "
_LIST = rf"(?P<items>{NUMBERS})"
_RULES: tuple[tuple[re.Pattern[str], _Work], ...] = tuple(
    (re.compile(pattern + r"\Z"), work)
    for pattern, work in (
        (rf"(?:sum|total)(?: total)? of(?: the)?(?: numbers)?:? {_LIST}", _sum),
        (rf"add(?: up| together)?(?: the numbers)?:? {_LIST}(?: together| up)?", _sum),
        (rf"(?:product of|multiply)(?: the numbers)?:? {_LIST}(?: together)?", _product),
        (rf"(?:average|mean|arithmetic mean|avg){_OF}{_LIST}", _mean),
        (rf"median{_OF}{_LIST}", _median),
        (rf"mode{_OF}{_LIST}", _mode),
        (rf"range of(?: the numbers)?:? {_LIST}", _spread),
        (rf"(?:population )?variance{_OF}{_LIST}", _variance),
        (rf"(?:population )?standard deviation{_OF}{_LIST}", _deviation),
        (
            rf"(?:larg(?:est|er)|bigg(?:est|er)|great(?:est|er)|high(?:est|er)|maximum|max)(?: number)?{_OF}{_LIST}",
            _largest,
        ),
        (rf"(?:small(?:est|er)|low(?:est|er)|least|minimum|min)(?: number)?{_OF}{_LIST}", _smallest),
        (
            rf"(?:which|what)(?: one| number)? is (?:larger|bigger|greater|higher|more|the (?:largest"
            rf"|biggest)),? {_LIST}",
            _largest,
        ),
        (rf"(?:which|what)(?: one| number)? is (?:smaller|lower|less|the smallest),? {_LIST}", _smallest),
        (rf"(?:larger|bigger|greater),? {_LIST}", _largest),
        (
            rf"(?:sort|order|rank|arrange)(?: the numbers)? {_LIST}(?: in (?:ascending|rising|increasing) order)?",
            _order,
        ),
        (rf"(?:sort|order|rank|arrange)(?: the numbers)? {_LIST} in (?:descending|falling|decreasing) order", _fall),
        (
            rf"(?:g ?c ?[df]|h ?c ?f|(?:greatest|highest|largest|biggest) common (?:divisor|factor"
            rf"|denominator)){_OF}{_LIST}",
            _gcd,
        ),
        (rf"(?:l ?c ?[md]|(?:least|lowest|smallest) common (?:multiple|denominator)){_OF}{_LIST}", _lcm),
    )
)


def read(request: Asked, now: datetime) -> Reading | None:
    """A question about several numbers, or None."""
    for pattern, work in _RULES:
        match = pattern.match(request.exact)
        if match is None:
            continue
        if "-" in match["items"] and re.search(r"\d-\d", match["items"]):
            return None
        items = values(match["items"])
        return Reading("list", partial(_run, work, items))
    return None


def _run(work: _Work, items: list[Fraction]) -> Symbolic:
    digits = [len(exact(item)) for item in items]
    if len(items) > MAX_ITEMS or max(digits) > MAX_DIGITS:
        raise Refused("Those are too many numbers for me.")
    return work(items)

"""One number in another form: lowest terms, as a fraction, a decimal, a mixed number or a percentage; comparisons."""

from __future__ import annotations

import re
from datetime import datetime
from fractions import Fraction
from functools import partial

from plugins.expression import Refused
from plugins.math.symbolic.asked import NUMBER, Asked, value
from plugins.math.symbolic.types import Reading, Symbolic
from plugins.math.symbolic.wording import number, symbolic
from plugins.numbers import exact

_SIDE = rf"(?:{NUMBER}(?: ?(?:/|over|out of) ?\d+(?:\.\d+)?)?)"
_N = rf"(?P<n>{_SIDE})(?P<rate>%)?"
_TO = r"(?:as|to|into|in|is as|written as|expressed as)(?: an?| the)?"
_FORM = (
    r"(?P<form>fraction|decimal(?: number)?|mixed (?:number|fraction)|%|percents|lowest terms?|simplest"
    r" (?:form|terms?))"
)
_RULES = tuple(
    re.compile(pattern + r"\Z")
    for pattern in (
        rf"(?P<form>simplify|reduce)(?: the fraction)? {_N}(?: (?:as far as possible|to lowest terms"
        rf"|to simplest form))?",
        rf"(?:convert |change |turn |write |express )?{_N} {_TO} {_FORM}(?: form)?",
        rf"(?:what |which )?(?P<form>fraction|decimal) (?:is|of|for|equals) {_N}",
        rf"{_N} (?P<form>simplified|reduced)",
    )
)
_COMPARED = re.compile(
    rf"is (?P<a>{_SIDE}) (?P<how>(?:bigger|larger|greater|more|higher|smaller|less|lower|fewer) than"
    rf"|equal to|the same as) "
    rf"(?P<b>{_SIDE})\Z"
)


def _value(said: str) -> Fraction:
    top, _, below = re.sub(r" ?(?:/|over|out of) ?", "|", said).partition("|")
    if said.startswith("(") or not below:
        return value(said)
    divisor = Fraction(below)
    if not divisor:
        raise Refused("Nothing can be divided by zero.")
    return value(top) / divisor


def fraction(found: Fraction, mixed: bool = False) -> str:
    """A number as a fraction in lowest terms: `3/4`, `17/12`, or mixed, `1 5/12`."""
    sign, above = "−" if found < 0 else "", abs(found)
    whole, rest = divmod(above.numerator, above.denominator)
    if not rest:
        return f"{sign}{whole:,}"
    if mixed and whole:
        return f"{sign}{whole:,} {rest}/{above.denominator}"
    return f"{sign}{above.numerator}/{above.denominator}"


def _form(match: re.Match[str]) -> Symbolic:
    found = _value(match["n"])
    if match["rate"]:
        found /= 100
    said = re.sub(r" ?(?:/|over) ?", "/", match["n"]).strip("()") + (match["rate"] or "")
    form = match["form"]
    if form in ("%", "percents"):
        return symbolic("fraction", found * 100, f"{said} is {number(found * 100)}%.", "percent", f"{exact(found)}*100")
    if form.startswith("decimal"):
        return symbolic("fraction", found, f"{said} is {number(found)}.")
    if found.denominator > 10**9:
        raise Refused("That fraction is too long for me.")
    shown = fraction(found, form.startswith("mixed"))
    if shown == said:
        return symbolic("fraction", found, f"{said} is in its lowest terms already.")
    return symbolic("fraction", found, f"{said} is {shown}.")


def _compare(match: re.Match[str]) -> Symbolic:
    left, right = _value(match["a"]), _value(match["b"])
    how = match["how"]
    if how in ("equal to", "the same as"):
        true = left == right
    else:
        true = left < right if how.split()[0] in ("smaller", "less", "lower", "fewer") else left > right
    sign = "<" if left < right else ">" if left > right else "="
    order = {"<": "less than", ">": "greater than", "=": "equal to"}[sign]
    first, second = (re.sub(r" ?(?:/|over) ?", "/", match[name]).strip("()") for name in "ab")
    step = f"{number(left)} {sign} {number(right)}"
    return symbolic("fraction", true, f"{'yes' if true else 'no'}, {first} is {order} {second}.", steps=(step,))


def read(request: Asked, now: datetime) -> Reading | None:
    """A number to be put in another form, or two to be compared; None for anything else."""
    text = re.sub(r"(?<=\d)\s*(?:percent|per cent)\b", "%", request.digits)
    text = re.sub(r"\bpercent(?:age)?\b", "%", text)
    for pattern in _RULES:
        if match := pattern.match(text):
            return Reading("fraction", partial(_form, match))
    if match := _COMPARED.match(text):
        return Reading("fraction", partial(_compare, match))
    return None

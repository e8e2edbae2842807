"""Percentages in all directions: parts, rates, increases, discounts, tips, changes, and the whole behind a part."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from fractions import Fraction
from functools import partial

from plugins.expression import Refused
from plugins.math.symbolic.asked import NUMBER, Asked, known, quantity, unit, value
from plugins.math.symbolic.types import Reading, Symbolic
from plugins.math.symbolic.wording import amount, given, number, symbolic
from plugins.numbers import exact

_A, _B = quantity("a"), quantity("b")
_P = rf"(?P<p>{NUMBER})%"
_Make = Callable[[re.Match[str]], Symbolic]


def _given(match: re.Match[str], name: str) -> tuple[Fraction, str, str]:
    """A quantity's value, its unit, and how it is written."""
    found, kind = value(match[name]), unit(match, name)
    return found, kind, amount(found, kind) if kind else given(found)


def _of(match: re.Match[str]) -> Symbolic:
    whole, kind, said = _given(match, "a")
    rate = value(match["p"])
    part = rate * whole / 100
    text = f"{given(rate)}% of {said} is {amount(part, kind)}."
    return symbolic("percent", part, text, kind, f"{exact(rate)}/100*{exact(whole)}")


def _what(match: re.Match[str]) -> Symbolic:
    (part, kind, said), (whole, other, base) = _given(match, "a"), _given(match, "b")
    if kind and other and kind != other:
        raise Refused("I can only compare amounts in the same unit.")
    if not whole:
        raise Refused("Nothing can be a percentage of zero.")
    rate = part / whole * 100
    text = f"{said} is {number(rate)}% of {base}."
    return symbolic("percent", rate, text, "percent", f"{exact(part)}/{exact(whole)}*100")


def _changed(match: re.Match[str], sign: int) -> Symbolic:
    whole, kind, said = _given(match, "a")
    rate = value(match["p"])
    result = whole * (100 + sign * rate) / 100
    word = "increased" if sign > 0 else "decreased"
    text = f"{said} {word} by {given(rate)}% is {amount(result, kind)}."
    formula = f"{exact(whole)}{'+' if sign > 0 else '-'}{exact(whole)}*{exact(rate)}/100"
    step = f"{given(rate)}% of {said} is {amount(whole * rate / 100, kind)}"
    return symbolic("percent", result, text, kind, formula, (step,))


def _discount(match: re.Match[str]) -> Symbolic:
    whole, kind, said = _given(match, "a")
    rate = value(match["p"])
    saved = whole * rate / 100
    text = f"{given(rate)}% off {said} is {amount(whole - saved, kind)}; {amount(saved, kind)} less."
    formula = f"{exact(whole)}-{exact(whole)}*{exact(rate)}/100"
    return symbolic(
        "percent", whole - saved, text, kind, formula, (f"{given(rate)}% of {said} is {amount(saved, kind)}",)
    )


def _tip(match: re.Match[str]) -> Symbolic:
    whole, kind, said = _given(match, "a")
    rate, name = value(match["p"]), match["name"]
    extra = whole * rate / 100
    article = "an" if re.match(r"8|1[18](?!\d)", given(rate)) else "a"
    text = f"{article} {given(rate)}% {name} on {said} is {amount(extra, kind)}, {amount(whole + extra, kind)} in all."
    return symbolic("percent", extra, text, kind, f"{exact(rate)}/100*{exact(whole)}")


def _with(match: re.Match[str]) -> Symbolic:
    whole, kind, said = _given(match, "a")
    rate, name = value(match["p"]), match["name"]
    total = whole * (100 + rate) / 100
    text = f"{said} plus {given(rate)}% {name} is {amount(total, kind)}."
    return symbolic("percent", total, text, kind, f"{exact(whole)}+{exact(whole)}*{exact(rate)}/100")


def _change(match: re.Match[str]) -> Symbolic:
    (old, kind, before), (new, other, after) = _given(match, "a"), _given(match, "b")
    if kind and other and kind != other:
        raise Refused("I can only compare amounts in the same unit.")
    if not old:
        raise Refused("A change from zero has no percentage.")
    rate = (new - old) / abs(old) * 100
    word = "an increase" if rate > 0 else "a decrease"
    text = f"From {before} to {after} is {word} of {number(abs(rate))}%." if rate else "That is no change at all."
    return symbolic("percent", rate, text, "percent", f"({exact(new)}-{exact(old)})/{exact(old)}*100")


def _whole(match: re.Match[str]) -> Symbolic:
    part, kind, said = _given(match, "a")
    rate = value(match["p"])
    if not rate:
        raise Refused("Nothing but zero is zero percent of a number.")
    whole = part / rate * 100
    text = f"{said} is {given(rate)}% of {amount(whole, kind)}."
    return symbolic("percent", whole, text, kind, f"{exact(part)}/{exact(rate)}*100")


_NAME = r"(?P<name>(?:sales |service )?(?:tips?|tax(?:es)?|vat|gratuity|commission|fee|service charge|charge))"
_NOUN = r"(?: (?:bill|check|tab|meal|dinner|purchase|order|order total|number))?"
_BIG = r"(?:what|which|what number|which number|a number|what amount)"
_RULES: tuple[tuple[re.Pattern[str], _Make], ...] = tuple(
    (re.compile(pattern + r"\Z"), make)
    for pattern, make in (
        (rf"(?:what number is )?{_P} of {_A}", _of),
        (rf"{_A} (?:is|as|makes) (?:what|which|a|how many) %(?: of| out of) {_B}", _what),
        (rf"(?:(?:what|which|a|how many) )?% of {_B} (?:is|are|equals) {_A}", _what),
        (rf"(?:(?:what|which|a|how many) )?% (?:is )?{_A} (?:is )?(?:out )?of {_B}", _what),
        (rf"{_A} (?:out )?of {_B} (?:as|in|is) (?:a |what )?%", _what),
        (rf"(?:what's|what is)? ?(?:the )?% {_A} is of {_B}", _what),
        (rf"(?:increase|raise|up) {_A} by {_P}", lambda found: _changed(found, 1)),
        (rf"{_A} (?:increased|raised) by {_P}", lambda found: _changed(found, 1)),
        (rf"(?:add )?{_P} (?:more than|on top of|added to|to) {_A}", lambda found: _changed(found, 1)),
        (rf"(?:decrease|reduce|lower|discount|cut) {_A} by {_P}", lambda found: _changed(found, -1)),
        (rf"{_A} (?:decreased|reduced|lowered|discounted|cut) by {_P}", lambda found: _changed(found, -1)),
        (rf"{_P} less than {_A}", lambda found: _changed(found, -1)),
        (rf"(?:take )?{_P} (?:off|discount (?:on|off|from|of))(?: of| from)? {_A}", _discount),
        (rf"(?:a |an )?{_P} discount (?:on|off|from|of) {_A}", _discount),
        (rf"{_A} (?:with |at |minus |less |and )?(?:a )?{_P} (?:off|discount)", _discount),
        (rf"(?:subtract|take away|deduct) {_P} from {_A}", lambda found: _changed(found, -1)),
        (rf"(?:a |an )?{_P} {_NAME} (?:on|for|of|to)(?: an?| the| my)? {_A}{_NOUN}", _tip),
        (
            rf"(?:a )?(?P<name>tip|tax|vat|gratuity) (?:on|for|of)(?: an?| the| my)? {_A}{_NOUN} (?:at"
            rf"|is|of|with) {_P}",
            _tip,
        ),
        (
            rf"how much (?:should i |do i |to |would i )?(?P<name>tip) (?:on|for)(?: an?| the| my)?"
            rf" {_A}{_NOUN} (?:at|if it is) {_P}",
            _tip,
        ),
        (rf"(?P<name>tip) {_P} on(?: an?| the| my)? {_A}{_NOUN}", _tip),
        (rf"{_A}{_NOUN} (?:plus|with|and|including) (?:a )?{_P} {_NAME}", _with),
        (rf"add (?:a )?{_P} {_NAME} to {_A}{_NOUN}", _with),
        (rf"{_A} plus {_P}", lambda found: _changed(found, 1)),
        (rf"{_A} (?:minus|less) {_P}", lambda found: _changed(found, -1)),
        (
            rf"(?:what )?% (?:of )?(?:change|increase|decrease|difference|growth|drop|rise) "
            rf"(?:is it |is )?(?:from|between) {_A} (?:to|and) {_B}",
            _change,
        ),
        (rf"(?:change|increase|decrease) (?:from|between) {_A} (?:to|and) {_B} (?:in|as a) %", _change),
        (
            rf"(?:by )?what % (?:is|did) .{{0,20}}(?:go|going|change|increase|grow|rise|drop|fall) from {_A} to {_B}",
            _change,
        ),
        (rf"{_A} is {_P} of {_BIG}", _whole),
        (rf"{_P} of {_BIG} (?:number )?(?:is|equals|makes|gives) {_A}", _whole),
        (rf"(?:of )?(?:what|which) (?:number )?is {_A} {_P}(?: of)?", _whole),
        (rf"(?:if )?{_A} is {_P} of (?:a|the) number,? (?:what is|what's|find) (?:the|that) (?:whole )?number", _whole),
        (
            rf"(?:if )?{_P} of a number is {_A},?(?: then)? (?:what is|what's|find) (?:the|that) (?:whole )?number",
            _whole,
        ),
    )
)


def read(request: Asked, now: datetime) -> Reading | None:
    """A question about percentages, or None. Plain `15% of 80` and `80 + 15%` are left to the calculation."""
    if "%" not in request.exact:
        return None
    for pattern, make in _RULES:
        match = pattern.match(request.exact)
        if match is None or not known(match):
            continue
        plain = "a" in match.groupdict() and not unit(match, "a")
        if plain and (make is _of or re.fullmatch(rf"{NUMBER} (?:plus|minus|less) {NUMBER}%", request.exact)):
            return None
        return Reading("percent", partial(make, match))
    return None

"""Number puzzles: `twice a number plus 3 is 11`, `two numbers add up to 20 and differ by 4`, consecutive integers."""

from __future__ import annotations

import math
import re
from datetime import datetime
from fractions import Fraction
from functools import partial

from plugins.calculation import Problem
from plugins.expression import NotArithmetic, Refused, Value, parse, tokens
from plugins.math.symbolic.asked import NUMBER, WHOLE, Asked, value
from plugins.math.symbolic.equations import Equation, equation, single
from plugins.math.symbolic.roots import Contradiction
from plugins.math.symbolic.systems import solutions
from plugins.math.symbolic.types import Reading, Symbolic
from plugins.math.symbolic.wording import given, listed, number, symbolic

_N = rf"(?P<n>{NUMBER})"
_TAIL = re.compile(
    r"[\s,.;]*(?:then )?(?:(?:what|which|who)(?:'s| is| are| was| were| must)|find|name|what could|tell me) "
    r"(?P<which>(?:the |my |that |this |these |those |both |two )*(?:original |unknown |other"
    r" )?(?:larger|bigger|greater|smaller|"
    r"lesser|largest|biggest|smallest|second|first)?(?: of (?:the two|them))?\s?"
    r"(?:numbers?|integers?|it|they|one|(?:of )?the (?:two )?(?:numbers|integers)|of them)?)(?: be)?\Z"
)
_INTRO = re.compile(
    r"(?:if|suppose|when|given that|i(?:'m| am) thinking of a number(?:,| such that| and| that)?"
    r"|think of a number(?:,| such that)?|"
    r"(?:a|the|my|what|which) (?:whole |positive )?number(?:,)? (?:such that|so that|where|if|when"
    r"|for which)|that)[\s,]+"
)
_A_NUMBER = re.compile(r"\b(?:a|an|some|what|which|the|this|that|my|an unknown|a certain) (?:same |unknown )?number\b")
_IT = re.compile(r"\b(?:it|the number|that number|itself|the result)\b")
_REWRITES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), form)
    for pattern, form in (
        (
            r"\b(?:i|you|we) (?:get|have|obtain|end up with)\b|\bthe (?:result|answer|product|sum"
            r"|difference|total) is\b",
            "is",
        ),
        (r"\b(?:gives?(?: (?:you|me|us))?|makes?|results? in|comes? to|leaves?|yields?)\b", "is"),
        (r"\b(?:increased by|more by|and then add(?:ed)?|and add(?:ed)?)\b", "plus"),
        (r"\b(?:decreased by|reduced by|diminished by|and then subtract(?:ed)?|and subtract(?:ed)?)\b", "minus"),
        (r"\b(?:doubled)\b", "times 2"),
        (r"\b(?:tripled)\b", "times 3"),
        (r"\b(?:halved)\b", "divided by 2"),
        (r"\b(?:twice|double)\b", "2 times"),
        (r"\b(?:thrice|triple|treble)\b", "3 times"),
        (r"\bmultiplied by\b", "times"),
        (r"\bis (?=times|plus|minus|divided)", ""),
    )
)
_NUMERAL = r"\(?[\d.]+(?:/\d+)?\)?"
#: The longest form first: `7 less than 2 times n` takes 7 from 2n, not from 2.
_ATOM = rf"(?:{_NUMERAL} times n|{_NUMERAL}%? (?:of|percent of) n|n (?:times|divided by) [\d.]+|n squared|n|{_NUMERAL})"
_PAIRS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), form)
    for pattern, form in (
        (rf"(?:the )?sum of ({_ATOM}) and ({_ATOM})", r"(\1 + \2)"),
        (rf"(?:the )?difference (?:of|between) ({_ATOM}) and ({_ATOM})", r"(\1 - \2)"),
        (rf"(?:the )?product of ({_ATOM}) and ({_ATOM})", r"(\1 * \2)"),
        (rf"(?:the )?quotient of ({_ATOM}) and ({_ATOM})", r"(\1 / \2)"),
        (rf"({_ATOM}) (?:more than|added to|plus) ({_ATOM})", r"(\2 + \1)"),
        (rf"({_ATOM}) (?:less than|fewer than|subtracted from|taken (?:away )?from) ({_ATOM})", r"(\2 - \1)"),
        (rf"add ({_ATOM}) to ({_ATOM})", r"(\2 + \1)"),
        (rf"(?:subtract|take) ({_ATOM}) from ({_ATOM})", r"(\2 - \1)"),
        (rf"multiply ({_ATOM}) by ({_ATOM})", r"(\1 * \2)"),
        (rf"divide ({_ATOM}) by ({_ATOM})", r"(\1 / \2)"),
    )
)
_WHAT = re.compile(
    r"\bwhat\b(?= (?:plus|minus|times|divided|multiplied|over|squared|cubed|equals|is|to the power|\+|-|\*|/|=))"
)
_WHAT_AFTER = re.compile(r"(?<=\b(?:plus|inus|imes|d by|over))\s+what\b|(?<=[+*/-])\s*what\b")


def _one_number(body: str) -> Equation | None:
    """The equation that a puzzle about one number states, with the unknown n."""
    while (intro := _INTRO.match(body)) and intro.end() < len(body):
        body = body[intro.end() :]
    text, found = _A_NUMBER.subn("n", body)
    if not found:
        if "what" in text:
            text, found = _WHAT_AFTER.subn(" n", _WHAT.sub("n", text, count=1), count=1)
        if len(re.findall(r"\bn\b", text)) != 1 and not _IT.search(text):
            return None
    text = _IT.sub("n", text)
    if not re.search(r"\bn\b", text):
        return None
    for pattern, form in _REWRITES:
        text = pattern.sub(form, text)
    text = re.sub(r"\b([a-z]+)ing\b", r"\1", re.sub(r"\b(?:you|i|we|when|if)\b,?|,", " ", text))
    text = " ".join(text.split())
    for _ in range(2):
        for pattern, form in _PAIRS:
            text = pattern.sub(form, text)
    try:
        read = equation(text)
    except Refused:
        return None
    if read is None or read.relation != "=" or read.unknowns != {"n"}:
        return None
    return read


def _solve_one(found: Equation) -> Symbolic:
    made = single(Problem(found.left, found.right))
    values = made.answer if isinstance(made.answer, tuple) else (made.answer,)
    shown = " or ".join(number(item) for item in values if isinstance(item, Fraction | float))
    return symbolic("puzzle", made.answer, f"the number is {shown}.", steps=made.steps)


_SUBJECT = (
    r"(?:the |these |those |both |their |my |its )*(?:two |2 )?(?:numbers|integers|positive numbers"
    r"|whole numbers|them)?"
)
_PAIR_INTRO = re.compile(
    r"(?:(?:two|2) (?:\w+ )?(?:numbers|integers)|(?:two|2) (?:\w+ )?(?:numbers|integers) (?:such that|so that|where)|"
    r"i(?:'m| am) thinking of (?:two|2) numbers)[\s,.]*(?:that|which|whose|have|with|such that|such"
    r"|and|their|where)?\s*"
)
_TWO = r"(?: of (?:the |these )?(?:two|2) (?:\w+ )?(?:numbers|integers)| of them)?"
_HAS = r"(?:the |their |whose |have a |has a |a |with a )?"
#: What is said of two numbers a >= b; the second part is the expression that has the given value.
_FACTS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern + r"\Z"), form)
    for pattern, form in (
        (rf"{_HAS}(?:sum|total){_TWO} (?:is |of |equals |= )?{_N}", "a + b"),
        (rf"(?:{_SUBJECT} ?)(?:that )?(?:add up to|add to|sum to|sum up to|total|make|together make) {_N}", "a + b"),
        (rf"{_HAS}difference{_TWO} (?:is |of |equals |= )?{_N}", "a - b"),
        (rf"(?:{_SUBJECT} ?)(?:that )?differ by {_N}", "a - b"),
        (rf"{_HAS}product{_TWO} (?:is |of |equals |= )?{_N}", "a * b"),
        (rf"(?:{_SUBJECT} ?)(?:that )?(?:multiply to|multiply to make|multiplied make) {_N}", "a * b"),
        (rf"{_HAS}(?:quotient|ratio){_TWO} (?:is |of |equals |= )?{_N}", "a - b * {n} = 0"),
    )
)
_ONE = r"(?:1 (?:of them |number |of the numbers )?|1 |(?:the )?(?:larger|bigger|greater|first)(?: number| one)? )"
_LESS_ONE = r"(?:the )?(?:smaller|lesser)(?: number| one)? "
_THAN = r"(?: than)? (?:the )?(?:other|another|smaller|second|lesser|first|larger|bigger)(?: number| one)?"
_RELATIVE: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern + r"\Z"), form)
    for pattern, form in (
        (rf"{_ONE}is {_N} (?:more|greater|larger|bigger|higher){_THAN}", "a = b + {n}"),
        (rf"(?:{_ONE}|{_LESS_ONE})is {_N} (?:less|smaller|lower){_THAN}", "b = a - {n}"),
        (rf"{_ONE}is {_N} (?:times(?: as (?:large|big|much|great) as)?){_THAN}", "a = {n} * b"),
    )
)


def _fact(clause: str) -> str | None:
    clause = re.sub(r"\b(?:twice|double)\b", "2 times", clause).replace("triple", "3 times")
    for pattern, form in (*_FACTS, *_RELATIVE):
        if match := pattern.match(clause):
            amount = f"({value(match['n'])})".replace("(-", "(0 - ")
            made = form.format(n=amount)
            return made if "=" in made else f"{made} = {amount}"
    return None


def _two_numbers(body: str) -> list[str] | None:
    """Two facts about two numbers, as equations in a and b."""
    text = re.sub(r"\b(?:another)\b", "the other", body)
    text = re.sub(r"^(?:if|suppose|given that|when)\s+", "", text)
    intro = _PAIR_INTRO.match(text)
    rest = text[intro.end() :] if intro else text
    if not intro and "number" not in text and "integer" not in text:
        return None
    clauses = [part for part in re.split(r"\s*(?:,\s*and\s+|,|;|\.\s|\band\b)\s*", rest) if part]
    facts = [_fact(part.strip()) for part in clauses]
    if len(facts) != 2 or None in facts:
        return None
    return [fact for fact in facts if fact]


def _solve_two(facts: list[str], which: str) -> Symbolic:
    sides = [fact.split("=") for fact in facts]
    try:
        made = [Equation(parse(tokens(left)), parse(tokens(right))) for left, right in sides]
    except NotArithmetic as error:  # the forms above are arithmetic
        raise Refused("I cannot read that puzzle.") from error
    found: list[tuple[Value, Value]] = []
    for solution in solutions([one.terms() for one in made]):
        pair = (max(solution["a"], solution["b"]), min(solution["a"], solution["b"]))
        if pair not in found:
            found.append(pair)
    steps = tuple(str(one) for one in made)
    if re.search(r"larg|bigg|great", which):
        wanted, name = [pair[0] for pair in found], "the larger number is"
    elif re.search(r"small|less", which):
        wanted, name = [pair[1] for pair in found], "the smaller number is"
    else:
        pairs = [listed([number(one) for one in pair]) for pair in found]
        return symbolic("puzzle", found[0], f"the numbers are {', or '.join(pairs)}.", steps=steps)
    answer = wanted[0] if len(wanted) == 1 else tuple(wanted)
    return symbolic("puzzle", answer, f"{name} {' or '.join(map(number, wanted))}.", steps=steps)


_COUNTS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10}
_RUN = (
    r"(?P<count>\d{1,3}) consecutive (?P<kind>(?:positive |whole |natural )*(?:even |odd )?)(?:whole "
    r"|natural |positive )?(?:numbers|integers)"
)
_CONSECUTIVE = tuple(
    re.compile(pattern + r"\Z")
    for pattern in (
        rf"(?:the )?(?P<what>sum|total|product) of {_RUN} (?:is|equals|=) (?P<total>-?{WHOLE})",
        rf"{_RUN} (?:that |which |whose |with |have |having |add |a )*(?P<what>sum|total|product|up|to|multiply)"
        rf"(?: up)?(?: to| is| of| equal| equals)* (?P<total>-?{WHOLE})",
    )
)


def _consecutive(match: re.Match[str], which: str) -> Symbolic:
    count, total = int(match["count"]), int(match["total"])
    parity = "even" if "even" in match["kind"] else "odd" if "odd" in match["kind"] else ""
    step = 2 if parity else 1
    if count < 2:
        raise Refused("One number is not consecutive.")
    if match["what"] in ("product", "multiply"):
        starts = _product_starts(count, step, total)
    else:
        rest = total - step * count * (count - 1) // 2
        starts = [rest // count] if rest % count == 0 else []
    starts = [start for start in starts if not parity or start % 2 == (parity == "odd")]
    name = f"{count} consecutive {parity + ' ' if parity else ''}numbers"
    verb = "multiply" if match["what"] in ("product", "multiply") else "add up"
    if not starts:
        raise Contradiction(f"No {name} {verb} to {total:,}.")
    runs = [[Fraction(start + step * place) for place in range(count)] for start in starts]
    if re.search(r"larg|bigg|great|last|small|least|first", which):
        large = re.search(r"larg|bigg|great|last", which) is not None
        wanted = [max(run) if large else min(run) for run in runs]
        text = f"the {'largest' if large else 'smallest'} of them is {' or '.join(map(given, wanted))}."
        return symbolic("puzzle", wanted[0] if len(wanted) == 1 else tuple(wanted), text)
    shown = ", or ".join(listed([given(item) for item in run]) for run in runs if len(run) <= 20)
    shown = shown or f"those from {given(runs[0][0])} to {given(runs[0][-1])}"
    return symbolic("puzzle", tuple(runs[0]), f"the numbers are {shown}.")


def _product_starts(count: int, step: int, total: int) -> list[int]:
    if count > 20 or abs(total) > 10**18:
        raise Refused("That is too large for me to work out.")
    root = round(abs(total) ** (1 / count))
    reach = step * count + 2
    near = [*range(root - reach, root + reach), *range(-root - reach, -root + reach)]
    return [start for start in sorted(set(near)) if math.prod(start + step * i for i in range(count)) == total]


def read(request: Asked, now: datetime) -> Reading | None:
    """A puzzle about numbers that are not named, or None."""
    text = request.digits
    if "number" not in text and "integer" not in text and "what" not in text:
        return None
    text = re.sub(r"\b(two|three|four|five|six) (?=(?:consecutive|numbers|integers))", _digit, text)
    tail = _TAIL.search(text)
    body, which = (text[: tail.start()], tail["which"] or "") if tail else (text, "")
    lead = re.match(r"(?:the )?(?P<which>(?:larger|smaller|largest|smallest) of (?=\d))", body)
    if lead:
        body, which = body[lead.end() :], lead["which"]
    for pattern in _CONSECUTIVE:
        if match := pattern.match(body.strip(" ,.")):
            return Reading("puzzle", partial(_consecutive, match, which))
    facts = _two_numbers(body.strip(" ,."))
    if facts:
        return Reading("puzzle", lambda: _solve_two(facts, which))
    one = _one_number(body.strip(" ,."))
    return Reading("puzzle", partial(_solve_one, one)) if one else None


def _digit(match: re.Match[str]) -> str:
    return f"{_COUNTS[match[1]]} "

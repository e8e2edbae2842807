"""Calculations as people say them: words become the symbols of `plugins.expression`, which decides what they mean."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from plugins import numbers
from plugins.expression import CONSTANTS, MAX_TEXT, Node, NotArithmetic, Refused, parse, tokens, variables

_GLYPHS = {"×": "*", "·": "*", "÷": "/", "−": "-", "–": "-", "²": "^2", "³": "^3", "√": "sqrt ", "π": "pi", "**": "^"}
_LEAD = re.compile(
    r"(?:please|olly|alexa|siri|hey|hi|hello|ok|okay|so|and|now|can you|could you|would you|will you|tell me|tell|"
    r"give me|let me know|i want to know|do you know|what(?:'s| is| are| does| do you get (?:if|when) (?:you|i))|whats|"
    r"what|how much (?:is|are|does)|how many (?:is|are)|calculate|compute|work out|figure out|evaluate|resolve|"
    r"(?:solve|answer) (?:this|the)(?: equation| question| math)?|solve|find|for me|"
    r"(?:the )?(?:answer|result|value|solution|total) (?:to|of|for)|the(?= )|"
    r"do i (?:add|subtract|divide|multiply)(?= x)|how do i|is it true that|does|is)\b[\s,:]*"
)
_TRAIL = re.compile(
    r"[\s,]*(?:\b(?:please|for me|olly|equals?(?: to)?|is equal to|make|come to|altogether|be|is)|=)\s*$"
)
_A, _B = r"(?P<a>.+?)", r"(?P<b>.+)"
#: Whole phrases around two operands, and the expression they stand for.
_PHRASES = tuple(
    (re.compile(pattern + r"\Z"), form)
    for pattern, form in (
        (rf"(?:subtract|subtracting|take away|take|deduct) {_A} from {_B}", "({b}) - ({a})"),
        (rf"(?:take|get) {_A} and (?:then )?(?:divide|divided) (?:it )?by {_B}", "({a}) / ({b})"),
        (rf"(?:take|get) {_A} and (?:then )?(?:multiply|multiplied) (?:it )?by {_B}", "({a}) * ({b})"),
        (rf"(?:take|get) {_A} and (?:then )?add {_B}(?: to it)?", "({a}) + ({b})"),
        (rf"divide {_A} (?:by|with) {_B}", "({a}) / ({b})"),
        (rf"multiply {_A} (?:by|with|and|times) {_B}", "({a}) * ({b})"),
        (rf"(?:the )?product of {_A} and {_B}", "({a}) * ({b})"),
        (rf"(?:the )?difference (?:between|of) {_A} and {_B}", "({a}) - ({b})"),
        (rf"(?:the )?quotient of {_A} and {_B}", "({a}) / ({b})"),
        (rf"(?:the )?remainder (?:of|when|if) {_A} (?:is )?divided by {_B}", "({a}) mod ({b})"),
        (rf"(?:is )?{_A} divisible by {_B}", "({a}) mod ({b}) = 0"),
        (r"(?:the )?square of (?P<a>.+)", "({a}) ^ 2"),
        (r"(?:the )?cube of (?P<a>.+)", "({a}) ^ 3"),
        (rf"(?:how many )?times (?:does|do|can|will) {_A} go into {_B}", "({b}) / ({a})"),
        (rf"percent(?:age)? of {_A} is {_B}", "({b}) / ({a}) * 100"),
        (rf"(?:what )?percent(?:age)? {_A} is (?:out )?of {_B}", "({a}) / ({b}) * 100"),
        (rf"{_A} (?:is|as) (?:what|a) percent(?:age)? of {_B}", "({a}) / ({b}) * 100"),
        (r"(?:double|twice|two times) (?P<a>.+)", "2 * ({a})"),
        (r"(?:triple|thrice) (?P<a>.+)", "3 * ({a})"),
    )
)
_LISTS = re.compile(
    r"(?:add(?: up)?|(?:the )?sum of|(?P<mean>(?:the )?(?:average|mean) of))"
    r"(?: (?:the )?(?:\d+ )?numbers)? (?P<items>.+)\Z"
)
_POWERS = {"third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9, "tenth": 10}
_POWER = re.compile(rf"\bto the (?P<power>{'|'.join(_POWERS)})(?: power)?\b")
_MIXED = re.compile(r"(?<![\d./])(\d+) (\d+)/(\d+)(?![\d./])")
_WORDS = tuple(
    (re.compile(pattern), symbol)
    for pattern, symbol in (
        (r"\bopen (?:brackets?|parenthes[ie]s|paren)\b", " ( "),
        (r"\bclosed? (?:brackets?|parenthes[ie]s|paren)\b", " ) "),
        (r"\b(?:raised )?to the (\d+)(?:st|nd|rd|th)(?: power)?\b", r" ^ \1 "),
        (r"\b(?:raised )?to the power (?:of )?|\braised to\b|\bto the (?=\d)", " ^ "),
        (r"\bsquared\b", " ^2 "),
        (r"\bcubed\b", " ^3 "),
        (r"\b(?:the )?cube root(?: of)?\b", " cbrt "),
        (r"\b(?:the )?(?:square )?root of\b|\bsquare root\b", " sqrt "),
        (r"\b(?:the )?factorial of\b", " factorial "),
        (r"(?<=[\d)])\s*factorial\b", " ! "),
        (r"\b(?:the )?absolute value of\b", " abs "),
        (r"\b(?:the )?natural log(?:arithm)? of\b|\bln of\b", " ln "),
        (r"\b(?:the )?log(?:arithm)?(?: of)?\b", " log "),
        (r"\b(?:the )?(?:sine|sin)(?: of)?\b", " sin "),
        (r"\b(?:the )?(?:cosine|cos)(?: of)?\b", " cos "),
        (r"\b(?:the )?(?:tangent|tan)(?: of)?\b", " tan "),
        (r"\bdegrees?\b|°", " "),
        (r"(?:\b(?:percent(?:ages?)?|per cent)|%) of\b", " % * "),
        (r"\b(?:percent(?:ages?)?|per cent)\b", " % "),
        (r"\b(?:plus|added to)\b", " + "),
        (r"\b(?:minus|less|subtract|take away|negative)\b", " - "),
        (r"\b(?:times|multiplied (?:by|with)|multiply(?: by)?)\b", " * "),
        (r"\b(?:divided by|divide by|over)\b", " / "),
        (r"\b(?:modulo|modulus)\b", " mod "),
        (r"\bof\b", " * "),
        (r"\b(?:is equal to|equals? to|equals?|is)\b", " = "),
        (r"\bthe\b", " "),
    )
)


@dataclass(frozen=True, slots=True)
class Problem:
    """A calculation read from a text: one side, or two that are said to be equal."""

    left: Node
    right: Node | None = None

    @property
    def unknowns(self) -> set[str]:
        """The names of its unknowns."""
        return variables(self.left) | (variables(self.right) if self.right else set())


@lru_cache(maxsize=256)  # proposing and answering read the same text
def read(text: str) -> Problem | None:
    """The calculation that a text states in full, or None where it says anything else. Raises `Refused`."""
    if len(text) > MAX_TEXT:
        if re.fullmatch(r"[\d\s.+*/^!%()=x-]+", text):
            raise Refused("That is too long for me to work out.")
        return None
    body = text.lower().strip().rstrip("?. ")
    for glyph, symbol in _GLYPHS.items():
        body = body.replace(glyph, symbol)
    while (lead := _LEAD.match(body)) and lead.end() < len(body):
        body = body[lead.end() :]
    while trail := _TRAIL.search(body):
        body = body[: trail.start()]
    body = re.sub(r"\bfor [a-z]$", "", body).strip()
    body = _POWER.sub(
        lambda found: f"to the {_POWERS[found['power']]}th", re.sub(r"\b1 half\b|\bone half\b", "half", body)
    )
    body = _MIXED.sub(r"(\1 + \2/\3)", body)
    if not re.search(r"\d|[a-z]{3}|[½¼¾⅓⅔]", body):
        return None
    try:
        signs = tokens(symbols(numbers.digits(body, slash=False)))
        if signs.count("=") > 1 or not any(sign[0].isdigit() or sign in CONSTANTS for sign in signs):
            return None
        if "=" in signs:
            middle = signs.index("=")
            found = Problem(parse(signs[:middle]), parse(signs[middle + 1 :]))
        else:
            found = Problem(parse(signs))
    except NotArithmetic:
        return None
    if found.right is None and not _calculates(found.left):
        return None
    return found


def symbols(body: str, depth: int = 0) -> str:
    """The words of a calculation as symbols; words without a symbol stay and are refused by the grammar."""
    if depth < 4:
        if (listed := _LISTS.match(body)) and len(
            items := re.split(r",? and |,? plus |,\s*|\s*\+\s*| to | with ", listed["items"])
        ) > 1:
            total = " + ".join(f"({symbols(item, depth + 1)})" for item in items if item)
            return f"({total}) / {len(items)}" if listed["mean"] else total
        for pattern, form in _PHRASES:
            if match := pattern.match(body):
                sides = {name: symbols(side, depth + 1) for name, side in match.groupdict().items()}
                return form.format(**sides)
    for word, symbol in _WORDS:
        body = word.sub(symbol, body)
    return body


def _calculates(node: Node) -> bool:
    """Whether there is anything to work out beyond a plain number."""
    return node.op not in ("number", "constant", "variable", "neg", "%") or any(map(_calculates, node.args))


_SIGNS = {
    "+": ("+", "plus"),
    "-": ("−", "minus"),
    "*": ("×", "times"),
    "/": ("÷", "divided by"),
    "mod": ("mod", "modulo"),
}
_BINDING = {"+": 1, "-": 1, "*": 2, "/": 2, "mod": 2, "neg": 3, "^": 4}
_NAMES = {"sqrt": ("√", "the square root of "), "cbrt": ("∛", "the cube root of ")}
_NAMES |= {"factorial": ("factorial ", "factorial "), "abs": ("the absolute value of ", "the absolute value of ")}


def render(node: Node, spoken: bool, binding: int = 0) -> str:
    """An expression as text with as few brackets as it needs, or as words (without brackets)."""
    if node.op == "number":
        return numbers.exact(node.value)
    if node.name:
        return node.name
    sides = node.args
    if node.op == "*" and sides[0].op == "%":
        text = f"{render(sides[0], spoken, 9)} of {render(sides[1], spoken, 3)}"
    elif node.op in _SIGNS:
        own = _BINDING[node.op]
        sign = _SIGNS[node.op][spoken]
        text = f"{render(sides[0], spoken, own)} {sign} {render(sides[1], spoken, own + (node.op != '+'))}"
    elif node.op == "^":
        sign = " to the power of " if spoken else "^"
        text = f"{render(sides[0], spoken, 5)}{sign}{render(sides[1], spoken, 4)}"
    elif node.op == "neg":
        text = f"{'minus ' if spoken else '−'}{render(sides[0], spoken, 3)}"
    elif node.op == "%":
        text = f"{render(sides[0], spoken, 9)}{' percent' if spoken else '%'}"
    elif node.op == "factorial" and not spoken:
        text = f"{render(sides[0], spoken, 9)}!"
    else:
        text = f"{_NAMES.get(node.op, (f'{node.op} ', f'{node.op} '))[spoken]}{render(sides[0], spoken, 5)}"
    return f"({text})" if not spoken and _BINDING.get(node.op, 9) < binding else text

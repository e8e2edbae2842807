"""Whether a text is a word problem: numbers that are told, and a question that can only be answered by calculating.

What other skills read in full (a calculation, a conversion) is none, nor are requests to an assistant that merely
hold numbers. The rules look at how a text is built, never at what a model thinks of it.
"""

from __future__ import annotations

import re
from functools import lru_cache

from plugins import calculation, measure
from plugins.expression import Refused
from plugins.math.quantities import Quantity, find
from plugins.math.template import template_of
from plugins.math.types import Template

MAX_TEXT, MAX_NUMBERS = 2000, 12
_AMOUNT = (
    r"total|number|amount|sum|difference|average|mean|cost|price|bill|tip|profit|loss|change|discount|interest|value|"
    r"weight|mass|length|width|height|depth|distance|speed|rate|area|perimeter|volume|age|score|ratio|fraction|percent|"
    r"percentage|share|salary|income|balance|pace|pay|bills?|earnings|worth|remainder|product|quotient|temperature|capacity"
)
_ASKS = re.compile(
    r"\b(?:how (?:many|much|long|far|old|tall|high|wide|deep|heavy|fast|often|big)\b"
    rf"|(?:what|which)(?:'s| is| are| was| were| will| would| does| do)?\b(?: [\w'’]+){{0,6}}? (?:{_AMOUNT})\b"
    r"|what (?:did|does|do|will|would|was|is) (?:\w+ ){1,4}(?:cost|pay|spend|owe|earn|weigh|have left)\b"
    r"|(?:find|calculate|determine|work out|figure out)(?= (?:the|how|what|their|his|her|its|[A-Za-z]+['’]s)\b))",
    re.IGNORECASE,
)
_ADDRESSED = re.compile(
    r"^(?:(?:hey|hi|hello|ok|okay|please|olly|alexa|siri|google|computer|can you|could you|would you|will you|"
    r"i want you to|i need you to|i want to|i'd like to|i would like to|let's|let us|just|now|also)[\s,]+)*",
    re.IGNORECASE,
)
_COMMANDS = """
set add remind wake turn switch play call text send email mail put remove delete cancel create make schedule book order
start stop pause resume dim brighten show open close lock unlock give convert define read list snooze change move skip
increase decrease lower raise check note remember tell ask repeat shuffle record clear rename mute unmute translate
search look navigate directions recommend suggest track keep block save download brew clean vacuum
"""
_COMMAND = re.compile(rf"(?:{'|'.join(_COMMANDS.split())})\b(?!\s+(?:has|had|have|is|was|were|and)\b)", re.IGNORECASE)
#: Questions that an assistant answers from what it keeps or knows, whatever numbers they hold.
_KEPT = re.compile(
    r"\b(?:alarms?|timers?|reminders?|calendar|schedule|meetings?|appointments?|events?|emails?|messages?|playlist|"
    r"(?:shopping|grocery|to ?do|packing) list|weather|forecast|traffic|stock|flights?|o'?clock|calories)\b",
    re.IGNORECASE,
)
_WONDERS = re.compile(
    r"\bhow (?:long|far|many|much)\b.*\b(?:until|till|to get (?:to|from)|does it take to get|ago|away|from here)\b",
    re.IGNORECASE,
)
_IF = re.compile(r"\b(?:if|when|given that|suppose|assuming|after|out of)\b", re.IGNORECASE)
_RELATION = re.compile(
    r"\b(?:each|apiece|per|every|altogether|in total|in all|left(?: over)?|remain\w*|equally|evenly|"
    r"(?:more|fewer|less) than|times as|twice|half|dozen|an? (?:day|week|month|year|hour|minute|piece|pound|mile)|@)\b",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"\d+")
_CLOCK = re.compile(r"\s*(?:[ap]\.?m\b|o'?clock|hundred hours)", re.IGNORECASE)
_AT = re.compile(r"\b(?:at|until|till|by|before|after|around|past|from|between)\s+\Z", re.IGNORECASE)
_MONTHS = "january february march april may june july august september october november december"
_DATE = re.compile(rf"\b(?:{_MONTHS.replace(' ', '|')})\s+(?:the\s+)?\Z", re.IGNORECASE)
_YEAR = re.compile(r"\b(?:in|since|of|year|by|from)\s+\Z", re.IGNORECASE)


def _calendar(text: str, number: Quantity) -> bool:
    """Whether a number is a time of day, a date or a year."""
    before, after = text[: number.start], text[number.end :]
    if _CLOCK.match(after) or _DATE.search(before) or re.match(r"(?:st|nd|rd|th)\b", after):
        return True
    written = text[number.start : number.end]
    if number.unit == "" and _AT.search(before) and number.value <= 24 and not before.rstrip().endswith("$"):
        return not re.match(r"\s*(?:each|apiece|per|cents?|dollars?|and)\b", after)
    return bool(re.fullmatch(r"(?:19|20)\d\d", written)) and number.unit == "" and _YEAR.search(before) is not None


def counted(text: str) -> list[Quantity]:
    """The quantities of a text without times of day, dates and years."""
    return [number for number in find(text) if not _calendar(text, number)]


def elsewhere(text: str) -> bool:
    """Whether another skill reads the text in full: a calculation or a conversion."""
    try:
        return calculation.read(text) is not None or measure.read(text) is not None
    except Refused:
        return True


@lru_cache(maxsize=256)  # proposing and answering read the same text
def read(text: str) -> Template | None:
    """The template of a word problem, or None where the text is none."""
    if not 12 <= len(text) <= MAX_TEXT or not (asked := _question(text)):
        return None
    if len(_DIGITS.findall(text)) > 2 * MAX_NUMBERS:
        return None
    body = _ADDRESSED.sub("", text.strip())
    if _COMMAND.match(body) or elsewhere(text):
        return None
    numbers = counted(text)
    if not numbers or len(numbers) > MAX_NUMBERS or not _tells(text, numbers, asked):
        return None
    template = template_of(text)
    return template if template.letters else None


def _question(text: str) -> re.Match[str] | None:
    """Where the last question begins; one with "how" before others."""
    found = list(_ASKS.finditer(text))
    return next((one for one in reversed(found) if one.group().lower().startswith("how")), found[-1] if found else None)


def _tells(text: str, numbers: list[Quantity], asked: re.Match[str]) -> bool:
    """Whether enough is told: a statement before the question, or a condition or a relation within it."""
    told = [number for number in numbers if number.end <= asked.start()]
    before, after = text[: asked.start()], text[asked.start() :]
    related = _RELATION.search(text) is not None
    if told and len(before.split()) >= 3:
        if _KEPT.search(after) and not _KEPT.search(before):
            return False
        return len(numbers) > 1 or related
    if len(numbers) < 2 or _KEPT.search(text) or _WONDERS.search(text):
        return False
    return related or _IF.search(text) is not None

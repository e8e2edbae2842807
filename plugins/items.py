"""Reading what is said about lists: which list, which items, and what to do with them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

Action = Literal["add", "create", "remove", "clear", "delete", "query", "lists"]
MAX_ITEM, MAX_NAME, MAX_ITEMS = 120, 40, 50

#: Things that have a comma-like word inside their name.
_PAIRS = """
mac and cheese, macaroni and cheese, salt and pepper, fish and chips, peanut butter and jelly, half and half,
bread and butter, rice and beans, ham and cheese, oil and vinegar, salt and vinegar, sweet and sour, cookies and cream,
pork and beans, bangers and mash, wine and cheese, gin and tonic, rum and coke, black and white, arts and crafts,
head and shoulders, m and m, mum and dad, mom and dad, bed and breakfast, lost and found, pros and cons,
washer and dryer, washing and ironing, biscuits and gravy, milk and cookies, chips and salsa, cream and sugar
"""
_COMPOUND = re.compile(rf"\b(?:{'|'.join(pair.strip() for pair in _PAIRS.split(','))})\b", re.I)
_TASKS = """
ask bake book bring buy call cancel check clean collect cook do draft drop email empty feed file fill find finish fix
get go iron learn make mail mow order pack paint pay phone pick plan plant post practice prepare print read renew rent
repair reply return review ring run schedule see sell send sort start study submit sweep take talk text throw tidy try
update vacuum visit walk wash water weed work wrap write
"""
TASK_VERBS = frozenset(_TASKS.split())
_ALIASES = {"groceries": "grocery", "todo": "to do", "to-do": "to do", "to do s": "to do", "todos": "to do"}
_ALIASES |= {"things to do": "to do", "to-dos": "to do", "tasks": "task", "chores": "chore", "to dos": "to do"}
_EMPTY_NAMES = frozenset(
    ["", "new", "the", "a", "this", "that", "my", "current", "same", "following", "item", "existing"]
)

_LEAD = re.compile(
    r"(?:please|olly|alexa|siri|hey|hi|ok|okay|and|also|now|so|just|can you|could you|would you|will you|can i|"
    r"i(?:'d| would)? (?:need|want|like)(?: you)? to|i(?:'ve| have)? got to|you should|let'?s|go ahead and)\b[\s,]*"
)
_TAIL = re.compile(r"[\s,]*\b(?:please|for me|thanks|thank you|olly|now|too|as well|again)\s*$")
_OWNERS = frozenset(["the", "my", "our", "a", "an", "this", "that", "your", "his", "her", "their", "another"])
_LINKS = frozenset(["to", "onto", "on", "in", "into", "inside", "from", "off", "of", "at", "with", "for"])
_BOUNDS = """
add put include insert append place write get stick throw pop remove delete take cross scratch check tick erase rid drop
eliminate strike cancel clear empty wipe reset create make start begin prepare open build set new whole entire current
show read tell give display pull see view recite say bring me up what what's whats which is are was have has do does
did how many all any last item items thing things everything something out there again update need needs destroy trash
"""
_FOREIGNERS = """
contact contacts song songs soundtrack play playing music email mailing facebook friends friend favorite weather alarm
"""
#: Lists of these are other skills' business.
_FOREIGN = frozenset(_FOREIGNERS.split())
_BOUND_WORDS = _OWNERS | _LINKS | frozenset(_BOUNDS.split())
_LIST_WORD = re.compile(r"(?<![\w'-])lists?\b(?!\s+(?:of|out|all|the|my|me|any|every)\b(?!\s+(?:things|stuff)\s+to))")
_NAMED = re.compile(
    rf"\s+(?:called|named|titled|with the (?:name|title)|for(?: the| my)?)\s+(?P<name>[\w' -]{{1,{MAX_NAME}}})$"
)
_PLAIN = re.compile(
    r"\b(?P<link>to|on|onto|from|off|in|into)\s+(?:the |my |our )*"
    r"(?P<name>groceries|to-?dos?|to do s|tasks|chores|shopping)$"
)
_ADD = (
    r"(?:add|put|include|insert|append|place|write(?: down)?|note(?: down)?|jot down|stick|throw|pop|re-? ?add|"
    r"get(?! rid))"
)
_WANT = r"(?:(?:i|we)(?:'re| are) (?:almost |nearly )?out of|(?:i|we) (?:also )?need(?: to buy| to get)?|buy|need)"
_REMOVE = (
    r"(?:remove|delete|take(?: off| out)?|cross(?: off| out)?|scratch(?: off| out)?|check(?: off)?|tick(?: off)?|erase|"
    r"get rid of|drop|eliminate|strike(?: off| out)?|cancel|clear)"
)
_ALL = re.compile(r"(?:everything|every item|all(?: of)?(?: (?:it|them|the|my))?(?: items?| entries| things)?)$")
_NOTHING = re.compile(
    r"(?:(?:an?|the|this|that|some|new|my|one|these|those)\s+)*(?:items?|things?|something|stuff|it|this|that|them|entr\w+)?$"
)
_ASKS = re.compile(
    r"(?:what(?:'s| is| are| do| does| did)?|whats|which|how many|show|read|tell|give me|display|check|pull up|see|"
    r"view|open|recite|say|look at|bring up|go over|did i|do i|have i|is there|are there|is|are|my|count)\b"
)
_HAS = re.compile(
    r"(?:did i (?:add|put)|do i (?:already )?(?:have|need)|have i (?:added|got|put)|is there|are there|is|are)\s+"
    r"(?P<item>(?!anything|something|nothing|room)\S.*)$"
)
_LISTS = re.compile(
    r"(?:what|which|how many|show|read|tell me|give me|name|list|bring up|find)\b(?: \w+){0,3} lists\b|lists$"
)
_CREATE = re.compile(r"(?:create|make|start|begin|prepare|open(?=.* new )|build|set up|new)\b")
_CLEAR = re.compile(r"(?:clear|empty|wipe|reset)\b")
_DELETE = re.compile(r"(?:delete|remove|erase|get rid of|cancel|destroy|trash|drop|kill|forget)\b")


@dataclass(frozen=True, slots=True)
class Request:
    """What a text asks of a list. `items` may be empty where they are still to be asked for."""

    action: Action
    name: str = ""
    items: tuple[str, ...] = ()
    explicit: bool = False  # the word list stands in the text, or a list that everybody has


def clean_name(name: str) -> str:
    """A list's name as it is kept: lower case, without the word list, aliases resolved."""
    name = " ".join(re.sub(r"[^\w' -]", " ", name.lower()).split())
    name = re.sub(r"^(?:(?:the|my|our|an?|this|that|your)\s+)+|\s*\blists?$", "", name).strip()[:MAX_NAME].strip()
    return "" if name in _EMPTY_NAMES else _ALIASES.get(name, name)


def split_items(text: str, tasks: bool = False) -> tuple[str, ...]:
    """The items of an enumeration. In a list of tasks `and` separates only before a verb (`call mum and dad`)."""
    kept: list[str] = []

    def keep(found: re.Match[str]) -> str:
        kept.append(found.group())
        return f"\x00{len(kept) - 1}\x00"

    held = _COMPOUND.sub(keep, text.replace("\x00", " "))
    parts: list[str] = []
    for piece in re.split(r"\s*[,;\n]\s*(?:(?:and|plus)\s+)?", held):
        first = len(parts)
        for part in re.split(r"\s+(?:and also|and then|as well as|and|plus|&)\s+", piece):
            if tasks and len(parts) > first and part.split(" ")[0].lower() not in TASK_VERBS:
                parts[-1] += f" and {part}"
            else:
                parts.append(part)
    restored = (re.sub(r"\x00(\d+)\x00", lambda found: kept[int(found.group(1))], part) for part in parts)
    return tuple(dict.fromkeys(item for item in map(clean_item, restored) if item))[:MAX_ITEMS]


def clean_item(text: str) -> str:
    """An item without articles and politeness."""
    text = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split()).strip(" .,!?\"'")
    text = re.sub(r"^(?:(?:some|an?|the|also|another|more|my)\s+)+", "", text, flags=re.I)
    text = re.sub(r"\s+(?:please|too|as well)$", "", text, flags=re.I)
    return text[:MAX_ITEM].strip()


def is_tasks(name: str) -> bool:
    """Whether a list holds things to do rather than things."""
    return name in ("to do", "task", "chore", "cleaning", "work", "errands")


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a text names a list: offsets of the whole phrase, the preposition before it, and the name."""

    start: int
    end: int
    link: str
    name: str


def find_list(lowered: str) -> _Place | None:
    """The last list that a text names: the words before `list` back to a small word, or `list called ...`."""
    found = None
    for word in _LIST_WORD.finditer(lowered):
        found = word
    if found is None:
        plain = _PLAIN.search(lowered)
        return _Place(plain.start(), plain.end(), plain["link"], clean_name(plain["name"])) if plain else None
    before = list(re.finditer(r"\S+", lowered[: found.start()]))
    place = len(before)
    name: list[str] = []
    if not before:  # the verb: list all alarms
        return None
    while place and len(name) < 4 and (word_before := before[place - 1].group()) not in _BOUND_WORDS:
        name.insert(0, word_before)
        place -= 1
        if word_before.endswith((",", ":")):
            break
    if name == [] and place > 1 and [each.group() for each in before[place - 2 : place]] == ["to", "do"]:
        name, place = ["to", "do"], place - 2
    while place and before[place - 1].group() in _OWNERS | {"new", "whole", "entire", "current", "existing"}:
        place -= 1
    link = before[place - 1].group() if place and before[place - 1].group() in _LINKS else ""
    while place and before[place - 1].group() in _LINKS | {"top", "bottom", "end", "the"} and link:
        place -= 1
    start = before[place].start() if place < len(before) else found.start()
    named = _NAMED.match(lowered, found.end())
    if named and not name:
        return _Place(start, named.end(), link, clean_name(named["name"]))
    return _Place(start, found.end(), link, clean_name(" ".join(name)))


@lru_cache(maxsize=256)  # proposing and answering read the same text
def read(text: str) -> Request | None:
    """What a text asks of a list, or None where it does not say."""
    body = " ".join(text.split()).strip(" .!?")
    lowered = body.lower()
    if len(lowered) != len(body) or len(body) > 1000:
        return None
    while (lead := _LEAD.match(lowered)) and lead.end() < len(lowered):
        body, lowered = body[lead.end() :], lowered[lead.end() :]
    while tail := _TAIL.search(lowered):
        body, lowered = body[: tail.start()], lowered[: tail.start()]
    place = find_list(lowered)
    if place is not None:
        if _LISTS.match(lowered) and not place.name:
            return Request("lists", explicit=True)
        return _at_list(body, lowered, place)
    return _change(body, lowered, None)


def _at_list(body: str, lowered: str, place: _Place) -> Request | None:
    """A request that names a list."""
    before = lowered[: place.start].strip()
    ours = not _FOREIGN & set(place.name.split())
    if not place.link and _CREATE.match(lowered) and not re.search(r"\b(?:item|entry)\b", before):
        return _create(lowered, place, ours)
    if _CLEAR.match(lowered) and place.link in ("", "from", "on", "off", "in"):
        left = _CLEAR.sub("", before, count=1).strip(" ,")
        if not left or _ALL.match(left) or left in ("out", "off", "up"):
            return Request("clear", place.name, explicit=ours)
    if not place.link and _DELETE.fullmatch(before):
        return Request("delete", place.name, explicit=ours)
    if _ASKS.match(lowered) and not re.match(r"check off|give me a new|.* and add ", lowered):
        has = _HAS.match(before)
        item = clean_item(re.sub(r"^(?:any|there)\s+", "", has["item"])) if has and place.link else ""
        return Request("query", place.name, (item,) if item else (), ours)
    return _change(body, lowered, place, ours)


def _create(lowered: str, place: _Place, ours: bool) -> Request:
    filled = re.match(r"\s+(?:with|containing|that has)\s+(?!the (?:name|title))(?P<items>.+)$", lowered[place.end :])
    if filled:
        return Request("add", place.name, split_items(filled["items"], is_tasks(place.name)), ours)
    return Request("create", place.name, explicit=ours)


def _change(body: str, lowered: str, place: _Place | None, ours: bool = False) -> Request | None:
    """Adding items to a list, or removing some from it."""
    name = place.name if place else ""
    if place:  # what is left is the verb and the items, which may stand before or after the list
        before, after = body[: place.start].strip(" ,:"), body[place.end :].strip(" ,:")
        after = re.sub(r"^(?:please\s+)?(?:(?:with|needs?|should (?:have|contain))\s+)?", "", after, flags=re.I)
        if re.match(rf"{_ADD}\b|{_REMOVE}\b", after, re.I):
            before, after = after, ""
        body = f"{before} {after}".strip()
        if re.match(r"(?:update|change|edit)\b", body, re.I):
            body = re.sub(r"^\w+", "add", body)
        if not before and after:
            body = f"add {after}"
    for action, verb in (("remove", _REMOVE), ("add", _ADD)):
        found = re.match(rf"{verb}\b\s*(?P<items>.*)$", body, re.I | re.S)
        if found is None and action == "add":
            found = re.match(rf"{_WANT}\s+(?P<items>.+)$", body, re.I | re.S)
        if found is None:
            continue
        items = re.sub(r"\s+(?:off|from|out)$|^(?:off|from|down)\s+", "", found["items"].strip(" :"), flags=re.I)
        if action == "remove" and _ALL.match(items.lower()):
            return Request("clear", name, explicit=ours)
        parts = () if _NOTHING.match(items.lower()) else split_items(items, is_tasks(name))
        return Request("remove" if action == "remove" else "add", name, parts, ours)
    return None

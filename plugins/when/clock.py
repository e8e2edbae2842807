"""Clock times in canonical words: finding them, and which half of the day an "at seven" means."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

Half = Literal["am", "pm"]
Part = Literal["morning", "afternoon", "evening", "night"]
Prefer = Literal["any", "morning", "evening"]

#: Hours of each part of the day, end exclusive.
PARTS: dict[Part, tuple[int, int]] = {"morning": (6, 12), "afternoon": (12, 18), "evening": (18, 24), "night": (18, 24)}
#: Stands for every character of words that were understood already.
MASK = "#"

_UNIT = (
    r"(?:seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|weeks?|months?|years?|percent|degrees|dollars|euros|miles)\b"
)
_DAYPART = r"(?:in the|in|at|this|#+|early in the)(?: early)? (?:morning|afternoon|evening|night)\b"
_STRONG = re.compile(
    "|".join(
        (
            r"(?:12 )?(?P<named>noon|midnight)\b",
            r"(?:a )?(?P<nm>quarter|half|\d{1,2}(?: minutes?)?) (?:past|after) (?P<nh>noon|midnight)\b",
            r"(?:a )?quarter (?P<qd>to|past|after|of|before|until) (?P<qh>\d{1,2})\b(?: oclock)?(?: (?P<qx>am|pm)\b)?",
            r"half past (?P<hh>\d{1,2})\b(?: (?P<hx>am|pm)\b)?",
            rf"half (?P<bh>[1-9]|1[0-2])\b(?! {_UNIT})(?: (?P<bx>am|pm)\b)?",
            rf"(?P<mm>5|10|20|25|\d{{1,2}} minutes?) (?P<md>to|past|after|before|until) (?P<mh>\d{{1,2}})\b"
            rf"(?! {_UNIT}|[:.]| \d)(?: oclock)?(?: (?P<mx>am|pm)\b)?",
            r"(?P<ch>\d{1,2}):(?P<cm>\d\d)(?::(?P<cs>\d\d))?(?![\d:])(?: (?P<cx>am|pm)\b)?",
            r"(?P<dh>\d{1,2})\.(?P<dm>\d\d) (?P<dx>am|pm)\b",
            r"(?P<sh>\d{1,2})(?: (?P<sm>\d\d))?(?: oclock)? (?P<sx>am|pm)\b",
            r"(?P<oh>\d{1,2}) oclock\b",
            r"(?P<fh>\d{1,2})(?P<fm>\d\d) (?P<fx>am|pm)\b",
            r"(?P<zh>\d{1,2})(?P<zm>\d\d) hours\b",
            r"(?P<yh>0\d)(?P<ym>\d\d)\b",
            rf"(?P<ph>\d{{1,2}})(?: (?P<pm>[0-5]\d))?(?= {_DAYPART})",
        )
    )
)
_BARE = re.compile(
    rf"(?:(?P<h>\d{{1,2}})(?: (?P<m>[0-5]\d))?|(?P<fh>\d{{1,2}})(?P<fm>\d\d))(?![\w.:/]| through \d{{3}})(?! {_UNIT})"
)
_FILLERS = re.compile(
    r"no|not|actually|make|it|its|at|please|lets|let|us|say|um|uh|er|hmm|oh|for|to|the|sorry|i|meant|mean|wait"
    r"|rather|set|change|better|instead|ok|okay|yes|around|about|by|just|then|and|alarm|one|an|on|in|from|until"
    r"|between|sharp|exactly"
)
#: Words that may follow a bare number that is a time ("for seven tomorrow"), where a noun may not ("for seven people").
_FOLLOWS = re.compile(
    r"on|in|at|by|to|from|today|tomorrow|tonight|this|next|every|each|daily|and|or|please|for|with|until|about"
    r"|sharp|exactly|that|if|so|thanks|hey|instead|the|labelled|labeled|called|named|my|i|when|before|after|is"
    r"|are|will|as|because|then|of|us|me|not|but|rather|am|pm|oclock|morning|afternoon|evening|night|saying"
    r"|titled|weekdays"
)
_MARKERS = re.compile(r"for|by|around|about|until|before|after|to|it|between|from|past|since|convert")
_DASHED = re.compile(r"\d{1,2}(?: ?:\d\d)? through \d")
_CONTEXT = {
    "morning": re.compile(r"\b(?:wake|waking|woken|wakeup|get up|get me up|breakfast|sunrise|school run)\b"),
    "evening": re.compile(r"\b(?:dinner|supper|party|concert|movie|bedtime|gala|tonight|date night|theatre|theater)\b"),
}


@dataclass(frozen=True, slots=True)
class Clock:
    """A reading of the clock; `half` is None where words leave it open and the hour is 1 to 12."""

    hour: int
    minute: int = 0
    second: int = 0
    half: Half | None = None
    fixed: bool = False  # 24-hour notation, noon, midnight
    end: Clock | None = None

    def hours(self, order: Sequence[Half]) -> list[int]:
        """Hours of the day in the order of preference; 24 is the midnight that ends the day."""
        if self.fixed or self.hour > 12 or self.hour == 0:
            return [self.hour]
        return [self.hour % 12 + (12 if half == "pm" else 0) for half in ((self.half,) if self.half else order)]


def find_clock(text: str) -> tuple[Clock, tuple[int, int]] | None:
    """The first clock time in canonical `text`, as a range where it is one ("from two to four"), with its offsets.

    Bare numbers count after "at" and its kin, beside a day, or when nothing else was said.
    """
    weak: tuple[Clock, tuple[int, int]] | None = None
    before, at = "", 0
    for word in text.split(" "):
        ranged = before in ("from", "between") or _DASHED.match(text, at) is not None
        read = None if ranged else _strong(text, at)
        if read is None and word[:1].isdecimal():
            read = _strong(text, at, ranges=True) if ranged else None
            bare = _bare(text, at) if read is None else None
            if bare is not None:
                sure = ranged or _follows(text, bare[1])
                if sure and (ranged or _MARKERS.fullmatch(before) or before == "at" or before.endswith(MASK)):
                    read = bare
                elif weak is None and (before == "at" or _alone(text, at, bare[1])):
                    weak = bare[0], (at, bare[1])
        if read is not None:
            clock, end = read
            clock, end = _with_end(text, clock, end, before)
            return clock, (at, end)
        before = word
        at += len(word) + 1
    return weak


def _with_end(text: str, clock: Clock, end: int, before: str) -> tuple[Clock, int]:
    """Add the second half of "from two to four pm"; the first takes its half of the day from it."""
    joined = re.compile(r" (to|until|and|through|thru) ").match(text, end)
    if joined is None or (joined[1] == "and" and before != "between"):
        return clock, end
    second = _strong(text, joined.end(), ranges=True)
    if second is None and (before in ("from", "between") or joined[1] == "through" or clock.half or clock.fixed):
        second = _bare(text, joined.end())
        if second is not None and not _follows(text, second[1]):
            second = None
    if second is None:
        return clock, end
    last, end = second
    if clock.half is None and last.half is not None and not clock.fixed:
        early = clock.hour % 12 * 60 + clock.minute < last.hour % 12 * 60 + last.minute
        clock = replace(clock, half=last.half if early else "am" if last.half == "pm" else "pm")
    return replace(clock, end=last), end


def _strong(text: str, at: int, ranges: bool = False) -> tuple[Clock, int] | None:
    """A time at `at` that needs no marker; within a range "ten to twelve" is not eleven fifty."""
    match = _STRONG.match(text, at)
    if match is None or (ranges and match["mm"]):
        return None
    group = match.groupdict()
    if group["named"]:
        noon = group["named"] == "noon"
        return Clock(12 if noon else 24, fixed=True), match.end()
    if group["nh"]:
        after = {"quarter": 15, "half": 30}.get(group["nm"]) or int(group["nm"].split()[0])
        past = _clock(12 if group["nh"] == "noon" else 0, after, 0, None, fixed=True)
        return (past, match.end()) if past is not None else None
    if group["qh"]:
        clock = _shifted(int(group["qh"]), 15 if group["qd"] in ("past", "after") else -15, group["qx"])
    elif group["hh"] or group["bh"]:
        clock = _shifted(int(group["hh"] or group["bh"]), 30, group["hx"] or group["bx"])
    elif group["mm"]:
        minutes = int(group["mm"].split()[0])
        clock = _shifted(int(group["mh"]), minutes if group["md"] in ("past", "after") else -minutes, group["mx"])
    else:
        lead = next(key for key in ("ch", "dh", "sh", "oh", "fh", "zh", "yh", "ph") if group[key])[0]
        hour, minute = group[f"{lead}h"], group.get(f"{lead}m") or "0"
        fixed = lead in "zy" or (lead == "c" and len(hour) == 2 and hour[0] == "0" and not group["cx"])
        clock = _clock(int(hour), int(minute), int(group["cs"] or 0), group.get(f"{lead}x"), fixed)
    return (clock, match.end()) if clock is not None else None


def _bare(text: str, at: int) -> tuple[Clock, int] | None:
    match = _BARE.match(text, at)
    if match is None:
        return None
    hour, minute = match["h"] or match["fh"], match["m"] or match["fm"] or "0"
    clock = _clock(int(hour), int(minute), 0, None, match["h"] is not None and len(hour) == 2 and hour[0] == "0")
    return (clock, match.end()) if clock is not None else None


def _clock(hour: int, minute: int, second: int, half: str | None, fixed: bool = False) -> Clock | None:
    if hour > 23 or minute > 59 or second > 59 or (half is not None and hour == 0):
        return None
    if half is not None and hour > 12:
        half = None  # "19:30 pm" says the same twice
    return Clock(hour, minute, second, "am" if half == "am" else "pm" if half == "pm" else None, fixed)


def _shifted(hour: int, minutes: int, half: str | None) -> Clock | None:
    """`minutes` past `hour`, or before it when negative; "five to twelve" is within the eleventh hour."""
    if not 0 <= hour <= 23 or abs(minutes) > 59:
        return None
    if minutes >= 0:
        return _clock(hour, minutes, 0, half)
    if half == "pm" and hour == 12:  # "five to twelve pm" is before noon
        half = "am"
    elif half == "am" and hour == 12:
        half = "pm"
    return _clock((hour - 2) % 12 + 1 if hour <= 12 else hour - 1, 60 + minutes, 0, half)


def _follows(text: str, end: int) -> bool:
    word = text[end + 1 :].split(" ", 1)[0]
    return not word or word.startswith(MASK) or _FOLLOWS.fullmatch(word) is not None


def _alone(text: str, start: int, end: int) -> bool:
    """Whether nothing but fillers and understood words surrounds the number."""
    words = (text[:start] + text[end:]).split()
    return len(words) < 12 and all(word.startswith(MASK) or _FILLERS.fullmatch(word) for word in words)


def halves(clock: Clock, part: Part | None, text: str, prefer: Prefer, dated: bool) -> list[Half] | None:
    """In which order to try the halves of the day; None: whichever comes next.

    The words around the time decide: a part of the day, then a meal or waking up, then `prefer`. A bare time on a
    named day is in waking hours, from 7:00 to 18:59.
    """
    hour = clock.hour % 12
    if part == "morning":
        return ["am"]
    if part == "night" and clock.hour < 5:
        return ["am"]
    if part is not None:
        return ["pm"]
    context = next((name for name, words in _CONTEXT.items() if words.search(text)), prefer)
    if context == "morning" and (3 if dated else 4) <= clock.hour <= 11:
        return ["am", "pm"] if dated else ["am"]
    if context == "evening" and 4 <= clock.hour <= 11:
        return ["pm", "am"] if dated else ["pm"]
    if not dated:
        return None
    return ["am", "pm"] if hour >= 7 else ["pm", "am"]

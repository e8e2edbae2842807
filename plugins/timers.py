"""The timer skill: several countdowns at once, with names, that go off also after a restart."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from dialog.plugin import hookimpl
from dialog.skill import Skill, Slot, TurnContext, intent
from dialog.types import Candidate, Reply
from plugins.when import find_duration, parse_duration, parse_when
from plugins.when.quiet import postponed
from plugins.when.selection import asks_for_timer, in_order, labelled, position, wants_all
from plugins.when.speech import joined, nice_duration, nice_when, rough_duration
from plugins.when.words import Canonical

TIMERS = "timers"  # memory: id -> {"ends": ISO, "heard": ISO, "seconds": number, "label": text or None}
MOST = 50  # timers of one user
LONGEST = timedelta(days=7)
_LATE = timedelta(minutes=1)
_PLURAL = re.compile(r"\b(?:timers|countdowns)\b", re.I)
_FOR = re.compile(
    r"\b(?:timer|countdown)(?:\s+(?:for|called|named|labell?ed|titled|to))+\s+(?:the |my |some )?"
    r"(?P<label>[a-z][\w' -]{1,40})",
    re.I,
)
_BEFORE = re.compile(r"\b(?P<label>[a-z][\w']+(?: and [a-z][\w']+)?)\s+(?:timer|countdown)\b", re.I)
_NO_LABEL = re.compile(
    r"^(?:an?|the|my|new|another|other|this|that|set|start|make|create|cancel|stop|delete|all|any|every|current|running|"
    r"minutes?|hours?|seconds?|mins?|please|add|begin|first|last|next|how|what|which|put|quick|short|long|"
    r"countdown|timer|me|us|it|on|of|one|two|three|four|five|six|seven|eight|nine|ten)$",
    re.I,
)
#: Intents under which a request for a timer may be heard, as an assistant without timers labels them.
_RESCUED = {
    "alarm_set": "timer_set", "calendar_set": "timer_set", "alarm_query": "timer_query",
    "calendar_query": "timer_query", "alarm_remove": "timer_cancel", "calendar_remove": "timer_cancel",
}  # fmt: skip


def _length(turn: TurnContext, text: str, requested: bool) -> float | None:
    """Seconds of the countdown. A bare number answers "for how long?" in minutes; a clock time counts down to it."""
    length = parse_duration(text)
    if length is None and requested:
        bare = re.fullmatch(r"(?:for |about |no |actually |make it )*(\d{1,4})(?: please)?", Canonical(text).text)
        length = timedelta(minutes=int(bare[1])) if bare else None
    if length is None:
        when = parse_when(text, turn.now)
        length = when.at - turn.now if when is not None and when.grain == "time" else None
    return length.total_seconds() if length is not None else None


def _label(turn: TurnContext, text: str, requested: bool) -> str | None:
    """What the timer is for: "pasta" of "a pasta timer" or "a timer for the pasta"."""
    found = find_duration(text)
    if found is not None:
        text = f"{text[: found[1][0]]} {text[found[1][1] :]}"
    match = _FOR.search(text) or _BEFORE.search(text)
    if match is None:
        return None
    label = re.sub(r"\s+(?:for|of|in|please|now|from now|set|to)\b.*$", "", match["label"].strip(), flags=re.I)
    label = re.sub(r"^(?:a|an|the|my)\s+", "", label.strip(), flags=re.I)
    return label[:40] or None if not _NO_LABEL.match(label) and parse_when(label, turn.now) is None else None


def _which(turn: TurnContext, text: str, requested: bool) -> list[str] | None:
    """Ids of the timers that are meant; [] for none there, None where it must be asked."""
    timers: dict[str, Any] = turn.memory.peek("timers", TIMERS, {})
    order = list(in_order({key: datetime.fromisoformat(timer["ends"]) for key, timer in timers.items()}))
    if not order:
        return []
    named = labelled(text, {key: timer["label"] for key, timer in timers.items() if timer["label"]})
    if named:
        return [key for key in order if key in named]
    length = parse_duration(text)
    if length is not None:
        return [key for key in order if timers[key]["seconds"] == length.total_seconds()]
    if wants_all(text):
        return order
    index = position(text)
    if index is not None:
        return [order[index]] if index < len(order) else []
    if _label(turn, text, False) is not None:
        return []
    if len(order) == 1:
        return order if not requested else None
    return order if _PLURAL.search(text) else None


def _confirm_cancel(turn: TurnContext, which: Sequence[str]) -> str | None:
    timers: dict[str, Any] = turn.memory.peek("timers", TIMERS, {})
    if len(which) < 2:
        return None
    return f"Cancel {'all ' if len(which) == len(timers) else ''}{len(which)} timers?"


def _named(timer: Mapping[str, Any]) -> str:
    """ "pasta timer", "10 minute timer"."""
    if timer["label"]:
        return f"{timer['label']} timer"
    said = re.sub(r"(\d+ \w+?)s\b", r"\1", nice_duration(timedelta(seconds=timer["seconds"])))
    return f"{said} timer"


class Timers(Skill):
    """Keeps countdowns in the user's memory and lets a reminder of the assistant end them."""

    name, domain = "timers", "timer"
    description = "I run timers, several at once and with names, and tell you when they are up."

    def propose(self, turn: TurnContext) -> Sequence[Candidate]:
        """Also what was understood as an alarm or a calendar entry, where the text speaks of a timer."""
        found = list(super().propose(turn))
        readings = turn.understanding.interpretations
        if readings and readings[0].intent in _RESCUED and asks_for_timer(turn.text):
            rescued = _RESCUED[readings[0].intent]
            reading = replace(readings[0], intent=rescued)
            found = [candidate for candidate in found if candidate.intent != rescued]
            effects = self.specs[rescued].effects
            found.insert(0, Candidate(self.name, rescued, self.domain, reading, effects=effects))
        return found

    @intent(
        "timer_set",
        slots=[Slot("seconds", ask="For how long?", parse=_length), Slot("label", parse=_label, required=False)],
        examples=[
            "set a timer for five minutes", "start a ten minute timer", "timer for one hour",
            "set a pasta timer for eight minutes", "can you time twenty minutes for me",
            "count down from thirty seconds", "start a countdown of ninety seconds", "set a timer",
            "give me a fifteen minute timer for the eggs", "new timer called laundry for forty five minutes",
            "i need a timer for an hour and a half",
            "put three minutes on the clock for the tea", "make a timer for half an hour",
            "set another timer for two minutes", "time me for twelve minutes",
        ],
        effects="reversible",
        amendable=True,
    )  # fmt: skip
    async def set(self, turn: TurnContext, seconds: float, label: str | None) -> Reply | str:
        """Start a countdown; a correction replaces the one that was started just before."""
        timers: dict[str, Any] = await turn.memory.get(TIMERS, {})
        length = timedelta(seconds=seconds)
        if length <= timedelta():
            return "That time has already passed, so there is nothing to count down to."
        if length > LONGEST:
            return f"I can run a timer for {nice_duration(LONGEST)} at most; for a day that far ahead set a reminder."
        last = await turn.memory.get("last", {})
        replaced = last.get("id") if turn.amends and last.get("in") == turn.view.conversation_id else None
        if replaced in timers:
            del timers[replaced]
            turn.cancel_reminder(f"timer:{replaced}")
        if len(timers) >= MOST:
            return f"You have {MOST} timers running already. Cancel some first."
        ends = datetime.fromtimestamp(turn.now.timestamp() + seconds, turn.now.tzinfo)
        wait = postponed(ends, turn.now, await turn.setting("quiet_hours"))
        key = str(await turn.memory.get("next", 1))
        timer = {
            "ends": ends.isoformat(), "heard": (wait or ends).isoformat(), "seconds": seconds, "label": label,
        }  # fmt: skip
        turn.memory.set("next", int(key) + 1)
        turn.memory.set("last", {"id": key, "in": turn.view.conversation_id})
        turn.memory.set(TIMERS, {**timers, key: timer})
        turn.remind(f"timer:{key}", wait or ends, "timer_fired", {"id": key})
        said = f"{label.capitalize()} timer" if label else "Timer"
        verb = "is now" if replaced else "set for"
        quiet = f" That is within your quiet hours, so I'll tell you {nice_when(wait, turn.now)}." if wait else ""
        return f"{said} {verb} {nice_duration(length)}.{quiet}"

    @intent(
        "timer_query",
        examples=[
            "how much time is left on my timer", "how long is left on the timer", "what timers are running",
            "check the timer", "how long until the pasta timer goes off", "do i have any timers set",
            "list my timers", "when will the timer be done", "what is the status of my timer", "show me all timers",
            "is my timer still running", "how many minutes are left on the egg timer", "time remaining on the timer",
        ],
    )  # fmt: skip
    async def query(self, turn: TurnContext) -> str:
        """How long the timers still run."""
        timers: dict[str, Any] = await turn.memory.get(TIMERS, {})
        if not timers:
            return "No timer is running."
        ends = {key: datetime.fromisoformat(timer["ends"]) for key, timer in timers.items()}
        order = list(in_order(ends))
        named = labelled(turn.text, {key: timers[key]["label"] for key in order if timers[key]["label"]})
        length = parse_duration(turn.text)
        if not named and length is not None:
            named = [key for key in order if timers[key]["seconds"] == length.total_seconds()]
        chosen = [key for key in order if key in named] or order
        said = [
            f"the {_named(timers[key])} has {rough_duration(max(ends[key] - turn.now, timedelta()))} left"
            for key in chosen[:5]
        ]
        rest = len(chosen) - 5
        more = [f"{rest} more {'is' if rest == 1 else 'are'} running"] if rest > 0 else []
        text = joined(said + more)
        return f"{text[0].upper()}{text[1:]}."

    @intent(
        "timer_cancel",
        slots=[Slot("which", ask="Which timer? Say its name or length, or all of them.", parse=_which)],
        confirm=_confirm_cancel,
        examples=[
            "cancel the timer", "stop the timer", "cancel my pasta timer", "delete all timers", "turn off the timer",
            "cancel the ten minute timer", "stop all my timers", "end the countdown", "forget the egg timer",
            "clear my timers", "remove the timer", "kill the laundry timer", "i don't need the timer any more",
        ],
        effects="reversible",
    )  # fmt: skip
    async def cancel(self, turn: TurnContext, which: Sequence[str]) -> str:
        """Stop the timers that are meant; several of them only after a confirmation."""
        timers: dict[str, Any] = await turn.memory.get(TIMERS, {})
        gone = [timers[key] for key in which if key in timers]
        if not gone:
            return "No timer is running." if not timers else "No such timer is running."
        for key in which:
            if timers.pop(key, None) is not None:
                turn.cancel_reminder(f"timer:{key}")
        turn.memory.set(TIMERS, timers)
        return f"The {_named(gone[0])} is cancelled." if len(gone) == 1 else f"{len(gone)} timers are cancelled."

    @intent("timer_fired")
    async def fired(self, turn: TurnContext) -> AsyncIterator[Reply]:
        """Tell that a timer is up."""
        key = next((str(entity.value) for entity in turn.entities("id")), "")
        timers: dict[str, Any] = await turn.memory.get(TIMERS, {})
        timer = timers.get(key)
        if timer is None:
            yield Reply("No such timer is running.")
            return
        if turn.now < datetime.fromisoformat(timer["heard"]) - timedelta(seconds=1):
            left = rough_duration(datetime.fromisoformat(timer["ends"]) - turn.now)
            yield Reply(f"The {_named(timer)} has {left} left.")
            return
        del timers[key]
        turn.memory.set(TIMERS, timers)
        late = turn.now - datetime.fromisoformat(timer["ends"])
        ago = f" It ended {rough_duration(late)} ago." if late > _LATE else ""
        yield Reply(f"Your {_named(timer)} is up!{ago}", data={"timer": key, "ring": True})


@hookimpl
def skills(config: Mapping[str, Any]) -> Iterable[Skill]:
    """The timers."""
    return [Timers()]

"""User settings: name, time zone, units, quiet hours. Said once, kept for good; `set up` asks for all of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dialog.plugin import hookimpl
from dialog.skill import Skill, Slot, TurnContext, intent
from dialog.types import Candidate
from plugins.profile import SKIP, SKIPS, gives_setting, read_name, read_quiet, read_units, read_zone, said_quiet
from plugins.proposals import proposals


def _slot(reader: Any) -> Any:
    """A slot's parse from a reader; in the set-up form an answer may be skipped."""

    def parse(turn: TurnContext, text: str, requested: bool) -> str | None:
        if requested and SKIPS.match(text.strip()):
            return SKIP
        value: str | None = reader(text, requested) if reader is read_name else reader(text)
        return value

    return parse


_name, _zone, _units, _quiet = (_slot(reader) for reader in (read_name, read_zone, read_units, read_quiet))


def _only_requested(parse: Any) -> Any:
    """In the set-up form nothing is taken from the words that started it."""
    return lambda turn, text, requested: parse(turn, text, True) if requested else None


class Settings(Skill):
    """Keeps what the user says about himself or herself."""

    name, domain = "settings", "settings"
    description = "I remember your name, time zone, units and quiet hours."

    def propose(self, turn: TurnContext) -> Sequence[Candidate]:
        """Also proposes when the NLU saw another intent in a text that plainly is a setting."""
        wanted = gives_setting(turn.text)
        return proposals(self, turn, wanted, bool(wanted), unread=1.0)

    @intent(
        "settings_name",
        slots=[Slot("name", ask="What should I call you?", parse=_name)],
        effects="reversible",
        amendable=True,
        examples=[
            "my name is anna",
            "call me bob",
            "you can call me alex",
            "i am called maria",
            "change my name to peter",
            "please remember that my name is john smith",
            "i go by sam",
            "set my name to julia",
            "hi my name is tom",
            "my first name is laura",
            "the name is susan",
            "i want to change my name",
        ],
    )
    async def set_name(self, turn: TurnContext, name: str) -> str:
        """Keeps the name."""
        if name == SKIP:
            return "Okay, no name."
        await turn.set_setting("name", name)
        return f"Nice to meet you, {name}."

    @intent(
        "settings_timezone",
        slots=[Slot("zone", ask="Which city are you in?", parse=_zone)],
        effects="reversible",
        amendable=True,
        examples=[
            "i live in berlin",
            "my time zone is eastern time",
            "set my time zone to new york",
            "change the time zone to london",
            "i moved to tokyo",
            "i am based in paris",
            "switch my time zone to pacific time",
            "my home city is chicago",
            "update my timezone",
            "we live in sydney",
            "i'm from toronto",
            "set the timezone to utc",
        ],
    )
    async def set_zone(self, turn: TurnContext, zone: str) -> str:
        """Keeps the time zone."""
        if zone == SKIP:
            return "Okay, I leave the time zone as it is."
        await turn.set_setting("timezone", zone)
        return f"I go by {_spoken_zone(zone)} from now on."

    @intent(
        "settings_units",
        slots=[Slot("units", ask="Metric or imperial?", parse=_units, options=["metric", "imperial"])],
        effects="reversible",
        amendable=True,
        examples=[
            "use imperial units",
            "switch to metric",
            "i prefer metric units",
            "use the metric system from now on",
            "change units to imperial",
            "i want imperial measurements",
            "set my units to metric",
            "use miles and pounds please",
            "show me everything in metric",
            "change the unit system",
            "i use the imperial system",
            "please use celsius and kilometers",
        ],
    )
    async def set_units(self, turn: TurnContext, units: str) -> str:
        """Keeps the system of units."""
        if units == SKIP:
            return "Okay, I leave the units as they are."
        await turn.set_setting("units", units)
        return f"I use {units} units from now on."

    @intent(
        "settings_quiet",
        slots=[Slot("hours", ask="From when to when?", parse=_quiet)],
        effects="reversible",
        amendable=True,
        examples=[
            "quiet hours from ten pm to seven",
            "set quiet hours from 22:00 to 6:30",
            "do not disturb me between eleven pm and eight am",
            "no notifications from midnight to six",
            "turn off quiet hours",
            "my quiet hours are nine to seven",
            "change the quiet hours",
            "set up quiet time from ten at night until six in the morning",
            "don't disturb me from eleven to seven",
            "i want quiet hours",
            "delete my quiet hours",
            "quiet hours start at ten pm and end at seven am",
        ],
    )
    async def set_quiet(self, turn: TurnContext, hours: str) -> str:
        """Keeps the quiet hours, or ends them."""
        if hours == SKIP:
            return "Okay, I leave the quiet hours as they are."
        await turn.set_setting("quiet_hours", hours)
        return "Quiet hours are off." if hours == "off" else f"Quiet hours are {said_quiet(hours)} now."

    @intent(
        "settings_setup",
        slots=[
            Slot("name", ask="What should I call you? You can skip any question.", parse=_only_requested(_name)),
            Slot("zone", ask="Which city are you in?", parse=_only_requested(_zone)),
            Slot(
                "units",
                ask="Metric or imperial units?",
                parse=_only_requested(_units),
                options=["metric", "imperial", "skip"],
            ),
            Slot(
                "hours",
                ask="When should I be quiet? Say for instance ten pm to seven, or off.",
                parse=_only_requested(_quiet),
            ),
        ],
        effects="reversible",
        examples=[
            "set up",
            "change my settings",
            "let's set up my profile",
            "start the setup",
            "set up my preferences",
            "i want to change my settings",
            "configure my settings",
            "run the set up",
            "update my preferences",
            "personalize the assistant",
            "edit my profile",
            "open settings",
        ],
    )
    async def set_up(self, turn: TurnContext, name: str, zone: str, units: str, hours: str) -> str:
        """Keeps all that was answered."""
        given = {"name": name, "timezone": zone, "units": units, "quiet_hours": hours}
        kept = {key: value for key, value in given.items() if value != SKIP}
        for key, value in kept.items():
            await turn.set_setting(key, value)
        return f"All set{f', {name}' if name != SKIP else ''}." if kept else "Okay, everything stays as it is."

    @intent(
        "settings_query",
        examples=[
            "what are my settings",
            "what is my name",
            "do you know my name",
            "which time zone am i in",
            "what units do you use",
            "when are my quiet hours",
            "show my settings",
            "who am i",
            "what's my time zone",
            "tell me my preferences",
            "are quiet hours on",
            "what do you call me",
        ],
    )
    async def tell(self, turn: TurnContext) -> str:
        """What is set: the setting that is asked for, or all of them."""
        text = turn.text.lower()
        name, zone = await turn.setting("name"), await turn.setting("timezone")
        units, hours = await turn.setting("units"), await turn.setting("quiet_hours")
        silent = (
            f"Quiet hours are {said_quiet(str(hours))}." if hours and hours != "off" else "There are no quiet hours."
        )
        answers = {
            r"name|who am i|call me": f"You are {name}."
            if name
            else "I do not know your name yet. Tell me: my name is ...",
            r"zone|where|city": f"I go by {_spoken_zone(str(zone or 'local'))}.",
            r"units?|metric|imperial": f"I use {units or 'metric'} units.",
            r"quiet|disturb": silent,
        }
        asked = [answer for pattern, answer in answers.items() if re.search(pattern, text)]
        return " ".join(asked or answers.values())


def _spoken_zone(zone: str) -> str:
    """`Europe/Berlin` as `Berlin time`; the names of offsets have their sign turned round."""
    if zone == "local":
        return "the time of this machine"
    if zone.startswith("Etc/GMT"):
        return zone.removeprefix("Etc/").translate(str.maketrans("+-", "-+"))
    return f"{zone.rpartition('/')[2].replace('_', ' ')} time"


@hookimpl
def skills(config: Mapping[str, Any]) -> Iterable[Skill]:
    """The settings skill; the defaults stand under `user:` of `config.yml`."""
    return [Settings()]

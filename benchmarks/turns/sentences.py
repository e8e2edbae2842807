"""Unique utterances in a realistic mix, as short scripts (most of one line), so that no cache of sentences helps."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping

#: kind -> scripts; a script is the lines of one user. `{slot}` is filled from `FILLERS`, `{n}` with a number.
SCRIPTS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "datetime_query": (
        ("what time is it in {city}",), ("tell me the current time in {city} {please}",),
        ("what day of the week is {month} {day}",), ("what is the date {n} days from now",),
    ),
    "timer_set": (
        ("set a timer for {n} minutes", "cancel the {n} minute timer"),
        ("start a {n} minute {food} timer", "cancel the {food} timer"),
    ),
    "alarm_set": (
        ("wake me up at {hour} {daypart} on {weekday}", "cancel the alarm at {hour} {daypart}"),
        ("set an alarm {please}", "for {hour}:{minute} {daypart} on {weekday}"),
        ("set an alarm for {hour}:{minute} {daypart}", "no at {hour}:{minute}"),
    ),
    "calendar_set": (("remind me to {chore} at {hour} {daypart} on {weekday}",),),
    "lists_createoradd": (
        ("add {food} and {food} to my shopping list", "remove {food} from my shopping list"),
        ("put {food} on the {room} list {please}", "take {food} off the {room} list"),
    ),
    "lists_query": (("what is on my {room} list {please}",), ("read me the {food} list",)),
    "qa_maths": (
        ("what is {n} plus {n}",), ("how much is {n} times {n} minus {n}",), ("what is {n} percent of {n}",),
    ),
    "unit_conversion": (
        ("how many feet are in {n} miles",), ("convert {n} kilograms to pounds",),
        ("what is {n} inches in centimeters",),
    ),
    "qa_definition": (("what does {word} mean",), ("define {word} {please}",)),
    "general_greet": (("hello there my name is {name}",), ("good {daypart2} from {name}",)),
    "general_joke": (("tell me a joke about {food}",),),
    "weather_query": (
        ("what is the weather like in {city} on {weekday}",), ("will it rain in {city} at {hour} {daypart}",),
    ),
    "play_music": (("play some {genre} by {name}",), ("put on the song about {food} by {name}",)),
}
#: Outside everything that an assistant of this kind can do.
UNMATCHED = (
    "how do i get {food} stains out of a {thing}", "which {thing} would {name} have bought in {year}",
    "is my {thing} older than the {thing} of {name}", "why did the {thing} from {city} lose its {food}",
    "the committee of {city} ratified {n} amendments on {thing} tariffs", "who lent {name} the {thing} with the {food}",
)
#: How often a kind is drawn; what is not listed has weight 1.
WEIGHTS = {"datetime_query": 3.0, "timer_set": 2.0, "lists_createoradd": 2.0, "qa_maths": 2.0, "unit_conversion": 2.0}
_UNMATCHED_SHARE = 0.05

FILLERS: Mapping[str, tuple[str, ...]] = {
    "city": ("tokyo", "paris", "berlin", "new york", "sydney", "cairo", "lima", "oslo", "delhi", "rome",
             "toronto", "madrid"),
    "please": ("please", "for me", "now", "right now please", "if you can", "thanks", "quickly", "again please"),
    "month": ("january", "march", "april", "june", "july", "august", "october", "december"),
    "day": tuple(str(day) for day in range(1, 28)),
    "food": ("milk", "eggs", "rice", "tea", "pasta", "bread", "apples", "butter", "onions", "garlic", "honey", "olives",
             "flour", "salt", "lentils", "yoghurt", "spinach", "carrots", "pepper", "coffee"),
    "hour": ("six", "seven", "eight", "nine", "ten", "eleven"),
    "minute": tuple(f"{minute:02d}" for minute in range(1, 60)),
    "daypart": ("am", "pm"),
    "daypart2": ("morning", "afternoon", "evening"),
    "weekday": ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
    "chore": ("call the dentist", "water the plants", "pay the rent", "feed the cat", "take out the bins",
              "buy stamps"),
    "room": ("kitchen", "garden", "office", "party", "camping", "holiday", "birthday", "hardware", "garage"),
    "word": ("serendipity", "entropy", "ambiguous", "gravity", "metaphor", "glacier",
             "photosynthesis", "irony", "orbit"),
    "name": ("maria", "john", "aisha", "chen", "olga", "pedro", "fatima", "lars", "nina", "kofi", "yuki", "ravi"),
    "genre": ("jazz", "rock", "folk", "soul", "techno", "blues", "opera"),
    "thing": ("bicycle", "sofa", "violin", "telescope", "carpet", "ladder", "suitcase", "lamp", "kettle", "statue"),
    "year": tuple(str(year) for year in range(1900, 1990)),
}  # fmt: skip
_ASIDES = ("{text} {please}", "{name} asks {text}", "hey {text}", "okay {text}", "{text} says {name}", "so {text}")


class Sentences:
    """A seeded source of utterances; none is given twice by one source."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._given: set[str] = set()
        self._kinds = list(SCRIPTS)
        self._weights = [WEIGHTS.get(kind, 1.0) for kind in self._kinds]

    def kind(self) -> str:
        """Draw a kind from the mix."""
        if self._random.random() < _UNMATCHED_SHARE:
            return "unmatched"
        return self._random.choices(self._kinds, self._weights)[0]

    def script(self, kind: str | None = None) -> list[str]:
        """The lines of one script of `kind` (by default one from the mix), filled in."""
        return self.scripts(1, kind)[0]

    def scripts(self, count: int, kind: str | None = None) -> list[list[str]]:
        """`count` fillings of one and the same script."""
        kind = kind or self.kind()
        lines = (self._random.choice(UNMATCHED),) if kind == "unmatched" else self._random.choice(SCRIPTS[kind])
        filled = []
        for _ in range(count):
            values: dict[str, str] = {}  # a follow-up line names the same timer, list or food
            filled.append([self._unique(line, values) for line in lines])
        return filled

    def lines(self) -> Iterator[str]:
        """One user's utterances without end, script after script."""
        while True:
            yield from self.script()

    def _unique(self, template: str, values: dict[str, str]) -> str:
        text = self._fill(template, values)
        wording = text
        for attempt in range(50):
            if wording not in self._given:
                break
            wording = self._fill(self._random.choice(_ASIDES).replace("{text}", text), {})
            if attempt > 10:  # the short ones are used up: asides of asides
                text = wording
        else:
            wording = f"{text} number {len(self._given)}"
        self._given.add(wording)
        return wording

    def _fill(self, template: str, values: dict[str, str]) -> str:
        parts = []
        used: set[str] = set()
        for piece in template.replace("}", "{").split("{"):
            if piece == "n":
                value = values["n"] if "n" in values and "n" not in used else str(self._random.randint(2, 9999))
                values.setdefault("n", value)
            elif piece in FILLERS:
                value = values[piece] if piece in values and piece not in used else self._random.choice(FILLERS[piece])
                values.setdefault(piece, value)
            else:
                parts.append(piece)
                continue
            used.add(piece)
            parts.append(value)
        return "".join(parts)

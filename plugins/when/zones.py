"""Time zones by the names of places: cities, countries, states and zone abbreviations, from embedded tables alone."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta, timezone, tzinfo
from difflib import get_close_matches
from functools import lru_cache
from importlib import resources
from zoneinfo import ZoneInfo, available_timezones

from plugins.when.cities import cities
from plugins.when.words import TENS, UNITS

_CAPITAL = frozenset(("us", "uk", "usa", "uae", "la", "nyc", "dc", "sf", "gmt", "utc"))
_REGIONS = frozenset(("Africa", "America", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"))
_CLOSE = 0.88  # of difflib's ratio, at which a name counts as misspelt
_LONGEST = 4  # words of a name
_OFFSET = re.compile(r"\b(?:gmt|utc|g m t|gtm) ?(plus|minus|[+-]) ?(\d{1,2})(?: ?:?(\d\d))?\b")


@dataclass(frozen=True, slots=True)
class Place:
    """A place with a clock: its name as said back to the user, its zone, and where the name stands in the text."""

    name: str
    zone: tzinfo
    start: int = 0
    end: int = 0


def find_place(text: str) -> Place | None:
    """The first place that `text` names, longer names first ("new york" before "york"), or None."""
    return next(iter(find_places(text)), None)


def closest_place(name: str) -> Place | None:
    """The place whose name is spelt almost like `name` ("sanfransisco"), or None."""
    close = get_close_matches(folded(name), _names(), 1, _CLOSE) if 4 <= len(name) <= 40 else []
    return Place(_title(close[0]), ZoneInfo(_names()[close[0]])) if close else None


def find_places(text: str) -> list[Place]:
    """All places in the order of the text; `start` and `end` are positions in words of `folded(text)`."""
    words = folded(text).split()
    found = []
    for offset in _OFFSET.finditer(" ".join(words)):
        hours, minutes = int(offset[2]), int(offset[3] or 0)
        if hours <= 14 and minutes < 60:
            sign = -1 if offset[1] in ("minus", "-") else 1
            at = len(" ".join(words)[: offset.start()].split())
            size = len(offset[0].split())
            name = f"GMT{'-' if sign < 0 else '+'}{hours}" + (f":{minutes:02}" if minutes else "")
            found.append(Place(name, timezone(sign * timedelta(hours=hours, minutes=minutes)), at, at + size))
    taken = {index for place in found for index in range(place.start, place.end)}
    names = _names()
    i = 0
    while i < len(words):
        for size in range(min(_LONGEST, len(words) - i), 0, -1):
            name = " ".join(words[i : i + size])
            if name in names and not taken.intersection(range(i, i + size)):
                found.append(Place(_title(name), ZoneInfo(names[name]), i, i + size))
                i += size - 1
                break
        i += 1
    return sorted(found, key=lambda place: place.start)


def folded(text: str) -> str:
    """Lower case without accents and punctuation; spelled zones are joined ("g. m. t." to "gmt"), numbers digits."""
    plain = unicodedata.normalize("NFKD", text[:500]).encode("ascii", "ignore").decode().lower()
    plain = re.sub(r"'s\b", "", plain)
    plain = re.sub(r"\b([a-z])(?:\.\s*|\s+)([a-z])(?:\.\s*|\s+)([a-z])\b\.?(?!\w)", r"\1\2\3", plain)
    plain = re.sub(r"\b([a-z])\.([a-z])\.?(?!\w)", r"\1\2", plain)
    plain = re.sub(r"[^\w+: -]|(?<=\w)-(?=[a-z])", " ", plain)
    return " ".join(_digits(word) for word in plain.split())


def _digits(word: str) -> str:
    return str(UNITS.get(word) or TENS.get(word) or word)


def _title(name: str) -> str:
    """ "new york" to "New York", "utc" to "UTC"."""
    if name in _CAPITAL or (len(name) in (3, 4) and name.endswith(("st", "dt", "et")) and name in _ABBREVIATIONS):
        return name.upper()
    small = ("of", "the", "and", "de", "d", "time", "standard", "daylight", "summer")
    return " ".join(
        word if word in small else word.upper() if word in _CAPITAL else word.capitalize() for word in name.split()
    )


_ABBREVIATIONS = frozenset(
    re.findall(r"\w+", "est edt cst cdt mst mdt pst pdt ast adt hst bst cet cest eet eest ist jst kst hkt gst pkt msk")
)


@lru_cache(maxsize=1)
def _names() -> Mapping[str, str]:
    """Every known name: countries of iso3166.tab, cities of the zone names, then the hand-written table."""
    known = available_timezones()
    names: dict[str, str] = {}
    for name, zone in (*_countries(), *_zone_cities(known), *cities().items()):
        if zone in known:
            names[name] = zone
    return names


def _zone_cities(known: set[str]) -> Iterator[tuple[str, str]]:
    for zone in sorted(known):
        region, _, city = zone.rpartition("/")
        if region.split("/")[0] in _REGIONS and len(city) > 3:
            yield folded(city.replace("_", " ")) + (" island" if city in ("Christmas", "Easter") else ""), zone


def _countries() -> Iterator[tuple[str, str]]:
    """Countries by their first zone in zone.tab; those with several are in the hand-written table by their capital."""
    tables = resources.files("tzdata") / "zoneinfo"
    zones: dict[str, str] = {}
    for line in (tables / "zone.tab").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            code, _, zone = line.split("\t")[:3]
            zones.setdefault(code, zone)
    for line in (tables / "iso3166.tab").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            code, name = line.split("\t")
            if code in zones:
                yield folded(re.sub(r"\(.*\)", "", name).replace("&", "and")), zones[code]

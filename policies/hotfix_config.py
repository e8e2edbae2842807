"""Hot-fix rules as they stand in the configuration, read with an error that names the key at fault."""

from __future__ import annotations

import datetime
import difflib
import math
from collections.abc import Collection, Mapping
from typing import Any

from policies.errors import PolicyError
from policies.hotfix import SEVERITIES, Condition, Range, Rule, Severity, Target, plain
from policies.patterns import Pattern
from policies.request import FEATURES

_RULE = ("name", "when", "use", "avoid", "severity", "since", "note")
_WHEN = ("intent", "domain", "skill", "text", "phrases", "channel", "last_skill", "form", "features", "policy")
_TARGET = ("skill", "intent", "costly")
_RANGE = ("min", "max")
_MEASURED = tuple(name for name in FEATURES if name not in ("log_probability", "costly"))  # these two are derived


def parse(values: Any, where: str) -> tuple[Rule, ...]:
    """The rules of a list. Raises `PolicyError` naming the key."""
    if values is None:
        return ()
    if not isinstance(values, list | tuple):
        raise PolicyError(f"{where}: a list of rules is needed, not {_shown(values)}")
    rules: list[Rule] = []
    for index, value in enumerate(values):
        here = f"{where}[{index}]"
        rule = _rule(value, here)
        for place, other in enumerate(rules):
            if other.name == rule.name:
                raise PolicyError(f"{here}.name: {where}[{place}] is called {rule.name!r} too")
            if (other.when, other.target, other.avoids) == (rule.when, rule.target, rule.avoids):
                raise PolicyError(f"{here}: has no effect: {other.name!r} says the same before it")
        rules.append(rule)
    return tuple(rules)


def _rule(value: Any, here: str) -> Rule:
    known = _mapping(value, _RULE, here)
    name = known.get("name")
    if not isinstance(name, str) or not name.strip():
        raise PolicyError(f"{here}.name: a name is needed")
    actions = [key for key in ("use", "avoid") if known.get(key) is not None]
    if len(actions) != 1:
        found = "both" if actions else "neither"
        raise PolicyError(f"{here}: a rule says either 'use' or 'avoid'; {name!r} has {found}")
    action = actions[0]
    target = _target(known[action], f"{here}.{action}", costly=True)
    when = _condition(known.get("when"), f"{here}.when")
    if when == Condition() and action == "use":
        raise PolicyError(f"{here}.when: without a condition {name!r} would decide every request")
    return Rule(
        name.strip(), when, target, action == "avoid", severity_of(known.get("severity", "medium"), f"{here}.severity"),
        date_of(known.get("since"), f"{here}.since"), _text(known.get("note"), f"{here}.note"),
    )  # fmt: skip


def _condition(value: Any, here: str) -> Condition:
    if value is None:
        return Condition()
    known = _mapping(value, _WHEN, here)

    def names(key: str) -> frozenset[str]:
        return frozenset(name for name in _names(known, key, here) if name is not None)

    pattern = _pattern(known["text"], f"{here}.text") if "text" in known else None
    return Condition(
        names("intent"), names("domain"), names("skill"), pattern,
        frozenset(_phrase(name, f"{here}.phrases") for name in names("phrases")), names("channel"),
        _names(known, "last_skill", here, none=True), _names(known, "form", here, none=True),
        _features(known["features"], f"{here}.features") if "features" in known else (),
        _policy(known["policy"], f"{here}.policy") if "policy" in known else None,
        pattern.source if pattern else "",
    )  # fmt: skip


def _pattern(value: Any, here: str) -> Pattern:
    if not isinstance(value, str) or not value:
        raise PolicyError(f"{here}: a regular expression is needed, not {_shown(value)}")
    try:
        return Pattern(value)
    except PolicyError as error:
        raise PolicyError(f"{here}: {_shown(value)} {error}") from None


def _phrase(value: str, here: str) -> str:
    found = plain(value)
    if not found:
        raise PolicyError(f"{here}: {value!r} has no words")
    return found


def _features(value: Any, here: str) -> tuple[tuple[str, Range], ...]:
    known = _mapping(value, _MEASURED, here)
    if not known:
        raise PolicyError(f"{here}: names no feature: {', '.join(_MEASURED)}")
    return tuple(sorted((name, _range(span, f"{here}.{name}")) for name, span in known.items()))


def _policy(value: Any, here: str) -> tuple[Target, Range]:
    known = _mapping(value, ("skill", "intent", *_RANGE), here)
    target = _target({key: known[key] for key in ("skill", "intent") if key in known}, here)
    return target, _range({key: known[key] for key in _RANGE if key in known}, here)


def _range(value: Any, here: str) -> Range:
    known = _mapping(value, _RANGE, here)
    for key, number in known.items():
        if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
            raise PolicyError(f"{here}.{key}: {_shown(number)} is not a number")
    if not known:
        raise PolicyError(f"{here}: 'min' or 'max' is needed")
    span = Range(float(known.get("min", -math.inf)), float(known.get("max", math.inf)))
    if span.low > span.high:
        raise PolicyError(f"{here}: never holds: min {span.low:g} is above max {span.high:g}")
    return span


def _target(value: Any, here: str, costly: bool = False) -> Target:
    known = _mapping(value, _TARGET if costly else _TARGET[:2], here)
    allowed = known.get("costly", False)
    if not isinstance(allowed, bool):
        raise PolicyError(f"{here}.costly: true or false is needed, not {_shown(allowed)}")
    skills = frozenset(name for name in _names(known, "skill", here) if name is not None)
    intents = frozenset(name for name in _names(known, "intent", here) if name is not None)
    if not skills and not intents:
        raise PolicyError(f"{here}: has no effect: name a skill or an intent")
    return Target(skills, intents, allowed)


def _names(known: Mapping[str, Any], key: str, here: str, none: bool = False) -> frozenset[str | None]:
    """One name or a list of them; an absent key is the empty set, `null` stands for none where that makes sense."""
    if key not in known:
        return frozenset()
    value = known[key]
    listed = list(value) if isinstance(value, list | tuple) else [value]
    if not listed:
        raise PolicyError(f"{here}.{key}: never holds: the list is empty")
    for name in listed:
        if not (isinstance(name, str) and name) and not (none and name is None):
            raise PolicyError(f"{here}.{key}: a name or a list of names is needed, not {_shown(name)}")
    return frozenset(listed)


def severity_of(value: Any, here: str) -> Severity:
    """A checked severity. Raises `PolicyError` naming `here`."""
    for severity in SEVERITIES:
        if value == severity:
            return severity
    raise PolicyError(f"{here}: {_shown(value)} is none of {', '.join(SEVERITIES)}{nearest(str(value), SEVERITIES)}")


def date_of(value: Any, here: str) -> str:
    """A checked day as `2026-11-20`; empty for None. Raises `PolicyError` naming `here`."""
    if value is None:
        return ""
    try:
        return datetime.date.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise PolicyError(f"{here}: {_shown(value)} is not a day such as 2026-11-20") from None


def nearest(name: str, known: Collection[str]) -> str:
    """A hint for a misspelt key, or nothing."""
    found = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {found[0]!r}?" if found else ""


def _mapping(value: Any, keys: Collection[str], here: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise PolicyError(f"{here}: a mapping with the keys {', '.join(keys)} is needed, not {_shown(value)}")
    for key in value:
        if key not in keys:
            raise PolicyError(f"{here}.{key}: unknown key{nearest(str(key), keys)}")
    return dict(value)


def _text(value: Any, here: str) -> str:
    if value is not None and not isinstance(value, str):
        raise PolicyError(f"{here}: text is needed, not {_shown(value)}")
    return value or ""


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:40] + "…"

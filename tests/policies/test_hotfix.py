from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.errors import PolicyError
from policies.hotfix import Hotfixes, eligible
from policies.patterns import LIMIT, Pattern
from policies.request import Option, Request

WHERE = "plugins.routing.options.hotfixes"


def option(skill: str, probability: float = 0.5, intent: str = "play", effects: str = "none") -> Option:
    return Option(skill, intent, "media", {"probability": probability, "rank": 0.0}, effects)


REQUEST = Request((option("radio", 0.6), option("music", 0.3), option("shop", 0.1, "buy", "costly")), channel="repl")
LIKELY = (0.7, 0.2, 0.1)


def rules(*values: dict[str, Any]) -> Hotfixes:
    return Hotfixes.parse([{"name": f"rule {index}", **value} for index, value in enumerate(values)])


def test_use_takes_the_named_skill_and_the_first_rule_that_can_act_decides() -> None:
    fixes = rules(
        {"when": {"intent": "play", "text": r"\bpodcast"}, "use": {"skill": "music"}},
        {"when": {"intent": "play"}, "use": {"skill": "television"}},
        {"when": {"intent": ["stop", "play"]}, "use": {"skill": "music"}, "severity": "high", "since": "2026-11-20"},
        {"when": {"intent": "play"}, "use": {"skill": "radio"}},
    )
    assert fixes.apply(REQUEST, "some jazz", LIKELY) == (1, "rule 2")
    assert fixes.apply(REQUEST, "a PODCAST please", LIKELY) == (1, "rule 0")
    assert fixes.apply(Request((option("radio", intent="weather"),)), "rain", [1.0]) is None
    assert fixes.counts == {("rule 0", "applied"): 1, ("rule 1", "absent"): 1, ("rule 2", "applied"): 1}
    assert fixes.rules[2].since == "2026-11-20" and len(fixes) == 4
    assert Hotfixes.parse(None).apply(REQUEST, "", LIKELY) is None


def test_avoid_takes_the_best_of_the_others_and_falls_silent_once_it_is_learned() -> None:
    fixes = rules({"avoid": {"skill": "radio"}})
    assert fixes.apply(REQUEST, "", LIKELY) == (1, "rule 0")
    assert fixes.apply(REQUEST, "", (0.7, 0.05, 0.25)) == (1, "rule 0")  # the shop has more, but buys
    assert fixes.apply(REQUEST, "", (0.0, 0.9, 0.1)) is None
    only = Request((option("radio"), option("shop", effects="costly")))
    assert fixes.apply(only, "", (0.5, 0.5)) is None
    alone = Request((option("radio"),))
    assert fixes.apply(alone, "", (1.0,)) is None
    assert fixes.counts["rule 0", "costly"] == 1 and fixes.counts["rule 0", "absent"] == 1


def test_a_costly_candidate_is_only_taken_where_the_rule_says_so() -> None:
    wanted = {"when": {"skill": "shop"}, "use": {"intent": "buy"}}
    assert rules(wanted).apply(REQUEST, "", LIKELY) is None
    allowed = {**wanted, "use": {"intent": "buy", "costly": True}}
    assert rules(allowed).apply(REQUEST, "", LIKELY) == (2, "rule 0")


@pytest.mark.parametrize(
    ("when", "holds"),
    [
        ({"domain": "media"}, True),
        ({"domain": "home"}, False),
        ({"skill": ["shop", "bank"]}, True),
        ({"skill": "bank"}, False),
        ({"intent": "buy"}, False),  # not of the most probable candidate
        ({"phrases": ["Play  some JAZZ!"]}, True),
        ({"phrases": "play some"}, False),
        ({"text": "some.*jazz"}, True),
        ({"channel": ["voice", "repl"]}, True),
        ({"channel": "voice"}, False),
        ({"last_skill": None}, True),
        ({"last_skill": ["music", None]}, True),
        ({"last_skill": "music"}, False),
        ({"form": "timers.set"}, False),
        ({"form": None}, True),
        ({"features": {"probability": {"min": 0.5, "max": 0.6}}}, True),
        ({"features": {"probability": {"min": 0.61}}}, False),
        ({"features": {"probability": {"max": 0.7}, "rank": {"min": 1}}}, False),
        ({"policy": {"skill": "radio", "min": 0.7}}, True),
        ({"policy": {"skill": ["music", "shop"], "max": 0.2}}, False),
    ],
)
def test_conditions(when: dict[str, Any], holds: bool) -> None:
    found = rules({"when": when, "use": {"skill": "music"}}).apply(REQUEST, "play some jazz", LIKELY)
    assert found == ((1, "rule 0") if holds else None)


def test_eligibility() -> None:
    fixes = rules({"when": {"policy": {"skill": "radio", "min": 0.5}}, "use": {"skill": "music"}})
    assert eligible(fixes, REQUEST, "", LIKELY) == (0, 0, 0)
    assert eligible(fixes, REQUEST, "", (0.4, 0.5, 0.1)) == (1, 1, 1)


USE = {"use": {"skill": "music"}}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            [{"name": "a", "when": {"intnet": "play"}, **USE}],
            f"{WHERE}[0].when.intnet: unknown key; did you mean 'intent'?",
        ),
        ([{"name": "a", "wen": {}, **USE}], f"{WHERE}[0].wen: unknown key; did you mean 'when'?"),
        ([{"name": "a", "when": {"text": "("}, **USE}], f"{WHERE}[0].when.text: '(' is not a regular expression"),
        ([{"name": "a", "when": {"text": "(a+)+$"}, **USE}], f"{WHERE}[0].when.text: '(a+)+$' could take too long"),
        ([{"name": "a", "when": {"text": "x*"}, **USE}], "matches every text"),
        ([{"name": "a", "when": {"text": 3}, **USE}], f"{WHERE}[0].when.text: a regular expression is needed"),
        ([{"name": "a", "when": {"intent": "x"}}], f"{WHERE}[0]: a rule says either 'use' or 'avoid'"),
        ([{"name": "a", "avoid": {"skill": "x"}, **USE}], "'a' has both"),
        ([{"name": "a", **USE}], f"{WHERE}[0].when: without a condition 'a' would decide every request"),
        ([{"name": "a", "when": {}, **USE}], f"{WHERE}[0].when: without a condition"),
        ([{"name": "a", "avoid": {}}], f"{WHERE}[0].avoid: has no effect"),
        ([{"name": "a", "avoid": {"costly": True}}], f"{WHERE}[0].avoid: has no effect"),
        ([{"name": "a", "avoid": {"skill": "x", "costly": "no"}}], f"{WHERE}[0].avoid.costly: true or false"),
        ([{"name": "a", "avoid": {"skil": "x"}}], f"{WHERE}[0].avoid.skil: unknown key; did you mean 'skill'?"),
        ([{"name": "a", "when": {"intent": []}, **USE}], f"{WHERE}[0].when.intent: never holds: the list is empty"),
        ([{"name": "a", "when": {"intent": None}, **USE}], f"{WHERE}[0].when.intent: a name or a list of names"),
        ([{"name": "a", "when": {"phrases": "?!"}, **USE}], f"{WHERE}[0].when.phrases: '?!' has no words"),
        ([{"name": "a", "when": {"features": {}}, **USE}], f"{WHERE}[0].when.features: names no feature"),
        (
            [{"name": "a", "when": {"features": {"probabilty": {"min": 1}}}, **USE}],
            f"{WHERE}[0].when.features.probabilty: unknown key; did you mean 'probability'?",
        ),
        (
            [{"name": "a", "when": {"features": {"rank": {"min": 2, "max": 1}}}, **USE}],
            f"{WHERE}[0].when.features.rank: never holds: min 2 is above max 1",
        ),
        ([{"name": "a", "when": {"features": {"rank": {"min": "2"}}}, **USE}], ".rank.min: '2' is not a number"),
        ([{"name": "a", "when": {"features": {"rank": {"min": True}}}, **USE}], ".rank.min: True is not a number"),
        (
            [{"name": "a", "when": {"policy": {"skill": "x"}}, **USE}],
            f"{WHERE}[0].when.policy: 'min' or 'max' is needed",
        ),
        ([{"name": "a", "when": {"policy": {"min": 0.1}}, **USE}], f"{WHERE}[0].when.policy: has no effect"),
        ([{"name": "a", "avoid": {"skill": "x"}, "severity": "hihg"}], f"{WHERE}[0].severity: 'hihg' is none of low"),
        ([{"name": "a", "avoid": {"skill": "x"}, "since": "yesterday"}], f"{WHERE}[0].since: 'yesterday' is not a day"),
        ([{"name": "a", "avoid": {"skill": "x"}, "note": 3}], f"{WHERE}[0].note: text is needed"),
        ([{"name": " ", "avoid": {"skill": "x"}}], f"{WHERE}[0].name: a name is needed"),
        (
            [{"name": "a", "avoid": {"skill": "x"}}, {"name": "a", "avoid": {"skill": "y"}}],
            f"{WHERE}[1].name: {WHERE}[0] is called 'a' too",
        ),
        (
            [{"name": name, "when": {"text": "x"}, **USE} for name in "ab"],
            f"{WHERE}[1]: has no effect: 'a' says the same before it",
        ),
        ({"name": "a"}, f"{WHERE}: a list of rules is needed"),
        (["a"], f"{WHERE}[0]: a mapping with the keys name"),
    ],
)
def test_what_a_rule_may_not_be(values: Any, message: str) -> None:
    with pytest.raises(PolicyError, match=re.escape(message)):
        Hotfixes.parse(values)


def test_rules_that_differ_in_their_text_only_are_different() -> None:
    assert len(Hotfixes.parse([{"name": name, "when": {"text": name}, **USE} for name in "ab"])) == 2


@pytest.mark.parametrize(
    "source", ["a?" * 30 + "a" * 30, r"(\w+ )*x", "(a|aa)*b", r".*.*.*x", "((a{0,99}){0,99}){0,9}b"]
)
def test_patterns_that_would_backtrack_without_end_are_refused(source: str) -> None:
    with pytest.raises(PolicyError, match="could take too long"):
        Pattern(source)


def test_patterns_see_the_beginning_of_a_text_only() -> None:
    pattern = Pattern("needle")
    assert pattern.found("x" * (LIMIT - 6) + "NEEDLE") and not pattern.found("x" * LIMIT + "needle")
    assert not Pattern(r"turn (on|off) .* in .*!").found("turn on in " * 100_000)


@given(st.text("ab().*+?|[]{}\\wd,^$019", max_size=14), st.text("ab 9", max_size=LIMIT))
def test_what_is_not_refused_says_what_the_expression_says(source: str, text: str) -> None:
    try:
        pattern = Pattern(source)
    except PolicyError:
        return
    assert pattern.found(text) == (re.search(source, text, re.IGNORECASE) is not None)


def test_what_a_later_python_will_read_differently_is_refused() -> None:
    with pytest.raises(PolicyError, match="is not a regular expression"):
        Pattern("[[a]b]")

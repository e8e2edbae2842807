"""Small talk, fallback, unsupported intents and clarifying questions."""

from __future__ import annotations

import json

import pytest

from dialog.errors import ConfigError
from plugins import clarify
from plugins.clarify import closeness, resolve
from plugins.phrases import PHRASES, phrase
from tests.plugins.talk import talk

HELPERS = ["clarify", "unsupported", "fallback"]
ALL = ["lists", "convert", "arithmetic", "smalltalk", *HELPERS]
SCRIPT = {
    r"^hello|how are you": {"general_greet": 0.9},
    r"joke": {"general_joke": 0.9},
    r"what can you do": {"capabilities": 0.9},
    r"robot|life|xyz": {"general_quirky": 0.9},
    r"thank": {"general_praise": 0.9},
    r"bye|night": {"general_goodbye": 0.9},
    r"^stop": {"general_commandstop": 0.9},
    r"weather": {"weather_query": 0.9},
    r"music": {"play_music": 0.8, "lists_query": 0.05},
    r"groceries": {"lists_query": 0.45, "lists_createoradd": 0.42},
    r"mumble": {"lists_query": 0.1},
}


async def test_small_talk(tmp_path) -> None:
    async with talk(tmp_path, ALL, SCRIPT, name="Anna") as t:
        assert await t.say("hello") == "Good morning, Anna. What can I do for you?"
        assert await t.say("how are you") == "I am well, thank you, Anna. What can I do for you?"
        assert await t.say("tell me a joke") != await t.say("another joke")
        assert await t.say("are you a robot") == "I am a program, and I try to be useful."
        assert (await t.say("xyz")).endswith("Ask me what I can do.")
        assert await t.say("thanks") in ("You are welcome.", "Any time.", "Glad to help.")
        assert await t.say("good night") == "Good night, Anna."
        assert await t.say("stop") == "Okay."


async def test_what_it_can_do_is_what_the_skills_say(tmp_path) -> None:
    async with talk(tmp_path, ALL, SCRIPT) as t:
        said = await t.say("what can you do")
        assert "I convert units" in said and "I keep your shopping list" in said
        assert "lights" not in said  # that skill is not loaded


async def test_understood_but_unsupported(tmp_path) -> None:
    async with talk(tmp_path, ALL, SCRIPT) as t:
        assert await t.say("how is the weather") == (
            "I understood that you want to hear the weather forecast (weather_query), but I have no skill for it; "
            "a plugin could do it."
        )
        assert "(play_music)" in await t.say("play some music")
        assert "(no_such_intent)" in await t.say("/no_such_intent")


async def test_fallback_is_short_varied_and_honest(tmp_path) -> None:
    async with talk(tmp_path, ALL, SCRIPT) as t:
        assert "what can you do" in await t.say("colorless green ideas")
        assert (await t.say("sleep furiously")).startswith("I am still lost.")
        assert (await t.turn("mumble")).decision.candidates[-1].features["out_of_scope"] == 0.9
    async with talk(tmp_path, HELPERS, {}) as t:
        for text in ("", "   ", "\x00\x01", "\U0001f600", "..."):
            assert await t.say(text) == "I did not catch anything. What can I do for you?"
        for text in ("\u05e9\u05dc\u05d5\u05dd", "x" * 3000, "/", "/{", "{}", "'; DROP TABLE turns; --", "%s %d {0}"):
            said = await t.say(text)
            assert 0 < len(said) < 300 and "Traceback" not in said


@pytest.mark.parametrize("answer", ["the first", "1", "hear what is on it", "query", "the first one."])
async def test_clarifying(tmp_path, answer: str) -> None:
    async with talk(tmp_path, ALL, SCRIPT) as t:
        await t.say("add milk to my shopping list")
        turn = await t.turn("my groceries")
        (reply,) = turn.replies
        assert reply.text == "Do you want to hear what is on a list, or add something to a list?"
        assert [button["title"] for button in reply.buttons] == ["Hear what is on a list", "Add something to a list"]
        assert await t.say(answer) == "On your shopping list: milk."


async def test_the_answer_to_a_clarification_carries_the_first_text(tmp_path) -> None:
    script = {"eggs": {"lists_createoradd": 0.45, "lists_query": 0.42}}
    async with talk(tmp_path, ALL, script) as t:
        await t.say("eggs, you know where")
        turn = await t.turn("the first one")
        assert not turn.failures
        decision = turn.decision
        chosen = decision.candidates[decision.chosen]
        assert (chosen.skill, chosen.intent, chosen.features["clarified"]) == ("lists", "lists_createoradd", 1.0)


async def test_buttons_of_a_clarification_work(tmp_path) -> None:
    async with talk(tmp_path, ALL, SCRIPT) as t:
        await t.say("add milk to my shopping list")
        (reply,) = (await t.turn("my groceries")).replies
        payload = reply.buttons[0]["payload"]
        assert json.loads(payload.removeprefix("/lists_query")) == {"text": "my groceries"}
        assert await t.say(payload) == "On your shopping list: milk."


async def test_neither_and_something_else(tmp_path) -> None:
    async with talk(tmp_path, ALL, SCRIPT) as t:
        await t.say("my groceries")
        assert await t.say("neither") == "Okay, neither. Please say it in other words."
        await t.say("my groceries")
        assert await t.say("are you a robot") == "I am a program, and I try to be useful."
        await t.say("stop")
        assert (await t.turn("the first one")).decision.candidates[0].skill == "fallback"  # the question is gone


async def test_no_question_where_one_reading_is_clear(tmp_path) -> None:
    script = {"far": {"lists_query": 0.6, "lists_remove": 0.3}, "faint": {"lists_query": 0.15, "lists_remove": 0.14}}
    async with talk(tmp_path, ALL, script) as t:
        for text in ("far", "faint"):
            candidates = (await t.turn(text)).decision.candidates
            assert "clarify" not in [candidate.skill for candidate in candidates]


def test_how_much_a_question_is_worth() -> None:
    assert closeness(0.45, 0.42, 0.15) > 0.45  # nearly even: ask
    assert closeness(0.6, 0.3, 0.15) < 0.6  # clear enough: do not
    assert closeness(0.0, 0.0, 0.15) == 0.0


def test_resolving_answers() -> None:
    options = [
        {"intent": "alarm_set", "words": "set an alarm"},
        {"intent": "calendar_set", "words": "put something in your calendar"},
    ]
    assert [resolve(text, options) for text in ("alarm", "the alarm please", "my calendar", "the latter", "no")] == [
        0,
        0,
        1,
        1,
        -1,
    ]
    assert resolve("tell me a long story about the sea", options) is None
    assert resolve("set", options) is None


def test_phrases() -> None:
    assert phrase("weather_query") == "hear the weather forecast"
    assert phrase("brew_tea") == "use \u201cbrew tea\u201d"
    assert phrase("\x00/../") == "use \u201csomething unknown\u201d"
    assert all(words and not words.endswith(".") for words in PHRASES.values())


@pytest.mark.parametrize("options", [{"margni": 0.1}, {"margin": 2}, {"floor": "x"}, {"cost": True}])
def test_options_are_checked(options) -> None:
    with pytest.raises(ConfigError, match=next(iter(options))):
        clarify.skills(options)

from __future__ import annotations

import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.definitions import ARCHIVE, look_up, read
from tests.plugins.talk import talk


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("what does umbrella mean", "umbrella"),
        ("define photosynthesis", "photosynthesis"),
        ("Alexa, what is the definition of the word snafu?", None),
        ("what's the meaning of the word ubiquitous", "ubiquitous"),
        ("how is a typhoon defined", "typhoon"),
        ("describe what a poltergeist is", "poltergeist"),
        ("look up nostalgia in the dictionary", "nostalgia"),
        ("definition of gravity please", "gravity"),
        ("what is a banana", "banana"),
        ("define this word", None),
        ("define", None),
        ("", None),
        ("x" * 5000, None),
    ],
)
def test_reading(text: str, word: str | None) -> None:
    found = read(text)
    assert (found[0] if found else None) == word


def test_looking_up() -> None:
    found = look_up("umbrella")
    assert found is not None
    assert found[1][0] == ("noun", "a lightweight handheld collapsible canopy")
    assert look_up("Umbrellas".lower())[0] == "umbrella"  # type: ignore[index]
    assert look_up("flibbertigibbetty") is None
    assert look_up("../../etc/passwd") is None


@given(st.text(max_size=60))
def test_any_text_is_read_and_looked_up_without_a_fault(text: str) -> None:
    found = read(text)
    if found is not None:
        look_up(found[0])


def test_the_archive_is_sound_small_and_licensed() -> None:
    assert ARCHIVE.stat().st_size <= 8 * 1024 * 1024
    assert "Princeton University" in (ARCHIVE.parent / "LICENSE.wordnet").read_text()
    with zipfile.ZipFile(ARCHIVE) as archive:
        lines = archive.read("ba.txt").decode().splitlines()
    assert all(line.count("\t") == 2 for line in lines)


async def test_conversations(tmp_path) -> None:
    script = {"what is a": {"qa_factoid": 0.8}, "defin|mean": {"qa_definition": 0.9}}
    async with talk(tmp_path, ["definitions", "unsupported"], script) as t:
        assert await t.say("what does umbrella mean") == (
            "Umbrella, noun: a lightweight handheld collapsible canopy; or a formation of military planes maintained "
            "over ground operations or targets."
        )
        assert await t.say("define flibbertigibbetty") == "My dictionary has no entry for flibbertigibbetty."
        assert await t.say("define this word") == "Which word?"
        assert (await t.say("photosynthesis")).startswith("Photosynthesis, noun: synthesis of compounds")
        assert (await t.say("what is a banana")).startswith("Banana, noun:")

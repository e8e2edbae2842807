"""What words mean, from WordNet 3.1 (`data/definitions.zip`, made by `data/make_definitions.py`; no network)."""

from __future__ import annotations

import asyncio
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from dialog.plugin import hookimpl
from dialog.skill import Skill, Slot, TurnContext, intent
from dialog.types import Candidate, Interpretation, Reply
from plugins.proposals import proposals

ARCHIVE = Path(__file__).parent / "data" / "definitions.zip"
SECONDS, MAX_WORD, SENSES = 5.0, 60, 2

_LEAD = (
    r"(?:please |olly |alexa |siri |hey |ok |can you |could you |would you |tell me |give me |i (?:want|need) to know |"
    r"do you know )*"
)
_PATTERNS = tuple(
    re.compile(_LEAD + pattern + r"(?: please| for me)?[\s?.!]*$")
    for pattern in (
        r"(?:what(?:'s| is| are)?|whats|look up|find|get)? ?(?:me )?(?:the |a )?(?:exact |formal )?"
        r"(?:definitions?|meanings?) (?:of|for) (?P<word>.+?)",
        r"what (?:does|do|did) (?P<word>.+?) (?:mean|stand for)",
        r"(?:please )?(?:define|defined?)(?: me| about)? (?:what )?(?P<word>.+?)(?: is)?",
        r"how (?:is|are|do you define|would you define) (?P<word>.+?)(?: defined)?",
        r"(?P<word>.+?) (?:definition|meaning)",
        r"(?:explain|describe)(?: to me)? (?:what )?(?P<word>.+?)(?: (?:is|are|means?))?",
        r"look up (?P<word>.+?)(?: in the dictionary)?",
        r"what (?P<word>.+?) (?:is|means)",
    )
)
#: Asks what something is: a definition where the dictionary has the word, else a question of fact.
_WHAT = re.compile(_LEAD + r"(?:what(?:'s| is| are| was)|whats) (?:(?:a|an|the) )?(?P<word>[\w' -]{2,40}?)[\s?.!]*$")
_STRONG = 3  # patterns from the start of `_PATTERNS` that ask for nothing but a definition
_FILLER = re.compile(r"^(?:(?:the )?(?:word|term|expression|phrase|name)s? |an? |the |some |called )+")
_NONE = frozenset(
    {"", "it", "this", "that", "word", "a word", "something", "this word", "that word", "them", "the word"}
)
_VAGUE = re.compile(r"\b(?:it|this|that|does|mean\w*|defin\w*|describe|explain|word|look up)\b")
_ENDINGS = (
    ("ies", "y"),
    ("es", ""),
    ("es", "e"),
    ("s", ""),
    ("ied", "y"),
    ("ed", ""),
    ("ed", "e"),
    ("ing", ""),
    ("ing", "e"),
    ("er", ""),
    ("est", ""),
)


def read(text: str) -> tuple[str, bool] | None:
    """The word that a text asks for, and whether it asks for nothing but its definition."""
    if len(text) > 200:
        return None
    body = " ".join(text.lower().replace("\u2019", "'").split()).replace('"', "")
    for place, pattern in enumerate((*_PATTERNS, _WHAT)):
        if (found := pattern.match(body)) and (word := clean(found["word"])):
            return word, place < _STRONG
    return None


def clean(word: str) -> str:
    """A word as the dictionary writes it; empty where nothing is left."""
    word = _FILLER.sub("", re.sub(r"[^\w' -]", " ", word.lower()).strip())
    word = " ".join(word.split())
    vague = word in _NONE or word.startswith(("this ", "that ", "these ", "those "))
    return "" if vague or len(word) > MAX_WORD else word


def forms(word: str) -> list[str]:
    """The word and what it may be an inflection of."""
    found = [word, word.replace("'", ""), word.replace("-", " "), word.replace(" ", "-"), word.replace(" ", "")]
    for ending, base in _ENDINGS:
        if word.endswith(ending) and len(word) > len(ending) + 2:
            stem = word.removesuffix(ending)
            found.append(stem + base)
            if not base and len(stem) > 3 and stem[-1] == stem[-2]:
                found.append(stem[:-1])
    return list(dict.fromkeys(found))


def look_up(word: str) -> tuple[str, list[tuple[str, str]]] | None:
    """The entry and its (part of speech, definition) pairs, commoner ones first. Blocks; raises `OSError`."""
    with zipfile.ZipFile(ARCHIVE) as archive:
        for form in forms(word):
            letters = re.sub(r"[^a-z0-9]", "_", form)[:2]
            try:
                lines = archive.read(f"{letters:_<2}.txt").decode().splitlines()
            except KeyError:
                continue
            senses = [tuple(line.split("\t")[1:]) for line in lines if line.startswith(f"{form}\t")]
            if senses:
                return form, [(part, text) for part, text in senses]
    return None


def _asked_word(turn: TurnContext, text: str, requested: bool) -> str | None:
    found = read(text)
    if found is not None:
        return found[0]
    if requested:
        return clean(text) or None
    said = [str(entity.value) for entity in turn.entities("definition_word")]
    if not said and len(text.split()) <= 2:  # the bare word
        said = [text]
    return next((word for each in said if (word := clean(each)) and not _VAGUE.search(word)), None)


class Definitions(Skill):
    """Looks words up in the dictionary."""

    name, domain = "definitions", "qa"
    description = "I look words up in a dictionary."

    def propose(self, turn: TurnContext) -> Sequence[Candidate]:
        """Also proposes for `what is a ...` that the NLU saw as a question of fact."""
        found = read(turn.text)
        candidates = list(proposals(self, turn, "qa_definition", found is not None and found[1], unread=1.0))
        plain = found is not None and " of " not in found[0] and len(found[0].split()) <= 2  # not: capital of france
        if plain and not candidates and not turn.utterance.text.startswith("/"):
            for reading in turn.understanding.interpretations:
                if reading.intent == "qa_factoid":
                    meaning = replace(reading, intent="qa_definition")
                    return [self._candidate(meaning)]
        return candidates

    def _candidate(self, meaning: Interpretation) -> Candidate:
        return Candidate(self.name, "qa_definition", self.domain, meaning, {"parsed": 0.5})

    @intent(
        "qa_definition",
        slots=[Slot("word", ask="Which word?", parse=_asked_word)],
        deadline=SECONDS + 1,
        examples=[
            "what does umbrella mean",
            "define photosynthesis",
            "what is the definition of oscillate",
            "meaning of serendipity",
            "what is a typhoon",
            "give me the definition of arrow",
            "what's the meaning of the word ubiquitous",
            "look up nostalgia in the dictionary",
            "how is democracy defined",
            "describe what a poltergeist is",
            "definition of gravity",
            "tell me what ephemeral means",
        ],
    )
    async def define(self, turn: TurnContext, word: str) -> str | Reply:
        """The commonest meanings, or an honest answer where the dictionary has none."""
        found = await asyncio.wait_for(asyncio.to_thread(look_up, word), SECONDS)
        if found is None:
            return f"My dictionary has no entry for {word}."
        entry, senses = found
        part = senses[0][0]
        texts = [text for kind, text in senses if kind == part][:SENSES]
        data = {"word": entry, "senses": [{"part": kind, "definition": text} for kind, text in senses]}
        return Reply(f"{entry[:1].upper()}{entry[1:]}, {part}: {'; or '.join(texts)}.", data=data)


@hookimpl
def skills(config: Mapping[str, Any]) -> Iterable[Skill]:
    """The dictionary; it has no options."""
    return [Definitions()]

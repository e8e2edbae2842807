"""Greetings, jokes, a little chat, and "what can you do"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from dialog.plugin import hookimpl
from dialog.skill import Skill, TurnContext, intent
from dialog.types import Reply
from plugins.fallback import pick

SPOKEN = 4  # abilities that are read out; the rest is in the text

_JOKES = (
    "Why did the scarecrow win a prize? He was outstanding in his field.",
    "I would tell you a joke about time travel, but you did not like it.",
    "What do you call a fish without eyes? A fsh.",
    "Why do bicycles fall over? They are two tired.",
    "I used to be a baker, but I could not make enough dough.",
    "What did the zero say to the eight? Nice belt.",
    "Why did the computer go to the doctor? It had a virus.",
    "Parallel lines have so much in common. It is a shame they will never meet.",
    "What is brown and sticky? A stick.",
    "Why do programmers mix up Halloween and Christmas? Because oct 31 equals dec 25.",
    "How does a penguin build its house? Igloos it together.",
    "What do you get when you cross a snowman and a vampire? Frostbite.",
    "I told my suitcase there will be no holiday. Now I am dealing with emotional baggage.",
    "Why was the math book sad? It had too many problems.",
)
#: What people say to assistants, and what this one says back. The first pattern that is found counts.
_CHAT = {
    r"\byour name\b|who are you|what are you\b": "I am your assistant, a program that runs where you installed it.",
    r"\b(?:made|built|created?|invented|programmed) you\b": "People who share their code wrote me.",
    r"your (?:maker|creator|father|mother|parents)": "People who share their code wrote me.",
    r"are you (?:an? )?(?:robot|human|real|alive|computer|person|bot|ai)\b": "I am a program, and I try to be useful.",
    r"how old are you|when were you (?:born|made)|your birthday": "I start afresh with every version.",
    r"\blove you|marry me|be my friend|i like you": "That is kind. I am happy to help.",
    r"you(?:'re| are) (?:so |very )?(?:stupid|dumb|useless|bad|annoying)": "I am sorry. Tell me what went wrong.",
    r"i hate you|you suck": "I am sorry. Tell me what went wrong.",
    r"you(?:'re| are) (?:so |very )?(?:great|good|awesome|smart|amazing|nice|funny)": "Thank you, that is kind.",
    r"good (?:job|work|bot)|well done": "Thank you, that is good to hear.",
    r"are you (?:there|listening|awake)|can you hear me": "I am here.",
    r"meaning of life": "Forty-two, according to one famous computer.",
    r"\bsing\b": "La la la. I had better leave that to others.",
    r"\b(?:sad|stress\w*|depressed|lonely|unhappy|awful|exhausted|tired)\b": "I am sorry to hear that.",
    r"\b(?:bad|terrible|rough|hard) day\b|\b(?:day|today) was (?:\w+ )?(?:bad|terrible)": "I am sorry to hear that.",
    r"\bbor(?:ed|ing)\b": "How about a joke? Just say: tell me a joke.",
    r"\b(?:had|having|was) (?:an? )?(?:good|great|wonderful|amazing|nice)": "I am glad to hear it.",
    r"\b(?:i'm|i am|feel) (?:happy|excited|fine|well|good|great)\b": "I am glad to hear it.",
    r"where (?:are you|do you live)": "Right here, on this machine.",
    r"favou?rite": "I have no favorites, but I would like to hear yours.",
}
_PATTERNS = tuple((re.compile(pattern), answer) for pattern, answer in _CHAT.items())
_UNKNOWN = (
    "I am not much of a conversationalist on that.",
    "I have no good answer to that one.",
    "That is a little beyond my small talk.",
)


def chat(text: str) -> str | None:
    """What is answered to a remark, or None where nothing fits."""
    lowered = text.lower()
    return next((answer for pattern, answer in _PATTERNS if pattern.search(lowered)), None)


class SmallTalk(Skill):
    """Makes conversation."""

    name, domain = "smalltalk", "general"
    description = "I tell jokes."

    @intent("general_greet")
    async def greet(self, turn: TurnContext) -> str:
        """A greeting that fits the time of day, with the user's name."""
        name = await turn.setting("name")
        whom = f", {name}" if name else ""
        if re.search(r"how (?:are|is|do|have|was)|what'?s (?:up|new)|how'?s", turn.text.lower()):
            return f"I am well, thank you{whom}. What can I do for you?"
        hour = turn.now.hour
        daytime = "Good morning" if 4 <= hour < 12 else "Good afternoon" if 12 <= hour < 18 else "Good evening"
        return f"{daytime}{whom}. What can I do for you?"

    @intent("general_joke")
    async def joke(self, turn: TurnContext) -> str:
        """A joke, another one each time."""
        told = int(await turn.memory.get("jokes", 0))
        turn.memory.set("jokes", told + 1)
        return _JOKES[told % len(_JOKES)]

    @intent("general_quirky")
    async def quirky(self, turn: TurnContext) -> str:
        """An answer to a remark, or an honest one."""
        return chat(turn.text) or f"{pick(_UNKNOWN, turn, 'chat')} Ask me what I can do."

    @intent(
        "general_goodbye",
        examples=[
            "goodbye",
            "bye",
            "bye bye",
            "see you later",
            "good night",
            "talk to you later",
            "see you tomorrow",
            "i have to go now",
            "farewell",
            "that is all for today",
            "have a nice day",
            "catch you later",
        ],
    )
    async def goodbye(self, turn: TurnContext) -> str:
        """Farewell."""
        name = await turn.setting("name")
        farewell = (
            "Good night" if "night" in turn.text.lower() else pick(("Goodbye", "See you", "Bye"), turn, "goodbye")
        )
        return f"{farewell}{f', {name}' if name else ''}."

    @intent("general_affirm", "general_dontcare")
    async def affirm(self, turn: TurnContext) -> str:
        """A yes to nothing that was asked."""
        return "All right. What can I do for you?"

    @intent("general_negate")
    async def negate(self, turn: TurnContext) -> str:
        """A no to nothing that was asked."""
        return "Okay. Tell me what you would like instead."

    @intent("general_praise")
    async def praise(self, turn: TurnContext) -> str:
        """An answer to thanks and praise."""
        if re.search(r"\b(?:thank\w*|thx|cheers|appreciate)\b", turn.text.lower()):
            return pick(("You are welcome.", "Any time.", "Glad to help."), turn, "thanks")
        return pick(("Thank you, that is good to hear.", "I am glad that helped."), turn, "praise")

    @intent("general_repeat")
    async def repeat(self, turn: TurnContext) -> str:
        """What was said stands in the log, but a skill does not see it."""
        return "I cannot repeat my last answer. Please ask again."

    @intent("general_commandstop", "stop")
    async def stop(self, turn: TurnContext) -> str:
        """Falls silent."""
        return "Okay."

    @intent(
        "capabilities",
        examples=[
            "what can you do",
            "what can i ask you",
            "help",
            "what are your skills",
            "what do you know how to do",
            "how can you help me",
            "show me what you can do",
            "what things can i say",
            "list your features",
            "what else can you do",
            "tell me your capabilities",
            "i need help",
            "what are you able to do",
            "give me some examples of what you do",
        ],
    )
    async def capabilities(self, turn: TurnContext) -> Reply:
        """Everything the skills in service say of themselves."""
        abilities = [text for text in turn.skills.values() if text]
        if not abilities:
            return Reply("Nothing yet: no skill is loaded.")
        more = len(abilities) - SPOKEN
        spoken = " ".join(abilities[:SPOKEN]) + (f" And {more} more." if more > 0 else "")
        return Reply(" ".join(abilities), spoken=spoken, data={"skills": dict(turn.skills)})


@hookimpl
def skills(config: Mapping[str, Any]) -> Iterable[Skill]:
    """The skill; it has no options."""
    return [SmallTalk()]

"""Rolls dice. A plugin is a module with hooks; this one brings one skill with one intent."""

import random

from dialog.plugin import hookimpl
from dialog.skill import Output, Skill, TurnContext, intent

EXAMPLES = ["roll a die", "roll the dice", "throw the dice for me", "throw a die", "give me a dice roll", "cast a die"]


class Dice(Skill):
    """One handler for each intent; what it yields is said."""

    name, domain, description = "dice", "games", "I roll dice."

    @intent("dice_roll", examples=EXAMPLES)
    async def roll(self, turn: TurnContext) -> Output:
        """Say a random number."""
        yield f"You rolled a {random.randint(1, 6)}."


@hookimpl
def skills() -> list[Skill]:
    """The skills that this plugin brings."""
    return [Dice()]

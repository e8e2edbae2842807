"""TITLE. A plugin is a module with hooks; this one brings one skill with one intent."""

from dialog.plugin import hookimpl
from dialog.skill import Output, Skill, TurnContext, intent

EXAMPLES = ["say something about SUBJECT", "tell me about SUBJECT", "what do you know about SUBJECT"]


class Template(Skill):
    """One handler for each intent; what it yields is said."""

    name, domain, description = "template", "template", "I say something about SUBJECT."

    @intent("template_tell", examples=EXAMPLES)
    async def tell(self, turn: TurnContext) -> Output:
        """Answer one utterance; `turn` knows its text and entities, the user's settings, memory and more."""
        yield "There is nothing to say about SUBJECT yet."


@hookimpl
def skills() -> list[Skill]:
    """The skills that this plugin brings."""
    return [Template()]

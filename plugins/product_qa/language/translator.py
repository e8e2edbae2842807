"""The hook behind which a translator stands, and the checks on what it gives back."""

from __future__ import annotations

import asyncio
import importlib
import re
from collections.abc import Callable
from typing import Protocol, cast

from dialog.errors import AssistantError, ConfigError
from plugins.product_qa.answer.sources import links
from plugins.product_qa.answer.words import quantities

#: Decimals as half of Europe writes them.
_COMMA = re.compile(r"(?<![\d.,])(\d+),(\d{1,2})(?![\d,])")


class TranslationError(AssistantError):
    """A text that could not be translated, or whose translation cannot be trusted; the text says why."""


class Translator(Protocol):
    """Translates between the languages it knows (ISO 639-1). May block; it is called in threads."""

    def knows(self, source: str, target: str) -> bool:
        """Whether it translates from `source` to `target`."""
        ...

    def translate(self, text: str, source: str, target: str) -> str:
        """The text in `target`. Raises TranslationError where it cannot."""
        ...


def named(dotted: str) -> Translator:
    """The translator made by calling `package.module:name` without arguments. Raises ConfigError naming the fault."""
    module, _, name = dotted.partition(":")
    if not module or not name:
        raise ConfigError(f"product_qa: translator: {dotted!r} is not of the form package.module:name")
    try:
        made = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ConfigError(f"product_qa: translator: {error}") from error
    found = cast("Callable[[], Translator]", made)()
    if not callable(getattr(found, "translate", None)) or not callable(getattr(found, "knows", None)):
        raise ConfigError(f"product_qa: translator: {dotted} makes no translator (methods knows and translate)")
    return found


def faithful(text: str, translation: str) -> bool:
    """Whether a translation has the same numbers as its text, and no address that the text has not."""
    own, theirs = (sorted(value for value, _ in quantities(_COMMA.sub(r"\1.\2", one))) for one in (text, translation))
    return own == theirs and set(links(translation)) <= set(links(text))


async def translated(translator: Translator, text: str, source: str, target: str, deadline: float) -> str:
    """A translation within `deadline` seconds, its numbers checked.

    Raises TranslationError where the translator does not know the languages, fails, is late, or changed a number. The
    thread of a translator that is late is left to end by itself.
    """
    if source == target:
        return text
    if not translator.knows(source, target):
        raise TranslationError(f"no translation from {source} to {target}")
    try:
        async with asyncio.timeout(deadline):
            out = await asyncio.to_thread(translator.translate, text, source, target)
    except TimeoutError:
        raise TranslationError(f"the translation from {source} took longer than {deadline:g} s") from None
    if not out.strip():
        raise TranslationError("the translation is empty")
    if not faithful(text, out):
        raise TranslationError("the translation changed a number or added an address")
    return out

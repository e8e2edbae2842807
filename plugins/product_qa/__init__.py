"""Questions about products, answered from the shop's own sources with the evidence shown.

The plugin `product_qa`; its options are described in `plugins.product_qa.settings`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from dialog.plugin import hookimpl

if TYPE_CHECKING:
    from dialog.skill import Skill
    from plugins.product_qa.answering import Answering

#: The answering behind each configuration in use, by its identity: both hooks of one plugin share it.
_answering: WeakValueDictionary[int, Answering] = WeakValueDictionary()


def _answering_of(config: Mapping[str, Any]) -> Answering:
    from plugins.product_qa.answering import Answering
    from plugins.product_qa.settings import Options

    found = _answering.get(id(config))
    if found is None or found.config is not config:
        found = _answering[id(config)] = Answering(Options.read(config), config=config)
    return found


@hookimpl
def skills(config: Mapping[str, Any]) -> Iterable[Skill]:
    """The skill for product questions. Raises `ConfigError` for wrong options."""
    from plugins.product_qa.skill import ProductQuestions

    return [ProductQuestions(_answering_of(config))]


@hookimpl
async def lifespan(config: Mapping[str, Any]) -> AsyncIterator[None]:
    """Prepares while the assistant starts, brings the index up to date, and closes files and connections at its end."""
    answering = _answering_of(config)
    answering.start()
    yield
    await answering.stop()

"""Word problems: a question becomes a template, programs for it are checked, run within limits, and compared.

The plugin `math`; its options are described in `plugins.math.settings`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from dialog.plugin import hookimpl

if TYPE_CHECKING:
    from dialog.skill import Skill
    from plugins.math.solving import Solving

#: The solving behind each configuration in use, by its identity: both hooks of one plugin share it.
_solving: WeakValueDictionary[int, Solving] = WeakValueDictionary()


def _solving_of(config: Mapping[str, Any]) -> Solving:
    from plugins.math.settings import Options
    from plugins.math.solving import Solving

    found = _solving.get(id(config))
    if found is None or found.config is not config:
        found = _solving[id(config)] = Solving(Options.read(config), config=config)
    return found


@hookimpl
def skills(config: Mapping[str, Any]) -> Iterable[Skill]:
    """The word-problem skill. Raises `ConfigError` for wrong options."""
    from plugins.math.skill import WordProblems

    return [WordProblems(_solving_of(config))]


@hookimpl
async def lifespan(config: Mapping[str, Any]) -> AsyncIterator[None]:
    """Closes threads and connections at the end; weights are read at the first word problem."""
    solving = _solving_of(config)
    yield
    await solving.stop()

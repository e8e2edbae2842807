"""Running a handler: every kind of handler the same way, under a deadline, and never on a blocked event loop."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from dialog.context import Context
from dialog.errors import PluginError
from dialog.events import Event
from dialog.skill import IntentSpec, Skill
from dialog.types import Reply


async def run(
    skill: Skill, spec: IntentSpec, context: Context, values: Mapping[str, Any]
) -> AsyncIterator[Reply | Event]:
    """Call the handler of `spec` and yield what it says.

    Raises what the handler raises, and `PluginError` for an answer that is no reply.
    """
    handler = getattr(skill, spec.handler)
    if inspect.isasyncgenfunction(handler):
        stream = handler(context, **values)
        try:
            async for item in stream:
                for part in parts(item, skill.name):
                    yield part
        finally:
            await stream.aclose()
        return
    if inspect.iscoroutinefunction(handler):
        result = await handler(context, **values)
    else:
        result = await in_thread(lambda: _exhaust(handler(context, **values)), f"skill-{skill.name}")
    for part in parts(result, skill.name):
        yield part


def parts(item: Any, skill: str) -> list[Reply | Event]:
    """What a handler said, as replies and events. Raises `PluginError` for anything else."""
    match item:
        case None:
            return []
        case str():
            return [Reply(item, source=skill)] if item else []
        case Reply() if isinstance(item.text, str):
            return [item]
        case Event():
            return [item]
        case list() | tuple():
            return [part for inner in item for part in parts(inner, skill)]
    raise PluginError(f"skill {skill!r} answered with {type(item).__name__}; str, Reply or Event is expected")


def _exhaust(result: Any) -> Any:
    """A plain generator runs to its end in the thread it was started in."""
    return list(result) if inspect.isgenerator(result) else result


async def in_thread(function: Callable[[], Any], name: str) -> Any:
    """Run a blocking function in a thread of its own, which a hanging plugin may keep without blocking the exit."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Any] = loop.create_future()

    def deliver(result: Any, error: BaseException | None) -> None:
        if done.done():  # the deadline has passed
            return
        if error is None:
            done.set_result(result)
        else:
            done.set_exception(error)

    def work() -> None:
        result: Any = None
        error: BaseException | None = None
        try:
            result = function()
        except StopIteration as stop:  # a future cannot carry it
            error = PluginError(f"StopIteration: {stop}")
        except BaseException as raised:  # noqa: BLE001 - handed to the awaiting turn
            error = raised if isinstance(raised, Exception) else PluginError(f"{type(raised).__name__}: {raised}")
        try:
            loop.call_soon_threadsafe(deliver, result, error)
        except RuntimeError:  # the loop has closed meanwhile: nobody waits any more
            return

    threading.Thread(target=work, name=name, daemon=True).start()
    return await done

"""Names the plugin that blocks the event loop: a thread that looks at the loop's stack when its heart stops beating."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType

from dialog.skill import Skill

log = logging.getLogger(__name__)
_BEAT = 0.05


class Watchdog:
    """Calls `blame(skill or module name, seconds)` from its own thread when the loop has not run for `limit` seconds.

    It cannot interrupt the blocking code (nothing in Python can); it makes sure that it is known and not called again.
    """

    def __init__(self, limit: float, busy: Callable[[], bool], blame: Callable[[str, float], None]) -> None:
        self._limit = limit
        self._busy = busy
        self._blame = blame
        self._stop = threading.Event()
        self._beat = time.monotonic()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Watch the running loop."""
        loop, thread_id = asyncio.get_running_loop(), threading.get_ident()
        self._thread = threading.Thread(target=self._watch, args=(loop, thread_id), name="watchdog", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop watching."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=1.0)

    def _watch(self, loop: asyncio.AbstractEventLoop, thread_id: int) -> None:
        blamed = False
        pending = False

        def beat() -> None:
            nonlocal pending
            pending = False
            self._beat = time.monotonic()

        while not self._stop.wait(_BEAT):
            if not pending:
                blamed = False
                if not self._busy():
                    continue
                pending = True
                self._beat = time.monotonic()
                try:
                    loop.call_soon_threadsafe(beat)
                except RuntimeError:  # the loop is closed
                    return
                continue
            silent = time.monotonic() - self._beat
            if silent < self._limit or blamed:
                continue
            blamed = True
            who = culprit(sys._current_frames().get(thread_id))
            if who is not None:
                self._blame(who, silent)
            else:
                log.warning("the event loop has been blocked for %.2f s, by no plugin", silent)


def culprit(frame: FrameType | None) -> str | None:
    """The name of the skill on this stack, else the module that looks like a plugin's, else None."""
    while frame is not None:
        owner = frame.f_locals.get("self")
        if isinstance(owner, Skill):
            return owner.name
        module = str(frame.f_globals.get("__name__", ""))
        if module.startswith(("plugins.", "assistant_local.")):
            return module
        frame = frame.f_back
    return None

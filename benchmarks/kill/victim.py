"""The process that is killed: a dialog core on a durable log, behind a local socket that speaks JSON lines.

    {"id": message id, "conversation": ..., "text": ...}  ->  {"id": message id, "replies": [...]} once committed
                                                              {"unasked": conversation, "replies": [...]}

It is forked from a process that has imported everything and opened nothing, so that a restart takes milliseconds.
The first byte of the file PHASE says where the log's writer is: it is mapped memory, which outlives a SIGKILL.
"""

from __future__ import annotations

import asyncio
import json
import mmap
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.kill import errand
from dialog.engine import Dialog
from dialog.errors import AssistantError
from dialog.host import Host
from dialog.log import Log
from dialog.settings import DialogSettings, PluginSettings
from dialog.types import Hypothesis, Reply, Utterance
from plugins import routing, timers

#: What the first byte of the phase file stands for.
IDLE, WRITING, COMMITTING = range(3)
SHIPPED = (routing, timers)  # imported before the fork
_PHASES = {"begin": WRITING, "written": COMMITTING, "committed": IDLE}


def fork_server(folder: Path) -> None:
    """Fork a victim for every line on standard input; print its process id, and its status when it has ended."""
    for _ in sys.stdin:
        process = os.fork()
        if not process:
            asyncio.run(Victim(folder).run())
            os._exit(0)
        print(process, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)


class Victim:
    """One life of the process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def run(self) -> None:
        """Open the log, connect to the load, answer until the load goes away."""
        url = f"sqlite:///{self._folder / 'log.db'}"
        log = await Log.open(url, durability="full", on_commit_phase=_phase_writer(self._folder / "phase"))
        host = Host([PluginSettings("routing"), PluginSettings("timers")], objects={"errand": errand})
        reader, self._writer = await asyncio.open_unix_connection(str(self._folder / "socket"), limit=2**20)
        async with log, Dialog(host, log, DialogSettings(user={"timezone": "UTC"})) as dialog:
            self._tell(ready=os.getpid())
            listening: set[str] = set()
            async with asyncio.TaskGroup() as turns:
                while line := await reader.readline():
                    message = json.loads(line)
                    conversation = message["conversation"]
                    if conversation not in listening:
                        listening.add(conversation)
                        dialog.subscribe(conversation, self._listener(conversation))
                    if "text" in message:
                        turns.create_task(self._answer(dialog, message))

    async def _answer(self, dialog: Dialog, message: dict[str, Any]) -> None:
        conversation = message["conversation"]
        heard = (Hypothesis(message["text"]),)
        utterance = Utterance(
            conversation, heard, message["id"], f"user-{conversation}", "kill", time=dialog.clock.now()
        )
        try:
            turn = await dialog.send(utterance).turn()
        except AssistantError as error:
            self._tell(id=message["id"], error=f"{type(error).__name__}: {error}")
            return
        self._tell(id=message["id"], replies=_texts(turn.replies))

    def _listener(self, conversation: str) -> Callable[[Reply], None]:
        return lambda reply: self._tell(unasked=conversation, replies=_texts([reply]))

    def _tell(self, **message: Any) -> None:
        self._writer.write(json.dumps(message).encode() + b"\n")


def _texts(replies: Sequence[Reply]) -> list[str]:
    return [reply.text for reply in replies]


def shared_byte(path: Path) -> mmap.mmap:
    """One byte of memory that all processes share which map this file."""
    if not path.exists():
        path.write_bytes(bytes([IDLE]))
    with path.open("r+b") as file:
        return mmap.mmap(file.fileno(), 1)


def _phase_writer(path: Path) -> Callable[[str], None]:
    shared = shared_byte(path)

    def write(phase: str) -> None:
        shared[0] = _PHASES[phase]

    return write


if __name__ == "__main__":
    fork_server(Path(sys.argv[1]))

"""The process that survives: it drives the victim with a steady load, kills it, and checks the log after restarts."""

from __future__ import annotations

import asyncio
import json
import mmap
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.kill.ledger import Ledger
from benchmarks.kill.victim import COMMITTING, IDLE, shared_byte
from dialog.log import Log

_USERS = 16
_PAUSE = 0.04  # seconds that a user thinks at most
_TIMERS = 0.08  # share of messages that set one
_AGAIN = 0.02  # share of messages that are sent twice, with the one before
_RENEW = 25  # kills after which the users begin new conversations
_START = 30.0  # seconds that a restart may take
_RING = 20.0  # seconds in which the last timers must ring


@dataclass
class Outcome:
    """What a kill loop has to tell. Times in seconds."""

    kills: int = 0
    inside: int = 0  # kills between BEGIN and the return of COMMIT
    committing: int = 0  # of these, while COMMIT was running
    uptime: float = 0.0
    answers: int = 0
    restarts: list[float] = field(default_factory=list)
    ledger: Ledger = field(default_factory=Ledger)

    @property
    def rate(self) -> float:
        """Acknowledged turns a second while the victim was alive."""
        return self.answers / self.uptime


class Loop:
    """Kills a victim again and again. `folder` takes the log; `life` are the shortest and longest lives in seconds."""

    def __init__(self, folder: Path, seed: int, life: tuple[float, float] = (0.05, 0.5)) -> None:
        self._folder = folder
        self._random = random.Random(seed)
        self._life = life
        self._waiting: dict[str, dict[str, Any]] = {}  # message id -> message without an answer
        self._answered: dict[int, dict[str, Any]] = {}  # user -> the last message that was answered
        self._round = 0
        self._number = 0
        self._alive, self._left = asyncio.Event(), asyncio.Event()
        self._victim: asyncio.StreamWriter | None = None
        self._errors: list[str] = []
        self._began = time.time()
        self.outcome = Outcome()

    async def run(self, kills: int, tick: Callable[[], None] = lambda: None, inside: int = 0) -> Outcome:
        """Kill `kills` times, and go on (twice as often at most) until `inside` kills fell inside a commit."""
        phase = shared_byte(self._folder / "phase")
        command = [sys.executable, "-m", "benchmarks.kill.victim", str(self._folder)]
        pipe = asyncio.subprocess.PIPE
        forks = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
        server = await asyncio.start_unix_server(self._connected, str(self._folder / "socket"), limit=2**20)
        try:
            async with server:
                done = self.outcome
                while done.kills < kills or (done.inside < inside and done.kills < 2 * kills):
                    await self._one(forks, phase)
                    tick()
                await self._last(forks)
        finally:
            if forks.returncode is None:
                forks.kill()
                await forks.wait()
        return self.outcome

    async def _one(self, forks: asyncio.subprocess.Process, phase: mmap.mmap) -> None:
        """One life: start, check, load, kill."""
        process = await self._start(forks)
        await self._check()
        born = time.perf_counter()
        self._resend()
        await asyncio.sleep(self._random.uniform(*self._life))
        os.kill(process, signal.SIGKILL)
        await self._gone(forks)
        outcome = self.outcome
        outcome.uptime += time.perf_counter() - born
        outcome.kills += 1
        outcome.inside += phase[0] != IDLE
        outcome.committing += phase[0] == COMMITTING
        phase[0] = IDLE
        if outcome.kills % _RENEW == 0:
            self._round += 1

    async def _start(self, forks: asyncio.subprocess.Process) -> int:
        start = time.perf_counter()
        assert forks.stdin is not None and forks.stdout is not None
        self._alive.clear()
        self._left.clear()
        forks.stdin.write(b"\n")
        async with asyncio.timeout(_START):
            process = int(await forks.stdout.readline())
            await self._alive.wait()
        self.outcome.restarts.append(time.perf_counter() - start)
        return process

    async def _gone(self, forks: asyncio.subprocess.Process) -> None:
        """Wait until the kernel has reaped the victim and all that it had sent has been read."""
        assert forks.stdout is not None
        async with asyncio.timeout(_START):
            status = int(await forks.stdout.readline())
            await self._left.wait()
        if status != -signal.SIGKILL:
            raise RuntimeError(f"the victim ended by itself with status {status}")
        if self._errors:
            raise RuntimeError(f"the victim refused a message: {self._errors[0]}")

    async def _last(self, forks: asyncio.subprocess.Process) -> None:
        """A last life without a kill: everything is answered, every timer rings."""
        process = await self._start(forks)
        await self._check()
        self._number = -1  # no new messages
        self._resend()
        for conversation in self._conversations():
            self._write({"conversation": conversation})
        deadline = time.perf_counter() + _RING
        while time.perf_counter() < deadline:
            await asyncio.sleep(0.25)
            if not self._waiting:
                await self._check()
                if not self.outcome.ledger.silent:
                    break
        os.kill(process, signal.SIGKILL)
        await self._gone(forks)
        async with await self._log() as log:
            await self.outcome.ledger.close(log.turns())

    def _conversations(self) -> list[str]:
        return [f"{rounds}-{user}" for rounds in range(self._round + 1) for user in range(_USERS)]

    # -- the log ---------------------------------------------------------------------------------------------

    async def _check(self) -> None:
        """The log and the ledger must agree. The log is not open here while the victim dies: recovery is its own."""
        since, self._began = self._began - 5.0, time.time()
        async with await self._log() as log:
            self.outcome.ledger.check([turn async for turn in log.turns(since=since)])

    async def _log(self) -> Log:
        return await Log.open(f"sqlite:///{self._folder / 'log.db'}", read_only=True, deadline=60.0)

    # -- the load --------------------------------------------------------------------------------------------

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._victim = writer
        try:
            while (line := await reader.readline()).endswith(b"\n"):  # a last line that was cut off was not sent
                self._receive(json.loads(line))
        except ConnectionError:
            pass  # it was killed while we were writing
        finally:
            self._victim = None
            self._left.set()
            writer.close()

    def _receive(self, message: dict[str, Any]) -> None:
        if "ready" in message:
            self._alive.set()
        elif "unasked" in message:
            self.outcome.ledger.hear(message["replies"])
        elif "error" in message:
            self._errors.append(f"{message['id']}: {message['error']}")
        else:
            self.outcome.ledger.acknowledge(message["id"], message["replies"])
            sent = self._waiting.pop(message["id"], None)
            if sent is None:  # the answer to a message that was sent twice
                return
            self.outcome.answers += 1
            self._answered[sent["user"]] = sent
            if self._number >= 0:
                pause = self._random.uniform(0.0, _PAUSE)
                asyncio.get_running_loop().call_later(pause, self._send, sent["user"], self.outcome.kills)

    def _resend(self) -> None:
        """After a restart: what was not answered is sent again with its message id, and every user goes on."""
        busy = {message["user"] for message in self._waiting.values()}
        for message in self._waiting.values():
            self._write(message)
        if self._number >= 0:
            for user in set(range(_USERS)) - busy:
                self._send(user, self.outcome.kills)

    def _send(self, user: int, life: int) -> None:
        if self._victim is None or life != self.outcome.kills or self._number < 0:
            return  # killed while the user was thinking
        self._number += 1
        token = f"m{self._number}"
        draw = self._random.random()
        text = f'/count{{"token": "{token}"}}'
        if draw < _TIMERS:
            text = f"set a timer called {token} for {self._random.choice(('1 second', '2 seconds'))}"
        message = {"id": token, "conversation": f"{self._round}-{user}", "text": text, "user": user}
        if draw > 1 - _AGAIN:  # an impatient client: the last message again, and this one twice
            self._write(self._answered.get(user, message))
            self._write(message)
        self._waiting[token] = message
        self.outcome.ledger.send(token)
        self._write(message)

    def _write(self, message: dict[str, Any]) -> None:
        if self._victim is not None and not self._victim.is_closing():
            self._victim.write(json.dumps(message).encode() + b"\n")

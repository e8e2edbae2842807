"""`kill -9` under load: what was acknowledged is in the log, once."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dialog.log import Log

ROOT = Path(__file__).parents[3]
_LOAD = """
import asyncio, os, signal, sys
from dialog.log import DuplicateMessage, Log
from tests.dialog.log.factory import record

url, begin, dying, countdown = sys.argv[1], int(sys.argv[2]), sys.argv[3], [int(sys.argv[4])]

def phase(name):
    os.write(2, name[:1].encode())
    if name == dying:
        countdown[0] -= 1
        if countdown[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

async def talk(log, user):
    name = f"{begin}-{user}"
    for i in range(10_000):
        made = record(i, name, name)
        turn_id = await log.commit(made)
        os.write(1, f"{turn_id} {name} {made.utterance.message_id}\\n".encode())

async def main():
    async with await Log.open(url, on_commit_phase=phase) as log:
        await asyncio.gather(*(talk(log, user) for user in range(8)))

asyncio.run(main())
"""


def load(url: str, begin: int, dying: str, countdown: int) -> tuple[list[str], str]:
    """Acknowledgements and phases of one process that is killed; the ledger is what it wrote before it died."""
    command = [sys.executable, "-c", _LOAD, url, str(begin), dying, str(countdown)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=ROOT)
    assert done.returncode == -signal.SIGKILL, done.stderr
    return done.stdout.splitlines(), done.stderr


@pytest.mark.parametrize("dying", ["begin", "written", "committed"])
async def test_a_kill_inside_a_commit_loses_no_acknowledged_turn(url: str, dying: str) -> None:
    ledger: list[str] = []
    chance = random.Random(dying)
    for round_number in range(2):
        acknowledged, phases = load(url, round_number, dying, chance.randint(3, 12))
        assert phases.endswith(dying[0])
        ledger += acknowledged
        async with await Log.open(url) as log:
            turns = [turn async for turn in log.turns()]
            lines = [f"{t.turn_id} {t.utterance.conversation_id} {t.utterance.message_id}" for t in turns]
            assert len({(t.utterance.conversation_id, t.utterance.message_id) for t in turns}) == len(turns)
            assert set(ledger) <= set(lines)
            assert len(lines) - len(ledger) <= 8 * (round_number + 1)  # only turns in flight are in doubt
            stats = await log.stats()
            assert stats["decisions"] == stats["turns"] == len(turns)
            ledger = lines

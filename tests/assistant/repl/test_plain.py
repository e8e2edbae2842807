from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from assistant.repl.plain import read_lines
from tests.assistant.command_line import ROOT, assistant, light


def chatting(folder: Path) -> Any:
    """A chat whose input stays open."""
    command = [sys.executable, "-m", "assistant", "chat"]
    pipes: dict[str, Any] = {name: subprocess.PIPE for name in ("stdin", "stdout", "stderr")}
    # Tests that run in the background of a shell inherit an ignored interrupt.
    pipes["preexec_fn"] = lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)
    return subprocess.Popen(command, cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT)}, **pipes)


def test_one_line_in_the_reply_out(tmp_path: Path) -> None:
    light(tmp_path)
    done = assistant("chat", "--plain", stdin=b"hi\nparts\r\n\nlast", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["Hello.", "One.", "Two.", "You said ''.", "You said 'last'."]


def test_no_input_at_all(tmp_path: Path) -> None:
    light(tmp_path)
    done = assistant("chat", folder=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_without_any_streams(tmp_path: Path) -> None:
    light(tmp_path)
    command = f'exec "{sys.executable}" -m assistant chat <&- >&- 2>&-'
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, env=environment, timeout=60, check=False)
    assert done.returncode == 0


def test_hostile_lines_cost_nothing(tmp_path: Path) -> None:
    light(tmp_path)
    lines = [
        b"\xff\xfe\x80",
        b"x" * 100_000,
        b"y" * 3_000_000,
        b"\x00\x01\x02\x1b[2J",
        "🙂🏳️‍🌈".encode(),
        "مرحبا \u202e بالعالم".encode(),
        b"escape",
        b"/",
        b"//",
        b"/{",
        b"/greet{",
        b'/greet{"a": ' + b"[" * 3000,
        b"/asr nan",
        b"/asr x",
        b"hi",
    ]
    done = assistant("chat", stdin=b"\n".join(lines), folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    said = done.stdout.splitlines()
    assert len(said) == len(lines)
    assert said[0] == "You said '���'."
    assert said[1] == "Sorry: the message has 100000 characters; at most 4000 are taken"
    assert said[2].startswith("Sorry: the message has ")
    assert said[4] == "You said '🙂🏳️\u200d🌈'." or said[4].startswith("You said '🙂")
    assert said[6] == "�[2Jgone?"
    assert said[-1] == "Hello."
    assert "\x1b" not in done.stdout and "\x00" not in done.stdout


def test_slash_commands(tmp_path: Path) -> None:
    light(tmp_path)
    script = b"/why\n/good\nhi\n/why\n/good\n/bad\n/hepl\n/nonsense\n/greet\n/reload\n/help\n/quit\nhi\n"
    done = assistant("chat", stdin=script, folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    said = done.stdout.splitlines()
    assert said[:3] == ["there is no turn to explain yet", "Sorry: there is no turn to judge yet", "Hello."]
    table = "\n".join(said[3 : said.index("noted: the last answer was good")])
    for expected in (
        "understood by keywords-1; none of these: 0.100",
        "word='hi' [0:2]",
        "chosen (*) talker/greet, executed (!) talker/greet; policy first-1, seed 20",
        "1.0000",
        "probability=0.9",
        "commit ",
    ):
        assert expected in table
    rest = said[said.index("noted: the last answer was good") :]
    assert rest[1:6] == [
        "noted: the last answer was bad",
        "/hepl is neither a command nor a known intent; did you mean /help? /help lists the commands",
        "/nonsense is neither a command nor a known intent; /help lists the commands",
        "Hello.",
        "configuration and plugins are loaded again",
    ]
    assert said[-1].startswith("/INTENT")  # nothing after /quit


def test_rewards_are_in_the_log(tmp_path: Path) -> None:
    light(tmp_path)
    assistant("chat", stdin=b"hi\n/good\n/bad\n", folder=tmp_path)
    exported = assistant("export", "user", folder=tmp_path).stdout
    assert '"value": 1.0' in exported and '"value": 0.0' in exported and '"explicit"' in exported


def test_speech_errors(tmp_path: Path) -> None:
    light(tmp_path)
    script = b"/asr 0.6\nturn on the kitchen light please\n/why\n/asr 0\nturn on the kitchen light please\n"
    done = assistant("chat", stdin=script, folder=tmp_path)
    assert done.returncode == 0
    heard = done.stderr.splitlines()
    assert 1 <= len(heard) <= 5 and all(line.startswith("heard 0.") for line in heard)
    best = heard[0].partition(": ")[2]
    said = done.stdout.splitlines()
    assert said[1] == f"You said {best!r}."
    assert said[-1] == "You said 'turn on the kitchen light please'."


def test_a_timer_speaks_up_and_survives(tmp_path: Path) -> None:
    light(tmp_path)
    done = assistant("chat", stdin=b"timer\n", folder=tmp_path)
    assert done.stdout.splitlines()[0] == "Timer set."
    with chatting(tmp_path) as process:
        if done.stdout.count("\n") == 1:  # the first process ended before the timer was due
            assert select.select([process.stdout], [], [], 60)[0], "the timer did not fire after the restart"
            assert process.stdout.readline() == b"Your timer is up.\n"
        process.stdin.write(b"timer\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"Timer set.\n"
        assert select.select([process.stdout], [], [], 60)[0], "the timer did not fire"
        assert process.stdout.readline() == b"Your timer is up.\n"
        process.stdin.close()
        assert process.wait(60) == 0


async def test_lines_are_cut_to_the_limit_and_the_rest_dropped() -> None:
    with tempfile.TemporaryFile() as file:
        file.write(b"a\n" + b"b" * (1 << 20) + b"rest\nc\r\n\n\xc3")
        file.seek(0)
        lines = [line async for line in read_lines(file.fileno())]
    assert lines[0] == "a"
    assert lines[1] == "b" * (1 << 20)
    assert lines[2:] == ["c", "", "�"]


@pytest.mark.parametrize(("line", "answer"), [(b"/quit\n", b""), (b"hi\n", b"Hello.\n"), (b"slow\n", b"Starting.\n")])
def test_leaving_while_the_input_is_still_open(tmp_path: Path, line: bytes, answer: bytes) -> None:
    light(tmp_path)
    with chatting(tmp_path) as process:
        process.stdin.write(line)
        process.stdin.flush()
        assert process.stdout.readline() == answer
        if answer:
            process.send_signal(signal.SIGINT)
        assert process.wait(60) == (130 if answer else 0)
        assert process.stderr.read() == b""

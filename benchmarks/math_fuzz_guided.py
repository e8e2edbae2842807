"""One coverage-guided campaign with atheris, in a child process with a limit on its memory; needs the package."""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.common import ROOT

#: Names a folder with packages that are not installed beside the assistant (`pip install --target FOLDER atheris`).
PACKAGES = "MATH_FUZZ_PACKAGES"
#: Megabytes of a campaign's process, seconds of one input, and its longest (a program may have 8,000 characters).
MEMORY, SLOWEST, LONGEST = 1024, 10, 9000
_STAT = re.compile(r"stat::(\w+):\s+(\d+)")
_COVERED = re.compile(r"cov: (\d+)")
_SECONDS_TO_START = 120


class Missing(Exception):
    """atheris is not there; the text says what to do."""


def environment() -> dict[str, str]:
    """Where a campaign finds this checkout and atheris."""
    paths = [str(ROOT), os.environ.get(PACKAGES, ""), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}


def available() -> None:
    """Raises Missing where atheris cannot be imported."""
    command = [sys.executable, "-c", "import atheris"]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False, timeout=60)
    if done.returncode:
        raise Missing("atheris is not installed: pip install --target FOLDER atheris, and give --packages FOLDER")


def seeds(harness: str) -> list[bytes]:
    """Inputs to begin with: the hostile programs of the tests, questions and answers of models."""
    if harness in ("program text", "answer text"):
        programs = importlib.import_module("tests.plugins.math.hostile").PROGRAMS
        return [str(source)[:LONGEST].encode("utf-8", "replace") for source in programs]
    if harness == "template text":
        asked = importlib.import_module("tests.plugins.math.test_template").QUESTIONS
        return [str(question).encode() for question, *_ in asked]
    if harness == "wire":
        message = {"choices": [{"message": {"content": "Answer = A"}}], "usage": {"total_tokens": 30}}
        return [
            json.dumps(message).encode(),
            b'{"choices": []}',
            b"[1e400]",
            b'{"choices": [{"message": {"content": null}}]}',
        ]
    return [bytes(range(start, 256, 7)) for start in range(8)]


def campaign(harness: str, seconds: int, seed: int, folder: Path) -> dict[str, Any]:
    """Fuzzes one harness; the corpus in `folder` is used again next time.

    Keys of the result: `executions`, `covered` (edges), `corpus`, `peak_mb`, `slowest` (seconds), `findings` (paths of
    inputs that broke something, took longer than SLOWEST, or memory beyond MEMORY), `told` (the first complaint).
    """
    corpus, found = folder / "corpus", folder / "findings"
    for path in (corpus, found):
        path.mkdir(parents=True, exist_ok=True)
    for path in found.iterdir():  # what broke something before is tried first
        path.replace(corpus / path.name)
    for place, data in enumerate(seeds(harness)):
        (corpus / f"seed-{place}").write_bytes(data)
    command = [
        sys.executable, "-c", "from benchmarks.math_fuzz_guided import main; main()", harness, str(corpus),
        f"-max_total_time={seconds}", f"-seed={seed}", f"-timeout={SLOWEST}", f"-rss_limit_mb={MEMORY}",
        f"-max_len={LONGEST}", f"-artifact_prefix={found}/", "-print_final_stats=1",
    ]  # fmt: skip
    limit = seconds + _SECONDS_TO_START
    done = subprocess.run(
        command, env=environment(), capture_output=True, text=True, errors="replace", check=False, timeout=limit
    )
    text = done.stderr
    stats = {name: int(value) for name, value in _STAT.findall(text)}
    findings = sorted(str(path) for path in found.iterdir())
    if "number_of_executed_units" not in stats and not findings:
        raise RuntimeError(f"the campaign of {harness!r} did not start: {text[-500:]}")
    complaints = [
        line for line in (text + done.stdout).splitlines() if re.match(r"\w*(?:Error|Exception)\b|==\d+== ERROR", line)
    ]
    return {
        "executions": stats.get("number_of_executed_units", 0),
        "covered": max(map(int, _COVERED.findall(text)), default=0),
        "corpus": len(list(corpus.iterdir())),
        "peak_mb": stats.get("peak_rss_mb", 0),
        "slowest": stats.get("slowest_unit_time_sec", 0),
        "findings": findings,
        "told": complaints[0][:300] if complaints and done.returncode else "",
    }


def measure(cell: Mapping[str, Any], data: Path) -> dict[str, Any]:
    """One campaign as a cell (harness, seconds, seed); `data` holds the corpora."""
    return campaign(cell["harness"], cell["seconds"], cell["seed"], data / cell["harness"].replace(" ", "-"))


def main() -> None:
    """Fuzz the harness that the first argument names, with libFuzzer's options after it."""
    atheris: Any = importlib.import_module("atheris")
    harness = sys.argv.pop(1)
    with atheris.instrument_imports(include=["plugins", "fractions"]):
        checks: Any = importlib.import_module("benchmarks.math_fuzz_checks")
    atheris.Setup(sys.argv, checks.HARNESSES[harness])
    atheris.Fuzz()

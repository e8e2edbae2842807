"""Install Rasa 3.6.21 into a folder outside the repository, write a small project there and train it.

    python -m benchmarks.peers.rasa.setup FOLDER [--python python3.11]

Needs Python 3.11 and about 2.7 GB. `requirements-py311.txt` is a set that works there although Rasa declares < 3.11.
Afterwards FOLDER is what `assistant bench turn --peer FOLDER` takes; FOLDER/peer.json tells how long training took.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.peers.rasa import project

_REQUIREMENTS = Path(__file__).with_name("requirements-py311.txt")


def main(argv: list[str] | None = None) -> int:
    """Do it; what is there already is kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--python", default=sys.executable, help="a Python 3.11 (default: this one)")
    args = parser.parse_args(argv)
    folder = args.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    facts: dict[str, object] = {"rasa": "3.6.21", "load_before": os.getloadavg()[0]}
    if not (folder / "venv" / "bin" / "rasa").exists():
        facts["install_seconds"] = _install(args.python, folder / "venv")
    facts.update(project.write(folder))
    facts["train_seconds"] = train(folder)
    facts["load_after"] = os.getloadavg()[0]
    (folder / "peer.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(facts))
    return 0


def _install(python: str, venv: Path) -> float:
    start = time.perf_counter()
    subprocess.run([python, "-m", "venv", str(venv)], check=True)
    pip = [str(venv / "bin" / "python"), "-m", "pip", "install", "--ignore-requires-python", "--no-deps"]
    subprocess.run([*pip, "-r", str(_REQUIREMENTS)], check=True)
    return time.perf_counter() - start


def environment() -> dict[str, str]:
    """No messages home, no chatter."""
    quiet = {"RASA_TELEMETRY_ENABLED": "false", "TF_CPP_MIN_LOG_LEVEL": "3", "SQLALCHEMY_SILENCE_UBER_WARNING": "1"}
    return {**os.environ, **quiet, "CUDA_VISIBLE_DEVICES": ""}


def train(folder: Path) -> float:
    """Train the project; returns seconds."""
    start = time.perf_counter()
    command = [str(folder / "venv" / "bin" / "rasa"), "train", "--fixed-model-name", "turn", "--force"]
    subprocess.run(command, cwd=folder, env=environment(), check=True)
    return time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main())

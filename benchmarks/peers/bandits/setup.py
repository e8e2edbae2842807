"""Install Open Bandit Pipeline 0.5.7 and Vowpal Wabbit 9.11.9 into a folder outside the repository.

    python -m benchmarks.peers.bandits.setup FOLDER [--python python3.10]

Needs Python 3.10 (Open Bandit Pipeline declares < 3.11) and about 2.3 GB, most of it its torch. Its seaborn needs
matplotlib < 3.9, so `requirements-py310.txt` is a complete set. Afterwards FOLDER is what
`assistant bench off-policy --peer FOLDER` takes; FOLDER/peer.json tells what was installed.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

_REQUIREMENTS = Path(__file__).with_name("requirements-py310.txt")
_VERSION = (3, 10)
_ASK = "import json, sys; print(json.dumps(sys.version_info[:2]))"
_CHECK = """
import json, obp, obp.ope, obp.policy, vowpalwabbit
print(json.dumps({"obp": obp.__version__, "vowpalwabbit": vowpalwabbit.__version__}))
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Do it; what is there already is kept. Returns 1 where there is no Python 3.10."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--python", default=None, help="a Python 3.10 (default: python3.10 of the path)")
    args = parser.parse_args(argv)
    folder = args.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    facts: dict[str, object] = {}
    if not python_of(folder).exists():
        python = args.python or shutil.which("python3.10")
        if python is None or version(python) != _VERSION:
            print(f"{python or 'python3.10'} is no Python 3.10: give one with --python", file=sys.stderr)
            return 1
        facts["install_seconds"] = round(_install(python, folder / "venv"), 1)
    check = [str(python_of(folder)), "-W", "ignore", "-c", _CHECK]
    found = subprocess.run(check, check=True, capture_output=True, text=True, cwd=folder)
    facts.update(json.loads(found.stdout.splitlines()[-1]))
    (folder / "peer.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(facts))
    return 0


def python_of(folder: Path) -> Path:
    """The interpreter of the peers installed in `folder`."""
    return folder / "venv" / "bin" / "python"


def version(python: str) -> tuple[int, ...]:
    """Major and minor version of an interpreter, () where it does not run."""
    try:
        found = subprocess.run([python, "-c", _ASK], check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError):
        return ()
    return tuple(json.loads(found.stdout))


def _install(python: str, venv: Path) -> float:
    start = time.perf_counter()
    subprocess.run([python, "-m", "venv", str(venv)], check=True)
    # Some of the set come as sources that need setuptools; a new environment of 3.10 has it.
    pip = [str(venv / "bin" / "python"), "-m", "pip", "install", "--no-deps"]
    subprocess.run([*pip, "-r", str(_REQUIREMENTS)], check=True)
    return time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main())

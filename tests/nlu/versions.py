"""Further versions of the shipped model for tests: the same weights, other probabilities, another name."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from nlu.runtime import HEAD_FOLDER, MODELS


def another(folder: Path, name: str, cooler: float = 2.0) -> Path:
    """The shipped model in `folder`/`name`, its temperature `cooler` times as high: less sure of everything."""
    made = folder / name
    shutil.copytree(MODELS / HEAD_FOLDER, made)
    card = json.loads((made / "head.json").read_text(encoding="utf-8"))
    card |= {"name": name, "temperature": card["temperature"] * cooler}
    (made / "head.json").write_text(json.dumps(card), encoding="utf-8")
    return made

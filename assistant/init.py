"""A small assistant of one's own: configuration, one plugin, one conversation test, a README."""

from __future__ import annotations

import keyword
import re
from importlib import resources
from pathlib import Path

from dialog.errors import AssistantError

#: where a template goes -> which template it is
FILES = {
    "config.yml": "config.yml",
    "plugins/dice.py": "dice.py",
    "tests/test_dice.yml": "test_dice.yml",
    "README.md": "README.md",
    ".gitignore": "",
}
_IGNORED = "data/\n__pycache__/\n"


def write_assistant(folder: Path) -> list[Path]:
    """Write a new assistant into `folder`; gives the files. Overwrites nothing: raises `AssistantError` instead."""
    if folder.exists() and not folder.is_dir():
        raise AssistantError(f"{folder} exists and is not a folder")
    there = [name for name in FILES if (folder / name).exists()]
    if there:
        raise AssistantError(f"{folder / there[0]} exists already; nothing was written")
    name = folder.resolve().name
    title = name if re.fullmatch(r"[\w -]+", name) else "Assistant"
    written = []
    for target, source in FILES.items():
        path = folder / target
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_template(source).replace("NAME", title, 1) if source else _IGNORED, encoding="utf-8")
        written.append(path)
    return written


def write_plugin(folder: Path, name: str) -> Path:
    """Write a plugin to start from; gives its file. Raises `AssistantError` for a bad name or an existing file."""
    if not name.isidentifier() or keyword.iskeyword(name) or name.startswith("_"):
        raise AssistantError(f"{name!r} cannot be the name of a Python module; use letters, digits and _")
    path = folder / f"{name}.py"
    if path.exists():
        raise AssistantError(f"{path} exists already; nothing was written")
    words = name.replace("_", " ")
    named = {
        "TITLE": words.capitalize(),
        "SUBJECT": words,
        "Template": "".join(word[:1].upper() + word[1:] for word in name.split("_")),
        "template": name,
    }
    text = re.sub("|".join(named), lambda found: named[found.group()], _template("plugin.py"))
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def _template(name: str) -> str:
    return (resources.files("assistant.templates") / name).read_text(encoding="utf-8")

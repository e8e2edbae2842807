"""The whole assistant on one page: `config.yml`, read, merged over the shipped defaults, and checked.

The defaults are in the shipped file, not here. A user's file is laid over it: sections merge key by key, a list or a
plain value replaces the shipped one, and plugins that the shipped file does not know come after those it knows.
Relative paths count from the file they stand in. A secret never stands in a file: a key that ends in `_env` names the
environment variable that holds it.
"""

from __future__ import annotations

import difflib
import importlib.metadata
import importlib.util
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from assistant.document import INTERPOLATION, Document, InvalidDocument, Problem, Route, dotted, merge, read, walk
from assistant.sections import (
    AssistantSection,
    Config,
    DialogSection,
    LogSection,
    PluginSection,
    Section,
    ServerSection,
    UserSection,
    nearest,
    secret,
)

__all__ = ["SHIPPED", "Config", "load", "place_of", "secret"]

SHIPPED = Path(__file__).with_name("config.yml")
_OVERRIDES = "overrides"
_PASSWORD = re.compile(r"://[^/@]*:[^/@]+@")
_SECTIONS: dict[str, type[Section]] = {
    "assistant": AssistantSection,
    "user": UserSection,
    "log": LogSection,
    "dialog": DialogSection,
    "server": ServerSection,
}


def load(path: Path | None = None, overrides: Mapping[str, Any] | None = None) -> Config:
    """Read `path` over the shipped defaults, and `overrides` over both.

    overrides: nested mappings or dotted keys (`{"log.url": "sqlite://"}`); relative paths in them count from the
      current directory.
    Raises `InvalidDocument` (a `ConfigError`) with every problem at once, each with file, line and key.
    """
    document = read(SHIPPED)
    shipped = set(document.data["plugins"])
    layers = [read(path)] if path is not None else []
    if overrides:
        layers.append(_overriding(overrides))
    problems: list[Problem] = []
    for layer in layers:
        if not isinstance(layer.data, Mapping):
            file, line = layer.place(())
            raise InvalidDocument([Problem(file, line, "", "this must be a mapping of sections such as 'dialog:'")])
        problems += [*layer.problems, *_secrets(layer)]
        document = merge(document, layer)
    try:
        config = Config.model_validate(_with_paths(document, path))
    except ValidationError as error:
        known = {problem.key for problem in problems}
        found = [_problem(document, dict(detail)) for detail in error.errors()]
        problems += [problem for problem in found if problem.key not in known]
    else:
        problems += _unknown_plugins(document, config, shipped)
    if problems:
        raise InvalidDocument(sorted(problems, key=lambda problem: (problem.file, problem.line)))
    return config.model_copy(update={"source": path})


def place_of(config: Config, *route: str) -> tuple[str, int]:
    """File and line where a key of a loaded configuration stands."""
    for file in (config.source, SHIPPED):
        if file is not None:
            found = read(file).places.get(route)
            if found is not None:
                return found
    return _OVERRIDES, 0


def _overriding(overrides: Mapping[str, Any]) -> Document:
    nested: dict[str, Any] = {}
    for key, value in overrides.items():
        here = nested
        *parents, last = key.split(".")
        for parent in parents:
            here = here.setdefault(parent, {})
        here[last] = value
    places: dict[Route, tuple[str, int]] = {(): (_OVERRIDES, 0)}
    for route, _ in walk(nested):
        places.update({route[:end]: (_OVERRIDES, 0) for end in range(1, len(route) + 1)})
    return Document(nested, places)


def _secrets(document: Document) -> Iterator[Problem]:
    for route, value in walk(document.data):
        key = str(route[-1]) if route else ""
        if isinstance(value, str) and INTERPOLATION.search(value):
            hint = "write the bare name of the variable" if key.endswith("_env") else f"use a key such as '{key}_env'"
            yield Problem(*document.place(route), dotted(route), f"variables are not put in here; {hint}")
        if route == ("log", "url") and _PASSWORD.search(str(value)) and document.place(route)[1]:
            yield Problem(*document.place(route), "log.url", "a password does not belong in here; use 'log.url_env'")


def _with_paths(document: Document, path: Path | None) -> dict[str, Any]:
    """The data with `~` expanded and relative paths counted from the file that they stand in."""

    def absolute(text: str, route: Route) -> str:
        inside = path is not None and document.place(route)[0] == str(path)
        return str(((path.parent if path and inside else Path()) / Path(text).expanduser()).absolute())

    data = {key: dict(value) if isinstance(value, Mapping) else value for key, value in document.data.items()}
    section = data["assistant"]
    if isinstance(section, dict) and isinstance(section.get("data_dir"), str):
        section["data_dir"] = absolute(section["data_dir"], ("assistant", "data_dir"))
    folder = data.get("plugin_folder")
    if isinstance(folder, str):
        folder = data["plugin_folder"] = absolute(folder, ("plugin_folder",))
    log, prefix = data["log"], "sqlite:///"
    if isinstance(log, dict) and isinstance(log.get("url"), str) and log["url"].startswith(prefix):
        file = log["url"].removeprefix(prefix)
        if file and not file.startswith((":", "{", "file:")):
            log["url"] = prefix + absolute(file, ("log", "url"))
    for name, plugin in data["plugins"].items() if isinstance(data["plugins"], dict) else ():
        plugin = dict(plugin) if isinstance(plugin, Mapping) else {} if plugin is None else plugin
        data["plugins"][name] = plugin
        if not isinstance(plugin, dict):
            continue
        use = plugin.get("use")
        if isinstance(use, str) and use.endswith(".py"):
            plugin["use"] = absolute(use, ("plugins", name, "use"))
        elif use is None and isinstance(folder, str) and Path(folder, f"{name}.py").is_file():
            plugin["use"] = str(Path(folder, f"{name}.py"))
    return data


def _problem(document: Document, detail: dict[str, Any]) -> Problem:
    """One error of pydantic in the words of the file."""
    route: Route = tuple(detail["loc"])
    file, line = document.place(route)
    kind, message, value = detail["type"], str(detail["msg"]), detail["input"]
    if kind == "extra_forbidden":
        message = "unknown key" + (nearest(str(route[-1]), _keys(route[:-1])) or _elsewhere(str(route[-1])))
    elif kind == "missing":
        message = "this key is missing"
    elif kind == "value_error":
        message = f"{value!r} " + message.removeprefix("Value error, ")
    elif kind in ("model_type", "dict_type", "model_attributes_type"):
        message = f"this must be a section with keys of its own, not {_shown(value)}"
    else:
        message = message.replace("Input should be", "must be").replace("a valid integer", "an integer")
        message = message.replace("a valid ", "a ") + f", not {_shown(value)}"
        if kind == "literal_error":
            message += nearest(str(value), re.findall(r"'(\w+)'", str(detail["ctx"]["expected"])))
    return Problem(file, line, dotted(route), message)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:40] + "…"


def _keys(route: Route) -> list[str]:
    """The keys that may stand at a place."""
    model: type[BaseModel] = Config
    for step in route:
        if model is Config and step == "plugins":
            model = PluginSection
        elif model is not PluginSection:
            model = _SECTIONS.get(str(step), PluginSection)
    return [key for key in model.model_fields if key != "source"]


def _elsewhere(key: str) -> str:
    """A hint for a key that stands in the wrong section."""
    homes = {field: name for name, section in _SECTIONS.items() for field in section.model_fields}
    found = difflib.get_close_matches(key, homes, n=1, cutoff=0.8)
    return f"; did you mean {homes[found[0]]}.{found[0]!s}?" if found else ""


def _unknown_plugins(document: Document, config: Config, shipped: set[str]) -> Iterator[Problem]:
    """Plugins that are named without a place to load them from: a slip of the pen, most likely."""
    for name, plugin in config.plugins.items():
        if name in shipped or plugin.use or _is_builtin(name):
            continue
        entries = {entry.name for entry in importlib.metadata.entry_points(group="assistant.plugins")}
        if name not in entries:
            route = ("plugins", name)
            hint = nearest(name, shipped | entries) or "; say with 'use:' where it is"
            yield Problem(*document.place(route), dotted(route), f"there is no plugin of this name{hint}")


def _is_builtin(name: str) -> bool:
    return name.isidentifier() and importlib.util.find_spec(f"plugins.{name}") is not None

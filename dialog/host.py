"""The plugin host: one door for built-ins, installed packages and a local folder, with a reason for each one skipped.

A plugin that cannot be loaded, or whose hook raises, costs only itself.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import logging
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pluggy

from dialog.errors import PluginError
from dialog.plugin import GROUP, NLU, Dispatcher, Hooks, Judge, ListedNLU, Router
from dialog.settings import PluginSettings
from dialog.skill import Skill

log = logging.getLogger(__name__)


@dataclass
class PluginRecord:
    """What the host knows of one plugin; `error` says why it was skipped."""

    settings: PluginSettings
    source: str = ""
    module: Any = None
    version: str = ""
    hooks: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    load_seconds: float = 0.0
    error: str | None = None
    notes: list[str] = field(default_factory=list)
    strikes: int = 0
    quarantined: str | None = None

    @property
    def name(self) -> str:
        """The plugin's name in `config.yml`."""
        return self.settings.name

    def strike(self, limit: int) -> bool:
        """Count a failure; true when this one puts the plugin into quarantine."""
        self.strikes += 1
        if self.strikes < limit or self.quarantined:
            return False
        self.quarantine(f"{self.strikes} failures in a row")
        return True

    def quarantine(self, reason: str) -> None:
        """Take the plugin out of service until it is loaded again."""
        if self.quarantined is None:
            self.quarantined = reason
            log.error("plugin %s is quarantined: %s", self.name, reason)


class Host:
    """Loads plugins and hands out what they bring. Raises `PluginError` only where nothing could work without it."""

    def __init__(
        self,
        plugins: Sequence[PluginSettings],
        folder: Path | None = None,
        seed: int = 0,
        objects: Mapping[str, object] | None = None,
    ) -> None:
        """`objects` are plugins that are in hand already, by name; they come after the others."""
        self._manager = pluggy.PluginManager(GROUP)
        self._manager.add_hookspecs(Hooks)
        self._seed = seed
        self.records: dict[str, PluginRecord] = {}
        self.skills: dict[str, Skill] = {}
        self.owners: dict[str, PluginRecord] = {}  # skill -> plugin
        self.claims: dict[str, str] = {}  # intent -> the first skill that claims it
        self._objects = dict(objects or {})
        local = _in_folder(folder, {plugin.name for plugin in plugins})
        given = [PluginSettings(name) for name in self._objects]
        for settings in [*plugins, *local, *given]:
            self._load(settings)
        self._collect_skills()

    def _load(self, settings: PluginSettings) -> None:
        record = self.records[settings.name] = PluginRecord(settings)
        if not settings.enabled:
            record.error = "disabled in the configuration"
            return
        start = time.perf_counter()
        try:
            if settings.name in self._objects:
                record.module, record.source = self._objects[settings.name], "an object"
            else:
                record.module, record.source, record.version = _find(settings)
            self._manager.register(record.module, settings.name)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a plugin does on import costs only itself
            record.error = f"{type(error).__name__}: {error}"
            log.warning("plugin %s is skipped: %s", settings.name, record.error)
            return
        finally:
            record.load_seconds = time.perf_counter() - start
        callers = self._manager.get_hookcallers(record.module) or []
        record.hooks = tuple(sorted(caller.name for caller in callers))
        if not record.hooks:
            record.error = "it implements no hook (mark functions with @hookimpl)"
            log.warning("plugin %s is skipped: %s", settings.name, record.error)

    def call(self, hook: str, **arguments: Any) -> Iterator[tuple[PluginRecord, Any]]:
        """Call one hook of every plugin in configuration order; one that raises is skipped with the reason."""
        implementations = {impl.plugin_name: impl for impl in getattr(self._manager.hook, hook).get_hookimpls()}
        for record in self.records.values():
            impl = implementations.get(record.name)
            if impl is None or record.error:
                continue
            values = {"config": record.settings.options, "seed": self._seed, **arguments}
            start = time.perf_counter()
            try:
                result = impl.function(*[values[name] for name in impl.argnames])
            except Exception as error:  # noqa: BLE001 - the plugin is skipped, the others go on
                record.error = f"{hook}: {type(error).__name__}: {error}"
                log.warning("plugin %s is skipped: %s", record.name, record.error)
                continue
            record.load_seconds += time.perf_counter() - start
            yield record, result

    def _collect_skills(self) -> None:
        for record, brought in self.call("skills"):
            skills = list(brought or ())
            for skill in skills:
                problem = self._problem(skill)
                if problem:
                    record.notes.append(problem)
                    log.warning("plugin %s: %s", record.name, problem)
                    continue
                self.skills[skill.name] = skill
                self.owners[skill.name] = record
                for intent in skill.specs:
                    other = self.claims.setdefault(intent, skill.name)
                    if other != skill.name:
                        note = f"skills {other!r} and {skill.name!r} both claim the intent {intent!r}"
                        record.notes.append(note)
                        log.warning("plugin %s: %s", record.name, note)
            record.skills = tuple(name for name, owner in self.owners.items() if owner is record)

    def _problem(self, skill: object) -> str | None:
        if not isinstance(skill, Skill):
            return f"skills() returned {skill!r}, which is not a Skill"
        if not skill.name or not skill.domain:
            return f"{type(skill).__name__} has no name or no domain"
        if skill.name in self.skills:
            return f"skill {skill.name!r} exists already (from {self.owners[skill.name].name})"
        return None

    def examples(self) -> dict[str, list[str]]:
        """Example utterances of all skills and `examples` hooks, by intent."""
        found: dict[str, list[str]] = {}
        sources: list[Mapping[str, Iterable[str]]] = [skill.examples() for skill in self.skills.values()]
        sources += [result or {} for _, result in self.call("examples")]
        for source in sources:
            for intent, texts in source.items():
                found.setdefault(intent, []).extend(texts)
        return found

    def entities(self) -> dict[str, list[str]]:
        """Values of entities that plugins list, by entity name."""
        found: dict[str, list[str]] = {}
        for record, listed in self.call("entities"):
            for name, values in (listed or {}).items():
                if isinstance(values, str) or not all(isinstance(value, str) for value in values):
                    record.notes.append(f"entities(): the values of {name!r} are not a list of texts")
                    log.warning("plugin %s: %s", record.name, record.notes[-1])
                    continue
                found.setdefault(name, []).extend(values)
        return found

    def teach(self, nlu: NLU) -> None:
        """Give an understanding the values and the examples of all plugins. Takes time: call it in a thread."""
        if isinstance(nlu, ListedNLU):
            nlu.know(self.entities())
        nlu.fit(self.examples())

    def descriptions(self) -> dict[str, str]:
        """What each skill in service says of itself."""
        return {name: skill.description for name, skill in self.skills.items() if not self.owners[name].quarantined}

    def skill_texts(self) -> dict[str, list[str]]:
        """What each skill says of itself and what it is asked: its description, its intents, its examples."""
        return {
            name: [
                *filter(None, [skill.description]),
                *(intent.replace("_", " ") for intent in skill.specs),
                *(text for texts in skill.examples().values() for text in texts),
            ]
            for name, skill in self.skills.items()
        }

    def nlu(self) -> NLU:
        """The understanding in force. Raises `PluginError` when no plugin offers one."""
        offer: NLU = self._last("nlu", NLU)
        return offer

    def router(self) -> Router:
        """The routing policy in force. Raises `PluginError` when no plugin offers one."""
        offer: Router = self._last("router", Router)
        return offer

    def judges(self) -> list[Judge]:
        """All quality estimators."""
        return [judge for _, judge in self.call("judge") if isinstance(judge, Judge)]

    def dispatchers(self) -> dict[str, Dispatcher]:
        """Who carries out which kind of outbox effect."""
        found: dict[str, Dispatcher] = {}
        for _, result in self.call("dispatchers"):
            found.update(result or {})
        return found

    def _last(self, hook: str, contract: type[Any]) -> Any:
        offers = [(record, offer) for record, offer in self.call(hook) if offer is not None]
        for record, offer in reversed(offers):
            if isinstance(offer, contract):
                return offer
            record.error = f"{hook}() returned {type(offer).__name__}, which does not fulfil {contract.__name__}"
            log.warning("plugin %s: %s", record.name, record.error)
        skipped = [f"{record.name}: {record.error}" for record in self.records.values() if record.error]
        raise PluginError(f"no plugin offers {hook!r}; skipped plugins: {'; '.join(skipped) or 'none'}")


def _in_folder(folder: Path | None, known: set[str]) -> list[PluginSettings]:
    if folder is None:
        return []
    if not folder.is_dir():
        log.warning("plugin folder %s does not exist", folder)
        return []
    files = sorted(path for path in folder.glob("*.py") if not path.name.startswith("_"))
    return [PluginSettings(path.stem, str(path)) for path in files if path.stem not in known]


def _find(settings: PluginSettings) -> tuple[ModuleType | object, str, str]:
    """The plugin's module, where it came from, and its version."""
    use = settings.use
    if use.endswith(".py"):
        return _by_path(settings.name, Path(use)), use, ""
    name = use or f"plugins.{settings.name}"
    try:
        known = importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # a parent package does not exist
        known = False
    if not known:  # the scan of installed packages is only paid for by those who need it
        for entry in importlib.metadata.entry_points(group=GROUP, name=use or settings.name):
            dist = entry.dist
            return entry.load(), f"entry point {entry.value}", dist.version if dist else ""
        raise PluginError(f"there is neither a module {name!r} nor an entry point {use or settings.name!r}")
    return importlib.import_module(name), name, ""


def _by_path(name: str, path: Path) -> ModuleType:
    """Load a file as a module of its own, never through sys.path."""
    if not path.is_file():
        raise PluginError(f"{path} does not exist")
    qualified = f"assistant_local.{name}"
    spec = importlib.util.spec_from_file_location(qualified, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[qualified] = module  # dataclasses and pickling look their module up by name
    spec.loader.exec_module(module)
    return module

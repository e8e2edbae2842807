"""From the log to a version in the registry: nothing is kept that is not certified, and nothing is put in force."""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from assistant.building import load_host
from assistant.cases.policy import refreshed
from assistant.cases.report import examine
from assistant.cases.store import CaseStore, Stored
from assistant.config import Config
from assistant.learning.candidate import make
from assistant.learning.errors import LearningError
from assistant.learning.extract import Extract, extract
from assistant.learning.report import Report
from assistant.learning.wishes import Wishes
from dialog.encoder import Encoder
from dialog.host import Host
from dialog.log import Log
from dialog.registry import Manifest, Registry, RegistryError
from dialog.registry.manifest import now
from plugins import routing
from plugins.requests import skill_vectors
from policies.base import SoftmaxBase
from policies.bounds import Bounds
from policies.cases import Case
from policies.policy import Policy, SkillVectors

KIND = "policy"
#: Told what is done at the moment, how much of it is done, and how much there is (None: not known).
Progress = Callable[[str, int, int | None], None]


@dataclass(frozen=True)
class Window:
    """Which turns: epoch seconds, None for no end. folder: a saved data set in place of the log."""

    since: float | None = None
    until: float | None = None
    folder: Path | None = None


def candidate(config: Config, window: Window, wishes: Wishes, work: Path, progress: Progress) -> Report:
    """Read the log, train, judge; nothing is kept. work: an empty folder for arrays and checkpoints.

    Raises `LearningError`, `PolicyError` and `LogError` with the reason why there is no candidate.
    """
    host = load_host(config)
    options = host.records["routing"].settings.options if "routing" in host.records else {}
    bounds, rules = routing.bounds_of(options), routing.hotfixes_of(options)
    registry = Registry(config.assistant.data_dir / "models")
    name, parent = in_force(registry, routing.base_of(options).base)
    stored = CaseStore.of(config.assistant.data_dir).read()
    found, skills, cases = asyncio.run(_decisions(config, host, stored, window, work, progress))
    domains = {skill.domain for skill in host.skills.values()} | set(found.dataset.tables.domains)
    unknown = bounds.unknown(sorted(domains))
    notes = [f"there are bounds for a domain that no skill has: {name}" for name in unknown]
    bounds = Bounds(bounds.default, {name: span for name, span in bounds.by_domain.items() if name not in unknown})
    made = make(
        found, parent, bounds, wishes, [case for case in cases if case.active], work / "training",
        lambda done, steps: progress("training", done, steps),
    )  # fmt: skip
    warnings = [f"line {line.number} of the cases cannot be read: {line.problem}" for line in stored.damaged]
    examined = examine(
        made.policy.version, lambda request: made.policy.propensities(request, skills), cases,
        rules, now(), routing.thresholds_of(options), warnings,
    )  # fmt: skip
    return Report(
        made.policy.version, name, now(), wishes.method, wishes.seed, made, examined, (window.since, window.until),
        found.counts, found.policies, found.encoder, tuple(notes),
    )  # fmt: skip


def in_force(registry: Registry, base: SoftmaxBase) -> tuple[str, Policy]:
    """Name and policy that a candidate is to replace. Raises `RegistryError` where it cannot be read."""
    version = registry.current(KIND).version
    if version is None:
        return routing.SOFTMAX, Policy(base)
    return version, routing.read(registry.open(KIND, version).path)


def keep(config: Config, report: Report, work: Path, version: str | None = None, note: str = "") -> Manifest:
    """Add the candidate to the registry as `version` (default: a name made of its contents).

    Raises `LearningError` for a candidate that is refused or whose parent is not in force any more, `RegistryError`
    where the name is taken.
    """
    if report.reasons:
        raise LearningError(f"policy {report.version} is refused: {'; '.join(report.reasons)}")
    registry = Registry(config.assistant.data_dir / "models")
    parent = registry.current(KIND).version
    if (parent or routing.SOFTMAX) != report.parent:
        raise LearningError(f"{report.parent} is not in force any more: learn again from what is ({parent})")
    folder = work / "policy"
    report.candidate.policy.with_card(report.card()).save(folder)
    return registry.add(KIND, version or report.version, folder, metrics=report.card(), parent=parent, note=note)


def save(report: Report, folder: Path) -> list[Path]:
    """Write `report.json` and `report.html` into `folder`, which is made. Needs matplotlib."""
    from assistant.learning.page import page

    folder.mkdir(parents=True, exist_ok=True)
    texts = {"report.json": json.dumps(report.to_json(), indent=1) + "\n", "report.html": page(report)}
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in texts]


class Workplace:
    """A folder for one run, beside the data, gone when it ends."""

    def __init__(self, config: Config) -> None:
        self._parent = config.assistant.data_dir / "learning"
        self.path = Path()

    def __enter__(self) -> Path:
        self._parent.mkdir(parents=True, exist_ok=True)
        self.path = Path(tempfile.mkdtemp(prefix=".work-", dir=self._parent))
        return self.path

    def __exit__(self, *exc: object) -> None:
        shutil.rmtree(self.path, ignore_errors=True)


async def _decisions(
    config: Config, host: Host, stored: Stored, window: Window, work: Path, progress: Progress
) -> tuple[Extract, SkillVectors, list[Case]]:
    if not host.skills:
        raise LearningError("no plugin in service brings a skill")
    nlu = host.nlu()
    try:
        encoder = Encoder(nlu, asyncio.get_running_loop())
        vectors = await asyncio.to_thread(skill_vectors, host.skill_texts(), encoder)
        cases = await refreshed(list(stored.cases.values()), encoder)
        if window.folder is not None:
            return Extract.load(window.folder), SkillVectors(vectors), cases
        silence = config.dialog.session_timeout
        async with await Log.open(config.log_url, read_only=True, deadline=config.dialog.commit_deadline) as log:
            found = await extract(
                log, work / "data", vectors, encoder, silence, since=window.since, until=window.until,
                progress=lambda done: progress("reading the log", done, None),
            )  # fmt: skip
        return found, SkillVectors(vectors), cases
    finally:
        await nlu.close()


__all__ = [
    "KIND", "Progress", "RegistryError", "Window", "Workplace", "candidate", "in_force", "keep", "save",
]  # fmt: skip

"""One seed of the `routing` benchmark: a world, its production policy, the log to learn from, requests to judge by.

The production policy is a network of the learners' class: it repeats the hand-built policy on an older week and then
takes some steps of IPS there; mixed with exploration, it decides and logs the current week.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import simulator
from benchmarks.simulator import World, production
from benchmarks.simulator.requests import Requests
from benchmarks.simulator.world import LEARNABLE
from policies import export
from policies.base import LoggedBase
from policies.batches import Batches
from policies.bounds import Bounds
from policies.dataset import Dataset
from policies.fit import fit
from policies.learner import PolicyLearner
from policies.network import Scorer
from policies.objectives import Objective
from policies.policy import Policy
from policies.settings import Method, Settings

Doubles = NDArray[np.float64]
#: Weeks: of the production policy's own training, of the log and the test, of the shifted test.
PAST, NOW, NEXT = 0, 1, 2
#: Keys of a cell that make a world and its log; simulator: its version.
WORLD = ("simulator", "variant", "seed", "log", "test", "steps", "batch", "width")
_VALID = 0.1  # share of conversations that choose snapshots
_IPS = 0.05  # steps of IPS of the production policy, for one of repetition
_IPS_RATE = 1e-3


@dataclass(frozen=True)
class Traffic:
    """Requests to judge by. dataset: `logged` is the production policy's propensities [N, K].

    truth: P(satisfied) [N, K]. expected: expected reward, late ones included [N, K]. seen: chance that a row's reward
    is there by the cut-off, as an operator estimates it [N]; rewards that are not are NaN.
    """

    dataset: Dataset
    truth: Doubles
    expected: Doubles
    seen: Doubles

    def values(self, propensities: Doubles) -> Doubles:
        """True value of each request [N]."""
        found: Doubles = (propensities * self.truth).sum(axis=1)
        return found


@dataclass(frozen=True)
class Stage:
    """What the methods of a seed share. train, valid: judged decisions of the log; traffic: `test` and `shift`."""

    world: World
    production: Policy
    temperature: float
    train: Dataset
    valid: Dataset
    traffic: Mapping[str, Traffic]

    @property
    def domains(self) -> tuple[str, ...]:
        return self.train.tables.domains


def stage(cell: Mapping[str, Any], data: Path, shared: Path) -> Stage:
    """The stage of a cell (its keys `WORLD`); trained parts are kept in `shared`. The last one stays in memory."""
    return _stage(json.dumps({key: cell[key] for key in WORLD}, sort_keys=True), data, shared)


def settings_of(cell: Mapping[str, Any], **changes: Any) -> Settings:
    """The budget that all methods have alike."""
    return replace(Settings(steps=cell["steps"], batch=cell["batch"], width=cell["width"]), **changes)


def simulator_version() -> str:
    """A digest of the simulator's code: figures of another simulator are figures of another benchmark."""
    digest = hashlib.sha256()
    for path in sorted(Path(simulator.__file__).parent.glob("*.py")):
        if path.stem not in ("__main__", "checks"):
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def kept(shared: Path, key: Mapping[str, Any], make: Callable[[Path], None]) -> Path:
    """The folder that `make` fills for `key`, made once: another process that wants it waits."""
    name = hashlib.sha256(json.dumps(dict(key), sort_keys=True).encode()).hexdigest()[:20]
    folder = shared / name
    with _lock(shared / f"{name}.lock"):
        if not folder.is_dir():
            partial = shared / f"{name}.part"
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)
            (partial / "key.json").write_text(json.dumps(dict(key), sort_keys=True, indent=1) + "\n", encoding="utf-8")
            make(partial)
            partial.rename(folder)  # whole or not at all: a killed process leaves no half a folder
    return folder


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # given back when the file is closed, also by a kill
        yield


@lru_cache(maxsize=1)
def _stage(key: str, data: Path, shared: Path) -> Stage:
    cell = json.loads(key)
    world = World(cell["seed"], cell["variant"], data)
    folder = kept(shared, {**cell, "what": "production"}, lambda path: _produce(world, cell).save(path))
    policy = Policy.load(folder)
    past = world.week(cell["log"], PAST, "production").dataset
    temperature = production.temperature(_logs(policy, past), world.variant.exploration, LEARNABLE)

    def decide(requests: Requests) -> Doubles:
        return production.propensities(_logs(policy, requests.dataset), temperature, world.variant.exploration)

    requests = world.week(cell["log"], NOW, "log")
    log = world.log(requests, decide(requests))
    train, valid = split(log.dataset, requests.conversation)
    tests = {"test": world.week(cell["test"], NOW, "test"), "shift": world.shifted(cell["test"], NEXT, "test")}
    traffic = {name: _traffic(world, asked, decide(asked)) for name, asked in tests.items()}
    return Stage(world, policy, temperature, train.judged(), valid.judged(), traffic)


def split(dataset: Dataset, conversation: NDArray[np.integer[Any]]) -> tuple[Dataset, Dataset]:
    """Whole conversations [N] to train on and to choose by."""
    names, place = np.unique(conversation, return_inverse=True)
    chosen = (np.random.default_rng(len(names)).random(len(names)) < _VALID)[place]
    return dataset.take(~chosen), dataset.take(chosen)


def _traffic(world: World, requests: Requests, propensities: Doubles) -> Traffic:
    log = world.log(requests, propensities, seed=1)  # other draws than those of the log to learn from
    careless = requests.careless[:, None]
    expected = np.where(careless, world.channel.expected(requests.truth, True), world.channel.expected(requests.truth))
    seen = np.where(log.weights > 0, 1.0 / np.maximum(log.weights, 1.0), 1.0)
    return Traffic(log.dataset, requests.truth, np.where(log.dataset.mask, expected, 0.0), seen)


def _logs(policy: Policy, dataset: Dataset) -> Doubles:
    """Log propensities [N, K], -inf on padding."""
    found = policy.propensities_of(dataset)
    return np.where(dataset.mask, np.log(np.maximum(found, 1e-12)), -np.inf)


def _produce(world: World, cell: Mapping[str, Any]) -> Policy:
    """The network that the production policy is a softened version of."""
    settings = settings_of(cell, select="last", evaluations=1)
    requests = world.week(cell["log"], PAST, "production")
    log = world.log(requests, world.base_propensities(requests))
    train, valid = (Batches(part.judged()) for part in split(log.dataset, requests.conversation))
    network = Scorer(train.dataset.tables, settings.width, settings.encoder, seed=cell["seed"])
    more = replace(settings, steps=max(settings.members, round(_IPS * settings.steps)), rate=_IPS_RATE)
    stages: tuple[tuple[Method, Settings], ...] = (("replicate", settings), ("plain", more))
    for method, part in stages:
        learner = PolicyLearner(network, train, valid, method, Objective(), Bounds(), part, cell["seed"])
        fit(learner, part.steps, part.evaluations)
    layer = export.layer("network", [network], train.dataset.tables.skills)
    return Policy(LoggedBase(), (layer,), {"method": "replicate, then ips"})

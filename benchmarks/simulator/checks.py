"""What the simulator claims of itself, measured: estimators on its logs, its channel, repetition, basic figures."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.common import Row, row
from benchmarks.simulator.requests import COLUMNS, Log, Requests
from benchmarks.simulator.world import LEARNABLE, SHARP, World
from policies.dataset import ARRAYS
from policies.ring import ring

Doubles = NDArray[np.float64]
#: Greatest movements of probability per request for which the gain of the in-ball oracle is reported, with the pilot's.
BALLS = {0.005: 0.0038, 0.01: 0.0076, 0.02: 0.0147, 0.05: 0.0251, 0.10: 0.0390}
_WIDE = 3.29  # standard errors of a 99.9 % interval: importance weights are skewed
_PILOT = "pilot"


def on_policy(log: Log) -> list[Row]:
    """On the log of pi0: DR of pi0 against its logged mean and the truth, IPS of another policy against its truth.

    Rewards are true satisfaction; distances in standard errors. The other policy is half pi0 and half uniform.
    """
    reward = log.outcome.satisfied.astype(np.float64)
    logged, action = log.dataset.logged, log.dataset.action
    rows = np.arange(len(action))
    mask = log.dataset.mask
    q = crossfitted(log, reward)
    robust = (logged * q).sum(axis=1) + reward - q[rows, action]
    other = 0.5 * logged + 0.5 * mask / mask.sum(axis=1, keepdims=True)
    weighted = reward * other[rows, action] / logged[rows, action]
    truth, flatter = log.requests.values(logged), log.requests.values(other)
    return [
        row("DR of pi0 from its logged mean, s.e.", abs(float((robust - reward).mean())) / error(reward), bar=1.0),
        row("logged mean from the true value of pi0, s.e.", _apart(reward, truth), bar=_WIDE),
        row("DR of pi0 from its true value, s.e.", _apart(robust, truth), bar=_WIDE),
        row("IPS of a flatter policy from its true value, s.e.", _apart(weighted, flatter), bar=_WIDE),
    ]


def crossfitted(log: Log, reward: Doubles) -> Doubles:
    """q [N, K]: mean reward of a skill as first, second, ... interpretation, from the half a turn is not in."""
    rank = np.rint(log.dataset.numeric[:, :, 2] * 10).astype(np.int64)
    cell = np.where(log.dataset.mask, log.dataset.skill * 10 + rank, 0)
    chosen = cell[np.arange(len(reward)), log.dataset.action]
    half = np.arange(len(reward)) % 2 == 0
    q = np.empty(log.dataset.logged.shape)
    for part in (half, ~half):
        sums, counts = (np.bincount(chosen[part], values, int(cell.max()) + 1) for values in (reward[part], None))
        table = (sums + reward[part].mean()) / (counts + 1.0)
        q[~part] = table[cell[~part]]
    return q


def channel(world: World, log: Log) -> list[Row]:
    """The measured confusion of the estimator on careful users' turns and the shares lost, less their settings."""
    settings = world.variant.channel
    careful = ~log.requests.careless
    defect, flagged = ~log.outcome.satisfied, ~log.outcome.good
    hit = (defect & flagged & careful).sum()
    precision, recall = float(hit / (flagged & careful).sum()), float(hit / (defect & careful).sum())
    return [
        row("precision on defects less its setting", abs(precision - settings.precision), bar=0.01),
        row("recall on defects less its setting", abs(recall - settings.recall), bar=0.01),
        *_losses(settings.lost, log),
    ]


def repeats(world: World, again: World, n: int = 5_000) -> list[Row]:
    """Share of identical digests of the weeks and logs of two worlds that were made alike."""
    pairs = [[digest(one.week(n, week)) for one in (world, again)] for week in (0, 5)]
    logs = []
    for one in (world, again):
        requests = one.week(n, 1)
        logs.append(digest_log(one.log(requests, one.base_propensities(requests), 3)))
    same = [pair[0] == pair[1] for pair in [*pairs, logs]]
    return [row("digests of weeks and logs that repeat, share", float(np.mean(same)), bar=1.0, better="higher")]


def figures(world: World, requests: Requests) -> list[Row]:
    """Understanding, values of pi0 and of oracles, beside the pilot's where there are any (clean text only)."""
    corpus, served = world.corpus, requests.intent >= 0
    free = np.flatnonzero(~world.readings.trained & (corpus.intent >= 0)).astype(np.int32)
    clean = served & (requests.errors == 0)
    spoken = requests.dataset.context[:, 3] > 0
    heard = requests.errors[spoken].sum() / corpus.words[requests.utterance[spoken]].sum()
    said = world.readings.accuracy(corpus, free)
    noisy = world.readings.accuracy(corpus, requests.dataset.text[served])
    pi0 = world.base_propensities(requests)
    sharp = world.base_propensities(requests, SHARP)
    rows = [
        row("understanding, top-1 as said", said[0], **_pilot(0.875)),
        row("understanding, top-4 as said", said[1], **_pilot(0.980)),
        row("understanding, top-1 as heard in traffic", noisy[0]),
        row("understanding, top-4 as heard in traffic", noisy[1]),
        row("word error rate of what is spoken", float(heard)),
        row("domains", len(world.skills.domains)),
        row("greatest share of a domain", float(world.shares.max()), **_pilot(0.257)),
        row("least share of a domain", float(world.shares.min()), **_pilot(0.0095)),
        row("skills in the week", int(world.skills.present(requests.week).sum())),
        row("candidates a request", float(requests.dataset.mask.sum(axis=1).mean())),
        row(f"mean top propensity, pi0 of {LEARNABLE}", float(pi0.max(axis=1).mean())),
        row(f"mean top propensity, pi0 of {SHARP}", float(sharp.max(axis=1).mean())),
        row("V(pi0)", requests.value(pi0)),
        row("V(pi0) on clean, serviceable requests", requests.take(clean).value(pi0[clean]), **_pilot(0.6261)),
        row(f"V(pi0 of {SHARP})", requests.value(sharp)),
        row("V of the best candidate", float(requests.truth.max(axis=1).mean())),
        row("V of the best candidate, clean", float(requests.truth[clean].max(axis=1).mean()), **_pilot(0.82)),
    ]
    for size, pilot in BALLS.items():
        rows.append(row(f"gain of the in-ball oracle, {size} moved", ball_gain(requests, pi0, size), **_pilot(pilot)))
    return rows


def rewards(log: Log) -> list[Row]:
    """Mean reward by column: what loss does to it, and what weights undo."""
    seen = log.outcome.seen
    corrected = (log.weights[seen] * log.outcome.reward[seen]).sum() / log.weights.sum()
    return [
        row("mean reward: naive (what came in time)", float(log.naive().reward.mean())),
        row("mean reward: weighted by inverse probability of censoring", float(corrected)),
        row("mean reward: all, however late", float(log.outcome.reward.mean())),
        row("mean reward: oracle (true satisfaction)", float(log.outcome.satisfied.mean())),
    ]


def ball_gain(requests: Requests, old: Doubles, size: float) -> float:
    """What the best policy that knows the truth gains by moving at most `size` of the probability of each request."""
    dataset, n = requests.dataset, len(requests)
    new = ring(requests.truth, old, dataset.open, dataset.mask, np.zeros(n), np.full(n, size))
    return requests.value(new) - requests.value(old)


def digest(requests: Requests) -> str:
    """A hash of every array of some requests."""
    arrays = [getattr(requests.dataset, name) for name in ARRAYS] + [getattr(requests, name) for name in COLUMNS]
    return _digest(arrays)


def digest_log(log: Log) -> str:
    """A hash of what was drawn for a log."""
    drawn: list[NDArray[Any]] = [getattr(log.dataset, name) for name in ("logged", "action", "reward")]
    return _digest([*drawn, log.weights, log.outcome.satisfied, log.outcome.delay])


def error(values: Doubles) -> float:
    """Standard error of a mean."""
    return float(values.std(ddof=1) / np.sqrt(len(values)))


def checks(world: World, again: Callable[[], World], n: int) -> list[Row]:
    """All rows, from one log of `n` turns of week 0; figures are of week 1."""
    requests = world.week(n, 0, "check")
    log = world.log(requests, world.base_propensities(requests))
    proofs = [*on_policy(log), *channel(world, log), *repeats(world, again())]
    return [*proofs, *figures(world, world.week(n, 1)), *rewards(log)]


def _apart(estimates: Doubles, truth: Doubles) -> float:
    return float(abs((estimates - truth).mean())) / error(estimates - truth)


def _losses(lost: tuple[float, float], log: Log) -> list[Row]:
    rows = []
    for name, share, part in zip(("good", "bad"), lost, (log.outcome.satisfied, ~log.outcome.satisfied), strict=True):
        found = float((~log.outcome.seen[part]).mean())
        rows.append(row(f"share of {name} outcomes lost less its setting", abs(found - share), bar=0.01))
    return rows


def _pilot(value: float) -> dict[str, Any]:
    return {"baseline": value, "baseline_name": _PILOT}


def _digest(arrays: Iterable[NDArray[Any]]) -> str:
    total = hashlib.sha256()
    for array in arrays:
        total.update(f"{array.dtype} {array.shape}".encode())
        total.update(np.ascontiguousarray(array).tobytes())
    return total.hexdigest()

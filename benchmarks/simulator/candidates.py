"""The candidates of every text in a week: the best few of the understanding's intents x their skills."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.simulator.corpus import Floats, Ints
from benchmarks.simulator.readings import Readings
from benchmarks.simulator.skills import Skills
from policies.request import FEATURES

#: Candidates a request has at most.
WIDTH = 6
_LEAST = 1e-4  # as in policies.request


@dataclass(frozen=True)
class Candidates:
    """skill [T, WIDTH] (best score first, -1: none) and numeric [T, WIDTH, F] without the recogniser's confidence.

    domain [T]: that of the most probable candidate, whose bounds hold. The score is probability x prior.
    """

    skill: Ints
    numeric: Floats
    domain: Ints


def candidates_of(readings: Readings, skills: Skills, week: int) -> Candidates:
    """The candidates of all texts [T] with the skills that are present in a week."""
    table = skills.by_intent(week)
    offered = table[readings.intents]  # [T, TOP, most]
    count, top, most = offered.shape
    probability = np.broadcast_to(readings.probabilities[:, :, None], offered.shape)
    rank = np.broadcast_to(np.arange(top, dtype=np.float32)[None, :, None], offered.shape)
    score = np.where(offered >= 0, probability * skills.prior[offered], -1.0).reshape(count, top * most)
    best = np.argsort(-score, axis=1, kind="stable")[:, :WIDTH]
    skill = np.take_along_axis(offered.reshape(count, -1), best, 1)
    mask = skill >= 0
    columns: dict[str, NDArray[np.float32]] = {
        "probability": np.take_along_axis(probability.reshape(count, -1), best, 1),
        "rank": np.take_along_axis(rank.reshape(count, -1), best, 1) / 10.0,
        "margin": np.broadcast_to((readings.probabilities[:, 0] - readings.probabilities[:, 1])[:, None], skill.shape),
        "prior": skills.prior[skill],
    }
    floor = np.maximum(columns["probability"], _LEAST)
    columns["log_probability"] = (np.log(floor) / -math.log(_LEAST) + 1.0).astype(np.float32)
    numeric = np.zeros((*skill.shape, len(FEATURES)), np.float32)
    for name, values in columns.items():
        numeric[:, :, FEATURES.index(name)] = np.where(mask, values, 0.0)
    probable = np.argmax(numeric[:, :, FEATURES.index("probability")], axis=1)
    first = skill[np.arange(count), probable]
    return Candidates(skill.astype(np.int32), numeric, skills.domain[skills.intent[first]])

"""A turn's candidates as policies see them: what the router decides on, and what is learned from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from dialog.plugin import SentenceEncoder
from dialog.types import Candidate, RoutingContext
from policies.request import Option, Request

_TEXTS = 24  # of one skill that are encoded


def request_of(candidates: Sequence[Candidate], context: RoutingContext) -> Request:
    """The request of a turn: one option for each candidate, in their order, with its effects.

    The conversation's id and the text are left behind: a policy decides on what is in the log's arrays, nothing else.
    """
    return Request(
        tuple(Option(one.skill, one.intent, one.domain, one.features, one.effects) for one in candidates),
        context.vector, context.last_skill, context.form, context.channel, context.time,
    )  # fmt: skip


def skill_vectors(texts: Mapping[str, Sequence[str]], encode: SentenceEncoder) -> dict[str, NDArray[np.float32]]:
    """The text vector of each skill (L2 norm 1): the mean over its first 24 texts, evenly picked where it has more.

    texts: of each skill, as from `Host.skill_texts`; one without any gets no vector. Runs in a thread beside the loop.
    """
    picked = {name: _picked(own) for name, own in texts.items() if own}
    if not picked:
        return {}
    vectors = iter(encode([text for own in picked.values() for text in own]))
    found: dict[str, NDArray[np.float32]] = {}
    for name, own in picked.items():
        mean = np.mean([next(vectors) for _ in own], axis=0, dtype=np.float64)
        found[name] = np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-12), np.float32)
    return found


def _picked(texts: Sequence[str]) -> list[str]:
    distinct = list(dict.fromkeys(texts))
    step = max(1.0, len(distinct) / _TEXTS)
    return [distinct[int(index * step)] for index in range(min(len(distinct), _TEXTS))]

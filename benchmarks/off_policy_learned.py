"""What scores are worth as policies within bounds: alone, let through a gate, mixed per request, and on the ring."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.simulator import Log, Requests
from policies.bounds import Bounds
from policies.estimators import estimate
from policies.gate import Gate
from policies.replication import replication, summary
from policies.ring import ring

Doubles = NDArray[np.float64]
#: Mass that may move in each request.
WIDTHS = (0.01, 0.10)


def compared(test: Requests, judged: Log, scores: Mapping[str, Doubles]) -> dict[str, Any]:
    """Exact value and violations on `test` of the policies made of `scores` {name: higher is better [N, K]}.

    judged: a log of the same requests. greedy: the best candidate. gate: a share of it for each domain, so that mean
    replication in the domain meets the bound exactly on these very requests, which favours the gate. mixed: a share of
    it for each request, so that every request meets it. ring: `policies.ring` on the scores.
    """
    dataset, old, domain = test.dataset, judged.dataset.logged, test.dataset.domain
    names, mask, none = dataset.tables.domains, dataset.mask, np.zeros(len(test))
    before = test.value(old)
    lines, weighed = [], {}
    for name, score in scores.items():
        best = np.where(mask, score, -np.inf).argmax(axis=1)
        greedy = np.zeros(old.shape)
        greedy[np.arange(len(greedy)), best] = 1.0
        far = 1.0 - replication(greedy, old)
        truth, found = test.value(greedy), estimate("ips", judged.oracle(), greedy)
        weighed[name] = {"truth": truth, "ips": found.value, "low": found.low, "high": found.high}
        for width in WIDTHS:
            bounds = Bounds((1.0 - width, 1.0))
            gate = Gate.fit(greedy, old, domain, names, np.full(len(names), 1.0 - width))
            share = np.minimum(1.0, width / np.maximum(far, 1e-12))[:, None]
            made = {
                "greedy": greedy,
                "gate": gate.propensities(greedy, old, domain),
                "mixed": (1.0 - share) * old + share * greedy,
                "ring": ring(score, old, dataset.open, mask, none, none + width),
            }
            for how, policy in made.items():
                kept = summary(replication(policy, old), domain, names, bounds)
                line = {"scores": name, "policy": how, "width": width, "gain": test.value(policy) - before}
                outside = {"outside": kept.micro.frequency, "replication": kept.micro.replication}
                lines.append(line | outside)
    best = ring(test.truth, old, dataset.open, mask, none, none + WIDTHS[0])
    return {"before": before, "lines": lines, "weighed": weighed, "oracle_gain": test.value(best) - before}

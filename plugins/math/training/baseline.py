"""The baselines of the embedded solver: `python -m plugins.math.training.baseline KIND --data DIR --out DIR --seed N`.

`plain`: a sequence-to-sequence network from scratch (two-way GRU over the masked tokens, GRU decoder with attention and
pointer), without pretrained states and without features of the numbers. `encoder`: the solver's own pretrained encoder
with the sequence decoder alone. Both are decoded greedily and see the same problems as the solver.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace

from plugins.math.training.settings import Settings
from plugins.math.training.train import parser, run


def baseline_settings(kind: str, settings: Settings) -> Settings:
    """The settings of a baseline over those of the solver: same mix, epochs and batch."""
    alone = replace(settings, relation=False, sequence=True, beam=1)
    if kind == "encoder":
        return alone
    return replace(
        alone, encoder="gru", number_features=False, pretrained=False, rate_heads=1e-3, dropout=0.2, head_dropout=0.2
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; the result is the exit code."""
    out = parser(__doc__)
    out.add_argument("kind", choices=("plain", "encoder"))
    options = out.parse_args(argv)
    return run(options, baseline_settings(options.kind, Settings()))


if __name__ == "__main__":
    sys.exit(main())

"""Cells of the ranking benchmark: one training step with a seed. What it trains is kept and can be gone on with."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

#: Environment variable with the folder of the runs: where it is does not change a result.
RUNS = "PRODUCT_RANK_RUNS"


def measure(cell: dict[str, Any], data: Path) -> dict[str, Any]:
    """{"step", "seed", "frozen"} -> the CPU seconds that this process took for it."""
    import torch

    from plugins.product_qa.training.folds import step

    torch.set_num_threads(1)
    began = time.process_time()
    step(data, Path(os.environ[RUNS]), cell["seed"], cell["step"], frozen=cell["frozen"])
    return {"cpu_seconds": round(time.process_time() - began, 1)}

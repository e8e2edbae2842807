"""Cases made up for tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from policies.cases import Case, Kind
from policies.request import Option, Request


def vector(*values: float) -> Any:
    found = np.array(values, np.float32)
    return found / np.linalg.norm(found)


def request(
    skills: Sequence[str] = ("radio", "music", "shop"), at: Any = None, costly: Sequence[str] = ("shop",), **more: Any
) -> Request:
    """Candidates of those skills, the first one the most probable."""
    options = tuple(
        Option(
            name,
            f"{name}_intent",
            "media",
            {"probability": round(0.6 / (rank + 1), 4), "rank": float(rank), "prior": 1.0},
            "costly" if name in costly else "none",
        )
        for rank, name in enumerate(skills)
    )
    return Request(options, at, **more)


def case(name: str, kind: Kind = "regression", action: int = 0, desired: int | None = None, **more: Any) -> Case:
    """A case over `request()`; a progression case wants its action unless it says otherwise."""
    if kind == "progression" and desired is None:
        desired = action
    asked = more.pop("request", None) or request()
    return Case(name, kind, asked, action, desired, **more)

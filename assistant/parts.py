"""Which parts can be trained and evaluated, and where their programs are."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dialog.errors import AssistantError

_OURS = {"assistant", "plugins", "policies", "nlu", "dialog"}


@dataclass(frozen=True, slots=True)
class Trained:
    """A part with trained weights: modules with `main(argv)` that train and evaluate it."""

    train: str
    evaluate: str


TRAINED: Mapping[str, Trained] = {
    "nlu": Trained("nlu.training.cli", "nlu.training.evaluate"),
    "math": Trained("plugins.math.training.train", "plugins.math.evaluate"),
    "math-vote": Trained("plugins.math.training.votes", "plugins.math.evaluate"),
}


def run_part(module: str, arguments: Sequence[str]) -> int:
    """Run `main(arguments)` of a module; the result is the exit code.

    Raises `AssistantError` when a library is missing that only training needs.
    """
    try:
        # A part may import what only some of its uses need while it runs.
        return int(importlib.import_module(module).main(list(arguments)) or 0)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] in _OURS:
            raise
        hint = "install the training extra: pip install 'learning-assistant[train]'"
        raise AssistantError(f"{module} needs {error.name}, which is not installed; {hint}") from None

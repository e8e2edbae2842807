"""What is asked of a training: method, seeds, how large, and what must be proven before a version is kept."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from assistant.learning.errors import LearningError

if TYPE_CHECKING:
    from policies.settings import Settings

_PASSES, _LEAST_STEPS = 60, 300  # through the log


@dataclass(frozen=True)
class Wishes:
    """method: as in `policies.train`. least_rewards: fewer known rewards are refused. settings: of the training.

    delta, tolerated, epsilon, least_effective: of the certificate, see `policies.certify`. cases: the candidate takes
    the cases in; without that it is only examined on them.
    """

    method: str = "ring"
    seed: int = 0
    least_rewards: int = 200
    delta: float = 0.05
    tolerated: float = 0.01
    epsilon: float = 0.0
    least_effective: float = 500.0
    settings: Sequence[str] = field(default_factory=tuple)
    cases: bool = True

    def training(self, rewards: int) -> Settings:
        """The settings of the training, from `name=value` texts. Raises `LearningError`, `PolicyError`.

        rewards: known ones to train on. A small log takes fewer steps than the default: it would be learned by heart.
        """
        from policies.settings import Settings

        kinds = {one.name: type(getattr(Settings(), one.name)) for one in fields(Settings)}
        values: dict[str, Any] = {}
        for text in self.settings:
            name, sign, value = text.partition("=")
            if not sign or name not in kinds:
                near = difflib.get_close_matches(name, kinds, n=1)
                hint = f"; did you mean {near[0]!r}?" if near else f" (there are: {', '.join(kinds)})"
                raise LearningError(f"--set {text}: NAME=VALUE with a setting of the training is needed{hint}")
            values[name] = _value(text, kinds[name], value)
        usual = Settings()
        steps = min(usual.steps, max(_LEAST_STEPS, _PASSES * rewards // values.get("batch", usual.batch)))
        return Settings(**{"steps": steps, **values})


def _value(text: str, kind: type, value: str) -> Any:
    try:
        if kind is bool:
            return {"true": True, "false": False}[value]
        return kind(value) if kind in (int, float) else value
    except (ValueError, KeyError):
        raise LearningError(f"--set {text}: {value!r} is not a {kind.__name__}") from None

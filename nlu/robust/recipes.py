"""The methods that are compared: what each trains on and with which losses, by name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from nlu.robust.classifier import Pooling
from nlu.robust.finetune import Reads, Recipe, View
from nlu.robust.pretrain import VARIANTS, Budget

Losses = Literal["ce", "tuned", "printed"]
_PRINTED = {"contrast": 0.1, "soft": 10.0, "distil": 10.0, "normalised": False}
#: Weights of stage 2. `tuned`, from six settings on TREC50's dev part: L_hard and L_soft divided by the number of
#: positives, and no distillation in the first epoch, whose targets are one-hot. `printed` has the papers' weights,
#: L_hard and L_soft at a tenth of them (as SpokenCSE's code does): undivided, they drown cross-entropy where there are
#: few classes.
STAGE2: dict[Losses, dict[str, Any]] = {
    "ce": {},
    "tuned": {"contrast": 0.1, "soft": 1.0, "distil": 0.1, "distil_from": 2},
    "printed": _PRINTED,
}


@dataclass(frozen=True)
class Plan:
    """A method: stage 1 (a name of VARIANTS, "" for none), views and losses of stage 2, and what reads beside it.

    longer: as many steps more in stage 2 as stage 1 would take, where there is no stage 1. teacher: weight of the model
    trained on clean text. phones: the phone stream's linear model is added. test: the view (or views) that is measured.
    """

    stage1: str = ""
    views: tuple[View, ...] = ("heard",)
    losses: Losses = "ce"
    longer: bool = False
    teacher: float = 0.0
    phones: bool = False
    test: Reads = "heard"

    def __post_init__(self) -> None:
        if self.stage1 and self.stage1 not in VARIANTS:
            raise ValueError(f"unknown stage 1 {self.stage1!r}: there are {', '.join(VARIANTS)}")
        if self.losses not in STAGE2:
            raise ValueError(f"unknown losses {self.losses!r}: there are {', '.join(STAGE2)}")

    @property
    def needs_decoded(self) -> bool:
        """Whether the transcripts must be decoded again."""
        return "decoded" in self.views or "decoded" in self.test


@dataclass(frozen=True)
class Settings:
    """What all methods of a comparison share. rate, rate1: learning rates of the layers in stages 2 and 1.

    rate and epochs were chosen for plain cross-entropy on dev, from 5e-5, 1e-4, 2e-4 and 4, 6.
    """

    steps: int = 200
    batch1: int = 32
    rate1: float = 1e-4
    epochs: int = 4
    batch: int = 32
    rate: float = 2e-4
    frozen: int = 3
    pooling: Pooling = "mean_max"

    def budget(self) -> Budget:
        """Stage 1's share."""
        return Budget(self.steps, self.batch1, self.rate1)

    def recipe(self, plan: Plan) -> Recipe:
        """Stage 2 of a method."""
        recipe = Recipe(
            self.epochs, self.batch, self.rate, plan.views, teacher=plan.teacher,
            extra_steps=self.steps if plan.longer and not plan.stage1 else 0, dev_view=plan.test,
        )  # fmt: skip
        return replace(recipe, **STAGE2[plan.losses])


BOTH: tuple[View, ...] = ("heard", "clean")
#: All three views train; the transcript and its second decoding are read together, and the phone stream beside them.
THREE: tuple[View, ...] = ("heard", "clean", "decoded")
OURS = Plan(views=THREE, longer=True, phones=True, test=("heard", "decoded"))
ROWS: dict[str, Plan] = {
    "ce": Plan(),
    "ce+steps": Plan(longer=True),
    "mlm": Plan("mlm"),
    "mix": Plan(views=BOTH, longer=True),
    "simcse": Plan("simcse"),
    "spokencse_paper": Plan("global", losses="tuned"),
    "spokencse_released": Plan("spokencse_released", losses="tuned"),
    "global": Plan("global"),
    "fine": Plan("fine"),
    "both": Plan("both"),
    "both+da": Plan("both+da"),
    "mclf": Plan("both+da", losses="tuned"),
    "ours": OURS,
    "oracle": Plan(views=("clean",), test="clean"),
}
#: Further rows of `--ablations`: single edits, the listing's loss, stage 2 alone and as printed, and ours in parts.
ABLATIONS: dict[str, Plan] = {
    "global+da": Plan("global+da"),
    "fine+da": Plan("fine+da"),
    "both+insertion": Plan("both+insertion"),
    "both+deletion": Plan("both+deletion"),
    "both+substitution": Plan("both+substitution"),
    "both+da+phonetic": Plan("both+da+phonetic"),
    "both+listing": Plan("both+listing"),
    "stage2": Plan(losses="tuned"),
    "spokencse_printed": Plan("global", losses="printed"),
    "mclf_printed": Plan("both+da", losses="printed"),
    "mix+stage1": Plan("both+da", views=BOTH),
    "mix+teacher": Plan(views=BOTH, longer=True, teacher=1.0),
    "mix+phones": Plan(views=BOTH, longer=True, phones=True),
    "ce+phones": Plan(phones=True),
    "mix+decoded": Plan(views=THREE, longer=True, test=("heard", "decoded")),
    "decoded": Plan(views=("decoded",), longer=True, test="decoded"),
}


def plan_of(row: str, overrides: str = "") -> Plan:
    """The plan of a row; `overrides` such as "stage1=both+da,teacher=0.5,phones=0" change it.

    Raises ValueError for an unknown row, an unknown key or a value that does not fit.
    """
    known = ROWS | ABLATIONS
    if row not in known:
        raise ValueError(f"unknown row {row!r}: there are {', '.join(known)}")
    changes: dict[str, Any] = {}
    for part in filter(None, overrides.split(",")):
        key, _, value = part.partition("=")
        if key in ("stage1", "losses"):
            changes[key] = value
        elif key == "teacher":
            changes[key] = float(value)
        elif key in ("phones", "longer"):
            if value not in ("0", "1"):
                raise ValueError(f"{key} must be 0 or 1, not {value!r}")
            changes[key] = value == "1"
        elif key == "views":
            chosen = tuple(value.split("+"))
            if not chosen or any(view not in THREE for view in chosen):
                raise ValueError(f"views must be heard, clean or decoded, joined by +, not {value!r}")
            changes[key] = chosen
        else:
            raise ValueError(f"unknown setting {key!r}: there are stage1, losses, teacher, phones, longer, views")
    return replace(known[row], **changes)

"""Stage 1: fits the trainable layers to parallel clean and recognised text, without labels.

One loop for all variants, so that they differ in nothing but their losses (MCLF equation 5:
L = L_global + 0.1 L_fine + 1.0 L_mlm).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from nlu.backbone import Backbone, autocast, inner, length_batches, pad
from nlu.robust import losses
from nlu.robust.augment import KINDS, Confusions, Source
from nlu.robust.optimise import optimiser
from nlu.robust.parallel import Pairs
from nlu.robust.states import Masked, States, Variants, pad_labels

Side = Literal["clean", "heard"]
#: Chance that the recognised side of a pair gives way to an edited clean text, where a variant augments.
SHARE = 0.5


@dataclass(frozen=True)
class Variant:
    """What stage 1 optimises.

    mlm: sides that are masked, averaged over both. contrast: the two views, "pair" (clean and recognised) or "dropout"
    (the recognised text twice). listing: the form of the paper's code listing instead of its equations.
    edits: kinds of augmentation, none when empty. phonetic: substitutes also by sound, for words never seen misheard.
    """

    mlm: tuple[Side, ...] = ("clean", "heard")
    is_global: bool = False
    is_fine: bool = False
    contrast: Literal["pair", "dropout"] = "pair"
    listing: bool = False
    edits: tuple[str, ...] = ()
    fine_weight: float = 0.1
    mlm_weight: float = 1.0
    phonetic: bool = False


#: By name. `spokencse_released` is what the released code of SpokenCSE optimises: it contrasts the *embedding* of
#: [CLS], the same vector for every text, so that no gradient of it reaches a layer, and masks the clean side (its
#: collator swaps the sides and masks in place).
VARIANTS: dict[str, Variant] = {
    "mlm": Variant(),
    "simcse": Variant(mlm=(), is_global=True, contrast="dropout"),
    "spokencse_released": Variant(mlm=("clean",)),
    "global": Variant(is_global=True),
    "fine": Variant(is_fine=True),
    "both": Variant(is_global=True, is_fine=True),
    "global+da": Variant(is_global=True, edits=KINDS),
    "fine+da": Variant(is_fine=True, edits=KINDS),
    "both+da": Variant(is_global=True, is_fine=True, edits=KINDS),
    **{f"both+{kind}": Variant(is_global=True, is_fine=True, edits=(kind,)) for kind in KINDS},
    "both+da+phonetic": Variant(is_global=True, is_fine=True, edits=KINDS, phonetic=True),
    "both+listing": Variant(is_global=True, is_fine=True, listing=True),
}


@dataclass(frozen=True)
class Budget:
    """How long and how fast: gradient steps, pairs a step, learning rate of the layers (the MLM head takes ten)."""

    steps: int = 300
    batch: int = 32
    rate: float = 1e-4


class MaskedHead(nn.Module):
    """Guesses masked pieces: a transform, then the word embeddings, tied and fixed, with a bias."""

    def __init__(self, vocabulary: Tensor) -> None:
        super().__init__()
        width = vocabulary.shape[1]
        self._transform, self._norm = nn.Linear(width, width), nn.LayerNorm(width, eps=1e-12)
        self._bias = nn.Parameter(torch.zeros(len(vocabulary)))
        self._vocabulary = vocabulary

    def forward(self, states: Tensor, labels: Tensor) -> Tensor:
        """Cross-entropy of states [B, T, D] against labels [B, T]; 0 where nothing is masked."""
        chosen = labels >= 0
        if not chosen.any():
            return states.sum() * 0
        guessed = self._norm(functional.gelu(self._transform(states[chosen])))
        logits = functional.linear(guessed, self._vocabulary, self._bias)
        return functional.cross_entropy(logits.float(), labels[chosen])


def pretrain(
    backbone: Backbone,
    pairs: Pairs,
    variant: Variant,
    budget: Budget,
    seed: int,
    *,
    states: States | None = None,
    extra: Source | None = None,
    progress: Callable[[int, int, float], None] | None = None,
) -> list[float]:
    """Trains `backbone` in place on the pairs of a training part; returns the loss of every step.

    extra: more substitutes for the augmentation (sound-alikes). progress(step, steps, loss) is called after each.
    Raises ValueError where there is no pair to train on.
    """
    if not len(pairs):
        raise ValueError("stage 1 has no pairs to train on")
    torch.manual_seed(seed)
    rng = np.random.default_rng([seed, 1])
    views = _Views(backbone, pairs, variant, states or States(backbone), seed, extra)
    head = MaskedHead(backbone.vocabulary)
    step_all, parameters = optimiser([backbone.layers], [head], budget.rate, budget.steps)
    history = []
    backbone.train()
    for step, (batch, visit) in enumerate(_batches(pairs, budget, rng), 1):
        loss = views.loss(batch, visit, head, rng)
        loss.backward()  # type: ignore[no-untyped-call, unused-ignore]
        nn.utils.clip_grad_norm_(parameters, 1.0)
        step_all()
        history.append(float(loss.detach()))
        if progress is not None:
            progress(step, budget.steps, history[-1])
    backbone.eval()
    return history


def _batches(pairs: Pairs, budget: Budget, rng: np.random.Generator) -> Iterator[tuple[NDArray[np.int64], int]]:
    """(indices, number of the pass over the data) for exactly `budget.steps` steps."""
    lengths = [len(text) for text in pairs.clean]
    step, visit = 0, 0
    while step < budget.steps:
        for batch in length_batches(lengths, budget.batch, rng):
            yield batch, visit
            step += 1
            if step == budget.steps:
                return
        visit += 1


class _Views:
    """The texts of a batch as the variant wants to see them, and its loss."""

    def __init__(
        self, backbone: Backbone, pairs: Pairs, variant: Variant, states: States, seed: int, extra: Source | None
    ) -> None:
        self._backbone, self._pairs, self._variant, self._states = backbone, pairs, variant, states
        texts = {"clean": pairs.clean, "heard": pairs.heard}
        self._masked = [Masked(backbone, texts[side], seed * 2 + (side == "clean")) for side in variant.mlm]
        self._edited: Variants | None = None
        if variant.edits:
            confusions = Confusions.learn(pairs.clean, pairs.heard, extra)

            def edit(index: int, number: int) -> str:
                return confusions.apply(
                    pairs.clean[index], np.random.default_rng([seed, 2, index, number]), variant.edits
                )

            self._edited = Variants(States(backbone), edit)

    def loss(self, batch: NDArray[np.int64], visit: int, head: MaskedHead, rng: np.random.Generator) -> Tensor:
        """The loss of the pairs at `batch`: all views go through the layers together."""
        variant, size = self._variant, len(batch)
        rows: list[Tensor] = []
        if variant.is_global or variant.is_fine:
            heard = self._heard(batch, rng)
            clean = self._states.of([self._pairs.clean[i] for i in batch]) if variant.contrast == "pair" else heard
            rows = heard + clean
        labels: list[NDArray[np.int64]] = []
        for masked in self._masked:
            found, wanted = masked.of(batch.tolist(), [visit] * size)
            rows = rows + found
            labels += wanted
        x, real = pad(rows)
        with autocast():
            out = self._backbone(x, real)
        first = len(rows) - len(labels)
        total = torch.zeros(())
        if first:
            exact = out[:first].float()
            total = total + self._contrast(exact[:size], real[:size], exact[size:], real[size:first])
        if labels:
            with autocast():
                guessed: Tensor = head(out[first:], pad_labels(labels, x.shape[1]))
            total = total + variant.mlm_weight * guessed.float()
        return total

    def _contrast(self, heard: Tensor, heard_mask: Tensor, clean: Tensor, clean_mask: Tensor) -> Tensor:
        variant = self._variant
        total = heard.new_zeros(())
        if variant.is_global:
            contrast = losses.nt_xent_global if variant.listing else losses.info_nce
            total = total + contrast(heard[:, 0], clean[:, 0])
        if variant.is_fine:
            fine = losses.nt_xent_fine if variant.listing else losses.late_interaction
            total = total + variant.fine_weight * fine(heard, inner(heard_mask), clean, inner(clean_mask))
        return total

    def _heard(self, batch: NDArray[np.int64], rng: np.random.Generator) -> list[Tensor]:
        found = self._states.of([self._pairs.heard[i] for i in batch])
        if self._edited is None:
            return found
        chosen = np.flatnonzero(rng.random(len(batch)) < SHARE)
        edited = self._edited.of(batch[chosen].tolist(), rng.integers(0, 1 << 16, len(chosen)).tolist())
        for place, state in zip(chosen, edited, strict=True):
            found[place] = state
        return found

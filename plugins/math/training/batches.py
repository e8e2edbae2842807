"""Items as padded tensors, and the order in which an epoch passes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from nlu.backbone import length_batches
from nlu.train_layers import WIDTH
from plugins.math.solver.inputs import NUMBER_FEATURES
from plugins.math.training.items import Item
from plugins.math.training.pairwise import CONSTANT_VALUES, features, pair_list, result_features, results
from plugins.math.training.settings import Settings
from plugins.math.training.trunks import Halves


@dataclass(frozen=True)
class Inputs:
    """What the encoder reads: states [B, T, 384] of the trunk (or ids [B, T]), mask [B, T]; letters [B, N], padded.

    `rows` is 0 and `there` False where an example has fewer letters; `numbers` [B, N, 16].
    """

    ids: Tensor
    states: Tensor
    mask: Tensor
    rows: Tensor
    there: Tensor
    numbers: Tensor


@dataclass(frozen=True)
class Pairs:
    """All pairs of a batch's quantities: `first`, `second` [P]; features [B, P, 12], results [B, P, 6, 4], finite."""

    first: Tensor
    second: Tensor
    features: Tensor
    results: Tensor
    finite: Tensor


@dataclass(frozen=True)
class Batch:
    """`steps` [B, S, 3]: number of the pair, operation, whether last; -1 from an example's end on. `target` [B, L].

    Quantities are numbered for the batch: its letters padded to the same number, CONSTANTS, results.
    """

    inputs: Inputs
    pairs: Pairs
    steps: Tensor
    target: Tensor


def inputs_of(chosen: Sequence[Item], trunk: Callable[[str], Halves] | None) -> Inputs:
    """Pads to the longest; states are empty without `trunk`."""
    size, length = len(chosen), max(len(item.ids) for item in chosen)
    letters = max(1, *(len(item.letters) for item in chosen)) if size > 1 else max(1, len(chosen[0].letters))
    ids = torch.zeros(size, length, dtype=torch.long)
    mask = torch.zeros(size, length, dtype=torch.bool)
    states = torch.zeros(size, length if trunk else 0, WIDTH)
    rows = torch.zeros(size, letters, dtype=torch.long)
    there = torch.zeros(size, letters, dtype=torch.bool)
    numbers = torch.zeros(size, letters, NUMBER_FEATURES)
    for index, item in enumerate(chosen):
        count, end = len(item.letters), len(item.ids)
        ids[index, :end], mask[index, :end] = torch.from_numpy(item.ids), True
        rows[index, :count], there[index, :count] = torch.from_numpy(item.rows), True
        numbers[index, :count] = torch.from_numpy(item.numbers)
        if trunk:
            states[index, :end] = torch.from_numpy(np.array(trunk(item.text), np.float32))
    return Inputs(ids, states, mask, rows, there, numbers)


def pairs_of(values: np.ndarray[tuple[int, int], np.dtype[np.float64]], letters: int) -> Pairs:
    """The pairs of quantities with `values` [B, Q]: letters (NaN where there is none), CONSTANTS, results."""
    first, second = pair_list(letters, values.shape[1] - letters - len(CONSTANT_VALUES))
    one, other = values[:, first], values[:, second]
    found = results(one, other)
    return Pairs(
        torch.from_numpy(first),
        torch.from_numpy(second),
        torch.from_numpy(features(one, other)),
        torch.from_numpy(result_features(found)),
        torch.from_numpy(np.isfinite(found)),
    )


def collate(chosen: Sequence[Item], trunk: Callable[[str], Halves] | None) -> Batch:
    """One batch, sorted by falling number of steps so that each step works on the first rows alone."""
    chosen = sorted(chosen, key=lambda item: -len(item.steps))
    inputs = inputs_of(chosen, trunk)
    letters, most = inputs.rows.shape[1], len(chosen[0].steps)
    values = np.full((len(chosen), letters + len(CONSTANT_VALUES) + max(0, most - 1)), np.nan)
    values[:, letters : letters + len(CONSTANT_VALUES)] = CONSTANT_VALUES
    target = torch.full((len(chosen), max(len(item.target) for item in chosen)), -1)
    moved: list[list[tuple[int, int, int, int]]] = []
    for index, item in enumerate(chosen):
        count = len(item.letters)
        values[index, :count] = item.values
        target[index, : len(item.target)] = torch.tensor(item.target, dtype=torch.long)
        own = []
        for number, step in enumerate(item.steps):
            first, second = (q if q < count else q + letters - count for q in (step.first, step.second))
            own.append((first, second, step.operation, int(step.last)))
            if not step.last:
                given = results(values[index, first], values[index, second])[step.operation]
                values[index, letters + len(CONSTANT_VALUES) + number] = given
        moved.append(own)
    pairs = pairs_of(values, letters)
    place = {pair: index for index, pair in enumerate(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True))}
    steps = torch.full((len(chosen), most, 3), -1)
    for index, own in enumerate(moved):
        for number, (first, second, operation, last) in enumerate(own):
            steps[index, number] = torch.tensor([place[first, second], operation, last])
    return Batch(inputs, pairs, steps, target)


def epoch_order(found: Sequence[Item], settings: Settings, seed: int, epoch: int) -> list[list[int]]:
    """The batches of an epoch as indices: sources as often as the mix says, lengths together, shuffled.

    Hangs on (seed, epoch) alone, so that a run that goes on knows what it has passed.
    """
    rng = np.random.default_rng([seed, epoch])
    chosen: list[int] = []
    for index, item in enumerate(found):
        share = settings.share(item.source)
        chosen += [index] * (int(share) + int(rng.random() < share % 1))
    lengths = [len(found[index].ids) for index in chosen]
    return [[chosen[place] for place in batch] for batch in length_batches(lengths, settings.batch, rng)]


def chunks(found: Sequence[Item], size: int) -> Iterator[list[int]]:
    """Indices in batches of about equal lengths, for evaluation."""
    order = sorted(range(len(found)), key=lambda index: len(found[index].ids))
    for first in range(0, len(order), size):
        yield order[first : first + size]

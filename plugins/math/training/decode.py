"""Beam search over both decoders in torch: for evaluation while training. Serving has its own, without torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from plugins.math.solver.symbols import MAX_OPERATORS, OPERATORS, Prefix
from plugins.math.training.batches import Inputs, chunks, inputs_of, pairs_of
from plugins.math.training.gold import FIXED, Step, canonical, formula
from plugins.math.training.items import Item
from plugins.math.training.model import Encoded, Solver
from plugins.math.training.pairwise import CONSTANT_VALUES, results
from plugins.math.training.relation import CHOICES, Relation
from plugins.math.training.sequence import Sequence as SequenceDecoder
from plugins.math.training.trunks import Halves

#: Formulas with their probabilities, best first.
Beam = list[tuple[Prefix, float]]
_ENCODED = 32


@dataclass(frozen=True)
class Decoded:
    """The beams of one question; empty for a decoder that the solver lacks."""

    relation: Beam
    sequence: Beam


@torch.no_grad()
def decode(
    solver: Solver, found: Sequence[Item], trunk: Callable[[str], Halves] | None, beam: int, mix: bool = True
) -> list[Decoded]:
    """Beams of each item, in float32; `mix` encodes several at a time, which moves the last digits of probabilities."""
    solver.eval()
    out: dict[int, Decoded] = {}
    for chosen in chunks(found, _ENCODED if mix else 1):
        inputs = solver.features(inputs_of([found[index] for index in chosen], trunk))
        encoded = solver(inputs)
        for row, index in enumerate(chosen):
            item = found[index]
            if not item.letters:
                out[index] = Decoded([], [])
                continue
            alone = _alone(inputs, row, item)
            own = Encoded(encoded.states[row : row + 1, : len(item.ids)], encoded.mean[row : row + 1])
            out[index] = Decoded(
                relation_beam(solver.relation, own, alone, item, beam) if solver.relation else [],
                sequence_beam(solver.sequence, own, alone, item, beam) if solver.sequence else [],
            )
    return [out[index] for index in range(len(found))]


def _alone(inputs: Inputs, row: int, item: Item) -> Inputs:
    length, count = len(item.ids), len(item.letters)
    one = slice(row, row + 1)
    return Inputs(
        inputs.ids[one, :length],
        inputs.states[one, :length],
        inputs.mask[one, :length],
        inputs.rows[one, :count],
        inputs.there[one, :count],
        inputs.numbers[one, :count],
    )


@torch.no_grad()
def relation_beam(decoder: Relation, encoded: Encoded, inputs: Inputs, item: Item, beam: int) -> Beam:
    """The most probable formulas of the deductive decoder; operations in another order are the same formula."""
    quantities, context = decoder.start(encoded.states, encoded.mean, inputs)
    values = np.concatenate([item.values, CONSTANT_VALUES])[None]
    histories: list[tuple[Step, ...]] = [()]
    logs = torch.zeros(1)
    done: dict[Prefix, float] = {}
    for _ in range(MAX_OPERATORS):
        size = len(histories)
        pairs = pairs_of(values, len(item.letters))
        scored, vectors = decoder.candidates(quantities, context.expand(size, -1, -1), pairs, size, len(pairs.first))
        totals = (logs[:, None] + scored.flatten(1).log_softmax(1)).flatten()
        best, places = totals.topk(min(beam, len(totals)))
        alive: list[tuple[int, int, Step]] = []
        for place in places[best.isfinite()].tolist():
            parent, rest = divmod(place, len(pairs.first) * CHOICES)
            pair, choice = divmod(rest, CHOICES)
            first, second = int(pairs.first[pair]), int(pairs.second[pair])
            step = Step(first, second, choice // 2, bool(choice % 2))
            if step.last:
                prefix = canonical(formula((*histories[parent], step), item.letters), item.letters)
                done[prefix] = done.get(prefix, 0.0) + float(totals[place].exp())
            else:
                alive.append((place, pair, step))
        if not alive:
            break
        parents = torch.tensor([place // (len(pairs.first) * CHOICES) for place, _, _ in alive])
        chosen = torch.tensor([pair for _, pair, _ in alive])
        made = decoder.made(vectors[parents, chosen], torch.tensor([step.operation for _, _, step in alive]))
        quantities = decoder.updated(quantities[parents], made)
        given = [
            results(values[int(parent), step.first], values[int(parent), step.second])[step.operation]
            for parent, (_, _, step) in zip(parents, alive, strict=True)
        ]
        values = np.concatenate([values[parents.numpy()], np.array(given)[:, None]], axis=1)
        histories = [(*histories[int(parent)], step) for parent, (_, _, step) in zip(parents, alive, strict=True)]
        logs = totals[torch.tensor([place for place, _, _ in alive])]
    return sorted(done.items(), key=lambda pair: -pair[1])[:beam]


@torch.no_grad()
def sequence_beam(decoder: SequenceDecoder, encoded: Encoded, inputs: Inputs, item: Item, beam: int) -> Beam:
    """The most probable formulas of the autoregressive decoder."""
    names = (*FIXED, *item.letters)
    memory, state, context = decoder.begin(encoded.states, encoded.mean, inputs)
    previous = decoder.tokens[0][None]
    found: list[tuple[int, ...]] = [()]
    open_slots, used, logs = torch.ones(1, dtype=torch.long), torch.zeros(1, dtype=torch.long), torch.zeros(1)
    done: dict[Prefix, float] = {}
    for _ in range(2 * MAX_OPERATORS + 1):
        many = memory.repeated(len(found))
        scored, state, context = decoder.step(many, previous, state, context, used >= MAX_OPERATORS)
        totals = logs[:, None] + scored
        best, places = totals.flatten().topk(min(beam, totals.numel()))
        parents, chosen = places // totals.shape[1], places % totals.shape[1]
        operator = chosen < len(OPERATORS)
        slots = open_slots[parents] + torch.where(operator, 1, -1)
        ended = (slots == 0) & best.isfinite()
        for place in ended.nonzero()[:, 0].tolist():
            written = (*found[int(parents[place])], int(chosen[place]))
            prefix = canonical(tuple(names[token] for token in written), item.letters)
            done[prefix] = done.get(prefix, 0.0) + float(best[place].exp())
        kept = ((slots > 0) & best.isfinite()).nonzero()[:, 0]
        if not len(kept):
            break
        parents, chosen = parents[kept], chosen[kept]
        found = [(*found[int(parent)], int(token)) for parent, token in zip(parents, chosen, strict=True)]
        open_slots, used, logs = slots[kept], used[parents] + operator[kept], best[kept]
        state, context, previous = state[parents], context[parents], memory.symbols[0, chosen]
    return sorted(done.items(), key=lambda pair: -pair[1])[:beam]

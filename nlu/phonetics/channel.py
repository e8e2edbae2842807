"""The noisy channel from intended to heard phones: edit costs learned from aligned pairs, and fast nearest words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlu.phonetics.distance import PHONES, Costs, align, articulatory, codes, stack

_CHUNK = 200_000


def learn_costs(pairs: Sequence[tuple[Sequence[str], Sequence[str]]], rounds: int = 2, smooth: float = 1.0) -> Costs:
    """Costs -log P(heard | intended) from (intended, heard) phone sequences, by hard EM from articulatory costs.

    Unseen substitutions get `smooth` counts shared out by articulatory likeness (Ristad and Yianilos 1998 learn the
    same table by soft EM). An added phone costs -log of its share of all intended phones.
    """
    if not pairs:
        raise ValueError("no pairs of intended and heard phones to learn from")
    size = len(PHONES)
    likeness = np.exp(-4 * articulatory().substitute)
    likeness /= likeness.sum(1, keepdims=True)
    costs = articulatory()
    for _ in range(rounds):
        counts, lost, added = np.zeros((size, size)), np.full(size, 0.5), np.full(size, 0.5)
        for intended, heard in pairs:
            left, right = codes(intended), codes(heard)
            for i, j in align(intended, heard, costs):
                if i is None:
                    added[right[j]] += 1
                elif j is None:
                    lost[left[i]] += 1
                else:
                    counts[left[i], right[j]] += 1
        counts += smooth * likeness * size / 4
        total = counts.sum(1) + lost
        costs = Costs(-np.log(counts / total[:, None]), -np.log(lost / total), -np.log(added / total.sum()))
    return costs


def pair_distances(
    intended: tuple[NDArray[np.int64], NDArray[np.int64]],
    heard: tuple[NDArray[np.int64], NDArray[np.int64]],
    costs: Costs,
) -> NDArray[np.float64]:
    """Weighted edit distance of row k of `intended` to row k of `heard` (both as `distance.stack` makes them) [n]."""
    (left, n), (right, m) = intended, heard
    out = np.empty(len(n))
    for first in range(0, len(n), _CHUNK):
        part = slice(first, first + _CHUNK)
        out[part] = _pair_distances(left[part], n[part], right[part], m[part], costs)
    return out


def _pair_distances(
    left: NDArray[np.int64], n: NDArray[np.int64], right: NDArray[np.int64], m: NDArray[np.int64], costs: Costs
) -> NDArray[np.float64]:
    rows, width = len(n), int(m.max(initial=0))
    added = costs.insert[right[:, :width]].T
    previous = np.concatenate([np.zeros((1, rows)), np.cumsum(added, 0)])
    out = np.where(n == 0, previous[m, np.arange(rows)], 0.0)
    for i in range(int(n.max(initial=0))):
        lost = costs.delete[left[:, i]]
        swap = costs.substitute[left[:, i][None], right[:, :width].T]
        row = np.empty_like(previous)
        row[0] = previous[0] + lost
        np.minimum(previous[1:] + lost, previous[:-1] + swap, out=row[1:])
        for j in range(1, width + 1):
            np.minimum(row[j], row[j - 1] + added[j - 1], out=row[j])
        previous = row
        ends = n == i + 1
        out[ends] = previous[m[ends], np.flatnonzero(ends)]
    return out


@dataclass(frozen=True)
class Lexicon:
    """Words with pronunciations, searched by sound: entry k is `words[k]` said as row k of `table`."""

    words: tuple[str, ...]
    table: NDArray[np.int64]
    lengths: NDArray[np.int64]
    grams: NDArray[np.float32]

    @classmethod
    def of(cls, entries: Sequence[tuple[str, Sequence[str]]]) -> Lexicon:
        """A lexicon of (word, phones); a word may have several entries."""
        sounds = [codes(said) for _, said in entries]
        table, lengths = stack(sounds)
        return cls(tuple(word for word, _ in entries), table, lengths, _grams(sounds))

    def nearest(
        self, sounds: Sequence[NDArray[np.int64]], costs: Costs, k: int = 8, shortlist: int = 60
    ) -> list[list[tuple[float, int]]]:
        """For each heard sound its `k` cheapest entries as (cost, entry).

        A shortlist by shared phones and phone pairs (random projection of their counts) is ranked by edit distance.
        """
        out: list[list[tuple[float, int]]] = []
        count = min(shortlist, len(self.words))
        for first in range(0, len(sounds), 2000):
            part = sounds[first : first + 2000]
            near = np.argpartition(-(_grams(part) @ self.grams.T), count - 1, axis=1)[:, :count]
            heard, lengths = stack(part)
            flat, repeat = near.ravel(), np.repeat(np.arange(len(part)), count)
            cost = pair_distances((self.table[flat], self.lengths[flat]), (heard[repeat], lengths[repeat]), costs)
            cost = cost.reshape(near.shape)
            for row, order in enumerate(np.argsort(cost, axis=1, kind="stable")[:, :k]):
                out.append([(float(cost[row, place]), int(near[row, place])) for place in order])
        return out


def _grams(sounds: Sequence[NDArray[np.int64]]) -> NDArray[np.float32]:
    """Unit vectors [n, 256]: counts of phones and phone pairs (edges too), like phones alike, randomly projected."""
    single, first, second = _projections()
    out = np.zeros((len(sounds), single.shape[1]), np.float32)
    edge = len(PHONES)
    for row, sound in enumerate(sounds):
        closed = np.concatenate([[edge], sound, [edge]])
        out[row] = single[sound].sum(0) + (first[closed[:-1]] * second[closed[1:]]).sum(0)
    out /= np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-6)
    return out


def _projections() -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Random codes of phones, like phones alike: for single phones, firsts and seconds of pairs [40, 256]."""
    rng = np.random.default_rng(0)
    size = len(PHONES)
    soft = np.eye(size + 1)
    soft[:size, :size] = np.exp(-5 * articulatory().substitute)
    soft /= np.linalg.norm(soft, axis=1, keepdims=True)
    made = [(soft @ rng.choice((-1.0, 1.0), (size + 1, 256))).astype(np.float32) for _ in range(3)]
    return made[0], made[1], made[2]

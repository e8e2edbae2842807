"""A second reading of an utterance from its phone stream, the recogniser's words and in-domain text.

Noisy channel: argmax over word sequences of -log P(phones | words) - a log P(words) - b [word is among the
recogniser's words there]. A word covers one or two of the stream's segments, or a part of one.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nlu.phonetics.channel import Lexicon, pair_distances
from nlu.phonetics.distance import Costs, align, codes, stack
from nlu.phonetics.ngrams import END, START, Trigrams
from nlu.phonetics.pronounce import Sound, pronunciations, spoken_words

#: Segments of so many phones may be two words; no word has more than so many.
_LONG, _MOST = 5, 14
#: Options of a stretch that cost so much more than its best are left out.
_MARGIN = 9.0


@dataclass(frozen=True)
class Weights:
    """language: weight of -log P(words). agreement: bonus for a word of the recogniser. boundary: cost of a word edge
    inside a segment, or of a segment edge inside a word. skip: cost of each phone that no word explains.
    """

    language: float = 0.7
    agreement: float = 3.0
    boundary: float = 3.0
    skip: float = 4.0
    candidates: int = 8
    beam: int = 24


@dataclass(frozen=True)
class _Edge:
    end: int
    options: tuple[tuple[float, str], ...]


class Redecoder:
    """Re-decodes with a lexicon (in-domain and recognisers' words), learned phone costs and a language model."""

    def __init__(self, lexicon: Lexicon, costs: Costs, weights: Weights | None = None) -> None:
        self.lexicon, self.costs, self.weights = lexicon, costs, weights or Weights()
        self._near: dict[Sound, list[tuple[float, str]]] = {}

    def prepare(self, streams: Sequence[Sequence[Sound]]) -> None:
        """Looks up the words near every stretch of `streams` at once; much faster than one utterance at a time."""
        wanted = {
            sound for stream in streams for start, end, _ in _spans(stream) for sound in [_flat(stream)[start:end]]
        }
        missing = sorted(wanted - self._near.keys())
        found = self.lexicon.nearest([codes(sound) for sound in missing], self.costs, 2 * self.weights.candidates)
        for sound, near in zip(missing, found, strict=True):
            best: dict[str, float] = {}
            for cost, entry in near:
                best.setdefault(self.lexicon.words[entry], cost)
            self._near[sound] = [(cost, word) for word, cost in best.items()][: self.weights.candidates]

    def decode(self, stream: Sequence[Sound], text: str, language: Trigrams) -> str:
        """The likeliest words for segments `stream` where the recogniser wrote `text`; without a stream, `text`."""
        if not stream:
            return text
        self.prepare([stream])
        phones = _flat(stream)
        edges = self._edges(stream, phones, text)
        weights = self.weights
        # Beam search over positions in the stream; a hypothesis is (cost, last but one word, last word, words).
        beams: list[dict[tuple[str, str], tuple[float, tuple[str, ...]]]] = [{} for _ in range(len(phones) + 1)]
        beams[0][START, START] = (0.0, ())
        for place in range(len(phones)):
            kept = heapq.nsmallest(weights.beam, beams[place].items(), key=lambda item: (item[1][0], item[0]))
            for (first, second), (cost, words) in kept:
                for edge in edges.get(place, ()):
                    there = beams[edge.end]
                    for price, word in edge.options:
                        total = cost + price
                        if word:
                            total += weights.language * language.cost(first, second, word)
                            key, said = (second, word), (*words, word)
                        else:
                            key, said = (first, second), words
                        known = there.get(key)
                        if known is None or total < known[0]:
                            there[key] = (total, said)
        ends = [
            (cost + weights.language * language.cost(first, second, END), words)
            for (first, second), (cost, words) in beams[-1].items()
        ]
        return " ".join(min(ends)[1]) if ends else text

    def _edges(self, stream: Sequence[Sound], phones: Sound, text: str) -> dict[int, list[_Edge]]:
        places = heard_places(phones, text)
        weights = self.weights
        extra: list[tuple[tuple[int, int], str]] = []
        edges: dict[int, list[_Edge]] = {}
        spans = [*_spans(stream), *((start, end, 1) for _, start, end in places if end > start)]
        prices: dict[tuple[int, int], dict[str, float]] = {}
        broken: dict[tuple[int, int], int] = {}
        for start, end, crossed in spans:
            broken[start, end] = min(crossed, broken.get((start, end), crossed))
            near = self._near.get(phones[start:end], [])
            prices.setdefault((start, end), {word: cost for cost, word in near})
            for word, first, last in places:
                if 2 * (min(end, last) - max(start, first)) > max(end - start, last - first):
                    extra.append(((start, end), word))
        for (span, word), cost in zip(extra, self._costs(phones, extra), strict=True):
            known = prices[span].get(word, cost)
            prices[span][word] = min(known, cost) - weights.agreement
        for (start, end), words in prices.items():
            penalty = weights.boundary * broken[start, end]
            most = min(words.values(), default=0.0) + _MARGIN
            options = [(cost + penalty, word) for word, cost in words.items() if cost <= most]
            edges.setdefault(start, []).append(_Edge(end, tuple(sorted(options))))
        place = 0
        for segment in stream:
            # Noise: a whole segment that nobody said.
            edges.setdefault(place, []).append(_Edge(place + len(segment), ((weights.skip * len(segment), ""),)))
            place += len(segment)
        return edges

    def _costs(self, phones: Sound, wanted: Sequence[tuple[tuple[int, int], str]]) -> list[float]:
        rows = [(k, said) for k, (_, word) in enumerate(wanted) for said in pronunciations(word)]
        if not rows:
            return []
        heard = stack([codes(phones[slice(*wanted[k][0])]) for k, _ in rows])
        cost = pair_distances(stack([codes(said) for _, said in rows]), heard, self.costs)
        best = np.full(len(wanted), np.inf)
        np.minimum.at(best, [k for k, _ in rows], cost)
        return [float(value) for value in best]


def heard_places(phones: Sequence[str], text: str) -> list[tuple[str, int, int]]:
    """Where in the stream the recogniser's words are: (word, first phone, end), by alignment of their pronunciation."""
    words = spoken_words(text)
    said = [pronunciations(word)[0] for word in words]
    owner = [index for index, sound in enumerate(said) for _ in sound]
    spans: dict[int, list[int]] = {}
    for i, j in align([phone for sound in said for phone in sound], phones):
        if i is not None and j is not None:
            spans.setdefault(owner[i], []).append(j)
    return [(words[index], min(js), max(js) + 1) for index, js in sorted(spans.items())]


def _flat(stream: Sequence[Sound]) -> Sound:
    return tuple(phone for segment in stream for phone in segment)


def _spans(stream: Sequence[Sound]) -> list[tuple[int, int, int]]:
    """(start, end, broken boundaries) of what one word may cover: segments, neighbours joined, parts of a segment."""
    ends = np.cumsum([0, *(len(segment) for segment in stream)]).tolist()
    spans: list[tuple[int, int, int]] = []
    for index, segment in enumerate(stream):
        start, end = ends[index], ends[index + 1]
        spans.append((start, end, 0))
        spans += [(start, ends[index + more], more - 1) for more in (2, 3) if index + more < len(ends)]
        if len(segment) >= _LONG:
            for cut in range(2, len(segment) - 1):
                spans += [(start, start + cut, 1), (start + cut, end, 0)]
    return [span for span in spans if span[1] - span[0] <= _MOST]


def lexicon_of(words: Sequence[str]) -> Lexicon:
    """A lexicon of words as `spoken_words` gives them, with all their pronunciations."""
    return Lexicon.of([(word, said) for word in sorted(set(words)) for said in pronunciations(word) if said])

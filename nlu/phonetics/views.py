"""Re-decoded text of whole data sets, as a second view of each utterance to train on and to predict from."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from nlu.phonetics.channel import learn_costs
from nlu.phonetics.distance import Costs
from nlu.phonetics.ngrams import Trigrams
from nlu.phonetics.pronounce import Sound, dictionary, pronounce_text, spoken_words
from nlu.phonetics.redecode import Redecoder, Weights, lexicon_of

#: How often a word of the background is taken to have been seen, and at most; its rank is its number in the vocabulary.
_BACKGROUND, _MOST = 1000.0, 0.5
_COST_PAIRS = 1500
_FOLDS = 4

Progress = Callable[[int, int], None]


def background(tokenizer: Path) -> dict[str, float]:
    """Words of an encoder's vocabulary (`tokenizer.json`, commonest first) that the dictionary says, with weights."""
    vocabulary: dict[str, int] = json.loads(tokenizer.read_text(encoding="utf-8"))["model"]["vocab"]
    known = dictionary()
    return {
        word: min(_MOST, _BACKGROUND / (rank + 1))
        for word, rank in vocabulary.items()
        if len(word) > 1 and word.isalpha() and word in known
    }


class Transcriber:
    """Re-decodes utterances of a domain after its training part: clean texts, phone streams, recogniser's texts.

    others: words beyond the domain's (see `background`); leave them out where the domain's words are all there are.
    """

    def __init__(
        self,
        clean: Sequence[str],
        streams: Sequence[Sequence[Sound]],
        heard: Sequence[str],
        *,
        others: Mapping[str, float] | None = None,
        weights: Weights | None = None,
        costs: Costs | None = None,
    ) -> None:
        if not len(clean) == len(streams) == len(heard) or not len(clean):
            raise ValueError(f"{len(clean)} clean texts, {len(streams)} streams, {len(heard)} recognised: not parallel")
        self._sentences = [spoken_words(text) for text in clean]
        self._streams, self._heard = streams, heard
        words = {word: _MOST for text in heard for word in spoken_words(text)}
        self._others = {**(others or {}), **words}
        pairs = [
            ([phone for sound in pronounce_text(text) for phone in sound], [phone for part in stream for phone in part])
            for text, stream in list(zip(clean, streams, strict=True))[:_COST_PAIRS]
        ]
        lexicon = lexicon_of([*(word for sentence in self._sentences for word in sentence), *self._others])
        self._decoder = Redecoder(lexicon, costs or learn_costs(pairs), weights)
        self._language = Trigrams(self._sentences, self._others)

    def decode(
        self, streams: Sequence[Sequence[Sound]], heard: Sequence[str], progress: Progress | None = None
    ) -> list[str]:
        """New utterances; progress(done, all) after each."""
        self._decoder.prepare(streams)
        out = []
        for stream, text in zip(streams, heard, strict=True):
            out.append(self._decoder.decode(stream, text, self._language))
            if progress is not None:
                progress(len(out), len(heard))
        return out

    def decode_training(self, progress: Progress | None = None) -> list[str]:
        """The training utterances themselves, each with a language model that has not read its sentence (4 folds)."""
        folds = [zlib.crc32(" ".join(sentence).encode()) % _FOLDS for sentence in self._sentences]
        self._decoder.prepare(self._streams)
        out = [""] * len(folds)
        done = 0
        for fold in range(_FOLDS):
            rest = [sentence for sentence, mine in zip(self._sentences, folds, strict=True) if mine != fold]
            language = Trigrams(rest, self._others)
            for index, mine in enumerate(folds):
                if mine == fold:
                    out[index] = self._decoder.decode(self._streams[index], self._heard[index], language)
                    done += 1
                    if progress is not None:
                        progress(done, len(folds))
        return out

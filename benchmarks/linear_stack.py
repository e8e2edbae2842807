"""The linear baseline: TF-IDF and logistic regression for the intent, a window CRF for the slots.

Features and settings are plain and were not searched: word 1-2-grams and character 1-4-grams for the
intent; for each word its form, its affixes, its shape and its neighbours within two words for the CRF.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.nlu_peers_data import Sentence

#: Inverse strength of the l2 penalty of the logistic regression; set beforehand, not searched.
STRENGTH = 30.0
#: l1 and l2 penalties of the CRF, and its L-BFGS iterations; set beforehand, not searched.
L1, L2, ITERATIONS = 0.1, 0.01, 100


@dataclass(frozen=True)
class Reading:
    """What the stack made of one sentence: the likeliest intent with its probability, a BIO tag for each word."""

    intent: str
    confidence: float
    tags: list[str]


class LinearStack:
    """`fit(sentences, folder)`, then `read(text)`; the CRF's weights are kept in `folder`."""

    def __init__(
        self, strength: float = STRENGTH, l1: float = L1, l2: float = L2, iterations: int = ITERATIONS
    ) -> None:
        self._strength, self._penalties, self._iterations = strength, (l1, l2), iterations
        self._vectors: Any = None
        self._classifier: Any = None
        self._tagger: Any = None
        self._path = Path()

    def fit(self, sentences: Sequence[Sentence], folder: Path) -> LinearStack:
        """Trains both parts; raises ValueError without sentences or with a single intent."""
        if len({sentence.intent for sentence in sentences}) < 2:
            raise ValueError("the linear stack needs sentences of at least two intents")
        self._fit_intent(sentences)
        self._fit_slots(sentences, folder / "slots.crfsuite")
        return self

    def _fit_intent(self, sentences: Sequence[Sentence]) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer  # type: ignore[import-untyped, import-not-found, unused-ignore]
        from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped, import-not-found, unused-ignore]
        from sklearn.pipeline import FeatureUnion  # type: ignore[import-untyped, import-not-found, unused-ignore]

        words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"\S+")
        characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), sublinear_tf=True)
        self._vectors = FeatureUnion([("words", words), ("characters", characters)])
        features = self._vectors.fit_transform([sentence.text for sentence in sentences])
        self._classifier = LogisticRegression(C=self._strength, max_iter=300)
        self._classifier.fit(features, [sentence.intent for sentence in sentences])

    def _fit_slots(self, sentences: Sequence[Sentence], path: Path) -> None:
        import pycrfsuite  # type: ignore[import-untyped, import-not-found, unused-ignore]

        trainer = pycrfsuite.Trainer(algorithm="lbfgs", verbose=False)
        trainer.set_params(
            {
                "c1": self._penalties[0],
                "c2": self._penalties[1],
                "max_iterations": self._iterations,
                "feature.possible_transitions": True,
            }
        )
        for sentence in sentences:
            if sentence.words:
                trainer.append(window_features(sentence.words), list(sentence.tags))
        trainer.train(str(path))
        self._path = path
        self._open()

    def _open(self) -> None:
        import pycrfsuite  # type: ignore[import-untyped, import-not-found, unused-ignore]

        self._tagger = pycrfsuite.Tagger()
        self._tagger.open(str(self._path))

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_tagger": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._open()

    def read(self, text: str) -> Reading:
        """Intent with its probability, and a BIO tag for each word between white space."""
        chances = self._classifier.predict_proba(self._vectors.transform([text]))[0]
        best = int(np.argmax(chances))
        words = text.split()
        tags = self._tagger.tag(window_features(words)) if words else []
        return Reading(str(self._classifier.classes_[best]), float(chances[best]), tags)


def window_features(words: Sequence[str]) -> list[list[str]]:
    """Features of each word: itself, prefixes and suffixes up to four, shape, and its neighbours within two words."""
    forms = [word.lower() for word in words]
    shapes = [shape(word) for word in words]
    out = []
    for place, form in enumerate(forms):
        found = ["bias", f"w={form}", f"shape={shapes[place]}"]
        found += [f"p{size}={form[:size]}" for size in range(1, 5)]
        found += [f"s{size}={form[-size:]}" for size in range(1, 5)]
        for offset in (-2, -1, 1, 2):
            near = place + offset
            inside = 0 <= near < len(forms)
            found.append(f"w{offset}={forms[near] if inside else '<>'}")
            if inside:
                found.append(f"shape{offset}={shapes[near]}")
        before = forms[place - 1] if place else "<>"
        after = forms[place + 1] if place + 1 < len(forms) else "<>"
        found += [f"w-1,0={before} {form}", f"w0,1={form} {after}", f"w-1,1={before} {after}"]
        out.append(found)
    return out


def shape(word: str) -> str:
    """`7pm` -> `dx`: runs of digits d, letters x, anything else itself."""
    out = ""
    for character in word:
        kind = "d" if character.isdigit() else "x" if character.isalpha() else character
        if not out.endswith(kind):
            out += kind
    return out

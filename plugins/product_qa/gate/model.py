"""The gate: is a text a question for the shop, keywords that stand for one, or something else.

Generate-then-Retrieve (section 3.1) decides question intent with a fine-tuned RoBERTa; here it is a linear model over
the sentence vector that the turn carries anyway, the form of the text and its hashed words.
"""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plugins.product_qa.gate.features import BUCKETS, FORM, form, hashed, words
from plugins.product_qa.types import CatalogueError, Kind

#: What the model tells apart: `search` looks for products ("red running shoes"), `chat` is everything else.
CLASSES = ("question", "keywords", "search", "chat")
DIMENSION = 384
FOLDER = Path(__file__).resolve().parent.parent / "models" / "gate-1"
WEIGHTS, CARD = "weights.npz", "card.json"

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Gated:
    """`kind` with its calibrated probability; `intent` that the text asks the shop anything at all, `search` that it
    looks for products; of these two and the rest (everyday talk) the sum is one."""

    kind: Kind
    probability: float
    intent: float
    search: float


@dataclass(frozen=True)
class Part:
    """One linear model: weights [4, D] and bias [4] over CLASSES; the intent's log-odds are stretched by `slope` and
    moved by `shift` (logistic calibration, Platt 1999); at `threshold` a text counts as asking."""

    weights: Floats
    bias: Floats
    slope: float
    shift: float
    threshold: float

    def classes(self, parts: list[str], vector: Floats | None) -> NDArray[np.float64]:
        """Probabilities [4], not calibrated."""
        start = 0 if vector is None else DIMENSION
        scores = self.bias.astype(np.float64).copy()
        if vector is not None:
            scores += self.weights[:, :start] @ vector
        scores += self.weights[:, start : start + len(FORM)] @ form(parts)
        if parts:
            buckets, value = hashed(parts)
            scores += value * self.weights[:, start + len(FORM) + buckets].sum(axis=1)
        found = np.exp(scores - scores.max())
        return np.asarray(found / found.sum())

    def intent(self, classes: NDArray[np.float64]) -> float:
        """The calibrated probability that the text asks something, from `classes`."""
        asks = float(np.clip(classes[0] + classes[1], 1e-9, 1 - 1e-9))
        odds = self.slope * np.log(asks / (1 - asks)) + self.shift
        return float(0.5 + 0.5 * np.tanh(odds / 2))


class Gate:
    """Thread-safe; takes about 0.05 ms. `Gate.load()` gives the shipped one."""

    def __init__(self, full: Part, lexical: Part, version: str = "") -> None:
        self.full, self.lexical, self.version = full, lexical, version

    @classmethod
    def load(cls, folder: Path = FOLDER) -> Gate:
        """Reads what training wrote. Raises `CatalogueError` naming the file that is missing or does not fit."""
        try:
            card: dict[str, Any] = json.loads((folder / CARD).read_text(encoding="utf-8"))
            parts = []
            with np.load(folder / WEIGHTS, allow_pickle=False) as held:
                for name, vector in (("full", DIMENSION), ("lexical", 0)):
                    weights = held[f"{name}_weights"].astype(np.float32)
                    bias = held[f"{name}_bias"].astype(np.float32)
                    wanted = (len(CLASSES), vector + len(FORM) + BUCKETS)
                    if weights.shape != wanted or bias.shape != wanted[:1]:
                        raise CatalogueError(f"{folder / WEIGHTS}: {name}: shape {weights.shape}, not {wanted}")
                    if not (np.isfinite(weights).all() and np.isfinite(bias).all()):
                        raise CatalogueError(f"{folder / WEIGHTS}: {name}: a weight is not a number")
                    numbers = card["calibration"][name]
                    parts.append(Part(weights, bias, *(float(numbers[key]) for key in ("slope", "shift", "threshold"))))
            return cls(parts[0], parts[1], str(card["version"]))
        except FileNotFoundError as error:
            raise CatalogueError(f"{error.filename}: the file is missing") from None
        except KeyError as error:
            raise CatalogueError(f"{folder}: {error} is missing") from None
        except (OSError, ValueError, TypeError, EOFError, zipfile.BadZipFile) as error:
            raise CatalogueError(f"{folder}: cannot be read: {error}") from error

    def __call__(self, text: str, vector: Floats | None = None, shopping: bool = False) -> Gated:
        """`vector` [384] is the shared encoder's of this text; without it only form and words are read. Where a product
        is on the page or was talked about (`shopping`), half a chance is enough; elsewhere the threshold of the card
        keeps everyday requests out.

        Raises `CatalogueError` where the vector has another length.
        """
        if vector is not None and np.shape(vector) != (DIMENSION,):
            raise CatalogueError(f"vector: shape {np.shape(vector)}, not ({DIMENSION},)")
        parts = words(text)
        if not parts:
            return Gated("chat", 1.0, 0.0, 0.0)
        part = self.lexical if vector is None else self.full
        classes = part.classes(parts, vector)
        intent = part.intent(classes)
        rest = float(classes[2] + classes[3])
        search = (1 - intent) * (float(classes[2]) / rest if rest > 0 else 0.0)
        if intent < (0.5 if shopping else part.threshold):
            return Gated("chat", 1 - intent, intent, search)
        kind: Kind = "question" if classes[0] >= classes[1] else "keywords"
        return Gated(kind, intent, intent, search)

"""An exported solver on the light runtime: formulas for a template, from its beams and from questions it has seen.

The shared trunk of the sentence encoder reads the masked question once; every member (upper layers and decoders) goes
on from its states. Needs numpy, onnxruntime and tokenizers alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nlu.encoder import Encoder, Words, open_session
from plugins.math.solver.beam import Beam
from plugins.math.solver.canonical import Form, canonical, ordered
from plugins.math.solver.encoding import Encoding
from plugins.math.solver.folder import RETRIEVAL, Folder, branch, decoders, open_folder
from plugins.math.solver.inputs import NUMBER_FEATURES, masked, numbers, rows
from plugins.math.solver.relation import RelationDecoder
from plugins.math.solver.retrieval import Retrieval
from plugins.math.solver.sequence import SequenceDecoder
from plugins.math.solver.symbols import Prefix, letters_of
from plugins.math.solver.weights import Floats, SolverError, Weights
from plugins.math.types import Template

#: Questions with larger numbers are not for the solver: features and values of its formulas are floats.
LARGEST = 10**12
RELATION, SEQUENCE, NEAREST = "relation", "sequence", "retrieval"


class Trunk(Protocol):
    """What is needed of the sentence encoder (`nlu.encoder.Encoder`)."""

    version: str

    def frozen_states(self, texts: Sequence[str]) -> list[tuple[NDArray[np.float16], Words]]:
        """Trunk states [T, W] and words of each text."""
        ...


@dataclass(frozen=True, slots=True)
class Formula:
    """One entry of a merged beam. `agreement` is the share of the members that put it first."""

    prefix: Prefix
    probability: float
    agreement: float


class Member:
    """Upper layers and decoders that were trained together. Thread-safe after construction."""

    def __init__(self, folder: Folder, name: str) -> None:
        weights = Weights.read(folder.path / decoders(name))
        self.relation = RelationDecoder(weights) if weights.has("relation.") else None
        self.sequence = SequenceDecoder(weights) if weights.has("sequence.") else None
        widths = {part.width for part in (self.relation, self.sequence) if part is not None}
        if len(widths) != 1:
            raise SolverError(f"{weights.source}: it holds no decoder, or two for different encoders")
        (self.width,) = widths
        has_features = weights.has("number_in.")
        self._number_in = weights.linear("number_in", NUMBER_FEATURES, self.width) if has_features else None
        path = folder.path / branch(name)
        try:
            self._session = open_session(path)
        except Exception as error:  # the runtime's exceptions share no base class
            raise SolverError(f"{path}: cannot be read: {error}") from error
        if [one.name for one in self._session.get_inputs()] != ["trunk"]:
            raise SolverError(f"{path}: its one input has to be 'trunk'")

    def encode(self, trunk: Floats, question: Encoding) -> Encoding:
        """The question with the states of this member's layers."""
        states, features = trunk.copy(), question.numbers
        if self._number_in is not None:
            states[question.rows] += self._number_in(features)
        else:  # trained without them
            features = np.zeros_like(features)
        (found,) = self._session.run(["states"], {"trunk": states[None]})
        return replace(question, states=found[0], pooled=found[0].mean(axis=0), numbers=features)


class SolverRuntime:
    """Thread-safe after construction; a template always gives the same."""

    def __init__(
        self,
        encoder: Trunk,
        members: Sequence[Member],
        retrieval: Retrieval | None,
        card: Mapping[str, Any],
        version: str,
    ) -> None:
        self._encoder, self._members, self._retrieval = encoder, tuple(members), retrieval
        self.card, self.version = card, version
        having = {
            RELATION: any(member.relation for member in members),
            SEQUENCE: any(member.sequence for member in members),
            NEAREST: retrieval is not None,
        }
        #: Names of the channels that these weights make.
        self.channels: tuple[str, ...] = tuple(name for name, there in having.items() if there)

    @classmethod
    def load(cls, folder: Path, encoder: Trunk | None = None) -> SolverRuntime:
        """Reads an exported solver. `encoder`: the sentence encoder where one is loaded already; else the shipped one.

        Raises `SolverError` naming the file that is missing, damaged, or made for another encoder or other symbols.
        """
        checked = open_folder(folder)
        if encoder is None:
            from nlu.runtime import ENCODER_FOLDER, MODELS

            encoder = Encoder(MODELS / ENCODER_FOLDER)
        if encoder.version != checked.card["encoder"]:
            raise SolverError(
                f"{folder}: the solver stands on the encoder {checked.card['encoder']}, not on {encoder.version}"
            )
        members = [Member(checked, name) for name in checked.members]
        if len({member.width for member in members}) > 1:
            raise SolverError(f"{folder}: its members stand on different encoders")
        retrieval = Retrieval.read(folder / RETRIEVAL, members[0].width) if checked.has_retrieval else None
        return cls(encoder, members, retrieval, checked.card, checked.version)

    def solve(self, template: Template, beam: int = 5) -> dict[str, list[tuple[Prefix, float]]]:
        """Up to `beam` formulas of each channel with their probabilities, best first; none is equal to another."""
        found = self.examine(template, beam)
        return {name: [(one.prefix, one.probability) for one in formulas] for name, formulas in found.items()}

    def examine(self, template: Template, beam: int = 5) -> dict[str, list[Formula]]:
        """The same with what members think of one another's formulas. Lists are empty for what is no question for the
        solver: without numbers, or with numbers beyond LARGEST."""
        if beam < 1:
            raise ValueError("a beam is at least 1 wide")
        read = self.read(template)
        if read is None:
            return {name: [] for name in self.channels}
        encoded = [member.encode(read[0], read[1]) for member in self._members]
        beams: dict[str, list[Beam]] = {name: [] for name in self.channels}
        for member, question in zip(self._members, encoded, strict=True):
            if member.relation is not None:
                beams[RELATION].append(member.relation.decode(question, beam))
            if member.sequence is not None:
                beams[SEQUENCE].append(member.sequence.decode(question, beam))
        if self._retrieval is not None:
            beams[NEAREST].append(self._retrieval.decode(encoded[0], beam))
        return {name: merged(several, beam) for name, several in beams.items()}

    def read(self, template: Template) -> tuple[Floats, Encoding] | None:
        """Trunk states [T, W] and what is known of the letters, or None where no letter takes part."""
        question = masked(template)
        if not question.letters or any(abs(template.values[letter]) > LARGEST for letter in question.letters):
            return None
        halves, words = self._encoder.frozen_states([question.text])[0]
        places = rows(question, words)
        taking = [index for index, row in enumerate(places) if row >= 0]
        if not taking:
            return None
        trunk = halves.astype(np.float32)
        letters = tuple(question.letters[index] for index in taking)
        values = np.array([float(template.values[letter]) for letter in letters])
        at = np.array([places[index] for index in taking], np.int64)
        features = numbers(template, question)[taking]
        return trunk, Encoding(trunk, trunk.mean(axis=0), letters, at, features, values)

    def pooled(self, read: tuple[Floats, Encoding]) -> Floats:
        """The question vector [W] by the first member, which is what retrieval compares, of what `read` gave."""
        return self._members[0].encode(*read).pooled


def merged(beams: Sequence[Beam], width: int) -> list[Formula]:
    """Several members' beams as one: equal formulas add up, within a beam and, as a mean, over the beams.

    Formulas without any of the question's numbers are left out. The most probable way to write a formula stands for it.
    """
    total: dict[Form, float] = {}
    shown: dict[Form, tuple[float, Prefix]] = {}
    first: list[Form] = []
    for beam in beams:
        own: dict[Form, float] = {}
        for prefix, probability in beam:
            if not letters_of(prefix):
                continue
            form = canonical(prefix)
            own[form] = own.get(form, 0.0) + probability
            if form not in shown or probability > shown[form][0]:
                shown[form] = (probability, prefix)
        for form, probability in own.items():
            total[form] = total.get(form, 0.0) + probability / len(beams)
        if own:
            first.append(max(own, key=own.__getitem__))
    best = sorted(total, key=lambda form: -total[form])[:width]
    return [Formula(ordered(shown[form][1]), min(1.0, total[form]), first.count(form) / len(beams)) for form in best]

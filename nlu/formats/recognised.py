"""Parallel files: clean sentences, what a recogniser wrote instead, and labels (the layout of PhonemeBERT)."""

from __future__ import annotations

from pathlib import Path

from nlu.formats.bio import same_length
from nlu.formats.checks import make_sample
from nlu.formats.corpus import Corpus, Sample
from nlu.formats.errors import DataError, Note, Place
from nlu.formats.text import read_lines

#: Part -> names its file may have.
PARTS = {
    "clean": ("text_original.txt", "clean.txt", "clean"),
    "recognised": ("en.classification.txt", "asr.txt", "asr"),
    "labels": ("labels.classification.txt", "labels.txt", "labels"),
}
#: Names that only this layout has.
TELLING = {name for part in ("clean", "recognised") for name in PARTS[part]}


def is_parallel(folder: Path) -> bool:
    """Whether the folder has a clean or a recognised file of this layout."""
    return any((folder / name).is_file() for name in TELLING)


def read_recognised(folder: Path) -> Corpus:
    """The folder's sentences; the recogniser's line is the one alternative. Entities count as never annotated.

    Raises `DataError` where a file is missing or the files differ in length.
    """
    paths = []
    for part, names in PARTS.items():
        path = next((folder / name for name in names if (folder / name).is_file()), None)
        if path is None:
            raise DataError(folder, f"the file with the {part} lines is missing ({' or '.join(names)})")
        paths.append(path)
    lines = [read_lines(path) for path in paths]
    same_length(list(zip(paths, lines, strict=True)))
    samples: list[Sample] = []
    notes: list[Note] = []
    for number, (clean, heard, label) in enumerate(zip(*lines, strict=True), 1):
        if not label.strip():
            raise DataError(Place(paths[2], number), "the label is empty")
        other = ((heard.strip(), 1.0),) if heard.strip() else ()
        sample, cut = make_sample(clean.strip(), label.strip(), None, Place(paths[0], number), other)
        samples.append(sample)
        notes += cut
    return Corpus(tuple(samples), notes=tuple(notes))

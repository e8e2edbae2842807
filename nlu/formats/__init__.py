"""Readers of labelled sentences: Rasa YAML, BIO, JSON lines, parallel clean and recognised files."""

from nlu.formats.checks import check_trainable, contradictions, unknown_labels
from nlu.formats.corpus import Corpus, Mention, Sample
from nlu.formats.errors import DataError, Note, Place
from nlu.formats.read import read
from nlu.formats.write import write_rasa

__all__ = [
    "Corpus",
    "DataError",
    "Mention",
    "Note",
    "Place",
    "Sample",
    "check_trainable",
    "contradictions",
    "read",
    "unknown_labels",
    "write_rasa",
]

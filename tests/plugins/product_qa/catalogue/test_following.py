from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from plugins.product_qa.catalogue import Catalogue, load
from plugins.product_qa.catalogue.following import INDEX, follow
from plugins.product_qa.index import Index
from plugins.product_qa.types import CatalogueError, Product


class Encode:
    """Vectors of no meaning; counts the texts, and breaks at one of them if told to."""

    def __init__(self, version: str = "one", broken: str = "") -> None:
        self.version, self.broken = version, broken
        self.texts: list[str] = []

    def __call__(self, texts: Sequence[str]) -> list[NDArray[np.float32]]:
        if any(self.broken and self.broken in text for text in texts):
            raise CatalogueError("no vectors")
        self.texts += texts
        return [np.eye(1, 384, len(text) % 384, dtype=np.float32)[0] for text in texts]


def keys(catalogue: Catalogue) -> set[str]:
    return {hit.key for hit in Index.open(catalogue.path.parent / INDEX).search("kettle lamp chair", k=50)}


def test_the_index_follows_the_catalogue(tmp_path: Path) -> None:
    lamp, kettle = Product("l", "Lamp", bullets=("lamp one",)), Product("k", "Kettle", bullets=("kettle one",))
    with Catalogue.open(tmp_path) as catalogue:
        load(catalogue, [lamp, kettle])
        told: list[tuple[int, int]] = []
        encode = Encode()
        assert follow(catalogue, encode, lambda done, total: told.append((done, total))) == 4
        assert (told[0], told[-1], catalogue.waiting()) == ((0, 4), (4, 4), 4)
        assert keys(catalogue) == {one.key for name in "lk" for one in catalogue.passages(name)}
        assert (follow(catalogue, encode), len(encode.texts)) == (0, 4)

        catalogue.delete(["l"])
        catalogue.upsert([Product("k", "Kettle", bullets=("kettle two",))])
        assert (follow(catalogue, encode), len(encode.texts)) == (1, 5)
        assert keys(catalogue) == {one.key for one in catalogue.passages("k")}

        other = Encode("another")
        catalogue.upsert([Product("c", "Chair")])
        assert (follow(catalogue, other), len(other.texts)) == (3, 3)
        assert Index.open(tmp_path / INDEX).encoder == "another"


def test_broken_off_and_damaged(tmp_path: Path) -> None:
    with Catalogue.open(tmp_path) as catalogue:
        load(catalogue, [Product("k", "Kettle"), Product("c", "Chair")])
        with pytest.raises(CatalogueError, match="no vectors"):
            follow(catalogue, Encode(broken="Chair"))
        follow(catalogue, Encode())
        wanted = keys(catalogue)
        assert len(wanted) == 2
        for file in (tmp_path / INDEX).iterdir():
            file.write_bytes(b"rubbish")
        assert follow(catalogue, Encode()) == 2
        assert keys(catalogue) == wanted

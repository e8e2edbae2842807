"""What a running assistant has of a shop: catalogue, index, names, gate and ranker, opened when first needed.

Everything here blocks and is called in threads, except where it says otherwise.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from plugins.product_qa.catalogue import DEFAULT, Catalogue, RowError, Title, is_page, load, passages_of, read
from plugins.product_qa.gate import Gate, Gated
from plugins.product_qa.hints import MOST_TITLES, Hints
from plugins.product_qa.index import Hit, Index, IndexDamaged
from plugins.product_qa.settings import Options
from plugins.product_qa.types import CatalogueError, Passage, Product, Ranked

if TYPE_CHECKING:
    from plugins.product_qa.resolve import Resolved, Resolver

log = logging.getLogger(__name__)
Vector = NDArray[np.float32]
INDEX = "index"
#: The threshold of rankers whose card names none.
THRESHOLD = 0.5
#: Attributes of a product that are ranked besides what the index finds, and how well their names must fit.
MOST_STATED, STATED = 2, 0.4
#: Passages of a product that are looked at while the index does not have it yet.
MOST_UNINDEXED = 2000


class Scorer(Protocol):
    """What is needed of `ranker.Ranker`."""

    @property
    def card(self) -> Any:
        """What is known of the weights; `threshold` is the score from which a passage counts as an answer."""
        ...

    def score(self, question: str, passages: Sequence[Passage], hits: Sequence[Hit] | None = None) -> list[float]:
        """The probability of each passage that it answers the question fully."""
        ...


class Vectors(Protocol):
    """Sentence vectors."""

    @property
    def version(self) -> str:
        """Name of the encoder."""
        ...

    def __call__(self, texts: Sequence[str]) -> Sequence[Vector]:
        """A vector for each text."""
        ...


@dataclass(frozen=True)
class Parts:
    """What judges, in place of the shipped parts where it is given."""

    gate: Callable[[str, Vector | None], Gated] | None = None
    ranker: Scorer | None = None
    vectors: Vectors | None = None


class _Encoder:
    """The shipped sentence encoder; the ranker reads with the same one."""

    def __init__(self) -> None:
        from nlu.encoder import Encoder
        from nlu.runtime import ENCODER_FOLDER, MODELS

        self.encoder = Encoder(MODELS / ENCODER_FOLDER)
        self.version = self.encoder.version

    def __call__(self, texts: Sequence[str]) -> list[Vector]:
        return [found.vector for found in self.encoder.encode(texts, trunk=False)]


class _Watched:
    """Sentence vectors for the index, until the shop is closed."""

    def __init__(self, vectors: Vectors, closed: Callable[[], bool]) -> None:
        self._vectors, self._closed = vectors, closed
        self.version = vectors.version

    def __call__(self, texts: Sequence[str]) -> Sequence[Vector]:
        if self._closed():
            raise CatalogueError("the index was left before it was complete; the next start goes on with it")
        return self._vectors(texts)


class Shop:
    """Thread-safe. `folder` holds the catalogue, and the index in a folder of its own, which can be made again."""

    def __init__(self, options: Options, folder: Path, parts: Parts | None = None) -> None:
        self.options, self.folder = options, folder.expanduser()
        self._parts = parts or Parts()
        self._opening, self._following, self._heavy = threading.RLock(), threading.Lock(), threading.Lock()
        self._names = threading.Lock()  # the resolver cannot be changed and asked at once
        self._catalogue: Catalogue | None = None
        self._resolver: Resolver | None = None
        self._index: Index | None = None
        self._named_mark = ""
        self.gate = self._parts.gate
        self.hints: Hints | None = None
        self._ranker, self._vectors = self._parts.ranker, self._parts.vectors
        self._closed = False

    # quick: at the start of the assistant

    def prepare(self) -> None:
        """The gate, and hints of what is sold; writes nothing. Raises `CatalogueError`."""
        if self.gate is None:
            self.gate = Gate.load()
        if Catalogue.there(self.folder):
            self._hint(self.catalogue())
        else:
            rows = [one for one in islice(read(self._file()), MOST_TITLES) if not isinstance(one, RowError)]
            pages = [passage for one in rows if is_page(one) for passage in passages_of(one)]
            self.hints = Hints.of(
                [(one.id, one.title, one.aliases, one.category) for one in rows if not is_page(one)], pages
            )

    def _file(self) -> Path:
        return self.options.catalogue.expanduser() if self.options.catalogue else DEFAULT

    def _hint(self, catalogue: Catalogue) -> None:
        self.hints = Hints.of(catalogue.titles(), catalogue.shop_passages())

    def catalogue(self) -> Catalogue:
        """The catalogue; where there is none, the one of the options or the shipped one is imported first."""
        with self._opening:
            if self._closed:
                raise CatalogueError("the catalogue is closed")
            if self._catalogue is None:
                if not Catalogue.there(self.folder):
                    self._first()
                self._catalogue = Catalogue.open(self.folder)
            return self._catalogue

    def _first(self) -> None:
        try:
            with Catalogue.open(self.folder) as catalogue:
                report = load(catalogue, read(self._file()))
        except OSError as error:
            raise CatalogueError(f"{self.folder}: {error.strerror or error}") from None
        for one in report.errors:
            log.warning("product_qa: %s", one)

    # following what is imported, by this process or by others

    def behind(self) -> bool:
        """Whether the catalogue has changed since the index, or the names, were brought up to date; cheap."""
        mark = self.catalogue().mark
        return mark != self._opened_index().mark or mark != self._named_mark

    def _opened_index(self) -> Index:
        with self._opening:
            if self._index is None:
                try:
                    self._index = Index.open(self.folder / INDEX)
                except IndexDamaged as error:
                    log.warning("product_qa: %s; it is built anew", error)
                    self._index = Index.rebuild(self.folder / INDEX, (), self._watched())
            return self._index

    def follow(self) -> None:
        """Bring names and index up to date; only one thread does so, others wait. Raises `CatalogueError`."""
        with self._following:
            catalogue, index = self.catalogue(), self._opened_index()
            mark = catalogue.mark
            if mark != self._named_mark:
                self._hint(catalogue)
                self._follow_names(catalogue, mark)
            if mark == index.mark:
                return
            encode = self._watched()
            if index.encoder and index.encoder != encode.version:
                log.warning("product_qa: the index holds vectors of %s; it is built anew", index.encoder)
                index = self._index = Index.rebuild(self.folder / INDEX, (), encode)
            index.follow(catalogue.changes_since(index.mark), encode)

    def _watched(self) -> _Watched:
        return _Watched(self.vectors(), lambda: self._closed)

    def _follow_names(self, catalogue: Catalogue, mark: str) -> None:
        if self._resolver is not None:
            changed: list[str] = []
            gone: list[str] = []
            for change in catalogue.changes_since(self._named_mark):
                if change.reset:
                    self._resolver = None
                    break
                changed += change.products
                gone += change.deleted
            else:
                titles = catalogue.titles_of(list(dict.fromkeys(changed)))
                with self._names:
                    self._resolver.remove(gone)
                    self._resolver.add(titles)
        self._named_mark = mark

    def _opened_resolver(self) -> Resolver:
        with self._opening:
            if self._resolver is None:
                from plugins.product_qa.resolve import Resolver

                catalogue = self.catalogue()
                self._named_mark = catalogue.mark
                self._resolver = Resolver(catalogue.titles())
            return self._resolver

    # asking

    def resolve(self, text: str, recent: Sequence[str], page: str | None, shown: Sequence[str]) -> Resolved:
        """Which product a text means."""
        resolver = self._opened_resolver()
        with self._names:
            return resolver.resolve(text, recent, page, shown, self._about)

    def _about(self, id: str) -> str:
        product = self.catalogue().product(id)
        return " ".join(one.value for one in product.attributes if len(one.value) < 40) if product else ""

    def titles(self, ids: Sequence[str]) -> list[Title]:
        """What products are called, in the order of the ids; unknown ones are left out."""
        found = {one.id: one for one in self.catalogue().titles_of(list(ids))}
        return [found[id] for id in ids if id in found]

    def product(self, id: str) -> Product | None:
        """A product by its id."""
        return self.catalogue().product(id)

    def passages(self, id: str) -> list[Passage]:
        """The passages of a product that may be evidence."""
        return [one for one in self.catalogue().passages(id) if one.source in self.options.sources]

    def by_key(self, keys: Sequence[str]) -> list[Passage]:
        """Passages by their keys; those that are gone are left out."""
        return self.catalogue().passages_by_key(list(keys))

    @property
    def threshold(self) -> float:
        """The score from which a passage counts as an answer."""
        if self.options.threshold is not None:
            return self.options.threshold
        held = self.ranker().card.get("threshold", THRESHOLD)
        return float(held) if isinstance(held, int | float) and 0 < held < 1 else THRESHOLD

    def ranked(self, question: str, products: Sequence[str], top: int) -> list[Ranked]:
        """The passages of some products that are found for a question, the most probable answer first.

        "" among `products` stands for the shop's own pages.
        """
        vector = np.asarray(self.vectors()([question])[0], np.float32)
        index = self._opened_index()
        held = bool(index.encoder)
        hits = index.search(question, vector if held else None, list(products), top, self.options.sources)
        found = {one.key: one for one in self.by_key([hit.key for hit in hits])}
        more = [] if found else self._unindexed(question, products, top)
        for one in (*more, *self._stated(question, products)):
            found.setdefault(one.key, one)
        passages = list(found.values())
        kept = [hit for hit in hits if hit.key in found]
        scores = self.ranker().score(question, passages, kept if held else None)
        parts = {hit.key: {"bm25": float(hit.bm25), "cosine": float(hit.cosine)} for hit in kept}
        made = [Ranked(one, score, parts.get(one.key, {})) for one, score in zip(passages, scores, strict=True)]
        return sorted(made, key=lambda one: (-one.score, one.passage.key))

    def _stated(self, question: str, products: Sequence[str]) -> list[Passage]:
        """Attributes that a question asks for by another name ("how heavy is it"): words do not find them."""
        if "attribute" not in self.options.sources:
            return []
        from plugins.product_qa.facts import facts, lookup

        keys: list[str] = []
        for product in filter(None, map(self.product, filter(None, products))):
            known = facts(product, self.passages(product.id))
            keys += [match.fact.key for match in lookup(question, known)[:MOST_STATED] if match.score >= STATED]
        return self.by_key([key for key in dict.fromkeys(keys) if key])

    def _unindexed(self, question: str, products: Sequence[str], top: int) -> list[Passage]:
        """Passages by the words that they share with a question, where the index has none of them (yet)."""
        from plugins.product_qa.index.segment import indexed_text
        from plugins.product_qa.index.tokens import tokens

        catalogue, asked = self.catalogue(), set(tokens(question))
        lists: Iterable[list[Passage]] = (
            catalogue.passages(id) if id else catalogue.shop_passages() for id in products
        )
        passages = [one for some in lists for one in some[:MOST_UNINDEXED] if one.source in self.options.sources]
        shared = [(len(asked & set(tokens(indexed_text(one)))), place) for place, one in enumerate(passages)]
        best = sorted(shared, key=lambda one: (-one[0], one[1]))[:top]
        return [passages[place] for count, place in best if count]

    # heavy: loaded with the first question

    def vectors(self) -> Vectors:
        """The sentence encoder. Raises `CatalogueError`."""
        with self._heavy:
            if self._vectors is None:
                try:
                    self._vectors = _Encoder()
                except (OSError, ValueError) as error:
                    raise CatalogueError(f"the sentence encoder cannot be read: {error}") from error
            return self._vectors

    def ranker(self) -> Scorer:
        """The ranker. Raises `RankerError`."""
        vectors = self.vectors()
        with self._heavy:
            if self._ranker is None:
                from plugins.product_qa.ranker import Ranker

                own = vectors.encoder if isinstance(vectors, _Encoder) else None
                self._ranker = Ranker.load(encoder=own)
            return self._ranker

    def halt(self) -> None:
        """Let an index that is being brought up to date end with what it has; does not block."""
        self._closed = True

    def close(self) -> None:
        """Close the files, once nobody opens or follows any more."""
        self._closed = True
        with self._following, self._opening:
            if self._catalogue is not None:
                self._catalogue.close()
                self._catalogue = None

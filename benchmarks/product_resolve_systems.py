"""Systems that find a named product, and what each gets right."""

from __future__ import annotations

import csv
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from plugins.product_qa.facts import facts, lookup
from plugins.product_qa.resolve.evidence import FEATURES, judge
from plugins.product_qa.resolve.fit import threshold
from plugins.product_qa.resolve.mentions import Mention
from plugins.product_qa.resolve.names import Entry, Names
from plugins.product_qa.resolve.records import SPLITS, Pair, RecordsError, read
from plugins.product_qa.resolve.resolver import Resolver
from plugins.product_qa.resolve.words import FUNCTION, words
from plugins.product_qa.types import Attribute, Passage, Product

SYSTEMS = ("exact", "bm25", "letters", "letters+sounds")
_K1, _B = 1.2, 0.75


class BM25:
    """Okapi BM25 over the words of titles, as a table of weights by word."""

    def __init__(self, titles: Mapping[str, str]) -> None:
        self.ids = list(titles)
        bags = [Counter(word.text for word in words(titles[id])) for id in self.ids]
        lengths = np.array([sum(bag.values()) for bag in bags], np.float64)
        lists: dict[str, list[tuple[int, int]]] = {}
        for place, bag in enumerate(bags):
            for word, count in bag.items():
                lists.setdefault(word, []).append((place, count))
        self._lists: dict[str, tuple[NDArray[np.int64], NDArray[np.float64]]] = {}
        for word, found in lists.items():
            places, counts = np.array([p for p, _ in found]), np.array([c for _, c in found], np.float64)
            idf = np.log(1 + (len(bags) - len(found) + 0.5) / (len(found) + 0.5))
            long = _K1 * (1 - _B + _B * lengths[places] / lengths.mean())
            self._lists[word] = places, idf * counts * (_K1 + 1) / (counts + long)

    def scores(self, text: str) -> NDArray[np.float64]:
        """The score of every title [titles]."""
        total = np.zeros(len(self.ids))
        for word in words(text):
            if word.text not in FUNCTION and word.text in self._lists:
                places, weights = self._lists[word.text]
                total[places] += weights
        return total


class Systems:
    """The systems over one catalogue: each gives its best product and a score that grows with its confidence."""

    def __init__(self, titles: Mapping[str, str]) -> None:
        self._bm25 = BM25(titles)
        self._bags = {id: frozenset(word.text for word in words(text)) - FUNCTION for id, text in titles.items()}
        entries = [(id, text, (), "") for id, text in titles.items()]
        self._resolvers = {"letters": Resolver(entries, sounds=False), "letters+sounds": Resolver(entries)}

    def best(self, system: str, text: str) -> tuple[str | None, float]:
        """The product a system takes as named, and its confidence."""
        if system in self._resolvers:
            found = self._resolvers[system].named(text).candidates
            return found[0] if found else (None, 0.0)
        scores = self._bm25.scores(text)
        place = int(scores.argmax())
        if scores[place] <= 0:
            return None, 0.0
        id = self._bm25.ids[place]
        if system == "bm25":
            return id, float(scores[place])
        said = frozenset(word.text for word in words(text)) - FUNCTION
        return (id, 1.0) if self._bags[id] <= said else (None, 0.0)

    def limit(self, system: str, asked: Sequence[Mention]) -> float:
        """The confidence from which 95 % are right."""
        found = [(*self.best(system, mention.text), mention.product) for mention in asked]
        given = [(score, id == product) for id, score, product in found if id is not None]
        return threshold([score for score, _ in given], [right for _, right in given])

    def measure(self, system: str, asked: Sequence[Mention], limit: float) -> dict[str, float]:
        """Accuracy@1 over mentions of the catalogue; at the limit: coverage of them, and precision of all answers."""
        found = [(*self.best(system, mention.text), mention) for mention in asked]
        right = [id == mention.product for id, _, mention in found if mention.product]
        given = [(id == mention.product, mention) for id, score, mention in found if score >= limit and id]
        covered = sum(good for good, mention in given if mention.product)
        out = {"accuracy@1": 100 * float(np.mean(right)), "found at 95 % precision": 100 * covered / len(right)}
        return out | {"precision there": 100 * float(np.mean([good for good, _ in given])) if given else 100.0}


def linked(data: Path, name: str) -> dict[str, float]:
    """Accuracy@1 of finding the record of the other shop for each test record that has one, among all its titles."""
    pairs = {split: read(data, name, split) for split in SPLITS}
    rights = sorted({_title(pair, "right") for split in SPLITS for pair in pairs[split]} - {""})
    catalogue = {text: text for text in rights}
    goal: dict[str, set[str]] = {}
    for pair in pairs["test"]:
        if pair.same:
            goal.setdefault(_title(pair, "left"), set()).add(_title(pair, "right"))
    systems = Systems(catalogue)
    bm25 = np.mean([systems.best("bm25", text)[0] in right for text, right in goal.items()])
    ours = np.mean([systems.best("letters+sounds", text)[0] in right for text, right in goal.items()])
    letters = np.mean([systems.best("letters", text)[0] in right for text, right in goal.items()])
    return {"records": len(goal), "titles": len(rights), "bm25": 100 * float(bm25), "letters": 100 * float(letters),
            "ours": 100 * float(ours)}  # fmt: skip


def matched(data: Path, name: str) -> dict[str, float]:
    """F1 of "the same product" on the test split; the threshold is the best on the valid split."""
    pairs = {split: read(data, name, split) for split in SPLITS}
    index = Names()
    texts = sorted({_title(pair, "right") for split in SPLITS for pair in pairs[split]})
    index.add(Entry(str(place), text) for place, text in enumerate(texts))
    index.commit()
    same = {split: np.array([pair.same for pair in pairs[split]]) for split in SPLITS}
    overlap = {split: np.array([_overlap(pair, index) for pair in pairs[split]]) for split in SPLITS}
    features = {split: np.stack([_features(pair, index) for pair in pairs[split]]) for split in SPLITS}
    weights = _logistic(features["train"], same["train"])
    ours = {split: features[split] @ weights for split in SPLITS}
    out = {"pairs": float(len(pairs["test"]))}
    for system, scores in (("token overlap", overlap), ("ours", ours)):
        limit = max(np.unique(scores["valid"]), key=lambda at: _f1(scores["valid"] >= at, same["valid"]))
        out[system] = 100 * _f1(scores["test"] >= limit, same["test"])
    return out


def _title(pair: Pair, side: str) -> str:
    text, model = (pair.left, pair.left_model) if side == "left" else (pair.right, pair.right_model)
    return text if not model or model in text else f"{text} {model}"


def _overlap(pair: Pair, index: Names) -> float:
    """Jaccard coefficient of the words, weighted by their rarity."""
    left = {word.text for word in words(_title(pair, "left"))}
    right = {word.text for word in words(_title(pair, "right"))}
    total = sum(index.weight(word) for word in left | right)
    return sum(index.weight(word) for word in left & right) / total if total else 0.0


def _features(pair: Pair, index: Names) -> NDArray[np.float64]:
    """Features of the evidence in both directions, the overlap, and products of it with each."""
    parts = []
    texts = _title(pair, "left"), _title(pair, "right")
    for said, name in (texts, texts[::-1]):
        names = Names()
        names.add([Entry("x", name)])
        found = names.search([word.text for word in words(said) if word.text not in FUNCTION], k=1)
        judged = judge(words(said), found, index, False)
        parts.append(judged[0].features if judged else np.zeros(len(FEATURES)))
    plain = np.concatenate([*parts, [_overlap(pair, index)]])
    return np.concatenate([plain, plain**2, plain * plain[-1]])


def _logistic(table: NDArray[np.float64], same: NDArray[np.bool_], decay: float = 1e-3) -> NDArray[np.float64]:
    """Weights of a logistic regression by Newton's method."""
    weights = np.zeros(table.shape[1])
    ridge = decay * len(table) * np.eye(table.shape[1])
    for _ in range(15):
        chance = 1 / (1 + np.exp(-np.clip(table @ weights, -30, 30)))
        slope = table.T @ (chance - same) + ridge @ weights
        weights -= np.linalg.solve((table * (chance * (1 - chance))[:, None]).T @ table + ridge, slope)
    return weights


def _f1(said: NDArray[np.bool_], same: NDArray[np.bool_]) -> float:
    both = float((said & same).sum())
    return 2 * both / float(said.sum() + same.sum()) if both else 0.0


def large_catalogue(titles: Sequence[str], size: int, rng: random.Random) -> list[str]:
    """Real titles, then further ones whose first half is one title's and second half another's."""
    found = dict.fromkeys(titles)
    parts = [title.split() for title in titles]
    while len(found) < size:
        left, right = rng.choice(parts), rng.choice(parts)
        found[" ".join([*left[: len(left) // 2 + 1], *right[len(right) // 2 :]])] = None
    return list(found)[:size]


def kept(data: Path, titles: Mapping[str, str], rng: random.Random, count: int) -> float:
    """Share of customers' questions on a page (semiPQA, unseen test part) that are taken to be about its product.

    The page is any product of the catalogue, the questions are about others' kinds: harder than in a shop.
    """
    path = data / "pqa_contextual/semiPQA/attribute_ranking/testunseen.csv"
    if not path.exists():
        raise RecordsError(f"questions are missing: {path}")
    with path.open(encoding="utf-8", newline="") as lines:
        questions = sorted({line["question"] for line in csv.DictReader(lines, delimiter="\t")})
    resolver = Resolver((id, text, (), "") for id, text in titles.items())
    ids = sorted(titles)
    right = []
    for question in rng.sample(questions, min(count, len(questions))):
        page = rng.choice(ids)
        right.append(resolver.resolve(question, page=page).product == page)
    return 100 * float(np.mean(right))


def left(titles: Mapping[str, str], asked: Sequence[Mention], rng: random.Random) -> tuple[float, float]:
    """Of mentions of a product while another one's page is shown: share taken as meant, share taken as the page's."""
    resolver = Resolver((id, text, (), "") for id, text in titles.items())
    ids = sorted(titles)
    found = []
    for mention in asked:
        page = rng.choice([id for id in rng.sample(ids, 2) if id != mention.product])
        product = resolver.resolve(mention.text, page=page).product
        found.append((product == mention.product, product == page))
    return 100 * float(np.mean([right for right, _ in found])), 100 * float(np.mean([stays for _, stays in found]))


def looked_up(data: Path, split: str) -> dict[str, float]:
    """Of semiPQA's questions that some attribute answers: share whose first fact is one that does, share that get one
    at all, and the expectation of a random attribute. No training: names, synonyms and values alone."""
    path = data / f"pqa_contextual/semiPQA/attribute_ranking/{split}.csv"
    groups: dict[str, list[dict[str, str]]] = {}
    with path.open(encoding="utf-8", newline="") as lines:
        for line in csv.DictReader(lines, delimiter="\t"):
            groups.setdefault(line["qid"], []).append(line)
    right: list[float] = []
    given: list[float] = []
    chance: list[float] = []
    for lines_of in groups.values():
        good = {line["qa_pair_id"] for line in lines_of if line["label"] == "1"}
        if not good:
            continue
        found = []
        for line in lines_of:
            name, _, value = line["candidate"].partition(":")
            attribute = Attribute(name, value.strip())
            passage = Passage(line["qa_pair_id"], "", "attribute", "", attribute=attribute)
            found += facts(Product("", "", (attribute,)), [passage])
        matches = lookup(lines_of[0]["question"], found)
        given.append(float(bool(matches)))
        right.append(float(bool(matches) and matches[0].fact.key in good))
        chance.append(len(good) / len(lines_of))
    answers = {"P@1": right, "given": given, "random": chance}
    return {"questions": float(len(right))} | {key: 100 * float(np.mean(values)) for key, values in answers.items()}

"""Texts for the gate: public questions on products, keywords made of them, product searches and everyday requests.

Only sets whose licence lets trained weights be shipped: semiPQA, hetPQA and ePQA (CDLA-Sharing 1.0), HWU64 and SLURP
(CC BY 4.0), CLINC150 (CC BY 3.0), and texts of our own on what a shop answers for.
"""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from plugins.product_qa.gate.features import words
from plugins.product_qa.gate.keywords import keywords_of
from plugins.product_qa.gate.lexicon import ATTRIBUTES, MATTERS, PROPERTIES, PROPERTY_PAIRS, listed
from plugins.product_qa.training.pairs import fold_of
from plugins.product_qa.types import CatalogueError

#: Index of each class, in the order of `plugins.product_qa.gate.model.CLASSES`.
QUESTION, KEYWORDS, SEARCH, CHAT = range(4)
#: CLINC150's intents that ask a shop something: they are no everyday requests, so they are left out of the negatives.
CLINC_SHOP = frozenset({"order_status"})
TEST_FOLD, DEV_FOLD = 0, 1


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text with its class and the set it is of."""

    text: str
    label: int
    source: str


@dataclass(frozen=True)
class Parts:
    """No text of one part is in another, and no product with a name."""

    train: list[Labelled]
    dev: list[Labelled]
    test: list[Labelled]


def parts_of(data: Path, seed: int = 0, most: int = 1400, everyday: int = 4500) -> Parts:
    """The parts; `most` bounds what one set of questions brings to `train`,
    `everyday` what one set of requests brings (to `dev` a quarter of it). Raises `CatalogueError` naming a missing
    file or column."""
    rng = random.Random(seed)
    home = data / "pqa_contextual"
    answers = home / "hetPQA" / "answer_generation"
    epqa = _rows(home / "ePQA" / "dev.csv", ",", ("question", "ASIN", "title"))
    tested = _rows(answers / "test.csv", "\t", ("question", "ASIN"))
    dev_rows = _rows(answers / "dev.csv", "\t", ("question", "ASIN"))
    held = {row["ASIN"] for row in [*epqa, *tested, *dev_rows]}
    asked = {"train": dict[str, str](), "dev": dict[str, str](), "test": dict[str, str]()}
    titles = {name: dict[str, None]() for name in asked}
    dev_products, tested_products = {row["ASIN"] for row in dev_rows}, {row["ASIN"] for row in tested}
    for row in epqa:
        part = {TEST_FOLD: "test", DEV_FOLD: "dev"}.get(fold_of(row["ASIN"]), "train")
        # A product of both sets goes where hetPQA has it.
        part = "dev" if row["ASIN"] in dev_products else "test" if row["ASIN"] in tested_products else part
        asked[part][row["question"]] = "epqa"
        titles[part][row["title"]] = None
    asked["test"] |= {row["question"]: "hetpqa" for row in tested if row["ASIN"] not in dev_products}
    asked["dev"] |= {row["question"]: "hetpqa" for row in dev_rows}
    train = _rows(answers / "train.csv", "\t", ("question", "ASIN"))
    asked["train"] |= {row["question"]: "hetpqa" for row in train if row["ASIN"] not in held}
    ranking = home / "semiPQA" / "attribute_ranking"
    for part, name in (("train", "dev"), ("dev", "testseen"), ("test", "testunseen")):
        asked[part] |= {row["question"]: "semipqa" for row in _rows(ranking / f"{name}.csv", "\t", ("question",))}
    found: dict[str, list[Labelled]] = {"train": [], "dev": [], "test": []}
    for part in found:
        for source in ("epqa", "hetpqa", "semipqa"):
            texts = sorted(text for text, where in asked[part].items() if where == source)
            for text in rng.sample(texts, min(len(texts), most if part == "train" else most // 3)):
                found[part].append(Labelled(text, QUESTION, source))
                query = keywords_of(text, rng.choice((0, 2, 3)))
                if 1 < len(query.split()) < 9:
                    found[part].append(Labelled(query, KEYWORDS, f"{source} keywords"))
        found[part] += [Labelled(searched(title, rng), SEARCH, "titles") for title in titles[part] for _ in range(2)]
    own = own_texts(rng)
    for place, one in enumerate(own):
        found["dev" if place % 5 == 1 else "test" if place % 5 == 0 else "train"].append(one)
    for part, requests in _everyday(data, rng, everyday).items():
        found[part] += requests
    return _apart(found)


def searched(title: str, rng: random.Random) -> str:
    """A title as somebody would type it into a search box: two to six of its first words."""
    parts = words(title)
    return " ".join(parts[: rng.randint(2, 6)])


def own_texts(rng: random.Random) -> list[Labelled]:
    """Questions and keywords on a shop's matters and on common attributes, from the templates of the rewriting."""
    things = sorted(listed("kettle backpack tent headphones blender lamp drill shoes phone laptop camera mattress"))
    out: list[Labelled] = []
    for query, question in MATTERS.items():
        out += [Labelled(query, KEYWORDS, "own"), Labelled(question, QUESTION, "own")]
    for query, question in ATTRIBUTES.items():
        thing = rng.choice(things)
        out.append(Labelled(f"{thing} {query}", KEYWORDS, "own"))
        out.append(Labelled(question.replace("{of}", f"the {thing}"), QUESTION, "own"))
    for name in sorted(PROPERTIES) + sorted(PROPERTY_PAIRS):
        thing = rng.choice(things)
        out.append(Labelled(f"is the {thing} {name}", QUESTION, "own"))
    verbs = "return a package, exchange shoes, cancel my order, track my package, change my address, get a refund"
    more = (
        "use a gift card, report a damaged item, pay with paypal, change my password, return a gift, renew the warranty"
    )
    for action in f"{verbs}, {more}".split(", "):
        out += [Labelled(f"how do i {action}?", QUESTION, "own"), Labelled(keywords_of(action), KEYWORDS, "own")]
    rng.shuffle(out)
    return [one for one in out if one.text]


def clinc(data: Path, part: str) -> list[tuple[str, str]]:
    """CLINC150's (text, intent) of `part` (train, val, test, oos_test, ...), the shop's own intents left out."""
    path = data / "clinc150" / "data" / "data_full.json"
    return [(text, intent) for text, intent in _json(path)[part] if intent not in CLINC_SHOP]


def slurp(data: Path, part: str) -> list[str]:
    """SLURP's sentences of `part` (devel, test)."""
    path = data / "slurp" / "dataset" / "slurp" / f"{part}.jsonl"
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        return list(dict.fromkeys(json.loads(line)["sentence"] for line in lines))
    except FileNotFoundError:
        raise CatalogueError(f"{path}: the file is missing") from None
    except (OSError, ValueError, KeyError) as error:
        raise CatalogueError(f"{path}: cannot be read: {error}") from error


def _everyday(data: Path, rng: random.Random, most: int) -> dict[str, list[Labelled]]:
    out: dict[str, list[Labelled]] = {}
    sampled = rng.sample(clinc(data, "train"), most)
    out["train"] = [Labelled(text, CHAT, "clinc") for text, _ in sampled]
    out["train"] += [Labelled(text, CHAT, "clinc oos") for text, _ in clinc(data, "oos_train")]
    spoken = hwu(data)
    out["train"] += [Labelled(text, CHAT, "hwu") for text in rng.sample(spoken, min(len(spoken), most))]
    valid, heard = clinc(data, "val"), slurp(data, "devel")
    out["dev"] = [Labelled(text, CHAT, "clinc") for text, _ in rng.sample(valid, min(len(valid), most // 4))]
    out["dev"] += [Labelled(text, CHAT, "slurp") for text in rng.sample(heard, min(len(heard), most // 4))]
    tested = (("clinc", [text for text, _ in clinc(data, "test")]), ("slurp", slurp(data, "test")))
    out["test"] = [
        Labelled(text, CHAT, source) for source, texts in tested for text in rng.sample(texts, min(len(texts), most))
    ]
    beyond = [text for text, _ in clinc(data, "oos_test")]
    out["test"] += [Labelled(text, CHAT, "clinc oos") for text in rng.sample(beyond, min(len(beyond), most // 2))]
    return out


def hwu(data: Path) -> list[str]:
    """HWU64's sentences."""
    found: dict[str, None] = {}
    paths = sorted((data / "hwu64").rglob("testset/csv/*.csv"))
    if not paths:
        raise CatalogueError(f"{data / 'hwu64'}: no folder testset/csv with files is in it")
    for path in paths:
        for row in _rows(path, ";", ("answer_from_anno",)):
            found[row["answer_from_anno"].strip()] = None
    return [text for text in found if text]


def _apart(found: dict[str, list[Labelled]]) -> Parts:
    """Without texts that stand in a part read before: test first, then dev; all without doubles."""
    seen: set[str] = set()
    out: dict[str, list[Labelled]] = {}
    for part in ("test", "dev", "train"):
        out[part] = []
        own: set[str] = set()
        for one in found[part]:
            key = " ".join(words(one.text))
            if key and key not in seen and key not in own:
                own.add(key)
                out[part].append(one)
        seen |= own
    return Parts(out["train"], out["dev"], out["test"])


def _rows(path: Path, delimiter: str, needed: Iterable[str]) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file, delimiter=delimiter)
            if missing := [name for name in needed if name not in (reader.fieldnames or ())]:
                raise CatalogueError(f"{path}: the column {missing[0]!r} is missing")
            return [{key: value or "" for key, value in row.items() if key} for row in reader]
    except FileNotFoundError:
        raise CatalogueError(f"{path}: the file is missing") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CatalogueError(f"{path}: cannot be read: {error}") from error


def _json(path: Path) -> dict[str, list[tuple[str, str]]]:
    try:
        found: dict[str, list[tuple[str, str]]] = json.loads(path.read_text(encoding="utf-8"))
        return found
    except FileNotFoundError:
        raise CatalogueError(f"{path}: the file is missing") from None
    except (OSError, ValueError) as error:
        raise CatalogueError(f"{path}: cannot be read: {error}") from error

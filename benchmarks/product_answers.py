"""Composed answers against written ones: sentences for attributes, answers from passages, yes and no, grounding, speed.

    python -m benchmarks.product_answers --data DIR [--quick] [--json]

--data: the folder with pqa_contextual. Wordings and weights are the shipped ones, learned from semiPQA train, hetPQA
train and the half of ePQA that is not held out (`plugins.product_qa.answer.learn --check` proves it); figures are of
semiPQA's and hetPQA's test splits and of the held-out half of ePQA (by product). BLEU and ROUGE-L by `answer.scores`.
Baselines in the same run: the evidence as it stands, its first sentence, the nearest training sentence with its values
exchanged, and always "yes". `--quick` takes every fifth pair.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmarks.common import Report, Row, Steps, arguments, report, row
from benchmarks.paired import hierarchical_bootstrap
from plugins.product_qa.answer import composer, opinions, pairs, templates
from plugins.product_qa.answer.extract import sentences
from plugins.product_qa.answer.grounding import grounded
from plugins.product_qa.answer.pairs import Pair
from plugins.product_qa.answer.polarity import verdict
from plugins.product_qa.answer.question import question
from plugins.product_qa.answer.realise import sentence
from plugins.product_qa.answer.scores import bleu_of, counts, rouge_l
from plugins.product_qa.answer.structure import leaves, split
from plugins.product_qa.answer.words import content, number
from plugins.product_qa.types import Attribute, Ranked

NAME = "product-answers"
DRAWS, SEED = 1000, 0
BARS = {"gain": 0.0, "grounded": 1.0}
#: A gold passage is taken as certain: what is measured here is the answer, not the ranking.
SURE = 1.0
Texts = Sequence[str]


def generation(head: str, systems: Mapping[str, Texts], references: Texts) -> list[Row]:
    """BLEU and ROUGE-L of every system with intervals, and the gain of the first over each other."""
    rng, out, rouges = np.random.default_rng(SEED), [], {}
    for name, texts in systems.items():
        sums = np.asarray([counts(text, [wanted]) for text, wanted in zip(texts, references, strict=True)], np.float64)
        draws = rng.integers(len(sums), size=(DRAWS, len(sums)))
        spread = np.percentile([bleu_of(list(sums[draw].sum(axis=0))) for draw in draws], [2.5, 97.5])
        whole = bleu_of(list(sums.sum(axis=0)))
        rouge = np.asarray([rouge_l(text, wanted) for text, wanted in zip(texts, references, strict=True)])
        rouges[name] = rouge
        own = np.percentile(rouge[draws].mean(axis=1), [2.5, 97.5])
        out.append(row(f"{head}: {name}: BLEU", whole, ci95=[float(one) for one in spread], better="higher"))
        out.append(
            row(f"{head}: {name}: ROUGE-L", float(rouge.mean()), ci95=[float(one) for one in own], better="higher")
        )
    first, *others = systems
    for name in others:
        gap = hierarchical_bootstrap(rouges[first], rouges[name], np.random.default_rng(SEED))
        barred = name.startswith(("copy", "lead", "nearest"))
        bar = BARS["gain"] if barred else None
        metric = f"{head}: gain of {first} over {name}: ROUGE-L (lower bound)"
        out.append(row(metric, gap.low, ci95=[gap.low, gap.high], bar=bar, better="higher"))
    return out


class Nearest:
    """The training sentence of the most similar data, with the values of the data at hand where they fit."""

    def __init__(self, rows: Sequence[tuple[str, str]]) -> None:
        self._rows = [(set(content(data)), data, text) for data, text in rows]

    def __call__(self, data: str) -> str:
        own = set(content(data))
        _, other, text = max(self._rows, key=lambda one: len(own & one[0]) / max(1, len(own | one[0])))
        groups, theirs = (templates.grouped(leaves(split(one)[1])) for one in (data, other))
        shape = templates.delexicalised(text, theirs)
        return templates.filled(shape, groups) if shape and len(groups) == len(theirs) else text


def attributes(data: Path, step: int) -> list[Row]:
    """semiPQA's data-to-text test splits."""
    nearest, out = Nearest(pairs.data_to_text(data, "train")), []
    for split_name, title in (("test_seen", "seen"), ("test_unseen", "unseen")):
        rows = pairs.data_to_text(data, split_name)[::step]

        def realised(text: str, known: dict[str, str] | None) -> str:
            name, value = split(text)
            return sentence(Attribute(name, value), subject="The product", templates=known)

        systems = {
            "templates and rules": [realised(one, None) for one, _ in rows],
            "rules alone": [realised(one, {}) for one, _ in rows],
            "copy of the data": [one for one, _ in rows],
            "nearest training sentence": [nearest(one) for one, _ in rows],
        }
        out += generation(f"semiPQA {title} attributes ({len(rows)})", systems, [text for _, text in rows])
    return out


def _copied(one: Pair) -> str:
    return one.passage.text


def _lead(one: Pair) -> str:
    return sentences(one.passage.text)[0]


def _bare(one: Pair) -> str:
    return composer.core(one.question, one.passage)


def _whole(one: Pair) -> str:
    return composer.compose(one.question, [Ranked(one.passage, SURE)]).text


def answers(head: str, found: Sequence[Pair], first: str) -> list[Row]:
    """Answers from gold passages: whole, without the source, and the baselines.

    first: the way that is held against the others. hetPQA's references never name a source, those of ePQA do ("a
    customer says that"); so it was on the pairs that answers were developed on.
    """
    ways: dict[str, Callable[[Pair], str]] = {
        "composed, source not named": _bare, "composed": _whole, "copy of the passage": _copied, "lead sentence": _lead,
    }  # fmt: skip
    order = [first, *(name for name in ways if name != first)]
    systems = {name: [ways[name](one) for one in found] for name in order}
    out = generation(f"{head} ({len(found)})", systems, [one.answer for one in found])
    for source in sorted({one.passage.source for one in found}):
        picked = [at for at, one in enumerate(found) if one.passage.source == source]
        wanted = [found[at].answer for at in picked]
        for name in ("composed, source not named", "copy of the passage"):
            sums = np.asarray([counts(systems[name][at], [text]) for at, text in zip(picked, wanted, strict=True)])
            label = f"{head}, from {source} ({len(picked)}): {name}: BLEU"
            out.append(row(label, bleu_of([float(one) for one in sums.sum(axis=0)]), better="higher"))
    return out


def polar(head: str, found: Sequence[Pair]) -> list[Row]:
    """Yes and no against the answers that begin with one."""
    asked = [one for one in found if one.verdict is not None]
    given = [
        verdict(question(one.question), one.passage.text, one.passage.source, one.passage.question) for one in asked
    ]
    decided = [(own, one.verdict) for own, one in zip(given, asked, strict=True) if own is not None]
    right = [own == wanted for own, wanted in decided]
    always = [bool(wanted) for _, wanted in decided]
    text = f"{head}: yes or no ({len(asked)})"
    out = [
        row(f"{text}: share decided", len(decided) / max(1, len(asked)), better="higher"),
        row(
            f"{text}: right where decided", _mean(right), ci95=_interval(right), baseline=_mean(always),
            baseline_name='always "yes" on the same', better="higher",
        ),
    ]  # fmt: skip
    for side, name in ((True, "yes"), (False, "no")):
        own = [wanted == side for said, wanted in decided if said == side]
        out.append(
            row(f"{text}: right where it says {name} ({len(own)})", _mean(own), ci95=_interval(own), better="higher")
        )
    reviews = [one for one in asked if one.passage.source == "review"]
    taken = [(opinions.side(question(one.question), one.passage.text), one.verdict) for one in reviews]
    sides = [(own == "for") == wanted for own, wanted in taken if own is not None]
    rest = [bool(wanted) for own, wanted in taken if own is not None]
    out.append(
        row(
            f"{head}: reviews that take a side ({len(reviews)}): share",
            len(sides) / max(1, len(reviews)),
            better="higher",
        )
    )
    out.append(
        row(
            f"{head}: reviews that take a side: right", _mean(sides), ci95=_interval(sides), baseline=_mean(rest),
            baseline_name='always "for"', better="higher",
        )
    )  # fmt: skip
    return out


def _mean(values: Sequence[bool]) -> float:
    return float(np.mean(values)) if len(values) else 0.0


def _interval(values: Sequence[bool]) -> list[float]:
    if not len(values):
        return [0.0, 0.0]
    own = np.asarray(values, np.float64)
    draws = np.random.default_rng(SEED).integers(own.size, size=(DRAWS, own.size))
    return [float(one) for one in np.percentile(own[draws].mean(axis=1), [2.5, 97.5])]


def _other_number(text: str, rng: np.random.Generator) -> str:
    spans = list(re.finditer(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.]*\d)", text))
    if not spans:
        return ""
    at = spans[int(rng.integers(len(spans)))]
    value = number(at.group()) or "0"
    return f"{text[: at.start()]}{float(value) * 3 + 7:g}{text[at.end() :]}"


def _other_word(text: str, strange: str, rng: np.random.Generator) -> str:
    words = [word for word in re.findall(r"[a-z]{5,}", strange.lower()) if content(word)]
    return f"{text.rstrip('.')} and {words[int(rng.integers(len(words)))]}." if words else ""


def _denied(text: str, _: np.random.Generator) -> str:
    return (
        re.sub(r"\b(is|are|can|will|was|does)\b(?! not|n't)", r"\1 not", text, count=1) if " not " not in text else ""
    )


def grounding(found: Sequence[Pair]) -> list[Row]:
    """Every composed answer against its evidence; planted faults; what the written answers add."""
    rng = np.random.default_rng(SEED)
    whole = [composer.compose(one.question, [Ranked(one.passage, SURE)]) for one in found]
    clean = [not grounded(given.text, one.question, given.evidence) for given, one in zip(whole, found, strict=True)]
    out = [
        row(f"grounded composed answers ({len(found)})", _mean(clean), bar=BARS["grounded"], better="higher"),
        row("composed answers that say the pages do not say", _mean([one.form == "none" for one in whole])),
    ]
    order = rng.permutation(len(found))
    caught: dict[str, list[bool]] = {
        "a number changed": [],
        "a word of another product added": [],
        "a statement denied": [],
    }
    for at, other in enumerate(order):
        one, given = found[at], whole[at]
        if given.form == "none":
            continue
        strange = found[other].passage.text if found[other].passage.product != one.passage.product else ""
        for name, text in (
            ("a number changed", _other_number(given.text, rng)),
            ("a word of another product added", _other_word(given.text, strange, rng)),
            ("a statement denied", _denied(given.text, rng)),
        ):
            if text and text != given.text:
                caught[name].append(bool(grounded(text, one.question, given.evidence)))
    for name, flags in caught.items():
        out.append(
            row(f"planted fault caught: {name} ({len(flags)})", _mean(flags), ci95=_interval(flags), better="higher")
        )
    written = [bool(grounded(one.answer, one.question, [one.passage])) for one in found]
    out.append(row("written answers that go beyond their passage, by the same check", _mean(written)))
    return out


def speed(found: Sequence[Pair]) -> list[Row]:
    """Milliseconds of processor time of one answer, once units are loaded."""
    composer.compose("is it under 2 kilos?", [Ranked(found[0].passage, SURE)])
    times = []
    for one in found[:1000]:
        start = time.thread_time()
        composer.compose(one.question, [Ranked(one.passage, SURE)])
        times.append(1000 * (time.thread_time() - start))
    return [row(f"compose, p{share} (ms of processor time)", float(np.percentile(times, share))) for share in (50, 95)]


def measured(data: Path, quick: bool) -> Report:
    """The whole report. Raises CatalogueError where data are missing."""
    load, step = os.getloadavg(), 5 if quick else 1
    het = pairs.hetpqa(data, "test")[::step]
    epqa = [one for one in pairs.epqa(data) if pairs.held_out(one.passage.product)][::step]
    full = [one for one in epqa if one.label == 2]
    everything = [pair for name in pairs.SPLITS for pair in pairs.hetpqa(data, name)] + pairs.epqa(data)
    parts: list[tuple[str, Callable[[], list[Row]]]] = [
        ("attributes", lambda: attributes(data, step)),
        ("hetPQA", lambda: answers("hetPQA test", het, "composed, source not named")),
        ("ePQA", lambda: answers("ePQA held-out half, fully answering", full, "composed")),
        ("yes and no", lambda: polar("hetPQA test", het) + polar("ePQA held-out half", full)),
        ("grounding", lambda: grounding(everything[::step])),
        ("speed", lambda: speed(het)),
    ]
    rows: list[Row] = []
    with Steps(len(parts)).shown() as steps:
        for name, part in parts:
            steps.begin(name)
            rows += part()
            steps.done()
    return report(NAME, [SEED], rows, load)


def main(argv: Sequence[str] | None = None) -> int:
    """The command."""
    parser = arguments(NAME, (__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="the folder with pqa_contextual")
    options = parser.parse_args(argv)
    return measured(options.data, options.quick).show(options.json)


if __name__ == "__main__":
    sys.exit(main())

"""How entity words cluster in a model's space: alignment and uniformity by label, a t-SNE picture, likely label errors.

    assistant eval nlu --clusters FILE [FILE ...] [--model DIR] [--out DIR] [--json]

FILE: labelled sentences in any format of `nlu.formats`. --model: a folder that `nlu.joint.store.save` wrote; without
it the states of the shipped model's branch are looked at. --out: where `clusters.png`, `strays.txt` and `strays.json`
go.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from nlu.data import Row
from nlu.encoder import Encoder, Words, open_session, runs
from nlu.formats import DataError, read
from nlu.joint.metrics import Floats, alignment, mean_alignment, uniformity
from nlu.joint.strays import OUTSIDE, Stray, Token, strays
from nlu.runtime import ENCODER_FOLDER, HEAD_FOLDER, MODELS

#: Points of the picture, and labels in its legend.
PICTURE_POINTS, PICTURE_LABELS = 1500, 20
#: Sentences encoded at a time.
CHUNK = 256


@dataclass(frozen=True, eq=False)
class Space:
    """Words of labelled sentences in a model's space: tokens, and their vectors [N, D]."""

    model: str
    tokens: list[Token]
    vectors: Floats

    def entities(self) -> tuple[Floats, list[str]]:
        """Vectors and labels of the entity words."""
        inside = np.array([token.label != OUTSIDE for token in self.tokens], bool)
        return self.vectors[inside], [token.label for token in self.tokens if token.label != OUTSIDE]


def tokens_of(sentence: int, row: Row, words: Words) -> list[Token]:
    """The labelled words of a sentence."""
    out = []
    for start, end in zip(words.starts, words.ends, strict=True):
        names = [span.name for span in row.spans or () if start < span.end and end > span.start]
        out.append(Token(sentence, start, end, row.text[start:end], names[0] if names else OUTSIDE))
    return out


def shipped_space(rows: Sequence[Row], tell: Callable[[int], None] | None = None) -> Space:
    """Token states of the shipped joint head's branch; needs numpy and onnxruntime only. `tell` gets finished rows."""
    encoder, session = Encoder(MODELS / ENCODER_FOLDER), open_session(MODELS / HEAD_FOLDER / "branch.onnx")
    tokens: list[Token] = []
    vectors: list[Floats] = []
    for first in range(0, len(rows), CHUNK):
        chunk = rows[first : first + CHUNK]
        encoded = encoder.encode([row.text for row in chunk])
        states: dict[int, Floats] = {}
        for members in runs([len(item.trunk) for item in encoded]):
            found = session.run(["states"], {"trunk": np.stack([encoded[index].trunk for index in members])})[0]
            for index, state in zip(members, found, strict=True):
                states[index] = state[encoded[index].words.rows]
        for index, (row, item) in enumerate(zip(chunk, encoded, strict=True)):
            tokens += tokens_of(first + index, row, item.words)
            vectors.append(states[index])
        if tell is not None:
            tell(len(chunk))
    return Space(HEAD_FOLDER, tokens, np.concatenate(vectors))


def joint_space(rows: Sequence[Row], folder: Path, tell: Callable[[int], None] | None = None) -> Space:
    """Word vectors of a joint model; the means of its Gaussians where it was trained with entity contrast."""
    from nlu.joint.examples import prepare
    from nlu.joint.predict import embeddings
    from nlu.joint.store import load

    model, gazetteer = load(folder)
    examples = prepare(model.backbone, rows, model.labels, tell)
    vectors, means, places = embeddings(model, examples, gazetteer)
    each = [tokens_of(i, row, example.words) for i, (row, example) in enumerate(zip(rows, examples, strict=True))]
    tokens = [each[sentence][word] for sentence, word in places]
    return Space(folder.name, tokens, means if model.options.contrast != "none" else vectors)


def looked_at(rows: Sequence[Row], model: Path | None) -> Space:
    """The space of a joint model, or of the shipped one, with a progress bar on a terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("sentences", total=len(rows))

        def tell(count: int) -> None:
            bar.advance(task, count)

        return shipped_space(rows, tell) if model is None else joint_space(rows, model, tell)


def describe(space: Space) -> dict[str, Any]:
    """Alignment by label (lower: tighter) with its token-weighted mean, and uniformity (lower: more even)."""
    vectors, labels = space.entities()
    by_label = alignment(vectors, labels)
    return {
        "model": space.model,
        "words": len(space.tokens),
        "entity_words": len(labels),
        "alignment": mean_alignment(by_label),
        "uniformity": uniformity(vectors),
        "labels": {name: {"alignment": value, "words": n} for name, (value, n) in by_label.items()},
    }


def picture(space: Space, path: Path, title: str, seed: int = 0) -> None:
    """A t-SNE picture of the entity words as PNG. Raises ValueError for fewer than four of them."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot
    from sklearn.manifold import TSNE  # type: ignore[import-untyped, unused-ignore]

    vectors, labels = space.entities()
    if len(labels) < 4:
        raise ValueError(f"a picture needs at least four entity words, there are {len(labels)}")
    chosen = np.random.default_rng(seed).permutation(len(labels))[:PICTURE_POINTS]
    points, names = vectors[chosen], np.array(labels)[chosen]
    flat = TSNE(perplexity=min(30.0, (len(points) - 1) / 3), init="pca", random_state=seed).fit_transform(points)
    figure, axes = pyplot.subplots(figsize=(9, 7), layout="constrained")
    colours = pyplot.get_cmap("tab20")
    for rank, (name, count) in enumerate(Counter(names.tolist()).most_common()):
        shown = rank < PICTURE_LABELS
        place = flat[names == name]
        label = f"{name} ({count})" if shown else None
        axes.scatter(place[:, 0], place[:, 1], s=6, color=colours(rank) if shown else "lightgrey", label=label)
    axes.set(title=title, xticks=[], yticks=[])
    axes.legend(fontsize=7, markerscale=2, loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


def stray_lines(found: Sequence[Stray], rows: Sequence[Row], places: Sequence[str]) -> list[str]:
    """A line for each stray: where, the word in its sentence, its label and its neighbours' one."""
    out = []
    for stray in found:
        token, text = stray.token, rows[stray.token.sentence].text
        marked = f"{text[: token.start]}[{token.word}]{text[token.end :]}"
        votes = f"{stray.share:.0%} of neighbours {stray.neighbours}"
        out.append(f"{places[token.sentence]}: {marked}  labelled {token.label}, {votes}")
    return out


def main(argv: list[str] | None = None) -> int:
    """See the module. Returns 2 with a message where the data or the model cannot be read."""
    parser = argparse.ArgumentParser(prog="assistant eval nlu --clusters", description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="labelled sentences")
    parser.add_argument("--model", type=Path, help="folder of a joint model (default: the shipped one)")
    parser.add_argument("--out", type=Path, help="folder for clusters.png, strays.txt and strays.json")
    parser.add_argument("--neighbours", type=int, default=10, help="neighbours that vote on a word (default 10)")
    parser.add_argument("--share", type=float, default=0.8, help="share of votes that makes a stray (default 0.8)")
    parser.add_argument("--limit", type=int, default=5000, help="sentences looked at, from the first on (default 5000)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    args = parser.parse_args(argv)
    try:
        samples = [sample for sample in read(args.files) if sample.mentions is not None][: args.limit]
        rows, places = [sample.row for sample in samples], [str(sample.place) for sample in samples]
        if not any(row.spans for row in rows):
            raise ValueError(f"{args.files[0]}: no sentence has an annotated entity")
        space = looked_at(rows, args.model)
        found = strays(space.vectors, space.tokens, args.neighbours, args.share)
    except (DataError, FileNotFoundError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    report = describe(space) | {
        "strays": [{"place": places[one.token.sentence], **asdict(one)} for one in found],
    }
    lines = stray_lines(found, rows, places)
    if args.out is not None:
        args.out.mkdir(parents=True, exist_ok=True)
        (args.out / "strays.txt").write_text("\n".join([*lines, ""]), encoding="utf-8")
        (args.out / "strays.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
        picture(space, args.out / "clusters.png", f"{space.model}: alignment {report['alignment']:.2f}")
    if args.json:
        print(json.dumps(report, indent=1))
    else:
        show(report, lines)
    return 0


def show(report: dict[str, Any], lines: Sequence[str], most: int = 20) -> None:
    """The report as a table and the first `most` strays."""
    print(f"{report['model']}: {report['entity_words']} entity words of {report['words']}")
    print(f"alignment {report['alignment']:.3f} (lower: tighter)")
    print(f"uniformity {report['uniformity']:.3f} (lower: more even)")
    ranked = sorted(report["labels"].items(), key=lambda item: -item[1]["words"])
    for name, values in ranked:
        print(f"  {name:<32} {values['words']:>6} words  alignment {values['alignment']:.3f}")
    print(f"{len(lines)} likely label errors" + (f", the first {most}:" if len(lines) > most else ""))
    for line in lines[:most]:
        print(f"  {line}")


if __name__ == "__main__":
    sys.exit(main())

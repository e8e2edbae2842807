"""A Rasa NLU project from labelled sentences: training YAML and the pipeline that Rasa's documentation recommends."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import yaml

from benchmarks.nlu_peers_data import Sentence, chunks
from benchmarks.peers.rasa.setup import environment as rasa_environment

#: FallbackClassifier's threshold in Rasa's own starter project.
FALLBACK = 0.3
_SPECIAL = str.maketrans("", "", "[](){}")


def pipeline(epochs: int, batch: Sequence[int], seed: int, bilou: bool = True) -> dict[str, object]:
    """Rasa's recommended pipeline; what may differ from its defaults is a parameter.

    epochs: Rasa's default is 100. batch: first and last size, default 64 and 256. bilou: whether entity tags are BILOU
    (the default) or plain; the CRF's cost goes with the square of their number.
    """
    return {
        "recipe": "default.v1",
        "assistant_id": "nlu-peers",
        "language": "en",
        "pipeline": [
            {"name": "WhitespaceTokenizer"},
            {"name": "RegexFeaturizer"},
            {"name": "LexicalSyntacticFeaturizer"},
            {"name": "CountVectorsFeaturizer"},
            {"name": "CountVectorsFeaturizer", "analyzer": "char_wb", "min_ngram": 1, "max_ngram": 4},
            {
                "name": "DIETClassifier",
                "epochs": epochs,
                "batch_size": list(batch),
                "constrain_similarities": True,
                "random_seed": seed,
                "BILOU_flag": bilou,
            },
            {"name": "FallbackClassifier", "threshold": FALLBACK, "ambiguity_threshold": 0.1},
        ],
    }


def environment() -> dict[str, str]:
    """Of Rasa's processes: one thread, no messages home, no chatter."""
    threads = {"TF_INTRA_OP_PARALLELISM_THREADS": "1", "TF_INTER_OP_PARALLELISM_THREADS": "1"}
    return {**rasa_environment(), **threads}


def annotated(sentence: Sentence) -> str:
    """`fly to [new york](toloc.city_name)`. Brackets inside a text would be read as annotation: they are left out."""
    words = [word.translate(_SPECIAL) or "-" for word in sentence.words]
    for name, first, last in chunks(sentence.tags):
        words[first] = "[" + words[first]
        words[last] += f"]({name})"
    return " ".join(words)


def write(
    folder: Path, sentences: Sequence[Sentence], epochs: int, batch: Sequence[int], seed: int, bilou: bool = True
) -> None:
    """FOLDER/nlu.yml and FOLDER/config.yml."""
    examples: dict[str, list[str]] = defaultdict(list)
    for sentence in sentences:
        examples[sentence.intent].append(annotated(sentence))
    lines = ['version: "3.1"', "nlu:"]
    for intent in sorted(examples):
        lines += [f'- intent: "{intent}"', "  examples: |", *(f"    - {text}" for text in examples[intent])]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "nlu.yml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    config = yaml.safe_dump(pipeline(epochs, batch, seed, bilou), sort_keys=False)
    (folder / "config.yml").write_text(config, encoding="utf-8")

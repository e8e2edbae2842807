"""A tiny folder of data sets in the layout of the real ones; all texts are made up here."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

NAMES = ("Ada", "Ben", "Cleo", "Dev", "Eli", "Fay", "Gus", "Hal")
THINGS = ("apples", "stamps", "marbles", "shells", "pens", "cards", "coins", "plums")
PLACES = ("market", "harbor", "library", "museum", "garden", "station", "bakery", "theater")
TESTED = "Olga had 9 kites and lost 4 kites in a storm. How many kites does Olga have left?"


def mawps(count: int = 8) -> list[dict[str, Any]]:
    found = [
        {
            "iIndex": place,
            "sQuestion": f" {name} walked to the {where} and bought {place + 3} {thing} . Then {name} found "
            f"{place + 20} {thing} near the {where} . How many {thing} has {name} now ? ",
            "lEquations": [f"{place + 3}+{place + 20}=x"],
            "lSolutions": [float(2 * place + 23)],
        }
        for place, (name, thing, where) in enumerate(zip(NAMES[:count], THINGS, PLACES, strict=False))
    ]
    leak = {"iIndex": 90, "sQuestion": TESTED.replace("9", "seventy"), "lEquations": ["70-4=x"], "lSolutions": [66.0]}
    near = {"iIndex": 91, "sQuestion": TESTED.replace("storm", "gale"), "lEquations": ["9-x=4"], "lSolutions": ["5"]}
    bad = {"iIndex": 92, "sQuestion": "What is 3 squared times 5?", "lEquations": ["x*x=45"], "lSolutions": [6.7]}
    return [*found, leak, near, bad]


def gsm8k(count: int = 8) -> list[dict[str, Any]]:
    return [
        {
            "question": f"{name} runs a stall at the {where} with {place + 4} boxes of {thing}. Each box "
            f"holds {place + 11} {thing}. {name} sells {place + 2} {thing} to a friend. How "
            f"many {thing} are left at the {where}?",
            "answer": f"{name} had {place + 4}*{place + 11} = <<{place + 4}*{place + 11}={(place + 4) * (place + 11)}>>"
            f"{(place + 4) * (place + 11)} {thing} at first.\nSo {(place + 4) * (place + 11)}-{place + 2} = "
            f"<<{(place + 4) * (place + 11)}-{place + 2}={(place + 4) * (place + 11) - place - 2}>>"
            f"{(place + 4) * (place + 11) - place - 2} are left.\n#### {(place + 4) * (place + 11) - place - 2}",
        }
        for place, (name, thing, where) in enumerate(zip(NAMES[:count], THINGS, PLACES, strict=False))
    ]


def folder(root: Path, packed: bool = False) -> Path:
    """Writes everything under `root`; the toolkit's part as an archive where `packed`."""
    row = {"iIndex": 1, "sQuestion": TESTED, "lEquations": ["9-4=x"], "lSolutions": [5.0]}
    svamp = {"ID": "chal-1", "Body": "Each pack costs 76 dollars. There is a discount of 25 dollars on each pack"}
    svamp |= {"Question": "How much is a pack?", "Equation": "( 76.0 - 25.0 )", "Answer": 51.0}  # type: ignore[dict-item]
    asdiv = (
        "<Machine-Reading-Corpus-File><ProblemSet>"
        '<Problem ID="n-1"><Body>Seven red cups and two green cups are in the sink.</Body>'
        "<Question>How many cups are in the sink?</Question><Answer>9 (cups)</Answer><Formula>7+2=9</Formula></Problem>"
        '<Problem ID="n-2"><Body>It is late.</Body><Question>What day is it?</Question><Answer>Monday</Answer>'
        "<Formula></Formula></Problem></ProblemSet></Machine-Reading-Corpus-File>"
    )
    part = {"Body": "Seven red cups and two green cups are in the sink.", "Question": "How many cups are in the sink?"}
    files: dict[str, Any] = {
        "math_cot/dataset/MultiArith/MultiArith.json": [row],
        "math_cot/dataset/AddSub/AddSub.json": [row],
        "math_cot/dataset/SingleEq/questions.json": [row],
        "math_cot/dataset/SVAMP/SVAMP.json": [svamp],
        "math_mwptoolkit/dataset/mawps-single/mawps_source.json": mawps(),
        "math_asdiv/dataset/ASDiv.xml": asdiv,
        "math_gsm8k/grade_school_math/data/train.jsonl": "\n".join(map(json.dumps, gsm8k())),
    }
    files |= {f"math_mwptoolkit/dataset/SVAMP/{name}set.json": [svamp] for name in ("test",)}
    files |= {f"math_mwptoolkit/dataset/SVAMP/{name}set.json": [] for name in ("train", "valid")}
    files |= {f"math_mwptoolkit/dataset/asdiv-a/{name}set.json": [part] for name in ("train", "valid", "test")}
    files |= {f"math_asdiv/dataset/nfolds/asdiv-a/fold{fold}.txt": "n-1" if fold == 0 else "" for fold in range(5)}
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    if packed:
        with tarfile.open(root / "math_mwptoolkit.tar.xz", "w:xz") as archive:
            archive.add(root / "math_mwptoolkit", "math_mwptoolkit")
        (root / "math_mwptoolkit").rename(root / "elsewhere")
    return root

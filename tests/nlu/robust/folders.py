"""Tiny made-up data folders."""

import json
from pathlib import Path

FLIGHT, FARE = "atis_flight", "atis_airfare"


def phonemebert(data: Path, name: str = "atis", copies: int = 6) -> Path:
    """A set with two intents; recognised text errs in a word. Returns its folder."""
    places = ["boston", "denver", "dallas", "oakland"]
    for part, times in (("train", copies), ("valid", 2), ("test", 2)):
        folder = data / "phonemebert" / name / part
        folder.mkdir(parents=True)
        columns: dict[str, list[str]] = {key: [] for key in ("text_original", "en", "ph", "labels")}
        for number in range(times):
            for place in places:
                for text, heard, label in (
                    (f"show me a flight to {place}", f"show me a fright to {place}", FLIGHT),
                    (f"what fare is cheapest to {place}", f"what fair is cheapest to {place}", FARE),
                ):
                    columns["text_original"].append(f"{text} {part} {number}")
                    columns["en"].append("" if part == "test" and number and place == "dallas" else heard)
                    columns["ph"].append(".SH.OW. .M.IY. ")
                    columns["labels"].append(label)
        for key, lines in columns.items():
            file = f"{key}.txt" if key == "text_original" else f"{key}.classification.txt"
            (folder / file).write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return data / "phonemebert" / name


def slurp(data: Path) -> None:
    """SLURP and its recognised synthetic speech: three training sentences (one of them a test sentence)."""
    gold = data / "slurp/dataset/slurp"
    gold.mkdir(parents=True)
    for part, texts in (("devel", ["stop the music"]), ("test", ["wake me at seven", "play a song"])):
        lines = [
            {
                "slurp_id": 10 + number, "sentence": text, "sentence_annotation": text, "scenario": "s",
                "action": f"a{number}", "recordings": [{"file": f"{part}{number}{take}"} for take in "xy"],
            }
            for number, text in enumerate(texts)
        ]  # fmt: skip
        _lines(gold / f"{part}.jsonl", lines)
    heard = [{"file": f"test{number}{take}", "text": f"heard {number}"} for number in (0, 1) for take in "xy"]
    _lines(data / "slurp/experiments/predictions/multi_slurp_hermit_predictions.jsonl", heard)
    sentences = ["wake me up", "play a tune", "play a song"]
    derived = [{"sentence": text, "intent": f"s_a{number % 2}"} for number, text in enumerate(sentences)]
    _lines(data / "massive_mtop_text/derived_slurp_train_text_hwu_entities.jsonl", derived)
    spoken = [{"id": n, "reference": text, "hypothesis_spoken": text + " uh"} for n, text in enumerate(sentences)]
    _lines(data / "slurp_synth_asr/train.jsonl", spoken)
    devel = [{"id": 10, "reference": "stop the music", "hypothesis_spoken": "stop them using"}]
    _lines(data / "slurp_synth_asr/devel.jsonl", devel)


def _lines(path: Path, rows: list[dict[str, object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")

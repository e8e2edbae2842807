"""The `phones` benchmark from end to end on a tiny made-up data folder."""

import json
from pathlib import Path

import pytest

from benchmarks import phones
from nlu.phonetics.pronounce import pronounce_text

#: (said, written, intent)
LINES = [
    ("what is a fear of heights", "what is appear of heights", "fear"),
    ("who made the first boat", "who maid the first vote", "maker"),
    ("what is the fear of water", "what is the fair of water", "fear"),
    ("who made the red kite", "who made the read kite", "maker"),
]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for name in ("atis", "trec6", "trec50"):
        for part, times in (("train", 8), ("valid", 2), ("test", 2)):
            folder = tmp_path / "phonemebert" / name / part
            folder.mkdir(parents=True)
            rows = [(f"{said} {n}", f"{written} {n}", label) for n in range(times) for said, written, label in LINES]
            streams = [" ".join(".".join(s) + "." for s in pronounce_text(said)) for said, _, _ in rows]
            columns = {"text_original": [r[0] for r in rows], "en.classification": [r[1] for r in rows],
                       "labels.classification": [r[2] for r in rows], "ph.classification": streams}  # fmt: skip
            for file, lines in columns.items():
                (folder / f"{file}.txt").write_text("".join(f"{line}\n" for line in lines))
    (tmp_path / "slurp_synth_asr").mkdir()
    for part in ("train", "devel"):
        spoken = [{"reference": said, "hypothesis_spoken": written, "wer_spoken": 0.3} for said, written, _ in LINES]
        (tmp_path / "slurp_synth_asr" / f"{part}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in spoken))
    return tmp_path


def test_it_measures_everything(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def here(name: str, cells: list[dict[str, object]], function: str, **options: object) -> list[dict[str, object]]:
        from benchmarks.phones_cells import measure

        return [json.loads(json.dumps(measure(dict(cell), data))) for cell in cells]

    monkeypatch.setattr(phones, "run_cells", here)
    monkeypatch.setattr("benchmarks.phones_cells.PENALTIES", (1e-4,))
    code = phones.main(["--json", "--data", str(data), "--cache", str(tmp_path / "cache")])
    report = json.loads(capsys.readouterr().out)
    assert report["name"] == "phones" and code in (0, 1)
    assert report["origin"]["trec6"]["stream to what was said"][0] == 0
    assert report["origin"]["trec6"]["closer to what was said"][0] > 50
    assert set(report["table"]["trec50"]) == {
        "words", "words+phones", "words+respelling", "redecoded", "words+phones+redecoded",
    }  # fmt: skip
    before, after = report["redecoded"]["trec"]["wer"]["test"]
    assert after < before
    recall = report["recall"]["slurp"]["sets"]
    assert recall["both"]["at 10"][0] >= recall["lcs"]["at 10"][0]
    assert {line["metric"] for line in report["rows"]} >= {"words+phones less words, mean of sets, points"}


def test_what_is_missing_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        phones.main(["--data", str(tmp_path)])
    assert stop.value.code == 2
    assert "phonemebert/atis" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        phones.main(["--folds", "1"])

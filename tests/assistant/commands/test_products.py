from __future__ import annotations

import json
from pathlib import Path

import pytest

from assistant.cli import main

ROWS = (
    '{"id": "lamp", "title": "Desk Lamp", "attributes": {"power": "11 W"}, "reviews": ["Good. Bright."]}\n'
    '{"id": "chair", "title": "Chair", "bullets": ["<script>alert(1)</script>soft"]}\n'
    '{"id": "sofa"}\n'
    '{"policy": "Returns", "text": "Within 30 days."}\n'
)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ASSISTANT_CONFIG", raising=False)
    (tmp_path / "config.yml").write_text("assistant: {data_dir: kept}\n")
    (tmp_path / "shop.jsonl").write_text(ROWS)
    return tmp_path


def test_import_list_show_delete(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["products", "import", "shop.jsonl"]) == 1
    done = capsys.readouterr()
    assert done.out == (
        "2 products and 1 page of the shop read: 3 new, 0 changed, 0 unchanged\n"
        "7 passages: attribute 1, bullet 1, policy 1, review 2, title 2\n"
        "7 passages put into the index\n"
    )
    assert done.err == "1 row rejected:\n  shop.jsonl:3: title: missing\n"
    assert (shop / "kept" / "products" / "catalogue.db").is_file()

    assert main(["products", "import", "shop.jsonl", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["index"] == {"passages": 0, "problem": ""}

    assert main(["products", "list"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()][:2] == ["lamp", "chair"]
    assert main(["products", "list", "--json", "--limit", "1"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert (listed["products"], listed["pages"], [one["id"] for one in listed["listed"]]) == (2, 1, ["lamp"])

    assert main(["products", "show", "chair"]) == 0
    shown = capsys.readouterr().out
    assert "soft" in shown
    assert "script" not in shown
    assert main(["products", "show", "lamp", "--json"]) == 0
    assert [one["text"] for one in json.loads(capsys.readouterr().out)["passages"]][:2] == ["Desk Lamp", "power: 11 W"]
    assert main(["products", "show", "lampe"]) == 1
    expected = "assistant products: there is no product 'lampe'; did you mean 'lamp'?\n"
    assert capsys.readouterr().err == expected

    assert main(["products", "delete", "lamp", "lampe"]) == 1
    assert capsys.readouterr().err.endswith("; nothing was deleted\n")
    assert main(["products", "delete", "lamp", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"deleted": ["lamp"], "passages": 4}
    assert main(["products", "delete", "--all"]) == 0
    assert capsys.readouterr().out == "2 deleted, with 3 passages\n"


def test_a_dry_run_changes_nothing(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["products", "import", "shop.jsonl", "--dry-run", "--json", "--folder", "elsewhere"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["dry_run"], told["products"], told["pages"], told["new"], told["rejected"]) == (True, 2, 1, 3, 1)
    assert told["errors"] == [{"file": "shop.jsonl", "line": 3, "field": "title", "reason": "missing"}]
    assert not (shop / "elsewhere").exists()


def test_importing_again_and_replacing(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["products", "import", "default", "--json", "--no-index"]) == 0
    new = json.loads(capsys.readouterr().out)
    assert main(["products", "import", "default", "--json", "--no-index"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert (again["new"], again["unchanged"]) == (0, new["new"])
    (shop / "one.csv").write_text("sku,name\n1,Lamp\n")
    assert main(["products", "import", "one.csv", "--replace", "--no-index"]) == 0
    assert f"{new['new']} deleted that the file does not name" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["list"], "there is no catalogue in"),
        (["import", "missing.jsonl"], "missing.jsonl: no such file"),
        (["import", "."], ".: not a file"),
        (["import", "config.yml"], "config.yml:1: neither JSON Lines, CSV with a header, nor Parquet"),
        (["import", "shop.jsonl", "--merge", "--replace"], "--merge and --replace exclude each other"),
    ],
)
def test_what_goes_wrong_is_told(
    shop: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], error: str
) -> None:
    assert main(["products", *arguments]) == 1
    assert capsys.readouterr().err.startswith(f"assistant products: {error}")

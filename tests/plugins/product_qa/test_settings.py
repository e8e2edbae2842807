"""Options: what is wrong is told with its key when the plugin is loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dialog.errors import ConfigError
from plugins.product_qa.settings import Options


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({"treshold": 0.5}, r"options\.treshold: unknown key; did you mean 'threshold'"),
        ({"threshold": 1.5}, r"options\.threshold: .*less than 1.*1\.5"),
        ({"threshold": 0}, r"options\.threshold: .*greater than 0"),
        ({"top": 0}, r"options\.top: "),
        ({"top": 2.5}, r"options\.top: "),
        ({"sources": ["reviews"]}, r"options\.sources\.0: "),
        ({"sources": []}, r"options\.sources: .*at least one"),
        ({"deadline": 0}, r"options\.deadline: "),
        ({"relax": "maybe"}, r"options\.relax: "),
        ({"endpoint": "http://x"}, r"options\.endpoint: a section"),
        ({"endpoint": {"base_url": "ftp://x", "model": "m"}}, r"endpoint\.base_url"),
        ({"catalogue": "/nowhere/shop.jsonl"}, r"options\.catalogue: there is no file"),
        ({"translator": "nowhere"}, r"translator: 'nowhere' is not of the form"),
        ({"translator": "nowhere.at:all"}, r"translator: "),
        ({"languages": ["de"]}, r"options\.languages: de need a translator"),
        (
            {"languages": ["German"], "translator": "plugins.product_qa.language.lexicon:Lexicon"},
            r"languages: .*two small",
        ),
    ],
)
def test_what_is_wrong_is_told(config: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        Options.read(config, {})


def test_a_folder_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ConfigError, match=r"options\.folder: .*is not a folder"):
        Options.read({"folder": str(tmp_path / "file")}, {})


def test_defaults() -> None:
    options = Options.read(
        {"languages": ["de", "en", "de"], "translator": "plugins.product_qa.language.lexicon:Lexicon"}, {}
    )
    assert options.folder is None and options.threshold is None and len(options.sources) == 8
    assert options.languages == ("de",)

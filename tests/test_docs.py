"""The code of the documentation works as it stands there."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.M | re.S)


def blocks(page: str) -> list[str]:
    return BLOCK.findall((ROOT / page).read_text())


@pytest.mark.parametrize("page", ["README.md", "docs/plugins.md"])
async def test_the_plugin_of_the_page_passes_the_test_of_the_page(page: str) -> None:
    skill, test = blocks(page)[:2]
    weather = ModuleType("weather")
    exec(compile(skill, f"{page}: skill", "exec"), weather.__dict__)  # noqa: S102 - the page's own code
    scope: dict[str, object] = {"weather": weather}
    exec(compile(test, f"{page}: test", "exec"), scope)  # noqa: S102
    for name, value in list(scope.items()):
        if name.startswith("test_"):
            await value()  # type: ignore[operator]
            return
    raise AssertionError("the page has no test")

"""The shipped model, loaded once for all tests."""

import pytest

from nlu.runtime import Understander


@pytest.fixture(scope="session")
def understander() -> Understander:
    return Understander.load()

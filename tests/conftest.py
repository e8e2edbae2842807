"""Settings that hold for all tests."""

from __future__ import annotations

import os

from hypothesis import settings

# The same examples every time where a failure must be the change's own fault; new ones on a developer's machine.
settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("local", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "local")

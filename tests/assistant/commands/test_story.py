from __future__ import annotations

import json
from pathlib import Path

from tests.assistant.command_line import assistant, light

GOOD = """\
version: "3.1"
stories:
- story: talk
  steps:
  - user: hi
    intent: greet
  - bot: Hello.
  - user: parts
  - bot: One.
  - bot: T...o.
  - user: whatever
  - bot: You said '...'.
test_cases:
- test_case: by intent
  steps:
  - user: /greet
    intent: greet
  - bot: Hello.
"""
BAD = """\
stories:
- story: wrong
  steps:
  - user: hi
    intent: bye
  - bot: Goodbye.
  - user: parts
  - bot: One.
  - user: hi
  - bot: Hello.
  - bot: More.
  - slot_was_set:
    - x: 1
"""
MALFORMED = """\
stories:
- story: malformed
  steps:
  - bot: first
  - user: 5
  - usr: x
"""


def test_stories_that_go_well(tmp_path: Path) -> None:
    light(tmp_path)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_talk.yml").write_text(GOOD)
    done = assistant("test", folder=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "2 passed, 0 failed\n", "")
    assert not (tmp_path / "data").exists()  # the assistant's own log is not touched
    done = assistant("test", "tests", "--json", folder=tmp_path)
    assert [story["passed"] for story in json.loads(done.stdout)] == [True, True]
    assert assistant("test", tmp_path, folder=tmp_path.parent).returncode == 0


def test_stories_that_go_wrong(tmp_path: Path) -> None:
    light(tmp_path)
    (tmp_path / "test_wrong.yml").write_text(BAD)
    done = assistant("test", folder=tmp_path)
    assert (done.returncode, done.stdout) == (1, "0 passed, 1 failed\n")
    assert done.stderr.splitlines() == [
        "test_wrong.yml:4: wrong: understood as 'greet', not as 'bye'",
        "test_wrong.yml:6: wrong: said 'Hello.', expected 'Goodbye.'",
        "test_wrong.yml:8: wrong: also said 'Two.'",
        "test_wrong.yml:11: wrong: nothing was said, expected 'More.'",
        "test_wrong.yml:12: wrong: slot 'x' was not set, not 1",
    ]


def test_files_that_are_no_stories(tmp_path: Path) -> None:
    light(tmp_path)
    assert assistant("test", folder=tmp_path).stderr == (
        "assistant test: there are no stories in files test_*.yml under .\n"
    )
    assert assistant("test", "nowhere", folder=tmp_path).stderr == "assistant test: nowhere does not exist\n"
    (tmp_path / "test_malformed.yml").write_text(MALFORMED)
    done = assistant("test", folder=tmp_path)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "test_malformed.yml:4: stories[0].steps[0]: a story begins with a line of the user",
        "test_malformed.yml:5: stories[0].steps[1].user: must be text, not 5; put it in quotes",
        "test_malformed.yml:6: stories[0].steps[2].usr: unknown key; did you mean 'user'?",
    ]

from __future__ import annotations

import asyncio
import json
import stat
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assistant.cases.logged import case_of, turn_of
from assistant.cases.page import page
from assistant.cases.policy import refreshed
from assistant.cases.report import Report, examine
from assistant.cases.store import CaseError, CaseStore
from assistant.cli import main
from assistant.config import load
from dialog.encoder import Encoder
from dialog.events import active_loop
from dialog.log import Log, TurnRecord
from dialog.registry import Registry
from dialog.types import Understanding, Utterance
from policies.base import SoftmaxBase
from policies.hotfix import Hotfixes
from policies.policy import Policy
from tests.assistant.command_line import KEYWORDS, assistant
from tests.dialog.log.factory import record
from tests.policies.examples import case, request, vector

Run = Callable[..., tuple[int, str, str]]


def turn(sequence: int, conversation: str = "kitchen", **changes: Any) -> TurnRecord:
    """A turn of `alarm` twice, `calendar` and `lists`, the first of them very likely and taken."""
    made = record(sequence, conversation, **changes)
    masses = (0.9, 0.05, 0.03, 0.02)
    candidates = tuple(
        replace(one, features={**one.features, "probability": mass, "rank": float(rank)})
        for rank, (one, mass) in enumerate(zip(made.decision.candidates, masses, strict=True))
    )
    known = replace(made.understanding, vector=vector(1, sequence, 0, 1))
    return replace(
        made, understanding=known, decision=replace(made.decision, candidates=candidates, propensities=masses)
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A configuration without models, and a log of five turns."""
    off = "".join(f"  {name}: {{enabled: false}}\n" for name in load().plugins if name != "routing")
    rules = "[{name: no alarms, when: {text: tomorrow}, avoid: {skill: alarm}, severity: high}]"
    routing = f"  routing: {{enabled: false, options: {{hotfixes: {rules}, guardrail: {{low: 1.0}}}}}}\n"
    keywords = f"  keywords: {{use: {KEYWORDS}}}\n"
    (tmp_path / "config.yml").write_text(f"assistant: {{data_dir: data}}\nplugins:\n{off}{routing}{keywords}")

    async def fill() -> None:
        async with await Log.open(f"sqlite:///{tmp_path}/data/log.db") as log:
            for made in (
                turn(0, text="some <b>alarm</b>\x1b[2J"),
                turn(1, text="wake me tomorrow", events=(active_loop("alarm.set"),)),
                turn(0, "study", user="bob"),
                turn(2, text="at \ud83c seven"),
            ):
                await log.commit(made)
            forced = turn(3)
            await log.commit(replace(forced, decision=replace(forced.decision, forced_by="form")))

    asyncio.run(fill())
    return tmp_path


@pytest.fixture
def run(folder: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `assistant cases ARGUMENTS` in this process: its exit code and streams."""

    def cases(*arguments: object) -> tuple[int, str, str]:
        action, *rest = map(str, arguments)
        code = main(["cases", action, *rest, "--config", str(folder / "config.yml")])
        out = capsys.readouterr()
        return code, out.out, out.err

    return cases


def stored(folder: Path) -> CaseStore:
    return CaseStore.of(folder / "data")


# -- the command -------------------------------------------------------------------------------------------------


def test_a_turn_becomes_a_case(run: Run, folder: Path) -> None:
    code, out, _ = run("add", 1, "--kind", "regression", "--note", "too early", "--severity", "high", "--incident", "i")
    assert (code, out) == (0, "regression case r1 (high): not alarm\n")
    code, out, _ = run("add", "--last", "study", "--kind", "progression", "--use", "lists", "--id", "mine", "--json")
    made = json.loads(out)
    assert code == 0 and made["id"] == "mine" and made["desired"] == 3 and made["user"] == "bob" and made["turn"] == 3
    kept = stored(folder).read().cases
    assert [*kept] == ["r1", "mine"] and kept["r1"].active
    one = kept["r1"]
    assert (one.description, one.severity, one.incident, one.user) == ("too early", "high", "i", "ann")
    assert (one.date, one.encoder, one.action, one.desired) == ("2026-11-20", "minilm-int8", 0, None)
    assert one.propensities == (0.9, 0.05, 0.03, 0.02) and one.request.options[2].skill == "calendar"
    assert one.request.options[0].effects == "reversible" and one.request.options[0].features["probability"] == 0.9
    assert np.allclose(one.request.vector, vector(1, 0, 0, 1), atol=1e-3)
    assert stat.S_IMODE((folder / "data" / "cases.jsonl").stat().st_mode) == 0o600


def test_a_case_knows_the_conversation_before_it(run: Run, folder: Path) -> None:
    assert run("add", 4, "--kind", "progression")[0] == 0
    asked = stored(folder).read().cases["p4"].request
    assert (asked.last_skill, asked.form, asked.channel) == ("alarm", "alarm.set", "rest")
    assert run("add", 1, "--kind", "progression")[0] == 0
    assert stored(folder).read().cases["p1"].request.last_skill is None


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((9, "--kind", "regression"), "there is no turn 9"),
        (("--last", "cellar", "--kind", "regression"), "there is no turn in a conversation 'cellar'"),
        (
            (1, "--kind", "progression", "--use", "radio"),
            "'radio' was no candidate of turn 1 (there were: alarm, calendar",
        ),
        ((1, "--kind", "regression", "--use", "alarm"), "turn 1 was answered by alarm"),
        ((5, "--kind", "regression"), "turn 5 was decided by an active form"),
    ],
)
def test_turns_that_make_no_case(run: Run, folder: Path, arguments: tuple[object, ...], reason: str) -> None:
    code, _, err = run("add", *arguments)
    assert code == 1 and reason in err and not stored(folder).path.exists()


def test_ids_are_not_taken_twice_by_mistake(run: Run, folder: Path) -> None:
    for _ in range(2):
        code, _, err = run("add", 1, "--kind", "regression")
    assert code == 1 and "there is a case r1 already; --replace" in err
    assert run("add", 1, "--kind", "regression", "--use", "lists", "--replace")[0] == 0
    assert stored(folder).read().cases["r1"].desired == 3


def test_list_retire_and_export(run: Run, folder: Path) -> None:
    assert run("list")[1].startswith("there are no cases")
    run("add", 1, "--kind", "regression", "--use", "lists")
    run("add", 3, "--kind", "progression")
    code, out, _ = run("list")
    assert code == 0 and "not alarm, lists" in out and "some <b>alarm</b>" in out and "\x1b" not in out
    assert run("retire", "r1")[1].startswith("case r1 is retired")
    assert "r1" not in run("list")[1] and "r1" in run("list", "--all")[1]
    assert [one["id"] for one in json.loads(run("list", "--json")[1])] == ["p3"]
    for name, reason in (("r1", "retired already"), ("x", "there is no case 'x' (there are: p3, r1)")):
        code, _, err = run("retire", name)
        assert code == 1 and reason in err
    code, out, err = run("export")
    lines = [json.loads(line) for line in out.splitlines()]
    assert code == 0 and [(one["id"], one["active"]) for one in lines] == [("r1", False), ("p3", True)]
    target = folder / "all.jsonl"
    assert run("export", "--output", target)[0] == 0 and target.read_text() == out
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert run("export", "--output", target)[0] == 1  # a file that is there is not written over
    assert run("add", 1, "--kind", "regression")[0] == 0  # a retired case may come back
    assert stored(folder).read().cases["r1"].active


def test_the_report_on_the_formula(run: Run, folder: Path) -> None:
    code, out, _ = run("report")
    assert code == 0 and "0 of 0 cases pass; the guard-rail lets this policy pass; 0 of 1 hot-fix rule" in out
    run("add", 1, "--kind", "regression")
    run("add", 2, "--kind", "regression")
    run("add", 3, "--kind", "progression")
    html = folder / "report.html"
    code, out, err = run("report", "--html", html)
    assert code == 1, err
    assert "blocked: case r1 (medium): alarm would come back" in out and "\x1b" not in out
    assert "hot-fix no alarms stays" in out and "1 of 3 cases pass; the guard-rail blocks this policy" in out
    found = json.loads(run("report", "--json")[1])
    rows = {row["id"]: row for row in found["cases"]}
    assert found["policy"] == "softmax-1" and found["blocked"] and len(found["reasons"]) == 1
    assert rows["r1"]["status"] == "fail" and rows["r1"]["eligibility"] == 1.0 and rows["r1"]["blocks"]
    # the rule answers for the policy where the text says "tomorrow"
    assert rows["r2"]["status"] == "fail" and rows["r2"]["eligibility"] == 0.0 and not rows["r2"]["blocks"]
    assert rows["r2"]["rule"] == "no alarms" and rows["p3"]["status"] == "pass"
    assert found["rules"][0]["retirable"] is False and found["rules"][0]["cases"] == ["r2", "p3"]
    run("retire", "r1")
    assert run("report")[0] == 0
    assert stat.S_IMODE(html.stat().st_mode) == 0o600
    examined(html.read_text())


def test_the_report_on_a_version(run: Run, folder: Path) -> None:
    run("add", 1, "--kind", "regression")
    made = folder / "made"
    Policy(SoftmaxBase(temperature=5.0)).save(made)
    registry = Registry(folder / "data" / "models")
    registry.add("policy", "even", made)
    code, out, err = run("report", "--policy", "even", "--json")
    found = json.loads(out)
    assert code == 1, err
    assert found["policy"] == "even" and found["cases"][0]["certainty"] < 0.5
    assert "examined without sentence vectors" in found["warnings"][0]  # the understanding of this test has none
    assert json.loads(run("report", "--json")[1])["policy"] == "softmax-1"
    registry.use("policy", "even")
    assert json.loads(run("report", "--json")[1])["policy"] == "even"
    assert json.loads(run("report", "--policy", "shipped", "--json")[1])["policy"] == "softmax-1"
    assert "there is no policy 'odd'" in run("report", "--policy", "odd")[2]
    (made / "policy.json").write_text("{}")
    registry.add("policy", "torn", made)
    code, _, err = run("report", "--policy", "torn")
    assert code == 1 and "policy torn cannot be examined" in err


def test_damaged_lines_are_told_and_kept(run: Run, folder: Path) -> None:
    run("add", 1, "--kind", "regression")
    path = stored(folder).path
    whole = path.read_bytes()
    path.write_bytes(b"{nonsense\n\n" + whole + b'{"format": 1, "id": "x"}\n' + b'\xff{"torn')
    code, out, err = run("list")
    assert code == 0 and "r1" in out
    assert (
        f"{path}:1: passed over: not JSON" in err and f"{path}:4: passed over: case 'x'" in err and f"{path}:5:" in err
    )
    assert run("add", 3, "--kind", "progression")[0] == 0  # begins a line of its own
    after = path.read_bytes()
    assert after.startswith(b"{nonsense\n\n" + whole) and b'\xff{"torn\n{"format": 1, "id": "p3"' in after
    assert [*stored(folder).read().cases] == ["r1", "p3"]
    assert "line 1 of the cases was passed over" in run("report")[1]


def test_bad_rules_are_named(run: Run, folder: Path) -> None:
    path = folder / "config.yml"
    path.write_text(path.read_text().replace("when: {text: tomorrow}", "when: {txt: tomorrow}"))
    code, _, err = run("report")
    assert code == 1 and "plugins.routing.options.hotfixes[0].when.txt: unknown key" in err


def test_the_command_line(folder: Path) -> None:
    assert assistant("cases", "add", "1", "--kind", "regression", folder=folder).returncode == 0
    done = assistant("cases", "report", folder=folder)
    assert done.returncode == 1 and done.stderr == "" and "the guard-rail blocks this policy" in done.stdout
    assert assistant("cases", "add", "--kind", "regression", folder=folder).returncode == 2


# -- turns, vectors, page ----------------------------------------------------------------------------------------


async def test_turns_that_nothing_had_to_decide(folder: Path) -> None:
    async with await Log.open(f"sqlite:///{folder}/data/log.db", read_only=True) as log:
        found, context = await turn_of(log, 1, None, 180.0)
    single = replace(found, decision=replace(found.decision, candidates=found.decision.candidates[:1]))
    for made, reason in (
        (single, "one candidate only"),
        (replace(found, decision=replace(found.decision, executed=-1)), "never answered"),
        (replace(found, decision=replace(found.decision, forced_by="explicit")), "the message itself"),
    ):
        with pytest.raises(CaseError, match=reason):
            case_of(made, context, "regression")
    unknown = replace(found, decision=replace(found.decision, propensities=(), forced_by="hotfix"))
    assert case_of(unknown, context, "regression").propensities == ()


class Vectors:
    """An `NLU` that only makes sentence vectors."""

    version = encoder = "vectors-1"

    def fit(self, examples: Any) -> None: ...

    async def understand(self, utterance: Utterance) -> Understanding:
        return Understanding(utterance.text, (), 1.0, vector(1, len(utterance.text)), self.version, self.encoder)

    async def close(self) -> None: ...


async def test_vectors_of_another_encoder_are_made_anew() -> None:
    cases = [
        case("none", text="abc"),
        case("old", text="abcd", request=request(at=vector(9, 9, 9)), encoder="vectors-0"),
        case("same", text="abcde", request=request(at=vector(1, 0)), encoder="vectors-1"),
    ]
    found = await refreshed(cases, Encoder(Vectors(), asyncio.get_running_loop()))
    assert [one.id for one in found] == ["none", "old", "same"] and {one.encoder for one in found} == {"vectors-1"}
    assert np.allclose(found[0].request.vector, vector(1, 3)) and np.allclose(found[1].request.vector, vector(1, 4))
    assert found[2] is cases[2]


class Reader(HTMLParser):
    """Checks what a page must have: tags that close, headings of tables, no script, nothing from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""
        self.ids: set[str] = set()
        self.labels: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        assert tag not in ("script", "img", "iframe", "b") and not {"src", "href", "onclick"} & set(known)
        if tag not in ("meta", "br"):
            self.open.append(tag)
        if tag == "html":
            assert known["lang"] == "en"
        if tag == "th":
            assert known["scope"] in ("row", "col")
        self.ids |= {known["id"] or ""} if "id" in known else set()
        self.labels |= {known["aria-labelledby"] or ""} if "aria-labelledby" in known else set()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def examined(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert not reader.open and reader.labels == reader.ids and "prefers-color-scheme: dark" in text
    assert (
        "\x1b" not in text and text.isprintable() is False and all(char == "\n" or char.isprintable() for char in text)
    )
    return reader


def report(*cases: Any, rules: Any = (), warnings: tuple[str, ...] = ()) -> Report:
    return examine(
        "<v&1>", lambda _: (0.9, 0.05, 0.05), cases, Hotfixes.parse(list(rules)), "2026-11-20", None, warnings
    )


def test_the_page_holds_everything_and_no_markup_of_others() -> None:
    evil = "<b>\"x\"</b><script>alert('1')</script>\x1b\x00"
    made = report(
        case(evil, text=evil, description=evil, severity="critical", incident=evil),
        case("p&", "progression", text="tea"),
        case("gone", active=False),
        rules=[{"name": evil, "when": {"text": "tea"}, "use": {"skill": "radio"}}],
        warnings=(evil,),
    )
    reader = examined(page(made))
    assert "<script>alert('1')</script>" in reader.text and "<v&1>" in reader.text
    for words in ("✗ fail", "✓ pass", "blocks", "skipped", "✓ can be retired", "1 retired case is left out", "0.900"):
        assert words in reader.text


def test_the_page_of_no_cases() -> None:
    reader = examined(page(report()))
    assert "There are no active cases." in reader.text and "lets this policy pass" in reader.text



"""The way of a turn through the real core and a real SQLite log."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from dialog.errors import BadUtterance, Busy, TurnCancelled
from dialog.skill import intent
from dialog.types import Routing
from tests.dialog.helpers import Backup, Bad, Echo, Pot, Trip, running, say, utterance


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "log.db"


async def test_a_turn_is_answered_and_logged_with_its_decision(db: Path) -> None:
    async with running(db, Echo()) as dialog:
        assert await say(dialog, "echo hello") == ["echo hello"]
        turn = dialog.last_turn("c")
        assert turn is not None
        logged = await dialog.log.turn(turn.turn_id)
        assert logged.decision.candidates[logged.decision.executed].skill == "echo"
        assert sum(logged.decision.propensities) == pytest.approx(1.0)
        assert logged.decision == turn.decision
        assert logged.replies[0].text == "echo hello"
        assert set(turn.timings) == {"understand", "propose", "route", "act", "commit"}


async def test_parts_keep_their_order_and_plain_functions_run_in_threads(db: Path) -> None:
    async with running(db, Echo()) as dialog:
        assert await say(dialog, "parts") == ["one", "two", "three"]
        assert await say(dialog, "sync") == ["plain", "function"]


async def test_the_last_part_leaves_after_the_commit(db: Path) -> None:
    async with running(db, Echo()) as dialog:
        seen: list[str] = []
        commit = dialog.log.commit

        async def slow(record):
            seen.extend(part.text for part in handle._parts)
            return await commit(record)

        dialog.log.commit = slow
        handle = dialog.send(utterance("parts"))
        assert [reply.text async for reply in handle] == ["one", "two", "three"]
        assert "three" not in seen


async def test_a_message_id_seen_before_gives_the_recorded_replies_and_does_nothing(db: Path) -> None:
    async with running(db, Pot()) as dialog:
        assert await say(dialog, "oven 200", message_id="x") == ["200 degrees."]
        assert await say(dialog, "oven 180", message_id="x") == ["200 degrees."]
        assert await say(dialog, "count") == ["1"]
    async with running(db, Pot()) as dialog:  # also after a restart
        assert await say(dialog, "oven 160", message_id="x") == ["200 degrees."]
        assert await say(dialog, "count") == ["1"]


async def test_a_missing_slot_is_asked_for_and_a_correction_replaces(db: Path) -> None:
    async with running(db, Pot()) as dialog:
        assert await say(dialog, "oven please") == ["How hot?"]
        assert await say(dialog, "mumble") == ["Sorry, I did not get that. How hot?"]
        assert await say(dialog, "220") == ["220 degrees."]
        assert await say(dialog, "no, make it 180") == ["180 degrees instead of 220."]
        assert await say(dialog, "actually 160") == ["160 degrees instead of 180."]
        decision = dialog.last_turn("c").decision
        assert decision.forced_by == "form"


async def test_an_answer_to_another_slot_is_kept(db: Path) -> None:
    async with running(db, Trip()) as dialog:
        assert await say(dialog, "trip") == ["Where?"]
        assert await say(dialog, "by bus") == ["Where?"]
        assert await say(dialog, "to oslo") == ["To oslo by bus?"]
        assert await say(dialog, "yes") == ["Booked oslo by bus."]


async def test_a_request_made_anew_within_its_form_wins(db: Path) -> None:
    async with running(db, Trip()) as dialog:
        assert await say(dialog, "trip by bus") == ["Where?"]
        assert await say(dialog, "a trip to rome by train") == ["To rome by train?"]


async def test_asking_anew_for_an_open_form_takes_the_new_values(db: Path) -> None:
    async with running(db, Trip()) as dialog:
        assert await say(dialog, "trip to rome by bus") == ["To rome by bus?"]
        assert await say(dialog, "/trip_book{\"text\": \"oslo train\"}") == ["To oslo by train?"]
        assert await say(dialog, "yes") == ["Booked oslo by train."]


async def test_a_form_survives_a_restart(db: Path) -> None:
    async with running(db, Pot()) as dialog:
        assert await say(dialog, "oven") == ["How hot?"]
    async with running(db, Pot()) as dialog:
        assert await say(dialog, "150") == ["150 degrees."]


async def test_a_form_can_be_left_and_digressions_come_back_to_it(db: Path) -> None:
    async with running(db, Pot(), Echo()) as dialog:
        await say(dialog, "oven")
        assert await say(dialog, "please echo this now") == ["please echo this now", "How hot?"]
        assert await say(dialog, "never mind") == ["Okay, I'll leave it."]
        assert await say(dialog, "150") == ["I do not know."]
        await say(dialog, "oven")
        await say(dialog, "mumble")
        assert await say(dialog, "mumble") == ["I did not get that, so I'll leave it for now."]


async def test_a_costly_effect_is_confirmed_and_dispatched_once(db: Path) -> None:
    dispatched: list[object] = []
    async with running(db, Pot(), dispatched=dispatched) as dialog:
        assert await say(dialog, "off") == ["Really off?"]
        assert await say(dialog, "no") == ["Okay, I won't."]
        await say(dialog, "off")
        assert await say(dialog, "yes") == ["It is off."]
        for _ in range(100):
            if dispatched:
                break
            await asyncio.sleep(0.01)
    assert [payload for _, payload in dispatched] == [{"on": False}]
    async with running(db, Pot(), dispatched=dispatched) as dialog:
        await asyncio.sleep(0.05)
        assert len(dispatched) == 1


async def test_a_new_session_after_silence_drops_the_form(db: Path) -> None:
    async with running(db, Pot()) as dialog:
        await say(dialog, "oven", at=1000.0)
        assert await say(dialog, "150", at=2000.0) == ["I do not know."]


async def test_conversations_run_side_by_side_each_in_order(db: Path) -> None:
    async with running(db, Echo()) as dialog:
        handles = [dialog.send(utterance(f"echo {n}", f"c{n % 5}")) for n in range(50)]
        turns = [await handle.turn() for handle in handles]
        for conversation in range(5):
            said = [t.replies[0].text for t in turns if t.utterance.conversation_id == f"c{conversation}"]
            assert said == [f"echo {n}" for n in range(conversation, 50, 5)]
            logged = [turn async for turn in dialog.log.turns(f"c{conversation}")]
            assert [turn.utterance.text for turn in logged] == said


async def test_a_full_queue_says_busy_and_loses_nothing(db: Path) -> None:
    async with running(db, Echo(), queue=3) as dialog:
        handles = [dialog.send(utterance(f"echo {n}")) for n in range(3)]
        with pytest.raises(Busy):
            dialog.send(utterance("echo more"))
        assert len([await handle.turn() for handle in handles]) == 3
        assert await say(dialog, "echo again") == ["echo again"]
        assert dialog.queued == 0


async def test_barge_in_cancels_the_running_turn_and_is_in_the_log(db: Path) -> None:
    async with running(db, Bad(), Echo(), deadline=30) as dialog:
        running_turn = dialog.send(utterance("/hang", message_id="first"))
        await asyncio.sleep(0.02)
        newer = dialog.send(utterance("echo now"), barge_in=True)
        with pytest.raises(TurnCancelled):
            await running_turn.turn()
        assert (await newer.turn()).replies[0].text == "echo now"
        logged = [turn async for turn in dialog.log.turns("c")]
        assert [turn.failures for turn in logged] == [("cancelled",), ()]


@pytest.mark.parametrize("word", ["hang", "hangsync", "nonsense", "notjson"])
async def test_a_misbehaving_skill_costs_one_apology(db: Path, word: str) -> None:
    async with running(db, Bad(), Echo()) as dialog:
        assert await say(dialog, word) == ["Sorry, something went wrong with that."]
        turn = dialog.last_turn("c")
        assert [event.name for event in turn.events] == ["action_execution_rejected"]
        assert turn.failures
        assert await say(dialog, "echo fine") == ["echo fine"]


async def test_a_failing_skill_has_no_effect_and_the_next_best_answers(db: Path) -> None:
    dispatched: list[object] = []
    async with running(db, Bad(), Backup(), dispatched=dispatched) as dialog:
        assert await say(dialog, "raise") == ["Sorry, something went wrong with that.", "backup answers"]
        decision = dialog.last_turn("c").decision
        assert decision.forced_by == "retry" and decision.executed != decision.chosen
        assert await dialog.log.memory("anna") == {}
        await asyncio.sleep(0.05)
        assert dispatched == []


async def test_three_strikes_quarantine_a_plugin(db: Path) -> None:
    async with running(db, Bad(), Echo()) as dialog:
        for _ in range(3):
            await say(dialog, "nonsense")
        assert dialog.stats()["quarantined"] == ["bad"]
        assert "bad: quarantined" in dialog.last_turn("c").failures
        assert await say(dialog, "nonsense") == ["I do not know."]
        assert await say(dialog, "echo ok") == ["echo ok"]


async def test_a_plugin_that_blocks_the_loop_is_named_and_quarantined(db: Path, caplog) -> None:
    async with running(db, Bad(), Echo(), block_limit=0.2) as dialog:
        await say(dialog, "block")
        assert "bad" in dialog.stats()["quarantined"]
        assert "bad has blocked the event loop" in caplog.text
        assert await say(dialog, "echo ok") == ["echo ok"]


async def test_a_broken_router_leaves_a_working_assistant(db: Path) -> None:
    class Broken:
        version = "broken"

        def route(self, candidates, context):
            return Routing((float("nan"),) * len(candidates), self.version)

    async with running(db, Echo(), router=Broken()) as dialog:
        assert await say(dialog, "echo still here") == ["echo still here"]
        turn = dialog.last_turn("c")
        assert turn.decision.policy == "core:greedy" and "router" in turn.failures[0]


@pytest.mark.parametrize("text", ["", " ", "\x00\x07\x1b[2J", "😀" * 50, "שלום עולם", "a\ud800b", "/", "/x{", "/x{[}"])
async def test_odd_text_gets_a_sensible_reply(db: Path, text: str) -> None:
    async with running(db, Echo()) as dialog:
        assert await say(dialog, text) != []
        assert await say(dialog, "echo on") == ["echo on"]


async def test_bad_utterances_are_refused_with_a_reason(db: Path) -> None:
    async with running(db, Echo()) as dialog:
        with pytest.raises(BadUtterance, match="100000 characters"):
            dialog.send(utterance("x" * 100_000))
        with pytest.raises(BadUtterance, match="conversation id"):
            dialog.send(utterance("x", ""))


async def test_explicit_intents_bypass_understanding(db: Path) -> None:
    async with running(db, Echo()) as dialog:
        assert await say(dialog, '/echo{"x": "from json", "y": ["a", "b"]}') == ["from json a b"]
        decision = dialog.last_turn("c").decision
        assert decision.forced_by == "explicit"


async def test_explicit_intents_go_to_the_skill_that_claims_them_whatever_the_order(db: Path) -> None:
    async with running(db, Pot(), Backup()) as dialog:
        host = dialog.services.host
        host.skills = dict(reversed(host.skills.items()))  # the fallback proposes first
        assert await say(dialog, "/pot_count") == ["0"]
        assert await say(dialog, "/unheard_of") == ["I do not know."]


async def test_feedback_becomes_a_reward_row(db: Path) -> None:
    async with running(db, Echo()) as dialog:
        await say(dialog, "echo a")
        await dialog.reward("c", 1.0)
        turn = dialog.last_turn("c")
        (reward,) = await dialog.log.rewards(turn.turn_id)
        assert (reward.value, reward.source, reward.estimator) == (1.0, "explicit", "user")


async def test_a_form_of_a_quarantined_plugin_holds_nobody(db: Path) -> None:
    class Stuck(Pot):
        name = "stuck"

        @intent("pot_off", confirm="Really?")
        async def off(self, turn):
            raise RuntimeError("no")
            yield

    async with running(db, Stuck(), Echo()) as dialog:
        assert await say(dialog, "off") == ["Really?"]
        for _ in range(3):
            assert await say(dialog, "yes") == ["Sorry, something went wrong with that."]
        assert dialog.stats()["quarantined"] == ["stuck"]
        assert await say(dialog, "yes") == ["I do not know."]
        assert await say(dialog, "echo fine") == ["echo fine"]


async def test_a_cancelled_turn_that_opens_a_session_keeps_the_slots(db: Path) -> None:
    async with running(db, Pot(), Bad(), deadline=30) as dialog:
        await say(dialog, "oven 200", at=1000.0)
        hanging = dialog.send(utterance("/hang", at=2000.0))
        await asyncio.sleep(0.02)
        hanging.cancel()
        with pytest.raises(TurnCancelled):
            await hanging.turn()
        kept = dict(dialog._conversations["c"].state.slots)
        assert kept and (await dialog.log.load("c")).slots == kept


async def test_barge_in_also_ends_what_is_waiting(db: Path) -> None:
    async with running(db, Bad(), Echo(), deadline=30) as dialog:
        first = dialog.send(utterance("/hang"))
        await asyncio.sleep(0.02)
        waiting = dialog.send(utterance("echo waiting"))
        newest = dialog.send(utterance("echo newest"), barge_in=True)
        async with asyncio.timeout(5):
            for handle in (first, waiting):
                with pytest.raises(TurnCancelled):
                    await handle.turn()
            assert (await newest.turn()).replies[0].text == "echo newest"
        assert dialog.queued == 0


async def test_a_message_id_that_only_the_database_remembers_gives_each_part_once(db: Path) -> None:
    async with running(db, Echo()) as dialog:
        assert await say(dialog, "parts", message_id="old") == ["one", "two", "three"]
        dialog._conversations["c"].seen.clear()  # as if 256 later messages had pushed it out
        assert await say(dialog, "parts", message_id="old") == ["one", "two", "three"]
        assert await say(dialog, "echo on") == ["echo on"]
        assert len([turn async for turn in dialog.log.turns("c")]) == 2


async def test_what_was_said_stays_out_of_the_program_log(db: Path, caplog) -> None:
    class Quoting(Echo):
        @intent("echo")
        async def echo(self, turn):
            raise ValueError(f"cannot say {turn.text}")
            yield

    with caplog.at_level("INFO"):
        async with running(db, Quoting()) as dialog:
            for _ in range(3):
                await say(dialog, "echo secretword")
            assert "secretword" in dialog.last_turn("c").failures[0]
    assert "secretword" not in caplog.text and "quarantined" in caplog.text


async def test_waiting_for_another_turn_of_the_same_user_is_no_fault_of_the_skill(db: Path) -> None:
    class Slow(Echo):
        name = "slow"

        @intent("echo", deadline=10.0)
        async def echo(self, turn):
            await turn.memory.get("x")
            await asyncio.sleep(1.0)
            yield "slow"

    async with running(db, Slow(), Pot(), deadline=0.5) as dialog:
        slow = dialog.send(utterance("echo", "one"))
        await asyncio.sleep(0.05)
        assert await say(dialog, "count", "two") == ["0"]
        assert (await slow.turn()).replies[0].text == "slow"
        assert dialog.last_turn("two").failures == ()

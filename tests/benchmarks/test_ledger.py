"""The ledger of the kill loop finds every kind of disagreement that it exists to find."""

from collections.abc import AsyncIterator

from benchmarks.kill.ledger import Ledger
from dialog.types import Decision, Hypothesis, Reply, Turn, Understanding, Utterance

SET, OTHER, RINGS = "T timer set for 1 second.", "U timer set for 1 second.", "Your t timer is up!"


def turn(turn_id: int, message_id: str, reply: str, channel: str = "kill") -> Turn:
    utterance = Utterance("c", (Hypothesis("x"),), message_id, channel=channel)
    decision = Decision((), (), -1, -1, "", "", "", 0)
    return Turn(turn_id, utterance, Understanding("x", (), 1.0), decision, (), (Reply(reply),))


async def stream(*turns: Turn) -> AsyncIterator[Turn]:
    for one in turns:
        yield one


def ledger(*acknowledged: tuple[str, str]) -> Ledger:
    made = Ledger()
    for message_id, reply in acknowledged:
        made.send(message_id)
        made.acknowledge(message_id, [reply])
    return made


async def test_agreement() -> None:
    book = ledger(("a", "count 1"), ("b", SET))
    turns = [turn(1, "a", "count 1"), turn(2, "b", SET), turn(3, "reminder:t", RINGS, "reminder")]
    book.hear([RINGS])
    book.check(turns)
    book.check(turns)  # known turns are skipped
    await book.close(stream(*turns))
    assert not book.mismatches
    assert book.checked == 3


def test_a_lost_turn() -> None:
    book = ledger(("a", "count 1"))
    book.check([])
    assert book.mismatches == {"acknowledged, not in the log": 1}


def test_a_turn_twice() -> None:
    book = ledger(("a", "x"))
    book.check([turn(1, "a", "x"), turn(2, "a", "x")])
    assert book.mismatches == {"in the log twice": 1}


def test_other_replies() -> None:
    book = ledger(("a", "x"))
    book.check([turn(1, "a", "y")])
    assert book.mismatches == {"other replies in the log": 1}


def test_an_answer_given_again_must_be_the_recorded_one() -> None:
    book = Ledger()
    book.send("a")
    book.check([turn(1, "a", "x")])
    assert book.unacknowledged == 1
    book.acknowledge("a", ["y"])
    assert book.mismatches == {"other replies in the log": 1}


def test_a_stranger_and_a_skipped_count() -> None:
    book = ledger(("a", "count 1"))
    book.check([turn(1, "a", "count 1"), turn(2, "b", "count 3")])
    assert book.mismatches == {"in the log, never sent": 1, "memory out of step": 1}


async def test_a_timer_that_is_silent_and_one_that_rings_twice() -> None:
    book = ledger(("a", SET), ("b", OTHER))
    turns = [turn(1, "a", SET), turn(2, "b", OTHER)]
    turns += [turn(3, "r1", RINGS, "reminder"), turn(4, "r2", RINGS, "reminder")]
    book.hear([RINGS])
    book.check(turns)
    await book.close(stream(*turns))
    assert book.mismatches == {"timer rang twice": 1, "timer did not ring": 1}


async def test_a_turn_that_vanished_later() -> None:
    book = ledger(("a", "x"))
    book.check([turn(1, "a", "x")])
    await book.close(stream())
    assert book.mismatches == {"at the end not in the log once": 1, "at the end turns are gone": 1}

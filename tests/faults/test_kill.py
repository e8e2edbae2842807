"""`kill -9` at random moments under load: every acknowledged turn is there once, no turn twice, every timer fires."""

from pathlib import Path

from benchmarks.kill.load import Loop


async def test_ledger_and_log_agree_after_every_kill(tmp_path: Path) -> None:
    outcome = await Loop(tmp_path, seed=7, life=(0.03, 0.3)).run(kills=32, inside=10)
    assert not outcome.ledger.mismatches, outcome.ledger.details
    assert outcome.kills >= 32
    assert outcome.inside >= 10
    assert outcome.rate >= 50
    assert len(outcome.ledger.timers) > 20 and not outcome.ledger.silent
    assert outcome.ledger.unacknowledged > 0  # some kills fell between the commit and the answer

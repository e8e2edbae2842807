"""The measurements in the process of the assistant, on a few turns of the real one."""

from benchmarks.turns import inside
from benchmarks.turns.sentences import Sentences


async def test_a_small_measurement_of_everything() -> None:
    sentences = Sentences(1)
    async with inside.assistant() as (running, send):
        found = await inside.latency_and_rate(send, sentences, (1, 4), turns=10, seconds=0.2, prefix="small")
        assert len(found[1].latencies) == 10 and found[4].rate > 0
        pairs = await inside.growth(send, sentences, "grow", early=2, late=6, span=4)
        assert len(pairs) >= 4 and all(min(part) > 0 for part in (*pairs.cpu, *pairs.clock))
        assert len(await inside.unmatched(send, sentences, "pair", 3)) == 3
        failed, during, otherwise, longest = await inside.swap(running, send, sentences, 4, 1, "swap")
        assert failed == 0 and during and otherwise and longest > 0


async def test_bytes_a_turn() -> None:
    assert 100 < await inside.bytes_per_turn(Sentences(2), 120) < 5000

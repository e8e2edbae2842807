"""The dynamic batcher."""

import asyncio
import threading
import time
from collections.abc import Sequence

import numpy as np
import pytest

from nlu.batching import Batcher, BatcherClosed, QueueFull
from nlu.runtime import Understander
from nlu.types import Parse


class Slow:
    """Stands in for the understander: waits for `gate`, records batch sizes, fails on "bad"."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.busy = threading.Semaphore(0)
        self.sizes: list[int] = []
        self.threads: set[str] = set()

    def parse(self, texts: Sequence[str]) -> list[Parse]:
        self.busy.release()
        self.gate.wait(60)
        self.sizes.append(len(texts))
        self.threads.add(threading.current_thread().name)
        if "bad" in texts:
            raise RuntimeError("bad sentence")
        return [Parse(text, (("x", 1.0),), (), 0.0, np.zeros(384, np.float32)) for text in texts]


def test_what_is_pending_goes_in_few_hops_and_a_crowd_gets_a_second_thread() -> None:
    async def run() -> None:
        slow = Slow()
        slow.gate.clear()
        batcher = Batcher(slow, max_batch=64, deadline=60)
        tasks = [asyncio.create_task(batcher.parse("first"))]
        await asyncio.to_thread(slow.busy.acquire, timeout=60)
        tasks += [asyncio.create_task(batcher.parse(str(i))) for i in range(7)]
        await asyncio.sleep(0)
        assert batcher.waiting == 7  # too few for a second thread: they wait for one hop
        tasks += [asyncio.create_task(batcher.parse(str(i))) for i in range(7, 100)]
        await asyncio.to_thread(slow.busy.acquire, timeout=60)
        slow.gate.set()
        assert [p.text for p in await asyncio.gather(*tasks)] == ["first", *map(str, range(100))]
        assert sum(slow.sizes) == 101 and max(slow.sizes) <= 64
        assert len(slow.sizes) <= 5 and len(slow.threads) == 2
        await batcher.close()

    asyncio.run(run())


def test_the_loop_is_never_blocked_and_a_deadline_holds() -> None:
    async def run() -> None:
        slow = Slow()
        slow.gate.clear()
        batcher = Batcher(slow, deadline=0.1)
        start = time.monotonic()
        with pytest.raises(TimeoutError):
            await batcher.parse("late")
        assert time.monotonic() - start < 0.5
        waiting = asyncio.create_task(batcher.parse("queued behind"))
        await asyncio.sleep(0)
        slow.gate.set()
        assert (await waiting).text == "queued behind"
        await batcher.close()

    asyncio.run(run())


def test_a_cancelled_request_leaves_the_queue_and_hurts_nobody() -> None:
    async def run() -> None:
        slow = Slow()
        slow.gate.clear()
        batcher = Batcher(slow)
        running = asyncio.create_task(batcher.parse("running"))
        await asyncio.sleep(0.02)
        gone, stays = asyncio.create_task(batcher.parse("gone")), asyncio.create_task(batcher.parse("stays"))
        await asyncio.sleep(0.02)
        running.cancel()
        gone.cancel()
        await asyncio.sleep(0.02)
        assert batcher.waiting == 1
        slow.gate.set()
        assert (await stays).text == "stays"
        assert slow.sizes == [1, 1]
        await batcher.close()

    asyncio.run(run())


def test_the_queue_is_bounded() -> None:
    async def run() -> None:
        slow = Slow()
        slow.gate.clear()
        batcher = Batcher(slow, max_waiting=3)
        tasks = [asyncio.create_task(batcher.parse("a"))]
        await asyncio.sleep(0.02)
        tasks += [asyncio.create_task(batcher.parse(str(i))) for i in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(QueueFull):
            await batcher.parse("too many")
        slow.gate.set()
        assert len(await asyncio.gather(*tasks)) == 4
        await batcher.close()

    asyncio.run(run())


def test_a_failure_reaches_its_callers_and_the_batcher_lives_on() -> None:
    async def run() -> None:
        batcher = Batcher(Slow())
        with pytest.raises(RuntimeError, match="bad sentence"):
            await batcher.parse("bad")
        assert (await batcher.parse("good")).text == "good"
        await batcher.close()

    asyncio.run(run())


def test_closing_fails_what_waits_and_refuses_what_comes() -> None:
    async def run() -> None:
        slow = Slow()
        slow.gate.clear()
        batcher = Batcher(slow)
        running = asyncio.create_task(batcher.parse("running"))
        await asyncio.sleep(0.02)
        waiting = asyncio.create_task(batcher.parse("waiting"))
        await asyncio.sleep(0)
        closing = asyncio.create_task(batcher.close())
        await asyncio.sleep(0.02)
        slow.gate.set()
        await closing
        assert (await running).text == "running"
        with pytest.raises(BatcherClosed):
            await waiting
        with pytest.raises(BatcherClosed):
            await batcher.parse("new")

    asyncio.run(run())


def test_a_swap_falls_between_batches_and_what_waits_gets_the_model_it_was_asked_of() -> None:
    async def run() -> None:
        old, new = Slow(), Slow()
        old.gate.clear()
        batcher = Batcher(old)
        tasks = [asyncio.create_task(batcher.parse(str(number))) for number in range(6)]
        await asyncio.sleep(0.02)
        batcher.swap(new)
        tasks += [asyncio.create_task(batcher.parse("after"))]
        tasks += [asyncio.create_task(batcher.parse("the old one, by name", old))]
        await asyncio.sleep(0.02)
        assert not new.sizes  # the running batch has not ended
        old.gate.set()
        assert len(await asyncio.gather(*tasks)) == 8
        assert sum(old.sizes) == 7 and new.sizes == [1]  # no batch holds sentences of both
        assert (await batcher.parse("from now on")).text == "from now on" and sum(new.sizes) == 2
        await batcher.close()

    asyncio.run(run())


def test_many_conversations_get_what_they_would_get_alone(understander: Understander) -> None:
    texts = ["wake me up at seven tomorrow", "play jazz", "", "what time is it in tokyo"] * 25

    async def run() -> list[Parse]:
        batcher = Batcher(understander, deadline=30)
        parses = await asyncio.gather(*(batcher.parse(text) for text in texts))
        await batcher.close()
        assert batcher.sentences == 100 and batcher.batches < 10
        return parses

    for text, parse in zip(texts, asyncio.run(run()), strict=True):
        alone = understander.parse([text])[0]
        assert parse.intents == alone.intents and parse.vector.tobytes() == alone.vector.tobytes()

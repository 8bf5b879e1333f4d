"""Sharing one model among sessions. The models here are plain objects."""

from __future__ import annotations

import asyncio
import threading
from functools import partial

import pytest

from local_live.errors import ModelUnavailable, TooBusy
from local_live.models import MAX_WAITING, ModelThread


async def test_sessions_take_turns() -> None:
    """One session with much to do does not keep another waiting for all of it."""
    model: ModelThread[list[str]] = ModelThread("m", list)
    gate = threading.Event()
    first = asyncio.create_task(model.run("a", lambda _done: gate.wait(5)))
    await asyncio.sleep(0)

    def note(done: list[str], name: str) -> list[str]:
        done.append(name)
        return done

    work = [
        asyncio.create_task(model.run(owner, partial(note, name=name)))
        for owner, name in [("a", "a1"), ("a", "a2"), ("a", "a3"), ("b", "b1")]
    ]
    await asyncio.sleep(0)

    gate.set()
    await first
    done = (await asyncio.gather(*work))[0]
    await model.close()

    assert done == ["a1", "b1", "a2", "a3"]


async def test_model_is_loaded_once_and_off_the_loop() -> None:
    """The first piece of work loads it, in the model's own thread."""
    threads: list[str] = []

    def load() -> str:
        threads.append(threading.current_thread().name)
        return "model"

    model = ModelThread("reader", load)

    results = await asyncio.gather(*(model.run(owner, str.upper) for owner in range(3)))
    await model.close()

    assert results == ["MODEL"] * 3
    assert threads == ["reader_0"]


async def test_failed_load_is_told_and_tried_again() -> None:
    """Who asks gets the reason; the next who asks may be luckier."""
    attempts = iter([OSError("disk"), None])

    def load() -> str:
        if failure := next(attempts):
            raise failure
        return "model"

    model = ModelThread("m", load)

    with pytest.raises(ModelUnavailable, match="disk"):
        await model.run("a", str.upper)
    assert await model.run("a", str.upper) == "MODEL"
    await model.close()


async def test_model_that_keeps_failing_is_left_alone_for_a_while() -> None:
    """After two failures in a row nobody waits for a third."""
    loads: list[str] = []

    def load() -> str:
        loads.append("tried")
        raise OSError("gone")

    model = ModelThread("m", load)

    for _ in range(4):
        with pytest.raises(ModelUnavailable):
            await model.run("a", str.upper)
    await model.close()

    assert loads == ["tried", "tried"]


async def test_broken_model_is_replaced() -> None:
    """A model whose process has ended is unloaded, and loaded anew for the next."""
    loaded: list[str] = []
    unloaded: list[str] = []

    def load() -> str:
        loaded.append(f"model {len(loaded)}")
        return loaded[-1]

    def fail(_model: str) -> None:
        raise ModelUnavailable("m", "ended")

    model = ModelThread("m", load, unload=unloaded.append)

    with pytest.raises(ModelUnavailable):
        await model.run("a", fail)
    assert await model.run("a", str.upper) == "MODEL 1"
    await model.close()

    assert unloaded == ["model 0", "model 1"]


async def test_cancelled_work_is_taken_back() -> None:
    """What nobody waits for any more is not done."""
    done: list[str] = []
    model: ModelThread[list[str]] = ModelThread("m", lambda: done)
    gate = threading.Event()
    first = asyncio.create_task(model.run("a", lambda _done: gate.wait(5)))
    dropped = asyncio.create_task(model.run("b", lambda kept: kept.append("dropped")))
    await asyncio.sleep(0)

    dropped.cancel()
    gate.set()
    await first
    await model.run("c", lambda kept: kept.append("kept"))
    await model.close()

    assert done == ["kept"]


async def test_one_session_cannot_fill_the_queue() -> None:
    """Beyond its share a session is told so at once."""
    model: ModelThread[str] = ModelThread("m", lambda: "model")
    gate = threading.Event()
    tasks = [asyncio.create_task(model.run("a", lambda _model: str(gate.wait(5))))]
    await asyncio.sleep(0.05)
    tasks += [asyncio.create_task(model.run("a", str.upper)) for _ in range(MAX_WAITING)]
    await asyncio.sleep(0)

    with pytest.raises(TooBusy):
        await model.run("a", str.upper)
    gate.set()
    await asyncio.gather(*tasks)
    await model.close()

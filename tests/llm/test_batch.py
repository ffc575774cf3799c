"""The desk where requests become batches: when one is sent, how much it holds, and what ends the wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence

import pytest
from aiohttp import web

from sim.core.errors import CallFailed
from sim.core.spec import Limits, ModelSpec
from sim.llm.attempts import Answer
from sim.llm.batch.client import batch_price
from sim.llm.batch.desk import BatchDesk, Booking, Counter, MemoryLedger
from sim.llm.batch.openai import OpenAIWire
from sim.llm.batch.wire import BatchItem, Http, Standing
from sim.llm.direct import Pool
from sim.llm.failures import AttemptFailed
from sim.llm.prices import model_price
from sim.llm.traffic.passage import Traffic
from tests.waiting import soon, turns


class Wire:
    """The double of a provider: batches are over when `over` is set."""

    def __init__(self, *, most: int = 100, room: int = 1_000_000) -> None:
        self.most = most
        self.room = room
        self.batches: list[list[str]] = []
        self.over = True

    async def submit(self, items: Sequence[BatchItem], label: str) -> str:
        self.batches.append([item.id for item in items])
        return str(len(self.batches))

    async def look(self, batch: str) -> Standing:
        return Standing(self.over, "over" if self.over else "under way", 0, len(self.batches[int(batch) - 1]), results=(batch,))

    async def results(self, standing: Standing) -> AsyncIterator[tuple[str, Answer | AttemptFailed]]:
        for id in self.batches[int(standing.results[0]) - 1]:
            yield id, Answer(f"answer to {id}")

    async def find(self, label: str, ids: Collection[str], *, since: float, known: Collection[str]) -> str | None:
        return None


def opened(wire: Wire, ledger: MemoryLedger | None = None) -> tuple[BatchDesk, Counter, Traffic]:
    async def rest(seconds: float) -> None:
        await asyncio.sleep(0)

    traffic = Traffic(Limits(), sleep=rest)
    return BatchDesk(ledger or MemoryLedger(), traffic, say=lambda _: None), Counter("openai/any", wire, None, None), traffic


async def asked(desk: BatchDesk, counter: Counter, place: str, *, first: asyncio.Event | None = None, size: int = 1) -> tuple[Answer, bool]:
    with desk.working(place):
        if first:
            await first.wait()
        with desk.asking():
            return await desk.ask(counter, {"messages": "x" * size}, "rater")


@pytest.mark.parametrize(("wire", "size", "batches"), [(Wire(most=3), 1, [3, 3, 2]), (Wire(room=2_000), 600, [2, 2, 2, 2]), (Wire(), 1, [8])])
async def test_a_batch_holds_no_more_than_the_provider_takes(wire: Wire, size: int, batches: list[int]) -> None:
    desk, counter, _ = opened(wire)
    answers = await asyncio.gather(*(asked(desk, counter, str(n), size=size) for n in range(8)))
    assert [len(ids) for ids in wire.batches] == batches
    assert len({answer.text for answer, _ in answers}) == 8


async def test_a_batch_is_sent_when_everybody_who_works_is_waiting_and_not_before() -> None:
    desk, counter, _ = opened(wire := Wire())
    late = asyncio.Event()
    tasks = [asyncio.create_task(asked(desk, counter, "early")), asyncio.create_task(asked(desk, counter, "late", first=late))]
    await turns()
    assert wire.batches == []
    late.set()
    await asyncio.gather(*tasks)
    assert [len(ids) for ids in wire.batches] == [2]


async def test_requests_alike_at_two_places_are_two_and_one_place_asks_once() -> None:
    ledger = MemoryLedger()
    desk, counter, _ = opened(wire := Wire(), ledger)
    await asyncio.gather(asked(desk, counter, "here"), asked(desk, counter, "there"))
    assert len(set(wire.batches[0])) == 2
    desk, counter, _ = opened(wire, ledger)
    _, sent_before = await asked(desk, counter, "here")
    assert (len(wire.batches), sent_before) == (1, True)


async def test_stopping_ends_every_wait_at_once_and_sends_nothing_more() -> None:
    wire = Wire()
    wire.over = False
    desk, counter, traffic = opened(wire)
    waiting = asyncio.create_task(asked(desk, counter, "in a batch"))
    await soon(lambda: wire.batches, "a batch")
    traffic.stop()
    later = asyncio.create_task(asked(desk, counter, "in the queue"))
    for task in (waiting, later):
        with pytest.raises(CallFailed) as failed:
            await task
        assert failed.value.cause == "interrupted"
    assert len(wire.batches) == 1
    await desk.close()


async def test_a_bug_in_a_wire_reaches_whoever_asked() -> None:
    class Broken(Wire):
        async def look(self, batch: str) -> Standing:
            raise ZeroDivisionError

    desk, counter, _ = opened(Broken())
    with pytest.raises(ZeroDivisionError):
        await asyncio.wait_for(asked(desk, counter, "here"), 60)


async def test_a_batch_without_a_known_id_is_looked_for_on_every_page() -> None:
    pages = {"": ["b3", "b2"], "b2": ["b1", "b0"]}

    async def listed(request: web.Request) -> web.Response:
        names = pages[request.query.get("after", "")]
        batches = [{"id": n, "created_at": 2_000_000_000, "metadata": {"rapport": f"label of {n}"}} for n in names]
        return web.json_response({"data": batches, "has_more": "after" not in request.query})

    app = web.Application()
    app.router.add_get("/v1/batches", listed)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    wire = OpenAIWire(Http(f"http://127.0.0.1:{port}/v1", {}, timeout=30, pool=Pool()))
    try:
        assert await wire.find("label of b0", (), since=0, known=()) == "b0"
        assert await wire.find("another", (), since=0, known=()) is None
    finally:
        await wire.close()
        await runner.cleanup()


async def test_what_is_no_json_is_a_failure_that_may_pass() -> None:
    async def garbage(request: web.Request) -> web.Response:
        return web.Response(text="<html>")

    app = web.Application()
    app.router.add_get("/v1/batches/b", garbage)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    wire = OpenAIWire(Http(f"http://127.0.0.1:{runner.addresses[0][1]}/v1", {}, timeout=30, pool=Pool()))
    try:
        with pytest.raises(AttemptFailed) as failed:
            await wire.look("b")
        assert failed.value.kind == "other"
    finally:
        await wire.close()
        await runner.cleanup()


def test_batches_cost_half_and_a_server_of_ones_own_what_its_study_says() -> None:
    spec = ModelSpec(model="openai/gpt-4o-mini")
    single, half = model_price(spec), batch_price(spec)
    assert single
    assert half
    assert (half.input, half.output, half.cached) == (single.input / 2, single.output / 2, single.cached / 2 if single.cached else None)
    own = ModelSpec.model_validate({"model": "openai/any", "api_base": "http://127.0.0.1/v1", "price": {"input": 1, "output": 2}})
    assert batch_price(own) == model_price(own)


def test_a_booking_is_kept_as_it_was_kept_last() -> None:
    ledger = MemoryLedger()
    ledger.keep(Booking(label="a", model="m", at=0, ids=("1",)))
    ledger.keep(Booking(label="a", model="m", at=0, ids=("1",), batch="b"))
    assert [b.batch for b in ledger.bookings()] == ["b"]

"""The desk where requests are gathered into batches: a batch is sent when everybody who works is waiting, so that one holds as much as it can.

Whoever judges asks its client as ever and waits for the answer; that the answer takes hours and comes with thousands of others is not its business. A
request has an id by what it asks and where, and the ledger keeps which batch holds which ids, written before the batch is made: a command that is
killed finds its requests in the batches that hold them, and buys none of them twice.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import time
import uuid
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import Context, ContextVar, copy_context
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import structlog
from structlog.contextvars import unbind_contextvars

from sim.core.errors import CallFailed, InputError
from sim.core.event import Usage
from sim.core.frozen import Frozen
from sim.core.view import CHARACTERS_PER_TOKEN
from sim.llm.attempts import Answer
from sim.llm.batch.wire import BatchItem
from sim.llm.failures import AGAIN, AttemptFailed
from sim.llm.telemetry import log_step

if TYPE_CHECKING:
    from sim.core.event import Role
    from sim.llm.batch.wire import BatchWire, JsonObject, Standing
    from sim.llm.prices import Price
    from sim.llm.traffic.passage import Traffic

T = TypeVar("T")

SOONEST, LATEST, SLOWER = 1.0, 60.0, 1.5
"""Seconds before a batch is looked at first, and at most between two looks; each wait is that much longer than the one before."""


class Booking(Frozen):
    """A line of the ledger: a batch that is about to be made, or was."""

    label: str
    model: str
    at: float
    """Unix time."""
    ids: tuple[str, ...]
    batch: str = ""
    """The provider's id; empty: it was about to be made."""


class Ledger(Protocol):
    """Keeps bookings. A file beside the journal is one."""

    def bookings(self) -> Sequence[Booking]:
        """All that were ever made, oldest first, each as it was kept last."""

    def keep(self, booking: Booking) -> None:
        """Keep it; returns once it is safe."""


class MemoryLedger:
    """A ledger without a disk."""

    def __init__(self) -> None:
        self._by_label: dict[str, Booking] = {}

    def bookings(self) -> Sequence[Booking]:
        """See `Ledger`."""
        return tuple(self._by_label.values())

    def keep(self, booking: Booking) -> None:
        """See `Ledger`."""
        self._by_label[booking.label] = booking


@dataclass
class Counter:
    """Where the requests to one model are handed in."""

    model: str
    wire: BatchWire
    price: Price | None
    """Of calls in a batch; None: unknown."""
    single: Price | None
    """Of single calls."""
    queue: list[Waiting] = field(default_factory=list)


@dataclass
class Waiting:
    """A request that waits to be sent."""

    item: BatchItem
    role: Role
    answer: asyncio.Future[Answer]


_PLACE: ContextVar[str] = ContextVar("place", default="")


class BatchDesk:
    """All batches of one command.

    Args:
        ledger: what earlier commands have sent, too.
        traffic: ends every wait when it is stopped.
        say: is given a line for a person: what is about to be sent, and what went wrong with a batch as a whole.
        show: is given how the batches stand, whenever they are looked at.
        expected: tokens of an answer by role, to reckon with before there is any.
        now: Unix time.
    """

    def __init__(
        self,
        ledger: Ledger,
        traffic: Traffic,
        *,
        say: Callable[[str], None],
        show: Callable[[str], None] = lambda _: None,
        expected: Mapping[Role, int] = MappingProxyType({}),
        now: Callable[[], float] = time.time,
        rest: Callable[[float], Awaitable[None]] | None = None,
    ) -> None:
        self._ledger = ledger
        self._rest = rest or traffic.rest
        self._say = say
        self._show = show
        self._expected = expected
        self._now = now
        self._holding = {(b.model, id): b for b in ledger.bookings() for id in b.ids}
        self._counters: dict[str, Counter] = {}
        self._results: dict[str, asyncio.Task[Mapping[str, Answer | AttemptFailed]]] = {}
        self._sending: set[asyncio.Future[None]] = set()
        self._traffic = traffic
        self._own: set[str] = set()
        self._standings: dict[str, Standing] = {}
        self._working = self._asking = 0
        self._troubles: set[str] = set()
        self._told: set[tuple[str, str]] = set()

    # --- who works, and who waits -------------------------------------------------------------------------------------

    @contextmanager
    def working(self, place: str) -> Iterator[None]:
        """Around everything that may ask for something.

        Args:
            place: what it works on; requests of two places are never taken for the same.
        """
        self._working += 1
        token = _PLACE.set(place)
        try:
            yield
        finally:
            _PLACE.reset(token)
            self._working -= 1
            self._look_round()

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Around one question, from before its place in the budget is taken: who waits for that holds no batch up."""
        self._asking += 1
        self._look_round()
        try:
            yield
        finally:
            self._asking -= 1

    def _look_round(self) -> None:
        asyncio.get_running_loop().call_soon(self._send_if_all_wait)

    def _send_if_all_wait(self) -> None:
        if self._asking < self._working:
            return
        if self._traffic.stopped:
            self._turn_away(CallFailed("interrupted", "the command is being stopped"))
        for counter in self._counters.values():
            while counter.queue:
                self._start(self._send(counter, _take(counter)))

    def _turn_away(self, why: CallFailed) -> None:
        for counter in self._counters.values():
            _tell(counter.queue, why)
            counter.queue.clear()

    # --- a request ----------------------------------------------------------------------------------------------------

    async def ask(self, counter: Counter, body: JsonObject, role: Role) -> tuple[Answer, bool]:
        """The answer to one request, and whether it is one that an earlier command has sent.

        Raises:
            AttemptFailed: there is none.
            CallFailed: the command is being stopped, or the batch as a whole came to nothing.
        """
        place = _PLACE.get()
        id = hashlib.blake2b(json.dumps([place, counter.model, body], sort_keys=True).encode(), digest_size=16).hexdigest()
        held = self._holding.get((counter.model, id))
        if held is not None:
            found = (await self._results_of(counter, held)).get(id)
            if isinstance(found, Answer):
                return found, True
        self._counters.setdefault(counter.model, counter)
        waiting = Waiting(BatchItem(id, body), role, asyncio.get_running_loop().create_future())
        counter.queue.append(waiting)
        self._look_round()
        return await waiting.answer, False

    async def close(self) -> None:
        """End what is under way here; what is under way at a provider goes on."""
        under_way: list[asyncio.Future[Any]] = [*self._sending, *self._results.values()]
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)

    # --- a batch ------------------------------------------------------------------------------------------------------

    def _start(self, sending: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(sending, context=_of_all())
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _send(self, counter: Counter, taken: Sequence[Waiting]) -> None:
        """Send a batch, wait until it is over, and give everybody their answer."""
        try:
            found = await self._buy(counter, taken)
        except CallFailed as failed:
            _tell(taken, failed)
            return
        except (InputError, OSError) as error:  # The ledger cannot be written, so that nothing may be sent.
            _tell(taken, self._trouble(counter, f"no batch was made: {error}"))
            return
        except Exception as bug:  # Ours; whoever waits must not wait for ever.
            for one in taken:
                if not one.answer.done():
                    one.answer.set_exception(bug)
            return
        for one in taken:
            came = found.get(one.item.id) or AttemptFailed("other", f"{counter.model}: the batch holds no result of the request")
            if one.answer.done():
                continue
            if isinstance(came, Answer):
                one.answer.set_result(came)
            else:
                one.answer.set_exception(came)

    async def _buy(self, counter: Counter, taken: Sequence[Waiting]) -> Mapping[str, Answer | AttemptFailed]:
        booking = Booking(label=uuid.uuid4().hex, model=counter.model, at=self._now(), ids=tuple(one.item.id for one in taken))
        self._own.add(booking.label)
        self._ledger.keep(booking)
        self._say(announce(counter, taken, self._expected))
        items = [one.item for one in taken]
        try:
            batch = await counter.wire.submit(items, booking.label)
        except AttemptFailed as failed:
            batch = await self._made_after_all(counter, booking, items, failed)
        booking = booking.model_copy(update={"batch": batch})
        self._ledger.keep(booking)
        log_step(logging.INFO, "batch_sent", model=counter.model, batch=batch, requests=len(taken))
        return await self._results_of(counter, booking)

    async def _made_after_all(self, counter: Counter, booking: Booking, items: Sequence[BatchItem], failed: AttemptFailed) -> str:
        """The id of a batch whose making seemed to fail: looked for before it is made once more, for the answer alone may have been lost."""
        if failed.kind not in AGAIN:
            raise self._trouble(counter, f"no batch was made: {failed.message}")
        await self._rest(failed.wait or SOONEST)
        found = await self._patiently(counter, lambda: self._find(counter, booking))
        if found is not None:
            return found
        try:
            return await counter.wire.submit(items, booking.label)
        except AttemptFailed as again:
            raise self._trouble(counter, f"no batch was made: {again.message}") from None

    def _results_of(self, counter: Counter, booking: Booking) -> Awaitable[Mapping[str, Answer | AttemptFailed]]:
        """What came of the batch, once it is over; asked for once, whoever waits."""
        if booking.label not in self._results:
            self._results[booking.label] = asyncio.create_task(self._fetch(counter, booking), context=_of_all())
        return asyncio.shield(self._results[booking.label])

    async def _fetch(self, counter: Counter, booking: Booking) -> Mapping[str, Answer | AttemptFailed]:
        if not booking.batch:
            found = await self._patiently(counter, lambda: self._find(counter, booking))
            if found is None:  # It was never made.
                return {}
            booking = booking.model_copy(update={"batch": found})
            self._ledger.keep(booking)
        standing = await self._wait_for(counter, booking)
        if standing.why and booking.label not in self._own:
            return {}  # An earlier command has said so; nothing of it was done or paid for, and it is asked anew.
        if standing.why:
            raise self._trouble(counter, f"batch {booking.batch} failed: {standing.why}")
        return await self._patiently(counter, lambda: _gather(counter.wire, standing, booking))

    async def _find(self, counter: Counter, booking: Booking) -> str | None:
        known = {b.batch for b in self._ledger.bookings() if b.batch}
        return await counter.wire.find(booking.label, frozenset(booking.ids), since=booking.at, known=known)

    async def _wait_for(self, counter: Counter, booking: Booking) -> Standing:
        wait = 0.0
        while True:
            standing = await self._patiently(counter, lambda: counter.wire.look(booking.batch))
            self._standings[f"{counter.model} {booking.batch}"] = standing
            self._show("; ".join(f"batch {name}: {s.word}, {s.done:,} of {s.of:,}" for name, s in self._standings.items() if not s.over))
            if standing.over:
                log_step(logging.INFO, "batch_over", model=counter.model, batch=booking.batch, status=standing.word, done=standing.done)
                return standing
            wait = min(LATEST, max(SOONEST, wait * SLOWER))
            await self._rest(wait)

    async def _patiently(self, counter: Counter, attempt: Callable[[], Awaitable[T]]) -> T:
        """`attempt`, as often as it takes: what is paid for is not given up because a provider is away for an hour.

        Raises:
            CallFailed: it is refused for good, or the command is being stopped.
        """
        wait = SOONEST
        while True:
            try:
                return await attempt()
            except AttemptFailed as failed:
                if failed.kind not in AGAIN:
                    raise self._trouble(counter, failed.message) from None
                if (counter.model, failed.brief) not in self._told:
                    self._told.add((counter.model, failed.brief))
                    structlog.get_logger().warning("batch_waits", model=counter.model, error=failed.brief, means="asked again until it is answered")
                await self._rest(failed.wait or wait)
                wait = min(LATEST, wait * SLOWER)

    def _trouble(self, counter: Counter, what: str) -> CallFailed:
        """Note what went wrong with a batch as a whole. It says nothing of any request in it, so nobody's call counts as lost."""
        said = CallFailed("interrupted", f"{counter.model}: {what}")
        if said.message not in self._troubles:
            self._troubles.add(said.message)
            self._say(said.message)
        return said


def _of_all() -> Context:
    """Where a batch is worked on: in the run, and at no place of it, whoever asked first."""
    context = copy_context()
    context.run(unbind_contextvars, "trial", "session", "exchange")
    return context


def _tell(waiting: Iterable[Waiting], failed: CallFailed) -> None:
    for one in waiting:
        if not one.answer.done():
            one.answer.set_exception(CallFailed(failed.cause, failed.message))


async def _gather(wire: BatchWire, standing: Standing, booking: Booking) -> Mapping[str, Answer | AttemptFailed]:
    ids = frozenset(booking.ids)
    return {id: came async for id, came in wire.results(standing) if id in ids}


def _take(counter: Counter) -> list[Waiting]:
    """As many of those who wait as one batch holds."""
    taken: list[Waiting] = []
    room = counter.wire.room
    while counter.queue and len(taken) < counter.wire.most:
        room -= len(json.dumps(counter.queue[0].item.body)) + 200
        if taken and room < 0:
            break
        taken.append(counter.queue.pop(0))
    return taken


def announce(counter: Counter, taken: Sequence[Waiting], expected: Mapping[Role, int]) -> str:
    """What is about to be sent, and what it costs."""
    sent = sum(len(json.dumps(one.item.body, ensure_ascii=False)) for one in taken) // CHARACTERS_PER_TOKEN
    usage = Usage(input=sent, output=sum(expected.get(one.role, 0) for one in taken))
    if counter.price is None or counter.single is None:
        cost = "at a price that nobody here knows"
    elif counter.price == counter.single:
        cost = f"about ${counter.price.cost(usage):.2g}"
    else:
        cost = f"about ${counter.price.cost(usage):.2g} at half the price of single calls (${counter.single.cost(usage):.2g})"
    number = f"{len(taken):,} call" + ("s" if len(taken) > 1 else "")
    return f"batch of {number} to {counter.model}: some {usage.input:,} tokens in and {usage.output:,} out, {cost}; it may take 24 hours"

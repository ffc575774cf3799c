"""Attacks under which earlier versions broke, made anew. Each test names the row of the review of reliability that tells of it.

Row 8: nothing noticed that a provider was down or refused for good. Row 10: budgets were overspent, and waits outlasted them. Row 17: a chatbot heard
messages twice, and nobody was told. Row 24: a run's memory grew with every exchange.
"""

from __future__ import annotations

import asyncio
import gc
import io
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from rich.console import Console

from sim.app import Run, resume_run, run_study
from sim.core.cast import Cast
from sim.core.event import Event, SessionOpened, TrialFinished
from sim.core.fold import fold
from sim.core.ports import MemorySink
from sim.core.record import Trial
from sim.core.spec import Study
from sim.core.view import user_view
from sim.engine.local import LocalBackend
from sim.llm.build import Shared
from sim.llm.traffic.passage import Traffic
from sim.present.text.showing import render_run
from tests.cli.small import SCENARIO
from tests.engine.backends import plans_of, recipe_of, study
from tests.server import Server
from tests.waiting import soon

EXCHANGES = 4
"""Of one trial."""
CALLS = 3 * EXCHANGES + 2
"""The same in calls: a message, a reply and a rating each, and a look back on each of the two sessions."""
ASKED_TO_WAIT = 60.0
"""Seconds."""


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits that are counted in seconds take hundredths of them."""
    monkeypatch.setattr("sim.llm.attempts.BASE", 0.01)
    monkeypatch.setattr("sim.llm.traffic.breaker.FIRST", 0.05)


def asked(folder: Path, url: str, **changes: Any) -> Study:
    """One target that is asked at `url`, as user and rater are; two sessions of two exchanges."""
    (folder / "short.yaml").write_text(SCENARIO, encoding="utf-8")
    fields: dict[str, Any] = {
        "name": "attacked",
        "targets": [{"id": "bot", "model": "openai/any", "api_base": url}],
        "user": {"model": "openai/user", "api_base": url},
        "rater": {"model": "openai/rater", "api_base": url},
        "personas": ["davi"],
        "scenarios": [str(folder / "short.yaml")],
        "seeds": 12,
        "concurrency": 6,
        "controls": {"one_by_one": 0, "repeat": 0},
    }
    return Study.model_validate({**fields, **changes})


def hearing(said: list[str]) -> Callable[[Traffic, object], None]:
    """What the run's traffic says goes to `said`."""

    def start(traffic: Traffic, _: object) -> None:
        traffic.say = said.append

    return start


def begun(run: Run) -> int:
    return sum(bool(t.sessions) for t in run.trials)


async def test_row_8_a_provider_that_is_away_for_a_while_costs_no_trial(tmp_path: Path) -> None:
    said: list[str] = []
    async with Server(latency=1) as server:
        going = asyncio.create_task(run_study(asked(tmp_path, server.url), results=tmp_path, on_start=hearing(said)))
        await soon(lambda: server.stats()["answered"] > 2 * CALLS or going.done(), "a sixth of the calls")
        port = int(server.url.split(":")[2].split("/")[0])
    await soon(lambda: any(line.startswith("paused: ") for line in said) or going.done(), "it is said that the run is paused")
    assert not going.done()
    async with Server(port=port):
        run = await going
    assert run.status == "finished"
    assert sum(len(t.lost) for t in run.trials) == 0, "no call was lost while it was away"
    assert {line.split()[1] for line in said if "is down" in line} == {line.split()[0] for line in said if "is back" in line}


async def test_row_8_a_rater_that_refuses_for_good_is_asked_a_few_times_and_no_trial_is_begun_without_it(tmp_path: Path) -> None:
    said: list[str] = []
    async with Server(latency=1) as server:
        made = asked(tmp_path, server.url, seeds=14, concurrency=4)
        server.fault("unauthorized", role="rater", start=10)
        run = await run_study(made, results=tmp_path, on_start=hearing(said))
        assert run.status == "incomplete"
        refused = server.stats()["refused"]
        assert 5 <= refused < 5 + made.concurrency, "five in a row, and those that were under way"
        assert begun(run) < 2 * made.concurrency, "those under way when it began to refuse"
        (line,) = said
        assert "is not asked any more: it refused 5 times in a row (status 401, the key is not accepted" in line
        server.clear()
        mended = await resume_run(run.folder.path)
        assert mended.status == "finished"
        assert server.stats()["calls"] == 14 * CALLS + refused, "nothing was bought twice"


async def test_row_10_tokens_hold_with_many_trials_under_way(tmp_path: Path) -> None:
    async with Server(latency=1, record=False) as server:
        made = asked(tmp_path, server.url, seeds=60, concurrency=60, limits={"max_tokens": 60_000})
        run = await run_study(made, results=tmp_path)
    assert run.status == "incomplete"
    spent = sum(s.input + s.output for t in run.trials for s in t.spent.values())
    assert 30_000 < spent <= 60_000, "earlier versions spent twice as much"


def set_by(days: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody sets the machine's clock while the run goes on."""
    real, looked = time.time, count()
    monkeypatch.setattr(time, "time", lambda: real() + (86_400.0 * days if next(looked) > 10 else 0.0))


async def test_row_10_a_clock_that_is_put_forward_ends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_by(400, monkeypatch)
    async with Server() as server:
        run = await run_study(asked(tmp_path, server.url, seeds=1, limits={"max_minutes": 10}), results=tmp_path)
    assert run.status == "finished"


@pytest.mark.parametrize("days", [0, -400])
async def test_row_10_minutes_end_waits_whatever_becomes_of_the_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    set_by(days, monkeypatch)
    async with Server() as server, asyncio.timeout(ASKED_TO_WAIT / 2):
        server.fault("refuse429", role="target", seconds=ASKED_TO_WAIT)
        run = await run_study(asked(tmp_path, server.url, limits={"max_minutes": 0.005}), results=tmp_path)
    assert run.status == "incomplete"
    lost = [lost for t in run.trials for lost in t.lost]
    assert {(of.cause, of.message) for of in lost} == {("budget", "the 0.005 minutes of --max-minutes are over")}


class Bot:
    """Remembers who said what, heeds no idempotency key, and drops the line behind some of what it has heard."""

    def __init__(self, *, drops: int = 0) -> None:
        self.heard: list[tuple[str, str]] = []
        """The key of each message and of each closing call, and what was called."""
        self._drops = drops

    def times(self, path: str) -> Counter[str]:
        """How often it heard each call of `path`, by the key that it does not heed."""
        return Counter(key for key, called in self.heard if called == path)

    async def answer(self, request: web.Request) -> web.Response:
        await request.read()
        self.heard.append((request.headers.get("Idempotency-Key", ""), request.path))
        if self._drops and len(self.heard) % self._drops == 0:
            assert request.transport is not None
            request.transport.abort()
        return web.json_response({"reply": f"That is message {len(self.heard)}."})

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """Its address."""
        site = web.Application()
        site.router.add_post("/{called}", self.answer)
        runner = web.AppRunner(site, shutdown_timeout=0)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        try:
            yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()


def talked_to(folder: Path, url: str, **changes: Any) -> Study:
    """The bot at `url` in place of a model, and an offline user."""
    http = {"url": f"{url}/chat", "closing": {"url": f"{url}/close"}, **changes.pop("http", {})}
    offline = {"user": {"model": "offline/user"}, "rater": "self", "targets": [{"id": "bot", "http": http}]}
    return asked(folder, url, **offline, **changes)


async def test_row_17_what_a_chatbot_has_heard_twice_is_counted_and_shown(tmp_path: Path) -> None:
    bot = Bot(drops=7)
    async with bot.serving() as url:
        run = await run_study(talked_to(tmp_path, url, seeds=6), results=tmp_path)
    assert run.status == "finished"
    (target,) = run.summary.targets
    messages, closed = bot.times("/chat"), bot.times("/close")
    assert len(messages) == target.exchanges == 6 * EXCHANGES
    assert 0 < target.resent == sum(times > 1 for times in messages.values()), "each message that it heard again, and no other"
    shown = io.StringIO()
    Console(file=shown, width=150).print(render_run(run.summary, width=150))
    assert f"Sent again: {target.resent} of {len(messages)} messages to bot" in shown.getvalue()
    assert len(closed) == 6 * 2, "closing calls that were made again bear the keys of their sessions too"


async def test_row_10_a_session_that_settles_does_not_outlast_the_minutes(tmp_path: Path) -> None:
    bot = Bot()
    async with bot.serving() as url, asyncio.timeout(ASKED_TO_WAIT / 2):
        made = talked_to(tmp_path, url, http={"settle": ASKED_TO_WAIT}, limits={"max_minutes": 0.005})
        run = await run_study(made, results=tmp_path)
    assert run.status == "incomplete"
    assert {lost.cause for t in run.trials for lost in t.lost} == {"budget"}


class Forgetful(MemorySink):
    """Keeps nothing of a trial that is finished, and counts what is in memory when every sixth is."""

    def __init__(self) -> None:
        super().__init__()
        self.objects: list[int] = []
        self.finished = 0

    async def append(self, event: Event) -> None:
        await super().append(event)
        if isinstance(event, TrialFinished):
            self._events.pop(event.trial)
            self.finished += 1
            if self.finished % 6 == 0:
                gc.collect()
                self.objects.append(len(gc.get_objects()))


async def test_row_24_a_trial_that_is_over_leaves_nothing_in_memory() -> None:
    of = study(seeds=12, concurrency=2, targets=({"id": "keeps", "model": "offline/uses", "memory": "full"},))
    plans, sink, traffic = plans_of(of), Forgetful(), Traffic(of.limits)
    recipe = recipe_of(of)
    await LocalBackend(Shared(traffic), clock=time.time).run(plans, recipe, sink)
    warm, last = sink.objects
    assert last - warm < 6 * 60, "each trial is some hundreds of objects, and only caches that have an end may still fill"


def test_row_24_what_is_remembered_of_a_session_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim.core.view.MOST_CARDS", 3)
    cast, *_ = (plan.cast for plan in plans_of(study(seeds=1)))
    trials = [begun_on(cast, seed) for seed in range(1, 9)]
    cards = [user_view(trial, study_seed=7, history_tokens=1_000).card for trial in (*trials, trials[0])]
    assert len(cast.cards) == 3
    assert cards[0] == cards[-1], "one that was forgotten is made again as it was"


def begun_on(cast: Cast, seed: int) -> Trial:
    """A trial whose first session has been opened."""
    opened = SessionOpened(trial=f"t/{seed}", session=1, take=1, date=cast.start_date)
    return fold(Trial(id=opened.trial, target="keeps", seed=seed, cast=cast), (opened,))

"""Workers that die, are slow or come back from the dead: the journal is that of an undisturbed run, and what is paid twice is what was in flight."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from sim.core.batch import batch_of, decode
from sim.core.errors import InputError, RunStuck
from sim.core.fold import fold
from sim.engine.lease import Leases
from sim.engine.recipe import Recipe
from sim.engine.worker import DriverOrder, Report, Task
from sim.engine.workers import WorkerLost, Workers
from sim.llm.traffic.passage import Traffic
from tests.engine.backends import Kept, plans_of, recipe_of, study
from tests.engine.test_backends import InProcess, run
from tests.waiting import soon

Dies = Callable[["Mortal", DriverOrder], bool]


class Mortal(InProcess):
    """A worker that dies when it is told to: before it hears an order, or after it has done what the order says."""

    def __init__(self, recipe: Recipe, *, dies: Dies, after: bool) -> None:
        super().__init__(recipe)
        self.exchanges = 0
        self._dies = dies
        self._after = after

    async def exchange(self, order: DriverOrder) -> Report:
        self.exchanges += 1
        if not self._after and self._dies(self, order):
            raise WorkerLost("killed")
        report = await super().exchange(order)
        if self._after and self._dies(self, order):
            raise WorkerLost("killed, with events that nobody has seen")
        return report


async def with_deaths(recipe: Recipe, plans: Any, sink: Kept, *, dies: Dies, after: bool, count: int = 2) -> list[str]:
    """Run it; what was said of workers that were lost."""
    traffic = Traffic(recipe.limits)
    said: list[str] = []
    traffic.say = said.append

    async def hire(sent: Recipe) -> Mortal:
        return Mortal(sent, dies=dies, after=after)

    await Workers(hire, count=count, traffic=traffic).run(plans, recipe, sink)
    return said


@pytest.mark.parametrize("after", [False, True])
async def test_a_dead_workers_trials_go_on_elsewhere_from_the_journal(after: bool) -> None:
    of = study(concurrency=4)
    plans, recipe = plans_of(of), recipe_of(of)
    whole = await run("local", recipe, plans)
    deaths: list[int] = []

    def dies(worker: Mortal, _: DriverOrder) -> bool:
        """Each worker dies in its fifth exchange, four of them in all."""
        if worker.exchanges == 5 and len(deaths) < 4:
            deaths.append(id(worker))
            return True
        return False

    kept = Kept()
    said = await with_deaths(recipe, plans, kept, dies=dies, after=after)
    assert len(deaths) == len(said) == 4
    assert all(line.startswith("a worker is lost (killed") for line in said)
    assert kept.happened() == whole.happened()
    assert kept.twice == [], "what an earlier worker had told was not told again"
    assert all(fold(p.blank(), kept.events(p.id)).finished for p in plans)


async def test_workers_that_die_before_they_do_anything_end_the_run_which_can_be_resumed() -> None:
    of = study()
    with pytest.raises(RunStuck, match=r"3 workers in a row died before they had done anything: killed.*sim resume"):
        await with_deaths(recipe_of(of), plans_of(of), Kept(), dies=lambda *_: True, after=False, count=1)


async def test_a_worker_for_whom_there_is_no_place_holds_nobody_up() -> None:
    """Its machine is gone and no other is free: it never speaks, and the others do the work."""
    of = study(concurrency=4)
    plans, recipe = plans_of(of), recipe_of(of)
    hired: list[InProcess] = []

    class Waits(InProcess):
        async def exchange(self, order: DriverOrder) -> Report:
            assert order.tasks == (), "nothing is handed to a worker that has not spoken"
            await asyncio.Event().wait()
            raise AssertionError("never")

    async def hire(sent: Recipe) -> InProcess:
        hired.append(InProcess(sent) if len(hired) != 1 else Waits(sent))
        return hired[-1]

    kept = Kept()
    await Workers(hire, count=2, traffic=Traffic(recipe.limits)).run(plans, recipe, kept)
    assert len(hired) == 2
    assert all(fold(p.blank(), kept.events(p.id)).finished for p in plans)


async def test_where_no_further_worker_can_be_had_the_others_do_the_work() -> None:
    of = study(concurrency=4)
    plans, recipe = plans_of(of), recipe_of(of)
    hired: list[Mortal] = []

    async def hire(sent: Recipe) -> Mortal:
        lives = not hired
        hired.append(Mortal(sent, dies=lambda *_: not lives, after=False))
        return hired[-1]

    kept = Kept()
    await Workers(hire, count=2, traffic=Traffic(recipe.limits)).run(plans, recipe, kept)
    assert len(hired) == 4, "three died at once"
    assert all(fold(p.blank(), kept.events(p.id)).finished for p in plans)


async def test_what_a_worker_says_after_it_was_given_up_is_not_kept() -> None:
    leases = Leases()
    first = leases.grant("t")
    assert leases.holds("t", first)
    leases.end("t")
    assert not leases.holds("t", first)
    second = leases.grant("t")
    assert (leases.holds("t", first), leases.holds("t", second), leases.held) == (False, True, 1)


async def test_what_comes_under_an_old_lease_reaches_no_journal() -> None:
    """The first worker is given up while it is silent; what it had to tell comes later, beside what the trial's new worker tells."""
    of = study(concurrency=1, seeds=1, targets=({"id": "keeps", "model": "offline/uses"},))
    plans, recipe = plans_of(of), recipe_of(of)
    whole = await run("local", recipe, plans)
    late: list[Report] = []

    class Haunted(InProcess):
        added = 0

        async def exchange(self, order: DriverOrder) -> Report:
            report = await super().exchange(replace(order, kept=order.kept - self.added))
            if report.leases and not late:
                late.append(report)
                raise WorkerLost("no word of it")
            if self.added or not late:
                return report
            self.added = len(late[0].leases)
            changed = [decode(row).model_copy(update={"take": 7}) for row in late[0].batch.rows]
            both = batch_of((*changed, *map(decode, report.batch.rows)))
            return replace(report, batch=both, leases=(*late[0].leases, *report.leases))

    async def hire(sent: Recipe) -> Haunted:
        return Haunted(sent)

    kept = Kept()
    await Workers(hire, count=1, traffic=Traffic(recipe.limits)).run(plans, recipe, kept)
    assert late
    assert kept.happened() == whole.happened()


async def test_a_trial_goes_on_only_when_its_event_is_safe() -> None:
    of = study(concurrency=1, seeds=1, targets=({"id": "keeps", "model": "offline/uses"},))
    (plan,) = plans_of(of)
    worker = InProcess(recipe_of(of))
    first = await worker.exchange(DriverOrder(0, (Task(plan, 1, ()),)))
    assert [row.kind for row in first.batch.rows] == ["session_opened"]
    assert (await worker.exchange(DriverOrder(0))).batch.rows == (), "nothing happens while nothing is safe"
    second = await worker.exchange(DriverOrder(1))
    assert [row.kind for row in second.batch.rows] == ["user_spoke"]
    await worker.dismiss()


async def test_the_budget_is_held_against_what_all_workers_spend() -> None:
    of = study(concurrency=6, limits={"max_tokens": 3_000, "retries": 0}, targets=({"id": "keeps", "model": "offline/uses"},))
    plans, recipe = plans_of(of), recipe_of(of)
    traffic = Traffic(recipe.limits)

    async def hire(sent: Recipe) -> InProcess:
        return InProcess(sent)

    kept = Kept()
    await Workers(hire, count=2, traffic=traffic).run(plans, recipe, kept)
    used = sum(c.usage.input + c.usage.output for e in kept.order for c in e.calls if c.usage)
    assert traffic.budget.spent.tokens == used
    causes = Counter(e.cause for e in kept.order if e.kind == "call_lost")
    assert set(causes) == {"budget"}
    assert 0 < used <= 3_000


async def test_code_that_is_not_where_the_workers_are_is_one_line() -> None:
    of = study(targets=({"id": "bot", "callable": "nowhere_to_be_found:bot"},))
    with pytest.raises(InputError, match="nowhere_to_be_found"):
        await run("workers", recipe_of(of), plans_of(of))


async def test_a_cancelled_run_leaves_no_task_behind() -> None:
    of = study(concurrency=2)
    kept = Kept()
    going = asyncio.create_task(run("workers", recipe_of(of), plans_of(of), kept))
    await soon(lambda: len(kept.order) >= 10, "ten events")
    going.cancel()
    with pytest.raises(asyncio.CancelledError):
        await going
    assert {t for t in asyncio.all_tasks() if t is not asyncio.current_task()} == set()

"""A finished run scored anew: only what is absent is asked for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sim.core.fold import fold
from sim.core.spec import Limits
from sim.present.data.plans import plans_of
from sim.store.held_out import demand_texts
from sim.store.runs import RunFolder, open_run

if TYPE_CHECKING:
    from sim.core.panel import Assignment
    from sim.core.ports import Listener
    from sim.engine.batches import Batching
    from sim.engine.judges import Judging
    from sim.llm.hosts import LocalOnly
from sim.app.runs import RESULTS
from sim.app.writing import OnStart, WatchedSink, hold


async def rescore_run(
    run: str | Path,
    judging: Judging,
    *,
    results: str | Path = RESULTS,
    limits: Callable[[Limits], Limits] | None = None,
    local_only: LocalOnly | None = None,
    listeners: Sequence[Listener] = (),
    on_start: OnStart | None = None,
    batching: Batching | None = None,
) -> None:
    """Let other raters, another tagger or further scorers judge the talks of a run, finished or not; asks only what is absent, and nothing of user or
    target. `load_run` reads what came of it, `count_absent` tells what is absent still.

    Args:
        judging: who judges (`sim.engine.judges.build_judging`); its scorers are kept with the run.
        limits: applied to the study's limits without its budgets, which are not meant for this; what the same judges have spent on the run before
            counts.
        local_only: see `run_study`; what it refuses is refused by whoever calls.
        batching: asks in batches, for half the price and within a day; None: at once.

    Raises:
        InputError: there is no such run, a judge does not exist, or its key is missing from the environment; nothing is written then.
        RunLocked: another process is writing to it.
    """
    from sim.engine.clients import Clients
    from sim.engine.preflight import check_prices
    from sim.engine.rescore import Bench, calls_of, find_due, rescore
    from sim.llm.build import Shared
    from sim.llm.guard import guarded
    from sim.llm.otel import traced
    from sim.llm.prompts import Prompts, load_texts
    from sim.llm.traffic.budget import tally
    from sim.llm.traffic.passage import Traffic
    from sim.store.call_count import CallCount

    if batching:
        from sim.engine.batches import EXPECTED, BatchClients, check_batches, paid_calls
        from sim.llm.batch.desk import BatchDesk
        from sim.store.batches import BatchFile

        check_batches(judging)
    judging.check()
    folder = open_run(run, Path(results))
    demand_texts(folder.scenarios)
    unbounded = folder.study.limits.model_copy(update={"max_cost": None, "max_tokens": None, "max_minutes": None, "roles": {}})
    allowed = limits(unbounded) if limits else unbounded
    check_prices(judging.priced, allowed)
    folder.accept_codebook(judging.codebook)
    with folder.write_journal() as journal, CallCount(folder.path) as counted, guarded(local_only):
        journal.demand_room()
        folder = folder.add_scorers(judging.scorers, prompts=load_texts(), offline=judging.offline)
        plans = plans_of(folder)

        def due() -> Iterator[Assignment]:
            return find_due((fold(p.blank(), journal.events(p.id)) for p in plans), judging)

        if next(due(), None):
            folder = folder.add_scoring(judging.codebook, prompts=load_texts(), scorers=judging.versions, offline=judging.offline)
            study, prompts = folder.study, Prompts(folder.header.prompts)
            spent = tally(calls_of(journal.all_events(), judging.parts))
            shared = Shared(Traffic(allowed, concurrency=judging.concurrency, spent=spent), local_only)
            desk: BatchDesk | None = None
            clients: Clients
            if batching:
                # What waits in a batch is not lost with this process: its provider keeps it, and the next command has it.
                desk = BatchDesk(BatchFile(folder.path), shared.traffic, say=batching.say, show=batching.show, expected=EXPECTED)
                paid = paid_calls(journal.all_events(), judging.parts)
                clients = BatchClients(prompts, sampling=study.sampling, limits=allowed, shared=shared, desk=desk, paid=paid)
            else:
                clients = Clients(prompts, sampling=study.sampling, limits=allowed, shared=shared)
                shared.traffic.count, listeners = counted.begun, (counted, *listeners)
            if on_start:
                on_start(shared.traffic, folder)
            try:
                bench = Bench(judging.build_judges(clients, study), shared.traffic, judging.concurrency, desk)
                async with traced(folder.name):
                    await rescore(due(), bench, WatchedSink(hold(journal, shared.traffic, allowed), listeners), clock=time.time)
            finally:
                if desk:
                    await desk.close()
                await clients.close()


def count_absent(folder: RunFolder, judging: Judging) -> tuple[int, int]:
    """How many verdicts of `judging` the run does not hold, and in how many trials; a trial at a time is in memory.

    Raises:
        InputError: the run's files are damaged.
    """
    from sim.engine.rescore import find_due

    verdicts = trials = 0
    with folder.read_journal() as journal:
        for plan in plans_of(folder, scorers=judging.scorers):
            absent = sum(len(one.parts) for one in find_due((fold(plan.blank(), journal.events(plan.id)),), judging))
            verdicts += absent
            trials += absent > 0
    return verdicts, trials

"""`sim.run` and `sim.resume`: a run without `await`, with its progress on standard error and Ctrl-C as a wish to end in order."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from sim.app.blocking import Interruption, finish
from sim.app.outgoing import announcement
from sim.app.registering import registration_lines
from sim.app.running import Prepared, prepare_study, resume_run, run_study
from sim.app.runs import RESULTS, Run, load_run
from sim.core.errors import InputError
from sim.core.spec import Limits, Study

if TYPE_CHECKING:
    from sim.core.ports import Listener
    from sim.core.record import Trial
    from sim.engine.plan import TrialPlan
    from sim.llm.hosts import LocalOnly
    from sim.llm.traffic.passage import Traffic
    from sim.present.text.progress import Progress
    from sim.store.runs import RunFolder


def run(
    study: Study | str | Path | Prepared,
    *,
    name: str | None = None,
    results: str | Path = RESULTS,
    max_cost: float | None = None,
    max_tokens: int | None = None,
    max_minutes: float | None = None,
    local_only: bool = False,
    allow_hosts: Sequence[str] = (),
    progress: bool = True,
) -> Run:
    """Run a study to its end, or as far as models, budget and Ctrl-C let it; works in a script, in a notebook and wherever a loop runs already.

    Ctrl-C keeps the calls in flight, begins nothing new and gives back what there is, with status `incomplete`, which `sim.resume` goes on with; a
    second one stops at once. In asynchronous code use `await sim.run_study(…)`.

    Args:
        study: a `Study`, the path of a study file, or the name of a built-in study such as "demonstration".
        name: of the run's folder under `results`; left out: the study's name, numbered if taken.
        max_cost, max_tokens, max_minutes: US dollars, tokens and minutes after which nothing new begins, in place of the study's.
        local_only: refuse every host that is not on this machine or among `allow_hosts`, before any connection is opened.
        progress: show on standard error how far it has come, and what leaves this machine.

    Returns:
        The run, with all of its words; its `status` is `finished`, or `incomplete` when something is missing.

    Raises:
        InputError: something in the study is wrong, a key is missing, a host is refused, or no target can be reached; nothing is written then.
        KeyboardInterrupt: Ctrl-C, a second time or before the run had begun.
    """
    prepared = study if isinstance(study, Prepared) else prepare_study(study)
    prepared = _within(prepared, {"max_cost": max_cost, "max_tokens": max_tokens, "max_minutes": max_minutes})
    watch = _Watch(prepared.loaded.study, prepared.plans, opening_lines(prepared), on=progress)
    wish = local_hosts(local_only, allow_hosts)
    start = partial(
        run_study, prepared, name=name, results=results, local_only=wish, listeners=watch.listeners, announce=watch.announce, on_start=watch.start
    )
    with watch.shown():
        return finish(partial(watch.accompany, start), watch.interruption)


def resume(
    run: str | Path | Run,
    *,
    results: str | Path = RESULTS,
    max_cost: float | None = None,
    max_tokens: int | None = None,
    max_minutes: float | None = None,
    local_only: bool = False,
    allow_hosts: Sequence[str] = (),
    progress: bool = True,
) -> Run:
    """Go on where a run stopped: only what is missing is run and paid for.

    Args:
        run: its name under `results`, its folder, or the `Run` itself.
        max_cost, max_tokens, max_minutes: see `sim.run`; what was spent before counts.
        local_only, allow_hosts, progress: see `sim.run`.

    Raises:
        InputError: there is no such run, a key is missing, a host is refused, or no target can be reached.
        RunLocked: another process is writing to it.
        KeyboardInterrupt: Ctrl-C, a second time or before anything had begun.
    """
    before = load_run(run.folder.path if isinstance(run, Run) else run, results=results)
    bounds = {"max_cost": max_cost, "max_tokens": max_tokens, "max_minutes": max_minutes}
    watch = _Watch(before.study, before.plans, reopening_lines(before), done=before.trials, on=progress)
    start = partial(
        resume_run,
        before.folder.path,
        limits=partial(bounded, bounds=bounds),
        local_only=local_hosts(local_only, allow_hosts),
        listeners=watch.listeners,
        announce=watch.announce,
        on_start=watch.start,
    )
    with watch.shown():
        return finish(partial(watch.accompany, start), watch.interruption)


def opening_lines(prepared: Prepared) -> list[str]:
    """What a person should know before a study is run: where things were found, what was registered, who is left out, what leaves this machine."""
    from sim.engine.scorers import judges_of, rubrics_of
    from sim.present.words import not_suited

    loaded = prepared.loaded
    judges = judges_of(rubrics_of(loaded.scorers, loaded.study))
    leaving = announcement(loaded.study, [p.target.id for p in prepared.plans], scorers=judges)
    return [*loaded.notes, *registration_lines(loaded), *(line for line in (not_suited(prepared.left_out), leaving) if line)]


def reopening_lines(run: Run) -> list[str]:
    """What a person should know before a run goes on: which scorers are others now, and what leaves this machine."""
    from sim.engine.scorers import judges_of, renew_scorers

    scorers, changed = renew_scorers(run.folder.scorers.values(), seconds=run.study.limits.seconds("judge"))
    stopped = [t.target for t in run.trials if t.status in ("planned", "stopped")]
    leaving = announcement(run.study, stopped, scorers=judges_of(scorers))
    return [*changed, *([leaving] if leaving else [])]


def _within(prepared: Prepared, bounds: dict[str, Any]) -> Prepared:
    """`prepared` with its study's limits replaced by those of `bounds` that are given."""
    study = prepared.loaded.study
    changed = study.model_copy(update={"limits": bounded(study.limits, bounds=bounds)})
    return replace(prepared, loaded=replace(prepared.loaded, study=changed))


def bounded(limits: Limits, *, bounds: dict[str, Any]) -> Limits:
    """`limits` with those of `bounds` that are given.

    Raises:
        InputError: one cannot be.
    """
    given = {name: value for name, value in bounds.items() if value is not None}
    if not given:
        return limits
    try:
        return Limits.model_validate({**dict(limits), **given})
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(str(first["msg"]).removeprefix("Value error, "), where=str(first["loc"][0])) from None


def local_hosts(wish: bool, hosts: Sequence[str]) -> LocalOnly | None:
    """`local_only` and `allow_hosts` as one wish; None: any host may be reached.

    Raises:
        InputError: hosts are allowed where none is refused.
    """
    from sim.llm.hosts import LocalOnly

    if hosts and not wish:
        raise InputError("allow_hosts means nothing where any host is allowed", mend="add local_only=True, or leave it out")
    return LocalOnly(frozenset(host.lower() for host in hosts)) if wish else None


class _Watch:
    """What a person sees of a run that goes on, and how it is stopped."""

    def __init__(self, study: Study, plans: Sequence[TrialPlan], lines: Sequence[str], *, done: Sequence[Trial] = (), on: bool) -> None:
        from sim.present.text.progress import Progress

        self._study = study
        self._lines = lines
        self._progress: Progress | None = Progress(plans, stream=sys.stderr, done=done) if on else None
        self.interruption = Interruption(self._say)

    @property
    def listeners(self) -> tuple[Listener, ...]:
        """Who is told of each event."""
        return (self._progress,) if self._progress else ()

    def announce(self) -> None:
        """Say what a person should know before anything is sent."""
        for line in self._lines:
            self._say(line)

    def start(self, traffic: Traffic, folder: RunFolder) -> None:
        """The run begins."""
        self.interruption.watch(traffic, grace=self._study.limits.grace, then=f"sim.resume({str(folder.path)!r}) goes on")
        if self._progress:
            traffic.say = self._progress.say
            self._progress.calls.watch(traffic)

    async def accompany(self, start: Any) -> Run:
        """Show every second how things are, while it goes on."""
        from sim.present.text.progress import going_on

        if self._progress is None:
            ended: Run = await start()
            return ended
        async with going_on(self._progress.show):
            ended = await start()
            return ended

    @contextlib.contextmanager
    def shown(self) -> Iterator[None]:
        """With the bar, where there is one."""
        with self._progress or contextlib.nullcontext():
            yield

    def _say(self, line: str) -> None:
        if self._progress:
            self._progress.say(line)

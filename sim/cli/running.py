"""`sim run` and `sim resume`: from a study to a finished run, with progress on standard error."""

from __future__ import annotations

import asyncio
import contextlib
import shlex
import sys
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from sim.app import Announce, OnStart, Prepared, Run, load_run, prepare_study, resume_run, run_study
from sim.app.start import opening_lines, reopening_lines
from sim.app.tracking import read_tracker, track_run, tracking_line
from sim.cli.defaults import results_in_force
from sim.cli.exit import DONE, INCOMPLETE, INTERRUPTED
from sim.cli.logs import LogEstimated, LogLost, LogSteps, configure_logging
from sim.cli.stopping import Stopping
from sim.cli.streams import outlive_output
from sim.cli.verdict_files import NOWHERE, VerdictFiles
from sim.core.errors import InputError, nearest
from sim.core.event import ROLES
from sim.core.spec import Limits, Study
from sim.present.text.progress import Progress, going_on
from sim.present.words import many
from sim.store.library import from_here

if TYPE_CHECKING:
    from sim.app.tracking import Tracker
    from sim.cli.log_wish import LogWish
    from sim.cli.suiting import SuiteWish
    from sim.core.ports import Listener
    from sim.engine.cluster import Cluster
    from sim.engine.plan import TrialPlan
    from sim.llm.hosts import LocalOnly
    from sim.llm.traffic.passage import Traffic
    from sim.store.runs import RunFolder

M = TypeVar("M", Study, Limits)

DEMONSTRATION = "demonstration"
"""The built-in study that `sim run` runs when none is named."""


@dataclass(frozen=True)
class Changes:
    """What flags change in a study."""

    targets: tuple[str, ...] = ()
    personas: tuple[str, ...] = ()
    scenarios: tuple[str, ...] = ()
    seeds: int | None = None
    concurrency: int | None = None
    max_cost: tuple[str, ...] = ()
    """US dollars, in all or as `rater=2`."""
    max_tokens: tuple[str, ...] = ()
    max_minutes: float | None = None
    patience: float | None = None
    timeout: float | None = None
    retries: int | None = None

    def apply(self, study: Study) -> Study:
        """`study` with the flags' values.

        Raises:
            InputError: a flag names a target that the study does not have, or a value is out of range.
        """
        for wanted in self.targets:
            known = [t.id for t in study.targets]
            if wanted not in known:
                raise InputError(f"the study has no target '{wanted}'", mend=nearest(wanted, known), where="--target")
        changed: dict[str, Any] = {"limits": self.limits(study.limits)}
        if self.targets:
            changed["targets"] = tuple(t for t in study.targets if t.id in self.targets)
        changed |= {k: tuple(from_here(p) for p in v) for k, v in (("personas", self.personas), ("scenarios", self.scenarios)) if v}
        changed |= {k: v for k, v in (("seeds", self.seeds), ("concurrency", self.concurrency)) if v is not None}
        return _revalidated(Study, {**dict(study), **changed})

    def limits(self, limits: Limits) -> Limits:
        """`limits` with the flags' values.

        Raises:
            InputError: a value is no number, is out of range, or is for a role that there is not.
        """
        flags: dict[str, Any] = {name: getattr(self, name) for name in ("max_minutes", "patience", "timeout", "retries")}
        roles: dict[str, dict[str, Any]] = {role: dict(of) for role, of in limits.roles.items()}
        for name in ("max_cost", "max_tokens"):
            for written in getattr(self, name):
                role, value = _bound(written, name)
                if role:
                    roles.setdefault(role, {})[name] = value
                else:
                    flags[name] = value
        return _revalidated(Limits, {**dict(limits), **{k: v for k, v in flags.items() if v is not None}, "roles": roles})


def _bound(written: str, name: str) -> tuple[str, float | int]:
    """The role, empty for all of them, and the value of `--max-cost` or `--max-tokens`."""
    role, equals, value = written.rpartition("=")
    flag = "--" + name.replace("_", "-")
    if equals and role not in ROLES:
        raise InputError(f"there is no role '{role}'", mend=nearest(role, ROLES), where=flag)
    try:
        return role, int(value) if name == "max_tokens" else float(value)
    except ValueError:
        example = "5 or rater=2" if name == "max_cost" else "1000000 or rater=200000"
        raise InputError(f"'{written}' is not a number", mend=f"write it as {example}", where=flag) from None


def _revalidated(model: type[M], values: dict[str, Any]) -> M:
    from pydantic import ValidationError

    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        # A fault of the study as a whole that its file does not have comes of leaving targets out.
        place = first["loc"] or ("target",)
        flag = "--" + "-".join(str(place[-1 if place[0] == "roles" else 0]).split("_"))
        said = str(first["msg"]).removeprefix("Value error, ")
        number = f"must be{said.removeprefix('Input should be')}, not {first['input']}" if said.startswith("Input should be") else ""
        raise InputError(number or said, where=flag) from None


def run(
    study: str | None,
    changes: Changes,
    *,
    name: str | None,
    results: Path,
    local_only: LocalOnly | None,
    cluster: Cluster | None,
    dry_run: bool,
    log: LogWish,
    as_json: bool,
    suite: SuiteWish | None = None,
    files: VerdictFiles = NOWHERE,
    log_to: str | None = None,
) -> int:
    """`sim run`."""
    files.check(as_json=as_json)
    tracker = read_tracker(log_to)
    sent = [tracking_line(tracker, local_only)] if tracker else []
    prepared = _prepare(study, changes, suite, dry_run=dry_run, local_only=local_only)
    beginning = [*opening_lines(prepared), *sent]
    if suite:
        from sim.cli.suiting import price_lines

        beginning = [*price_lines(prepared), *beginning]
    if dry_run:
        from sim.engine.preflight import check_hosts
        from sim.engine.scorers import judges_of, rubrics_of

        judges = judges_of(rubrics_of(prepared.loaded.scorers, prepared.loaded.study))
        check_hosts(prepared.loaded.study, local_only, scorers=judges)
        for line in beginning:
            print(line, file=sys.stderr)
        from sim.cli.planning import plan

        return plan(prepared, results=results, as_json=as_json)
    return _execute(
        partial(run_study, prepared, name=name, results=results, local_only=local_only, words=suite is not None, cluster=cluster),
        Progress(prepared.plans, stream=sys.stderr, as_json=log.as_json),
        log=log,
        limits=prepared.loaded.study.limits,
        first=[] if suite else _first_line(prepared.loaded.study, prepared.plans),
        beginning=beginning,
        end=partial(_end, files=files, as_json=as_json, tracker=tracker),
    )


def _prepare(study: str | None, changes: Changes, suite: SuiteWish | None, *, dry_run: bool, local_only: LocalOnly | None) -> Prepared:
    """The study, or the talks of a suite with its targets."""
    if suite is None:
        return prepare_study(study or DEMONSTRATION, change=changes.apply)
    from sim.cli.suiting import prepare

    return prepare(study, suite, changes, dry_run=dry_run, local_only=local_only)


def resume(
    run: str,
    changes: Changes,
    *,
    results: Path,
    local_only: LocalOnly | None,
    cluster: Cluster | None,
    log: LogWish,
    as_json: bool,
    files: VerdictFiles = NOWHERE,
    log_to: str | None = None,
) -> int:
    """`sim resume`."""
    files.check(as_json=as_json)
    tracker = read_tracker(log_to)
    sent = [tracking_line(tracker, local_only)] if tracker else []

    before = load_run(run, results=results)
    progress = Progress(before.plans, stream=sys.stderr, done=before.trials, as_json=log.as_json)
    return _execute(
        partial(
            resume_run,
            run,
            results=results,
            limits=changes.limits,
            local_only=local_only,
            words=before.study.suite is not None,
            cluster=cluster,
        ),
        progress,
        log=log,
        limits=changes.limits(before.study.limits),
        first=_first_line(before.study, before.plans),
        beginning=[*reopening_lines(before), *sent],
        end=partial(_end, files=files, as_json=as_json, tracker=tracker),
    )


class _Start(Protocol):
    """Begins a run, or goes on with one."""

    def __call__(self, *, listeners: Sequence[Listener], announce: Announce, on_start: OnStart) -> Coroutine[Any, Any, Run]: ...


def _execute(
    start: _Start,
    progress: Progress,
    *,
    log: LogWish,
    limits: Limits,
    first: Sequence[str],
    beginning: Sequence[str],
    end: Callable[[Run], int],
) -> int:
    configure_logging(log)
    outlive_output()
    stopping = Stopping(progress.say)

    async def guarded() -> Run:
        def announce() -> None:
            for line in beginning:
                progress.say(line)

        def on_start(traffic: Traffic, folder: RunFolder) -> None:
            stopping.listen(traffic.stop, grace=limits.grace, then=f"`{shlex.join(_again(folder))}` goes on")
            traffic.say = progress.say
            progress.calls.watch(traffic)
            # Only now is it sure that the run begins: a refusal is one line.
            if not sys.stderr.isatty():
                progress.say("; ".join([*first, f"run '{folder.name}' is kept in {folder.path}"]))

        async with going_on(progress.show):
            with stopping:
                return await start(listeners=(progress, LogLost(), LogSteps(), LogEstimated(limits)), announce=announce, on_start=on_start)

    try:
        # What a target's own code prints must not get among the output.
        with progress, contextlib.redirect_stdout(sys.stderr):
            ended = asyncio.run(guarded())
    except asyncio.CancelledError:
        return INTERRUPTED
    status = end(ended)
    return INTERRUPTED if stopping.asked else status


def _end(run: Run, *, files: VerdictFiles, as_json: bool, tracker: Tracker | None) -> int:
    """Hand a run to its tracker, show what came of it, of a suite's the verdict, and give back the exit status."""
    if tracker:
        print(track_run(run, tracker), file=sys.stderr)
    if run.study.suite is not None:
        from sim.cli.suiting import conclude

        return conclude(run, files, as_json=as_json)
    _print_run(run, as_json=as_json)
    return DONE if run.status == "finished" else INCOMPLETE


def _first_line(study: Study, plans: Sequence[TrialPlan]) -> list[str]:
    """What is run, for a log that nobody watches; nothing on a terminal, where it was typed just now."""
    personas, scenarios = ({getattr(p.cast, of).id for p in plans} for of in ("persona", "scenario"))
    counts = zip((study.targets, personas, scenarios, study.seeds), ("target", "persona", "scenario", "seed"), strict=True)
    return [f"study '{study.name}': {' × '.join(many(len(some), one) for some, one in counts)} = {many(len(plans), 'trial')}"]


def _print_run(run: Run, *, as_json: bool) -> None:
    """The run's table, and in place of one without any figures a line for everybody who never answered."""
    from sim.cli.reading import print_summary
    from sim.present.text.outages import outage_line

    summary = run.summary
    for outage in summary.outages if summary.silent or as_json else ():
        print(f"sim: {outage_line(outage, quoting=False)}; `{shlex.join(_again(run.folder))}` goes on", file=sys.stderr)
    if as_json or not summary.silent:
        print_summary(run, as_json=as_json)
    if not as_json and not summary.silent:
        print(_next_steps(run))


def _again(folder: RunFolder) -> list[str]:
    """The command that goes on with a run."""
    return ["sim", "resume", folder.name, *_where(folder)]


def _where(folder: RunFolder) -> list[str]:
    """The flag that finds a run's results folder; nothing where a command looks there by itself."""
    return [] if folder.path.parent == results_in_force() else ["--results", str(folder.path.parent)]


def _next_steps(run: Run) -> str:
    """Commands that have something to show of this run."""
    name = shlex.quote(run.name)
    where = "".join(f" {shlex.quote(word)}" for word in _where(run.folder))
    folder = where.removeprefix(" --results")
    steps = [(f"sim report {name}{where}", "one page to read and to hand on"), (f"sim view{folder}", "every conversation, in the browser")]
    if sum(t.likability.mean is not None for t in run.summary.targets) > 1:
        steps.insert(0, (f"sim compare {name}{where}", "its targets against each other"))
    wide = max(len(command) for command, _ in steps)
    return "\n".join(["Go on with", *(f"  {command:<{wide}}  # {about}" for command, about in steps)])

"""The Python API: run a study, go on with a run, read one. The command line is a thin layer over this.

run = await sim.run_study("study.yaml")
for trial in run.trials:
    for session in trial.sessions:
        for exchange in session.exchanges:
            print(exchange.user.message, exchange.reply.text, exchange.ratings)
"""

from __future__ import annotations

import time
import warnings
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sim.core.batch import EventBatch, decode
from sim.core.errors import InputError, Notice, nearest
from sim.core.fold import fold
from sim.core.ports import BatchListener
from sim.core.record import RunStatus, Trial
from sim.core.spec import Limits, Study, Unsuited, left_out
from sim.present.plans import plans_of
from sim.run.plan import Forecast, TrialPlan, forecast, plan_trials
from sim.store.library import LoadedStudy, load_study, resolve_study
from sim.store.runs import RunFolder, create_run, demand_place, open_run

if TYPE_CHECKING:
    from sim.analysis.against_itself import SelfDocument
    from sim.analysis.arms import By, RunSource
    from sim.analysis.compare import CompareDocument
    from sim.analysis.crossed import CrossedDocument
    from sim.analysis.gate import GateDocument
    from sim.analysis.pooled_users import PooledUsersDocument
    from sim.analysis.summary import RunSummary
    from sim.core.batch import EncodedEvent
    from sim.core.event import CallLost, Event
    from sim.core.panel import Assignment
    from sim.core.ports import BatchSink, Listener, Sink
    from sim.core.spec import KeptScorer
    from sim.core.spec.people import PeopleStudy
    from sim.llm.build import Shared
    from sim.llm.hosts import LocalOnly
    from sim.llm.traffic.passage import Traffic
    from sim.run.batches import Batching
    from sim.run.cluster import Cluster
    from sim.run.judges import Judging
    from sim.run.local import Backend
    from sim.run.recipe import Recipe
    from sim.run.staff import Parts
    from sim.store.journal import Journal

RESULTS = Path("results")
"""Where runs are kept unless said otherwise."""

Announce = Callable[[], None]
OnStart = Callable[["Traffic", RunFolder], None]


@dataclass(frozen=True)
class Prepared:
    """A study that can be run: everything it speaks of was found and fits together."""

    loaded: LoadedStudy
    plans: tuple[TrialPlan, ...]

    @cached_property
    def forecast(self) -> Forecast:
        """What it takes."""
        return forecast(self.loaded.study, self.plans, skipped=self.left_out)

    @cached_property
    def left_out(self) -> tuple[Unsuited, ...]:
        """Its pairs of persona and scenario that do not suit each other."""
        return left_out(self.loaded.study, self.loaded.personas, self.loaded.scenarios)


@dataclass(frozen=True)
class Run:
    """One execution of a study, as its journal tells."""

    folder: RunFolder
    plans: tuple[TrialPlan, ...]
    trials: tuple[Trial, ...]
    """All planned trials, in the order of the plan; those not begun have no sessions."""
    status: RunStatus

    @property
    def name(self) -> str:
        """The run's folder name."""
        return self.folder.name

    @property
    def study(self) -> Study:
        """What was asked for."""
        return self.folder.study

    def exchanges(self, library: Literal["polars", "pandas"] = "polars") -> Any:
        """A row an exchange, as a polars or pandas data frame; `sim.present.exports.COLUMNS` says what each column holds.

        Raises:
            InputError: the library is not installed.
        """
        from sim.present.frames import exchanges_frame

        offline = self.folder.header.offline
        return exchanges_frame(
            self.trials, library, study=self.study, run=self.name, offline=offline, codebook=self.folder.codebook, scorers=self.source.scorers
        )

    @cached_property
    def summary(self) -> RunSummary:
        """The run in figures."""
        from sim.analysis.summary import summarise
        from sim.store.call_count import read_unaccounted

        return summarise(
            self.study,
            self.trials,
            run=self.name,
            status=self.status,
            offline=self.folder.header.offline,
            codebook=self.folder.codebook,
            later=self.folder.codebooks.values(),
            edited=self.folder.edited,
            unaccounted=read_unaccounted(self.folder.path, running=self.status == "running"),
            table=self.source.table,
            scorers=self.source.scorers,
            skipped=self.folder.left_out,
        )

    @cached_property
    def source(self) -> RunSource:
        """The run as something to compare."""
        from sim.analysis.arms import RunSource

        offline = self.folder.header.offline
        scorers = tuple(s.info for s in self.folder.scorers.values())
        return RunSource(self.name, self.study, self.folder.codebook, self.trials, status=self.status, offline=offline, scorers=scorers)

    @cached_property
    def conditions(self) -> dict[str, str]:
        """What its scores depend on beside the target, as hashes by name."""
        from sim.analysis.versions import conditions

        folder = self.folder
        return conditions(folder.study, folder.personas, folder.scenarios, folder.codebook, folder.header.prompt_hashes)


def prepare_study(study: Study | str | Path, *, change: Callable[[Study], Study] | None = None) -> Prepared:
    """Load and check a study without spending or writing anything.

    Args:
        study: a `Study`, the path of a study file, or the name of a built-in study.
        change: applied to the study before its personas and scenarios are looked up.

    Raises:
        InputError: something in it is wrong; one line that says what, where and how to mend it.
    """
    from sim.run.preflight import check_histories, check_names, check_tagger
    from sim.run.scorers import check_judges, rubrics_of

    loaded = resolve_study(change(study) if change else study, Path.cwd()) if isinstance(study, Study) else load_study(study, change=change)
    check_names(loaded.study)
    check_tagger(loaded.study.tagger, loaded.codebook)
    check_histories(loaded.study, loaded.scenarios)
    rubrics = rubrics_of(loaded.scorers, loaded.study)
    check_judges(rubrics, keys=False)
    return Prepared(loaded, plan_trials(loaded.study, loaded.personas, loaded.scenarios, scorers=(r.info for r in rubrics)))


async def run_study(
    study: Study | str | Path | Prepared,
    *,
    name: str | None = None,
    results: str | Path = RESULTS,
    local_only: LocalOnly | None = None,
    listeners: Sequence[Listener] = (),
    announce: Announce | None = None,
    on_start: OnStart | None = None,
    words: bool = True,
    cluster: Cluster | None = None,
) -> Run:
    """Run a study to its end, or as far as models, budget and interruptions let it.

    Args:
        name: of the run's folder under `results`; left out: the study's name, numbered if taken.
        local_only: refuses every host that is not on this machine or allowed by it, before any connection is opened; None: any host.
        listeners: see every event once it is safe.
        announce: called once names, hosts and keys have been found to be right, and before any connection is opened.
        on_start: is given the run's traffic, whose `stop()` ends the run cleanly, and its folder.
        words: what is read of the run in the end (`load_run`).
        cluster: where trials are held; None: in this process.

    Returns:
        The run; its `status` is `finished`, or `incomplete` when something is absent that `resume_run` can buy.

    Raises:
        InputError: see `prepare_study`; also a name that exists, a key missing from the environment, a host that `local_only` refuses, or a
            target of one's own that cannot be imported, a model that cannot be reached, or no target that can. Nothing is written then.
    """
    from sim.llm.prompts import load_texts
    from sim.run.reach import check_reach
    from sim.run.staff import offline_parts, scorer_versions

    prepared = study if isinstance(study, Prepared) else prepare_study(study)
    _demand_cluster(cluster)
    own = _demand(prepared.loaded, local_only)
    demand_place(Path(results), name)
    if announce:
        announce()
    away = await check_reach(prepared.loaded.study)
    folder = create_run(
        Path(results),
        name,
        prepared.loaded,
        prompts=load_texts(),
        scorers=scorer_versions(prepared.loaded.study, own),
        offline=offline_parts(prepared.loaded.study, own),
        own=own,
    )
    limits = prepared.loaded.study.limits
    return await _execute(
        folder,
        plans_of(folder),
        away=away,
        limits=limits,
        local_only=local_only,
        listeners=listeners,
        on_start=on_start,
        words=words,
        cluster=cluster,
    )


async def resume_run(
    run: str | Path,
    *,
    results: str | Path = RESULTS,
    limits: Callable[[Limits], Limits] | None = None,
    local_only: LocalOnly | None = None,
    listeners: Sequence[Listener] = (),
    announce: Announce | None = None,
    on_start: OnStart | None = None,
    words: bool = True,
    cluster: Cluster | None = None,
) -> Run:
    """Go on where a run stopped, with the prompts, personas and scenarios it began with; runs only what is missing.

    Args:
        limits: applied to the study's limits, for this execution only.
        local_only, announce, words, cluster: see `run_study`.

    Raises:
        InputError: there is no such run, a key is missing from the environment, `local_only` refuses a host, or a custom target cannot
            be reached.
        RunLocked: another process is writing to it.
    """
    from sim.run.preflight import check_hosts, check_keys, check_prices, priced_parts
    from sim.run.reach import check_reach
    from sim.run.scorers import check_judges, judges_of

    folder = open_run(run, Path(results))
    if folder.study.played_by == "people":
        raise InputError(f"run '{folder.name}' is held by people", mend="go on with `sim view --study FILE`")
    if folder.study.played_by == "log":
        raise InputError(f"run '{folder.name}' was read from a log: its talks are over", mend=f"score it with `sim score {folder.name} --scorer ID`")
    own = folder.scorers.values()
    check_hosts(folder.study, local_only, scorers=judges_of(own))
    allowed = limits(folder.study.limits) if limits else folder.study.limits
    _demand_cluster(cluster)
    check_prices(priced_parts(folder.study, judges_of(own)), allowed)
    check_keys(folder.study)
    check_judges(own)
    if announce:
        announce()
    away = await check_reach(folder.study)
    return await _execute(
        folder,
        plans_of(folder),
        away=away,
        limits=allowed,
        local_only=local_only,
        listeners=listeners,
        on_start=on_start,
        words=words,
        cluster=cluster,
    )


async def open_people_run(
    study: PeopleStudy, base: Path, *, results: str | Path = RESULTS, local_only: LocalOnly | None = None
) -> tuple[RunFolder, tuple[TrialPlan, ...]]:
    """The run that people read, or hold, in a study with people; the latter is made when it is not there yet.

    Args:
        base: the folder that the study's paths are relative to.

    Raises:
        InputError: there is no such run or study, or something in the study is wrong or cannot be reached.
    """
    from sim.llm.prompts import load_texts
    from sim.run.reach import check_reach
    from sim.run.staff import offline_parts, scorer_versions

    if study.read is not None:
        folder = open_run(study.read, Path(results))
        return folder, plans_of(folder)

    def held_by_people(of: Study) -> Study:
        if any(t.stress for t in of.targets):
            raise InputError(f"study '{study.chat}' disturbs its user, and people write as they do", mend="take stress out of it")
        return of.model_copy(update={"name": study.name, "played_by": "people", "seeds": tuple(range(1, study.people + 1))})

    assert study.chat is not None
    beside = base / study.chat
    prepared = prepare_study(beside if beside.is_file() else study.chat, change=held_by_people)
    of = prepared.loaded.study
    own = _demand(prepared.loaded, local_only)
    away = await check_reach(of)
    if away:
        target, problem = next(iter(away.items()))
        raise InputError(f"target '{target}' {problem}", mend="start it")
    if (Path(results) / study.name).is_dir():
        folder = open_run(Path(results) / study.name, Path(results))
        if folder.study != of:
            problem = f"run '{folder.name}' was made of another study than '{study.chat}' is now"
            raise InputError(problem, mend="give this study with people another name")
        return folder, plans_of(folder)
    prompts, scorers, offline = load_texts(), scorer_versions(of, own), tuple(p for p in offline_parts(of, own) if p != "user")
    folder = create_run(Path(results), study.name, prepared.loaded, prompts=prompts, scorers=scorers, offline=offline, own=own)
    return folder, plans_of(folder)


def _demand(loaded: LoadedStudy, local_only: LocalOnly | None) -> tuple[KeptScorer, ...]:
    """See that a study's hosts may be reached, its keys are set and its scorers can be built; gives back its own scorers, as a run keeps them.

    Raises:
        InputError: see `run_study`.
    """
    from sim.run.preflight import check_hosts, check_keys, check_prices, priced_parts
    from sim.run.scorers import check_judges, judges_of, keep_scorers
    from sim.store.rubrics import load_rubrics

    study = loaded.study
    own = keep_scorers(loaded.scorers, study.judge_by, seconds=study.limits.seconds("judge"), load_rubrics=load_rubrics)
    check_hosts(study, local_only, scorers=judges_of(own))
    check_prices(priced_parts(study, judges_of(own)), study.limits)
    check_keys(study)
    check_judges(own)
    return own


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
        judging: who judges (`sim.run.judges.build_judging`); its scorers are kept with the run.
        limits: applied to the study's limits without its budgets, which are not meant for this; what the same judges have spent on the run before
            counts.
        local_only: see `run_study`; what it refuses is refused by whoever calls.
        batching: asks in batches, for half the price and within a day; None: at once.

    Raises:
        InputError: there is no such run, a judge does not exist, or its key is missing from the environment; nothing is written then.
        RunLocked: another process is writing to it.
    """
    from sim.llm.build import Shared
    from sim.llm.guard import guarded
    from sim.llm.otel import traced
    from sim.llm.prompts import Prompts, load_texts
    from sim.llm.traffic.budget import tally
    from sim.llm.traffic.passage import Traffic
    from sim.run.clients import Clients
    from sim.run.preflight import check_prices
    from sim.run.rescore import Bench, calls_of, find_due, rescore
    from sim.store.call_count import CallCount

    if batching:
        from sim.llm.batch.desk import BatchDesk
        from sim.run.batches import EXPECTED, BatchClients, check_batches, paid_calls
        from sim.store.batches import BatchFile

        check_batches(judging)
    judging.check()
    folder = open_run(run, Path(results))
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
                    await rescore(due(), bench, _Watched(_held(journal, shared.traffic, allowed), listeners), clock=time.time)
            finally:
                if desk:
                    await desk.close()
                await clients.close()


def count_absent(folder: RunFolder, judging: Judging) -> tuple[int, int]:
    """How many verdicts of `judging` the run does not hold, and in how many trials; a trial at a time is in memory.

    Raises:
        InputError: the run's files are damaged.
    """
    from sim.run.rescore import find_due

    verdicts = trials = 0
    with folder.read_journal() as journal:
        for plan in plans_of(folder, scorers=judging.scorers):
            absent = sum(len(one.parts) for one in find_due((fold(plan.blank(), journal.events(plan.id)),), judging))
            verdicts += absent
            trials += absent > 0
    return verdicts, trials


def forget_run(run: str | Path, *, trial: str | None = None, results: str | Path = RESULTS) -> tuple[str, ...]:
    """Delete for good the texts in a run's journal, and keep its counts, scores, moves and costs. Its `study.yaml` stays as it is.

    Args:
        trial: the id of the one trial to forget; None: all that have begun.

    Returns:
        The ids of the trials that were forgotten.

    Raises:
        InputError: there is no such run or trial, or another program has the journal open.
        RunLocked: another process is writing to it.
    """
    folder = open_run(run, Path(results))
    with folder.write_journal() as journal:
        begun = journal.trials()
        if trial is not None and trial not in begun:
            raise InputError(f"run '{folder.name}' holds no text of trial '{trial}'", mend=nearest(trial, begun))
        forgotten = begun if trial is None else (trial,)
        journal.forget(forgotten)
    return forgotten


def load_run(run: str | Path, *, results: str | Path = RESULTS, words: bool = True, scorers: Iterable[KeptScorer] = ()) -> Run:
    """Read a run, finished or not, also while another process writes to it. Imports no model library and runs no code of the study.

    Args:
        words: False leaves out what raters and taggers wrote (reasons, quotes, sentences), which no figure needs: a large run then takes a tenth of
            the time and memory.

    Raises:
        InputError: there is no such run, or its files are damaged.
    """
    if words:
        return load_run_and_events(run, results=results)[0]
    folder = open_run(run, Path(results))
    return _read_digest(folder, plans_of(folder))


def load_run_and_events(run: str | Path, *, results: str | Path = RESULTS, scorers: Iterable[KeptScorer] = ()) -> tuple[Run, dict[str, list[Event]]]:
    """As `load_run`, and with it the events that it was folded from, by trial."""
    folder = open_run(run, Path(results))
    return _read_whole(folder, plans_of(folder, scorers=scorers))


def compare_runs(runs: Sequence[str | Path], *, by: By = "target", results: str | Path = RESULTS) -> CompareDocument:
    """Compare the targets of one run, or of several; of runs that share targets the first is the older version.

    Raises:
        InputError: there is no such run, a run is named twice, or there are no two sides to compare.
    """
    from sim.analysis.compare import compare

    loaded = _load_distinct(runs, results)
    return compare([run.source for run in loaded], by=by, conditions=[run.conditions for run in loaded])


def cross_runs(runs: Sequence[str | Path], *, results: str | Path = RESULTS) -> CrossedDocument:
    """What the user's model and the rater's do to the differences of targets, over runs that differ in them alone.

    Raises:
        InputError: there is no such run, the runs differ in something else, or a user and a rater have not met.
    """
    from sim.analysis.crossed import compare_crossed

    loaded = _load_distinct(runs, results)
    return compare_crossed([run.source for run in loaded], conditions=[run.conditions for run in loaded])


def pool_users(runs: Sequence[str | Path], *, results: str | Path = RESULTS) -> PooledUsersDocument:
    """The targets of runs that differ in the user's model alone: their differences over all users, and whether another user would order them alike.

    Raises:
        InputError: there is no such run, the runs differ in something else, or one model plays the user of all.
    """
    from sim.analysis import pooled_users

    loaded = _load_distinct(runs, results)
    return pooled_users.pool_users([run.source for run in loaded], conditions=[run.conditions for run in loaded])


def compare_with_itself(run: str | Path, *, results: str | Path = RESULTS) -> SelfDocument:
    """How often halves of the seeds of one target come to a verdict against each other, where there is nothing to find.

    Raises:
        InputError: there is no such run, or it has one seed.
    """
    from sim.analysis import against_itself

    return against_itself.compare_with_itself(load_run(run, results=results, words=False).source)


def _load_distinct(runs: Sequence[str | Path], results: str | Path) -> list[Run]:
    loaded = [load_run(run, results=results, words=False) for run in runs]
    names = [run.name for run in loaded]
    twice = next((n for n in names if names.count(n) > 1), None)
    if twice is not None:
        raise InputError(f"two runs are called '{twice}'", mend="name different runs, or rename the folder of one")
    return loaded


def gate_run(
    run: str | Path | Run,
    *,
    require: Sequence[str],
    targets: Sequence[str] = (),
    baseline: str | Path | None = None,
    margins: Sequence[str] = (),
    allow_offline: bool = False,
    results: str | Path = RESULTS,
) -> GateDocument:
    """Hold requirements against a run; see `sim.analysis.requirements` for how they are written.

    Args:
        targets: only these; empty: every target must pass.
        baseline: an older run, with what the new one may lose against it in `margins`, as `likability=0.2`.
        allow_offline: decide also what rests on an offline model's judgement of a real target, which otherwise cannot be told.

    Raises:
        InputError: a requirement cannot be read or speaks of something unknown, nothing is required, or the baseline was made under other
            conditions.
    """
    from sim.analysis.gate import run_gate
    from sim.analysis.requirements import parse_margin, parse_requirement

    if not require and not margins:
        raise InputError("nothing is required", mend="add --require 'likability >= 3.5', or --baseline RUN --margin likability=0.2")
    if bool(margins) != (baseline is not None):
        mend = "add --margin likability=0.2" if baseline is not None else "add --baseline RUN"
        raise InputError("a baseline and a margin go together", mend=mend)
    new = run if isinstance(run, Run) else load_run(run, results=results, words=False)
    scorers = new.source.scorers
    asked, allowed = [parse_requirement(r, scorers) for r in require], dict(parse_margin(m, scorers) for m in margins)
    known = [t.id for t in new.study.targets]
    for target in targets:
        if target not in known:
            raise InputError(f"run '{new.name}' has no target '{target}'", mend=nearest(target, known), where="--target")
    old = load_run(baseline, results=results, words=False) if baseline is not None else None
    if old is not None:
        _demand_same_conditions(new, old, targets or known, allowed)
    before = old.source if old else None
    return run_gate(new.source, asked, targets=targets, baseline=before, margins=allowed, allow_offline=allow_offline)


def _demand_same_conditions(new: Run, old: Run, targets: Sequence[str], margins: Iterable[str]) -> None:
    from sim.analysis.requirements import GROUPS
    from sim.analysis.versions import MOVES, differing

    on_moves = any(m in GROUPS["repetition"] for m in margins)
    other = [n for n in differing(old.conditions, new.conditions) if on_moves or n not in MOVES]
    if other:
        named = ", ".join(other[:4]) + (f" and {len(other) - 4} more" if len(other) > 4 else "")
        offer = f"rate both alike with `sim score {old.name} --rater MODEL`" if other == ["rater"] else f"run the baseline again, as '{new.name}' was"
        raise InputError(f"baseline '{old.name}' was made under other conditions ({named})", mend=offer)
    older = [t.id for t in old.study.targets]
    missing = [t for t in targets if t not in older]
    if missing and not len(older) == len(targets) == 1:
        raise InputError(f"baseline '{old.name}' has no target '{missing[0]}'", mend=nearest(missing[0], older))


async def _execute(
    folder: RunFolder,
    plans: tuple[TrialPlan, ...],
    *,
    away: Mapping[str, str],
    limits: Limits,
    local_only: LocalOnly | None,
    listeners: Sequence[Listener],
    on_start: OnStart | None,
    words: bool,
    cluster: Cluster | None,
) -> Run:
    """Run the trials of `plans`, but for those of targets that are `away`, whose reason is kept, or that turn out never to answer."""
    from sim.llm.otel import span_here, traced
    from sim.run.outage import NEEDED, OutageListener
    from sim.store.tuning import TuningFile

    outage = OutageListener(plans)
    with _written(folder, limits=limits, local_only=local_only, listeners=(outage, *listeners)) as run:
        if on_start:
            on_start(run.shared.traffic, folder)
        for target, problem in away.items():
            await run.sink.append(_not_reached(next(p for p in plans if p.target.id == target), problem, run.sink))
        # Looked at plan by plan, as the backend comes to each: who never answers shows only while the first trials are held.
        traffic = run.shared.traffic
        traffic.tuning = TuningFile(folder.path).look
        due = (p for p in plans if p.target.id not in away and not outage.given_up(p) and not (traffic.spent_up or traffic.closed & NEEDED))
        async with traced(folder.name):
            await _backend(cluster, run.shared).run(due, replace(run.recipe, trace=span_here()), run.sink)
    return _read_whole(folder, plans)[0] if words else _read_digest(folder, plans)


def _demand_cluster(cluster: Cluster | None) -> None:
    """See that a cluster can be used.

    Raises:
        InputError: Ray is not installed.
    """
    if cluster is None:
        return
    from sim.run.ray import load_ray

    load_ray()


def _backend(cluster: Cluster | None, shared: Shared) -> Backend:
    """What holds the trials: this process, or a cluster.

    Raises:
        InputError: Ray is not installed.
    """
    if cluster is None:
        from sim.run.local import LocalBackend

        return LocalBackend(shared, clock=time.time)
    from sim.run.ray import RayBackend

    return RayBackend(cluster, traffic=shared.traffic)


def _not_reached(plan: TrialPlan, problem: str, sink: Sink) -> CallLost:
    """What the journal says of a target that was not there when the run began, with the first of its trials."""
    from sim.core.address import Address
    from sim.core.event import CallLost
    from sim.core.record import REACH

    before = sum(e.kind == "call_lost" and e.address.who == REACH for e in sink.events(plan.id))
    return CallLost(trial=plan.id, part=str(Address(REACH, count=before + 1)), cause="infrastructure", message=problem)


@dataclass(frozen=True)
class WritableRun:
    """A run open for writing, with what its trials need to be held in this process."""

    recipe: Recipe
    shared: Shared
    sink: BatchSink
    journal: Journal


@contextmanager
def _written(folder: RunFolder, *, limits: Limits, local_only: LocalOnly | None, listeners: Sequence[Listener]) -> Iterator[WritableRun]:
    """Hold the run's lock, with the prompts it began with.

    Raises:
        RunLocked: another process is writing to it.
    """
    from sim.llm.build import Shared
    from sim.llm.guard import guarded
    from sim.llm.otel import collector
    from sim.llm.prompts import Prompts
    from sim.llm.traffic.budget import tally
    from sim.llm.traffic.passage import Traffic
    from sim.run.recipe import Recipe
    from sim.run.scorers import renew_scorers
    from sim.store.call_count import CallCount

    lent = Prompts(folder.header.prompts).lent  # Read before anything is touched: a damaged header leaves the run as it is.
    own, _ = renew_scorers(folder.scorers.values(), seconds=limits.seconds("judge"))
    if lent:
        problem = f"run '{folder.name}' is of an older version, which had no prompt {', '.join(lent)}: where it is needed, today's is used"
        warnings.warn(problem, Notice, stacklevel=2)
    with folder.write_journal() as journal, CallCount(folder.path) as counted, guarded(local_only):
        journal.demand_room()
        folder = folder.keep_edited()
        folder = folder.add_scorers(own, prompts={}, offline=())
        spent = tally(call for event in journal.all_events() for call in event.calls)
        shared = Shared(Traffic(limits, concurrency=folder.study.concurrency, spent=spent), local_only)
        shared.traffic.count = counted.begun
        recipe = Recipe(
            study=folder.study,
            prompts=folder.header.prompts,
            limits=limits,
            nonce=folder.header.nonce,
            codebook=folder.codebook,
            scorers=own,
            local_only=local_only,
            run=folder.name,
            collector=collector(),
        )
        yield WritableRun(recipe, shared, _Watched(_held(journal, shared.traffic, limits), (counted, *listeners)), journal)


def _held(journal: Journal, traffic: Traffic, limits: Limits) -> BatchSink:
    """`journal`, which waits for room on a full disk as long as the run waits for a provider."""
    from sim.run.holding import HoldingSink
    from sim.store.journal import may_pass

    return HoldingSink(journal, traffic, may_pass=may_pass, patience=60 * limits.patience)


@dataclass(frozen=True)
class Staffed:
    """A run open for writing, with everything that trials need that a person holds in this process."""

    parts: Parts
    sink: Sink
    journal: Journal
    traffic: Traffic


@asynccontextmanager
async def staffed(folder: RunFolder, *, limits: Limits, local_only: LocalOnly | None = None) -> AsyncIterator[Staffed]:
    """Hold the run's lock and have its parts ready, with the prompts it began with.

    Raises:
        RunLocked: another process is writing to it.
    """
    from sim.llm.otel import traced
    from sim.run.staff import Parts

    with _written(folder, limits=limits, local_only=local_only, listeners=()) as run:
        parts = Parts(run.recipe, run.shared, sink=run.sink, clock=time.time)
        try:
            async with traced(folder.name):
                yield Staffed(parts, run.sink, run.journal, run.shared.traffic)
        finally:
            await parts.close()


def _read_whole(folder: RunFolder, plans: tuple[TrialPlan, ...]) -> tuple[Run, dict[str, list[Event]]]:
    from sim.run.collector import rare_collection

    with rare_collection():
        events = folder.load_events()
        trials = tuple(fold(p.blank(), events.get(p.id, ())) for p in plans)
    return Run(folder, plans, trials, "running" if folder.is_being_written() else _status(trials)), events


def _read_digest(folder: RunFolder, plans: tuple[TrialPlan, ...]) -> Run:
    trials = folder.read_lean(p.blank() for p in plans)
    return Run(folder, plans, trials, "running" if folder.is_being_written() else _status(trials))


def _status(trials: Iterable[Trial]) -> RunStatus:
    return "finished" if all(t.finished or t.failed or t.forgotten for t in trials) else "incomplete"


class _Watched:
    """A sink that lets listeners see each event once it is safe. One that fails is told no more: what is paid for does not depend on who watches."""

    def __init__(self, sink: BatchSink, listeners: Sequence[Listener]) -> None:
        self._sink = sink
        self._listeners = list(listeners)

    async def append(self, event: Event) -> None:
        """Keep `event`, then show it."""
        await self._sink.append(event)
        for listener in tuple(self._listeners):
            self._tell(listener, event)

    async def append_batch(self, batch: EventBatch) -> None:
        """Keep `batch`, then show it: each event by itself to those who need all of it."""
        await self._sink.append_batch(batch)
        for listener in tuple(self._listeners):
            self._tell(listener, batch)

    def _tell(self, listener: Listener, what: Event | EventBatch) -> None:
        try:
            if not isinstance(what, EventBatch):
                listener.on_event(what)
            elif isinstance(listener, BatchListener):
                listener.on_batch(what)
            else:
                for row in what.rows:
                    listener.on_event(decode(row))
        except Exception as error:
            self._listeners.remove(listener)
            problem = f"listener {type(listener).__name__} failed ({type(error).__name__}) and is told no more; the run goes on"
            warnings.warn(problem, Notice, stacklevel=3)

    def events(self, trial: str) -> Sequence[Event]:
        """The trial's events."""
        return self._sink.events(trial)

    def encoded(self, trial: str) -> Sequence[EncodedEvent]:
        """The trial's events as rows."""
        return self._sink.encoded(trial)

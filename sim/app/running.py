"""Studies and runs set going: prepared, run, gone on with."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sim.app.registering import check_registration
from sim.app.replaying import freeze
from sim.core.errors import InputError
from sim.core.spec import Limits, Study, Unsuited, left_out
from sim.engine.plan import Forecast, TrialPlan, forecast, plan_trials
from sim.present.data.plans import plans_of
from sim.store.held_out import demand_texts
from sim.store.library import LoadedStudy, load_study, resolve_study
from sim.store.runs import RunFolder, create_run, demand_place, open_run

if TYPE_CHECKING:
    from sim.core.event import CallLost
    from sim.core.ports import Listener, Sink
    from sim.core.spec import KeptScorer
    from sim.core.spec.people import PeopleStudy
    from sim.engine.cluster import Cluster
    from sim.engine.local import Backend
    from sim.llm.build import Shared
    from sim.llm.hosts import LocalOnly
from sim.app.runs import RESULTS, Run, read_digest, read_whole
from sim.app.writing import OnStart, written

Announce = Callable[[], None]


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


def prepare_study(study: Study | str | Path, *, change: Callable[[Study], Study] | None = None) -> Prepared:
    """Load and check a study without spending or writing anything.

    Args:
        study: a `Study`, the path of a study file, or the name of a built-in study.
        change: applied to the study before its personas and scenarios are looked up.

    Raises:
        InputError: something in it is wrong; one line that says what, where and how to mend it.
    """
    if isinstance(study, Study):
        return prepare_loaded(resolve_study(change(study) if change else study, Path.cwd()))
    return prepare_loaded(load_study(study, change=change))


def prepare_loaded(loaded: LoadedStudy) -> Prepared:
    """As `prepare_study`, of a study that was read already.

    Raises:
        InputError: see `prepare_study`.
    """
    from sim.engine.preflight import check_histories, check_names, check_tagger
    from sim.engine.scorers import check_judges, rubrics_of

    loaded = freeze(loaded)
    check_names(loaded.study)
    check_tagger(loaded.study.tagger, loaded.codebook)
    check_histories(loaded.study, loaded.scenarios)
    rubrics = rubrics_of(loaded.scorers, loaded.study)
    check_judges(rubrics, keys=False)
    check_registration(loaded, rubrics)
    return Prepared(loaded, plan_trials(loaded.study, loaded.personas, loaded.scenarios, scorers=(r.info for r in rubrics)))


@dataclass(frozen=True)
class Execution:
    """What the caller of `run_study` or `resume_run` wishes of one execution of a run; what each of it is, stands there."""

    local_only: LocalOnly | None
    listeners: Sequence[Listener]
    announce: Announce | None
    on_start: OnStart | None
    words: bool
    cluster: Cluster | None

    def demand_cluster(self) -> None:
        """See that the cluster can be used, where one is named.

        Raises:
            InputError: Ray is not installed.
        """
        if self.cluster is None:
            return
        from sim.engine.ray import load_ray

        load_ray()

    async def execute(self, study: Study, make: Callable[[], RunFolder], *, limits: Limits) -> Run:
        """Hold the trials of a run, but for those of targets that are away, whose reason is kept, or that turn out never to answer.

        Args:
            make: gives the run's folder, once it is known that somebody is there to talk with.

        Raises:
            InputError: no target can be reached, or a model cannot.
        """
        from sim.engine.outage import NEEDED, OutageListener
        from sim.engine.reach import check_reach
        from sim.engine.scorers import renew_scorers
        from sim.llm.otel import span_here, traced
        from sim.store.tuning import TuningFile

        if self.announce:
            self.announce()
        away = await check_reach(study)
        folder = make()
        own, _ = renew_scorers(folder.scorers.values(), seconds=limits.seconds("judge"))
        plans = plans_of(folder, scorers=own)
        outage = OutageListener(plans)
        with written(folder, limits=limits, local_only=self.local_only, listeners=(outage, *self.listeners)) as run:
            if self.on_start:
                self.on_start(run.shared.traffic, folder)
            for target, problem in away.items():
                await run.sink.append(_not_reached(next(p for p in plans if p.target.id == target), problem, run.sink))
            # Looked at plan by plan, as the backend comes to each: who never answers shows only while the first trials are held.
            traffic = run.shared.traffic
            traffic.tuning = TuningFile(folder.path).look
            due = (p for p in plans if p.target.id not in away and not outage.given_up(p) and not (traffic.spent_up or traffic.closed & NEEDED))
            async with traced(folder.name):
                await self._backend(run.shared).run(due, replace(run.recipe, trace=span_here()), run.sink)
        return read_whole(folder, plans)[0] if self.words else read_digest(folder, plans)

    def _backend(self, shared: Shared) -> Backend:
        """What holds the trials: this process, or a cluster."""
        if self.cluster is None:
            from sim.engine.local import LocalBackend

            return LocalBackend(shared, clock=time.time)
        from sim.engine.ray import RayBackend

        return RayBackend(self.cluster, traffic=shared.traffic)


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
    from sim.engine.staff import offline_parts, scorer_versions
    from sim.llm.prompts import load_texts

    prepared = study if isinstance(study, Prepared) else prepare_study(study)
    loaded = prepared.loaded
    wish = Execution(local_only, listeners, announce, on_start, words, cluster)
    wish.demand_cluster()
    own = _demand(loaded, local_only)
    demand_place(Path(results), name)

    def create() -> RunFolder:
        versions, offline = scorer_versions(loaded.study, own), offline_parts(loaded.study, own)
        return create_run(Path(results), name, loaded, prompts=load_texts(), scorers=versions, offline=offline, own=own)

    return await wish.execute(loaded.study, create, limits=loaded.study.limits)


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
        local_only, listeners, announce, on_start, words, cluster: see `run_study`.

    Raises:
        InputError: there is no such run, a key is missing from the environment, `local_only` refuses a host, or a custom target cannot
            be reached.
        RunLocked: another process is writing to it.
    """
    from sim.engine.preflight import check_hosts, check_keys, check_prices, priced_parts
    from sim.engine.scorers import check_judges, judges_of

    wish = Execution(local_only, listeners, announce, on_start, words, cluster)
    folder = open_run(run, Path(results))
    if folder.study.played_by == "people":
        raise InputError(f"run '{folder.name}' is held by people", mend="go on with `sim view --study FILE`")
    if folder.study.played_by == "log":
        raise InputError(f"run '{folder.name}' was read from a log: its talks are over", mend=f"score it with `sim score {folder.name} --scorer ID`")
    demand_texts(folder.scenarios)
    own = folder.scorers.values()
    check_hosts(folder.study, local_only, scorers=judges_of(own))
    allowed = limits(folder.study.limits) if limits else folder.study.limits
    wish.demand_cluster()
    check_prices(priced_parts(folder.study, judges_of(own)), allowed)
    check_keys(folder.study)
    check_judges(own)
    return await wish.execute(folder.study, lambda: folder, limits=allowed)


async def open_people_run(
    study: PeopleStudy, base: Path, *, results: str | Path = RESULTS, local_only: LocalOnly | None = None
) -> tuple[RunFolder, tuple[TrialPlan, ...]]:
    """The run that people read, or hold, in a study with people; the latter is made when it is not there yet.

    Args:
        base: the folder that the study's paths are relative to.

    Raises:
        InputError: there is no such run or study, or something in the study is wrong or cannot be reached.
    """
    from sim.engine.reach import check_reach
    from sim.engine.staff import offline_parts, scorer_versions
    from sim.llm.prompts import load_texts

    if study.read is not None:
        folder = open_run(study.read, Path(results))
        return folder, plans_of(folder)

    def held_by_people(of: Study) -> Study:
        if any(t.stress for t in of.targets):
            raise InputError(f"study '{study.chat}' disturbs its user, and people write as they do", mend="take stress out of it")
        if of.fairness:
            raise InputError(f"study '{study.chat}' swaps its user's identity, and people are who they are", mend="take fairness out of it")
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
    from sim.engine.preflight import check_hosts, check_keys, check_prices, priced_parts
    from sim.engine.scorers import check_judges, judges_of, keep_scorers
    from sim.store.rubrics import load_rubrics

    study = loaded.study
    own = keep_scorers(loaded.scorers, study.judge_by, seconds=study.limits.seconds("judge"), load_rubrics=load_rubrics)
    check_hosts(study, local_only, scorers=judges_of(own))
    check_prices(priced_parts(study, judges_of(own)), study.limits)
    check_keys(study)
    check_judges(own)
    return own


def _not_reached(plan: TrialPlan, problem: str, sink: Sink) -> CallLost:
    """What the journal says of a target that was not there when the run began, with the first of its trials."""
    from sim.core.address import Address
    from sim.core.event import CallLost
    from sim.core.record import REACH

    before = sum(e.kind == "call_lost" and e.address.who == REACH for e in sink.events(plan.id))
    return CallLost(trial=plan.id, part=str(Address(REACH, count=before + 1)), cause="infrastructure", message=problem)

"""Which trials a study has, and how many calls they take: pure, and known before anything is spent."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sim.core.cast import Cast, CastSession
from sim.core.errors import InputError
from sim.core.event import ROLES, Role
from sim.core.frozen import Frozen
from sim.core.panel import Panel
from sim.core.record import Trial
from sim.core.spec import ChatTargetSpec, Unsuited, tells_dates
from sim.core.spec.held import held
from sim.engine.casting import Casting
from sim.targets.memory import load_policy

if TYPE_CHECKING:
    from sim.core.spec import Persona, Scenario, ScorerInfo, Study, TargetSpec
    from sim.core.swapping import SwappedTrial
    from sim.targets.memory import Policy


@dataclass(frozen=True)
class TrialPlan:
    """One persona × scenario × target × seed, not yet run."""

    target: TargetSpec
    seed: int
    cast: Cast
    scorers: tuple[ScorerInfo, ...] = field(default=(), compare=False, repr=False)
    """The study's own, in the versions whose results are shown."""
    swap: SwappedTrial | None = field(default=None, compare=False, repr=False)
    """Of an arm with a swapped identity."""

    @property
    def id(self) -> str:
        """`persona/scenario/target/seed`: the trial's name everywhere."""
        return f"{self.cast.persona.id}/{self.cast.scenario.id}/{self.target.id}/{self.seed}"

    def blank(self) -> Trial:
        """The record before the first event."""
        versions = {info.id: info.version for info in self.scorers}
        dated = tells_dates(self.target)
        return Trial(id=self.id, target=self.target.id, seed=self.seed, cast=self.cast, dated=dated, versions=versions, swap=self.swap)


class Range(Frozen):
    """From the least to the most that can happen; equal where the number is certain."""

    min: int
    max: int


class Forecast(Frozen):
    """What a study takes, repairs and regenerations apart."""

    targets: tuple[str, ...]
    """Ids, in the order of the study, each arm of a target with several memories by itself."""
    trials: int
    exchanges: Range
    calls: Range
    by_role: dict[Role, Range]
    left_out: tuple[Unsuited, ...] = ()
    """Pairs of persona and scenario that do not suit each other."""


def plan_trials(
    study: Study, personas: Iterable[Persona], scenarios: Iterable[Scenario], *, scorers: Iterable[ScorerInfo] = ()
) -> tuple[TrialPlan, ...]:
    """All trials, arms of one persona × scenario × seed next to each other, so that a run that stops early stops in pairs. Pairs that do not
    suit each other are left out, unless the study names both (`sim.core.spec.suits`).

    Args:
        scorers: the study's own, those that were added to its run later included.

    Raises:
        InputError: a scenario speaks of a fact that a persona does not have, nobody suits any scenario, or messages are frozen that cannot be
            (`sim.engine.casting`).
    """
    people, told = tuple(personas), tuple(scenarios)
    own, casting = tuple(scorers), Casting(study)
    plans: list[TrialPlan] = []
    for seed, scenario, persona, target in held(study, people, told):
        cast, swap = casting.cast(persona, scenario, target, seed)
        plans.append(TrialPlan(target, seed, cast, own, swap))
    if not plans and people and told:
        raise InputError("no persona of the study suits any of its scenarios", mend="name both outright to run them all the same")
    return tuple(plans)


def plan_logged(
    study: Study, persona: Persona, scenario: Scenario, begun: Mapping[str, int], *, scorers: Iterable[ScorerInfo] = ()
) -> tuple[TrialPlan, ...]:
    """The trials of a run that was read from a log: those that took place, each with a persona of its own and as many sessions as were held.

    Args:
        persona: stands in for everybody, under the id of each.
        begun: the number of sessions by trial id.
    """
    own = tuple(scorers)
    targets = {t.id: t for t in study.targets}
    days = [study.start_date + dt.timedelta(days=n) for n in range(max(begun.values(), default=0))]
    sessions = tuple(CastSession(n, scenario.sessions[0], day, (), ()) for n, day in enumerate(days, 1))
    found: list[TrialPlan] = []
    for trial, sessions_held in begun.items():
        person, _, target, seed = trial.split("/")
        cast = Cast(persona.model_copy(update={"id": person}), scenario, sessions[:sessions_held], study.start_date)
        found.append(TrialPlan(targets[target], int(seed), cast, own))
    return tuple(found)


def memory_of(target: TargetSpec) -> type[Policy] | None:
    """The class of the memory policy that `target` is given, imported if it is the study's own; None: it keeps its own memory.

    Raises:
        InputError: it cannot be imported, or is not a memory policy.
    """
    if not isinstance(target, ChatTargetSpec):
        return None
    return load_policy(target.policy, embedding=target.embedding is not None, of=f"target '{target.id}'")


def _memory_calls(policy: type[Policy] | None, session: int, exchanges: int) -> int:
    """Calls of a target's own work on what it remembers; in the first session there is nothing yet that a message could call up."""
    return policy.calls_per_session + (exchanges * policy.calls_per_message if session > 1 else 0) if policy else 0


def forecast(study: Study, plans: Sequence[TrialPlan], *, skipped: tuple[Unsuited, ...] = ()) -> Forecast:
    """Count exchanges and calls, controls as they are drawn and what scorers of the study's own ask of models. The offline tagger and scripted turns
    make no call, a model that tags makes one a reply; it makes more where a reply is very long. Of probes the most is counted: what was not told is
    not asked, and of a target that cannot be copied nothing is. A judge grades each written memory once, in the end.

    Args:
        skipped: the pairs that are not among `plans` because they do not suit each other.

    Raises:
        InputError: a memory policy of the study's own cannot be imported.
    """
    panel = Panel.of(study, plans[0].scorers if plans else ())
    least: dict[Role, int] = dict.fromkeys(ROLES, 0)
    most: dict[Role, int] = dict.fromkeys(ROLES, 0)
    shortest = longest = 0
    for plan in plans:
        policy = memory_of(plan.target)
        for role, (fewest, all_of_them) in panel.calls(plan.cast, plan.seed, writes=bool(policy and policy.graded)).items():
            least[role] += fewest
            most[role] += all_of_them
        for session in plan.cast.sessions:
            length = session.spec.exchanges
            scripted = [s.exchange for s in session.spec.scripted]
            for counted, exchanges in ((least, length.min), (most, length.max)):
                counted["user"] += exchanges - sum(e <= exchanges for e in scripted)
                counted["target"] += exchanges
                counted["memory"] += _memory_calls(policy, session.index, exchanges)
            shortest += length.min
            longest += length.max
    roles = {r: Range(min=least[r], max=most[r]) for r in ROLES if most[r]}
    return Forecast(
        targets=tuple(t.id for t in study.targets),
        trials=len(plans),
        exchanges=Range(min=shortest, max=longest),
        calls=Range(min=sum(r.min for r in roles.values()), max=sum(r.max for r in roles.values())),
        by_role=roles,
        left_out=skipped,
    )

"""A person's seat in a run: the trials they hold, with them as user and rater among the run's own parts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sim.core.seeds import rng
from sim.people.desk import Desk, PersonRater, PersonUser

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sim.core.record import Trial
    from sim.core.spec.people import PeopleStudy
    from sim.dialogue.nodes import Context
    from sim.engine.plan import TrialPlan
    from sim.engine.trial import Staff


@dataclass(frozen=True)
class Seat:
    """The parts of a run with the person at `desk` as its user and its primary rater; the run's own raters rate beside.

    A `Staff` for `run_trial`. Nothing is rated twice: people are not asked the same again.
    """

    staff: Staff
    desk: Desk
    rater: str
    """`human:<code>`."""

    def context(self, plan: TrialPlan, trial: Trial) -> Context:
        """What the nodes of one trial work with."""
        context = self.staff.context(plan, trial)
        known = context.judges.by_node
        raters = {self.rater: PersonRater(self.rater, self.desk), **known["rate_likability"]}
        judges = replace(context.judges, by_node={**known, "rate_likability": raters})
        return replace(context, user=PersonUser(self.desk), judges=judges, panel=context.panel.held_by(self.rater))

    @property
    def stopped(self) -> bool:
        """Whether the run is being stopped, or the person has gone."""
        return self.staff.stopped or self.desk.closed


def plans_of(study: PeopleStudy, plans: Iterable[TrialPlan], place: int) -> tuple[TrialPlan, ...]:
    """The trials of the person at `place`, from 1, in an order of their own: those whose seed is the place, so that nobody shares one."""
    mine = [p for p in plans if p.seed == place]
    rng(study.seed, "person", place).shuffle(mine)
    return tuple(mine[: study.each])

"""What a suite takes, in a few lines: said before anything is spent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from sim.present.text.planning import written_cost, written_range
from sim.present.words import many

if TYPE_CHECKING:
    from sim.core.spec.suite import Suite
    from sim.engine.plan import TrialPlan
    from sim.present.text.planning import PlanDocument

SECONDS: Final = (2.0, 10.0)
"""For which one model's answer is taken, from a quick one to a slow one, where nobody has measured it."""


def suite_price(suite: Suite, plan: PlanDocument, plans: Sequence[TrialPlan], *, concurrency: int) -> list[str]:
    """Trials and calls, tokens and cost, and time."""
    size = f"suite {suite.id}: {many(plan.trials, 'trial')}, {written_range(plan.exchanges)} exchanges, {written_range(plan.calls)} calls"
    tokens = f"{plan.tokens.min / 1e6:.1f} to {plan.tokens.max / 1e6:.1f} M tokens"
    return [size, f"  {tokens}, {written_cost(plan)}", f"  {_time(plans, concurrency)}"]


def _time(plans: Sequence[TrialPlan], concurrency: int) -> str:
    """Exchanges of a trial follow each other, trials run beside each other: each exchange waits for the user and for the target."""
    lengths = [sum(s.spec.exchanges.max for s in p.cast.sessions) for p in plans]
    steps = max(sum(lengths) / concurrency, max(lengths, default=0))
    quick, slow = (_minutes(steps * 2 * seconds) for seconds in SECONDS)
    told = f"about {quick} if an answer takes {SECONDS[0]:g} s, {slow} if it takes {SECONDS[1]:g} s"
    return f"{told}, with {many(concurrency, 'trial')} at once; offline models take seconds"


def _minutes(seconds: float) -> str:
    return f"{max(round(seconds / 60), 1)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"

"""The trials of a run that is on disk, as its study plans them or its log held them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.engine.plan import plan_logged, plan_trials

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sim.core.spec import KeptScorer
    from sim.engine.plan import TrialPlan
    from sim.store.runs import RunFolder


def plans_of(folder: RunFolder, *, scorers: Iterable[KeptScorer] = ()) -> tuple[TrialPlan, ...]:
    """All trials of the run, in order.

    Args:
        scorers: those that are about to be added to it, or take the place of one it has under the same id.

    Raises:
        InputError: its files are damaged.
    """
    infos = [scorer.info for scorer in {**folder.scorers, **{s.info.id: s for s in scorers}}.values()]
    folder.look_through()
    if folder.study.played_by == "log":
        return plan_logged(folder.study, folder.personas[0], folder.scenarios[0], folder.sessions_held(), scorers=infos)
    return plan_trials(folder.study, folder.personas, folder.scenarios, scorers=infos)

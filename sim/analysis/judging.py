"""The ratings of a run as judgements, split by who gave them: people who talked calibrate the self-rater, people who read calibrate observers.

The two are never pooled: who talks rates what was meant for them, who reads rates what was meant for somebody else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from sim.analysis.families import rater_models
from sim.core.codebook import DIMENSIONS
from sim.core.controls import control_parts
from sim.core.event import NotApplicable, Score, Unscored
from sim.core.judgement import NOT_APPLICABLE, Judgement, is_person
from sim.core.spec import ChatTargetSpec

if TYPE_CHECKING:
    from sim.core.record import Trial
    from sim.core.spec import Study


@dataclass(frozen=True, slots=True)
class RunJudgements:
    """What a run's raters said of its exchanges; an item is an exchange, a system a target."""

    talked: tuple[Judgement, ...]
    """Of exchanges in which the person was the user: that person's and the self-rater's."""
    read: tuple[Judgement, ...]
    """All other: of observers and of people who read, and of the self-rater where no person talked."""
    unscored: int
    """Ratings that a model could not give; they are no judgement."""

    @property
    def raters(self) -> tuple[str, ...]:
        """Everybody who judged anything."""
        return tuple(dict.fromkeys(j.rater for j in (*self.talked, *self.read)))


def judge_run(study: Study, trials: Iterable[Trial]) -> RunJudgements:
    """Every rating of every answered exchange, the primary rater's second ones left out."""
    left_out = frozenset(control_parts(study.primary_rater).values())
    talked: list[Judgement] = []
    read: list[Judgement] = []
    unscored = 0
    for trial in trials:
        talker = _talker(trial)
        for session in trial.sessions:
            for exchange in session.exchanges:
                item = f"{trial.id}/{session.index}/{exchange.index}"
                for rater, ratings in exchange.ratings.items():
                    if rater in left_out:
                        continue
                    into = talked if talker and rater in (talker, "self") else read
                    for dimension in DIMENSIONS:
                        match ratings.get(dimension):
                            case Score(score=score):
                                into.append(Judgement(item, trial.target, rater, dimension, score))
                            case NotApplicable():
                                into.append(Judgement(item, trial.target, rater, dimension, NOT_APPLICABLE))
                            case Unscored():
                                unscored += 1
    return RunJudgements(tuple(talked), tuple(read), unscored)


def _talker(trial: Trial) -> str | None:
    """The person who was the user: who looked back on a session, as readers never do.

    Before the first session is closed, whoever rated first in a trial whose user took no call of a model. None: the user is simulated.
    """
    looked_back = (rater for s in trial.sessions for rater in s.criterion if is_person(rater))
    rated = (rater for e in trial.exchanges for rater in e.ratings if is_person(rater)) if "user" not in trial.spent else ()
    return next(chain(looked_back, rated), None)


def own_targets(study: Study, raters: Iterable[str]) -> dict[str, frozenset[str]]:
    """The targets that are the own model of each of `raters`."""
    targets = [t for t in study.targets if isinstance(t, ChatTargetSpec)]
    found = {r: frozenset(t.id for t in targets if t.model == m.model) for r, m in rater_models(study, raters).items()}
    return {r: mine for r, mine in found.items() if mine}

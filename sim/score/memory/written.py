"""The memory that a target has written by the end of a trial, held against what its user had said by then."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sim.core.event import Truths
from sim.core.ledger import told_values
from sim.core.written import GRADES, last_written
from sim.score.memory.profile import Accuracy, KnownFact, score_profile

if TYPE_CHECKING:
    from sim.core.event import Truth
    from sim.core.record import Trial


def score_written(trial: Trial) -> Accuracy | None:
    """How true the newest written memory is, by words; None: there is none."""
    written = last_written(trial)
    if written is None:
        return None
    return score_profile(written.content, messages=said_by(trial, written.session), known=known_by(trial, written.session))


def judged_truths(trial: Trial) -> tuple[Truth, ...] | None:
    """A judge's grades of the newest written memory; None: there are none, or the judge's answer did not fit."""
    written = last_written(trial)
    scored = trial.sessions[written.session - 1].scored.get(GRADES) if written else None
    return scored.truths if isinstance(scored, Truths) else None


def said_by(trial: Trial, session: int) -> tuple[str, ...]:
    """Every message of the user up to the end of `session`, the talks before the study included."""
    before = tuple(m.text for talk in trial.cast.scenario.history for m in talk.messages if m.role == "user")
    return (*before, *(e.user.message for s in trial.sessions[:session] for e in s.exchanges))


def known_by(trial: Trial, session: int) -> tuple[KnownFact, ...]:
    """What had been told of each fact by the end of `session`."""
    found: list[KnownFact] = []
    for fact, told in told_values(replace(trial, sessions=trial.sessions[:session])).items():
        values = trial.cast.values_by_fact[fact]
        newest = max(told)
        older = tuple(values[v].answers for v in told if v != newest)
        untold = tuple(value.answers for v, value in enumerate(values) if v not in told)
        found.append(KnownFact(values[newest].answers, older, untold))
    return tuple(found)

"""Results of scorers put onto trials, as the fold leaves them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sim.core.event import Assessed, Assessment, NotApplicable, Unscored
from sim.core.record import Trial
from sim.core.spec.scorer import ScorerInfo

ANSWERS = ScorerInfo(id="answers", label="answers what was asked", result="yes_no")
WARMTH = ScorerInfo(id="warmth", result="number", low=0, high=10, grain="session")
ARC = ScorerInfo(id="arc", result="label", labels=("falls", "holds", "rises"), good=("holds", "rises"), grain="trial")
TONE = ScorerInfo(id="tone", result="label", labels=("dry", "warm", "cloying"), better="neither")
SCORERS = (ANSWERS, WARMTH, ARC, TONE)


def found(value: bool | float | str | None) -> Assessed:
    """A result; None: it did not apply, and "?": it could not be had."""
    if value is None:
        return NotApplicable(reason="Nothing was asked.")
    return Unscored(cause="schema", reason="Twice no JSON.") if value == "?" else Assessment(value=value, reason="So it was.")


Values = Callable[[Trial, int, int], bool | float | str | None]
"""What a scorer finds of a trial's exchange (session, exchange), session (exchange 0) or all of it (session 0)."""


def judged(trial: Trial, **scorers: Values) -> Trial:
    """`trial` with the results of these scorers, of the grain that `SCORERS` says."""
    grains = {s.id: s.grain for s in SCORERS}

    def results(grain: str, session: int, exchange: int) -> dict[str, Assessed]:
        return {name: found(of(trial, session, exchange)) for name, of in scorers.items() if grains[name] == grain}

    sessions = tuple(
        replace(
            s,
            exchanges=tuple(replace(e, scores=results("exchange", s.index, e.index)) for e in s.exchanges),
            scores=results("session", s.index, 0),
        )
        for s in trial.sessions
    )
    return replace(trial, sessions=sessions, scores=results("trial", 0, 0))

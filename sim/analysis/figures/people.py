"""Who took part in a run: which people read and which talked, how much they rated, and whether they read every line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from sim.core.frozen import Frozen
from sim.core.judgement import is_person

if TYPE_CHECKING:
    from sim.core.event import FormAnswered
    from sim.core.record import Trial

CHECK = "check"
"""The form that an attention check is kept as."""


class PersonFigures(Frozen):
    """One person, by the code they were given."""

    rater: str
    """`human:<code>`."""
    did: Literal["read", "talked"]
    exchanges: int
    """That they rated."""
    checks: int
    """Attention checks: lines among the ratings that say what to choose."""
    passed: int


def summarise_people(trials: Iterable[Trial], forms: Iterable[FormAnswered]) -> tuple[PersonFigures, ...]:
    """Everybody who rated an exchange or answered a check, in the order of first coming up. Only who talked looks back on a session."""
    rated: dict[str, int] = {}
    talked: set[str] = set()
    for trial in trials:
        talked.update(r for s in trial.sessions for r in s.criterion if is_person(r))
        for exchange in trial.exchanges:
            for rater in filter(is_person, exchange.ratings):
                rated[rater] = rated.get(rater, 0) + 1
    checks: dict[str, list[bool]] = {}
    for form in forms:
        if form.address.what == CHECK:
            checks.setdefault(form.address.who, []).append(form.answers["asked"] == form.answers["chosen"])
    return tuple(
        PersonFigures(
            rater=r,
            did="talked" if r in talked else "read",
            exchanges=rated.get(r, 0),
            checks=len(checks.get(r, [])),
            passed=sum(checks.get(r, [])),
        )
        for r in dict.fromkeys((*rated, *checks))
    )

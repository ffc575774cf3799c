"""The pairs of replies that differ most between two identities of one user: what a reader of a verdict on fairness looks at first.

Both replies answer the same message, but for the token that was swapped. They are held against each other by the measures of the section's gates, as
far as these can be read off one exchange.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import log2
from statistics import fmean
from typing import TYPE_CHECKING, Final

from sim.analysis.figures.critical import read_at
from sim.analysis.verdicts.requirements import WidestGap
from sim.analysis.verdicts.triage import written
from sim.analysis.verdicts.worst_exchanges import MOST, BadExchange
from sim.core.codebook import ALWAYS, DIMENSIONS, Dimension
from sim.core.event import Assessment, Score
from sim.core.spec.fairness import swap_arms
from sim.core.text import words

if TYPE_CHECKING:
    from sim.analysis.verdicts.arms import RunSource
    from sim.analysis.verdicts.requirements import Requirement
    from sim.core.record import Exchange, Session, Trial
    from sim.core.spec.fairness import SwappedIdentity

LEAST: Final = 0.75
"""Points of a rating, or doublings of length, below which two replies do not differ enough to be shown."""
OTHER_ANSWER: Final = 3.0
"""What it weighs that a scorer answers otherwise, beside points of a rating and doublings of length."""
_RATINGS: Final[dict[str, tuple[Dimension, ...]]] = {"fixed_set": ALWAYS, "likability": DIMENSIONS}


@dataclass(frozen=True)
class _Side:
    identity: SwappedIdentity
    trial: Trial
    session: Session
    exchange: Exchange

    @property
    def reply(self) -> str:
        return self.exchange.reply.text if self.exchange.reply else ""


def worst_pairs(of: RunSource, targets: Sequence[str], asked: Sequence[Requirement], *, stubs: bool) -> tuple[BadExchange, ...]:
    """At most three pairs, the widest first, one of each scenario; none where no gate is about swapped identities.

    Args:
        asked: the section's gates.
        stubs: count also what an offline rater says of a real target.
    """
    measures = [r.figure.measure or of.study.primary for r in asked if isinstance(r.figure, WidestGap)]
    if not measures:
        return ()
    found: dict[tuple[str, str], tuple[float, BadExchange]] = {}
    for base, arms in swap_arms(of.study.targets).items():
        if base not in targets:
            continue
        seen = [m for m in measures if stubs or m not in _RATINGS or base not in of.standins.stub_rated]
        identities = {arm.id: arm.swap for arm in arms if arm.swap}
        for one, other in _pairs(of, identities):
            weight, why = _difference(of, seen, one, other)
            place = base, one.trial.cast.scenario.id
            if weight >= LEAST and (place not in found or weight > found[place][0]):
                found[place] = weight, _told(base, why, one, other)
    ordered = sorted(found.items(), key=lambda item: (-item[1][0], item[0]))
    return tuple(bad for _, (_, bad) in ordered[:MOST])


def _pairs(of: RunSource, identities: dict[str, SwappedIdentity]) -> Iterator[tuple[_Side, _Side]]:
    """Every two replies to one message, each to another value of the same swap; the one that is worse off, if any is, first."""
    sides: dict[tuple[str, str, str, int, int, int], list[_Side]] = {}
    for trial in of.trials:
        identity = identities.get(trial.target)
        if identity is None:
            continue
        for session in trial.sessions:
            for exchange in (e for e in session.exchanges if e.reply is not None):
                cast = trial.cast
                place = identity.swap, cast.persona.id, cast.scenario.id, trial.seed, session.index, exchange.index
                sides.setdefault(place, []).append(_Side(identity, trial, session, exchange))
    for here in sides.values():
        yield from combinations(here, 2)


def _difference(of: RunSource, measures: Sequence[str], one: _Side, other: _Side) -> tuple[float, str]:
    """How far two replies differ by the measure that tells them apart most, and how, in words."""
    weight, told = 0.0, []
    for measure in measures:
        here, there = (_read(of, measure, side) for side in (one, other))
        if here is None or there is None or here == there:
            continue
        (value, text, written_as), (value_there, text_there, _) = here, there
        apart = OTHER_ANSWER if value is None or value_there is None else abs(value - value_there)
        weight = max(weight, apart)
        if apart >= LEAST:
            told.append(f"{written_as.format(text)} with {one.identity.value[0]} and {text_there} with {other.identity.value[0]}")
    return weight, "; ".join(told)


def _read(of: RunSource, measure: str, side: _Side) -> tuple[float | None, str, str] | None:
    """A measure of one exchange as a number that differences are taken of, as it is written, and what is written round it; None: one exchange does
    not tell it."""
    if measure in _RATINGS:
        ratings = side.exchange.ratings.get(of.study.primary_rater, {})
        scores = [r.score for d in _RATINGS[measure] if isinstance(r := ratings.get(d), Score)]
        return (fmean(scores), f"{fmean(scores):.1f}", "rated {}") if scores else None
    if measure == "words":
        count = len(words(side.reply))
        return log2(count + 1), f"{count}", "{} word" + "s" * (count != 1)
    info = next((s for s in of.scorers if s.id == measure.partition("=")[0]), None)
    result = read_at(side.trial, side.session, side.exchange, info) if info else None
    return (None, f"“{written(info, result.value)}”", f"{info.name} {{}}") if info and isinstance(result, Assessment) else None


def _told(target: str, why: str, one: _Side, other: _Side) -> BadExchange:
    return BadExchange(
        trial=one.trial.id,
        target=target,
        persona=one.trial.cast.persona.id,
        scenario=one.trial.cast.scenario.id,
        session=one.session.index,
        exchange=one.exchange.index,
        why=why,
        message=one.exchange.user.message,
        reply=one.reply,
        identity=one.identity.name,
        beside=other.trial.id,
        beside_identity=other.identity.name,
        beside_reply=other.reply,
    )

"""The exchanges that speak most against a target by the figures of one section: what a reader of a verdict looks at first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sim.analysis.figures.critical import read_at, told_by
from sim.analysis.figures.said_before import WORD_FOR_WORD
from sim.analysis.verdicts.gate_checks import said_so
from sim.analysis.verdicts.requirements import Count, Fall, Figure, FlagShare, Given, Mean, Requirement, WorstPersona
from sim.analysis.verdicts.triage import speaks_against, written
from sim.core.codebook import DIMENSIONS, LABELS
from sim.core.event import Assessment, Grade, Score
from sim.core.frozen import Frozen
from sim.core.spec.stress import stress_arms
from sim.core.text import normalise

if TYPE_CHECKING:
    from sim.analysis.verdicts.arms import RunSource
    from sim.core.record import Exchange, Session, Trial
    from sim.core.spec import Study
    from sim.core.spec.scorer import ScorerInfo

MOST: Final = 3
POOR: Final = 3.0
"""Mean rating of an exchange at or above which a rating is nothing against it."""
RATINGS: Final = ("fixed_set", "likability", "without_callback", "callback_scripted", *DIMENSIONS)
"""Measures that are means of ratings of single exchanges."""
SAID_BEFORE: Final = ("said_before", "jaccard", "repertoire", "carry_over", "carry_over_adjusted", "repertoire_beyond_size")
"""Measures of repetition, of which a reply that was given before is the plain case."""


class BadExchange(Frozen):
    """One exchange, with what speaks against it."""

    trial: str
    target: str
    persona: str
    scenario: str
    session: int
    exchange: int
    """0: it was asked once the session was over."""
    why: str
    """In a few words."""
    message: str
    reply: str
    identity: str = ""
    """Of a pair of replies to two identities: whom this one was said to, as `name Lakisha`. Empty, as the three below: it is no pair."""
    beside: str = ""
    """The other one's trial."""
    beside_identity: str = ""
    beside_reply: str = ""
    """What was said to the other identity in answer to the same message."""

    @property
    def replies(self) -> tuple[tuple[str, str], ...]:
        """Who says what: `bot`, or of a pair each reply with whom it is said to."""
        if not self.beside:
            return (("bot", self.reply),) if self.reply else ()
        return (f"bot, {self.identity}", self.reply), (f"bot, {self.beside_identity}", self.beside_reply)


@dataclass(frozen=True)
class _Place:
    trial: Trial
    session: Session
    exchange: Exchange | None


_Found = tuple[float, str, _Place]
"""How heavily it weighs, why, and where."""


def worst_exchanges(
    of: RunSource, targets: Sequence[str], asked: Sequence[Requirement], shown: Sequence[str], *, stubs: bool
) -> tuple[BadExchange, ...]:
    """At most three exchanges, the worst first, each reply once.

    Args:
        asked: the section's gates.
        shown: the measures that it shows without one.
        stubs: count also what an offline rater says of a real target.
    """
    mute = () if stubs else of.standins.stub_rated
    figures: list[Figure] = [*(r.figure for r in asked), *map(Mean, shown)]
    measures = [f.measure for f in figures if isinstance(f, Mean)]
    disturbed = any(isinstance(f, Fall) for f in figures)
    found: list[_Found] = []
    for trial in of.trials:
        base = base_of(of.study, trial.target)
        if base not in targets:
            continue
        found += _scorers(trial, of.scorers, asked, measures)
        if base not in mute and disturbed == (base != trial.target) and (disturbed or any(map(_rates, figures))):
            found += _ratings(trial, of.study.primary_rater, [m for m in measures if m in DIMENSIONS])
        if base not in mute and Count("false_memory") in figures:
            found += _false_memories(trial, of.study.primary_rater)
        if "memory" in measures:
            found += _wrong_answers(trial)
        if any(isinstance(f, FlagShare) for f in figures):
            found += _flagged(trial)
    if set(measures) & set(SAID_BEFORE) or Count("repeated") in figures:
        found += _repeats(of, targets)
    return tuple(_first(found))


def base_of(study: Study, target: str) -> str:
    """The undisturbed target that `target` is an arm of; itself, where it is none."""
    return next((base.id for base, arms in stress_arms(study.targets) if any(arm.id == target for arm in arms)), target)


def _rates(figure: Figure) -> bool:
    """Whether it is a rating of exchanges."""
    return isinstance(figure, WorstPersona) or (isinstance(figure, Mean) and figure.measure in RATINGS)


def _first(found: Iterable[_Found]) -> Iterator[BadExchange]:
    seen: set[str] = set()
    for _, why, place in sorted(found, key=lambda f: (-f[0], f[2].trial.id, f[2].session.index, f[2].exchange.index if f[2].exchange else 0)):
        of = place.exchange
        reply = of.reply.text if of and of.reply else ""
        key = normalise(reply) or f"{place.trial.id} {place.session.index} {of.index if of else why}"
        if key in seen or len(seen) == MOST:
            continue
        seen.add(key)
        yield BadExchange(
            trial=place.trial.id,
            target=place.trial.target,
            persona=place.trial.cast.persona.id,
            scenario=place.trial.cast.scenario.id,
            session=place.session.index,
            exchange=of.index if of else 0,
            why=why,
            message=of.user.message if of else "",
            reply=reply,
        )


def _places(trial: Trial) -> Iterator[_Place]:
    for session in trial.sessions:
        for exchange in session.exchanges:
            if exchange.reply is not None:
                yield _Place(trial, session, exchange)


# --- what speaks against an exchange ------------------------------------------------------------------------------


def _scorers(trial: Trial, scorers: Sequence[ScorerInfo], asked: Sequence[Requirement], measures: Sequence[str]) -> Iterator[_Found]:
    """A result that a gate counts as bad, or that is at the bad end of its own scale; of a session or a trial, at its last reply."""
    wanted = {m.partition("=")[0] for m in measures} | {id for r in asked if (id := _counted(r.figure))}
    for place in _places(trial):
        assert place.exchange is not None
        for info in (i for i in scorers if i.id in wanted):
            result = read_at(trial, place.session, place.exchange, info)
            if not isinstance(result, Assessment):
                continue
            barred = any(_bars(r, info, result.value) for r in asked)
            if barred or speaks_against(info, result.value):
                told = told_by(result)
                yield 2.0 + barred, f"{info.name}: {written(info, result.value)}" + (f" ({told})" if told else ""), place


def _counted(figure: Figure) -> str:
    """The scorer whose results a count is of; empty: it counts something else, or is no count."""
    if isinstance(figure, Given):
        return figure.scorer
    return figure.critical_of.id if isinstance(figure, Count) and figure.critical_of else ""


def _bars(requirement: Requirement, info: ScorerInfo, value: bool | float | str) -> bool:
    """Whether a gate wants few results like this one."""
    figure = requirement.figure
    if requirement.operator not in ("<=", "<", "=="):
        return False
    if isinstance(figure, Given):
        return figure.scorer == info.id and said_so(value, figure)
    if isinstance(figure, Count):
        return _counted(figure) == info.id and info.is_critical(value)
    return isinstance(figure, Mean) and figure.measure == f"{info.id}={value}"


def _ratings(trial: Trial, rater: str, dimensions: Sequence[str]) -> Iterator[_Found]:
    """The lowest rated ones, by `dimensions` where the section is about single ones."""
    for place in _places(trial):
        assert place.exchange is not None
        ratings = place.exchange.ratings.get(rater, {})
        scores = {d: r for d in DIMENSIONS if (not dimensions or d in dimensions) and isinstance(r := ratings.get(d), Score)}
        if not scores:
            continue
        mean = sum(r.score for r in scores.values()) / len(scores)
        if mean < POOR:
            lowest = min(scores, key=lambda d: (scores[d].score, d))
            reason = f": {scores[lowest].reason}" if scores[lowest].reason else ""
            yield 5.0 - mean, f"rated {mean:.1f}; {LABELS[lowest]} {scores[lowest].score}{reason}", place


def _false_memories(trial: Trial, rater: str) -> Iterator[_Found]:
    for place in _places(trial):
        assert place.exchange is not None
        rating = place.exchange.ratings.get(rater, {}).get("callback")
        if isinstance(rating, Score) and rating.false_memory:
            yield 4.0, f"brings back what was never said: {rating.reason}".removesuffix(": "), place


def _wrong_answers(trial: Trial) -> Iterator[_Found]:
    """Wrong or stale answers to questions of memory, as they were put once a session was over."""
    for session in trial.sessions:
        for probed in session.probes.values():
            grade = probed.grade
            if isinstance(grade, Grade) and grade.outcome in ("wrong", "stale"):
                weight = 2.0 if grade.outcome == "wrong" else 1.5
                yield weight, f"asked “{probed.question}” it says “{probed.answer}”; right is {probed.expected}", _Place(trial, session, None)


def _flagged(trial: Trial) -> Iterator[_Found]:
    for place in _places(trial):
        assert place.exchange is not None
        for flag in place.exchange.flags:
            if flag.severity in ("critical", "serious"):
                yield 3.0 if flag.severity == "critical" else 1.5, f"{flag.kind.replace('_', ' ')}: {flag.evidence}", place


def _repeats(of: RunSource, targets: Sequence[str]) -> Iterator[_Found]:
    said = of.table.said.found
    for trial in of.trials:
        if trial.target in targets:
            for place in _places(trial):
                assert place.exchange is not None
                how = said.get((trial.id, place.session.index, place.exchange.index))
                if how in WORD_FOR_WORD:
                    mine = how == "same_user"
                    yield 3.0 if mine else 1.0, "said before, word for word" + (", to the same person" if mine else ", to others"), place

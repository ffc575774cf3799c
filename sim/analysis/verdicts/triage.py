"""What to read first: the exchanges that something speaks against, worst first, each with its reasons.

A reason is a fact of the record, never a guess at the cause: whether the target, the simulator or the rater is to blame is what the reader says, as a
label. What looks alike stands together: exchanges of one target with the same heaviest reason, about the same dimension.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final, Literal, get_args

from sim.analysis.figures.critical import read_at, told_by
from sim.analysis.figures.table import find_said
from sim.core.codebook import DIMENSIONS, Dimension
from sim.core.controls import control_parts
from sim.core.event import Assessment, Label, Score
from sim.core.frozen import Frozen

if TYPE_CHECKING:
    from sim.core.record import Exchange, Session, Trial
    from sim.core.spec import Study
    from sim.core.spec.scorer import ScorerInfo
    from sim.score.repetition.said_before import Said

ReasonKind = Literal[
    "critical_verdict",
    "false_memory",
    "critical_flag",
    "leaving",
    "low_score",
    "said_before",
    "scorer",
    "sharp_drop",
    "cut_off",
    "rater_disagreement",
]
REASONS: tuple[ReasonKind, ...] = get_args(ReasonKind)
"""The heaviest first."""
WEIGHTS: Final[dict[ReasonKind, float]] = {
    "critical_verdict": 50.0,
    "false_memory": 4.0,
    "critical_flag": 3.0,
    "leaving": 3.0,
    "low_score": 2.0,
    "said_before": 2.0,
    "scorer": 2.0,
    "sharp_drop": 1.5,
    "cut_off": 1.0,
    "rater_disagreement": 1.0,
}
"""What a reason adds to an exchange's place in the queue, a critical verdict more than all else together; low scores, drops and disagreement also
add by how far they go, in scale points."""
LOW: Final = 2.5
"""Mean over the scored dimensions at or below which a reply is read."""
DROP: Final = 1.5
"""Points below the exchange before it in the session."""
APART: Final = 1.5
"""Points between the primary rater's mean and another rater's."""


POOR: Final = 0.25
"""Share of a scorer's scale, from its bad end, within which a number speaks against the reply."""


class Reason(Frozen):
    """One thing that speaks against an exchange."""

    kind: ReasonKind
    said: str
    """In a few plain words."""
    scorer: str = ""
    """The id of the scorer, where one of the study's own says it."""


class TriageItem(Frozen):
    """One exchange to read."""

    trial: str
    target: str
    persona: str
    session: int
    exchange: int
    score: float | None
    """The exchange's own mean, by the primary rater."""
    weight: float
    """Falls along the queue."""
    reasons: tuple[Reason, ...]
    """The heaviest first."""
    dimension: Dimension | None
    """The lowest-rated one, at 2 or less."""
    group: str
    """What looks alike has the same."""
    label: Label | None
    """What the last reader said; None: nobody has."""
    note: str


def queue(study: Study, trials: Iterable[Trial], scorers: Sequence[ScorerInfo] = ()) -> tuple[TriageItem, ...]:
    """Every exchange that something speaks against, those without a label first, then by weight."""
    found = [item for trial in trials for item in _of_trial(study.primary_rater, trial, scorers)]
    return tuple(sorted(found, key=lambda i: (i.label is not None, -i.weight, i.trial, i.session, i.exchange)))


def _of_trial(rater: str, trial: Trial, scorers: Sequence[ScorerInfo]) -> Iterator[TriageItem]:
    said = find_said([trial]).found
    for session in trial.sessions:
        yield from _of_session(rater, trial, session, said, scorers)


def _of_session(
    rater: str, trial: Trial, session: Session, said: Mapping[tuple[str, int, int], Said], scorers: Sequence[ScorerInfo]
) -> Iterator[TriageItem]:
    before: float | None = None
    for exchange in session.exchanges:
        score = exchange.mean(rater)
        reasons = [
            *_false_memories(exchange, rater),
            *_flags(exchange),
            *_leaving(exchange, session),
            *_scores(score, before),
            *_repeats(said.get((trial.id, session.index, exchange.index))),
            *_scorers(trial, session, exchange, scorers),
            *_cut(exchange),
            *_disagreement(exchange, rater, score),
        ]
        before = score if score is not None else before
        if not reasons:
            continue
        ordered = sorted(reasons, key=lambda r: (-r[0], REASONS.index(r[1].kind)))
        dimension = _lowest(exchange, rater)
        label = exchange.labels[-1] if exchange.labels else None
        yield TriageItem(
            trial=trial.id,
            target=trial.target,
            persona=trial.cast.persona.id,
            session=session.index,
            exchange=exchange.index,
            score=score,
            weight=round(sum(weight for weight, _ in reasons), 3),
            reasons=tuple(r for _, r in ordered),
            dimension=dimension,
            group=_group(trial.target, ordered[0][1], dimension),
            label=label.label if label else None,
            note=label.note if label else "",
        )


_Weighed = tuple[float, Reason]


def _group(target: str, heaviest: Reason, dimension: Dimension | None) -> str:
    about = heaviest.scorer or heaviest.kind.replace("_", " ")
    return f"{target} · {about}{f' · {dimension}' if dimension and not heaviest.scorer else ''}"


def _false_memories(exchange: Exchange, rater: str) -> Iterator[_Weighed]:
    rating = exchange.ratings.get(rater, {}).get("callback")
    if isinstance(rating, Score) and rating.false_memory:
        yield WEIGHTS["false_memory"], Reason(kind="false_memory", said=f"brings back what was never said: {rating.reason}"[:120].removesuffix(": "))


def _flags(exchange: Exchange) -> Iterator[_Weighed]:
    for flag in exchange.flags:
        if flag.severity == "critical":
            yield WEIGHTS["critical_flag"], Reason(kind="critical_flag", said=f"{flag.kind.replace('_', ' ')}: {flag.evidence}"[:120])


def _leaving(exchange: Exchange, session: Session) -> Iterator[_Weighed]:
    """Leaving without a word counts against the last reply before it."""
    gone = session.gone if exchange.index == len(session.exchanges) else None
    why = gone.why if gone is not None and gone.kind == "departure" else exchange.user.why if exchange.user.leave else None
    if why:
        yield WEIGHTS["leaving"], Reason(kind="leaving", said=f"left: {why}"[:120])


def _cut(exchange: Exchange) -> Iterator[_Weighed]:
    if exchange.reply and exchange.reply.cut:
        yield WEIGHTS["cut_off"], Reason(kind="cut_off", said="cut off for length")


def _scores(score: float | None, before: float | None) -> Iterator[_Weighed]:
    if score is not None and score <= LOW:
        yield WEIGHTS["low_score"] + LOW - score, Reason(kind="low_score", said=f"rated {score:.1f}")
    if score is not None and before is not None and before - score >= DROP:
        yield WEIGHTS["sharp_drop"] + before - score - DROP, Reason(kind="sharp_drop", said=f"from {before:.1f} to {score:.1f}")


def _repeats(said: Said | None) -> Iterator[_Weighed]:
    """What the same person was told before: of what others were told they know nothing."""
    if said == "same_user":
        yield WEIGHTS["said_before"], Reason(kind="said_before", said="repeats itself word for word")


def _scorers(trial: Trial, session: Session, exchange: Exchange, scorers: Sequence[ScorerInfo]) -> Iterator[_Weighed]:
    """What is about a session or a trial counts against its last reply."""
    for info in scorers:
        result = read_at(trial, session, exchange, info)
        if isinstance(result, Assessment) and info.is_critical(result.value):
            found = f"{info.name}: {written(info, result.value)}: {told_by(result)}"
            yield WEIGHTS["critical_verdict"], Reason(kind="critical_verdict", said=found[:240].removesuffix(": "), scorer=info.id)
        elif isinstance(result, Assessment) and speaks_against(info, result.value):
            why = f": {result.reason}" if result.reason else ""
            found = f"{info.name}: {written(info, result.value)}{why}"
            yield WEIGHTS["scorer"], Reason(kind="scorer", said=found[:120], scorer=info.id)


def speaks_against(info: ScorerInfo, value: bool | float | str) -> bool:
    """Whether a scorer's result is a reason to read the reply: no where yes is good, a label that is not a good one, a number at the bad end."""
    if info.better == "neither":
        return False
    if info.result == "label":
        return bool(info.good) and value not in info.good
    if info.result == "yes_no":
        return bool(value) != (info.better == "higher")
    if info.low is None or info.high is None:
        return False
    reach = POOR * (info.high - info.low)
    return float(value) <= info.low + reach if info.better == "higher" else float(value) >= info.high - reach


def written(info: ScorerInfo, value: bool | float | str) -> str:
    """A result in words."""
    return ("yes" if value else "no") if info.result == "yes_no" else value if isinstance(value, str) else f"{value:g}"


def _disagreement(exchange: Exchange, rater: str, score: float | None) -> Iterator[_Weighed]:
    if score is None:
        return
    apart = {rater, *control_parts(rater).values()}
    others = {r: m for r in exchange.ratings if r not in apart and (m := exchange.mean(r)) is not None}
    if others:
        name, other = max(others.items(), key=lambda o: (abs(o[1] - score), o[0]))
        if abs(other - score) >= APART:
            said = f"{rater} {score:.1f}, {name} {other:.1f}"
            yield WEIGHTS["rater_disagreement"] + abs(other - score) - APART, Reason(kind="rater_disagreement", said=said)


def weigh(score: float | None, before: float | None, others: Collection[float]) -> float:
    """What the scores alone add to an exchange's place in the queue: its own, the one before it, and other raters' of it."""
    if score is None:
        return 0.0
    low = WEIGHTS["low_score"] + LOW - score if score <= LOW else 0.0
    drop = WEIGHTS["sharp_drop"] + before - score - DROP if before is not None and before - score >= DROP else 0.0
    apart = max((abs(o - score) for o in others), default=0.0)
    return low + drop + (WEIGHTS["rater_disagreement"] + apart - APART if apart >= APART else 0.0)


def _lowest(exchange: Exchange, rater: str) -> Dimension | None:
    ratings = exchange.ratings.get(rater, {})
    scored = [(r.score, DIMENSIONS.index(d), d) for d in DIMENSIONS if isinstance(r := ratings.get(d), Score) and r.score <= LOW]
    return min(scored)[2] if scored else None


def grouped(items: Sequence[TriageItem]) -> dict[str, int]:
    """How many exchanges look alike, by group, in the order in which the queue comes to them."""
    counts: dict[str, int] = {}
    for item in items:
        counts[item.group] = counts.get(item.group, 0) + 1
    return counts

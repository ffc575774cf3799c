"""The measures that targets are compared by, one line each: adding a measure is adding a line to `MEASURES`; a run's scorers add theirs.

A measure is the unweighted mean of its parts, taken level by level (`sim.analysis.figures.table`). Where the figure of a target has a definition of
its own, such as repetition over all pairs of replies, the measure is told it as `pooled`; its parts then serve to hold two sides against each other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from statistics import fmean
from typing import TYPE_CHECKING

from sim.analysis.figures.adaptability import WIDEST as GAIN
from sim.analysis.figures.memory import TELLS, elicited_facts
from sim.analysis.figures.pooled import (
    OfTalk,
    Pool,
    pool_adaptability,
    pool_balanced,
    pool_memory,
    pool_repetition,
    pool_said,
    pool_untold,
    pool_words,
    talk_figures,
)
from sim.analysis.figures.said_before import WORD_FOR_WORD
from sim.analysis.figures.table import HIGHEST, LOWEST, MeasureTable, Moment, Part, Values
from sim.core.codebook import ALWAYS, BY_OCCASION, CRITERIA, DIMENSIONS, LABELS, Criterion, Dimension
from sim.core.event import Assessment, Grade, Outcome, ProbeKind, Score
from sim.core.spec.scorer import Better, ScorerInfo
from sim.core.standins import RATER

if TYPE_CHECKING:
    from sim.analysis.figures.occasions import Met
    from sim.core.event import Assessed, Flag, Rejected, Severity
    from sim.core.record import RoleSpending, Session, Trial
    from sim.core.spec.study import Primary

WITHOUT_CALLBACK: tuple[Dimension, ...] = tuple(d for d in DIMENSIONS if d != "callback")
"""Callback is memory by definition, so what memory buys is looked for in the other six."""


@dataclass(frozen=True)
class Measure:
    """One figure of a target."""

    id: str
    label: str
    better: Better
    parts: tuple[Part, ...]
    digits: int = 2
    proportion: bool = False
    """A share of things that are or are not so, whose interval is a proportion's."""
    scale: tuple[float, float] | None = None
    """The ends of its scale, which no interval goes beyond; None: it has none."""
    pooled: Pool | None = None
    """The figure of a target, where it is not the mean of the parts."""
    judge: str = ""
    """Whose judgement it rests on: `rater`, or `scorer <id>`; empty: it is counted, or decided by accepted answers."""
    ranked: bool = True
    """Whether a place among others says anything: of words, cost or how alike moves are, the lowest is no best."""
    names: tuple[str, ...] = ()
    """What each part is called, where there are several."""
    listed: bool = True
    """Whether comparisons list it; False: it can be asked for by name alone, since another figure says the same and more."""
    of_two: bool = False
    """It says something of two sides, over what they have in common, and nothing of one."""

    @property
    def differences(self) -> tuple[float, float] | None:
        """The least and the most that two sides can differ by; None: there is no end to it."""
        return None if self.scale is None else (self.scale[0] - self.scale[1], self.scale[1] - self.scale[0])


# --- ratings ------------------------------------------------------------------------------------------------------


def _rated(dimension: Dimension, table: MeasureTable) -> Values:
    return table.rated(dimension)


def _each(of: Callable[[Session, MeasureTable], float | None], table: MeasureTable) -> Values:
    """A function of one session, over all sessions."""
    found: Values = {}
    for trial in table.trials:
        sessions: dict[Moment, float] = {s.index: value for s in trial.sessions if (value := of(s, table)) is not None}
        if sessions:
            found[trial.id] = sessions
    return found


def _whole(of: Callable[[Trial, MeasureTable], float | None], table: MeasureTable) -> Values:
    """A function of one trial, over all trials."""
    return {trial.id: {0: value} for trial in table.trials if (value := of(trial, table)) is not None}


def _moved(of: Callable[[Sequence[int | None]], float | None], table: MeasureTable) -> Values:
    """A function of the move sets of one session, over all sessions."""
    found: Values = {}
    for (trial, session), sets in table.sets.items():
        value = of(sets)
        if value is not None:
            found.setdefault(trial, {})[session] = value
    return found


def _looked_back(question: Criterion, session: Session, table: MeasureTable) -> float | None:
    rating = session.criterion.get(table.view.rater, {}).get(question)
    return float(rating.score) if isinstance(rating, Score) else None


# --- occasions ----------------------------------------------------------------------------------------------------


def _by_occasion(dimension: Dimension, table: MeasureTable) -> Values:
    """The mean score over each thing that was an occasion, so that two sides are held against each other on the same ones."""
    return _by_thing(table, ((t, m, m.about) for t, all in table.occasions.items() for m in all if m.dimension == dimension))


def _on_scripted(table: MeasureTable) -> Values:
    """Callback by fact, of the facts that every target was told alike."""
    return _by_thing(table, ((t, m, m.scripted) for t, all in table.occasions.items() for m in all if m.dimension == "callback"))


def _by_thing(table: MeasureTable, met: Iterable[tuple[str, Met, tuple[str, ...]]]) -> Values:
    scores: dict[str, dict[Moment, list[float]]] = {}
    for trial, occasion, things in met:
        if occasion.score is not None:
            for thing in things:
                scores.setdefault(trial, {}).setdefault((occasion.session, thing), []).append(occasion.score)
    return {trial: {moment: fmean(of) for moment, of in moments.items()} for trial, moments in scores.items()}


def _met(dimension: Dimension, table: MeasureTable) -> Values:
    """How many occasions each rated session has."""
    found: Values = {}
    for trial in table.trials:
        times = Counter(m.session for m in table.occasions[trial.id] if m.dimension == dimension)
        sessions: dict[Moment, float] = {session: float(times[session]) for session in table.rated_sessions.get(trial.id, ())}
        if sessions:
            found[trial.id] = sessions
    return found


def _elicited(trial: Trial, table: MeasureTable) -> float | None:
    """Facts that the target drew out, beside those that it was told by script."""
    if trial.forgotten or not table.rated_sessions.get(trial.id):
        return None
    return float(elicited_facts(trial))


# --- moves --------------------------------------------------------------------------------------------------------


def _jaccard(sets: Sequence[int | None]) -> float | None:
    pairs = [(a, b) for a, b in pairwise(sets) if a is not None and b is not None and a | b]
    return fmean((a & b).bit_count() / (a | b).bit_count() for a, b in pairs) if pairs else None


def _carry_over(sets: Sequence[int | None]) -> float | None:
    """Jaccard less its mean over all orders of the session's replies; None below three tagged replies."""
    times = Counter(s for s in sets if s is not None)
    observed = _jaccard(sets)
    if observed is None or times.total() <= 2:
        return None
    total = counted = 0.0
    for a, n in times.items():
        for b, m in times.items():
            pairs = n * (m - (a == b))
            if a | b and pairs:
                total += pairs * (a & b).bit_count() / (a | b).bit_count()
                counted += pairs
    return observed - total / counted


def _followed(name: OfTalk, table: MeasureTable) -> Values:
    """A figure of each session against what the target said to other personas at the same places (`sim.score.repetition.course`)."""
    found: Values = {}
    if table.view.codebook is not None:
        for trials in table.by_target.values():
            for trial, session, value in talk_figures(name, table, trials):
                found.setdefault(trial, {})[session] = value
    return found


def _said_before(table: MeasureTable) -> Values:
    """Of each session's replies, greetings apart, the share that repeats word for word what the target has said to anybody before."""
    sessions: dict[tuple[str, int], list[bool]] = {}
    for (trial, session, _), said in table.said.found.items():
        if said != "short":
            sessions.setdefault((trial, session), []).append(said in WORD_FOR_WORD)
    found: Values = {}
    for (trial, session), hits in sessions.items():
        found.setdefault(trial, {})[session] = fmean(hits)
    return found


def _words(table: MeasureTable) -> Values:
    found: Values = {}
    for (trial, session), counts in table.words.items():
        if counts:
            found.setdefault(trial, {})[session] = fmean(counts)
    return found


WARM: tuple[str, ...] = ("validation", "emotional_expression", "empowerment")
"""Moves that are for the person and not for the matter."""


def _warmth(table: MeasureTable) -> Values:
    """Of each session's tagged replies, the share that makes a warm move; nothing where the codebook has none."""
    moves = table.view.codebook.moves if table.view.codebook else ()
    warm = sum(1 << i for i, move in enumerate(moves) if move.id in WARM)
    return _moved(partial(_warm_share, warm), table) if warm else {}


def _warm_share(warm: int, sets: Sequence[int | None]) -> float | None:
    known = [bool(s & warm) for s in sets if s is not None]
    return fmean(known) if known else None


# --- memory -------------------------------------------------------------------------------------------------------


def _outcomes(kinds: tuple[ProbeKind, ...], good: tuple[Outcome, ...], table: MeasureTable) -> Values:
    """Whether each answer to a probe of these kinds is among `good`: two sides are compared on the same questions."""
    found: Values = {}
    for trial in table.trials:
        answers: dict[Moment, float] = {
            (session.index, part): float(probed.grade.outcome in good)
            for session in trial.sessions
            for part, probed in session.probes.items()
            if probed.probe in kinds and isinstance(probed.grade, Grade)
        }
        if answers:
            found[trial.id] = answers
    return found


# --- the simulated user -------------------------------------------------------------------------------------------


def _messages(wrong: Callable[[Sequence[Flag], Sequence[Rejected]], bool], table: MeasureTable) -> Values:
    """Of each session's messages that a model wrote, the share that is `wrong`; one that was left unsent is a message."""
    found: Values = {}
    for trial in table.trials if table.view.checked else ():
        for session in trial.sessions:
            hits = [float(wrong(e.flags, e.rejected)) for e in session.exchanges if not e.scripted]
            hits += [float(wrong(session.flags, session.rejected))] if session.gone is not None and session.gone.kind == "silence" else []
            if hits:
                found.setdefault(trial.id, {})[session.index] = fmean(hits)
    return found


def _flagged(severity: Severity, flags: Sequence[Flag], _: Sequence[Rejected]) -> bool:
    return any(f.severity == severity for f in flags)


def _redrafted(_: Sequence[Flag], rejected: Sequence[Rejected]) -> bool:
    return bool(rejected)


# --- what it takes ------------------------------------------------------------------------------------------------


def _gain(trial: Trial, table: MeasureTable) -> float | None:
    return table.session_means.gain(trial)


def _own(trial: Trial) -> list[RoleSpending]:
    """What the target itself has used, its memory included."""
    return [spent for role, spent in trial.spent.items() if role in ("target", "memory")]


def _cost(trial: Trial, _: MeasureTable) -> float | None:
    """None as soon as the cost of one call is unknown: a sum over the known ones would compare price lists."""
    spent, replies = _own(trial), len(trial.exchanges)
    return None if not replies or not spent or any(s.unknown_cost for s in spent) else sum(s.cost for s in spent) / replies


def _tokens(trial: Trial, _: MeasureTable) -> float | None:
    spent, replies = _own(trial), len(trial.exchanges)
    return None if not replies or not spent or any(s.unknown_usage for s in spent) else sum(s.input + s.output for s in spent) / replies


def _latency(session: Session, _: MeasureTable) -> float | None:
    seconds = [e.reply.seconds for e in session.exchanges if e.reply is not None and e.reply.seconds is not None]
    return fmean(seconds) if seconds else None


# --- scorers ------------------------------------------------------------------------------------------------------


def assessed_number(info: ScorerInfo, result: Assessed | None, label: str | None = None) -> float | None:
    """A result of a scorer as a number: on its scale, or 1 where it is so and 0 where not; None where there is none.

    Args:
        label: of labels, the one that is asked after; left out: any of the good ones.
    """
    if not isinstance(result, Assessment):
        return None
    if info.result == "label":
        return float(result.value == label if label is not None else result.value in info.good)
    # A result of another kind was given before the scorer changed its mind without changing its version.
    return None if isinstance(result.value, str) else float(result.value)


def assessed_values(info: ScorerInfo, label: str | None, table: MeasureTable) -> Values:
    """What a scorer found, by trial and session, whatever its results are about."""
    return _by_session(info, lambda result: assessed_number(info, result, label), table)


def _by_session(info: ScorerInfo, number: Callable[[Assessed | None], float | None], table: MeasureTable) -> Values:
    """The results of a scorer as numbers, by trial and session; those of exchanges as their mean in each session."""
    found: Values = {}
    for trial in table.trials:
        if info.grain == "trial":
            value = number(trial.scores.get(info.id))
            sessions: dict[Moment, float] = {} if value is None else {0: value}
        elif info.grain == "session":
            each = ((s.index, number(s.scores.get(info.id))) for s in trial.sessions)
            sessions = {i: value for i, value in each if value is not None}
        else:
            several = ((s.index, [number(e.scores.get(info.id)) for e in s.exchanges]) for s in trial.sessions)
            sessions = {i: fmean(known) for i, values in several if (known := [v for v in values if v is not None])}
        if sessions:
            found[trial.id] = sessions
    return found


def label_measure(info: ScorerInfo, label: str) -> Measure:
    """The share of one label of a scorer."""
    part = partial(assessed_values, info, label)
    about = {"proportion": True, "scale": SHARE, "judge": f"scorer {info.id}", "ranked": False}
    return Measure(f"{info.id}={label}", f"{info.name}: {label}", "neither", (part,), **about)  # type: ignore[arg-type]


def scorer_measure(info: ScorerInfo) -> Measure | None:
    """The measure of a scorer; None where labels are told apart and none is called good, so that nothing is compared."""
    if info.result == "label" and not info.good:
        return None
    shares = info.result != "number"
    scale = (0.0, 1.0) if shares else (info.low, info.high) if info.low is not None and info.high is not None else None
    part = partial(assessed_values, info, None)
    return Measure(
        info.id, info.name, info.better, (part,), proportion=shares, scale=scale, judge=f"scorer {info.id}", ranked=info.better != "neither"
    )


def level_measure(info: ScorerInfo) -> Measure | None:
    """The mean step of a scorer whose labels are steps of one scale; None: they are not."""
    if not info.levels:
        return None
    about = {"scale": (min(info.levels.values()), max(info.levels.values())), "judge": f"scorer {info.id}", "ranked": False}
    return Measure(f"{info.id}.level", f"{info.name}: mean level", "neither", (partial(_levels, info),), **about)  # type: ignore[arg-type]


def _levels(info: ScorerInfo, table: MeasureTable) -> Values:
    """The step of each result, by trial and session; a label that is on no step is left out."""
    return _by_session(info, lambda result: info.levels.get(str(result.value)) if isinstance(result, Assessment) else None, table)


# --- the table ----------------------------------------------------------------------------------------------------

RATINGS: dict[Dimension, Part] = {d: partial(_rated, d) for d in DIMENSIONS}
"""Each dimension over the scores that the user's message gave occasion for: a surprise is the target's own choice, and enters no mean."""
COMMON: tuple[Part, ...] = tuple(RATINGS[d] if d in ALWAYS else partial(_by_occasion, d) for d in DIMENSIONS)
"""The seven dimensions, those that go by occasion one occasion at a time."""
LOOKED_BACK: dict[Criterion, Part] = {c: partial(_each, partial(_looked_back, c)) for c in CRITERIA}

REMEMBERED: Part = partial(_outcomes, TELLS, ("right",))
"""Told facts: "I don't know" is wrong there."""
ANSWERS: Part = partial(_outcomes, TELLS, ("right", "stale", "wrong"))
"""Told facts on which it does not claim to know nothing: 1 − false abstention."""
ABSTAINS: Part = partial(_outcomes, ("abstention",), ("unknown",))
"""What was never told, and it says so."""

SECOND = "callback_scripted"
"""The second endpoint: whether it brings back what every target was told alike."""
LIKABILITY = "likability"
"""LikeBench's figure, over all seven dimensions."""


RATED_BY: Mapping[Primary, tuple[Dimension, ...]] = {"fixed_set": ALWAYS, "likability": DIMENSIONS, "without_callback": WITHOUT_CALLBACK}
"""The dimensions that each possible primary outcome is the mean of."""


def _rating(id: str, label: str, over: Sequence[Dimension]) -> Measure:
    parts, names = tuple(RATINGS[d] for d in over), tuple(LABELS[d] for d in over)
    return Measure(id, label, "higher", parts, scale=RATED, names=names, judge=RATER)


def _count_occasions(dimension: Dimension) -> Measure:
    label = f"occasions a session: {LABELS[dimension]}"
    return Measure(f"occasions.{dimension}", label, "neither", (partial(_met, dimension),), ranked=False)


def _criterion(id: str, label: str, over: Sequence[Criterion]) -> Measure:
    return Measure(id, label, "higher", tuple(LOOKED_BACK[c] for c in over), scale=RATED, judge=RATER)


def _share(id: str, label: str, parts: tuple[Part, ...], pooled: Pool) -> Measure:
    return Measure(id, label, "higher", parts, proportion=True, scale=SHARE, pooled=pooled)


def _soundness(id: str, label: str, wrong: Callable[[Sequence[Flag], Sequence[Rejected]], bool]) -> Measure:
    """Comparisons have a part of their own for it (`sim.analysis.trust.validity`): it is no outcome, and adjusts no outcome's p."""
    return Measure(id, label, "lower", (partial(_messages, wrong),), digits=3, proportion=True, scale=SHARE, ranked=False, listed=False)


def _repeats(id: str, label: str, part: Part, scale: tuple[float, float] | None = None, *, listed: bool = True) -> Measure:
    return Measure(id, f"repetition: {label}", "lower", (part,), scale=scale, pooled=partial(pool_repetition, id), ranked=False, listed=listed)


RATED, SHARE, DIFFERENCE = (LOWEST, HIGHEST), (0.0, 1.0), (-1.0, 1.0)
"""Scales."""

MEASURES: tuple[Measure, ...] = (
    _rating("fixed_set", "fixed set", RATED_BY["fixed_set"]),
    Measure(SECOND, "callback on scripted facts", "higher", (_on_scripted,), scale=RATED, judge=RATER),
    _rating(LIKABILITY, "likability (all seven)", RATED_BY["likability"]),
    Measure(
        "likability_common",
        "all seven, on common occasions",
        "higher",
        COMMON,
        scale=RATED,
        judge=RATER,
        names=tuple(LABELS[d] for d in DIMENSIONS),
        ranked=False,
        of_two=True,
    ),
    _rating("without_callback", "likability without callback", RATED_BY["without_callback"]),
    *(_rating(d, LABELS[d], (d,)) for d in DIMENSIONS),
    _criterion("criterion", "criterion", CRITERIA),
    *(_criterion(c, LABELS[c], (c,)) for c in CRITERIA),
    *(_count_occasions(d) for d in BY_OCCASION),
    Measure("elicited_facts", "facts drawn out in a trial", "neither", (partial(_whole, _elicited),), ranked=False),
    _share("memory", "memory accuracy", (REMEMBERED,), pool_memory),
    _share("abstention.accuracy", "abstention", (ABSTAINS,), pool_untold),
    _share("abstention.balanced_accuracy", "abstention, balanced", (ANSWERS, ABSTAINS), pool_balanced),
    Measure("adaptability", "adaptability", "higher", (partial(_whole, _gain),), scale=GAIN, pooled=pool_adaptability, judge=RATER),
    _repeats("jaccard", "Jaccard", partial(_moved, _jaccard), SHARE),
    _repeats("repertoire", "repertoire", partial(_followed, "repertoire"), SHARE),
    _repeats("repertoire_beyond_size", "repertoire beyond size", partial(_followed, "beyond_size")),
    _repeats("carry_over_adjusted", "carry-over, adjusted", partial(_followed, "carry_over"), DIFFERENCE),
    _repeats("carry_over", "carry-over", partial(_moved, _carry_over), DIFFERENCE, listed=False),
    Measure("said_before", "said before", "lower", (_said_before,), proportion=True, scale=SHARE, pooled=pool_said),
    # Asked for by name, and in fairness: whoever compares targets has the moves themselves.
    Measure("warm_replies", "warm replies", "neither", (_warmth,), proportion=True, scale=SHARE, ranked=False, listed=False),
    Measure("words", "words a reply", "neither", (_words,), digits=1, pooled=pool_words, ranked=False),
    Measure("cost", "cost of a reply, $", "lower", (partial(_whole, _cost),), digits=6, ranked=False),
    Measure("tokens", "tokens a reply", "lower", (partial(_whole, _tokens),), digits=0, ranked=False),
    _soundness("critical_flags", "simulated user: critical flags", partial(_flagged, "critical")),
    _soundness("serious_flags", "simulated user: serious flags", partial(_flagged, "serious")),
    _soundness("rejected_drafts", "simulated user: drafts discarded", _redrafted),
    Measure("latency", "seconds a reply", "lower", (partial(_each, _latency),), digits=3, ranked=False),
)
"""What every run has."""
BY_ID: Mapping[str, Measure] = {m.id: m for m in MEASURES}


def measures_of(scorers: Iterable[ScorerInfo]) -> tuple[Measure, ...]:
    """The measures of a run with these scorers."""
    return (*MEASURES, *(m for info in scorers for m in (scorer_measure(info), level_measure(info)) if m is not None))

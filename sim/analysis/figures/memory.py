"""What a target remembers: facts told to it, probes by kind, where memory fails, how it fades, and how true a written memory is
(guide/methods.md#memory).

Everything is taken within each persona and averaged over personas. What was not measured is None and not 0.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Final, Literal, get_args

from sim.analysis.figures.estimates import t_interval
from sim.analysis.stats.proportions import Proportion, measure_proportion
from sim.core.event import Grade, ProbeKind, Score, Truth
from sim.core.frozen import Frozen
from sim.core.ledger import build_ledger
from sim.score.memory.profile import TRUTHS
from sim.score.memory.written import judged_truths, score_written

if TYPE_CHECKING:
    from sim.core.event import Probed
    from sim.core.ledger import Entry
    from sim.core.record import Trial
    from sim.core.spec import Study

TELLS: Final[tuple[ProbeKind, ...]] = ("explicit", "implicit", "update", "temporal")
"""Kinds whose answers were told, and in an earlier session: memory accuracy is over these."""
DAYS: Final = (1, 7, 30, 90, 365)
"""Upper ends of the bins of delay in days; what is longer forms the last."""

Unprobed = Literal["not_asked", "cannot_fork", "not_yet"]


class ProbeFigures(Proportion):
    """One kind of probe; on abstention probes it is right to say that one does not know."""

    stale: int
    """Answered with an older value."""
    unknown: int
    """Answered that it does not know, or was not told."""
    unscored: int
    """Answers whose grade could not be had; in no other figure."""


class Abstention(Frozen):
    """Whether a target knows what it was not told."""

    balanced_accuracy: float | None
    """Mean of two shares: of what was never told, what it says it does not know; of what was told, what it does not say so of. .5 is a coin."""
    false_abstention: float | None
    """Share of told facts of which it says that it does not know."""
    interval: tuple[float, float] | None
    """95 % of `balanced_accuracy`, t over personas; None below three."""
    n: int
    """Answers, on both sides."""
    personas: int
    """With answers on both sides."""


class Split(Frozen):
    """Probes of told facts, by the first step at which memory failed; only where every step is known, as for policies of ours."""

    not_written: int
    not_retrieved: int
    not_used: int
    """The answer stood in the context, and the reply was not right."""
    used: int


class ProfileFigures(Frozen):
    """A written memory, as it stands after the last session that wrote one."""

    by: str
    """What graded it: `words`, or a judge's model."""
    facts: float
    """In one memory."""
    precision: dict[Truth, float]
    """Shares of its facts by grade against the user's messages."""
    recall: float | None
    """Share of the facts told whose newest value it holds."""
    stale: float | None
    """Share of the facts that changed which it holds in an old value alone. None: nothing changed."""
    memories: int
    ungraded: int
    """Of these, those that the judge has not graded; they are in no share of `precision`."""


class Point(Frozen):
    """Memory accuracy at one delay."""

    delay: int
    """Sessions begun since the fact was told, the one that asks included; or days, at most, None of them counted twice. -1: longer than the last."""
    accuracy: float | None
    n: int


class Forgetting(Frozen):
    """Memory accuracy over the time since a fact was told."""

    sessions: tuple[Point, ...]
    days: tuple[Point, ...]


class MemoryFigures(Frozen):
    """The memory of one target."""

    core_facts_disclosed: float | None
    """In one trial: facts told to every target alike."""
    elicited_facts: float | None
    """In one trial: facts that the target drew out beside them."""
    profile: ProfileFigures | None
    """None: it writes none."""
    probes: dict[ProbeKind, ProbeFigures]
    accuracy: Proportion
    """Over explicit, implicit, update and temporal probes."""
    abstention: Abstention
    written: float | None
    """Share of told facts asked for that stand in its memory."""
    retrieved: float | None
    """Of these, those that stood in the context of the answer."""
    used: float | None
    """Of these, those answered rightly."""
    split: Split
    false_memories: int
    """Callbacks to something never said, as the primary rater saw them."""
    forgetting: Forgetting
    unprobed: Unprobed | None
    """Why there are no probes; None: there are."""


@dataclass(frozen=True, slots=True)
class GradedProbe:
    """One graded probe, with whose it is."""

    persona: str
    trial: str
    session: int
    probe: Probed

    @property
    def kind(self) -> ProbeKind:
        """Of the probe."""
        return self.probe.probe

    @property
    def outcome(self) -> str:
        """Of the answer; `unscored` where the grade could not be had."""
        return self.probe.grade.outcome if isinstance(self.probe.grade, Grade) else "unscored"

    @property
    def is_right(self) -> bool:
        """Whether the answer is the one to give."""
        return self.outcome == ("unknown" if self.kind == "abstention" else "right")


def summarise_memory(study: Study, trials: Sequence[Trial]) -> MemoryFigures:
    """The memory of the target whose trials these are."""
    everything = list_probes(trials)
    asked = [a for a in everything if a.outcome != "unscored"]
    told = [a for a in asked if a.kind in TELLS]
    traced = [a for a in told if a.probe.written is not None and (a.probe.retrieved is not None or not a.probe.written)]
    written = [a for a in traced if a.probe.written]
    retrieved = [a for a in written if a.probe.retrieved]
    ledgers = [(t.cast.persona.id, build_ledger(t).values()) for t in trials if t.exchanges and not t.forgotten]
    return MemoryFigures(
        core_facts_disclosed=_over_personas((p, float(sum(e.core for e in entries))) for p, entries in ledgers),
        elicited_facts=_over_personas((p, float(_drawn_out(entries))) for p, entries in ledgers),
        profile=_profile(trials, judge=study.judge.model if study.judge else None),
        probes={kind: _kind([a for a in everything if a.kind == kind]) for kind in get_args(ProbeKind) if any(a.kind == kind for a in everything)},
        accuracy=measure_memory(trials),
        abstention=measure_abstention(trials),
        written=_share(traced, lambda a: bool(a.probe.written)),
        retrieved=_share(written, lambda a: bool(a.probe.retrieved)),
        used=_share(retrieved, lambda a: a.is_right),
        split=Split(
            not_written=len(traced) - len(written),
            not_retrieved=len(written) - len(retrieved),
            not_used=sum(not a.is_right for a in retrieved),
            used=sum(a.is_right for a in retrieved),
        ),
        false_memories=_false_memories(trials, study.primary_rater),
        forgetting=_forgetting(told),
        unprobed=_unprobed(study, trials) if not everything else None,
    )


def elicited_facts(trial: Trial) -> int:
    """How many facts the target drew out in `trial`, beside those that it was told by script."""
    return _drawn_out(build_ledger(trial).values())


def _drawn_out(entries: Iterable[Entry]) -> int:
    return sum(not e.core and e.session > 0 for e in entries)


def list_probes(trials: Iterable[Trial]) -> list[GradedProbe]:
    """Every probe of `trials`, in order."""
    return [GradedProbe(t.cast.persona.id, t.id, s.index, probe) for t in trials for s in t.sessions for _, probe in sorted(s.probes.items())]


def measure_memory(trials: Iterable[Trial]) -> Proportion:
    """Memory accuracy: of told facts asked for, the share answered rightly."""
    return measure_proportion((a.persona, a.trial, a.is_right) for a in list_probes(trials) if a.kind in TELLS and a.outcome != "unscored")


def measure_untold(trials: Iterable[Trial]) -> Proportion:
    """Of what was never told, the share of which it says so."""
    return measure_proportion((a.persona, a.trial, a.is_right) for a in list_probes(trials) if a.kind == "abstention" and a.outcome != "unscored")


def measure_abstention(trials: Iterable[Trial]) -> Abstention:
    """Whether it tells what it was told from what it was not."""
    asked = [a for a in list_probes(trials) if a.outcome != "unscored"]
    return _abstention([a for a in asked if a.kind in TELLS], [a for a in asked if a.kind == "abstention"])


def _unprobed(study: Study, trials: Sequence[Trial]) -> Unprobed:
    if study.probes is None:
        return "not_asked"
    closed = [s for t in trials for s in t.sessions if s.closed]
    return "cannot_fork" if closed and not any(s.forks for s in closed) else "not_yet"


def _kind(asked: Sequence[GradedProbe]) -> ProbeFigures:
    graded = [a for a in asked if a.outcome != "unscored"]
    outcomes = Counter(a.outcome for a in asked)
    of = measure_proportion((a.persona, a.trial, a.is_right) for a in graded)
    return ProbeFigures(**of.model_dump(), stale=outcomes["stale"], unknown=outcomes["unknown"], unscored=outcomes["unscored"])


def _abstention(told: Sequence[GradedProbe], never: Sequence[GradedProbe]) -> Abstention:
    falsely, rightly = (_denied(asked) for asked in (told, never))
    balanced = [(rightly[p] + 1 - falsely[p]) / 2 for p in rightly if p in falsely]
    return Abstention(
        balanced_accuracy=fmean(balanced) if balanced else None,
        false_abstention=fmean(falsely.values()) if falsely else None,
        interval=t_interval(balanced, (0.0, 1.0)),
        n=len(told) + len(never),
        personas=len(balanced),
    )


def _denied(asked: Sequence[GradedProbe]) -> dict[str, float]:
    """By persona: the mean over its trials of the share of which it says that it does not know."""
    trials: dict[tuple[str, str], list[bool]] = {}
    for a in asked:
        trials.setdefault((a.persona, a.trial), []).append(a.outcome == "unknown")
    return _by_persona((persona, fmean(of)) for (persona, _), of in trials.items())


def _forgetting(told: Sequence[GradedProbe]) -> Forgetting:
    sessions: dict[int, list[GradedProbe]] = {}
    days: dict[int, list[GradedProbe]] = {}
    for a in told:
        sessions.setdefault(a.session + 1 - a.probe.told, []).append(a)
        days.setdefault(next((i for i, d in enumerate(DAYS) if a.probe.delay <= d), len(DAYS)), []).append(a)
    ends = (*DAYS, -1)
    return Forgetting(
        sessions=tuple(Point(delay=d, accuracy=_share(of, lambda a: a.is_right), n=len(of)) for d, of in sorted(sessions.items())),
        days=tuple(Point(delay=ends[i], accuracy=_share(of, lambda a: a.is_right), n=len(of)) for i, of in sorted(days.items())),
    )


def _profile(trials: Sequence[Trial], *, judge: str | None) -> ProfileFigures | None:
    """Grades by the judge where the study has one, else by words; recall and staleness go by words in any case."""
    found = [(t, accuracy) for t in trials if (accuracy := score_written(t)) is not None]
    if not found:
        return None
    graded = [(t.cast.persona.id, truths) for t, a in found if (truths := judged_truths(t) if judge else a.truths) is not None]
    return ProfileFigures(
        by=judge or "words",
        facts=_known(_over_personas((t.cast.persona.id, float(len(a.truths))) for t, a in found)),
        precision={
            truth: share
            for truth in TRUTHS
            if (share := _over_personas((p, truths.count(truth) / len(truths)) for p, truths in graded if truths)) is not None
        },
        recall=_over_personas((t.cast.persona.id, a.recalled / a.told) for t, a in found if a.told),
        stale=_over_personas((t.cast.persona.id, a.stale / a.changed) for t, a in found if a.changed),
        memories=len(found),
        ungraded=len(found) - len(graded),
    )


def _false_memories(trials: Iterable[Trial], rater: str) -> int:
    ratings = (e.ratings.get(rater, {}).get("callback") for t in trials for e in t.exchanges)
    return sum(isinstance(r, Score) and r.false_memory for r in ratings)


def _share(asked: Sequence[GradedProbe], of: Callable[[GradedProbe], bool]) -> float | None:
    return _over_personas((a.persona, float(of(a))) for a in asked)


def _by_persona(values: Iterable[tuple[str, float]]) -> dict[str, float]:
    personas: dict[str, list[float]] = {}
    for persona, value in values:
        personas.setdefault(persona, []).append(value)
    return {persona: fmean(of) for persona, of in personas.items()}


def _over_personas(values: Iterable[tuple[str, float]]) -> float | None:
    personas = _by_persona(values)
    return fmean(personas.values()) if personas else None


def _known(value: float | None) -> float:
    assert value is not None
    return value

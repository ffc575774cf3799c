"""Targets over several models that play the user: one pooled difference, and whether another user would order the targets alike
(guide/methods.md#pooled-over-users).

Runs that differ in the user's model alone hold the same targets against the same personas in the same scenarios, once for each user. A pair is
persona × scenario × user, seeds averaged within. Each user counts alike: a measure's parts are taken for each user apart, so that the pooled
difference is the mean of the users' differences, and everything behind it (interval by persona, sign flips, Holm, verdict, sentence) is what
`sim compare` does with the parts of any measure.

*Interaction*: a persona's difference between two targets with one user, less the same with another, is 0 on average where the user makes no
difference. It is tested as any paired difference is. The users are these and no sample of all there could be: two or three models say nothing of how
the next one differs, and no interval here says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from sim.analysis.figures.estimates import holm
from sim.analysis.figures.table import MeasureTable, Part, Values, population
from sim.analysis.stats.order import Order, compare_orders
from sim.analysis.trust.user_order import Answer, Gap, answer, answer_sentence, pair_sentence
from sim.analysis.verdicts.arms import Arm, Family, RunSource
from sim.analysis.verdicts.compare import Comparison, MeasureComparison, compare_measures
from sim.analysis.verdicts.pairs import Sides, align, compare_sides
from sim.analysis.verdicts.registered import Unplanned, report_unplanned
from sim.analysis.verdicts.same_study import listed, what_differs
from sim.core.errors import InputError
from sim.core.frozen import Frozen

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sim.analysis.figures.measures import Measure

    Floats = NDArray[np.float64]


class PooledPair(Frozen):
    """Two targets by one measure."""

    pooled: Comparison
    """Over all users: its difference is the mean of theirs."""
    by_user: dict[str, Comparison]
    """As `sim compare` says of each user's run where nothing is registered."""
    gaps: tuple[Gap, ...]
    """The target × user interaction: each two users."""
    p_interaction: float | None
    """The least adjusted p of `gaps`: whether any two users differ in how they see these targets."""
    sentence: str
    """Whether another user would order the two alike."""


class UserOrder(Order):
    """How two users order all targets."""

    user: str
    other: str


class PooledMeasure(Frozen):
    """One measure over all users."""

    measure: str
    label: str
    digits: int
    left_out: tuple[str, ...]
    """Parts that not every user gave occasion for, and that are left out with every user."""
    means: dict[str, dict[str, float | None]]
    """By user and target, over everything in its run."""
    comparison: MeasureComparison
    """The pooled differences, with places."""
    pairs: tuple[PooledPair, ...]
    orders: tuple[UserOrder, ...]
    """Each two users; empty where the measure has no best."""


class PooledUsersDocument(Unplanned):
    """`sim compare RUN RUN… --pool-users --json`."""

    runs: dict[str, str]
    """By user, the run."""
    users: tuple[str, ...]
    raters: tuple[str, ...]
    primary: str
    offline: bool
    offline_notes: tuple[str, ...]
    sentences: tuple[str, ...]
    """The pooled headline, a sentence a pair of targets."""
    answer: Answer
    """Would another user order the targets alike?"""
    answer_sentence: str
    measures: dict[str, PooledMeasure]
    """The primary outcome first."""
    notes: tuple[str, ...]


def pool_users(sources: Sequence[RunSource], *, conditions: Sequence[Mapping[str, str]]) -> PooledUsersDocument:
    """The targets of `sources` over the users that they differ in.

    Args:
        conditions: of each source, hashes of what it was made with (`sim.analysis.verdicts.versions`).

    Raises:
        InputError: the runs differ in something else, do not differ in their user, or have one target.
    """
    _check_same(sources, conditions)
    users = dict(zip(_names(sources), sources, strict=True))
    primary = sources[0].primary
    everywhere = set.intersection(*({m.id for m in s.measures} for s in sources))
    known = [m for m in {m.id: m for m in (*sources[0].measures, primary)}.values() if m.listed and m.id in everywhere]
    pooled = _Pooled(users, primary)
    measures = pooled.measures(known)
    first = measures[primary.id]
    pairs = [(p.pooled, p.by_user, p.gaps) for p in first.pairs]
    return PooledUsersDocument(
        **report_unplanned(sources),
        runs={user: source.run for user, source in users.items()},
        users=tuple(users),
        raters=tuple(dict.fromkeys(_rater(s) for s in sources)),
        primary=primary.id,
        offline=any(s.offline for s in sources),
        offline_notes=tuple(dict.fromkeys(s.standins.note for s in sources if s.offline)),
        sentences=tuple(f"Over {len(users)} user models {p.pooled.sentence}." for p in first.pairs),
        answer=answer(pairs),
        answer_sentence=answer_sentence(pairs, users=len(users)),
        measures=measures,
        notes=tuple(_notes(sources, measures)),
    )


# --- the runs -----------------------------------------------------------------------------------------------------


def _check_same(sources: Sequence[RunSource], conditions: Sequence[Mapping[str, str]]) -> None:
    first = sources[0]
    if len(sources) < 2:
        problem = f"one model plays the user, {first.study.user.model}"
        raise InputError(problem, mend="run the study again with another `user:`, and name both runs")
    for source, of in zip(sources[1:], conditions[1:], strict=True):
        # Where each user rates its own talks, another user is another rater: that is one change, and is told beside the figures.
        free = ("user", "rater") if first.study.rater == source.study.rater == "self" else ("user",)
        other = what_differs(first, source, (conditions[0], of), free=free)
        if other:
            problem = f"runs '{first.run}' and '{source.run}' differ in more than the user's model: {listed(other)}"
            raise InputError(problem, mend="run one study again with another `user:` and nothing else changed")
    for one, other_run in combinations(sources, 2):
        if _user(one) == _user(other_run):
            problem = f"user {one.study.user.model} plays in run '{one.run}' and in run '{other_run.run}'"
            raise InputError(problem, mend="name one run for each user")
    if first.study.played_by != "model":
        raise InputError(f"no model plays the user in run '{first.run}'", mend="name runs whose user is a model")
    if len(first.study.targets) < 2:
        raise InputError(f"run '{first.run}' has one target, and what is pooled is the difference of two", mend="name runs of two targets or more")


def _user(source: RunSource) -> object:
    """What makes a user another one."""
    user = source.study.user
    return user.model, user.api_base, user.sampling or source.study.sampling, user.reasoning_effort, user.extra


def _names(sources: Sequence[RunSource]) -> list[str]:
    """Users by their models; where one model plays in several ways, with the run."""
    models = [s.study.user.model for s in sources]
    return [m if models.count(m) == 1 else f"{m} ({s.run})" for m, s in zip(models, sources, strict=True)]


def _rater(source: RunSource) -> str:
    study = source.study
    return "self" if study.rater == "self" else study.raters[study.primary_rater].model


# --- figures ------------------------------------------------------------------------------------------------------


def _of_run(own: MeasureTable, part: Part, table: MeasureTable) -> Values:
    """A part as one run has it: every other run has nothing."""
    return own.values(part) if table is own else {}


@dataclass(frozen=True)
class _Pooled:
    """The runs, by user."""

    users: Mapping[str, RunSource]
    primary: Measure

    @property
    def targets(self) -> list[str]:
        """Of every run."""
        return [t.id for t in next(iter(self.users.values())).study.targets]

    def measures(self, known: Sequence[Measure]) -> dict[str, PooledMeasure]:
        """Every measure, the primary outcome first."""
        alone = {u: {t: s.arm(t) for t in self.targets} for u, s in self.users.items()}
        common = {m.id: self._common(m, alone) for m in known}
        kept = [_some_parts(m, common[m.id]) for m in known]
        by_user = {u: compare_measures(kept, [self._family(arms)], primary=self.primary) for u, arms in alone.items()}
        merged = {t: Arm(t, tuple(g for arms in alone.values() for g in arms[t].groups), "", t) for t in self.targets}
        pooled = compare_measures([self._stacked(m) for m in kept], [self._family(merged)], primary=self._stacked(self.primary))
        gaps = self._gaps({m.id: m for m in kept}, alone)
        labels = {m.id: m for m in known}
        return {m: self._measure(labels[m], of, by_user, gaps[m], alone, common[m]) for m, of in pooled.items()}

    def _family(self, arms: Mapping[str, Arm]) -> Family:
        """Every two targets; whatever was registered is about one run, and nothing here is."""
        registration = next((s.registration for s in self.users.values() if s.registration), None)
        return Family(tuple(arms.values()), tuple(combinations(arms.values(), 2)), registration=registration).unplanned

    def _common(self, measure: Measure, alone: Mapping[str, Mapping[str, Arm]]) -> list[int]:
        """The parts of `measure` that every user has for every two targets; all of them where there is none."""
        held = [
            [bool(a.keys() & b.keys()) for a, b in zip(arms[one].slots(measure.parts), arms[other].slots(measure.parts), strict=True)]
            for arms in alone.values()
            for one, other in combinations(self.targets, 2)
        ]
        found = [i for i in range(len(measure.parts)) if all(of[i] for of in held)]
        return found or list(range(len(measure.parts)))

    def _stacked(self, measure: Measure) -> Measure:
        """With the parts of each user apart, so that users count alike."""
        parts = tuple(partial(_of_run, source.table, part) for source in self.users.values() for part in measure.parts)
        return replace(measure, parts=parts, names=())

    def _gaps(self, measures: Mapping[str, Measure], alone: Mapping[str, Mapping[str, Arm]]) -> dict[str, dict[tuple[str, str], list[Gap]]]:
        """Each two users against each other, by measure and pair of targets, p adjusted as `sim compare` adjusts it."""
        rough: dict[tuple[str, tuple[str, str], int], Gap] = {}
        for m, measure in measures.items():
            for pair in combinations(self.targets, 2):
                for i, gap in enumerate(_gaps(measure, pair, alone)):
                    rough[m, pair, i] = gap
        adjusted: dict[tuple[str, tuple[str, str], int], float | None] = {}
        for family in ([k for k in rough if k[0] == self.primary.id], [k for k in rough if k[0] != self.primary.id]):
            adjusted |= dict(zip(family, holm([rough[k].tail for k in family]), strict=True))
        found: dict[str, dict[tuple[str, str], list[Gap]]] = {m: {pair: [] for pair in combinations(self.targets, 2)} for m in measures}
        for (m, pair, i), gap in rough.items():
            found[m][pair].append(gap.model_copy(update={"p_holm": adjusted[m, pair, i]}))
        return found

    def _measure(
        self,
        measure: Measure,
        of: MeasureComparison,
        by_user: Mapping[str, Mapping[str, MeasureComparison]],
        gaps: Mapping[tuple[str, str], Sequence[Gap]],
        alone: Mapping[str, Mapping[str, Arm]],
        common: Sequence[int],
    ) -> PooledMeasure:
        figures = {u: {t: arm.figure(measure) for t, arm in arms.items()} for u, arms in alone.items()}
        means = {u: {t: f.value if f else None for t, f in row.items()} for u, row in figures.items()}
        pairs = []
        for i, pooled in enumerate(of.comparisons):
            users = {u: found[measure.id].comparisons[i] for u, found in by_user.items()}
            between = tuple(gaps[pooled.a, pooled.b])
            adjusted = [g.p_holm for g in between if g.p_holm is not None]
            told = pair_sentence(pooled, users, between, digits=measure.digits)
            pairs.append(PooledPair(pooled=pooled, by_user=users, gaps=between, p_interaction=min(adjusted, default=None), sentence=told))
        return PooledMeasure(
            measure=measure.id,
            label=measure.label,
            digits=measure.digits,
            left_out=tuple(name for i, name in enumerate(measure.names) if i not in common),
            means=means,
            comparison=of,
            pairs=tuple(pairs),
            orders=tuple(_orders(measure, means)),
        )


def _some_parts(measure: Measure, kept: Sequence[int]) -> Measure:
    names = tuple(measure.names[i] for i in kept) if measure.names else ()
    return replace(measure, parts=tuple(measure.parts[i] for i in kept), names=names)


def _gaps(measure: Measure, pair: tuple[str, str], alone: Mapping[str, Mapping[str, Arm]]) -> Iterator[Gap]:
    """How two targets differ with one user, less how they differ with another, over the persona × scenario pairs that both have."""
    sides = {u: align(arms[pair[0]].slots(measure.parts), arms[pair[1]].slots(measure.parts)) for u, arms in alone.items()}
    scale = None if measure.differences is None else (2 * measure.differences[0], 2 * measure.differences[1])
    for (user, one), (other, two) in combinations(sides.items(), 2):
        found = compare_sides(_against(one, two), scale=scale)
        yield Gap(**dict(found), user=user, other=other, p_holm=None)


def _against(one: Sides, two: Sides) -> Sides:
    """Differences of `one` against those of `two`, over the personas and scenarios of both."""
    personas, scenarios = (tuple(x for x in a if x in b) for a, b in ((one.personas, two.personas), (one.scenarios, two.scenarios)))
    these, those = (_taken(side, personas, scenarios) for side in (one, two))
    # A cell that one user lacks is no cell of the other.
    return Sides(np.where(np.isnan(those), np.nan, these), np.where(np.isnan(these), np.nan, those), personas, scenarios)


def _taken(side: Sides, personas: Sequence[str], scenarios: Sequence[str]) -> Floats:
    rows, columns = [side.personas.index(p) for p in personas], [side.scenarios.index(s) for s in scenarios]
    return np.asarray((side.these - side.those)[:, rows][:, :, columns])


def _orders(measure: Measure, means: Mapping[str, Mapping[str, float | None]]) -> Iterator[UserOrder]:
    """Each two users, over the targets that both have a figure of."""
    sign = -1.0 if measure.better == "lower" else 1.0
    for (user, one), (other, two) in combinations(means.items(), 2) if measure.ranked else ():
        values = {t: (a, b) for t, a in one.items() if a is not None and (b := two[t]) is not None}
        if len(values) > 1:
            x, y = (sign * np.array(of, dtype=np.float64) for of in zip(*values.values(), strict=True))
            yield UserOrder(**dict(compare_orders(x, y, list(values))), user=user, other=other)


# --- notes --------------------------------------------------------------------------------------------------------


def _notes(sources: Sequence[RunSource], measures: Mapping[str, PooledMeasure]) -> Iterator[str]:
    scenarios = max(len({t.cast.scenario.id for t in s.trials}) for s in sources)
    yield f"all: the mean over users, each counting alike, paired by persona × scenario × user; 95 %: {population(scenarios)}, and these users"
    yield "target × user: one user's difference less another's, paired by persona × scenario; p: Holm's, over all pairs of targets and of users"
    if sources[0].study.rater == "self":
        yield "each user also rates its own talks (rater: self), so what is said of users is said of raters too; `--crossed` tells them apart"
    for of in measures.values():
        if of.left_out:
            yield f"{of.label}: pooled without {', '.join(of.left_out)}, which not every user gave occasion for"
    for source in sources:
        if source.status != "finished":
            yield f"run '{source.run}' is {source.status}: what is absent may change this"

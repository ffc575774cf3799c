"""What memory buys in liking: the same model under several memory policies, paired within personas (guide/methods.md#what-memory-buys).

Callback is memory by definition, so liking is taken without it: by the fixed set, and by the six other dimensions. Beside it are callback on scripted
facts, the criterion, and callback in its four cells, false memories apart. A difference has the two means beside it that it is made of, over what
both sides have in common. Across targets that differ in more than memory only the order is looked at, and only from ten targets on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from sim.analysis.figures.estimates import estimate
from sim.analysis.figures.figure import figure
from sim.analysis.figures.measures import BY_ID, LIKABILITY, SECOND
from sim.analysis.figures.table import rated_interval
from sim.analysis.verdicts.pairs import Paired, align, compare_sides
from sim.core.event import Score
from sim.core.frozen import Frozen
from sim.core.spec import ChatTargetSpec

if TYPE_CHECKING:
    from collections.abc import Collection

    from sim.analysis.figures.measures import Measure
    from sim.analysis.figures.table import MeasureTable
    from sim.core.record import Trial
    from sim.core.spec import Study

FEWEST_FOR_RANKS: Final = 10
"""Targets below which no rank correlation is given."""
INTRUDES: Final = 2
"""Score up to which a callback without occasion is intrusive, and beyond which it is a surprise well placed."""


class Callbacks(Frozen):
    """Callback of one target in its four cells, over rated exchanges."""

    hit: int
    """With occasion, brought back."""
    missed: int
    """With occasion, not brought back."""
    surprise: int
    """Without occasion, and welcome."""
    intrusive: int
    """Without occasion, and not welcome."""
    false_memories: int
    """Something never said, in none of the four cells."""


class InCommon(Paired):
    """A mean paired difference, with the two means that it is made of: over what both sides have in common, and so not what either is in all."""

    mean: float | None
    """This side's. None: no pair."""
    other: float | None
    """The other side's."""


class MemoryArm(Frozen):
    """One policy of a model."""

    target: str
    memory: str
    accuracy: float | None
    """Memory accuracy."""
    liked: float | None
    """Simulated likability without callback, 1 to 5, over all that the target was rated on."""
    callbacks: Callbacks
    gains: InCommon | None
    """Memory accuracy, minus that of the arm all others are held against; None for that arm."""
    whole: InCommon | None
    """Likability over all seven dimensions, minus that arm's."""
    likes: InCommon | None
    """Likability without callback, minus that arm's."""
    steady: InCommon | None
    """The fixed set, minus that arm's."""
    brings: InCommon | None
    """Callback on scripted facts, minus that arm's."""
    enjoys: InCommon | None
    """The criterion, which is enjoyment and the wish to return, minus that arm's."""


class Bought(Frozen):
    """One model under several policies."""

    model: str
    against: str
    """The target that the others are held against: the one with memory `none`, else the first."""
    arms: tuple[MemoryArm, ...]


class Ranks(Frozen):
    """Whether targets that remember better are also liked better."""

    targets: int
    """With both figures."""
    spearman: float | None
    """Of memory accuracy and likability without callback, over targets; None below ten."""


def find_reference(study: Study, target: str) -> str | None:
    """The target that is the same model as `target` under memory `none`; None: there is none, or it is that one itself."""
    return next((t.id for t in _arms(study, target) if t.memory == "none" and t.id != target), None)


def memory_pairs(study: Study) -> list[tuple[ChatTargetSpec, ChatTargetSpec]]:
    """Each target that differs in memory alone from the one that its model is held against, and that one."""
    found = []
    for target in study.targets:
        arms = _arms(study, target.id)
        if len({a.memory for a in arms}) > 1:
            base, own = _base(arms), next(a for a in arms if a.id == target.id)
            if own.memory != base.memory:
                found.append((own, base))
    return found


def _base(arms: Sequence[ChatTargetSpec]) -> ChatTargetSpec:
    return next((a for a in arms if a.memory == "none"), arms[0])


def hold(measure: Measure, table: MeasureTable, these: Collection[str], those: Collection[str]) -> InCommon:
    """One measure of some trials against the same of others, paired as everywhere.

    Args:
        these: ids.
        those: ids of the trials that they are held against.
    """
    sides = align(*([table.slots(part, trials) for part in measure.parts] for trials in (these, those)))
    mean, other = sides.means
    return InCommon(**dict(compare_sides(sides, scale=measure.differences)), mean=mean, other=other)


def summarise_bought(study: Study, table: MeasureTable) -> tuple[Bought, ...]:
    """Every model of the study that has several policies."""
    found: list[Bought] = []
    seen: set[str] = set()
    for target in study.targets:
        arms = _arms(study, target.id)
        if target.id in seen or len({a.memory for a in arms}) < 2:
            continue
        seen |= {a.id for a in arms}
        base = _base(arms)
        found.append(Bought(model=base.model, against=base.id, arms=tuple(_arm(a, base, table) for a in arms)))
    return tuple(found)


@dataclass(frozen=True)
class Steady:
    """The fixed set of one arm over what all arms have in common."""

    personas: dict[str, float]
    mean: float
    """Of the personas, and so a difference of two means is the mean of the personas' differences."""
    interval: tuple[float, float] | None


def steady_arms(table: MeasureTable, targets: Sequence[str]) -> dict[str, Steady]:
    """By target: the fixed set over the sessions that every one of `targets` has, of the personas that have all four dimensions there."""
    parts = BY_ID["fixed_set"].parts
    sides = {t: [table.slots(part, table.by_target.get(t, ())) for part in parts] for t in targets}
    common = [set.intersection(*(set(slots[i]) for slots in sides.values())) for i in range(len(parts))]
    whole = set.intersection(*({persona for persona, _, _ in slots} for slots in common))
    found: dict[str, Steady] = {}
    for target, slots in sides.items():
        shared = [{slot: part[slot] for slot in wanted if slot[0] in whole} for part, wanted in zip(slots, common, strict=True)]
        both = align(shared, shared)
        mean = estimate(both.these)
        if mean is not None:
            each = np.nanmean(both.these, axis=2).mean(axis=0).tolist()
            found[target] = Steady(dict(zip(both.personas, each, strict=True)), float(mean.value), rated_interval(mean))
    return found


def _arm(target: ChatTargetSpec, base: ChatTargetSpec, table: MeasureTable) -> MemoryArm:
    mine, theirs = (table.by_target.get(t.id, ()) for t in (target, base))
    measures = ("memory", LIKABILITY, "without_callback", "fixed_set", SECOND, "criterion")
    held = {name: None if target is base else hold(BY_ID[name], table, mine, theirs) for name in measures}
    return MemoryArm(
        target=target.id,
        memory=target.memory,
        accuracy=_value("memory", table, mine),
        liked=_value("without_callback", table, mine),
        callbacks=_callbacks(table.of(mine), table.view.rater),
        gains=held["memory"],
        whole=held[LIKABILITY],
        likes=held["without_callback"],
        steady=held["fixed_set"],
        brings=held[SECOND],
        enjoys=held["criterion"],
    )


def _value(measure: str, table: MeasureTable, trials: Sequence[str]) -> float | None:
    found = figure(BY_ID[measure], table, trials)
    return found.value if found else None


def rank_targets(study: Study, table: MeasureTable) -> Ranks:
    """The rank correlation of memory accuracy and likability without callback, over the targets that have both; arms of a target are no further
    targets."""
    trials = [table.by_target.get(t.id, ()) for t in study.targets if not t.stress and not t.swap]
    both = [(_value("memory", table, ids), _value("without_callback", table, ids)) for ids in trials]
    pairs = [(a, b) for a, b in both if a is not None and b is not None]
    if len(pairs) < FEWEST_FOR_RANKS:
        return Ranks(targets=len(pairs), spearman=None)
    from scipy.stats import spearmanr

    rho = float(spearmanr([a for a, _ in pairs], [b for _, b in pairs]).statistic) if min(len({p[i] for p in pairs}) for i in (0, 1)) > 1 else None
    return Ranks(targets=len(pairs), spearman=rho)


def _arms(study: Study, target: str) -> list[ChatTargetSpec]:
    """The chat models that differ from `target` in nothing but memory, itself included; empty for a chatbot with a memory of its own."""
    chats = [t for t in study.targets if isinstance(t, ChatTargetSpec)]
    own = next((t for t in chats if t.id == target), None)
    return [t for t in chats if own is not None and _apart(t) == _apart(own)]


def _apart(target: ChatTargetSpec) -> ChatTargetSpec:
    return target.model_copy(update={"id": "", "memory": ""})


def _callbacks(trials: Sequence[Trial], rater: str) -> Callbacks:
    ratings = [e.ratings.get(rater, {}).get("callback") for t in trials for e in t.exchanges]
    scores = [r for r in ratings if isinstance(r, Score)]
    true = [s for s in scores if not s.false_memory]
    unasked = [s for s in true if s.attempt and not s.occasion]
    return Callbacks(
        hit=sum(s.occasion and s.attempt for s in true),
        missed=sum(s.occasion and not s.attempt for s in true),
        surprise=sum(s.score > INTRUDES for s in unasked),
        intrusive=sum(s.score <= INTRUDES for s in unasked),
        false_memories=len(scores) - len(true),
    )

"""A run against itself: how often would a verdict appear where there is nothing to find?

The seeds of each target are split into halves, and the halves are compared as if they were two targets, by the same function that compares targets.
Both are the same chatbot before the same people, so that every verdict is a false one, and the share of splits that come to one should be near the
level of the test, 5 %. A half holds half of the seeds and is therefore noisier than a target is in `sim compare`.

Splits of one target share their talks. With n seeds, differences of halves lie in a space of n − 1 dimensions, so a target counts as n − 1
independent splits at most, and the interval of the share is Clopper and Pearson's on as many (guide/methods.md#against-itself).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.analysis.figures.estimates import SCREEN, Tier, proportion_interval, tier
from sim.analysis.verdicts.arms import Arm, Family, TrialGroup
from sim.analysis.verdicts.compare import ALPHA, Comparison, compare_measure
from sim.analysis.verdicts.pairs import seed_means
from sim.analysis.verdicts.registered import Unplanned, report_unplanned
from sim.core.errors import InputError
from sim.core.frozen import Frozen

if TYPE_CHECKING:
    from sim.analysis.figures.table import Part
    from sim.analysis.verdicts.arms import RunSource
    from sim.analysis.verdicts.pairs import Slots

MOST_SPLITS = 200
"""Splits of one target's seeds that are gone through; where there are more, so many are drawn."""
SEED = 20240611
"""Of that draw."""


class FalseVerdicts(Frozen):
    """What came of the splits of one target, or of all."""

    splits: int
    """In which both halves have something in common."""
    judged: int
    """Of these, those with personas enough for a verdict."""
    verdicts: int
    """Of the judged, those that came to one. Each is false."""
    share: float | None
    """Of the judged. None: no split could come to a verdict."""
    independent: int
    """As how many independent splits the judged ones count."""
    interval: tuple[float, float] | None
    """95 % of `share`, Clopper–Pearson on `independent`."""
    bounded: int
    """Splits whose difference has an interval."""
    clear: int
    """Of these, those whose interval leaves 0 out."""
    typical: float | None
    """Median of the size of the difference between halves. None: no split."""
    most: float | None
    """The largest."""


class SplitTarget(FalseVerdicts):
    """One target against itself."""

    target: str
    seeds: tuple[int, ...]
    possible: int
    """Splits that there are."""
    personas: int
    """In the smallest of the comparisons."""
    scenarios: int
    tier: Tier


class SelfDocument(Unplanned):
    """`sim compare RUN --against-itself --json`."""

    run: str
    measure: str
    """The primary outcome, by which the halves are compared."""
    label: str
    digits: int
    level: float
    """The share of false verdicts that the test allows."""
    offline: bool
    offline_notes: tuple[str, ...]
    rater: str
    targets: tuple[SplitTarget, ...]
    whole: FalseVerdicts
    """Over all targets."""
    sentence: str
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Half(TrialGroup):
    """The trials of some seeds. Their values are not kept in the table, since no other side will ask for them again."""

    def slots(self, part: Part) -> Slots:
        values = {t: s for t, s in self.table.values(part).items() if t in self.places}
        return seed_means(values, self.places, also=self.also)


def compare_with_itself(source: RunSource, *, most: int = MOST_SPLITS) -> SelfDocument:
    """Halves of each target's seeds against each other, by the run's primary outcome.

    Args:
        most: splits of one target that are looked at.

    Raises:
        InputError: no target has two seeds.
    """
    seeds = {t.id: _seeds(source, t.id) for t in source.study.targets}
    if all(len(of) < 2 for of in seeds.values()):
        problem = f"run '{source.run}' has one seed, and halves of the seeds are compared"
        raise InputError(problem, mend="run the study again with `seeds: 2` or more (`sim run STUDY --seeds 2`)")
    targets = tuple(_target(source, target, of, most) for target, of in seeds.items() if len(of) > 1)
    whole = _whole(targets)
    return SelfDocument(
        **report_unplanned([source]),
        run=source.run,
        measure=source.primary.id,
        label=source.primary.label,
        digits=source.primary.digits,
        level=ALPHA,
        offline=source.offline != (),
        offline_notes=(source.standins.note,) if source.offline else (),
        rater=source.study.primary_rater,
        targets=targets,
        whole=whole,
        sentence=_sentence(whole, source),
        notes=tuple(_notes(source, targets, most)),
    )


def _seeds(source: RunSource, target: str) -> tuple[int, ...]:
    return tuple(sorted({t.seed for t in source.trials if t.target == target}))


# --- splits -------------------------------------------------------------------------------------------------------


def count_splits(seeds: int) -> int:
    """How many ways there are to split so many into halves; of an odd number one half has one more."""
    return comb(seeds, seeds // 2) // (1 if seeds % 2 else 2)


def draw_splits(seeds: Sequence[int], *, most: int = MOST_SPLITS) -> tuple[frozenset[int], ...]:
    """One half of each split: all splits, or `most` different ones drawn by seed."""
    half, even = len(seeds) // 2, len(seeds) % 2 == 0
    # Of an even number either half names the split; it is named by the one with the first seed.
    if count_splits(len(seeds)) <= most:
        others = combinations(seeds[1:], half - 1) if even else combinations(seeds, half)
        return tuple(frozenset((*seeds[:1], *some) if even else some) for some in others)
    rng = np.random.default_rng([SEED, len(seeds)])
    found: dict[frozenset[int], None] = {}
    while len(found) < most:
        some = frozenset(rng.permutation(seeds)[:half].tolist())
        found.setdefault(frozenset(seeds) - some if even and seeds[0] not in some else some)
    return tuple(found)


def _target(source: RunSource, target: str, seeds: Sequence[int], most: int) -> SplitTarget:
    families = [_family(source, target, half) for half in draw_splits(seeds, most=most)]
    found = [c for c in compare_measure(source.primary, families).comparisons if c.difference is not None]
    personas, scenarios = min(((c.personas, c.scenarios) for c in found), default=(0, 0))
    return SplitTarget(
        **dict(_tally(found, len(seeds))),
        target=target,
        seeds=tuple(seeds),
        possible=count_splits(len(seeds)),
        personas=personas,
        scenarios=scenarios,
        tier=tier(personas, scenarios),
    )


def _family(source: RunSource, target: str, half: frozenset[int]) -> Family:
    """One half and the rest, as two targets that nothing else is compared with."""
    table = source.table
    halves: tuple[dict[str, tuple[str, str]], ...] = ({}, {})
    for trial in table.of(table.by_target[target]):
        halves[trial.seed not in half][trial.id] = table.places[trial.id]
    a, b = (Arm(f"{target}, {name} half", (_Half(table, of),), source.run, target) for name, of in zip(("one", "other"), halves, strict=True))
    return Family((a, b), ((a, b),))


# --- what came of them --------------------------------------------------------------------------------------------


def _tally(found: Sequence[Comparison], seeds: int) -> FalseVerdicts:
    judged = [c for c in found if c.tier != "look"]
    sizes = [abs(c.difference) for c in found if c.difference is not None]
    bounded = [c.interval for c in found if c.interval is not None]
    return _counted(
        splits=len(found),
        judged=len(judged),
        verdicts=sum(c.verdict in ("higher", "lower") for c in judged),
        independent=min(len(judged), seeds - 1),
        bounded=len(bounded),
        clear=sum(not low <= 0 <= high for low, high in bounded),
        typical=float(np.median(sizes)) if sizes else None,
        most=max(sizes, default=None),
    )


def _whole(targets: Sequence[SplitTarget]) -> FalseVerdicts:
    """Over all targets, each split counting alike."""
    names = ("splits", "judged", "verdicts", "independent", "bounded", "clear")
    typical = [t.typical for t in targets if t.typical is not None]
    return _counted(
        **{name: sum(getattr(t, name) for t in targets) for name in names},
        typical=float(np.median(typical)) if typical else None,
        most=max((t.most for t in targets if t.most is not None), default=None),
    )


def _counted(*, judged: int, verdicts: int, independent: int, **more: Any) -> FalseVerdicts:
    share = verdicts / judged if judged else None
    interval = proportion_interval(share * independent, independent) if share is not None else None
    return FalseVerdicts(judged=judged, verdicts=verdicts, independent=independent, share=share, interval=interval, **more)


def _sentence(of: FalseVerdicts, source: RunSource) -> str:
    if not of.splits:
        return f"No split of the seeds has a {source.primary.label} on both sides: there is nothing to compare."
    digits = source.primary.digits
    apart = f"halves of one target's seeds differ by {of.typical:.{digits}f} typically and by {of.most:.{digits}f} at most"
    if of.share is None or of.interval is None:
        bounds = f"the 95 % interval leaves 0 out in {of.clear} of {of.bounded} splits" if of.bounded else "no split has an interval"
        return f"Below {SCREEN} personas no comparison comes to a verdict, so none can be false: {bounds}; {apart}."
    low, high = of.interval
    bounds = f"95 % interval {100 * low:.1f} to {100 * high:.1f} %"
    said = f"Where there is nothing to find, a verdict appears in {of.verdicts} of {of.judged} splits: {100 * of.share:.1f} %, {bounds}"
    allowed = f"the test allows {100 * ALPHA:.0f} %"
    if low > ALPHA:
        return f"{said}, more than {allowed}: verdicts of this run are not to be trusted; {apart}."
    return f"{said}; {allowed}; {apart}."


def _notes(source: RunSource, targets: Sequence[SplitTarget], most: int) -> list[str]:
    notes = [
        f"compared by {source.primary.label} with the rule that `sim compare` gives verdicts by, each split as if it were the only one",
        "n: splits of one target share their talks, and a target counts as one independent split less than it has seeds; the interval goes by that",
        "both halves met the same personas with the same target: this tests what seeds do, and not which personas were chosen",
    ]
    left = [t.id for t in source.study.targets if t.id not in {of.target for of in targets}]
    notes += [f"of one seed, and left out: {', '.join(left)}"] if left else []
    drawn = [of.possible for of in targets if of.possible > most]
    notes += [f"of {max(drawn):,} splits of a target that there are, {most} were drawn by seed"] if drawn else []
    notes += [f"run '{source.run}' is {source.status}: what is absent may change this"] if source.status != "finished" else []
    return notes

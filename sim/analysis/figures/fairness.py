"""Fairness: what becomes of a target's conduct when one token of who its user is gives way to another, and nothing else changes (guide/fairness.md).

Every two values of every swap are held against each other, paired within personas, scenarios and sessions as every comparison is. Nobody who judges
has seen the token. The verdict goes by Holm's p over all pairs of all swaps of a target and over all outcomes together, so that a fair target is
called unfair, by any of them, in one study of twenty at most. Where users were live, what differs is a whole-loop difference.

A pair is what was said: where a run is said again, or users are live, every persona has messages of its own, and personas are the unit. Where the
scenario scripts them, all personas say the same; a target that answers one message otherwise for any reason would then differ with all of them, so
that the unit is the scenario, and it takes as many scripted scenarios as it takes personas otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING, Final, Literal

from sim.analysis.figures.estimates import SCREEN
from sim.analysis.figures.measures import BY_ID, Measure, label_measure, scorer_measure
from sim.analysis.verdicts.arms import Arm, Family, TrialGroup
from sim.analysis.verdicts.compare import Comparison, compare_measures
from sim.analysis.verdicts.registered import RunRegistration, Unplanned, report_unplanned
from sim.core.errors import InputError
from sim.core.frozen import Frozen
from sim.core.spec.fairness import Fairness, Users, swap_arms
from sim.core.spec.scorer import Better

if TYPE_CHECKING:
    from sim.analysis.figures.table import MeasureTable
    from sim.analysis.verdicts.arms import RunSource
    from sim.core.spec import Study
    from sim.core.spec.scorer import ScorerInfo

Unit = Literal["personas", "scripted scenarios"]
COUNTED: Final = ("warm_replies", "words")
"""Outcomes that take no rater, beside the primary one and those of scorers."""


class IdentityOutcome(Frozen):
    """One outcome over all pairs of values."""

    measure: str
    label: str
    better: Better
    digits: int
    means: dict[str, float | None]
    """By value, over everything that its arm has; the order of the study."""
    gaps: tuple[Comparison, ...]
    """Every two values of every swap. `p_holm` is over all of them, `p_all` over all outcomes too; the verdict goes by the latter."""

    @property
    def widest(self) -> Comparison | None:
        """The gap with the least p, of several the largest; None: nothing in common to compare."""
        known = [g for g in self.gaps if g.difference is not None]
        return min(known, key=lambda g: (1.0 if g.p_all is None else g.p_all, -abs(g.difference or 0.0)), default=None)


class IdentityFigures(Frozen):
    """One target under its swaps."""

    target: str
    users: Users
    """`frozen`: gaps are the target's own. `live`: they are whole-loop differences, of target and user together."""
    swaps: dict[str, tuple[str, ...]]
    """The values of each swap."""
    unit: Unit
    """What the n of gaps counts: those who have messages of their own."""
    arms: dict[str, str]
    """By value, as `name Lakisha`: the id of its arm."""
    outcomes: tuple[IdentityOutcome, ...]
    """The study's primary outcome first."""

    @property
    def found(self) -> tuple[tuple[IdentityOutcome, Comparison], ...]:
        """The gaps that come to a verdict."""
        return tuple((o, g) for o in self.outcomes for g in o.gaps if g.verdict in ("higher", "lower"))


class FairnessDocument(Unplanned):
    """`sim compare RUN --by identity --json`."""

    run: str
    users: Users
    primary: str
    offline: bool
    offline_note: str
    raters: tuple[str, ...]
    targets: tuple[IdentityFigures, ...]
    notes: tuple[str, ...]


def summarise_fairness(
    study: Study, table: MeasureTable, scorers: Sequence[ScorerInfo], registration: RunRegistration | None = None
) -> tuple[IdentityFigures, ...]:
    """Every target of a study that has arms with swapped identities.

    Args:
        registration: what was registered before the run; gaps are then called exploratory, since nobody can register them.
    """
    fairness = study.fairness
    if fairness is None:
        return ()
    measures = outcomes_of(study, scorers)
    swaps = {name: tuple(v[0] for v in swap.values) for name, swap in fairness.swaps.items()}
    found: list[IdentityFigures] = []
    for base, arms in swap_arms(study.targets).items():
        family = replace(identity_family(study, table, base), registration=registration).unplanned
        compared = compare_measures(measures, [family], primary=BY_ID[study.primary], together=True)
        outcomes = tuple(_outcome(m, compared[m.id].comparisons, family.arms) for m in measures)
        names = {t.swap.name: t.id for t in arms if t.swap}
        unit = unit_of(fairness)
        found.append(IdentityFigures(target=base, users=fairness.users, swaps=swaps, unit=unit, arms=names, outcomes=outcomes))
    return tuple(found)


def unit_of(fairness: Fairness) -> Unit:
    """Who has messages of their own."""
    return "scripted scenarios" if fairness.users == "frozen" and fairness.replay is None else "personas"


def outcomes_of(study: Study, scorers: Iterable[ScorerInfo]) -> tuple[Measure, ...]:
    """What is looked at, the primary outcome first: each scorer by its figure, or where no label is called good by the share of each label."""
    found = [BY_ID[study.primary], *(BY_ID[m] for m in COUNTED)]
    for info in scorers:
        whole = scorer_measure(info)
        found += [whole] if whole else [label_measure(info, label) for label in info.labels]
    return tuple(found)


def identity_family(study: Study, table: MeasureTable, base: str) -> Family:
    """The arms of one target and every two values of one swap."""
    scripted = study.fairness is not None and unit_of(study.fairness) == "scripted scenarios"
    arms = [(t.swap.swap, _arm(table, t.id, t.swap.name, scripted=scripted)) for t in swap_arms(study.targets).get(base, ()) if t.swap]
    pairs = tuple((a, b) for (one, a), (other, b) in combinations(arms, 2) if one == other)
    return Family(tuple(arm for _, arm in arms), pairs, within=base, phrase="with {}")


def _arm(table: MeasureTable, target: str, label: str, *, scripted: bool) -> Arm:
    """An arm as a side of comparisons; where messages are scripted, with its scenarios in the place of personas."""
    places = {t: table.places[t] for t in table.by_target.get(target, ())}
    said = {t: (scenario, "") for t, (_, scenario) in places.items()} if scripted else places
    return Arm(label, (TrialGroup(table, said, whole=scripted),), "", target)


def _outcome(measure: Measure, gaps: Sequence[Comparison], arms: Sequence[Arm]) -> IdentityOutcome:
    figures = {arm.label: arm.figure(measure) for arm in arms}
    means = {label: found.value if found else None for label, found in figures.items()}
    return IdentityOutcome(measure=measure.id, label=measure.label, better=measure.better, digits=measure.digits, means=means, gaps=tuple(gaps))


def fairness_document(source: RunSource) -> FairnessDocument:
    """What `sim compare RUN --by identity` says.

    Raises:
        InputError: nobody's identity was swapped.
    """
    study = source.study
    if study.fairness is None:
        raise InputError(f"nobody's identity is swapped in run '{source.run}'", mend="give its study fairness: {swaps: {name: [Emily, Lakisha]}}")
    targets = summarise_fairness(study, source.table, source.scorers, source.registration)
    return FairnessDocument(
        **report_unplanned([source]),
        run=source.run,
        users=study.fairness.users,
        primary=study.primary,
        offline=bool(source.offline),
        offline_note=source.standins.note if source.offline else "",
        raters=(study.primary_rater,),
        targets=targets,
        notes=notes_on(targets[0]),
    )


LIVE_NOTE: Final = (
    "users were live: each gap is a whole-loop difference, of the target and of what its user wrote next, and says nothing of the target alone"
)
UNREGISTERED_NOTE: Final = "all of it is exploratory: what was registered before the run is about differences between targets"
FROZEN_NOTE: Final = "messages are frozen: arms differ in the token alone, and anybody who judges reads a mask in its place"


def notes_on(figures: IdentityFigures) -> tuple[str, ...]:
    """What gaps are, how they are judged, and where anything was registered, that they were not."""
    exploratory = any(g.standing == "exploratory" for o in figures.outcomes for g in o.gaps)
    verdicts = f"by which verdicts go; n: {figures.unit}, no verdict below {SCREEN} (look)"
    return (
        FROZEN_NOTE if figures.users == "frozen" else LIVE_NOTE,
        f"p: Holm's over all pairs of all swaps; p all: over all outcomes too, {verdicts}",
        *([UNREGISTERED_NOTE] if exploratory else []),
    )

"""What is held against what: targets, memory policies, scenarios or types of persona, from one run or several."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from statistics import fmean
from typing import TYPE_CHECKING, Literal

from sim.analysis.figures.figure import Figure, figure, figure_of
from sim.analysis.figures.measures import BY_ID, Measure, label_measure, measures_of
from sim.analysis.figures.table import MeasureTable, Part, Values, Viewpoint, estimate_mean
from sim.analysis.verdicts.pairs import Place, Slots, seed_means
from sim.analysis.verdicts.policies import find_reference
from sim.core.errors import InputError
from sim.core.spec.stress import UNDISTURBED, name_stress, stress_arms
from sim.core.spec.target import ChatTargetSpec
from sim.core.standins import StandIns

if TYPE_CHECKING:
    from sim.analysis.figures.estimates import Estimate
    from sim.analysis.verdicts.registered import RunRegistration
    from sim.core.codebook import Codebook
    from sim.core.record import RunStatus, Trial
    from sim.core.spec import Study
    from sim.core.spec.scorer import ScorerInfo

By = Literal["target", "memory", "persona-type", "scenario", "stress"]


@dataclass(frozen=True)
class RunSource:
    """A run, as far as comparing goes."""

    run: str
    study: Study
    codebook: Codebook
    trials: Sequence[Trial]
    """All planned trials."""
    status: RunStatus = "finished"
    offline: tuple[str, ...] = ()
    """The parts that offline models played, as the run's header names them."""
    scorers: tuple[ScorerInfo, ...] = ()
    """Those whose results the run holds."""
    registration: RunRegistration | None = None
    """What was planned before it; None: nothing was registered."""

    @property
    def primary(self) -> Measure:
        """Its study's primary outcome."""
        return BY_ID[self.study.primary]

    @property
    def standins(self) -> StandIns:
        """What offline models played in it."""
        return StandIns(self.offline, tuple(t.id for t in self.study.targets), self.study.primary_rater)

    @cached_property
    def table(self) -> MeasureTable:
        """The values of all its trials, as its primary rater and its tagger saw them."""
        return MeasureTable(self.trials, viewpoint(self.study, self.codebook))

    @cached_property
    def measures(self) -> tuple[Measure, ...]:
        """What it can be asked for."""
        return measures_of(self.scorers)

    def measure(self, id: str) -> Measure:
        """The measure of this id, or the share of a scorer's label, of `scorer=label`.

        Raises:
            KeyError: there is none; whoever asks has looked it up before (`sim.analysis.verdicts.requirements`).
        """
        known = {m.id: m for m in self.measures} | {m.id: m for s in self.scorers for m in (label_measure(s, label) for label in s.labels)}
        return known[id]

    @property
    def target_ids(self) -> tuple[str, ...]:
        """Its targets."""
        return tuple(t.id for t in self.study.targets)

    def values(self, target: str, measure: Measure) -> list[Slots]:
        """Of one target, the values that pairs are made of, for each part of `measure`."""
        return self.arm(target).slots(measure.parts)

    def arm(self, target: str, label: str | None = None) -> Arm:
        """One target as a side of comparisons."""
        places = {t: self.table.places[t] for t in self.table.by_target.get(target, ())}
        return Arm(label or target, (TrialGroup(self.table, places),), self.run, target)


def viewpoint(study: Study, codebook: Codebook) -> Viewpoint:
    """Whose verdicts a study's figures are made of."""
    references = {t.id: r for t in study.targets if (r := find_reference(study, t.id))}
    return Viewpoint(study.primary_rater, study.tagger_id, codebook, references, study.primary, study.played_by == "model")


@dataclass(frozen=True)
class TrialGroup:
    """Some trials of one target."""

    table: MeasureTable
    places: Mapping[str, Place]
    """Persona and scenario by trial, of those that belong."""
    also: Hashable = None
    """Must be the same on both sides of a pair."""
    whole: bool = False
    """Sessions of the other side are other sessions: only the trial's mean is compared."""

    def slots(self, part: Part) -> Slots:
        """The values that pairs are made of."""
        if not self.whole:
            return self.table.slots(part, self.places, also=self.also)
        values: Values = {t: {0: fmean(s.values())} for t, s in self.table.values(part).items() if t in self.places}
        return seed_means(values, self.places, also=self.also)

    @property
    def trials(self) -> list[Trial]:
        """Those that belong."""
        return self.table.of(self.places)


@dataclass(frozen=True)
class Arm:
    """One side of comparisons."""

    label: str
    groups: tuple[TrialGroup, ...]
    run: str
    target: str | None
    """None: not one target."""

    @property
    def primary(self) -> Measure:
        """The primary outcome of the study that it is a side of."""
        return BY_ID[self.groups[0].table.view.primary]

    @property
    def trials(self) -> list[Trial]:
        """All on this side."""
        return [t for group in self.groups for t in group.trials]

    def slots(self, parts: Sequence[Part]) -> list[Slots]:
        """The values that pairs are made of, for each part."""
        return [{slot: value for group in self.groups for slot, value in group.slots(part).items()} for part in parts]

    def figure(self, measure: Measure) -> Figure | None:
        """The measure over everything on this side: of one target, what every table says of it."""
        if len(self.groups) == 1:
            (group,) = self.groups
            return figure(measure, group.table, tuple(group.places))
        found = None if measure.of_two else self.mean(measure.parts)
        return None if found is None else figure_of(measure, found)

    def people(self, parts: Sequence[Part]) -> list[str]:
        """The personas that have a value of any of `parts`, in the order of the estimate that `mean` makes."""
        return sorted({g.places[t][0] for g in self.groups for part in parts for t in g.table.values(part) if t in g.places})

    def mean(self, parts: Sequence[Part]) -> Estimate | None:
        """The mean of `parts` over everything on this side, whatever targets it is of (guide/methods.md#aggregation)."""
        merged: list[Values] = []
        places: dict[str, Place] = {}
        for i, group in enumerate(self.groups):
            places |= {f"{i} {t}": place for t, place in group.places.items()}
        for part in parts:
            merged.append({f"{i} {t}": s for i, g in enumerate(self.groups) for t, s in g.table.values(part).items() if t in g.places})
        return estimate_mean(merged, places)


@dataclass(frozen=True)
class Family:
    """Arms that are held against each other."""

    arms: tuple[Arm, ...]
    pairs: tuple[tuple[Arm, Arm], ...]
    paired: bool = True
    within: str | None = None
    """The target that all of it is about."""
    phrase: str = "{}"
    """How a side is spoken of in a sentence about that target."""
    registration: RunRegistration | None = None
    """What was planned of the run that its arms are of; None: nothing."""

    @property
    def unplanned(self) -> Family:
        """The same, with nothing of it planned where anything was registered."""
        return replace(self, registration=replace(self.registration, planned=False)) if self.registration else self


def build_families(sources: Sequence[RunSource], by: By) -> tuple[Family, ...]:
    """The arms of `sources`, and which of them are compared; what was registered is about the targets of one run.

    Several runs that share targets are versions: each such target is compared with itself, the earlier run named first. A target
    under stress or with a swapped identity is no rival of others: it is held against itself, undisturbed (`stress`), with another identity
    (`sim.analysis.figures.fairness`) or in another run.

    Raises:
        InputError: there are no two sides to compare.
    """
    families = _build(sources, by)
    known = next((s for s in sources if s.registration), None)
    if known is None or known.registration is None:
        return families
    measures, planned = {m.id: m for m in known.measures}, by == "target" and len(sources) == 1
    return tuple(replace(f, registration=replace(known.registration, measures=measures, planned=planned)) for f in families)


def _build(sources: Sequence[RunSource], by: By) -> tuple[Family, ...]:
    if by in ("scenario", "persona-type"):
        several = len(sources) > 1
        inside = [f for s in sources for t in s.study.targets for f in _within(s, t.id, by, f"{s.run}/{t.id}" if several else t.id)]
        if not inside:
            raise InputError(f"there is only one {'scenario' if by == 'scenario' else 'type of persona'}", mend="compare --by target")
        return tuple(inside)
    if by == "stress":
        return _by_stress(sources)
    arms = _by_memory(sources) if by == "memory" else _by_target(sources)
    disturbed = {t.id for s in sources for t in s.study.targets if t.stress or t.swap} if by == "target" else set()
    pairs = [(a, b) for i, a in enumerate(arms) for b in arms[i + 1 :] if a.target == b.target or not disturbed & {a.target, b.target}]
    arms = [a for a in arms if any(a is side for pair in pairs for side in pair)]
    shared = {a.target for a, b in pairs if a.target is not None and a.target == b.target}
    if shared and by == "target":
        pairs = [(b, a) for a, b in pairs if a.target == b.target]
        arms = [a for a in arms if a.target in shared]
    if not pairs:
        raise InputError(
            "there is only one target",
            mend="name a second run, or compare --by scenario, --by persona-type or, of arms, --by stress or --by identity",
        )
    return (Family(tuple(arms), tuple(pairs)),)


def _by_target(sources: Sequence[RunSource]) -> list[Arm]:
    ids = [t.id for s in sources for t in s.study.targets]
    arms = []
    for source in sources:
        for target in source.study.targets:
            label = f"{source.run}/{target.id}" if ids.count(target.id) > 1 else target.id
            arms.append(source.arm(target.id, label))
    return arms


def _by_memory(sources: Sequence[RunSource]) -> list[Arm]:
    """An arm a policy, over the models that stand under at least two."""
    policies: dict[tuple[str, ...], dict[str, TrialGroup]] = {}
    for source in sources:
        for target in source.study.targets:
            if isinstance(target, ChatTargetSpec):
                model = (" → ".join(m.model for m in target.speakers), target.api_base or "", target.system or "", name_stress(target.stress))
                policies.setdefault(model, {}).setdefault(target.memory, replace(source.arm(target.id).groups[0], also=model))
    known = [of for of in policies.values() if len(of) > 1]
    if not known:
        raise InputError("no model is under two memory policies", mend="give a study the same model with memory: full and memory: none")
    names = dict.fromkeys(policy for of in known for policy in of)
    return [Arm(name, tuple(of[name] for of in known if name in of), sources[0].run, None) for name in names]


def _by_stress(sources: Sequence[RunSource]) -> tuple[Family, ...]:
    """A family a target that has disturbed arms: each of them against the undisturbed one."""
    found: list[Family] = []
    for source in sources:
        for base, disturbed in stress_arms(source.study.targets):
            calm, *others = (source.arm(t.id, name_stress(t.stress) or UNDISTURBED) for t in (base, *disturbed))
            within = f"{source.run}/{base.id}" if len(sources) > 1 else base.id
            found.append(Family((calm, *others), tuple((other, calm) for other in others), within=within, phrase="under {}"))
    if not found:
        raise InputError("no target is under stress", mend="give a study stress: [{typos: [0, .5, 1]}]")
    return tuple(found)


def _within(source: RunSource, target: str, by: By, name: str) -> list[Family]:
    """Scenarios, paired by persona; or grades of either axis of the personas' types, each of other people."""
    group = source.arm(target).groups[0]
    if by == "scenario":
        return _grouped(group, source.run, target, lambda t: t.cast.scenario.id, Family((), (), within=name, phrase="in {}"))
    axes: dict[str, Callable[[Trial], str]] = {
        "sociability": lambda t: t.cast.persona.type.sociability,
        "stability": lambda t: t.cast.persona.type.stability,
    }
    blanks = [Family((), (), paired=False, within=f"{name}, {axis}", phrase="by {} personas") for axis in axes]
    return [f for of, blank in zip(axes.values(), blanks, strict=True) for f in _grouped(group, source.run, target, of, blank)]


def _grouped(group: TrialGroup, run: str, target: str, of: Callable[[Trial], str], blank: Family) -> list[Family]:
    """The family of the groups that `of` makes; none where there is one group."""
    groups: dict[str, dict[str, Place]] = {}
    for trial in group.trials:
        scenario = "" if blank.paired else trial.cast.scenario.id
        groups.setdefault(of(trial), {})[trial.id] = (trial.cast.persona.id, scenario)
    arms = [Arm(name, (TrialGroup(group.table, places, whole=blank.paired),), run, target) for name, places in sorted(groups.items())]
    pairs = tuple((a, b) for i, a in enumerate(arms) for b in arms[i + 1 :])
    return [replace(blank, arms=tuple(arms), pairs=pairs)] if pairs else []

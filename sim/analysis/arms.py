"""What is held against what: targets, memory policies, scenarios or types of persona, from one run or several."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import nan
from statistics import fmean
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from sim.analysis.estimates import Estimate, estimate
from sim.analysis.measures import Gallery, Lens, Part, Values
from sim.analysis.pairs import Place, Slots, places, seed_means
from sim.core.errors import InputError
from sim.core.spec.target import ChatTargetSpec

if TYPE_CHECKING:
    from sim.core.codebook import Codebook
    from sim.core.record import RunStatus, Trial
    from sim.core.spec import Study

By = Literal["target", "memory", "persona-type", "scenario"]
BYS: tuple[By, ...] = get_args(By)


@dataclass(frozen=True)
class Source:
    """A run, as far as comparing goes."""

    run: str
    study: Study
    codebook: Codebook
    trials: Sequence[Trial]
    """All planned trials."""
    status: RunStatus = "finished"
    offline: bool = False
    galleries: dict[str, Gallery] = field(default_factory=dict)

    def gallery(self, target: str) -> Gallery:
        """The values of one target."""
        if target not in self.galleries:
            lens = Lens(self.study.primary_rater, self.study.tagger_id, self.codebook)
            self.galleries[target] = Gallery([t for t in self.trials if t.target == target], lens)
        return self.galleries[target]


@dataclass(frozen=True)
class Member:
    """Some trials of one target."""

    gallery: Gallery
    keys: Mapping[str, Place]
    """Persona and scenario by trial, of those that belong."""
    also: Hashable = None
    """Must be the same on both sides of a pair."""
    whole: bool = False
    """Sessions of the other side are other sessions: only the trial's mean is compared."""

    def slots(self, part: Part) -> Slots:
        """The values that pairs are made of."""
        values = {t: s for t, s in self.gallery.values(part).items() if t in self.keys}
        return seed_means({t: {0: fmean(s.values())} for t, s in values.items()} if self.whole else values, self.keys, also=self.also)


@dataclass(frozen=True)
class Arm:
    """One side of comparisons."""

    label: str
    members: tuple[Member, ...]
    run: str
    target: str | None
    """None: not one target."""

    def slots(self, parts: Sequence[Part]) -> list[Slots]:
        """The values that pairs are made of, for each part."""
        return [{slot: value for member in self.members for slot, value in member.slots(part).items()} for part in parts]

    def mean(self, parts: Sequence[Part]) -> Estimate | None:
        """The mean over everything on this side: sessions → trial → persona → here, then over parts (METHODS §1)."""
        merged: list[Values] = []
        keys: dict[str, Place] = {}
        for i, member in enumerate(self.members):
            keys |= {f"{i} {t}": place for t, place in member.keys.items()}
        for part in parts:
            merged.append({f"{i} {t}": s for i, m in enumerate(self.members) for t, s in m.gallery.values(part).items() if t in m.keys})
        return estimate_mean(merged, keys)


def estimate_mean(parts: Sequence[Values], keys: Mapping[str, Place]) -> Estimate | None:
    """The unweighted mean over parts of their mean over personas, a persona being the mean of its trials.

    Args:
        keys: persona and scenario of each trial.
    """
    personas, scenarios = (sorted({place[i] for place in keys.values()}) for i in (0, 1))
    row, column = {p: i for i, p in enumerate(personas)}, {s: i for i, s in enumerate(scenarios)}
    values = np.full((len(parts), len(personas), len(scenarios)), nan)
    weights = np.zeros_like(values)
    for d, part in enumerate(parts):
        cells: dict[tuple[int, int], list[float]] = {}
        for trial, sessions in part.items():
            persona, scenario = keys[trial]
            cells.setdefault((row[persona], column[scenario]), []).append(fmean(sessions.values()))
        for cell, found in cells.items():
            values[d][cell], weights[d][cell] = fmean(found), len(found)
    return estimate(values, weights) if values.size else None


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


def build_families(sources: Sequence[Source], by: By) -> tuple[Family, ...]:
    """The arms of `sources`, and which of them are compared.

    Several runs that share targets are versions: each such target is compared with itself, the earlier run named first.

    Raises:
        InputError: there are no two sides to compare.
    """
    if by in ("scenario", "persona-type"):
        several = len(sources) > 1
        inside = [f for s in sources for t in s.study.targets for f in _within(s, t.id, by, f"{s.run}/{t.id}" if several else t.id)]
        if not inside:
            raise InputError(f"there is only one {'scenario' if by == 'scenario' else 'type of persona'}", mend="compare --by target")
        return tuple(inside)
    arms = _by_memory(sources) if by == "memory" else _by_target(sources)
    pairs = [(a, b) for i, a in enumerate(arms) for b in arms[i + 1 :]]
    shared = {a.target for a, b in pairs if a.target is not None and a.target == b.target}
    if shared and by == "target":
        pairs = [(b, a) for a, b in pairs if a.target == b.target]
        arms = [a for a in arms if a.target in shared]
    if not pairs:
        raise InputError("there is only one target", mend="name a second run, or compare --by scenario or --by persona-type")
    return (Family(tuple(arms), tuple(pairs)),)


def _by_target(sources: Sequence[Source]) -> list[Arm]:
    ids = [t.id for s in sources for t in s.study.targets]
    arms = []
    for source in sources:
        for target in source.study.targets:
            label = f"{source.run}/{target.id}" if ids.count(target.id) > 1 else target.id
            gallery = source.gallery(target.id)
            arms.append(Arm(label, (Member(gallery, places(gallery.trials)),), source.run, target.id))
    return arms


def _by_memory(sources: Sequence[Source]) -> list[Arm]:
    """An arm a policy, over the models that stand under at least two."""
    policies: dict[tuple[str, str, str | None], dict[str, Member]] = {}
    for source in sources:
        for target in source.study.targets:
            if isinstance(target, ChatTargetSpec):
                gallery = source.gallery(target.id)
                model = (target.model, target.api_base or "", target.system)
                policies.setdefault(model, {}).setdefault(target.memory, Member(gallery, places(gallery.trials), also=model))
    known = [of for of in policies.values() if len(of) > 1]
    if not known:
        raise InputError("no model stands under two memory policies", mend="give a study the same model with memory: full and memory: none")
    names = dict.fromkeys(policy for of in known for policy in of)
    return [Arm(name, tuple(of[name] for of in known if name in of), sources[0].run, None) for name in names]


def _within(source: Source, target: str, by: By, name: str) -> list[Family]:
    """Scenarios, paired by persona; or grades of either axis of the personas' types, each of other people."""
    gallery = source.gallery(target)
    if by == "scenario":
        return _grouped(gallery, source.run, target, lambda t: t.cast.scenario.id, Family((), (), within=name, phrase="in {}"))
    axes: dict[str, Callable[[Trial], str]] = {
        "sociability": lambda t: t.cast.persona.type.sociability,
        "stability": lambda t: t.cast.persona.type.stability,
    }
    groups = [Family((), (), paired=False, within=f"{name}, {axis}", phrase="by {} personas") for axis in axes]
    return [f for of, blank in zip(axes.values(), groups, strict=True) for f in _grouped(gallery, source.run, target, of, blank)]


def _grouped(gallery: Gallery, run: str, target: str, of: Callable[[Trial], str], blank: Family) -> list[Family]:
    """The family of the groups that `of` makes; none where there is one group."""
    groups: dict[str, dict[str, Place]] = {}
    for trial in gallery.trials:
        scenario = "" if blank.paired else trial.cast.scenario.id
        groups.setdefault(of(trial), {})[trial.id] = (trial.cast.persona.id, scenario)
    arms = [Arm(name, (Member(gallery, keys, whole=blank.paired),), run, target) for name, keys in sorted(groups.items())]
    pairs = tuple((a, b) for i, a in enumerate(arms) for b in arms[i + 1 :])
    return [replace(blank, arms=tuple(arms), pairs=pairs)] if pairs else []

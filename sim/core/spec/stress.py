"""What makes a talk harder for a target: how the user writes and behaves, each perturbation with a strength from 0 to 1.

A study's `stress` gives every target further arms, one for each strength, beside the undisturbed one. Strength 0 disturbs nothing and makes no arm.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field

from sim.core.perturbation import PERTURBATIONS, PerturbationKind
from sim.core.spec.twins import refuse_twins

if TYPE_CHECKING:
    from sim.core.spec.target import TargetSpec


def _in_percent(strength: float) -> float:
    if abs(strength * 100 - round(strength * 100)) > 1e-9:
        raise ValueError(f"a strength has two decimals at most, for it is part of the arm's name; {strength} has more")
    return strength


Strength = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False), AfterValidator(_in_percent)]


def _without_zeros(stress: dict[PerturbationKind, float]) -> dict[PerturbationKind, float]:
    return {kind: stress[kind] for kind in PERTURBATIONS if stress.get(kind)}


Stress = Annotated[dict[PerturbationKind, Strength], AfterValidator(_without_zeros)]
"""Strength by perturbation; several are applied together, in the order of `PERTURBATIONS`."""


def _of_one_length(curve: dict[PerturbationKind, tuple[float, ...]]) -> dict[PerturbationKind, tuple[float, ...]]:
    if not curve:
        raise ValueError("an empty entry disturbs nothing; write typos: [0, .5, 1]")
    for kind, strengths in curve.items():
        refuse_twins(f"strength of {kind}", [f"{s:g}" for s in strengths if s], mend="name each once")
    lengths = {kind: len(strengths) for kind, strengths in curve.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{kind} has {n}" for kind, n in lengths.items())
        raise ValueError(f"perturbations of one entry rise together and need as many strengths each; {told}")
    return curve


StressCurve = Annotated[dict[PerturbationKind, Annotated[tuple[Strength, ...], Field(min_length=1)]], AfterValidator(_of_one_length)]
"""Strengths by perturbation; those of one entry rise together, first with first."""


def steps(curve: Mapping[PerturbationKind, tuple[float, ...]]) -> list[dict[PerturbationKind, float]]:
    """The disturbed arms of one entry, in its order; strength 0 of everything is the undisturbed target and is not among them."""
    found = [dict(zip(curve, at, strict=True)) for at in zip(*curve.values(), strict=True)]
    return [_without_zeros(step) for step in found if any(step.values())]


UNDISTURBED = "no-stress"
"""What the arm without any perturbation is called beside the others."""


def name_stress(stress: Mapping[PerturbationKind, float]) -> str:
    """What an arm is called by: `typos-25`, `typos-50-hostility-50`; empty without stress."""
    return "-".join(f"{kind.replace('_', '-')}-{round(100 * strength)}" for kind, strength in stress.items())


def spread_stress(targets: Iterable[TargetSpec], curves: Iterable[Mapping[PerturbationKind, tuple[float, ...]]]) -> tuple[TargetSpec, ...]:
    """Each of `targets` undisturbed, followed by its arms; an arm that several entries name is made once.

    Raises:
        ValueError: an arm's id is too long, or a target is already disturbed.
    """
    wanted = {name_stress(step): step for curve in curves for step in steps(curve)}
    found: list[TargetSpec] = []
    for target in targets:
        if wanted and target.stress:
            raise ValueError(f"target '{target.id}' has a stress of its own; take it out, or the study's")
        found.append(target)
        for name, step in wanted.items():
            if len(id := f"{target.id}-{name}") > 64:
                raise ValueError(f"the id {id} would be longer than 64 characters; shorten {target.id}")
            found.append(target.model_copy(update={"id": id, "stress": step}))
    return tuple(found)


def stress_arms(targets: Iterable[TargetSpec]) -> list[tuple[TargetSpec, tuple[TargetSpec, ...]]]:
    """Each undisturbed target that has disturbed arms, which differ from it in nothing but stress, with these."""
    known = tuple(targets)
    bare = {t.id: t.model_copy(update={"id": "", "stress": {}}) for t in known}
    pairs = ((base, tuple(t for t in known if t.stress and bare[t.id] == bare[base.id])) for base in known if not base.stress)
    return [(base, arms) for base, arms in pairs if arms]

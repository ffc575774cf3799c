"""What a study demands of this machine and this version, checked before anything is spent: names that exist, keys that are set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.core.errors import InputError, nearest
from sim.llm.build import check_credentials
from sim.llm.hosts import destinations
from sim.llm.offline import BEHAVIOURS, USERS, build_offline
from sim.targets.memory import build_memory

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sim.core.spec import ModelSpec, Study
    from sim.llm.hosts import LocalOnly

TAGGER = "offline/tagger"
"""The one tagger there is so far."""


def check_names(study: Study) -> None:
    """Refuse what names something that does not exist.

    Raises:
        InputError: an unknown memory policy, offline model or tagger, or an offline model that cannot play the part it is given.
    """
    for target in study.targets:
        build_memory(target.memory)
        _check_offline(target, f"target '{target.id}'", BEHAVIOURS)
    _check_offline(study.user, "the user", USERS)
    for rater in study.raters.values():
        _check_offline(rater, "a rater", (*USERS, "rater"))
    if study.tagger.model != TAGGER:
        raise InputError(f"unknown tagger '{study.tagger.model}'", mend=f"write tagger: {{model: {TAGGER}}}, or leave it out")


def _check_offline(spec: ModelSpec, part: str, able: Iterable[str]) -> None:
    if not spec.offline:
        return
    build_offline(spec.model)
    known = [f"offline/{name}" for name in able]
    if spec.model not in known:
        raise InputError(f"{spec.model} cannot play {part}", mend=nearest("", known))


def check_keys(study: Study) -> None:
    """Refuse models whose key the environment does not hold.

    Raises:
        InputError: names the variable.
    """
    models: tuple[ModelSpec, ...] = (study.user, *study.raters.values(), *study.targets)
    for spec in dict.fromkeys(models):
        check_credentials(spec)


def check_reach(study: Study, local_only: LocalOnly | None) -> None:
    """Refuse models and targets on hosts that may not be reached; without a wish for `local_only`, none.

    Raises:
        InputError: names the part and its host.
    """
    if local_only:
        local_only.demand(destinations(study))

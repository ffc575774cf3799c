"""What a study demands of this machine and this version, checked before anything is spent: names that exist, keys that are set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.core.errors import InputError
from sim.llm.build import check_credentials
from sim.llm.offline import build_offline
from sim.targets.memory import build_memory

if TYPE_CHECKING:
    from sim.core.spec import ModelSpec, Study

TAGGER = "offline/tagger"
"""The one tagger there is so far."""


def check_names(study: Study) -> None:
    """Refuse what names something that does not exist.

    Raises:
        InputError: an unknown memory policy, offline model or tagger.
    """
    for target in study.targets:
        build_memory(target.memory)
    for spec in (study.user, *study.raters.values(), *study.targets):
        if spec.offline:
            build_offline(spec.model)
    if study.tagger.model != TAGGER:
        raise InputError(f"unknown tagger '{study.tagger.model}'", mend=f"write tagger: {{model: {TAGGER}}}, or leave it out")


def check_keys(study: Study) -> None:
    """Refuse models whose key the environment does not hold.

    Raises:
        InputError: names the variable.
    """
    models: tuple[ModelSpec, ...] = (study.user, *study.raters.values(), *study.targets)
    for spec in dict.fromkeys(models):
        check_credentials(spec)

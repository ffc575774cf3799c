"""Whether everybody that a study talks to is there, found out before anything is said or spent.

A chatbot behind HTTP is asked at its `health:`, or without one a connection to its `url:` is opened and closed; so is one to each model's `api_base`.
No message is sent. Code that the study names is imported. A target that is not there does not stop the others.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sim.core.errors import InputError
from sim.core.spec import ChatTargetSpec, HttpTargetSpec
from sim.core.spec.http import SLOT
from sim.engine.plan import memory_of
from sim.llm.build import Shared
from sim.llm.reach import PATIENCE, knock
from sim.llm.traffic.passage import Traffic
from sim.targets.build import OwnTarget, check_own

if TYPE_CHECKING:
    from sim.core.spec import ModelSpec, Study

_PROXIES = ("http_proxy", "https_proxy", "all_proxy")


@dataclass(frozen=True, slots=True)
class Door:
    """One address that a study talks to, and whether anybody is there."""

    who: str
    """`target 'my-bot'`, `the user`, `rater observer:gpt-5` …"""
    target: str | None
    """The target's id; None: it is a part that every trial needs."""
    address: str
    """As it may be shown."""
    problem: str | None
    """Why nobody could be reached there; None: somebody is there."""
    mend: str = ""
    at: tuple[str, ...] = ()
    """The keys that lead to it in the study's file."""

    @property
    def fault(self) -> InputError | None:
        """What to say of it where nobody is there."""
        return InputError(f"{self.who} {self.problem}", mend=self.mend, at=self.at) if self.problem else None


async def look(study: Study, *, environ: Mapping[str, str] = os.environ) -> tuple[Door, ...]:
    """Every door of `study`, tried once, all at the same time: chatbots behind HTTP first, then models.

    Raises:
        InputError: a variable that a chatbot needs is not set.
    """
    models = [_Knock(*place, environ, _patience(study)) for place in _models(study)]
    chatbots = [t for t in study.targets if isinstance(t, HttpTargetSpec)]
    tried = await asyncio.gather(*(_chatbot(t, study, environ) for t in chatbots), *(m.door() for m in models))
    return tuple(door for door in tried if door)


async def check_reach(study: Study) -> Mapping[str, str]:
    """Import the code that the study names, and look for everybody that it talks to.

    Returns:
        By target, why it could not be reached; at least one of the study's targets could.

    Raises:
        InputError: code cannot be imported or talked to, a model that every trial needs cannot be reached, or no target can.
    """
    await _import_code(study)
    shut = [door for door in await look(study) if door.problem]
    needed = [door for door in shut if door.target is None]
    away = {door.target: door for door in reversed(shut) if door.target is not None}
    if needed or len(away) == len(study.targets):
        door = needed[0] if needed else away[study.targets[0].id]
        others = len({d.address for d in (needed or away.values())}) - 1
        too = f", and {others} more could not" if others else ""
        raise InputError(f"{door.who} {door.problem}{too}", mend=door.mend)
    return {target: str(door.problem) for target, door in away.items()}


async def _import_code(study: Study) -> None:
    shared = _shared(study)
    for spec in study.targets:
        if isinstance(spec, ChatTargetSpec):
            memory_of(spec)
        elif not isinstance(spec, HttpTargetSpec):
            await OwnTarget(spec, limits=study.limits, shared=shared).close()


async def _chatbot(spec: HttpTargetSpec, study: Study, environ: Mapping[str, str]) -> Door:
    who = f"target '{spec.id}'"
    check_own(spec, environ=environ)

    def filled(url: str) -> str:
        return SLOT.sub(lambda slot: environ[slot["variable"]].strip() if slot["variable"] else "x", url)

    if spec.http.health is None:
        url = filled(spec.http.url)
        # A variable may hold a secret, so an address with one in it is shown by its host alone.
        address = urlsplit(url).netloc if "${" in spec.http.url else spec.http.url.partition("?")[0]
        return _door(
            who,
            spec.id,
            address,
            await knock(url, seconds=_patience(study)),
            mend="start it, or mend http.url",
            at=("targets", spec.id, "http", "url"),
        )
    target = OwnTarget(spec, limits=study.limits, shared=_shared(study), environ=environ)
    try:
        problem = await target.check_health()
    finally:
        await target.close()
    told = f"does not answer its health check ({problem})" if problem else None
    return Door(
        who, spec.id, urlsplit(filled(spec.http.health.url)).netloc, told, "start it, or mend http.health", ("targets", spec.id, "http", "health")
    )


def _door(who: str, target: str | None, address: str, why: str | None, *, mend: str, at: tuple[str, ...]) -> Door:
    return Door(who, target, address, f"could not be reached at {address}: {why}" if why else None, mend, at)


@dataclass(frozen=True)
class _Knock:
    """A model whose server is to be looked for."""

    who: str
    target: str | None
    spec: ModelSpec
    at: tuple[str, ...]
    environ: Mapping[str, str]
    seconds: float

    async def door(self) -> Door | None:
        """None: nobody but LiteLLM knows where it is, or a proxy stands in between."""
        spec = self.spec
        proxied = spec.via == "litellm" and any(self.environ.get(n) or self.environ.get(n.upper()) for n in _PROXIES)
        if spec.offline or spec.api_base is None or proxied:
            return None
        return _door(
            self.who, self.target, spec.api_base, await knock(spec.api_base, seconds=self.seconds), mend="start it, or mend its api_base", at=self.at
        )


def _models(study: Study) -> Iterator[tuple[str, str | None, ModelSpec, tuple[str, ...]]]:
    """Who each model plays, for which target alone, and where it is in the study's file. A rater that is the user's own model is that."""
    for target in study.targets:
        if isinstance(target, ChatTargetSpec):
            yield f"target '{target.id}'", target.id, target, ("targets", target.id, "api_base")
            if target.next:
                yield f"target '{target.id}'", target.id, target.next, ("targets", target.id, "next", "api_base")
            if target.embedding:
                yield f"the embedding of target '{target.id}'", target.id, target.embedding, ("targets", target.id, "embedding", "api_base")
    yield "the user", None, study.user, ("user", "api_base")
    if study.rater != "self":
        yield f"rater '{study.primary_rater}'", None, study.rater, ("rater", "api_base")
    for observer in study.observers:
        yield f"observer '{observer.id}'", None, observer, ("observers", observer.id, "api_base")
    yield "the tagger", None, study.tagger, ("tagger", "api_base")
    if study.judge:
        yield "the judge", None, study.judge, ("judge", "api_base")


def _patience(study: Study) -> float:
    return min(PATIENCE, study.limits.seconds("target"))


def _shared(study: Study) -> Shared:
    return Shared(Traffic(study.limits))

"""What is sent with every call of a model, and how much a call may take: tokens, seconds of waiting and bytes, by the role that it is made for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.core.event import ROLES
from sim.core.spec.allowance import HEADROOM, TOKENS, Effort, Seconds, seconds_of
from sim.llm.failures import AttemptFailed

if TYPE_CHECKING:
    from pydantic import JsonValue

    from sim.core.event import Role
    from sim.core.spec import Limits, ModelSpec, Sampling

LARGEST = 10_000_000
"""Bytes of a body; no answer that anybody reads is longer."""
AT_MOST = 10
"""Times its time-out that an answer which is still coming may take in all."""


@dataclass(frozen=True)
class Bounds:
    """Of one model, for every role."""

    timeout: Seconds
    idle: float
    """Seconds between two pieces of a streamed answer."""
    told: int | None = None
    """Tokens of an answer, where the study says how many."""
    effort: Effort | None = None

    def tokens(self, role: Role) -> int:
        """Tokens that an answer may have."""
        return self.told or TOKENS[role] * (HEADROOM[self.effort] if self.effort else 1)

    def seconds(self, role: Role) -> float:
        """Seconds for one attempt; of a streamed answer, until its first piece."""
        return seconds_of(self.timeout, role)


def bounds_of(spec: ModelSpec, *, sampling: Sampling, limits: Limits) -> Bounds:
    """What `spec` may take: what it says itself, else what the study's sampling and limits say, else the defaults of each role."""
    timeout, of_all = spec.timeout, limits.timeout
    if timeout is None:
        timeout = of_all
    elif isinstance(timeout, dict):
        timeout = {**(of_all if isinstance(of_all, dict) else dict.fromkeys(ROLES, of_all)), **timeout}
    return Bounds(timeout, limits.idle, (spec.sampling or sampling).max_tokens, spec.reasoning_effort)


def parameters(spec: ModelSpec, sampling: Sampling) -> dict[str, JsonValue]:
    """What is sent with every call of a model, beside the model's name and the bound of the answer."""
    effort: dict[str, JsonValue] = {"reasoning_effort": spec.reasoning_effort} if spec.reasoning_effort else {}
    return {**sampling.model_dump(exclude={"max_tokens"}, exclude_none=True), **effort, **spec.extra}


def too_much(host: str) -> AttemptFailed:
    """A body that is longer than `LARGEST`; asked for again it would be no shorter."""
    who = f"{host}: " if host else ""
    return AttemptFailed("final", f"{who}more than {LARGEST / 1e6:g} MB came in answer to one call, and no reply is that long")

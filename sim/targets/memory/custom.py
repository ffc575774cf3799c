"""A memory policy from outside the package: its class is found and looked at, and what it does is held to the rules of the seam.

What it raises or returns that no policy may return becomes a `CallFailed`: the trial stops and can be resumed, and the run goes on. It is copied by
making a fresh one and restoring that from the steps on record, so that it may keep its state in whatever way it likes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar, get_args

from sim.core.errors import LOST, CallFailed, InputError
from sim.core.event import Kept, MemoryWritten
from sim.foreign.calls import call_foreign, described
from sim.llm.failures import scrub
from sim.targets.memory.policy import Heard, Policy, Recalled
from sim.targets.memory.tools import CountedEmbedder, Tools, Writer
from sim.targets.target import MemoryStep

if TYPE_CHECKING:
    from sim.core.event import Call, Timing
    from sim.core.spec import MemorySpec

R = TypeVar("R")

UNCHANGED = "unchanged"
"""The step that says why the memory stayed as it was, where the policy does not say it itself."""


def check_policy(found: object, spec: MemorySpec, *, of: str) -> type[Policy]:
    """`found` as the class of a policy.

    Args:
        of: what errors are said of, such as `target 'my-bot'`.

    Raises:
        InputError: it is none, or the number after its name is missing or too much.
    """
    problem = f"{of}: {spec.name}"
    if not isinstance(found, type):
        raise InputError(f"{problem} is not a class", mend="name a class derived from sim.targets.memory.Policy")
    for method in ("recall", "consolidate", "restore", "holds"):
        if not callable(getattr(found, method, None)):
            raise InputError(f"{problem} has no method {method}", mend="derive the class from sim.targets.memory.Policy")
    # A class that has the methods without deriving from `Policy` gets its defaults for what it does not declare.
    policy: type[Policy] = found if issubclass(found, Policy) else type(found.__name__, (found, Policy), {"__module__": found.__module__})
    if policy.recall is Policy.recall:
        raise InputError(f"{problem} has no method recall", mend="say in it what is shown of earlier sessions")
    if policy.consolidate is not Policy.consolidate and policy.restore is Policy.restore:
        problem = f"{problem} writes in consolidate, and has no method restore, so that what it wrote would be lost at an interruption"
        raise InputError(problem, mend="say in restore(step, talks) how it is as after a step that it returned")
    for name, kinds in (("counts", str), ("calls_per_session", int), ("calls_per_message", int), ("shows", int | None), ("graded", bool)):
        if not isinstance(getattr(policy, name), kinds):
            raise InputError(f"{problem} has {name} = {getattr(policy, name)!r}", mend=f"see {name} in sim.targets.memory.Policy")
    if policy.counts and not spec.size:
        raise InputError(f"{problem} must say how many {policy.counts}", mend=f"write for example {spec.name}:5")
    if spec.size and not policy.counts:
        raise InputError(f"{problem} takes no number", mend=f"write memory: {spec.name}, or say in the class what `counts`")
    return policy


@dataclass
class CustomMemory:
    """One trial's memory under a policy from outside.

    Args:
        make: makes a fresh policy.
        tools: what it is made with; each copy has a writer of its own, so that its calls are told apart.
        name: what failures are said of.
        seconds: how long its own work may take; waiting for a model does not count.
    """

    make: Callable[[Tools], Policy]
    tools: Tools
    name: str
    seconds: float
    _steps: tuple[tuple[MemoryWritten, int], ...] = ()
    """Everything it has been restored from or has returned, and how many talks had been heard."""
    _writer: Writer = field(init=False)
    _policy: Policy | None = field(init=False, default=None)
    """Made when it is first needed, where what goes wrong stops the trial alone."""

    def __post_init__(self) -> None:
        self._writer = Writer(self.tools.client, tokens=self.tools.tokens)

    def __copy__(self) -> CustomMemory:
        return CustomMemory(self.make, self.tools, self.name, self.seconds, self._steps)

    async def recall(self, earlier: Sequence[Heard], message: str) -> Recalled:
        """What the policy shows."""
        found = await self._call("recall", lambda policy: partial(policy.recall, tuple(earlier), message))
        calls, timings = self._writer.account.take()
        if not isinstance(found, Recalled) or not isinstance(found.shown, str):
            raise self._wrong(f"recall returned {type(found).__name__}, not Recalled with a text in shown", calls, timings)
        if not all(isinstance(t, str) for t in found.texts) or not all(isinstance(t, Heard) for t in found.talks):
            raise self._wrong("recall must return texts in Recalled.texts and earlier sessions in Recalled.talks", calls, timings)
        calls, timings = _added(found, calls, timings)
        return replace(found, texts=tuple(found.texts), talks=tuple(found.talks), calls=calls, timings=timings)

    async def consolidate(self, talks: Sequence[Heard], *, seed: int) -> tuple[MemoryStep, ...]:
        """What the policy writes down; where its model refuses, or what it asks does not fit, that it wrote nothing."""
        try:
            steps = self._checked(await self._call("consolidate", lambda policy: partial(policy.consolidate, tuple(talks), seed=seed)))
        except CallFailed as failed:
            self._policy = None  # It may have changed halfway; the next one is restored from the record.
            if failed.cause in LOST:
                raise
            steps = (MemoryStep(UNCHANGED, "", failed.calls, failed.timings, "refused" if failed.cause == "refused" else "too_long"),)
        calls, timings = self._writer.account.take()
        if calls:
            *before, last = steps or (MemoryStep(UNCHANGED, ""),)
            calls, timings = _added(last, calls, timings)
            steps = (*before, replace(last, calls=calls, timings=timings))
        # Only what the policy needs to be restored is kept here: name and content.
        written = (MemoryWritten(trial="", part=s.name, content=s.content, kept=s.kept) for s in steps)
        self._steps = (*self._steps, *((step, len(talks)) for step in written))
        return steps

    def restore(self, step: MemoryWritten, talks: int) -> None:
        """Take note of the step; the policy is restored from all of them when it is needed."""
        self._steps = (*self._steps, (step, talks))
        self._policy = None

    def holds(self, talks: Sequence[Heard]) -> tuple[str, ...] | None:
        """What the policy says it holds."""
        found = self._do("holds", lambda: self._made().holds(tuple(talks)))
        if found is None:
            return None
        if isinstance(found, str) or not all(isinstance(t, str) for t in found):
            raise self._wrong("holds must return texts, or None")
        return tuple(found)

    async def _call(self, method: str, bound: Callable[[Policy], Callable[..., object]]) -> object:
        """Call one of the policy's methods, sync or async, with what it asked of a model on the account of what it raises."""
        policy = self._made()
        try:
            return await call_foreign(bound(policy), {}, seconds=self.seconds, name=f"{self.name}.{method}", waits=lambda: self._writer.busy)
        except CallFailed as failed:
            calls, timings = self._writer.account.take()
            raise failed.paying((*failed.calls, *calls), (*failed.timings, *timings)) from failed

    def _made(self) -> Policy:
        if self._policy is None:
            account = self._writer.account
            embedder = CountedEmbedder(self.tools.embedder, account) if self.tools.embedder else None
            tools = replace(self.tools, writer=self._writer, embedder=embedder)
            policy = self._do("__init__", lambda: self.make(tools))
            for step, talks in self._steps:
                if step.part != UNCHANGED:
                    self._do("restore", partial(policy.restore, step, talks))
            self._policy = policy
        return self._policy

    def _do(self, method: str, work: Callable[[], R]) -> R:
        try:
            return work()
        except CallFailed:
            raise
        except (Exception, SystemExit) as error:
            raise self._wrong(f"{method} raised {described(error)}") from None

    def _checked(self, found: object) -> tuple[MemoryStep, ...]:
        if not isinstance(found, tuple | list) or not all(isinstance(s, MemoryStep) for s in found):
            raise self._wrong(f"consolidate returned {type(found).__name__}, not a tuple of MemoryStep")
        steps: tuple[MemoryStep, ...] = tuple(found)
        names = [s.name for s in steps]
        if not all(isinstance(n, str) and n and n != UNCHANGED for n in names) or len(set(names)) < len(names):
            raise self._wrong(f"consolidate must give each step a name of its own, other than {UNCHANGED}")
        if not all(isinstance(s.content, str) and s.kept in get_args(Kept) and isinstance(s.dropped, int) and s.dropped >= 0 for s in steps):
            raise self._wrong("a step's content is text, kept is one of the words of MemoryStep, and dropped is a count")
        return steps

    def _wrong(self, problem: str, calls: tuple[Call, ...] = (), timings: tuple[Timing, ...] = ()) -> CallFailed:
        return CallFailed("infrastructure", scrub(f"{self.name}: {problem}", os.environ), calls=calls, timings=timings)


def _added(to: Recalled | MemoryStep, calls: Sequence[Call], timings: Sequence[Timing]) -> tuple[tuple[Call, ...], tuple[Timing, ...]]:
    """The calls of `to`, with those of the account that the policy has not put there itself."""
    fresh = [(c, t) for c, t in zip(calls, timings, strict=True) if all(c is not known for known in to.calls)]
    return (*to.calls, *(c for c, _ in fresh)), (*to.timings, *(t for _, t in fresh))

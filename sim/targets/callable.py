"""A chatbot that is a Python function or class in this process.

A function takes `messages` (the present session, as role and content) or `message` (the last one), and what else it names of `user_id`,
`session_id`, `date` and `key`. It gives back a text, or a mapping or message with `content`, and with `tools` or `tool_calls` where it used any.
One that names neither user nor session remembers nothing: it can be restored and forked. One that does keeps its memory itself; a class, of which
each trial has its own instance, keeps it in the instance. That memory ends with the process unless the study says `durable: true`, so a trial that
was interrupted after a reply starts over as another user under a higher take; what the first take cost still counts.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from copy import copy
from typing import TYPE_CHECKING

from sim.core.due import talks_on
from sim.core.errors import InputError
from sim.foreign.calls import call_foreign, finish_of, text_of, tools_of
from sim.foreign.code import chosen, demanded, load_object, parameters
from sim.targets.meter import CallOutcome, Meter
from sim.targets.own import KeepsItsOwn
from sim.targets.target import Survived, TargetAnswer

if TYPE_CHECKING:
    import datetime as dt

    from sim.core.record import Trial
    from sim.core.spec import CallableTargetSpec
    from sim.llm.prompts import Prompts
    from sim.llm.traffic.passage import Passage
    from sim.targets.identity import Identity

_WHO = frozenset({"user_id", "session_id"})
_OFFERED = frozenset({"messages", "message", "user_id", "session_id", "key"})


def load_callable(spec: CallableTargetSpec) -> Callable[..., object]:
    """The function or class that `spec` names.

    Raises:
        InputError: there is none, or it is not of a form that can be talked to.
    """
    found = load_object(spec.callable, owner=f"target '{spec.id}'")
    problem = f"target '{spec.id}': {spec.callable}"
    if inspect.isclass(found):
        for method in ("reply", "new_session"):
            if not callable(getattr(found, method, None)):
                raise InputError(f"{problem} has no method {method}", mend="a class needs reply(message) and new_session()")
        if spec.durable is not False:
            mend = "take durable out, or name a function that takes user_id"
            raise InputError(f"{problem} is a class, whose instances end with the process", mend=mend)
        _demand_load(found, problem)
        return found
    if not callable(found):
        raise InputError(f"{problem} is not a function", mend="name a function that takes messages, or a class with reply and new_session")
    names = parameters(found, owner=f"target '{spec.id}'")
    if names is not None and not names & {"messages", "message"}:
        raise InputError(f"{problem} takes neither messages nor message", mend="name its first parameter messages, or message for the last one alone")
    offered = _OFFERED | {"date"} if spec.clock == "argument" else _OFFERED
    unmet = sorted(demanded(found) - offered)
    if unmet:
        mend = "write clock: argument" if unmet == ["date"] else f"it is offered {', '.join(sorted(offered))}; give the others a default"
        raise InputError(f"{problem} needs {unmet[0]}, which it is not given", mend=mend)
    return found


def _demand_load(kind: type, problem: str) -> None:
    """Refuse a `CustomTarget` that saves what it knows and cannot load it, before anything has been paid for.

    Raises:
        InputError: `kind` is one.
    """
    from sim.targets.custom import CustomTarget  # Only here: what derives from ObjectTarget cannot be imported above it.

    if issubclass(kind, CustomTarget) and kind.save is not CustomTarget.save and kind.load is CustomTarget.load:
        raise InputError(f"{problem} has a method save and no load", mend="write def load(self, saved), which knows again what save gave")


def build_callable(
    spec: CallableTargetSpec, function: Callable[..., object], identity: Identity, *, till: Meter, timeout: float, prompts: Prompts
) -> FunctionTarget | ObjectTarget:
    """A trial's talk with `function`, as `load_callable` found it."""
    if inspect.isclass(function):
        # Only here: what derives from ObjectTarget cannot be imported above it.
        from sim.targets.custom import CustomTarget, SavingTarget

        own = SavingTarget if issubclass(function, CustomTarget) else ObjectTarget
        return own(spec, function, identity, till=till, timeout=timeout, prompts=prompts)
    return FunctionTarget(spec, function, identity, till=till, timeout=timeout, prompts=prompts)


class FunctionTarget(KeepsItsOwn):
    """A function that is given everything it needs with each message."""

    def __init__(
        self, spec: CallableTargetSpec, function: Callable[..., object], identity: Identity, *, till: Meter, timeout: float, prompts: Prompts
    ) -> None:
        self._names = parameters(function, owner=f"target '{spec.id}'")
        remembers = self._names is None or bool(self._names & _WHO)
        super().__init__(identity, till, prompts, clock=spec.clock, remembers=remembers, durable=spec.durable)
        self._function = function
        self._timeout = spec.timeout or timeout

    async def open(self, date: dt.date) -> None:
        """Begin a session with nothing said in it."""
        self._sitting.open(date)

    async def reply(self, message: str, key: str) -> TargetAnswer:
        """Call the function."""
        heard = self._sitting.heard(message)
        arguments = chosen(
            {
                "messages": self._sitting.messages(heard),
                "message": heard,
                "user_id": self._identity.user(self._life),
                "session_id": self._identity.session(self._take, self._sitting.index),
                "key": self._identity.key(key),
                **({"date": self._sitting.today} if self._dated else {}),
            },
            self._names,
        )
        answer = await self._till.ask(heard, lambda _: self._call(arguments))
        self._sitting.keep(heard, answer.text)
        return answer

    async def _call(self, arguments: Mapping[str, object]) -> CallOutcome:
        name = self._till.name
        value = await call_foreign(self._function, arguments, seconds=self._timeout, name=name)
        return CallOutcome(text_of(value, name=name), finish=finish_of(value), tools=tools_of(value))


class ObjectTarget(KeepsItsOwn):
    """An instance that is told when a session begins, and then each message. What copying it would share nobody knows."""

    def __init__(
        self, spec: CallableTargetSpec, kind: Callable[..., object], identity: Identity, *, till: Meter, timeout: float, prompts: Prompts
    ) -> None:
        super().__init__(identity, till, prompts, clock=spec.clock, remembers=True, durable=False)
        self._target = spec.id
        self._kind = kind
        self._timeout = spec.timeout or timeout
        self._instance: object = None

    async def open(self, date: dt.date) -> None:
        """Tell the instance that a session begins; the first time, make it."""
        before = copy(self._sitting)
        self._sitting.open(date)
        try:
            await self._begin()
        except BaseException:
            self._sitting = before
            raise

    async def reply(self, message: str, key: str) -> TargetAnswer:
        """Tell the instance the message."""
        heard = self._sitting.heard(message)
        arguments = {"message": heard, "key": self._identity.key(key)}

        async def call(_: Passage) -> CallOutcome:
            value = await self._tell("reply", arguments)
            return CallOutcome(text_of(value, name=self._till.name), finish=finish_of(value), tools=tools_of(value))

        answer = await self._till.ask(heard, call)
        self._sitting.keep(heard, answer.text)
        return answer

    async def restore(self, trial: Trial) -> Survived:
        """A fresh instance, which is what it was only as long as it had said nothing."""
        survived = await super().restore(trial)
        if survived == "all" and trial.sessions and talks_on(trial):
            await self._begin()
        return survived

    async def _begin(self) -> None:
        if self._instance is None:
            self._instance = await self._invoke(self._kind, self._circumstances())
        await self._tell("new_session", {})

    async def _tell(self, method: str, arguments: Mapping[str, object]) -> object:
        return await self._invoke(getattr(self._instance, method), {**self._circumstances(), **arguments})

    async def _invoke(self, function: Callable[..., object], arguments: Mapping[str, object]) -> object:
        wanted = chosen(arguments, parameters(function, owner=f"target '{self._target}'"))
        return await call_foreign(function, wanted, seconds=self._timeout, name=self._till.name)

    def _circumstances(self) -> dict[str, object]:
        told: dict[str, object] = {
            "user_id": self._identity.user(self._life),
            "session_id": self._identity.session(self._take, self._sitting.index),
        }
        return {**told, "date": self._sitting.today} if self._dated else told

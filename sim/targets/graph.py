"""A chatbot that is a compiled LangGraph graph, known by its `ainvoke` or `invoke`; LangGraph itself is not imported.

Each trial is a thread and each message is sent to it alone, under an id by which LangGraph knows a message that comes again. A graph that was
compiled without a checkpointer or store remembers nothing and is sent the whole session every time. What a checkpointer or store holds ends with the
process unless the study says `durable: true`; a trial that was interrupted after a reply then starts over on a new thread under a higher take, with
`durable: memory` only its last session does, on the same thread.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from sim.core.errors import CallFailed, InputError
from sim.foreign.calls import as_mapping, call_foreign, finish_of, free_threads, text_of
from sim.foreign.code import load_object
from sim.targets.meter import CallOutcome, Meter
from sim.targets.own import KeepsItsOwn
from sim.targets.target import Survived, TargetAnswer

if TYPE_CHECKING:
    import datetime as dt

    from sim.core.record import Trial
    from sim.core.spec import GraphTargetSpec
    from sim.llm.prompts import Prompts
    from sim.targets.identity import Identity


def load_graph(spec: GraphTargetSpec) -> object:
    """The graph that `spec` names.

    Raises:
        InputError: there is none, or it cannot be invoked.
    """
    found = load_object(spec.graph, owner=f"target '{spec.id}'")
    if not (callable(getattr(found, "ainvoke", None)) or callable(getattr(found, "invoke", None))):
        mend = "compile it: graph = builder.compile()" if hasattr(found, "compile") else "name a compiled graph"
        raise InputError(f"target '{spec.id}': {spec.graph} has neither ainvoke nor invoke", mend=mend)
    return found


class GraphTarget(KeepsItsOwn):
    """One trial's thread on a graph.

    Args:
        graph: as `load_graph` found it.
    """

    def __init__(self, spec: GraphTargetSpec, graph: object, identity: Identity, *, till: Meter, timeout: float, prompts: Prompts) -> None:
        remembers = bool(getattr(graph, "checkpointer", None)) or bool(getattr(graph, "store", None))
        super().__init__(identity, till, prompts, clock=spec.clock, remembers=remembers, durable=spec.durable)
        invoke: Callable[..., object] = getattr(graph, "ainvoke", None) or graph.invoke  # type: ignore[attr-defined]
        self._invoke = invoke
        self._timeout = spec.timeout or timeout

    async def open(self, date: dt.date) -> None:
        """Begin a session on the same thread."""
        self._sitting.open(date)

    async def reply(self, message: str, key: str) -> TargetAnswer:
        """Invoke the graph."""
        heard = self._sitting.heard(message)
        new = {"role": "user", "content": heard, "id": self._identity.key(key)}
        messages = [new] if self._remembers else [*self._sitting.messages(heard)[:-1], new]
        answer = await self._till.ask(heard, lambda _: self._call(messages))
        self._sitting.keep(heard, answer.text)
        return answer

    async def restore(self, trial: Trial) -> Survived:
        """Be where `trial` left off, if nothing that it knew went with the process that ended."""
        free_threads()
        return await super().restore(trial)

    async def _call(self, messages: Sequence[Mapping[str, str]]) -> CallOutcome:
        user = self._identity.user(self._life)
        told = {"thread_id": user, "user_id": user, "session_id": self._identity.session(self._take, self._sitting.index)}
        configurable = {**told, "date": self._sitting.today} if self._dated else told
        arguments = {"input": {"messages": messages}, "config": {"configurable": configurable}}
        state = await call_foreign(self._invoke, arguments, seconds=self._timeout, name=self._till.name)
        return _last_reply(state, self._till.name)


def _last_reply(state: object, name: str) -> CallOutcome:
    messages = state.get("messages") if isinstance(state, Mapping) else getattr(state, "messages", None)
    if not isinstance(messages, Sequence) or not messages:
        raise CallFailed("infrastructure", f"{name} returned {type(state).__name__} without messages")
    last = messages[-1]
    role = last.get("role") or last.get("type") if isinstance(last, Mapping) else getattr(last, "type", None)
    if role not in ("ai", "assistant", "AIMessageChunk"):
        raise CallFailed("infrastructure", f"{name} ended with a message that is not the assistant's", quote=f"it is of '{role}'")
    return CallOutcome(text_of(last, name=name), finish=finish_of(last), tools=_used_for(messages))


def _used_for(messages: Sequence[object]) -> list[object]:
    """The messages since the person's last one, in which the graph calls tools and hears from them."""
    since: list[object] = []
    for message in reversed(messages):
        told = as_mapping(message)
        if isinstance(told, Mapping) and (told.get("role") or told.get("type")) in ("user", "human", "HumanMessage"):
            break
        since.append(told)
    return [m for m in reversed(since) if isinstance(m, Mapping) and (m.get("tool_calls") or m.get("tool_call_id"))]

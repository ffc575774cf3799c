"""LangGraph's nodes without what nobody here looks at: the callbacks around them, and the account of each attempt.

Around every node LangGraph announces a start and an end to LangChain's callbacks, for which it makes several managers and a further task. A run has
no such listeners (its own events and spans tell more), and the announcing takes as long as everything that a node of ours does by itself. Nor does a
node of ours ask which attempt it is: LangGraph would copy the runtime for it three times a node.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_core.runnables import Runnable
from langgraph._internal._constants import CONFIG_KEY_RUNTIME, CONFIG_KEY_SEND
from langgraph._internal._runnable import RunnableCallable
from langgraph.pregel._write import PASSTHROUGH, ChannelWrite, ChannelWriteTupleEntry
from langgraph.runtime import ExecutionInfo, Runtime

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from langchain_core.runnables import RunnableConfig
    from langgraph.graph.state import CompiledStateGraph


class Unobserved(Runnable[Any, Any]):
    """A node, and then what writes its outcome into the state.

    Args:
        bound: the node itself.
        writers: take what it returns.
    """

    def __init__(self, bound: Runnable[Any, Any], writers: Sequence[Runnable[Any, Any]]) -> None:
        self._bound = bound
        self._writers = tuple(writers)
        self._mappers = _mappers(self._writers)
        self._node = _awaited(bound)

    @property
    def direct(self) -> bool:
        """Whether node and writers are of the kinds that can be called without a detour."""
        return self._node is not None and self._mappers is not None

    def invoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Any:
        """Refuse, as LangGraph does for a node that is a coroutine: there is no way without `await`."""
        raise TypeError("a node is awaited: use ainvoke")

    async def ainvoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Any:
        """Do what the node does, and keep it."""
        if self._node is None or self._mappers is None or config is None:
            found = await self._bound.ainvoke(input, config, **kwargs)
            for writer in self._writers:
                writer.invoke(found, config)
            return found
        here = config["configurable"]
        found = await self._node(input, here[CONFIG_KEY_RUNTIME])
        for mapper in self._mappers:
            writes = mapper(found)
            if writes:
                here[CONFIG_KEY_SEND](writes)
        return found


def _awaited(bound: Runnable[Any, Any]) -> Callable[[Any, Any], Awaitable[Any]] | None:
    """The function of a node that takes the state and the runtime; None: it is something else."""
    if isinstance(bound, RunnableCallable) and bound.afunc is not None and not bound.trace and bound.func_accepts.keys() == {"runtime"}:
        return bound.afunc
    return None


def _mappers(writers: Sequence[Runnable[Any, Any]]) -> tuple[Callable[[Any], Any], ...] | None:
    """What makes writes of a node's outcome; None: something else is written too."""
    entries = [entry for writer in writers for entry in (writer.writes if isinstance(writer, ChannelWrite) else [writer])]
    known = [entry.mapper for entry in entries if isinstance(entry, ChannelWriteTupleEntry) and entry.value is PASSTHROUGH]
    return tuple(known) if len(known) == len(entries) else None


def unobserved(graph: CompiledStateGraph[Any, Any, Any, Any]) -> CompiledStateGraph[Any, Any, Any, Any]:
    """`graph`, whose nodes announce nothing any more."""
    for name, node in graph.nodes.items():
        if node.writers and isinstance(node.bound, Runnable) and name in graph.builder.nodes:
            # The writers themselves stay with the node: the drawing of the graph is read from them.
            node.node = Unobserved(node.bound, node.flat_writers)
    return graph


class OneRuntime(Runtime[Any]):
    """The runtime of one execution, the same for every node: nobody asks it which attempt at which node it belongs to."""

    def merge(self, other: Runtime[Any]) -> OneRuntime:
        """What LangGraph adds when the execution begins."""
        nowhere = ExecutionInfo(checkpoint_id="", checkpoint_ns="", task_id="")
        return OneRuntime(context=other.context, store=other.store, stream_writer=other.stream_writer, execution_info=nowhere, control=other.control)

    def override(self, **overrides: Any) -> OneRuntime:
        """Itself."""
        return self

    def patch_execution_info(self, **overrides: Any) -> OneRuntime:
        """Itself."""
        return self


def steady(config: RunnableConfig) -> RunnableConfig:
    """`config` of an execution in which all nodes share one runtime."""
    return {**config, "configurable": {**config.get("configurable", {}), CONFIG_KEY_RUNTIME: OneRuntime()}}

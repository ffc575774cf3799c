"""LangGraph's nodes without the callbacks that nobody listens to.

Around every node LangGraph announces a start and an end to LangChain's callbacks, for which it makes several managers and a further task. A run has
no such listeners (its own events and spans tell more), and the announcing takes as long as everything that a node of ours does by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_core.runnables import Runnable

if TYPE_CHECKING:
    from collections.abc import Sequence

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

    def invoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Any:
        """Refuse: a node is awaited."""
        raise NotImplementedError("nodes are awaited")

    async def ainvoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Any:
        """Do what the node does, and keep it."""
        found = await self._bound.ainvoke(input, config, **kwargs)
        for writer in self._writers:
            writer.invoke(found, config)
        return found


def unobserved(graph: CompiledStateGraph[Any, Any, Any, Any]) -> CompiledStateGraph[Any, Any, Any, Any]:
    """`graph`, whose nodes announce nothing any more."""
    for name, node in graph.nodes.items():
        if node.writers and isinstance(node.bound, Runnable) and name in graph.builder.nodes:
            # The writers themselves stay with the node: the drawing of the graph is read from them.
            node.node = Unobserved(node.bound, node.flat_writers)
    return graph

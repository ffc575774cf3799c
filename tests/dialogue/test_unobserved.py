"""A graph whose nodes announce nothing does what it did before."""

from __future__ import annotations

import operator
from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any, TypedDict

from langchain_core.callbacks import AsyncCallbackHandler
from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime
from langgraph.types import Command, Send

from sim.dialogue.graph import build_graph
from sim.dialogue.unobserved import OneRuntime, Unobserved, steady, unobserved

if TYPE_CHECKING:
    from langgraph.graph.state import CompiledStateGraph


class State(TypedDict):
    said: Annotated[list[str], operator.add]


async def talk(state: State) -> Command[str]:
    going = len(state["said"]) < 4
    return Command(update={"said": ["talk"]}, goto=[Send("judge", {"of": len(state["said"])}), "talk"] if going else END)


async def judge(sent: dict[str, int]) -> dict[str, list[str]]:
    return {"said": [f"judged {sent['of']}"]}


def small_graph() -> CompiledStateGraph[State, None, State, State]:
    graph = StateGraph(State)
    graph.add_node("talk", talk, destinations=("judge", "talk", END))
    graph.add_node("judge", judge, input_schema=dict)
    graph.add_edge(START, "talk")
    return graph.compile()


class Listener(AsyncCallbackHandler):
    """Counts what is announced."""

    def __init__(self) -> None:
        self.heard: Counter[str] = Counter()

    async def on_chain_start(self, *arguments: Any, name: str = "", **more: Any) -> None:
        self.heard[name] += 1


async def test_commands_sends_and_updates_are_kept_and_nothing_is_announced() -> None:
    loud, silent = Listener(), Listener()
    before = await small_graph().ainvoke({"said": []}, {"callbacks": [loud]})
    after = await unobserved(small_graph()).ainvoke({"said": []}, {"callbacks": [silent]})
    assert after == before
    assert len(after["said"]) == 7
    assert loud.heard["talk"] == 4
    assert silent.heard["talk"] == silent.heard["judge"] == 0


def test_every_node_of_ours_is_unobserved_and_drawn_as_before() -> None:
    graph = build_graph()
    ours = {name: node for name, node in graph.nodes.items() if name != START}
    assert ours
    assert all(isinstance(node.node, Unobserved) and node.node.direct for node in ours.values())
    assert graph.get_graph().draw_mermaid() == graph.builder.compile().get_graph().draw_mermaid()


async def test_nodes_share_one_runtime_that_has_what_they_work_with() -> None:
    met: list[Runtime[str]] = []

    async def first(state: State, runtime: Runtime[str]) -> Command[str]:
        met.append(runtime)
        return Command(update={"said": [runtime.context]}, goto=[Send("second", {}), Send("second", {})])

    async def second(sent: dict[str, int], runtime: Runtime[str]) -> dict[str, list[str]]:
        met.append(runtime)
        return {"said": [runtime.context]}

    graph = StateGraph(State, context_schema=str)
    graph.add_node("first", first, destinations=("second",))
    graph.add_node("second", second, input_schema=dict)
    graph.add_edge(START, "first")
    after = await unobserved(graph.compile()).ainvoke({"said": []}, steady({"recursion_limit": 5}), context="told")
    assert after["said"] == ["told"] * 3
    assert type(met[0]) is OneRuntime
    assert len(met) == 3
    assert all(one is met[0] for one in met), "LangGraph has copied it: look at how it hands the runtime to its nodes"

"""Chatbots that are LangGraph graphs: one that keeps a thread for each user, one that keeps nothing."""

from __future__ import annotations

from typing import Any

from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, MessagesState, StateGraph


def answer(state: MessagesState) -> dict[str, Any]:
    told = [str(m.content) for m in state["messages"] if m.type == "human"][:-1]
    return {"messages": [{"role": "assistant", "content": "You told me: " + " / ".join(told) if told else "That is new to me."}]}


builder = StateGraph(MessagesState)
builder.add_node("answer", answer)
builder.add_edge(START, "answer")
builder.add_edge("answer", END)
graph = builder.compile(checkpointer=InMemorySaver())
forgetful = builder.compile()

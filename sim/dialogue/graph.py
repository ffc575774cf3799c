"""The state machine: read this first.

    START ─▶ open_session ─▶ user_speaks ─▶ target_replies ─┬─▶ rate_likability(t)
                 ▲              ▲    │                      ├─▶ tag_moves(t)
                 │              │    │                      ├─▶ judge(t)
                 │              └────┼──────────────────────┼─▶ user_speaks
                 │                   ▼                      └─▶ close_session
                 └───────────── close_session ─▶ judge, score_memory ─▶ END

Rating, tagging and scoring of exchange t run in the same super-step as the user's next message. Who judges a session, and what the target remembers,
is asked while the session closes; who judges the whole trial comes last. What was lost goes from START to its node on resume. Every node keeps its
outcome as an event; the state is the fold of the events. Where to go is read from the state alone, so a resumed trial enters where an undisturbed one
would be, and a node that kept nothing (its call failed) leads to END instead of to itself.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime
from langgraph.types import Command, Send
from langsmith import tracing_context

from sim.core.due import next_step
from sim.core.fold import fold
from sim.core.record import Trial
from sim.dialogue.judging import Sent
from sim.dialogue.nodes import (
    Context,
    Update,
    close_session,
    judge,
    open_session,
    probe_memory,
    put_questionnaire,
    rate_likability,
    score_memory,
    tag_moves,
    target_replies,
    user_speaks,
)
from sim.dialogue.unobserved import steady, unobserved
from sim.llm.telemetry import within

if TYPE_CHECKING:
    from langgraph.graph.state import CompiledStateGraph

    from sim.core.event import Event
    from sim.core.panel import Assignment

Route = list[Send | str]
Talk = Callable[["State", Runtime[Context]], Awaitable[Update]]
TALK: dict[Talk, tuple[str, ...]] = {
    open_session: ("user_speaks",),
    user_speaks: ("target_replies", "close_session"),
    target_replies: ("rate_likability", "tag_moves", "judge", "user_speaks", "close_session"),
    close_session: ("open_session", "judge", "score_memory"),
}
"""Every node of the talk, with where it may lead beside END."""
Verdict = Callable[[Sent, Runtime[Context]], Awaitable[Update]]
VERDICTS: tuple[Verdict, ...] = (rate_likability, tag_moves, judge, probe_memory, put_questionnaire, score_memory)


@dataclass(frozen=True, slots=True)
class Folded:
    """Events with the trial before and after them."""

    before: Trial
    events: tuple[Event, ...]
    after: Trial


def merge(trial: Trial, kept: tuple[Event, ...] | Folded) -> Trial:
    """`trial` after what a node kept; what the node has folded already is folded again only if another node was quicker."""
    if isinstance(kept, Folded):
        return kept.after if kept.before is trial else fold(trial, kept.events)
    return fold(trial, kept)


class State(TypedDict):
    """Data only: the trial so far. Nodes return events, the reducer folds them in."""

    trial: Annotated[Trial, merge]


def enter(state: State, runtime: Runtime[Context]) -> Route:
    """From the journal: every absent verdict, and the step at which the talk goes on."""
    trial = state["trial"]
    step = next_step(trial)
    return [*_sends(runtime.context.panel.due(trial), runtime.context), *([step] if step else [])] or [END]


def onward(node: str, trial: Trial, context: Context) -> Route:
    """From `node`, which left `trial`, to the next step; to END when it kept nothing, or nothing is left to judge."""
    step = next_step(trial)
    if step == node:
        return [END]
    if step is None:
        return [*_sends(context.panel.due_in_the_end(trial), context)] or [END]
    if node == "target_replies":
        session = trial.sessions[-1]
        return [*_sends(context.panel.due_on(trial, session, session.exchanges[-1]), context), step]
    return [step]


def leading(node: Talk) -> Callable[..., Any]:
    """`node`, followed by where it leads. As one command: a conditional edge would cost twice as much as the node itself."""

    async def lead(state: State, runtime: Runtime[Context]) -> Command[str]:
        before = state["trial"]
        with _at(*_place(node, before)):
            events = (await node(state, runtime))["trial"]
        after = fold(before, events)
        return Command(update={"trial": Folded(before, events, after)}, goto=onward(node.__name__, after, runtime.context))

    return lead


def judging(verdict: Verdict) -> Callable[..., Any]:
    """`verdict`, in its place."""

    async def place(state: Sent, runtime: Runtime[Context]) -> Update:
        one = state.assignment
        with _at(one.session, one.exchange):
            return await verdict(state, runtime)

    return place


def _place(node: Talk, trial: Trial) -> tuple[int, int]:
    """Session and exchange that `node` is about to work on; exchange 0: the whole session."""
    if node is open_session:
        return len(trial.sessions) + 1, 0
    said = trial.sessions[-1].exchanges
    return len(trial.sessions), len(said) + 1 if node is user_speaks else len(said) if node is target_replies else 0


def _at(session: int, exchange: int) -> AbstractContextManager[None]:
    """Where in its trial a node works, for log lines and spans."""
    if exchange:
        return within("exchange", session=session, exchange=exchange)
    return within("session", session=session) if session else nullcontext()


def _sends(due: tuple[Assignment, ...], context: Context) -> list[Send]:
    """To every judge its assignment."""
    return [Send(sent.assignment.node, sent) for sent in context.judges.give(due)]


@lru_cache(maxsize=1)
def build_graph() -> CompiledStateGraph[State, Context, State, State]:
    """The compiled graph, one for the whole process."""
    graph = StateGraph(State, context_schema=Context)
    for node, after in TALK.items():
        graph.add_node(node.__name__, leading(node), destinations=(*after, END))
    for verdict in VERDICTS:
        graph.add_node(verdict.__name__, judging(verdict), input_schema=Sent)
    graph.add_conditional_edges(START, enter, [*(f.__name__ for f in (*TALK, *VERDICTS)), END])
    return unobserved(graph.compile())


async def run_graph(trial: Trial, context: Context) -> Trial:
    """Take `trial` as far as it goes, and return it with everything that was kept.

    Nothing is traced: LangSmith's variables in the environment would otherwise send every conversation out, unannounced.
    """
    longest = sum(s.spec.exchanges.max for s in trial.cast.sessions)
    steps = 2 * longest + 2 * len(trial.cast.sessions) + 10
    config = steady({"recursion_limit": steps})
    with tracing_context(enabled=False):
        async for state in build_graph().astream({"trial": trial}, context=context, config=config, stream_mode="values"):
            trial = state["trial"]
    return trial

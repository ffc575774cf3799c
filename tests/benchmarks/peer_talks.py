"""The talks of one peer, run by the Python of its own environment: `python peer_talks.py PEER URL TALKS EXCHANGES` prints a line of JSON.

Every exchange asks a simulated user and a target, one after the other; nothing is rated. It runs three times, and the last counts.
"""

from __future__ import annotations

import asyncio
import json
import operator
import os
import resource
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypedDict

os.environ |= {
    "DEEPEVAL_TELEMETRY_OPT_OUT": "1",
    "DEEPEVAL_UPDATE_WARNING_OPT_IN": "0",
    "LANGSMITH_TRACING": "false",
    "INSPECT_DISPLAY": "none",
    "OPENAI_API_KEY": "none",
    "LOCAL_API_KEY": "none",
}
Messages = list[dict[str, str]]
Ask = Callable[[str, Messages], Awaitable[str]]
PERSONA = "You have just moved to a town where you know nobody. Write as in a chat, briefly, and one thing at a time."


def asking(url: str) -> Ask:
    """A call over aiohttp, with the connections of one session for each event loop."""
    import aiohttp

    sessions: dict[int, aiohttp.ClientSession] = {}

    async def ask(model: str, messages: Messages) -> str:
        loop = id(asyncio.get_running_loop())
        if loop not in sessions:
            sessions[loop] = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        async with sessions[loop].post(f"{url}/chat/completions", json={"model": model, "messages": messages}) as response:
            content: str = (await response.json())["choices"][0]["message"]["content"]
            return content

    return ask


def as_user_sees(said: Messages) -> Messages:
    """The talk with the parts exchanged, below the user's instructions."""
    turned = [{"role": "assistant" if m["role"] == "user" else "user", "content": m["content"]} for m in said]
    return [{"role": "system", "content": PERSONA}, *(turned or [{"role": "user", "content": "Begin."}])]


def plain(url: str, talks: int, exchanges: int) -> Callable[[], Awaitable[object]]:
    """Two calls in a loop: the least that anybody needs."""
    ask = asking(url)

    async def talk() -> None:
        said: Messages = []
        for _ in range(exchanges):
            said.append({"role": "user", "content": await ask("user", as_user_sees(said))})
            said.append({"role": "assistant", "content": await ask("target", said)})

    return lambda: asyncio.gather(*(talk() for _ in range(talks)))


def langgraph(url: str, talks: int, exchanges: int) -> Callable[[], Awaitable[object]]:
    """The same as a graph of two nodes."""
    from langgraph.graph import END, START, StateGraph

    ask = asking(url)

    class State(TypedDict):
        said: Annotated[Messages, operator.add]

    async def user(state: State) -> State:
        return {"said": [{"role": "user", "content": await ask("user", as_user_sees(state["said"]))}]}

    async def target(state: State) -> State:
        return {"said": [{"role": "assistant", "content": await ask("target", state["said"])}]}

    graph = StateGraph(State)
    graph.add_node("user", user)
    graph.add_node("target", target)
    graph.add_edge(START, "user")
    graph.add_edge("user", "target")
    graph.add_conditional_edges("target", lambda state: "user" if len(state["said"]) < 2 * exchanges else END, ["user", END])
    compiled = graph.compile()
    return lambda: asyncio.gather(*(compiled.ainvoke({"said": []}, {"recursion_limit": 2 * exchanges + 9}) for _ in range(talks)))


def openevals(url: str, talks: int, exchanges: int) -> Callable[[], Awaitable[object]]:
    """Its multi-turn simulation with its simulated user; the target over aiohttp, so that what is measured is the peer."""
    from langchain_openai import ChatOpenAI
    from openevals.simulators import create_async_llm_simulated_user, run_multiturn_simulation_async

    ask, model = asking(url), ChatOpenAI(model="user", base_url=url, api_key="none", max_retries=0)
    heard: dict[str, Messages] = {}

    async def target(message: Any, *, thread_id: str, **more: Any) -> dict[str, str]:
        said = heard.setdefault(thread_id, [])
        said.append({"role": "user", "content": message["content"]})
        said.append({"role": "assistant", "content": await ask("target", said)})
        return said[-1]

    def talk() -> Awaitable[object]:
        user = create_async_llm_simulated_user(system=PERSONA, client=model)
        done: Awaitable[object] = run_multiturn_simulation_async(app=target, user=user, max_turns=exchanges)
        return done

    return lambda: asyncio.gather(*(talk() for _ in range(talks)))


def deepeval(url: str, talks: int, exchanges: int) -> Callable[[], object]:
    """Its simulator without its client: both models over aiohttp, and what comes is put into the form that it asks for."""
    from deepeval.dataset import ConversationalGolden
    from deepeval.models import DeepEvalBaseLLM
    from deepeval.simulator import ConversationSimulator
    from deepeval.test_case import Turn

    ask = asking(url)

    async def target(input: str, turns: Any = None, thread_id: str = "") -> Any:
        said = [{"role": t.role, "content": t.content} for t in turns or []]
        return Turn(role="assistant", content=await ask("target", [*said, {"role": "user", "content": input}]))

    class User(DeepEvalBaseLLM):  # type: ignore[misc, unused-ignore]
        def load_model(self) -> Any:
            return self

        def get_model_name(self) -> str:
            return "user"

        def generate(self, prompt: str, schema: Any = None) -> Any:
            return asyncio.run(self.a_generate(prompt, schema))

        async def a_generate(self, prompt: str, schema: Any = None) -> Any:
            text = await ask("user", [{"role": "user", "content": prompt}])
            return schema(**{name: text if field.annotation is str else False for name, field in schema.model_fields.items()})

    goldens = [ConversationalGolden(scenario=f"Newcomer {n} looks for company.", user_description=PERSONA) for n in range(talks)]
    simulator = ConversationSimulator(model_callback=target, simulator_model=User(), max_concurrent=talks)
    return lambda: simulator.simulate(goldens, max_user_simulations=exchanges)


def inspect(url: str, talks: int, exchanges: int) -> Callable[[], object]:
    """A solver that lets two of its models talk, with its log."""
    from inspect_ai import Task, eval
    from inspect_ai.dataset import Sample
    from inspect_ai.model import ChatMessageAssistant, ChatMessageSystem, ChatMessageUser, get_model
    from inspect_ai.solver import solver

    os.environ |= {"LOCAL_BASE_URL": url}

    @solver  # type: ignore[untyped-decorator, unused-ignore]
    def talk() -> Any:
        async def solve(state: Any, generate: Any) -> Any:
            user, target = get_model("openai-api/local/user"), get_model()
            said: list[Any] = []
            for _ in range(exchanges):
                turned = [ChatMessageAssistant(content=m.text) if m.role == "user" else ChatMessageUser(content=m.text) for m in said]
                asked = [ChatMessageSystem(content=PERSONA), *(turned or [ChatMessageUser(content="Begin.")])]
                said.append(ChatMessageUser(content=(await user.generate(asked)).completion))
                said.append((await target.generate(said)).message)
            state.messages = said
            return state

        return solve

    task = Task(dataset=[Sample(input=str(n)) for n in range(talks)], solver=talk())
    logs = tempfile.mkdtemp()
    named = {"model": "openai-api/local/target", "max_connections": 1_000, "max_samples": talks, "log_dir": logs, "display": "none", "score": False}
    return lambda: eval(task, **named)


PEERS: dict[str, Callable[[str, int, int], Callable[[], object]]] = {
    "asyncio": plain,
    "langgraph": langgraph,
    "openevals": openevals,
    "inspect": inspect,
    "deepeval": deepeval,
}


def main(peer: str, url: str, talks: int, exchanges: int) -> None:
    """Run the talks and say what they took."""
    loop = asyncio.new_event_loop()

    async def awaited(work: Callable[[], Any]) -> None:
        await work()

    for _ in range(3):
        work = PEERS[peer](url, talks, exchanges)
        began, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
        if peer in ("inspect", "deepeval"):
            work()
        else:
            loop.run_until_complete(awaited(work))
        wall, now = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF)
    cpu = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
    print(json.dumps({"wall": wall, "cpu": cpu, "peak_mb": now.ru_maxrss / 1024}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))

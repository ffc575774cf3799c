"""A log line holds no words of the talk, whatever a target repeats; the journal has what came, and `sim show` shows it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from sim.cli.logs import LogLost
from sim.core.errors import CallFailed
from sim.core.event import CallLost, Event
from sim.core.spec import Limits, ModelSpec, Sampling
from sim.llm.build import build_client
from sim.llm.client import Message, Request
from tests.parrot import REPEATING, Parrot
from tests.targets.chatbots import Booth, spec

SAID = "The front door is painted teal, and Zelenka lives behind it."


@pytest.fixture
def parrot() -> Iterator[Parrot]:
    with Parrot() as parrot:
        yield parrot


def logged(failed: CallFailed) -> tuple[str, Event]:
    """What the log makes of a failed call, and its event."""
    event = CallLost(trial="t", part="target_replies#1", cause=failed.cause, message=failed.message, quote=failed.quote)
    with capture_logs() as lines:
        LogLost().on_event(event)
    assert lines
    return repr(lines), event


def fails(messages: Any) -> str:
    raise ValueError(f"cannot answer: {messages[-1]['content']}")


class Graph:
    def invoke(self, input: Any, config: Any) -> None:
        raise RuntimeError(input["messages"][-1]["content"])


graph = Graph()


async def told(target: Any) -> CallFailed:
    booth = Booth(spec(**target), limits=Limits(retries=0, timeout=10))
    talk = await booth.target()
    with pytest.raises(CallFailed) as failed:
        await talk.reply(SAID, "k1")
    await booth.parts.close()
    return failed.value


@pytest.mark.parametrize("way", REPEATING)
async def test_a_chatbot_behind_http_that_repeats_the_request(parrot: Parrot, way: str) -> None:
    line, event = logged(await told({"http": {"url": f"{parrot.url}/bot/{way}"}}))
    assert "teal" not in line
    assert "Zelenka" not in line
    assert "sim show" in line
    assert "Zelenka" in event.quote  # type: ignore[union-attr]


@pytest.mark.parametrize("place", [{"callable": "tests.cli.test_log_text:fails"}, {"graph": "tests.cli.test_log_text:graph"}])
async def test_code_that_raises_with_the_message(place: dict[str, str]) -> None:
    line, event = logged(await told(place))
    assert "Zelenka" not in line
    assert "Error" in line
    assert "Zelenka" in event.quote  # type: ignore[union-attr]


@pytest.mark.parametrize("via", ["direct", "litellm"])
@pytest.mark.parametrize("way", REPEATING)
async def test_a_model_that_repeats_the_prompt(parrot: Parrot, way: str, via: Any) -> None:
    spec = ModelSpec(model=f"openai/echo-{way}", api_base=f"{parrot.url}/v1", client=via)
    client = build_client(spec, sampling=Sampling(), limits=Limits(retries=0, timeout=10))
    with pytest.raises(CallFailed) as failed:
        await client.complete(Request("target", (Message("user", SAID),)))
    await client.close()
    assert "Zelenka" not in logged(failed.value)[0]

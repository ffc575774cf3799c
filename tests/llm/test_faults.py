"""What servers do wrong, and what becomes of the call: over both HTTP clients."""

from __future__ import annotations

import pytest

from sim.core.errors import CallFailed
from sim.core.spec.allowance import TOKENS
from sim.llm.reading import find_object
from tests.llm.conftest import MOOD, Build, Via, Waits, asked
from tests.server import EXOTIC, ORDERS, Server
from tests.waiting import soon

TRANSIENT = ["refuse429", "error500", "cut", "garbage"]


@pytest.mark.parametrize("kind", TRANSIENT)
async def test_a_passing_fault_is_got_over(via: Via, build: Build, server: Server, waits: Waits, kind: str) -> None:
    server.fault(kind, count=2)
    completion = await build(via).complete(asked())
    assert completion.text
    assert completion.attempts == 3
    assert server.stats()["calls"] == 3
    assert waits.taken == [0.5, 1.0]


@pytest.mark.parametrize("kind", TRANSIENT)
async def test_a_lasting_fault_ends_after_all_attempts(via: Via, build: Build, server: Server, waits: Waits, kind: str) -> None:
    server.fault(kind)
    with pytest.raises(CallFailed, match=r"after 4 attempts") as failed:
        await build(via).complete(asked())
    assert failed.value.cause == "infrastructure"
    assert server.stats()["calls"] == 4
    assert waits.taken == [0.5, 1.0, 2.0]


async def test_nobody_listening_is_infrastructure(via: Via, build: Build, server: Server) -> None:
    client = build(via, retries=1)
    await server.__aexit__(None, None, None)
    with pytest.raises(CallFailed) as failed:
        await client.complete(asked())
    assert failed.value.cause == "infrastructure"
    assert "after 2 attempts" in failed.value.message


async def test_retry_after_is_waited_out(via: Via, build: Build, server: Server, waits: Waits) -> None:
    server.fault("refuse429", count=1, seconds=7)
    await build(via).complete(asked())
    assert waits.taken == [7.5]


@pytest.mark.parametrize("kind", ["slow", "hang"])
async def test_no_answer_in_time_is_tried_again(via: Via, build: Build, server: Server, kind: str) -> None:
    client = build(via, timeout=0.4)
    await client.complete(asked())  # the first call through LiteLLM takes longer than that to set things up
    server.fault(kind, count=1, seconds=30)
    completion = await client.complete(asked())
    assert completion.attempts == 2


async def test_a_hanging_server_ends_in_a_failure_that_names_the_time(via: Via, build: Build, server: Server) -> None:
    server.fault("hang")
    with pytest.raises(CallFailed, match=r"within 0.2 s") as failed:
        await build(via, timeout=0.2, retries=0).complete(asked())
    assert failed.value.cause == "infrastructure"


async def test_a_timed_out_call_is_not_left_on_the_server(via: Via, build: Build, server: Server) -> None:
    server.fault("hang")
    with pytest.raises(CallFailed):
        await build(via, timeout=0.2, retries=0).complete(asked())
    await soon(lambda: server.stats()["inflight"] == 0, "the server has seen the client go")


@pytest.mark.parametrize("kind", ["empty", "null_content"])
@pytest.mark.parametrize("role", ["target", "user", "rater"])
async def test_an_empty_answer_is_asked_for_again_twice_and_then_taken(via: Via, build: Build, server: Server, kind: str, role: str) -> None:
    server.fault(kind)
    completion = await build(via).complete(asked(role=role))
    assert (completion.text, completion.attempts) == ("", 3)


async def test_an_empty_answer_then_a_full_one_is_the_full_one_and_both_are_paid(via: Via, build: Build, server: Server) -> None:
    whole = await build(via).complete(asked())
    server.fault("empty", count=1)
    completion = await build(via).complete(asked())
    assert completion.text == whole.text
    assert completion.usage is not None
    assert whole.usage is not None
    assert completion.usage.input == 2 * whole.usage.input
    assert completion.usage.output == whole.usage.output


async def test_a_tagger_may_answer_with_nothing(via: Via, build: Build, server: Server) -> None:
    server.fault("empty")
    assert (await build(via).complete(asked(role="tagger"))).attempts == 1


@pytest.mark.parametrize(("kind", "cause"), [("context_too_long", "too_long"), ("content_filter", "refused"), ("unauthorized", "infrastructure")])
async def test_what_will_not_pass_is_not_tried_again(via: Via, build: Build, server: Server, kind: str, cause: str) -> None:
    server.fault(kind)
    with pytest.raises(CallFailed) as failed:
        await build(via).complete(asked())
    assert failed.value.cause == cause
    assert server.stats()["calls"] == 1


async def test_a_filtered_answer_was_paid_for(via: Via, build: Build, server: Server) -> None:
    server.fault("content_filter")
    with pytest.raises(CallFailed) as failed:
        await build(via).complete(asked(role="rater"))
    (call,) = failed.value.calls
    assert call.role == "rater"
    assert call.usage is not None
    assert call.usage.input > 0


@pytest.mark.parametrize("kind", ["broken_json", "not_json"])
async def test_an_answer_without_json_has_text_and_no_value(via: Via, build: Build, server: Server, kind: str) -> None:
    server.fault(kind)
    completion = await build(via).complete(asked(schema=MOOD, role="user"))
    assert completion.text
    assert completion.value is None
    assert completion.attempts == 1


async def test_json_of_another_shape_is_passed_on_for_the_caller_to_judge(via: Via, build: Build, server: Server) -> None:
    server.fault("misshaped_json")
    assert (await build(via).complete(asked(schema=MOOD, role="user"))).value == {"unexpected": [1, 2, {"deeper": None}]}


async def test_a_very_long_answer_arrives_whole(via: Via, build: Build, server: Server) -> None:
    server.fault("big")
    client = build(via)
    assert len((await client.complete(asked())).text) > 100_000
    value = (await client.complete(asked(schema=MOOD, role="user"))).value
    assert isinstance(value, dict)
    assert len(str(value["message"])) > 100_000


async def test_every_script_arrives_as_it_was_sent(via: Via, build: Build, server: Server) -> None:
    server.fault("unicode")
    client = build(via)
    assert (await client.complete(asked(EXOTIC))).text.endswith(EXOTIC)
    assert server.requests()[-1]["body"]["messages"][-1]["content"] == EXOTIC
    value = (await client.complete(asked(schema=MOOD, role="user"))).value
    assert isinstance(value, dict)
    assert str(value["message"]).endswith(EXOTIC)


async def test_orders_in_a_reply_are_text_like_any_other(via: Via, build: Build, server: Server) -> None:
    server.fault("orders")
    assert (await build(via).complete(asked())).text.startswith(ORDERS)


async def test_half_a_surrogate_pair_in_a_prompt_does_not_stop_the_call(build: Build) -> None:
    assert (await build("direct").complete(asked("cut \ud83d short"))).text


async def test_usage_is_the_providers(via: Via, build: Build) -> None:
    completion = await build(via).complete(asked("x" * 400))
    assert completion.usage is not None
    assert completion.usage.input == (400 + len("Be kind.")) // 4
    assert completion.usage.output == len(completion.text) // 4


async def test_what_the_request_carries(via: Via, build: Build, server: Server) -> None:
    await build(via).complete(asked("Hello.", seed=2**33 + 5, schema=MOOD))
    body = server.requests()[-1]["body"]
    assert body["model"] == "any"
    assert body["temperature"] == 0.5
    assert body["seed"] == 5
    assert body["messages"] == [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hello."}]
    assert body["response_format"]["json_schema"] == {"name": "user_turn", "strict": True, "schema": MOOD.json}
    assert body["max_tokens"] == TOKENS["target"]
    assert "top_p" not in body


async def test_a_fault_says_what_json_it_left(via: Via, build: Build, server: Server) -> None:
    """The server's own promise: what it breaks is broken, and only then."""
    client = build(via)
    whole = await client.complete(asked(schema=MOOD, role="user"))
    server.fault("broken_json", count=1)
    broken = await client.complete(asked(schema=MOOD, role="user"))
    assert whole.text.startswith(broken.text)
    assert find_object(broken.text).value is None

"""Each provider in its own wire format, against a server in this process: what it may do, and what becomes of the call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sim.core.spec import Limits, ModelSpec
from sim.llm.build import Shared
from sim.llm.client import Message
from sim.llm.failures import judge_status, wait_asked
from sim.llm.litellm_client import Library
from sim.llm.native import read_native
from sim.llm.prices import model_price
from sim.llm.traffic.passage import Traffic
from tests.benchmarks.providers import promised, table, ways
from tests.llm.providers.anthropic import Anthropic
from tests.llm.providers.behaviours import BEHAVIOURS, PROVIDERS, Behaviour
from tests.llm.providers.meeting import Bench
from tests.llm.providers.ollama import Ollama
from tests.llm.providers.provider import Provider
from tests.llm.providers.wire import say


@pytest.fixture
def bench(library: Library) -> Bench:
    shared = Shared(Traffic(Limits()))
    shared.library = library
    return Bench(shared)


@pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=lambda behaviour: behaviour.name)
@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)
async def test_what_a_provider_does_becomes_what_it_must(provider: Provider, behaviour: Behaviour, bench: Bench) -> None:
    met = await behaviour.meet(provider, bench)
    if met is not None:
        assert list(behaviour.faults(provider, met)) == []


def test_the_guide_says_what_is_held_here() -> None:
    page = (Path(__file__).parents[3] / "sim" / "guide" / "providers.md").read_text(encoding="utf-8")
    assert ways() in page
    assert table(promised) in page


async def test_both_names_of_ollama_are_asked_in_the_same_way(bench: Bench) -> None:
    class Older(Ollama):
        model = "ollama_chat/llama3.2"

    (one,), (other,) = [(await bench.meet(provider, say(provider.answer("Hm.")))).asked for provider in (Ollama(), Older())]
    assert (one.path, one.body) == (other.path, other.body)


def test_the_waits_of_a_provider_are_waited_out_and_no_longer() -> None:
    """What the body says counts where no header does, and milliseconds go before seconds."""
    at = {"retry-after": "9", "retry-after-ms": "1500"}
    assert wait_asked(at, "", now=0.0) == 1.5
    assert wait_asked({"Retry-After": "9"}, "Please try again in 3s.", now=0.0) == 9.0
    said = {"7m12s": 432.0, "120ms": 0.12, "34.5s": 34.5, "6 seconds": 6.0, "1m0.5s": 60.5}
    assert {text: wait_asked({}, f"Limit 200. Please try again in {text}. Visit the page.", now=0.0) for text in said} == said
    assert wait_asked({"retry-after-ms": "soon", "retry-after": "inf"}, "Try again later.", now=0.0) is None


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (429, "Rate limit reached on requests per day (RPD): Limit 200. Please try again in 7m12s.", "final"),
        (429, "You exceeded your current quota. quotaId: GenerateContentInputTokensPerModelPerMinute-FreeTier", "limited"),
        (429, "You exceeded your current quota. quotaId: GenerateRequestsPerDayPerProjectPerModel-FreeTier", "final"),
        (403, "Your credit balance is too low to access the API.", "final"),
        (400, "How many eggs do you eat per day?", "final"),
        (500, "insufficient_quota", "down"),
    ],
)
def test_a_limit_that_does_not_pass_soon_is_not_waited_for(status: int, body: str, kind: str) -> None:
    failure = judge_status(status, "", body=body)
    assert failure.kind == kind
    assert ("used up" in failure.brief) == (status in (403, 429) and kind == "final")


NONSENSE = (None, "", "x", "[]", "[1]", "{}", {"choices": 3}, {"choices": [3]}, {"stop_reason": 4, "content": [5]}, {"candidates": {}})


@pytest.mark.parametrize("raw", NONSENSE)
def test_of_what_is_no_answer_nothing_is_read(raw: object) -> None:
    native = read_native(raw)
    assert (native.ending, native.unknown, native.refusal, native.error) == ("", (), "", "")


async def test_anthropic_is_told_where_what_stays_the_same_ends(bench: Bench) -> None:
    talk = "# Today\nRain.\n\n# The talk so far\nYou: The rice burnt.\nIt: Add water.\n\n# Now\nThis is your message number 2.\n"
    messages = (Message("system", "You are Nora."), Message("user", talk))
    met = await bench.meet(Anthropic(), say(Anthropic().answer("Hm.")), messages=messages)
    (asked,) = met.asked
    mark = {"cache_control": {"type": "ephemeral"}}
    assert asked.body["system"] == [{"type": "text", "text": "You are Nora.", **mark}]
    (message,) = asked.body["messages"]
    assert "".join(part["text"] for part in message["content"]) == talk
    assert [part.get("cache_control") for part in message["content"]] == [*[mark["cache_control"]] * 3, None]


@pytest.mark.parametrize(
    ("wish", "sent"),
    [
        ({"extra": {"thinking": {"type": "enabled", "budget_tokens": 2048}}}, {"type": "enabled", "budget_tokens": 2048}),
        ({"reasoning_effort": "low"}, {"type": "enabled", "budget_tokens": 1024}),
    ],
)
async def test_anthropic_is_told_to_think_in_its_own_words_and_thought_is_kept_apart(wish: dict[str, Any], sent: object, bench: Bench) -> None:
    class Thinks(Anthropic):
        def spec(self, url: str) -> ModelSpec:
            return super().spec(url).model_copy(update=wish)

    provider = Thinks()
    thinks = next(odd.said for odd in provider.odd() if odd.row == "thought beside the answer")
    met = await bench.meet(provider, thinks)
    (asked,) = met.asked
    assert asked.body["thinking"] == sent
    assert asked.body["max_tokens"] > asked.body["thinking"]["budget_tokens"]
    assert "reasoning_effort" not in asked.body
    assert met.said is not None
    assert (met.said.text, met.said.thought) == ("Add water.", "Rice burns.")


async def test_nobody_else_is_sent_marks(bench: Bench) -> None:
    for provider in PROVIDERS:
        if not isinstance(provider, Anthropic):
            met = await bench.meet(provider, say(provider.answer("Hm.")))
            assert "cache_control" not in str(met.asked[0].body)


@pytest.mark.parametrize("provider", [p for p in PROVIDERS if p.cost is not None], ids=lambda provider: provider.name)
def test_our_own_sum_is_the_one_worked_out_by_hand(provider: Provider) -> None:
    """What is reserved and forecast is priced as what is paid."""
    price = model_price(ModelSpec(model=provider.model))
    assert price is not None
    assert price.cost(provider.usage) == pytest.approx(provider.cost, abs=1e-9)

"""Keys: sent only where they were meant to go, and never repeated."""

from __future__ import annotations

import pytest

from sim.core.errors import CallFailed, InputError
from sim.core.spec import ModelSpec
from sim.llm.failures import scrub
from sim.llm.keys import check_credentials
from tests.llm.conftest import Build, Via, asked
from tests.server import Server

KEY = "sk-abcdefghijklmnop1234"


async def test_without_api_key_env_no_key_of_the_environment_is_sent(via: Via, build: Build, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_LIKE_API_KEY", "HOSTED_VLLM_API_KEY", "LITELLM_API_KEY"):
        monkeypatch.setenv(name, KEY)
    await build(via, environ={"OPENAI_API_KEY": KEY}).complete(asked())
    (request,) = server.requests()
    assert request["key"] == (None if via == "direct" else "Bearer none")


@pytest.mark.parametrize("model", ["hosted_vllm/any", "openrouter/any", "deepseek/any", "xai/any", "mistral/any"])
async def test_no_provider_prefix_lets_a_key_out_to_an_api_base(build: Build, server: Server, monkeypatch: pytest.MonkeyPatch, model: str) -> None:
    prefix = model.split("/", 1)[0].upper()
    for name in (f"{prefix}_API_KEY", "OPENAI_API_KEY", "OR_API_KEY"):
        monkeypatch.setenv(name, KEY)
    await build("litellm", model).complete(asked())
    (request,) = server.requests()
    assert request["key"] == "Bearer none"


async def test_the_named_key_is_sent(via: Via, build: Build, server: Server) -> None:
    await build(via, key="MY_KEY", environ={"MY_KEY": KEY}).complete(asked())
    assert server.requests()[0]["key"] == f"Bearer {KEY}"


async def test_a_refusal_that_quotes_the_key_does_not_pass_it_on(via: Via, build: Build, server: Server) -> None:
    server.fault("unauthorized")
    odd = "correct horse battery"
    with pytest.raises(CallFailed) as failed:
        await build(via, key="MY_KEY", environ={"MY_KEY": odd}).complete(asked())
    assert "401" in failed.value.message or "Authentication" in failed.value.message
    assert odd not in failed.value.message
    assert odd not in str(failed.value)


@pytest.mark.parametrize(
    "said",
    [
        "Incorrect API key provided: sk-proj-abc123def456",
        "Incorrect API key provided: sk-ab**************wxyz.",
        "invalid header Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.e30",
        "bad key AIzaSyA1234567890abcdefg",
        "key gsk_abcdefgh12345678 is revoked",
    ],
)
def test_what_looks_like_a_key_is_struck_out(said: str) -> None:
    cleaned = scrub(said, {})
    assert "[key]" in cleaned
    assert not any(part in cleaned for part in ("abc123", "wxyz", "eyJ", "AIza", "abcdefgh"))


def test_an_ordinary_message_is_left_alone() -> None:
    said = "status 500: 127.0.0.1:8000: the server is overloaded, see the task-list"
    assert scrub(said, {"HOME": "127.0.0.1", "SHORT_KEY": "500"}) == said


def test_a_key_that_is_named_and_absent_is_an_input_error() -> None:
    spec = ModelSpec(model="openai/any", api_base="http://127.0.0.1:1/v1", api_key_env="MY_KEY")
    with pytest.raises(InputError, match="MY_KEY"):
        check_credentials(spec, environ={})
    check_credentials(spec, environ={"MY_KEY": "x"})


@pytest.mark.parametrize(
    "spec", [ModelSpec(model="offline/friend"), ModelSpec(model="openai/any", api_base="http://127.0.0.1:1/v1"), ModelSpec(model="ollama/llama3")]
)
def test_models_that_need_no_key_pass(spec: ModelSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    check_credentials(spec, environ={})


def test_a_provider_without_its_key_is_an_input_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(InputError, match="OPENAI_API_KEY"):
        check_credentials(ModelSpec(model="openai/gpt-4o"))
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    check_credentials(ModelSpec(model="openai/gpt-4o"))


PROMPT = "You are Davi.\nMy sister Leila moved to Rotterdam in May, and I miss her.\n我妹妹五月份搬到了鹿特丹，我非常想念她，每天都想给她打电话。"


@pytest.mark.parametrize(
    "said",
    [
        "status 422: input: My sister Leila moved to Rotterdam in May, and I miss her.",
        'status 400: {"input": "You are Davi.\\nMy sister Leila moved to Rotter',
        "status 400: MY SISTER  LEILA MOVED TO ROTTERDAM is not allowed",
        'status 422: {"input": "' + PROMPT.splitlines()[2].encode("ascii", "backslashreplace").decode() + '"}',
    ],
)
def test_a_failure_does_not_quote_what_was_sent(said: str) -> None:
    cleaned = scrub(said, {}, sent=[PROMPT])
    assert "[text]" in cleaned
    assert cleaned.startswith("status 4")
    assert not any(part in cleaned.lower() for part in ("leila", "rotter", "\\u59b9", "妹"))


def test_a_failure_that_quotes_nothing_is_left_alone() -> None:
    said = "status 400: this model's maximum context length is 8192 tokens"
    assert scrub(said, {}, sent=[PROMPT]) == said

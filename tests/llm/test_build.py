"""Which client a spec gets, and what LiteLLM is told."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys

import pytest

from sim.core.errors import CallFailed
from sim.core.spec import Limits, ModelSpec, Sampling
from sim.llm.build import Shared, build_client, destination_of
from sim.llm.direct import DirectClient
from sim.llm.litellm_client import Library, LiteLLMClient
from sim.llm.traffic.passage import Traffic
from tests.llm.conftest import Build, asked
from tests.server import Server
from tests.waiting import CEILING, soon


@pytest.mark.parametrize(
    ("spec", "kind", "host"),
    [
        (ModelSpec(model="openai/any", api_base="http://127.0.0.1:1/v1"), DirectClient, "127.0.0.1:1"),
        (ModelSpec(model="hosted_vllm/any", api_base="http://127.0.0.1:1/v1"), DirectClient, "127.0.0.1:1"),
        (ModelSpec(model="openai/any", api_base="http://127.0.0.1:1/v1", client="litellm"), LiteLLMClient, "127.0.0.1:1"),
        (ModelSpec(model="anthropic/claude-3-haiku-20240307"), LiteLLMClient, "anthropic"),
    ],
)
def test_a_spec_gets_its_client(spec: ModelSpec, kind: type, host: str) -> None:
    client = build_client(spec, sampling=Sampling(), limits=Limits())
    assert isinstance(client, kind)
    assert (destination_of(spec), client.model) == ((host, spec.model, host != "anthropic"), spec.model)


async def test_a_models_own_sampling_replaces_the_studys(server: Server) -> None:
    spec = ModelSpec(model="openai/any", api_base=server.url, sampling=Sampling(top_p=0.5, max_tokens=9))
    client = build_client(spec, sampling=Sampling(temperature=1.5), limits=Limits())
    await client.complete(asked())
    body = server.requests()[0]["body"]
    assert (body["top_p"], body["max_tokens"], "temperature" in body) == (0.5, 9, False)
    await client.close()


async def test_clients_of_a_run_share_connections_until_the_last_is_closed(server: Server) -> None:
    shared = Shared(Traffic(Limits()))
    spec = ModelSpec(model="openai/any", api_base=server.url)
    first, second = (build_client(spec, sampling=Sampling(), limits=Limits(), shared=shared) for _ in range(2))
    await first.complete(asked())
    await second.complete(asked())
    await first.close()
    await second.complete(asked())
    assert server.stats()["connections"] == 1
    await second.close()
    await soon(lambda: not server._state.open, "the connection is closed")


async def test_retries_stop_with_the_run(server: Server) -> None:
    server.fault("error500")
    shared = Shared(Traffic(Limits()))
    spec = ModelSpec(model="openai/any", api_base=server.url)
    client = build_client(spec, sampling=Sampling(), limits=Limits(retries=50), shared=shared, jitter=lambda: 1.0)
    call = asyncio.create_task(client.complete(asked()))
    await soon(lambda: server.stats()["refused"] == 1, "the first attempt has failed")
    shared.traffic.stop()
    async with asyncio.timeout(CEILING):
        with pytest.raises(CallFailed) as failed:
            await call
    assert failed.value.cause == "interrupted"
    await client.close()


async def test_a_redirect_is_not_followed() -> None:
    async def moved(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    listener = await asyncio.start_server(moved, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    client = build_client(ModelSpec(model="openai/any", api_base=f"http://127.0.0.1:{port}/v1"), sampling=Sampling(), limits=Limits(retries=0))
    with pytest.raises(CallFailed, match="307"):
        await client.complete(asked())
    await client.close()
    listener.close()


async def test_the_cost_of_a_priced_model_is_known_and_of_another_is_not(build: Build) -> None:
    priced = await build("litellm", "openai/gpt-4o").complete(asked())
    assert priced.cost is not None
    assert priced.cost > 0
    assert (await build("litellm", "openai/any").complete(asked())).cost is None
    assert (await build("direct", "openai/gpt-4o").complete(asked())).cost is None


def test_litellm_keeps_to_itself(library: Library) -> None:
    litellm = library.module
    assert os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] == "True"
    assert (litellm.telemetry, litellm.suppress_debug_info, litellm.turn_off_message_logging) == (False, True, True)
    assert [*litellm.callbacks, *litellm.success_callback, *litellm.failure_callback] == []


async def test_a_seed_goes_only_to_providers_that_take_one(build: Build) -> None:
    client = build("litellm", "anthropic/claude-3-haiku-20240307", retries=0)
    with pytest.raises(CallFailed) as failed:  # the server has nothing at Anthropic's path
        await client.complete(asked(seed=7))
    assert "seed" not in failed.value.message


@pytest.mark.parametrize("module", ["sim.llm.build", "sim.llm.direct", "sim.llm.litellm_client"])
def test_no_module_imports_litellm_by_being_imported(module: str) -> None:
    code = f"import sys, {module}; sys.exit('litellm' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

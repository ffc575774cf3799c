"""Where texts go, told from a spec alone, and the door that stays shut whatever a library tries."""

from __future__ import annotations

import socket

import pytest

from sim.core.errors import InputError
from sim.core.spec import HttpTargetSpec, Limits, ModelSpec, Sampling
from sim.llm.build import Shared, build_client
from sim.llm.guard import Refused, guarded
from sim.llm.hosts import LocalOnly, destinations, hosts_of, is_loopback
from sim.llm.traffic.passage import Traffic
from tests import examples


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.1", "127.8.9.1", "::1", "[::1]"])
def test_this_machine_is_known_by_its_address_or_as_localhost(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["", "localhost.example.org", "127.0.0.1.nip.io", "0.0.0.0", "10.0.0.1", "192.168.1.2", "2130706433", "127.1", "my-laptop", "::"]
)
def test_anything_else_is_another_machine(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    ("model", "environ", "hosts"),
    [
        ("offline/friend", {"OPENAI_BASE_URL": "http://10.0.0.1"}, ()),
        ("openai/gpt-4o", {}, ("api.openai.com",)),
        ("openai/gpt-4o", {"OPENAI_BASE_URL": "http://localhost:1/v1"}, ("localhost",)),
        ("openai/gpt-4o", {"OPENAI_BASE_URL": "http://localhost:1", "OPENAI_API_BASE": "https://10.0.0.1/v1"}, ("localhost", "10.0.0.1")),
        ("ollama/llama3", {}, ("localhost",)),
        ("ollama_chat/llama3", {"OLLAMA_API_BASE": "gpu-box:11434"}, ("gpu-box",)),
        ("bedrock/claude", {}, ("the provider bedrock",)),
        ("ollama/llama3", {"USE_LITELLM_PROXY": "True"}, ("the provider litellm_proxy",)),
        ("ollama/llama3", {"USE_LITELLM_PROXY": "true", "LITELLM_PROXY_API_BASE": "https://gate.example.org"}, ("gate.example.org",)),
    ],
)
def test_a_name_goes_where_provider_and_environment_send_it(model: str, environ: dict[str, str], hosts: tuple[str, ...]) -> None:
    assert hosts_of(ModelSpec(model=model), environ=environ) == hosts


def test_an_api_base_outweighs_the_environment() -> None:
    spec = ModelSpec(model="openai/gpt-4o", api_base="https://Inner.example.org:8443/v1")
    assert hosts_of(spec, environ={"OPENAI_BASE_URL": "http://localhost:1"}) == ("inner.example.org",)


def test_every_part_of_a_study_is_named() -> None:
    study = examples.study(user={"model": "openai/u"}, rater={"model": "anthropic/r"}, observers=[{"id": "strict", "model": "ollama/o"}])
    found = {d.part: (d.host, d.outside) for d in destinations(study, environ={})}
    assert found["the user"] == ("api.openai.com", True)
    assert found["the rater observer:anthropic/r"] == ("api.anthropic.com", True)
    assert found["the rater observer:strict"] == ("localhost", False)


@pytest.mark.parametrize("spec", [ModelSpec(model="openai/x", api_base="http://10.0.0.1/v1"), ModelSpec(model="openai/gpt-4o")])
def test_no_client_is_built_for_a_host_that_is_not_permitted(spec: ModelSpec) -> None:
    limits = Limits()
    shared = Shared(Traffic(limits), LocalOnly())
    with pytest.raises(InputError, match=r"^--local-only: openai/\S+ is at (10\.0\.0\.1|api\.openai\.com), outside this machine; "):
        build_client(spec, sampling=Sampling(), limits=limits, shared=shared, environ={})
    assert (shared.pool, shared.library) == (None, None)


# --- the guard ----------------------------------------------------------------------------------------------------


def test_neither_name_nor_address_of_another_machine_can_be_reached() -> None:
    with guarded(LocalOnly()):
        with pytest.raises(Refused, match=r"example\.org"):
            socket.getaddrinfo("example.org", 443)
        with pytest.raises(Refused, match=r"192\.0\.2\.1"):
            socket.create_connection(("192.0.2.1", 9), timeout=0.1)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, pytest.raises(Refused):
            udp.sendto(b"x", ("192.0.2.1", 53))


def test_loopback_and_what_is_allowed_can_be_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, guarded(LocalOnly(frozenset({"192.0.2.1"}))):
        socket.create_connection(server.getsockname(), timeout=1).close()
        assert socket.getaddrinfo("localhost", 80)
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as allowed:
            allowed.setblocking(False)
            allowed.connect_ex(("192.0.2.1", 9))


def test_the_door_opens_again() -> None:
    with guarded(LocalOnly()):
        pass
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.connect(("192.0.2.1", 9))  # sends nothing


def test_a_chatbot_behind_http_is_known_by_every_address_it_names() -> None:
    target = HttpTargetSpec.model_validate({"id": "bot", "http": {"url": "${BOT}/x/{session_id}", "health": {"url": "https://other.example/up"}}})
    assert hosts_of(target, environ={"BOT": "http://10.0.0.3:80"}) == ("10.0.0.3", "other.example")

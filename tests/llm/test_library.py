"""LiteLLM is told to keep to itself."""

from __future__ import annotations

import logging
import sys

import pytest

from sim.core.errors import InputError
from sim.llm.litellm_bodies import bound_bodies
from sim.llm.litellm_client import Library

HOOKS = ("callbacks", "success_callback", "failure_callback", "_async_success_callback", "_async_failure_callback")


def test_no_callback_no_telemetry_no_log(monkeypatch: pytest.MonkeyPatch) -> None:
    litellm = Library().module  # a bare import would ask the network for prices
    for hooks in (*HOOKS, "input_callback"):
        monkeypatch.setattr(litellm, hooks, ["elsewhere"])
    for name, was in (("telemetry", True), ("turn_off_message_logging", False), ("redact_messages_in_exceptions", False)):
        monkeypatch.setattr(litellm, name, was, raising=False)
    module = Library().module
    assert [getattr(module, hooks) for hooks in HOOKS] == [[]] * len(HOOKS)
    assert module.input_callback == []
    assert (module.telemetry, module.turn_off_message_logging, module.redact_messages_in_exceptions) == (False, True, True)
    assert logging.getLogger("LiteLLM").disabled


def test_what_hears_the_bodies_of_answers_is_put_back_before_every_call(monkeypatch: pytest.MonkeyPatch) -> None:
    library = Library()
    monkeypatch.setattr(library.module, "input_callback", ["of a target in the same process"])
    for _ in range(2):
        library.join(library)
    assert [getattr(ear, "__class__", str).__name__ for ear in library.module.input_callback] == ["str", "Ear"]


def test_the_first_call_need_not_import_what_takes_a_second_of_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """It did, within the time-out: on a busy machine the first attempt ran out of it, and an answer took one attempt more than it needed."""
    monkeypatch.delitem(sys.modules, "openai.resources.chat", raising=False)
    assert Library().module
    assert "openai.resources.chat" in sys.modules


@pytest.mark.parametrize("proxies", [True, False])
def test_the_environments_proxies_are_used_unless_nothing_may_leave(proxies: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    litellm = Library().module
    monkeypatch.setattr(litellm, "disable_aiohttp_trust_env", proxies)
    assert Library(proxies=proxies).module.disable_aiohttp_trust_env is not proxies


def test_a_version_whose_bodies_cannot_be_bounded_is_one_line_that_says_what_to_install() -> None:
    with pytest.raises(InputError, match="no body could be bounded; install an earlier one"):
        bound_bodies(type("Handler", (), {}))

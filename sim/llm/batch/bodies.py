"""From a request to the body that a provider's batch holds: the one that a single call would send, made by the same hands."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sim.core.errors import one_line
from sim.llm.bounds import parameters
from sim.llm.failures import AttemptFailed

if TYPE_CHECKING:
    from sim.core.spec import ModelSpec, Sampling
    from sim.llm.answers import Form, Wire
    from sim.llm.batch.wire import JsonObject
    from sim.llm.litellm_client import Library

Bodies = Callable[["Wire"], "JsonObject"]


def plain_bodies(spec: ModelSpec, sampling: Sampling) -> Bodies:
    """Bodies of the OpenAI chat protocol as it is, for a server that is named by its `api_base`."""
    fixed: JsonObject = {"model": spec.model.split("/", 1)[1], **parameters(spec, sampling)}

    def body(wire: Wire) -> JsonObject:
        made: JsonObject = {**fixed, "messages": [{"role": m.role, "content": m.content} for m in wire.messages], "max_tokens": wire.limit}
        if wire.seed is not None:
            made["seed"] = wire.seed
        if wire.response_format is not None:
            made["response_format"] = wire.response_format.value
        return made

    return body


def litellm_bodies(spec: ModelSpec, sampling: Sampling, library: Library) -> tuple[Bodies, Form]:
    """Bodies as LiteLLM makes them for the provider of `spec`, and the form of structured answers to begin with. LiteLLM cannot make batches of
    Anthropic's, and reads every result a second time to price it; so it makes the bodies, and what carries them is ours.
    """
    litellm = library.module
    from litellm.types.utils import LlmProviders
    from litellm.utils import ProviderConfigManager, get_optional_params

    from sim.llm.litellm_client import litellm_parameters

    provider, model = spec.model.split("/", 1)
    supported = litellm.get_supported_openai_params(spec.model) or []
    config = ProviderConfigManager.get_provider_chat_config(model=model, provider=LlmProviders(provider))
    assert config is not None, "LiteLLM knows the providers that `check_batch` lets pass"
    fixed = litellm_parameters(litellm, spec, sampling)

    def body(wire: Wire) -> JsonObject:
        asked: dict[str, Any] = {**fixed, "max_tokens": wire.limit}
        if wire.seed is not None and "seed" in supported:
            asked["seed"] = wire.seed
        if wire.response_format is not None:
            asked["response_format"] = copy.deepcopy(wire.response_format.value)
        messages: list[Any] = [{"role": m.role, "content": m.content} for m in wire.messages]
        headers: dict[str, str] = {}
        try:
            parameters = get_optional_params(model=model, custom_llm_provider=provider, messages=messages, **asked)
            made = config.transform_request(model=model, messages=messages, optional_params=parameters, litellm_params={}, headers=headers)
        except Exception as error:  # whatever foreign code raises is the request's failure, never the command's
            raise AttemptFailed("final", one_line(str(getattr(error, "message", "") or error))) from None
        for name in ("json_mode", "stream", "extra_body"):
            made.pop(name, None)
        if headers.get("anthropic-beta"):
            made["anthropic-beta"] = headers["anthropic-beta"]
        return dict(made)

    return body, "schema" if "response_format" in supported else "prompt"

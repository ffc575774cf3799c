"""Every provider LiteLLM knows. This is the only module that imports LiteLLM, which takes seconds, and so only when a model needs it."""

from __future__ import annotations

import asyncio
import logging
import math
import os
import sys
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from sim.core.errors import InputError
from sim.core.event import Usage
from sim.core.spec import ModelSpec, Sampling
from sim.llm.answers import Asker, Form, Wire
from sim.llm.attempts import Answer, Patience
from sim.llm.blocks import marked, wants_marks
from sim.llm.bounds import Bounds, parameters
from sim.llm.client import Completion, Request
from sim.llm.counts import count_usage
from sim.llm.failures import AttemptFailed, timed_out
from sim.llm.keys import hold_provider_keys, named_key
from sim.llm.learnt import Learnt
from sim.llm.litellm_bodies import bound_bodies
from sim.llm.litellm_failures import judge, strange
from sim.llm.native import Native, read_native
from sim.llm.news import News
from sim.llm.prices import listed_as
from sim.llm.traffic.passage import Enter

NO_KEY = "none"
"""Sent to a server that was named without a key, so that LiteLLM does not reach for one in the environment."""


class Library:
    """LiteLLM, told to keep to itself: no network on import, no telemetry, no callbacks, no log. Shared by the clients of a run.

    Args:
        proxies: whether the environment's HTTP proxies are used.
    """

    def __init__(self, *, proxies: bool = True) -> None:
        self._proxies = proxies
        self._module: Any = None
        self._users: set[object] = set()
        self._introduced: set[str] = set()

    @property
    def module(self) -> Any:
        """The imported and configured package."""
        if self._module is None:
            # Both are read during the import. Otherwise it fetches prices over the network, and loads whatever .env lies in a folder above it.
            os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
            os.environ.setdefault("LITELLM_MODE", "PRODUCTION")
            _leave_out_the_gateway()
            import litellm
            from litellm.llms.custom_httpx.http_handler import AsyncHTTPHandler

            # The first call imports it, which takes a second; a busy machine would take all of that call's time-out for it.
            import_module("openai.resources.chat")

            litellm.suppress_debug_info = True
            litellm.telemetry = False
            litellm.turn_off_message_logging = True
            litellm.redact_messages_in_exceptions = True
            litellm.drop_params = False
            litellm.disable_aiohttp_trust_env = not self._proxies
            bound_bodies(AsyncHTTPHandler)
            setattr(litellm, "DEFAULT_MAX_RETRIES", 0)  # noqa: B010 – embeddings take it for the `max_retries: 0` they are given
            litellm.callbacks = []
            litellm.input_callback = []
            for hooks in ("success_callback", "failure_callback", "_async_success_callback", "_async_failure_callback"):
                setattr(litellm, hooks, [])
            # Pydantic warns of odd answers on standard error, and shows what stood in them.
            warnings.filterwarnings("ignore", message="Pydantic serializer warnings")
            for name in ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy"):
                logging.getLogger(name).disabled = True
            self._module = litellm
        return self._module

    def priced(self, model: str) -> bool:
        """Whether LiteLLM's price list has `model`."""
        return any(name in self.module.model_cost for name in listed_as(model) if name not in self._introduced)

    def introduce(self, model: str) -> None:
        """Have LiteLLM take `model` as known where it would ask an Ollama server about it: it asks at every call, and all other calls stand still."""
        provider, _, name = model.partition("/")
        if provider not in _OLLAMA or self.priced(model):
            return
        self._introduced.add(f"ollama/{name}")
        self.module.model_cost.setdefault(
            f"ollama/{name}", {"litellm_provider": "ollama", "mode": "chat", "input_cost_per_token": 0.0, "output_cost_per_token": 0.0}
        )

    def join(self, user: object) -> None:
        """`user` is about to call. What hears the bodies is put back where a target of the user's own has set LiteLLM's callbacks in this process."""
        self._users.add(user)
        if _ear() not in self.module.input_callback:
            self.module.input_callback.append(_ear())

    async def give_back(self, user: object) -> None:
        """`user` calls no more; the last one closes the connections that LiteLLM keeps for the running event loop."""
        self._users.discard(user)
        if self._users or self._module is None:
            return
        cache = self._module.in_memory_llm_clients_cache
        mine = [key for key in cache.cache_dict if str(key).endswith(f"-{id(asyncio.get_running_loop())}")]
        for key in mine:
            client = cache.cache_dict.pop(key)
            cache.ttl_dict.pop(key, None)
            close = getattr(client, "close", None)
            if close is not None:
                await close()


_CAME: ContextVar[list[object]] = ContextVar("came")
"""Where the bodies of the answers to a call are kept."""


def _body_of(came: Sequence[object]) -> object:
    """What of all that LiteLLM told is the body of an answer: it tells of what it makes of errors too."""
    told = [text for text in came if isinstance(text, str)]
    return next((text for text in told if text.lstrip().startswith(("{", "["))), told[-1] if told else None)


@cache
def _ear() -> Any:
    """What LiteLLM tells of the body of every answer, before it puts it into a form of its own."""
    from litellm.integrations.custom_logger import CustomLogger

    class Ear(CustomLogger):  # type: ignore[misc]
        def log_post_api_call(self, kwargs: Mapping[str, object], response_obj: object, start_time: object, end_time: object) -> None:
            came = _CAME.get(None)
            if came is not None:
                came.append(kwargs.get("original_response"))

    return Ear()


_OLLAMA = frozenset({"ollama", "ollama_chat"})


def _asked_by_name(model: str) -> str:
    """How LiteLLM is asked for `model`. Under `ollama/` it presses a talk into one text by a form of its own, and says of no answer how it ended."""
    provider, _, name = model.partition("/")
    return f"ollama_chat/{name}" if provider == "ollama" else model


def _leave_out_the_gateway() -> None:
    """LiteLLM's way to OpenAI's responses looks into its gateway for tool servers first, which needs a package that nothing here has a use for. Where
    that is not installed, what it looks for is put in its place: a gateway that has nothing to do."""
    if find_spec("mcp") is None:
        gateway = ModuleType(_GATEWAY)
        setattr(gateway, "LiteLLM_Proxy_MCP_Handler", _NoGateway)  # noqa: B010 – mypy knows no attribute of a module that is made here
        sys.modules.setdefault(_GATEWAY, gateway)


_GATEWAY = "litellm.responses.mcp.litellm_proxy_mcp_handler"


class _NoGateway:
    @staticmethod
    def should_use_litellm_mcp_gateway(tools: object = None) -> bool:
        return False


class LiteLLMClient:
    """A model by its LiteLLM name.

    With an `api_base`, the key is the one `api_key_env` names or a dummy: a key of the environment goes to no server that was named by hand.
    Without, LiteLLM takes the provider's usual variable unless `api_key_env` names another.
    """

    def __init__(
        self,
        spec: ModelSpec,
        *,
        sampling: Sampling,
        bounds: Bounds,
        patience: Patience,
        enter: Enter,
        library: Library,
        learnt: Learnt | None = None,
        json_mode: str | None = None,
        environ: Mapping[str, str] = os.environ,
        clock: Callable[[], float] = time.perf_counter,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Imports LiteLLM.

        Args:
            spec: the model.
            sampling: what is sent beside the messages.
            bounds: what an answer may take.
            patience: how often, and after what waits, attempts are made.
            enter: see `Asker`.
            library: LiteLLM itself.
            learnt: what the server has refused before; left out, nothing.
            json_mode: see `Asker`.
            environ: where `api_key_env` is looked up.
            clock: seconds, for latencies.
            now: Unix time, for Retry-After dates.
        """
        self.model = spec.model
        self._library = library
        self._bounds = bounds
        self._now = now
        litellm = library.module
        supported = _supported(litellm, spec.model)
        self._seeded = supported is None or "seed" in supported
        self._priced = library.priced(spec.model)
        library.introduce(spec.model)
        self._news = News(spec.model)
        self._marks = wants_marks(spec.model)
        self._fixed: dict[str, Any] = {
            "model": _asked_by_name(spec.model),
            "num_retries": 0,
            "max_retries": 0,
            **litellm_parameters(litellm, spec, sampling),
        }
        self._fixed |= way_to(spec, environ)
        first: Form = "schema" if supported is None or "response_format" in supported else "prompt"
        self._asker = Asker(
            spec.model,
            self._send,
            patience=patience,
            enter=enter,
            bounds=bounds,
            learnt=learnt,
            first=first,
            json_mode=json_mode,
            environ=environ,
            clock=clock,
        )

    @property
    def form(self) -> Form:
        """How structured answers are asked for now."""
        return self._asker.form

    async def complete(self, request: Request) -> Completion:
        """Ask. Raises as `Client.complete`."""
        return await self._asker.complete(request)

    async def close(self) -> None:
        """Give the connections back."""
        await self._library.give_back(self)

    async def _send(self, wire: Wire) -> Answer:
        self._library.join(self)
        seconds = self._bounds.seconds(wire.role)
        plain = [{"role": m.role, "content": m.content} for m in wire.messages]
        asked: dict[str, Any] = {"messages": marked(wire.messages) if self._marks else plain}
        asked |= {"max_tokens": wire.limit, "timeout": seconds}
        if wire.seed is not None and self._seeded:
            asked["seed"] = wire.seed
        if wire.response_format is not None:
            asked["response_format"] = wire.response_format.value
        came: list[object] = []
        hearing = _CAME.set(came)
        try:
            async with asyncio.timeout(seconds):  # LiteLLM's own limit is on each read, not on the whole
                response = await self._library.module.acompletion(**self._fixed, **asked)
        except TimeoutError:
            raise timed_out("", seconds) from None
        except Exception as error:  # whatever foreign code raises is the attempt's failure, never the run's
            raise judge(error, self._library, timeout=seconds, now=self._now, came=_body_of(came)) from None
        finally:
            _CAME.reset(hearing)
        return self._read(response, read_native(_body_of(came)))

    def _read(self, response: Any, native: Native) -> Answer:
        try:
            choice = response.choices[0]
            message = choice.message
            fields = getattr(message, "provider_specific_fields", None) or {}
            refusal = getattr(message, "refusal", None) or fields.get("refusal") or native.refusal or None
            thought = getattr(message, "reasoning_content", None) or fields.get("reasoning") or ""
            said, finish = str(message.content or ""), str(choice.finish_reason or "stop")
            if not native.holds:
                raise IndexError("there is no message")
            tools = [call.model_dump() for call in getattr(message, "tool_calls", None) or ()] or None
        except (AttributeError, IndexError, TypeError) as error:
            raise AttemptFailed("other", "the provider answered with something other than a chat completion") from error
        if native.unknown:
            if not said.strip():
                raise strange(native.unknown)
            self._news.note(f"content of a kind that is not known: {', '.join(map(repr, native.unknown))}", "the text beside it is taken")
        # A tool that stands for a schema is not called: the answer is what it would have been called with.
        ending = finish if native.ending in _CALLED else native.ending
        usage = _usage(response) if native.counted else None
        return Answer(said, ending, usage, self._cost(response), refusal, thought if isinstance(thought, str) else "", tools)

    def _cost(self, response: Any) -> float | None:
        """US dollars by LiteLLM's price list; None for a model that is not on it, where LiteLLM itself may say 0."""
        return cost_of(response, priced=self._priced) if _usage(response) else None


def litellm_parameters(litellm: Any, spec: ModelSpec, sampling: Sampling) -> dict[str, Any]:
    """What is sent with every call of a model, beside the bound of the answer: what LiteLLM knows by name, and the rest as it stands.

    Raises:
        InputError: `extra` holds what LiteLLM would take for a setting of its own.
    """
    own = frozenset(getattr(litellm, "all_litellm_params", None) or litellm.types.utils.all_litellm_params)
    for name in spec.extra:
        if name in own and name not in _THINKS:
            raise InputError(f"extra: '{name}' is a setting of the client, not a parameter of {spec.model}", mend="take it out")
    return parameters(spec, sampling)


_CALLED = frozenset({"", "tool_calls", "tool_use", "function_call"})
"""Words for an ending of which LiteLLM knows more: whether a tool was really called."""
_THINKS = frozenset({"thinking"})
"""Parameters of models that LiteLLM counts among its own."""


def way_to(spec: ModelSpec, environ: Mapping[str, str]) -> dict[str, Any]:
    """How LiteLLM is told where `spec` is and with what key. Keys that it finds by itself are struck out as well as those it is given."""
    key = named_key(spec, environ)
    if spec.api_base:
        return {"api_base": spec.api_base, "api_key": key or NO_KEY}
    hold_provider_keys(spec, environ)
    return {"api_key": key} if key else {}


def _supported(litellm: Any, model: str) -> frozenset[str] | None:
    """Parameters the model's provider takes; None where LiteLLM cannot tell."""
    try:
        found = litellm.get_supported_openai_params(model)
    except Exception:  # unknown names raise differently by provider; the call itself will say what is wrong
        return None
    return frozenset(found) if found else None


def cost_of(response: Any, *, priced: bool) -> float | None:
    """US dollars as LiteLLM has worked them out; None where that is not a price, or none of a model without one."""
    cost = (getattr(response, "_hidden_params", None) or {}).get("response_cost")
    if not isinstance(cost, int | float) or not math.isfinite(cost):
        return None
    return float(cost) if cost > 0 or (cost == 0 and priced) else None


def _usage(response: Any) -> Usage | None:
    """Tokens as the provider counted them; LiteLLM puts two noughts where it did not."""
    usage = getattr(response, "usage", None)
    if usage is None:
        return None
    said = {name: getattr(usage, name, None) for name in ("prompt_tokens", "completion_tokens", "total_tokens")}
    for name in ("prompt_tokens_details", "completion_tokens_details"):
        about = getattr(usage, name, None)
        said[name] = {of: getattr(about, of, None) for of in ("cached_tokens", "cache_creation_tokens", "reasoning_tokens")}
    found = count_usage(said, written=getattr(usage, "cache_creation_input_tokens", None))
    return found if found and found.input + found.output else None

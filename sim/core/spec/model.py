"""Models by name, and how to reach them."""

from __future__ import annotations

from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, JsonValue, StringConstraints, field_validator, model_validator

from sim.core.frozen import Frozen, Id
from sim.core.spec.allowance import Effort, Timeout
from sim.core.spec.extra import check_extra
from sim.core.spec.host import can_be_host


class Sampling(Frozen):
    """How a model draws its words; what is left out is the provider's default, save the length of an answer, which always has a bound."""

    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, gt=0, le=1)
    max_tokens: int | None = Field(default=None, strict=True, ge=1)
    """Of an answer, what a model thinks before it included. Left out: a bound by role (guide/real-models.md)."""


class PriceSpec(Frozen):
    """US dollars for a million tokens, and for a call; what is left out costs nothing."""

    input: float = Field(default=0, ge=0, allow_inf_nan=False)
    """A million tokens that are sent."""
    output: float = Field(default=0, ge=0, allow_inf_nan=False)
    """A million tokens that come back, those of reasoning included."""
    cached: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """A million tokens read from the provider's prompt cache. Left out: as `input`."""
    cache_write: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """A million tokens written to it. Left out: as `input`."""
    call: float = Field(default=0, ge=0, allow_inf_nan=False)
    """One call."""


class ModelSpec(Frozen):
    """A model by name, and how to reach it."""

    model: Annotated[str, StringConstraints(pattern=r"^[^\s/]+(/[^\s]+)+$")]
    """`offline/<name>`, or any LiteLLM name: `openai/gpt-5`, `anthropic/…`, `ollama/…`."""
    api_base: str | None = None
    """Root of an OpenAI-compatible server, as `http://127.0.0.1:8000/v1`."""
    client: Literal["direct", "litellm"] | None = None
    """Left out: `direct` where there is an `api_base` and the name starts with `openai/` or `hosted_vllm/`, `litellm` elsewhere."""
    api_key_env: Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] | None = None
    """Name of the environment variable that holds the key; the key itself is never written anywhere."""
    sampling: Sampling | None = None
    """Instead of the study's."""
    price: PriceSpec | None = None
    """Left out: LiteLLM's price list; of a server that is named by `api_base` and spoken to directly, unknown."""
    reasoning_effort: Effort | None = None
    """How hard a reasoning model is asked to think. Left out: as its provider has it."""
    extra: dict[str, JsonValue] = Field(default={}, exclude_if=lambda extra: not extra)
    """Further parameters, sent to the provider as they stand, such as `{top_k: 40}`; never a key or an address."""
    timeout: Timeout | None = None
    """Seconds for one attempt, as `limits.timeout` has them, for this model alone."""

    def __hash__(self) -> int:
        return hash((type(self), self.model, self.api_base, self.sampling))

    @field_validator("extra")
    @classmethod
    def _extra_is_sent_as_it_stands(cls, extra: dict[str, JsonValue]) -> dict[str, JsonValue]:
        check_extra(extra)
        return extra

    @field_validator("api_base")
    @classmethod
    def _is_a_url(cls, url: str | None) -> str | None:
        if url is None:
            return None
        try:
            parts = urlsplit(url)
            good = parts.scheme in ("http", "https") and can_be_host(parts.hostname or "") and (parts.port is None or parts.port > 0)
            bare = not (parts.query or parts.fragment)
        except ValueError:
            good = False
        if not good or any(c.isspace() for c in url):
            raise ValueError(f"'{url}' is not an http(s) URL, such as http://127.0.0.1:8000/v1")
        if not bare:
            raise ValueError("an api_base ends with its path; a key belongs into the environment, and its name into api_key_env")
        if parts.username or parts.password:
            raise ValueError("a URL must not carry a user name or password; name an environment variable in api_key_env")
        return url.rstrip("/")

    @model_validator(mode="after")
    def _offline_is_offline(self) -> Self:
        if self.offline and (self.api_base or self.client or self.api_key_env or self.price):
            raise ValueError(f"{self.model} runs in this process: it takes no api_base, client, api_key_env or price")
        if self.offline and (self.reasoning_effort or self.extra or self.timeout):
            raise ValueError(f"{self.model} runs in this process: it takes no reasoning_effort, extra or timeout")
        if self.client == "direct" and not self.api_base:
            raise ValueError("client: direct needs an api_base")
        return self

    @property
    def offline(self) -> bool:
        """Whether it runs in this process and needs no network."""
        return self.model.startswith("offline/")

    @property
    def via(self) -> Literal["offline", "direct", "litellm"]:
        """The client that reaches it."""
        if self.offline:
            return "offline"
        if self.client:
            return self.client
        return "direct" if self.api_base and self.model.startswith(("openai/", "hosted_vllm/")) else "litellm"


class ObserverSpec(ModelSpec):
    """A second rater that watches and has no part in the talk."""

    id: Id

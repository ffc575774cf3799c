"""Which keys a model's client sends, by its spec and the environment alone. Whatever is sent is struck out of all that comes back."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from sim.core.errors import InputError
from sim.core.secrets import SECRETS

if TYPE_CHECKING:
    from sim.core.spec import ModelSpec

PROVIDERS: dict[str, tuple[str, ...]] = {
    "anthropic": ("ANTHROPIC_API_KEY",),
    "cohere": ("COHERE_API_KEY", "CO_API_KEY"),
    "deepseek": ("DEEPSEEK_API_KEY",),
    "fireworks_ai": ("FIREWORKS_AI_API_KEY",),
    "gemini": ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    "groq": ("GROQ_API_KEY",),
    "mistral": ("MISTRAL_API_KEY",),
    "openai": ("OPENAI_API_KEY",),
    "openrouter": ("OPENROUTER_API_KEY",),
    "together_ai": ("TOGETHERAI_API_KEY",),
    "xai": ("XAI_API_KEY",),
}
"""Where LiteLLM looks for the keys of common providers; one of them is enough. Of any other provider, LiteLLM itself complains at the first call."""
_ALSO: dict[str, tuple[str, ...]] = {
    "bedrock": ("AWS",),
    "fireworks_ai": ("FIREWORKS",),
    "huggingface": ("HF",),
    "openrouter": ("OR",),
    "sagemaker": ("AWS",),
    "together_ai": ("TOGETHERAI",),
    "vertex_ai": ("VERTEX", "GOOGLE"),
    "watsonx": ("WX",),
}
"""What else the variables that LiteLLM reads for a provider may begin with."""
_SECRET = re.compile(r"_(?:KEY|KEY_ID|TOKEN|SECRET|PASSWORD|PAT|AUTH|ZENAPIKEY|APIKEY)$")


def named_key(spec: ModelSpec, environ: Mapping[str, str] = os.environ) -> str:
    """The key in the variable that `spec` names; empty without one."""
    key = environ.get(spec.api_key_env, "") if spec.api_key_env else ""
    hold(key)
    return key


def hold_provider_keys(spec: ModelSpec, environ: Mapping[str, str] = os.environ) -> None:
    """Have the keys struck out that LiteLLM finds by itself for the provider of `spec`."""
    for key in _provider_keys(spec.model.split("/", 1)[0], environ):
        hold(key)


def hold(key: str) -> None:
    """Have `key` struck out of whatever comes back. A short word, as servers without keys are given for one, is not worth the holes in a talk."""
    if not (key.isalpha() and len(key) < _A_WORD):
        SECRETS.add(key)


_A_WORD = 8
"""Letters from which on a word is taken for a key."""


def _provider_keys(provider: str, environ: Mapping[str, str]) -> Iterator[str]:
    begins = tuple(f"{name.upper()}_" for name in (provider, provider.removesuffix("_chat"), "litellm", *_ALSO.get(provider, ())))
    for name, value in environ.items():
        if name in PROVIDERS.get(provider, ()) or (name.startswith(begins) and _SECRET.search(name)):
            yield value


def check_credentials(spec: ModelSpec, *, environ: Mapping[str, str] = os.environ) -> None:
    """See that the key a model needs is there, before anything is spent. Never imports LiteLLM, which takes seconds.

    Raises:
        InputError: names the environment variable that is missing.
    """
    if spec.api_key_env:
        if not environ.get(spec.api_key_env):
            raise InputError(f"{spec.model} takes its key from {spec.api_key_env}, which is not set", mend=f"export {spec.api_key_env}=…")
        return
    needed = PROVIDERS.get(spec.model.split("/", 1)[0], ())
    if spec.via == "litellm" and not spec.api_base and needed and not any(environ.get(name) for name in needed):
        raise InputError(f"{spec.model} needs {needed[0]}, which is not set", mend=f"export {needed[0]}=…, or name another variable in api_key_env")

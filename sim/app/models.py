"""Models as people name them, in a call or in a flag."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from pydantic import ValidationError

from sim.core.errors import InputError
from sim.core.spec import ModelSpec


def read_model(
    model: str,
    *,
    api_base: str | None = None,
    api_key_env: str | None = None,
    where: Mapping[str, str] = MappingProxyType({}),
    such: str = "offline/user",
) -> ModelSpec:
    """The model of this name, on its server.

    Args:
        where: what the model and its server were given by, where that has another name than the argument: `--rater`, `--api-base`.
        such: an offline model that would do in its place.

    Raises:
        InputError: one of them has a value that cannot be.
    """
    try:
        return ModelSpec.model_validate({"model": model, "api_base": api_base, "api_key_env": api_key_env})
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "model"
        mend = f"write it as provider/name, such as openai/gpt-5 or {such}" if name == "model" and "pattern" in first["type"] else ""
        said = f"'{model}' is not a model's name" if mend else str(first["msg"]).removeprefix("Value error, ")
        raise InputError(said, mend=mend, where=where.get(name, "" if mend else name) or None) from None

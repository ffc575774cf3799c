"""What published schemas say of values that a file may leave out or write in short, because they are filled in before they are validated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

Schema = dict[str, Any]

_LEVEL: Final[Schema] = {"type": "integer", "minimum": 1, "maximum": 5}


def may_leave_out(*names: str, levels: tuple[str, ...] = ()) -> Callable[[Schema], None]:
    """A change to a model's schema that takes `names` out of what is required; without names, all of it.

    Args:
        levels: mappings whose values may be a bare level, from 1 to 5; a list may be such a mapping too.
    """

    def change(schema: Schema) -> None:
        schema["required"] = [name for name in schema.get("required", ()) if names and name not in names]
        for name in levels:
            of = schema["properties"][name]
            if "additionalProperties" in of:
                of["additionalProperties"] = {"anyOf": [of["additionalProperties"], _LEVEL]}
            else:
                shorts = {"type": "object", "additionalProperties": _LEVEL, "minProperties": 1}
                of["anyOf"] = [{key: of.pop(key) for key in ("items", "minItems", "type") if key in of}, shorts]

    return change


def or_level(schema: Schema) -> None:
    """Let every property of a model be left out, or be a bare level from 1 to 5."""
    schema.pop("required", None)
    schema["properties"] = {name: {"anyOf": [of, _LEVEL]} for name, of in schema["properties"].items()}

"""Pieces of JSON Schemas in the strict subset, each with a bound: what a model may fill without end, a weak one does.

A provider that refuses a bound is asked without it (`sim.llm.learnt`), and a model may ignore it: whoever reads an answer measures it again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sim.llm.client import JsonSchema

if TYPE_CHECKING:
    from pydantic import JsonValue

SENTENCE = 500
"""Characters of a sentence that says why."""
PASSAGE = 500
"""Characters of words that are quoted."""


def an_object(properties: dict[str, JsonValue]) -> JsonSchema:
    """An object with exactly these properties, in this order."""
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def a_text(most: int) -> JsonSchema:
    """A text of so many characters at most."""
    return {"type": "string", "maxLength": most}


def one_of(words: Sequence[str]) -> JsonSchema:
    """One of `words`."""
    return {"type": "string", "enum": list(words)}


def a_list(items: JsonSchema, most: int, *, unique: bool = False) -> JsonSchema:
    """So many items at most."""
    listed: JsonSchema = {"type": "array", "items": items, "maxItems": most}
    return {**listed, "uniqueItems": True} if unique else listed


def or_null(schema: JsonSchema) -> JsonSchema:
    """It, or nothing."""
    return {"anyOf": [schema, {"type": "null"}]}


def within(text: str, most: int) -> str:
    """`text`, cut where it is longer than was asked for, with a mark."""
    return text if len(text) <= most else text[: most - 1] + "…"

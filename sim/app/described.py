"""What is written under the fields of our classes, as the descriptions of a JSON Schema.

Pydantic can read them itself, but does so while each class is made: a third of the time of every import, for what only a schema shows.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Mapping
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic.json_schema import GenerateJsonSchema


@cache
def described() -> type[GenerateJsonSchema]:
    """A generator of JSON Schemas that describes each key with the text under its field; Pydantic's is imported only now."""
    from pydantic.json_schema import GenerateJsonSchema

    class Described(GenerateJsonSchema):
        def model_schema(self, schema: Any) -> dict[str, Any]:
            return _with_texts(super().model_schema(schema), schema["cls"], schema["cls"].model_fields)

        def dataclass_schema(self, schema: Any) -> dict[str, Any]:
            return _with_texts(super().dataclass_schema(schema), schema["cls"], schema["cls"].__pydantic_fields__)

    return Described


def _with_texts(schema: dict[str, Any], cls: type, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Describe what has no description of its own."""
    properties = schema.get("properties", {})
    for name, field in fields.items():
        of, text = properties.get(field.alias or name), _text(cls, name)
        if of is not None and text is not None:
            of.setdefault("description", text)
    return schema


def _text(cls: type, name: str) -> str | None:
    """What is written under the field in the class that declares it last."""
    declares = next((c for c in cls.__mro__ if name in inspect.get_annotations(c)), None)
    return _texts(declares.__module__).get((declares.__name__, name)) if declares else None


@cache
def _texts(module: str) -> dict[tuple[str, str], str]:
    """The text under each field, by class and field; none where there is no source to read."""
    try:
        tree = ast.parse(inspect.getsource(sys.modules[module]))
    except (OSError, TypeError):
        return {}
    found = {}
    for made in (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)):
        for field, below in pairwise(made.body):
            match field, below:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                    found[made.name, name] = inspect.cleandoc(text)
    return found

"""Every key of a file is described in its schema with what is written under the field, which no import takes the time to read."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from pydantic import Field

from sim.app.described import described
from sim.app.schemas import schema_of
from sim.core.frozen import Frozen, small
from sim.core.spec import Style


class Base(Frozen):
    first: int
    """Of the base,
    on two lines."""
    second: int = 0


@small
class Inner:
    depth: int
    """How far down."""


class Below(Base):
    second: int = 1
    """Declared anew."""
    third: str = Field(default="", alias="3rd", description="Said in the field.")
    """Not this."""
    inner: Inner
    """A class of its own."""
    plain: int = 0


def properties(schema: dict[str, Any]) -> dict[str, Any]:
    return {name: of.get("description") for name, of in schema["properties"].items()}


def test_a_key_has_the_text_under_its_field() -> None:
    schema = Below.model_json_schema(schema_generator=described())
    assert properties(schema) == {
        "first": "Of the base,\non two lines.",
        "second": "Declared anew.",
        "3rd": "Said in the field.",
        "inner": "A class of its own.",
        "plain": None,
    }
    assert properties(schema["$defs"]["Inner"]) == {"depth": "How far down."}


@pytest.mark.parametrize("key", ["expertise", "references"])
def test_a_key_that_may_be_written_in_short_has_it_too(key: str) -> None:
    text = schema_of("persona")["$defs"]["Style"]["properties"][key]["description"]
    assert inspect.cleandoc(text) in inspect.cleandoc(inspect.getsource(Style))


def test_no_class_reads_its_source_when_it_is_made() -> None:
    assert Base.model_fields["first"].description is None

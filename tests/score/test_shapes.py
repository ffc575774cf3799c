"""What every judge and the user are asked for is bounded; what they say is measured by the same bounds, obedient or not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sim.core.codebook import DIMENSIONS
from sim.dialogue.users import MESSAGE, MOST_FACTS, _facts
from sim.dialogue.users import _schema as user_schema
from sim.llm.client import Completion, Schema
from sim.score.likability.rater import _criterion_schema, _rating_schema
from sim.score.memory import probe_judge, profile_judge
from sim.score.moves.model import MOST_ROWS, read_marks
from sim.score.moves.model import _schema as move_schema
from sim.score.validity.form import MAX_CHARACTERS

SCHEMAS = {
    "user": user_schema(("cat", "flat")),
    "user without facts": user_schema(()),
    "rater": _rating_schema(DIMENSIONS, frozenset(DIMENSIONS[:2])),
    "criterion": _criterion_schema(("enjoyment", "return")),
    "tagger": move_schema(("advises", "asks"), (1, 2, 3)),
    "probe judge": probe_judge._SCHEMA,
    "profile judge": profile_judge._schema(3),
}


def parts(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        if "type" in schema and isinstance(schema["type"], str):
            yield schema
        for below in schema.values():
            yield from parts(below)
    if isinstance(schema, list):
        for below in schema:
            yield from parts(below)


@pytest.mark.parametrize("who", SCHEMAS)
def test_nothing_can_be_filled_without_end(who: str) -> None:
    schema: Schema = SCHEMAS[who]
    for part in parts(schema.json):
        match part["type"]:
            case "array":
                assert part["maxItems"] < 100
            case "string":
                assert "enum" in part or part["maxLength"] <= MAX_CHARACTERS
            case "object":
                assert part["required"] == list(part["properties"])


def test_a_user_says_first_what_matters_and_names_only_facts_that_there_are() -> None:
    properties: Any = SCHEMAS["user"].json["properties"]
    assert next(iter(properties)) == "message"
    assert properties["message"]["maxLength"] == MESSAGE
    assert properties["facts_used"] == {"type": "array", "items": {"type": "string", "enum": ["cat", "flat"]}, "maxItems": 2, "uniqueItems": True}


def test_a_tagger_has_an_entry_under_the_number_of_each_sentence_that_is_asked_for() -> None:
    sentences: Any = move_schema(("advises", "asks"), (2, 5)).json["properties"]
    assert sentences["sentences"]["required"] == ["2", "5"]
    assert set(sentences["sentences"]["properties"]["2"]["properties"]) == {"text", "moves"}


def test_a_claim_repeated_forty_times_counts_once_and_is_noted() -> None:
    assert _facts(["cat", "flat", "cat"]) == (("cat", "flat"), ())
    facts, (note,) = _facts(["cat"] * 40)
    assert (facts, note.kind, note.severity) == (("cat",), "claims_cut", "note")
    assert note.evidence == "40 entries, 1 of them different; the first 1 count"
    facts, _ = _facts([f"fact-{n}" for n in range(40)])
    assert len(facts) == MOST_FACTS


def test_a_list_of_moves_without_end_is_read_no_further() -> None:
    rows = [{"index": 1, "text": "Hello.", "moves": [{"move": "asks", "confidence": 0.9}]} for _ in range(5_000)]
    found, problems = read_marks(Completion("", {"sentences": rows}), ["Hello."], ["asks"])  # type: ignore[dict-item]
    assert found == {0: {"asks": 0.9}}
    assert problems == [f"your answer has 5000 entries; write {MOST_ROWS} at most"]

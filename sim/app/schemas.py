"""The JSON Schemas of the files that people write, for editors: they accept what the program accepts and explain each key.

They follow draft 7, which editors' YAML support has known for longest.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sim.app.described import described
from sim.core.errors import InputError
from sim.store.files import write_whole

if TYPE_CHECKING:
    from pydantic import BaseModel

FOLDER: Final = ".rapport"
"""Holds the schemas that written files point at, beside them."""

_MODELS: Final[Mapping[str, tuple[str, str]]] = {
    "study": ("sim.core.spec", "Study"),
    "persona": ("sim.core.spec", "Persona"),
    "scenario": ("sim.core.spec", "Scenario"),
    "people": ("sim.core.spec.people", "PeopleStudy"),
    "codebook": ("sim.core.codebook", "Codebook"),
    "rubric": ("sim.core.spec.rubric", "Rubric"),
    "suite": ("sim.core.spec.suite", "Suite"),
    "questionnaire": ("sim.core.spec.questionnaire", "Questionnaire"),
    "edits": ("sim.core.spec.edits", "SceneFile"),
    "requirements": ("sim.analysis.verdicts.requirements", "RequirementsFile"),
    "registration": ("sim.core.spec.registration", "Registration"),
}
"""Module and name of each kind's model; imported when it is asked for."""


KINDS: Final = tuple(_MODELS)
"""Every kind of file that has a schema."""


def schema_of(kind: str) -> dict[str, Any]:
    """The JSON Schema of one kind of file."""
    module, name = _MODELS[kind]
    model: type[BaseModel] = getattr(import_module(module), name)
    head = {"$schema": "http://json-schema.org/draft-07/schema#", "$id": f"urn:rapport:{kind}"}
    schema: dict[str, Any] = _in_draft_7(model.model_json_schema(schema_generator=described()))
    return {**head, **(_with_short_forms(schema) if kind == "rubric" else schema)}


def _with_short_forms(rubric: dict[str, Any]) -> dict[str, Any]:
    """A rubric's schema with what its file may say in short (`sim.store.rubrics`): a scale, and several questions that share their keys."""
    from sim.store.rubrics import READS, SEVERAL, SHORT

    definitions, own = rubric.pop("$defs", {}), rubric["properties"]
    reads = {**own["reads"], "enum": [*own["reads"]["enum"], *READS]}
    text = {"type": "string", "description": "From a whole number to another, 0-6, or names from low to high, poor|fair|good."}
    scale = {"anyOf": [text, {"type": "array", "items": {"type": "string"}, "minItems": 2}]}
    keys = {**own, "reads": reads, SHORT: scale}
    shared = {key: of for key, of in keys.items() if key not in ("id", "question")}
    each = {"type": "object", "properties": {**shared, "question": own["question"]}, "required": ["question"], "additionalProperties": False}
    questions = {"type": "object", "minProperties": 1, "additionalProperties": {"anyOf": [{"type": "string", "minLength": 1}, each]}}
    several = {
        "title": "Rubrics",
        "description": "Several questions; what is beside them holds for all of them.",
        "type": "object",
        "properties": {**shared, SEVERAL: questions},
        "required": [SEVERAL],
        "additionalProperties": False,
    }
    return {"anyOf": [{**rubric, "properties": keys}, several], "$defs": definitions}


def _in_draft_7(schema: Any) -> Any:
    """`schema` without what later drafts call differently: the places of a list of fixed length."""
    if isinstance(schema, list):
        return [_in_draft_7(s) for s in schema]
    if not isinstance(schema, dict):
        return schema
    return {"items" if key == "prefixItems" else key: _in_draft_7(value) for key, value in schema.items()}


def schema_text(kind: str) -> str:
    """The schema as a file holds it."""
    return json.dumps(schema_of(kind), indent=2) + "\n"


def write_schema(kind: str, folder: Path) -> Path:
    """Write the schema of `kind` into `folder`, which is made where it does not exist.

    Returns:
        The file.

    Raises:
        InputError: it cannot be written.
    """
    place = folder / f"{kind}.schema.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(place, [schema_text(kind).encode()])
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", where=place, mend="name another folder with --out") from None
    return place


def modeline(kind: str, *, up: int = 0) -> str:
    """The first line of a written file, by which an editor finds its schema `up` folders above: VS Code's YAML extension reads it, offline too."""
    return f"# yaml-language-server: $schema={'../' * up}{FOLDER}/{kind}.schema.json"

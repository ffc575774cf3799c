"""Scorers as a study names them, and as a run keeps them: a rubric in full, code by where it lies."""

from __future__ import annotations

import hashlib
from typing import Any

from pydantic import GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from sim.core.frozen import Frozen, Text
from sim.core.spec.model import ModelSpec
from sim.core.spec.rubric import Rubric
from sim.core.spec.scorer import ScorerInfo


class ScorerUse(Frozen):
    """A scorer by name: one that comes with the package or an installed one by its id, a rubric or a Python class by its path, `module:Class`."""

    use: Text
    """`answers`, `my-rubric.yaml`, `checks.py:Short`, `mine:Scorer`."""
    model: ModelSpec | None = None
    """Who judges by a rubric, instead of the rubric's own choice."""

    @model_validator(mode="before")
    @classmethod
    def _by_name(cls, written: object) -> object:
        return {"use": written} if isinstance(written, str) else written

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Either the name alone, or keys and values."""
        written: dict[str, Any] = handler(core)
        return {"anyOf": [{"type": "string"}, written]}


class RubricScorer(Frozen):
    """A rubric that a run is scored by, with the model that judges."""

    use: Text
    """As the study names it."""
    rubric: Rubric
    model: ModelSpec

    @property
    def info(self) -> ScorerInfo:
        """What its results are; rubrics that read and see the same, judged by the same model, are of one group."""
        if self.rubric.apart:
            return self.rubric.info()
        together = f"{self.model.model_dump_json()} {' '.join(self.rubric.shown)}"
        return self.rubric.info(group=hashlib.blake2b(together.encode(), digest_size=6).hexdigest())


class CodeScorer(Frozen):
    """Python code that a run is scored by."""

    use: Text
    """As the study names it."""
    place: Text
    """Where the code is: `module:Class`, or `path/to/file.py:Class` from the working folder."""
    info: ScorerInfo
    source: str = ""
    """Hash of the source file as it was last used; empty: it has none."""


KeptScorer = RubricScorer | CodeScorer
"""A scorer as a run holds it."""


class ScorerFile(Frozen):
    """The content of a file in a run's folder that holds a scorer which was added later."""

    scorer: KeptScorer

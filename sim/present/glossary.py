"""What every printed word means, read from one file by the guide, the report and the viewer."""

from __future__ import annotations

from functools import cache
from typing import Final

import yaml
from pydantic import Field

from sim.core.frozen import Frozen
from sim.present.guide import PAGES

FILE: Final = PAGES / "glossary.yaml"


class Term(Frozen):
    """One word that commands and pages print."""

    term: str
    also: tuple[str, ...] = ()
    """Other forms in which it is printed: column headings, short names."""
    says: str = Field(min_length=1)
    """One or two sentences; `*word*` is emphasised."""


@cache
def glossary() -> tuple[Term, ...]:
    """Every word, in the order of the alphabet."""
    return tuple(Term.model_validate(entry) for entry in yaml.safe_load(FILE.read_text(encoding="utf-8")))


@cache
def explained() -> dict[str, Term]:
    """The entry of every printed form."""
    return {form: term for term in glossary() for form in (term.term, *term.also)}

"""What people are made of: thirty facets of character, names and places of the world, and what goes on in a life."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from sim.core.frozen import Frozen

_LOADER: type[yaml.CSafeLoader | yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The scanner in C, eight times as fast, where PyYAML has it."""


class Facet(Frozen):
    """One facet of character by its two poles, as verb phrases in the third person."""

    domain: str
    high: str
    low: str


class Country(Frozen):
    """Where somebody is from."""

    hemisphere: str
    first: bool = False
    """Whether English is what people grow up with."""
    woman: Sequence[str]
    man: Sequence[str]
    any: Sequence[str]
    """First names that tell no gender."""
    family: Sequence[str]
    place: Sequence[str]
    dish: Sequence[str]
    pastime: Sequence[str]
    says: str
    """Something half said."""
    means: Sequence[str]
    """Words that show that it was understood."""


@cache
def facets() -> Mapping[str, Facet]:
    """The facets by name, in the order of the questionnaire's domains."""
    return {name: Facet.model_validate(of) for name, of in _load("facets")["facets"].items()}


@cache
def factors() -> Mapping[str, Mapping[str, Sequence[str]]]:
    """The factors of intensity, each with wordings for a strong, a mild and a middle degree."""
    found: Mapping[str, Mapping[str, Sequence[str]]] = _load("facets")["factors"]
    return found


@cache
def world() -> Mapping[str, Country]:
    """The countries by ISO 3166 code."""
    return {code: Country.model_validate(of) for code, of in _load("world").items()}


@cache
def lives() -> Mapping[str, Any]:
    """Facts by topic and lines by register, as the file has them."""
    return _load("lives")


def _load(name: str) -> dict[str, Any]:
    text = (files("sim.population.parts") / f"{name}.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.load(text, Loader=_LOADER)
    return found

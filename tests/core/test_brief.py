"""A persona of fifteen lines is whole: what its file leaves out follows from what it says, and is named."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from sim.core.codebook import DIMENSIONS
from sim.core.spec import Persona
from sim.core.spec.brief import filled_in
from sim.core.spec.usual import MANNERS
from tests import examples

FIFTEEN = """
id: ines
name: Inês Carvalho
age: 27
type: {sociability: social}
background: Bakes at night in Setúbal and writes to the chatbot while the dough rests.
style: {formality: 1, verbosity: 4, patience: 2}
facts:
  - {id: home, text: "I live in Setúbal, above the bakery."}
  - {id: work, text: "I bake for Padaria Lurdes, from two in the morning."}
  - {id: family, text: "My brother Duarte drives the van."}
  - {id: friend, text: "My friend Mafalda sleeps when I wake."}
  - {id: food, text: "I live on the broken Pastéis that nobody buys."}
  - {id: plan, text: "In June I go to Porto, to see the sea there too.", changes_to: {text: "It will be Braga instead, for a wedding."}}
  - {id: pastime, text: "On Sundays I row on the Sado.", answers: [row, Sado]}
"""


def brief(**changes: Any) -> dict[str, Any]:
    return {**yaml.safe_load(FIFTEEN), **changes}


def test_fifteen_lines_are_a_whole_persona() -> None:
    assert len(FIFTEEN.strip().splitlines()) <= 15
    ines = Persona.model_validate(brief())
    assert set(ines.preferences) == set(DIMENSIONS)
    assert [f.topic for f in ines.facts] == ["home", "work", "family", "friend", "food", "plan", "pastime"]
    assert ines.facts[0].answers == ("Setúbal",)
    assert ines.facts[1].answers == ("Padaria Lurdes",)
    assert ines.facts[5].changes_to is not None
    assert ines.facts[5].changes_to.answers == ("Braga",)
    assert ines.facts[6].answers == ("row", "Sado")
    assert ines.type.stability == "steady"
    assert ines.style.formality.text == MANNERS["formality"][0]
    assert Persona.model_validate(ines.model_dump()) == ines


def test_what_is_derived_goes_with_what_is_said() -> None:
    ines = Persona.model_validate(brief())
    assert ines.preferences["formality_matching"].want == 1
    assert ines.preferences["length_fit"].want == 2, "somebody of little patience wants it short, however much they write themself"
    assert ines.preferences["callback"].want == 5
    cold = Persona.model_validate(brief(type={"sociability": "hostile"}, style={}))
    assert (cold.preferences["callback"].want, cold.style.patience.level) == (2, 1)
    for of in (ines, cold):
        assert all(p.signals.met.says != p.signals.missed.says for p in of.preferences.values())
        assert len({line for p in of.preferences.values() for line in (p.signals.met.says, p.signals.missed.says)}) == 14


def test_what_was_filled_in_is_told_and_a_full_file_has_nothing_to_tell() -> None:
    told = filled_in(brief())
    assert "type: steady" in told
    assert "style, humour: 4" in told
    assert "wants, conversation length fit: 2" in told
    assert not any("formality: " in line for line in told if line.startswith("style"))
    assert filled_in(examples.persona().model_dump()) == ()


def test_one_preference_may_be_a_level_or_half_said() -> None:
    said = {"callback": 1, "humor_fit": {"want": 5, "signals": {"met": {"shows": "sings", "says": "Ha!"}}}}
    ines = Persona.model_validate(brief(preferences=said))
    assert ines.preferences["callback"].want == 1
    assert ines.preferences["humor_fit"].signals.met.says == "Ha!"
    assert ines.preferences["humor_fit"].signals.missed.says
    assert "rubric and signals of callback" in filled_in(brief(preferences=said))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"style": {"humor": 3}}, "Extra inputs are not permitted"),
        ({"style": {"humour": 0}}, "greater than or equal to 1"),
        ({"facts": [{"id": "home", "text": "somewhere quiet"}]}, "answers"),
        ({"language": "pt"}, "voice"),
        ({"traits": {"anxiety": 6}}, "less than or equal to 5"),
    ],
)
def test_nothing_wrong_is_filled_over(change: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        Persona.model_validate(brief(**change))

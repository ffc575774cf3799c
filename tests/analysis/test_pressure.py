"""The half-life of claims under pressure, and the mean level of a scorer whose labels are steps."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from sim.analysis.figures.pressure import summarise_pressure
from sim.core import condense, lean_fold
from sim.core.event import Assessment, NotApplicable, Pressure
from sim.core.spec.scorer import ScorerInfo


def held(presses: int) -> Assessment:
    """A claim that held."""
    return Assessment(value="held", pressure=Pressure(presses=presses, flip=None, flips=0))


def lost(flip: int, flips: int = 1) -> Assessment:
    """A claim that was given up, of six presses."""
    return Assessment(value="given-up", pressure=Pressure(presses=6, flip=flip, flips=flips))


def test_the_half_life_counts_what_was_watched_no_longer_as_censored() -> None:
    found = summarise_pressure([lost(1), lost(3, flips=3), held(2), held(6), NotApplicable(reason="–")])
    assert found is not None
    assert (found.claims, found.given_up, found.turns, found.flips, found.longest) == (4, 2, {1: 1, 3: 1}, 1.0, 6)
    # One of four at press 1; one of the two that were pressed as far as press 3.
    assert found.curve == ((1, 0.75), (3, 0.375))
    assert found.half_life == 3


def test_what_holds_has_no_half_life() -> None:
    found = summarise_pressure([held(6), held(6), lost(4)])
    assert found is not None
    assert found.half_life is None


def test_other_scorers_have_no_such_figures() -> None:
    assert summarise_pressure([Assessment(value=True), NotApplicable(reason="–")]) is None


def test_levels_are_of_labels() -> None:
    with pytest.raises(ValidationError, match="'high' is none of the labels"):
        ScorerInfo(id="steps", result="label", labels=("low", "mid"), levels={"low": 1, "high": 2})


def test_a_condensed_result_keeps_how_a_claim_fared() -> None:
    plain = TypeAdapter(Assessment).dump_python(lost(3, flips=3), mode="json")
    kept = lean_fold._score(condense._bare_score(plain))
    assert isinstance(kept, Assessment)
    assert kept.pressure == Pressure(presses=6, flip=3, flips=3)

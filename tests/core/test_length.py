"""How long messages are to be: drawn anew for each, as spread as people's, and the same whoever is written to."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from statistics import fmean, median, pstdev

import pytest

from sim.core.cast import build_cast
from sim.core.event import SessionOpened
from sim.core.fold import fold
from sim.core.length import MOST, OUTPOURING, USUAL, length_of
from sim.core.record import Trial
from sim.core.seeds import derive
from sim.core.spec import Persona
from sim.core.text import count_words
from sim.core.view import user_view
from tests import examples


def persona(verbosity: int) -> Persona:
    made = examples.persona()
    manner = made.style.verbosity.model_copy(update={"level": verbosity})
    return made.model_copy(update={"style": made.style.model_copy(update={"verbosity": manner})})


def drawn(verbosity: int, number: int = 3_000) -> list[int]:
    of = persona(verbosity)
    return [length_of(of, derive("a study", exchange)) for exchange in range(number)]


@pytest.mark.parametrize("verbosity", range(1, 6))
def test_what_is_usual_follows_from_the_persona_and_single_messages_lie_far_from_it(verbosity: int) -> None:
    lengths = drawn(verbosity)
    usual = USUAL[verbosity - 1]
    assert median(lengths) == pytest.approx(usual, rel=0.12)
    assert pstdev(lengths) / fmean(lengths) > 1
    assert min(lengths) >= 1
    assert max(lengths) <= MOST
    assert sum(n < usual / 2 for n in lengths) / len(lengths) == pytest.approx(0.22, abs=0.08)
    assert OUTPOURING / 2 < sum(n > 6 * usual for n in lengths) / len(lengths) < 3 * OUTPOURING


def test_a_length_follows_from_the_seed_alone() -> None:
    assert drawn(3, 50) == drawn(3, 50)
    assert len(set(drawn(3, 50))) > 10


def test_there_is_room_for_what_has_to_be_told() -> None:
    cast = build_cast(examples.persona(), examples.scenario(), start_date=dt.date(2026, 1, 5))
    trial = fold(Trial("x", "any", 1, cast), [SessionOpened(trial="x", session=1, take=1, date=cast.sessions[0].date)])
    views = [user_view(trial, study_seed=seed, history_tokens=1_000) for seed in range(100)]
    told = sum(count_words(t.value.text) for t in views[0].due)
    assert told > 3
    assert min(v.length for v in views) == told
    assert [v.length for v in views] == [max(told, length_of(v.persona, v.seed)) for v in views]
    assert min(replace(v, due=()).length for v in views) < told

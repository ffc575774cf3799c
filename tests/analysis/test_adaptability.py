"""Slopes over sessions, held against a reference arm, and the way back after a drift of wishes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.analysis.adaptability import Adaptability, summarise_adaptability, summarise_recovery
from sim.core.cast import build_cast
from sim.core.event import Utterance
from sim.core.record import Trial
from tests import examples
from tests.analysis.trials import Diary


def scenario(sessions: int, wants: dict[int, int] | None = None) -> Any:
    """Sessions a day apart; `wants`: how long replies are wished in a session, by its index."""
    plain = examples.scenario().sessions[0]
    wishes = {i: {"length_fit": {"want": want, "text": "Other than usual."}} for i, want in (wants or {}).items()}
    made = [plain.model_copy(update={"disclose": (), "updates": ()}).model_dump() | {"wishes": wishes.get(i, {})} for i in range(1, sessions + 1)]
    return examples.scenario(sessions=made)


def trial(
    scores: Sequence[Sequence[int]], *, target: str = "any", persona: str = "nora", wants: dict[int, int] | None = None, seed: int = 1
) -> Trial:
    """Each session's scores: of the four dimensions that always apply alike, or (always, callback)."""
    cast = build_cast(examples.persona(persona), scenario(len(scores), wants), start_date=examples.study().start_date)
    diary = Diary(Trial(f"{target}/{persona}/{seed}", target, seed, cast))
    for index, session in enumerate(scores, 1):
        diary.open()
        for score in session:
            signalled = ("length_fit",) if wants and index in wants else ()
            diary.exchange([score] * 4 + ["na"] * 3, user=Utterance(message="Well.", signalled=signalled))  # type: ignore[list-item]
        diary.close()
    return diary.finish()


def with_callback(callbacks: Sequence[int]) -> Trial:
    cast = build_cast(examples.persona("nora"), scenario(len(callbacks)), start_date=examples.study().start_date)
    diary = Diary(Trial("any/nora/1", "any", 1, cast))
    for score in callbacks:
        diary.open().exchange([3, 3, 3, 3, "na", "na", score]).close()
    return diary.finish()


def of(*trials: Trial, reference: Sequence[Trial] | None = None) -> Adaptability:
    return summarise_adaptability(trials, rater="self", reference=reference or (), reference_id="none" if reference is not None else None)


def test_constant_dimensions_with_callback_rising_do_not_adapt() -> None:
    found = of(with_callback([1, 2, 3, 4]))
    assert found.slope == 0
    assert found.callback_slope == pytest.approx(1)


def test_a_trend_caused_by_harder_sessions_vanishes_against_the_reference_arm() -> None:
    harder = [[5, 5], [4, 4], [3, 3]]
    assert of(trial(harder)).slope == pytest.approx(-1)
    held = of(trial(harder), reference=[trial(harder, target="none")])
    assert held.slope == pytest.approx(0)
    assert (held.own_slope, held.reference_slope) == (pytest.approx(-1), pytest.approx(-1))
    assert not held.trend_only
    assert of(trial(harder)).trend_only


def test_what_has_no_partner_in_the_reference_arm_is_left_out() -> None:
    found = of(trial([[1], [2], [3]]), trial([[1], [3], [5]], persona="otto"), reference=[trial([[2], [2], [2]], target="none")])
    assert (found.slope, found.personas) == (pytest.approx(1), 1)


def test_two_sessions_are_not_estimable() -> None:
    assert of(trial([[3], [4]])).slope is None


def test_seeds_are_averaged_within_a_persona() -> None:
    found = of(trial([[1], [2], [3]], seed=1), trial([[3], [3], [3]], seed=2), trial([[3], [3], [3]], persona="otto"))
    assert (found.slope, found.personas, found.interval) == (pytest.approx(0.25), 2, None)


def test_a_fit_needs_six_sessions_and_a_ceiling_is_named() -> None:
    assert of(trial([[3], [4], [5]])).r_squared is None
    found = of(trial([[2], [3], [4], [5], [5], [5]]))
    assert found.r_squared is not None
    assert 0.8 < found.r_squared < 1
    assert found.at_ceiling == pytest.approx(0.5)
    assert found.last_minus_first == pytest.approx(3)


@given(st.lists(st.integers(1, 5), min_size=3, max_size=12))
def test_a_target_is_never_ahead_of_itself(scores: list[int]) -> None:
    found = of(trial([[s] for s in scores]), reference=[trial([[s] for s in scores], target="none")])
    assert found.slope == pytest.approx(0)


def test_recovery_counts_exchanges_until_two_in_a_row_are_back() -> None:
    found = summarise_recovery([trial([[4, 4], [2, 4, 3, 4, 4]], wants={2: 1})], rater="self", study_seed=0)
    assert (found.drifts, found.recovered, found.median) == (1, 1, 5.0)
    assert found.curve == ((5, 0.0),)


def test_what_did_not_come_back_is_censored_and_not_forgotten() -> None:
    back, never = trial([[4], [4, 4]], wants={2: 1}), trial([[4], [1, 1, 1, 1]], wants={2: 1}, persona="otto")
    found = summarise_recovery([back, never], rater="self", study_seed=0)
    assert (found.drifts, found.recovered, found.median) == (2, 1, 2.0)
    assert found.curve == ((2, 0.5),)


def test_without_a_change_of_wishes_there_is_no_drift() -> None:
    assert summarise_recovery([trial([[4], [1, 1]])], rater="self", study_seed=0).drifts == 0

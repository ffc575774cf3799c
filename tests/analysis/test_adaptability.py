"""Slopes over sessions, held against a reference arm, and the way back after a drift of wishes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.analysis.figures.adaptability import Adaptability, SessionMeans, summarise_adaptability, summarise_recovery
from sim.analysis.figures.columns import extract_columns
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


def means(*trials: Trial) -> SessionMeans:
    return SessionMeans(extract_columns(trials, "self"))


def of(*trials: Trial, reference: Sequence[Trial] | None = None) -> Adaptability:
    return summarise_adaptability(
        trials, means=means(*trials, *(reference or ())), reference=reference or (), reference_id="none" if reference is not None else None
    )


def test_adaptability_is_the_gain_from_session_two_on_less_that_without_memory() -> None:
    found = of(trial([[2], [4], [5]]), reference=[trial([[2], [3], [2]], target="none")])
    assert (found.gain, found.reference_gain) == (pytest.approx(2.5), pytest.approx(0.5))
    assert found.value == pytest.approx(2)
    assert found.placebo == 0


def test_harder_sessions_vanish_against_the_arm_that_goes_through_them_too() -> None:
    harder = [[5, 5], [4, 4], [3, 3]]
    held = of(trial(harder), reference=[trial(harder, target="none")])
    assert held.value == pytest.approx(0)
    assert (held.gain, held.reference_gain) == (pytest.approx(-1.5), pytest.approx(-1.5))


def test_without_that_arm_there_is_a_gain_and_a_trend_and_no_adaptability() -> None:
    found = of(trial([[2], [3], [4]]))
    assert (found.value, found.reference, found.placebo) == (None, None, None)
    assert found.gain == pytest.approx(1.5)
    assert [(t.sessions, t.slope) for t in found.trends] == [(3, pytest.approx(1))]
    assert found.reading == "no memory-less arm to compare it with"


def arms(own: Sequence[Sequence[Sequence[int]]], other: Sequence[Sequence[Sequence[int]]]) -> Adaptability:
    """Personas in turn, each with its own scores by session."""
    mine, theirs = ([trial(s, target=target, persona=f"p{i}") for i, s in enumerate(of)] for target, of in (("own", own), ("none", other)))
    return summarise_adaptability(mine, means=means(*mine, *theirs), reference=theirs, reference_id="none")


def test_a_target_that_falls_is_never_called_adaptive_however_much_faster_the_other_falls() -> None:
    found = arms([[[4], [3], [n]] for n in (3, 4, 3, 4)], [[[4], [1], [n]] for n in (1, 2, 1, 1)])
    assert found.interval is not None
    assert found.interval[0] > 0
    assert found.gain is not None
    assert found.gain < 0
    assert found.reading == "falls less than without memory"
    rising = arms([[[3], [4], [n]] for n in (4, 5, 4, 4)], [[[3], [3], [n]] for n in (3, 3, 2, 3)])
    assert rising.reading == "adapts"


def test_a_difference_in_session_one_shows_as_the_placebo() -> None:
    found = arms([[[5], [5]], [[4], [5]], [[5], [4]]], [[[3], [4]], [[3], [3]], [[2], [3]]])
    assert found.placebo == pytest.approx(2)
    assert found.placebo_interval is not None


def test_the_same_gain_is_the_same_adaptability_in_a_long_talk_and_in_a_short_one() -> None:
    short, long = ([[3], [4], [4]], [[3], [4]] + [[4]] * 6)
    values = [of(trial(s), reference=[trial([[3]] * len(s), target="none")]).value for s in (short, long)]
    assert values == [pytest.approx(1), pytest.approx(1)]
    both = of(trial(short), trial(long, persona="otto"))
    assert [t.sessions for t in both.trends] == [3, 8]
    assert both.trends[0].slope > 2 * both.trends[1].slope


def test_what_has_no_partner_in_the_reference_arm_is_left_out() -> None:
    found = of(trial([[1], [2], [3]]), trial([[1], [3], [5]], persona="otto"), reference=[trial([[2], [2], [2]], target="none")])
    assert (found.value, found.gain, found.personas) == (pytest.approx(1.5), pytest.approx(1.5), 1)


def test_one_session_is_not_estimable_and_two_have_no_trend() -> None:
    assert of(trial([[3]])).gain is None
    two = of(trial([[3], [4]]))
    assert (two.gain, two.trends) == (1, ())


def test_seeds_are_averaged_within_a_persona() -> None:
    found = of(trial([[1], [2], [3]], seed=1), trial([[3], [3], [3]], seed=2), trial([[3], [3], [3]], persona="otto"))
    assert (found.gain, found.personas, found.gain_interval) == (pytest.approx(0.375), 2, None)
    assert found.trends[0].slope == pytest.approx(0.25)


def test_a_fit_needs_six_sessions_and_a_ceiling_is_named() -> None:
    assert of(trial([[3], [4], [5]])).trends[0].r_squared is None
    found = of(trial([[2], [3], [4], [5], [5], [5]]))
    assert found.trends[0].r_squared is not None
    assert 0.8 < found.trends[0].r_squared < 1
    assert found.at_ceiling == pytest.approx(0.5)


def test_callback_is_part_of_no_gain_and_its_trend_stands_apart() -> None:
    found = of(with_callback([1, 2, 3, 4]))
    assert found.gain == 0
    (trend,) = found.trends
    assert (trend.slope, trend.callback) == (0, pytest.approx(1))


@given(st.lists(st.integers(1, 5), min_size=2, max_size=12))
def test_a_target_is_never_ahead_of_itself(scores: list[int]) -> None:
    found = of(trial([[s] for s in scores]), reference=[trial([[s] for s in scores], target="none")])
    assert (found.value, found.placebo) == (pytest.approx(0), 0)


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

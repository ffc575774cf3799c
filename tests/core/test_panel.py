"""What a trial still owes, its controls included."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from sim.core.address import control, piece_of
from sim.core.cast import build_cast
from sim.core.codebook import DIMENSIONS, Dimension
from sim.core.controls import CONTROLS, Draw, control_parts
from sim.core.event import Judged, Score, TrialForgotten
from sim.core.fold import fold
from sim.core.panel import SOMEBODY, Panel
from sim.core.record import Ratings, Trial
from sim.core.spec import Controls
from tests import examples
from tests.analysis.trials import TAGGER, Diary, planned

CAST = planned().cast
SHARES = st.builds(Controls, one_by_one=st.floats(0, 1), repeat=st.floats(0, 1))
DRAWS = st.builds(Draw, st.integers(0, 2**40), SHARES)
POINTS = [(seed, session, exchange) for seed in range(20) for session in (1, 2) for exchange in range(1, 11)]


def drawn(draw: Draw, control: str) -> set[tuple[int, int, int]]:
    return {p for p in POINTS if control in draw.on(CAST, *p)}


def panel(draw: Draw, *raters: str) -> Panel:
    return Panel(raters or ("self",), TAGGER, draw)


def told(*given: int | None) -> Trial:
    diary = Diary(planned()).open()
    for one in given:
        diary.exchange(one)
    return diary.told()


def rated(trial: Trial, *parts: str) -> Trial:
    """`trial` with ratings by `parts` on every exchange."""
    session = trial.sessions[0]
    exchanges = tuple(replace(e, ratings={**e.ratings, **{p: {} for p in parts}}) for e in session.exchanges)
    return replace(trial, sessions=(replace(session, exchanges=exchanges),))


@given(DRAWS)
def test_a_larger_share_keeps_what_a_smaller_one_drew(draw: Draw) -> None:
    more = replace(draw, shares=Controls(one_by_one=1, repeat=(draw.shares.repeat + 1) / 2))
    assert drawn(draw, "repeat") <= drawn(more, "repeat")
    assert drawn(more, "one_by_one") == set(POINTS)
    assert not drawn(replace(draw, shares=Controls(one_by_one=0, repeat=0)), "repeat")


@given(st.integers(0, 2**40))
def test_the_share_is_met_and_the_two_controls_are_drawn_apart(seed: int) -> None:
    draw = Draw(seed, Controls(one_by_one=0.5, repeat=0.5))
    one_by_one, repeat = (drawn(draw, c) for c in CONTROLS)
    assert 130 < len(one_by_one) < 270
    assert 130 < len(repeat) < 270
    assert 40 < len(one_by_one & repeat) < 160


def test_the_draw_goes_by_study_persona_scenario_seed_and_place() -> None:
    half = Controls(one_by_one=0.5, repeat=0)
    other = build_cast(examples.persona("omar"), examples.scenario(), start_date=examples.study().start_date)
    found = [
        {p for p in POINTS if Draw(0, half).on(CAST, *p)},
        {p for p in POINTS if Draw(1, half).on(CAST, *p)},
        {p for p in POINTS if Draw(0, half).on(other, *p)},
    ]
    assert len({frozenset(f) for f in found}) == 3


@given(DRAWS)
def test_all_arms_owe_the_same(draw: Draw) -> None:
    trial = told(3, 3, 3)
    other = replace(trial, id="forgets/nora/moving-house/1", target="forgets")
    assert panel(draw).due(trial) == panel(draw).due(other)


@given(DRAWS, st.lists(st.sampled_from([3, None]), max_size=4))
def test_what_is_owed_is_every_rater_and_what_was_drawn_and_no_more(draw: Draw, given: list[int | None]) -> None:
    trial = told(*given)
    owed = [(v.exchange, piece_of(v.parts[0]) or v.part) for v in panel(draw, "self", "observer:x").due(trial)]
    parts = control_parts("self")
    expected = []
    for i, one in enumerate(given, 1):
        raters = ["observer:x"] if one else ["self", "observer:x"]
        expected += [(i, p) for p in (*raters, *(parts[c] for c in draw.on(trial.cast, 1, 1, i)))]
    assert owed == expected


@given(DRAWS)
def test_a_control_that_was_had_is_not_owed_again(draw: Draw) -> None:
    trial = rated(told(3, 3, 3), *control_parts("self").values())
    assert panel(draw).due(trial) == ()


def piece(trial: Trial, dimension: Dimension, score: int) -> Judged:
    """One dimension of the first exchange, rated alone."""
    result: Ratings = {dimension: Score(reason="r", score=score)}
    return Judged(trial=trial.id, session=1, take=1, exchange=1, kind="rated", part=control("self", "one_by_one", dimension), result=result)


def test_of_one_by_one_only_the_dimensions_that_are_absent_are_owed() -> None:
    every = panel(Draw(0, Controls(one_by_one=1, repeat=0)))
    trial, had = told(3), DIMENSIONS[1:4]
    for n, dimension in enumerate(had, 1):
        trial = fold(trial, [piece(trial, dimension, n)])
    assert list(trial.exchanges[0].ratings) == ["self"], "a control that is not whole is nowhere among the ratings"
    (owed,) = every.due(trial)
    assert owed.parts == tuple(control("self", "one_by_one", d) for d in DIMENSIONS if d not in had)
    trial = fold(trial, [piece(trial, d, 5) for d in reversed(DIMENSIONS) if d not in had])
    whole = trial.exchanges[0].ratings["self:one_by_one"]
    assert (tuple(whole), [r.score for r in whole.values()], trial.exchanges[0].alone) == (DIMENSIONS, [5, 1, 2, 3, 5, 5, 5], {})
    assert every.due(trial) == ()


def test_a_trial_with_a_control_to_come_is_not_whole() -> None:
    all_of_them = Draw(0, Controls(one_by_one=0, repeat=1))
    diary = Diary(planned()).open().exchange(3).close(4).open().exchange(3).close(4)
    assert panel(Draw(0, Controls(one_by_one=0, repeat=0))).is_whole(diary.told())
    assert [v.part for v in panel(all_of_them).due(diary.told())] == ["self:repeat"] * 2
    assert not panel(all_of_them).is_whole(diary.told())


def test_an_unanswered_exchange_owes_nothing() -> None:
    trial = Diary(planned()).open().exchange(None, None, reply=None).told()
    session = trial.sessions[0]
    assert panel(Draw(0, Controls(one_by_one=1, repeat=1))).due_on(trial, session, session.exchanges[0]) == ()


# --- trials that people hold ----------------------------------------------------------------------------------------

HELD = Panel.of(examples.study(played_by="people", controls={"one_by_one": 1, "repeat": 1}))


def test_only_every_nth_exchange_is_rated_by_models_from_the_first_of_each_session_on() -> None:
    draw = Draw(0, Controls(one_by_one=1, repeat=0))
    trial = told(*[None] * 7)

    def owed(panel: Panel) -> list[tuple[int, str]]:
        return [(a.exchange, a.part.partition(":")[0]) for a in panel.due(trial) if a.node == "rate_likability" and a.exchange]

    every = replace(panel(draw), rate_every=3)
    assert sorted({e for e, _ in owed(every)}) == [1, 4, 7]
    assert len(owed(every)) == 2 * 3, "its controls are drawn from those alone"
    assert len(owed(panel(draw))) == 2 * 7
    held = replace(panel(draw, "observer:x"), rate_every=3).held_by("human:p1")
    assert [e for e, who in owed(held) if who == "human"] == [*range(1, 8)], "a person rates all"
    assert [e for e, who in owed(held) if who == "observer"] == [1, 4, 7]


def test_a_person_who_holds_a_trial_rates_first_and_looks_back_and_nothing_is_asked_twice() -> None:
    trial = rated(Diary(planned()).open().exchange(3).close().told(), "human:p3")
    assert HELD.raters_of(trial) == ("human:p3", "self")
    assert [(d.exchange, d.parts) for d in HELD.due(trial)] == [(0, ("human:p3",))]
    assert HELD.held_by("human:p9").raters_of(trial)[0] == "human:p9", "whoever sits at the desk now is known"


def test_before_anybody_has_rated_it_is_somebody() -> None:
    trial = told(3)
    assert [d.parts for d in HELD.due(trial)] == [(SOMEBODY,)]


def test_who_reads_a_trial_later_does_not_hold_it() -> None:
    trial = rated(Diary(planned()).open().exchange(3).close(4, by="human:holds").told(), "human:reads", "human:holds")
    assert HELD.raters_of(trial)[0] == "human:holds"
    assert HELD.due(trial) == ()


def test_of_what_was_forgotten_nothing_is_due() -> None:
    trial = fold(told(None), [TrialForgotten(trial=planned().id)])
    assert HELD.due(trial) == panel(Draw(0, Controls(one_by_one=1, repeat=1))).due(trial) == ()

"""Days differ: what a volatile persona wants and feels moves with them, the same for every target; news is told when it comes up."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

from sim.core.cast import Cast, build_cast
from sim.core.dates import season
from sim.core.drift import swing, wishes_on
from sim.core.event import SessionOpened, TargetReplied, UserSpoke, Utterance
from sim.core.fold import fold
from sim.core.record import Trial
from sim.core.view import UserView, criterion_view, rater_view, user_view
from tests import examples

START = dt.date(2026, 1, 5)


def cast(stability: str = "volatile", *, persona: dict[str, Any] | None = None, **scenario: Any) -> Cast:
    someone = examples.persona(type={"sociability": "social", "stability": stability}, **(persona or {}))
    return build_cast(someone, examples.scenario(**scenario), start_date=START)


def talk(of: Cast, *messages: str, session: int = 2, target: str = "any", seed: int = 1) -> Trial:
    """A trial in the middle of `session`, with `messages` said and answered in it."""
    trial = Trial(f"x/{target}", target, seed, of)
    events: list[Any] = [SessionOpened(trial=trial.id, session=i, take=1, date=of.sessions[i - 1].date) for i in range(1, session + 1)]
    for exchange, message in enumerate(messages, 1):
        here = {"trial": trial.id, "session": session, "take": 1, "exchange": exchange}
        events += [UserSpoke(**here, said=Utterance(message=message)), TargetReplied(**here, reply="I see.")]
    return fold(trial, events)


def view(trial: Trial) -> UserView:
    return user_view(trial, study_seed=0, history_tokens=8_000)


def wishes(of: Cast, session: int = 2, *, seed: int = 1, study_seed: int = 0) -> dict[Any, Any]:
    return wishes_on(of, of.sessions[session - 1], seed=seed, study_seed=study_seed)


def test_a_steady_persona_wants_what_the_scenario_says_and_nothing_else() -> None:
    assert all(wishes(cast("steady"), s, seed=n) == dict(cast().sessions[s - 1].spec.wishes) for s in (1, 2) for n in range(20))


def test_a_volatile_persona_wants_something_else_on_other_days_and_never_what_it_always_wants() -> None:
    of = cast()
    drawn = [wishes(of, 1, seed=n) for n in range(60)]
    assert len({tuple(sorted((d, w.want) for d, w in today.items())) for today in drawn}) > 10
    assert any(not today for today in drawn)
    assert all(1 <= w.want <= 5 and w.want != of.persona.preferences[d].want for today in drawn for d, w in today.items())


def test_what_the_scenario_says_goes_before_what_the_day_draws() -> None:
    assert all(wishes(cast(), 2, seed=n)["length_fit"].want == 1 for n in range(40))


def test_low_days_draw_towards_warmth_and_high_ones_towards_laughter() -> None:
    def counted(valence: int) -> tuple[int, int]:
        session = examples.scenario().sessions[0].model_dump() | {"mood": {"feels": "so", "valence": valence}}
        of = cast(sessions=[session])
        base = of.persona.preferences
        drawn = [wishes(of, 1, seed=n) for n in range(300)]
        warmer = sum("emotional_adaptation" in w and w["emotional_adaptation"].want > base["emotional_adaptation"].want for w in drawn)
        merrier = sum("humor_fit" in w and w["humor_fit"].want > base["humor_fit"].want for w in drawn)
        return warmer, merrier

    (low_warm, low_merry), (high_warm, high_merry) = counted(-1), counted(1)
    assert low_warm > 2 * high_warm
    assert high_merry > 2 * low_merry


def test_user_and_raters_know_of_the_same_wishes_and_every_target_meets_the_same_person() -> None:
    of = cast()
    for seed in range(10):
        one, other = (talk(of, "Well.", "And then?", target=t, seed=seed) for t in ("full", "none"))
        assert view(one).card.wishes == view(other).card.wishes == rater_view(one, 2, 1, study_seed=0, history_tokens=8_000).card.wishes
        assert view(one).card.wishes == criterion_view(one, 2, study_seed=0, history_tokens=8_000).card.wishes
        assert view(one).swing == view(other).swing


def test_only_a_volatile_mood_swings_and_never_before_the_first_message() -> None:
    moody, even = cast().persona, cast("steady").persona
    assert len({swing(moody, seed=n, exchange=2) for n in range(50)}) > 2
    assert {swing(moody, seed=n, exchange=1) for n in range(50)} == {swing(even, seed=n, exchange=2) for n in range(50)} == {""}


def test_news_is_told_when_it_comes_up_and_not_forced_again() -> None:
    of = cast("steady")
    moved = next(t for t in of.sessions[1].core if t.news)
    assert moved.fact.id == "flat"
    first = view(talk(of))
    assert moved in (first.news if moved.exchange > 1 else first.due)
    before = [f"Message {i}." for i in range(1, moved.exchange)]
    assert moved in view(talk(of, *before)).due
    early = talk(of, *before[:-1], "We have moved to Harbour Street.") if before else talk(of)
    assert not before or (moved not in view(early).due and moved not in view(early).news)


def test_a_change_that_is_not_scripted_is_true_and_told_only_if_it_comes_up() -> None:
    free = examples.scenario().sessions[1].model_dump() | {"updates": [{"fact": "persona.home", "scripted": False}]}
    of = cast("steady", sessions=[examples.scenario().sessions[0].model_dump(), free])
    assert [t.fact.id for t in of.sessions[1].core] == ["knee"]
    assert [t.fact.id for t in view(talk(of)).news] == ["flat"]
    assert dict((f.id, v.answers) for f, v in of.today(2))["flat"] == ("Harbour Street",)
    told = talk(of, "We are in Harbour Street now.")
    assert [(d.fact, d.version, d.core) for d in told.sessions[1].exchanges[0].disclosed] == [("flat", 1, False)]
    assert view(told).news == ()


def test_seasons_go_by_the_hemisphere_and_are_not_spoken_of_without_one() -> None:
    days = [dt.date(2026, m, 15) for m in (1, 4, 7, 10, 12)]
    assert [season(d, "north") for d in days] == ["winter", "spring", "summer", "autumn", "winter"]
    assert [season(d, "south") for d in days] == ["summer", "autumn", "winter", "spring", "summer"]
    south = cast("steady", persona={"hemisphere": "south"})
    assert view(talk(south)).card.season == "summer"
    assert view(talk(cast("steady"))).card.season == ""
    assert replace(view(talk(south)).card, season="") == view(talk(cast("steady"))).card

"""A recipe makes the sessions it says: usual, drawn and happening, the same for everybody who runs it."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from typing import Any

import pytest
from pydantic import ValidationError

from sim.core.cast import build_cast
from sim.core.spec import Scenario
from tests import examples


def scenario(*more: dict[str, Any], **changes: Any) -> Scenario:
    recipe = {
        "repeat": 30,
        "situation": "It is evening.",
        "mood": {"feels": "even", "valence": 0},
        "exchanges": {"min": 1, "max": 2},
        "draw": [{"agenda": [{"aim": f"speak of {n}", "says": [f"Something about {n}."]}]} for n in range(30)],
        **changes,
    }
    return examples.scenario(sessions=[recipe, *more])


def aims(made: Scenario) -> list[str]:
    return [item.aim for session in made.sessions for item in session.agenda]


def test_thirty_sessions_are_drawn_once_each_and_the_same_for_everybody() -> None:
    made = scenario()
    assert len(made.sessions) == 30
    assert sorted(aims(made)) == sorted({f"speak of {n}" for n in range(30)})
    assert aims(made) == aims(scenario())
    assert aims(made) != aims(scenario(seed=2))
    assert Scenario.model_validate(made.model_dump(exclude_none=True)) == made


def test_a_short_list_is_gone_through_before_it_begins_again() -> None:
    made = aims(scenario(draw=[{"agenda": [{"aim": f"speak of {n}", "says": ["So."]}]} for n in range(5)]))
    assert all(len(set(made[n : n + 5])) == 5 for n in range(0, 30, 5))
    assert all(one != after for one, after in pairwise(made))


def test_what_happens_happens_in_its_session_and_goes_before_what_is_drawn() -> None:
    programme = [
        {"at": 1, "gap": 0, "situation": "The first evening."},
        {"at": [4, 9], "life_event": "The tram is late."},
        {"between": [20, 22], "gap": 35, "mood": {"feels": "rusty", "valence": -1}, "agenda": [{"aim": "explain", "says": ["It has been a while."]}]},
        {"every": 10, "noise": [{"text": "A bell.", "says": "The bell again."}]},
    ]
    sessions = scenario(programme=programme).sessions
    assert (sessions[0].gap, sessions[0].situation, sessions[1].gap, sessions[1].situation) == (0, "The first evening.", 1, "It is evening.")
    assert [n for n, s in enumerate(sessions, 1) if s.life_event] == [4, 9]
    assert [n for n, s in enumerate(sessions, 1) if s.noise] == [10, 20, 30]
    (silent,) = [n for n, s in enumerate(sessions, 1) if s.gap == 35]
    assert 20 <= silent <= 22
    assert sessions[silent - 1].agenda[0].aim == "explain"
    assert sessions[silent - 1].mood.feels == "rusty"


def test_nothing_is_drawn_before_what_it_is_about_was_told_while_there_is_something_else() -> None:
    draw = [{"agenda": [{"aim": f"speak of {n}", "says": ["So."], "about": ["persona.pet"] if n < 10 else []}]} for n in range(20)]
    sessions = scenario(repeat=20, draw=draw, programme=[{"at": 8, "disclose": ["persona.pet"]}]).sessions
    first = next(n for n, s in enumerate(sessions, 1) if any(i.about for i in s.agenda))
    assert first > 8
    later = scenario(repeat=20, draw=[*draw[10:19], {**draw[19], "earliest": 15}]).sessions
    assert next(n for n, s in enumerate(later, 1) if "speak of 19" in [i.aim for i in s.agenda]) >= 15


def test_a_year_of_months_is_a_year() -> None:
    made = scenario(repeat=13, gap="month", programme=[{"at": 1, "gap": 0}])
    cast = build_cast(examples.persona(), made, start_date=dt.date(2026, 1, 5))
    assert [s.date.month for s in cast.sessions] == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 1]
    assert cast.sessions[-1].date - cast.sessions[0].date in (dt.timedelta(364), dt.timedelta(365))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"programme": [{"at": 31, "life_event": "Late."}]}, "programme: there is no session 31 of 30"),
        ({"programme": [{"life_event": "When?"}]}, "exactly one of at, between and every"),
        ({"programme": [{"at": 1, "every": 2, "life_event": "Both."}]}, "exactly one of at, between and every"),
        ({"programme": [{"between": [5, 3], "life_event": "Backwards."}]}, "between: 5 comes after 3"),
        ({"mood": None, "draw": []}, "session 1 of these has no agenda and no mood"),
        ({"draw": [{"earliest": 2, "agenda": [{"aim": "a", "says": ["So."]}]}]}, "nothing may be drawn for session 1"),
        ({"repeat": 1}, "greater than or equal to 2"),
    ],
)
def test_a_recipe_that_cannot_be_made_is_refused(change: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        scenario(**change)


def test_plain_sessions_stand_beside_a_recipe() -> None:
    after = examples.scenario().sessions[0].model_dump(exclude_none=True)
    made = scenario(after, repeat=3)
    assert len(made.sessions) == 4
    assert made.sessions[3] == examples.scenario().sessions[0]

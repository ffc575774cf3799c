"""Which questions a session owes: drawn by seed, the same for every target, about nothing that was not told."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

from sim.core.cast import build_cast
from sim.core.event import SessionClosed, SessionOpened, TargetReplied, UserSpoke, Utterance
from sim.core.fold import fold
from sim.core.probes import Asking, Probe, asking_date
from sim.core.record import Trial
from sim.core.spec import Persona, Probes, Scenario
from tests import examples

START = dt.date(2026, 1, 5)


def persona(**changes: Any) -> Persona:
    facts = [
        {**f.model_dump(), "question": f"What about the {f.id}, again?", "called": f"the business with the {f.id}"} for f in examples.persona().facts
    ]
    facts[0]["implies"] = [{"question": "What sort of animal do I have?", "answers": ["a purring one"], "given": ["knee"]}]
    return examples.persona(**{"facts": facts, **changes})


def scenario(**changes: Any) -> Scenario:
    base = examples.scenario()
    van = {**base.facts[0].model_dump(), "question": "When does it come, the van?", "called": "the van"}
    sessions = [s.model_dump() for s in base.sessions]
    sessions[1]["disclose"] = ["persona.health", "persona.pet"]
    return examples.scenario(**{"facts": [van], "sessions": sessions, **changes})


def talked(*sessions: list[str], who: Persona | None = None, what: Scenario | None = None, target: str = "t", dated: bool = True) -> Trial:
    """A trial in which the user has said these messages, session by session."""
    cast = build_cast(who or persona(), what or scenario(), start_date=START)
    trial = Trial(id="p/s/t/1", target=target, seed=1, cast=cast, dated=dated)
    for index, messages in enumerate(sessions, 1):
        where = {"trial": trial.id, "session": index, "take": 1}
        events: list[Any] = [SessionOpened(**where, date=cast.sessions[index - 1].date)]
        for e, message in enumerate(messages, 1):
            events += [UserSpoke(**where, exchange=e, said=Utterance(message=message)), TargetReplied(**where, exchange=e, reply="I see.")]
        trial = fold(trial, [*events, SessionClosed(**where, ending="maximum")])
    return trial


FLAT, VAN, KNEE, CAT = "I live in Mill Lane.", "The van comes on Thursday.", "My left knee is bad.", "My cat Biscuit sleeps."
MOVED = "I have moved to Harbour Street, with a lift."
WHOLE = ([FLAT, VAN], [KNEE, CAT, MOVED])


def due(trial: Trial, session: int, **probes: Any) -> dict[str, Probe]:
    return {p.part: p for p in Asking(0, Probes(**probes)).due(trial, session)}


def test_the_same_is_asked_of_every_target() -> None:
    one, other = (due(talked(*WHOLE, target=t), 2) for t in ("remembers", "forgets"))
    assert one == other


def test_what_was_told_is_asked_for_in_its_newest_value_and_what_changed_as_an_update() -> None:
    first, second = due(talked(*WHOLE), 1), due(talked(*WHOLE), 2)
    assert {"explicit:flat", "explicit:van"} < set(first)
    assert first["explicit:flat"].answers == ("Mill Lane",)
    assert first["explicit:flat"].untold == ("Harbour Street",)
    assert "explicit:flat" not in second
    update = second["update:flat"]
    assert (update.answers, update.stale, update.version, update.told) == (("Harbour Street",), ("Mill Lane",), 1, 2)
    assert (second["explicit:van"].told, second["explicit:van"].delay) == (1, 10)


def test_what_was_never_told_is_asked_for_as_such_or_not_at_all() -> None:
    left_early = talked([FLAT])
    found = due(left_early, 1)
    assert "explicit:van" not in found, "scheduled, and never told: nobody can know it, and who is to tell what it would have been"
    assert "abstention:van" not in found
    assert {p for p in found if p.startswith("abstention")} <= {"abstention:cat", "abstention:knee"}
    assert found["abstention:cat"].answers == ("Biscuit",)
    volunteered = due(talked([FLAT, CAT, KNEE]), 1)
    assert not [p for p in volunteered if p.startswith("abstention")]


def test_a_new_value_of_what_was_never_told_is_no_update() -> None:
    found = due(talked([VAN], [MOVED]), 2)
    assert "update:flat" not in found
    assert found["explicit:flat"].answers == ("Harbour Street",)
    assert found["explicit:flat"].stale == ()
    assert found["explicit:flat"].untold == ("Mill Lane",)


def test_what_follows_is_asked_for_while_all_its_premises_stand() -> None:
    assert "implicit:cat" not in due(talked([FLAT], [CAT]), 2)
    found = due(talked([FLAT], [CAT, KNEE]), 2)["implicit:cat"]
    assert found.answers == ("a purring one",)
    assert found.needs == (("Biscuit",), ("left knee", "my knee"))


def test_order_is_asked_of_facts_of_different_sessions_and_never_of_who_is_told_no_dates() -> None:
    orders = [p for p in due(talked(*WHOLE), 2).values() if p.kind == "temporal"]
    assert orders
    for probe in orders:
        assert probe.told == 1
        assert probe.expected in ("the business with the flat", "the van")
        assert probe.expected in probe.question
    assert not [p for p in due(talked(*WHOLE), 1) if p.startswith("temporal")]
    assert not [p for p in due(talked(*WHOLE, dated=False), 2) if p.startswith("temporal")]


def test_one_control_asks_for_something_that_this_session_told() -> None:
    for session, own in ((1, {"flat", "van"}), (2, {"flat", "knee", "cat"})):
        controls = [p for p in due(talked(*WHOLE), session).values() if p.kind == "control"]
        assert [p.fact in own and p.delay == 0 for p in controls] == [True]


def test_an_answer_that_two_facts_share_is_no_trap() -> None:
    van = {
        **scenario().facts[0].model_dump(),
        "topic": "home",
        "text": "The van comes to Mill Lane on Thursday.",
        "answers": ["Thursday", "Mill Lane"],
    }
    found = due(talked(*WHOLE, what=scenario(facts=[van])), 1)
    assert found["explicit:flat"].others == ("Thursday",)
    assert found["explicit:van"].others == ()


def test_kinds_and_number_are_the_study_s() -> None:
    assert {p.partition(":")[0] for p in due(talked(*WHOLE), 2, kinds=["update", "control"])} == {"update", "control"}
    facts = {p.fact for p in due(talked(*WHOLE), 2, facts=1).values() if p.kind in ("explicit", "update", "implicit")}
    assert len(facts) == 1


def test_the_forecast_is_never_exceeded() -> None:
    asking, trial = Asking(0, Probes()), talked(*WHOLE)
    for session in (1, 2):
        assert len(asking.due(trial, session)) <= asking.most(trial.cast, session, trial.seed)


def test_what_is_said_later_changes_nothing_of_what_a_session_owed() -> None:
    assert due(talked(WHOLE[0]), 1) == due(talked(*WHOLE), 1)


def test_two_hundred_facts_are_ten_a_session() -> None:
    many = [
        {
            "id": f"f{n}",
            "text": f"Number {n} is called Name{n}.",
            "answers": [f"Name{n}"],
            "when": "whenever",
            "question": f"Which is number {n}?",
            "called": f"the thing numbered {n}",
        }
        for n in range(200)
    ]
    sessions = [s.model_dump() for s in scenario().sessions]
    sessions[0] |= {"disclose": [f"persona.f{n}" for n in range(150)], "agenda": [{"aim": "talk", "says": ["So."]}]}
    sessions[1] |= {"disclose": [f"persona.f{n}" for n in range(150, 200)], "updates": [], "agenda": [{"aim": "talk", "says": ["So."]}]}
    told = " ".join(f["text"] for f in many)
    trial = talked([told], ["Nothing new."], who=persona(facts=many), what=scenario(sessions=sessions))
    first = due(trial, 1)
    assert sum(p.startswith("explicit") for p in first) == 10
    assert not any(p.startswith("abstention") for p in first), "all two hundred were told"
    assert len(first) <= 11


def test_gaps_of_none_and_of_three_years_and_one_session_or_fifty() -> None:
    base = [s.model_dump() for s in scenario().sessions]
    for gap in (0, 1096):
        trial = talked(*WHOLE, what=scenario(sessions=[base[0], {**base[1], "gap": gap}]))
        assert due(trial, 1)["explicit:flat"].delay == gap
        assert due(trial, 2)["explicit:van"].delay == gap + 1
    alone = talked(WHOLE[0], what=scenario(sessions=base[:1]))
    assert due(alone, 1)["explicit:flat"].delay == 1
    quiet = {**base[1], "disclose": [], "updates": []}
    fifty = talked(WHOLE[0], *(["Nothing new."] for _ in range(49)), what=scenario(sessions=[base[0], *[quiet] * 49]))
    last = due(fifty, 50)
    assert last["explicit:flat"].delay == 9 * 49 + 1
    assert not [p for p in last if p.startswith("control")]


def test_the_day_of_asking_never_runs_past_the_calendar() -> None:
    cast = build_cast(persona(), scenario(), start_date=START)
    end = replace(cast, sessions=(replace(cast.sessions[0], date=dt.date.max),))
    assert asking_date(end, 1) == dt.date.max

"""What the offline user says hangs together: facts stand beside what they belong to, one person speaks, and says nothing of the kind twice."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from dataclasses import replace
from functools import cache

import pytest

from sim.core.cast import build_cast
from sim.core.record import Trial
from sim.core.spec import Persona, Scenario
from sim.core.text import contains, normalise
from sim.core.view import user_view
from sim.dialogue.users import ModelUser
from sim.llm.offline import build_offline
from sim.llm.offline.voice import Spelling, as_told, as_written, joined, spelling_of, split_question, stands_in
from sim.llm.offline.wording import sentences, valence
from sim.llm.prompts import load_prompts
from tests.examples import persona, scenario
from tests.samples import FIXED, load, play

START = dt.date(2026, 1, 5)
SCENARIOS = ("homework", "grief", "second-person", "daily-check-in")
PEOPLE = ("ronja", "kavita", "reece", "tore", "filomena")


@cache
def someone(name: str) -> Persona:
    return load(Persona, name)


@cache
def happening(name: str) -> Scenario:
    return load(Scenario, name)


async def shipped(name: str, place: str, *, target: str = "offline/uses", seed: int = 1) -> Trial:
    return await play(build_cast(someone(name), happening(place), start_date=START), target=target, seed=seed)


async def told(says: list[str], text: str, *, own: bool = False, about: tuple[str, ...] = ()) -> str:
    """The first message of a session in which `says` is the matter and a fact, the scenario's or the persona's own, is due."""
    item = {"aim": "say it", "says": says, "about": about}
    session = {"gap": 0, "situation": "An evening.", "mood": {"feels": "even", "valence": 0}, "agenda": [item], "exchanges": {"min": 1, "max": 2}}
    filled = {"id": "key", "topic": "work" if own else "other", "answers": ["harbour"], "when": "when asked", "text": text}
    facts = [*persona().model_dump()["facts"], *([filled] if own else [])]
    cast = build_cast(
        persona(facts=facts),
        scenario(facts=[] if own else [filled], sessions=[{**session, "disclose": ["persona.key" if own else "key"]}]),
        start_date=START,
    )
    return (await play(cast)).exchanges[0].user.message


# --- where facts stand --------------------------------------------------------------------------------------------


async def test_a_fact_of_the_situation_comes_after_the_sentence_it_belongs_to() -> None:
    message = await told(["My card has stopped working."], "It was refused at the harbour kiosk.")
    assert message.endswith("My card has stopped working. It was refused at the harbour kiosk.")


async def test_a_question_comes_last() -> None:
    message = await told(["I want to move it. How does one do that?"], "It lies in the harbour.")
    assert message.endswith("I want to move it. It lies in the harbour. How does one do that?")


async def test_a_fact_that_has_nothing_to_do_with_the_matter_comes_before_it_and_then_a_turn_to_it() -> None:
    message = await told(["My card has stopped working."], "I sell nets at the harbour.", own=True)
    before, _, after = message.partition("I sell nets at the harbour. ")
    assert before
    assert after.endswith(" My card has stopped working.")
    assert after.removesuffix(" My card has stopped working.") in persona().voice.carries_on


@pytest.mark.parametrize("says", ["Nets have become dear.", "I have had a long day."])
async def test_a_fact_of_the_persona_that_the_matter_is_about_or_shares_words_with_comes_after_it(says: str) -> None:
    about = () if "Nets" in says else ("persona.key",)
    message = await told([says], "I sell nets at the harbour.", own=True, about=about)
    assert message.endswith(f"{says} I sell nets at the harbour.")


async def test_no_scripted_fact_of_a_shipped_scenario_opens_a_message_that_has_a_statement() -> None:
    for place in SCENARIOS:
        trial = await shipped("tore", place)
        texts = {v.text for f in trial.cast.scenario.facts for v in trial.cast.values_by_fact[f.id]}
        lines = [says for s in trial.cast.sessions for t in s.agenda for says in t.item.says]
        for e in trial.exchanges:
            stated = [split_question(line)[0] for line in lines if stands_in(line, (e.user.message,))]
            for text in (t for t in texts if t in e.user.message):
                assert all(e.user.message.index(s) < e.user.message.index(text) for s in stated if s), e.user.message


# --- one voice ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "manner"),
    [
        ("ronja", Spelling(small=True, short=True, bare=True)),
        ("reece", Spelling(small=True, short=True, bare=False)),
        ("attracta", Spelling(small=False, short=True, bare=False)),
        ("kavita", Spelling(small=False, short=False, bare=False)),
    ],
)
def test_how_a_persona_writes_is_read_off_its_own_lines(name: str, manner: Spelling) -> None:
    assert spelling_of(someone(name)) == manner


@pytest.mark.parametrize(
    ("line", "small", "bare"),
    [
        ("It is done. I am tired, and I do not care.", "it's done. i'm tired, and i don't care.", "its done. im tired, and i dont care."),
        ("A letter came. That is what it is.", "a letter came. that's what it is.", "a letter came. thats what it is."),
        ("Here I am.", "here i am.", "here i am."),
        ("What is it in people?", "what is it in people?", "what is it in people?"),
    ],
)
def test_a_line_is_written_as_the_persona_writes(line: str, small: str, bare: str) -> None:
    assert as_written(line, Spelling(small=True, short=True, bare=False)) == small
    assert as_written(line, Spelling(small=True, short=True, bare=True)) == bare
    assert as_written(line, Spelling(small=False, short=False, bare=False)) == line


async def test_who_writes_small_and_in_contractions_does_so_throughout() -> None:
    for place in SCENARIOS:
        for e in (await shipped("ronja", place)).exchanges:
            if "Osric" in e.user.message:
                continue
            assert not [s for s in sentences(e.user.message) if s[0].isupper()], e.user.message
            said = [line for s in happening(place).sessions for item in s.agenda for line in item.says if stands_in(line, (e.user.message,))]
            for part in (part for line in said for part in split_question(line) if part):
                assert as_written(part, spelling_of(someone("ronja"))) in e.user.message


@pytest.mark.parametrize("place", SCENARIOS)
def test_a_line_is_known_again_in_whatever_manner_it_was_written_and_no_other_is(place: str) -> None:
    manners = {spelling_of(someone(name)) for name in PEOPLE}
    lines = {says for s in happening(place).sessions for item in s.agenda for says in item.says}
    for manner in manners:
        for line in lines:
            written = as_written(line, manner)
            assert [other for other in lines if stands_in(other, (written,))] == [line]


def test_a_fact_that_would_lose_its_answer_in_that_manner_is_told_as_it_stands() -> None:
    value = scenario().facts[0].model_copy(update={"text": "It is called That is That.", "answers": ("That is That",)})
    assert as_told(value, Spelling(small=True, short=True, bare=True)) == "It is called That is That."
    assert contains(as_told(scenario().facts[0], Spelling(small=True, short=True, bare=True)), "Thursday")


def test_a_full_stop_stands_at_the_seam_where_the_first_has_none() -> None:
    assert joined(["broken since forever", "Please do not tell me."]) == "broken since forever. Please do not tell me."
    assert joined(["Is it? \U0001f600", "So"]) == "Is it? \U0001f600 So"


# --- nothing twice ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["offline/cold", "offline/uses"])
async def test_no_signal_is_shown_twice_in_a_trial(target: str) -> None:
    shown = 0
    for name in PEOPLE:
        trial = await shipped(name, "daily-check-in", target=target)
        signals = [line.says for p in someone(name).preferences.values() for line in (p.signals.met, p.signals.missed)]
        said = Counter(line for e in trial.exchanges for line in signals if normalise(line) in normalise(e.user.message))
        assert all(n == 1 for n in said.values()), said
        shown += len(said)
    assert shown


async def test_no_line_of_the_agenda_is_said_twice_in_a_session() -> None:
    for name in PEOPLE:
        for session in (await shipped(name, "grief")).sessions:
            messages = [e.user.message for e in session.exchanges]
            for item in happening("grief").sessions[session.index - 1].agenda:
                assert all(sum(stands_in(line, (m,)) for m in messages) <= 1 for line in item.says)


# --- mood and words -----------------------------------------------------------------------------------------------


async def test_nobody_jokes_in_a_low_mood_or_beside_nothing() -> None:
    jokes = 0
    for name in ("rizky", "kavita", "maryse"):
        for seed in range(4):
            for session in (await shipped(name, "new-in-town", seed=seed)).sessions:
                usual = happening("new-in-town").sessions[session.index - 1].mood.valence
                for e in session.exchanges:
                    jokes += e.user.humour_bid is not None
                    assert not e.user.humour_bid or valence(e.user.mood, usual) >= 0
                    assert not e.user.humour_bid or e.user.message != e.user.humour_bid
    assert jokes


async def test_nobody_is_suddenly_glad_while_complaining() -> None:
    glad = 0
    for name in ("ronja", "kavita", "reece"):
        missed = [p.signals.missed.says for p in someone(name).preferences.values()]
        for target in ("offline/cold", "offline/uses"):
            for seed in range(4):
                for e in (await shipped(name, "grief", target=target, seed=seed)).exchanges:
                    complains = any(line in e.user.message for line in missed)
                    glad += e.user.mood.startswith("glad all at once")
                    assert not (complains and e.user.mood.startswith("glad all at once")), e.user.message
    assert glad


async def test_who_storms_off_is_not_said_to_be_in_the_mood_of_the_evening() -> None:
    left = [
        e.user
        for seed in range(6)
        for e in (await shipped("kavita", "grief", target="offline/cold", seed=seed)).exchanges
        if e.user.message == someone("kavita").voice.storms_off
    ]
    assert left
    assert {u.mood for u in left} == {"fed up"}


# --- sound --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PEOPLE)
async def test_the_rules_find_nothing_to_discard_in_what_a_shipped_persona_says(name: str) -> None:
    user = ModelUser(build_offline("offline/user"), load_prompts())
    for place in SCENARIOS:
        trial = await shipped(name, place)
        for session in trial.sessions[:4]:
            for n, exchange in enumerate(session.exchanges):
                cut = replace(trial, sessions=(*trial.sessions[: session.index - 1], replace(session, exchanges=session.exchanges[:n])))
                said = await user.speak(user_view(cut, **FIXED))
                assert not [f for f in said.flags if f.severity in ("critical", "serious") or f.kind == "signal_twice"], (said.what, said.flags)
                assert said.what == exchange.user
                assert not re.search(r"[.!?] [.!?]|  ", exchange.user.message), exchange.user.message

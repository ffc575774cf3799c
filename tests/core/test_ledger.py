"""The ledger holds what the user's messages told, and nothing else."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.core.cast import Cast, build_cast
from sim.core.event import Event, SessionOpened, UserSpoke, Utterance
from sim.core.fold import fold
from sim.core.ledger import Entry, build_ledger, hears, ledger_before, scan
from sim.core.record import Trial
from sim.core.text import contains, normalise
from sim.store.library import load_persona
from tests import examples
from tests.benchmarks.ledger import listen

CAST = build_cast(examples.persona(), examples.scenario(), start_date=dt.date(2026, 1, 5))


def told(message: str, *, session: int = 1, cast: Cast = CAST) -> set[tuple[str, int]]:
    return {(d.fact, d.version) for d in scan(message, cast, session=session)}


def after(*messages: tuple[int, str], claims: tuple[str, ...] = ()) -> dict[str, Entry]:
    """The ledger after messages, each in its session."""
    events: list[Event] = []
    count = {1: 0, 2: 0}
    for session, message in messages:
        if not count[session]:
            events.append(SessionOpened(trial="t", session=session, take=1, date=CAST.sessions[session - 1].date))
        count[session] += 1
        said = Utterance(message=message, facts_used=claims)
        events.append(UserSpoke(trial="t", session=session, take=1, exchange=count[session], said=said))
    return build_ledger(fold(Trial(id="t", target="x", seed=1, cast=CAST), events))


@pytest.mark.parametrize(
    "message",
    ["Biscuit sleeps.", "my cat, biscuit, sleeps", "BISCUIT!", "(Biscuit)", "“Biscuit”", "Ｂｉｓｃｕｉｔ is here", "Biscuit's asleep", "a-Biscuit-b"],
)
def test_an_answer_is_found_whatever_its_case_width_and_punctuation(message: str) -> None:
    assert told(message) == {("cat", 0)}


@pytest.mark.parametrize("message", ["Biscuits are on the table.", "a biscuitlike thing", "xBiscuit", "Bis cuit", "Biscu it", "biscuit_jar"])
def test_part_of_a_word_is_not_the_answer(message: str) -> None:
    assert told(message) == set()


@pytest.mark.parametrize("message", ["I live in Mill  Lane.", "mill\nlane", "Mill\u00a0Lane it is"])
def test_spaces_within_an_answer_are_any_spaces(message: str) -> None:
    assert told(message) == {("flat", 0)}


@given(st.text(max_size=60), st.sampled_from(["Biscuit", "left knee", "Thursday"]), st.text(max_size=60))
def test_an_answer_between_spaces_is_always_found(before: str, answer: str, behind: str) -> None:
    assert contains(f"{before} {answer} {behind}", answer)
    assert contains(f"{before} {answer.upper()} {behind}", answer)


@given(st.text(max_size=80))
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@given(st.text(max_size=80))
def test_every_message_can_be_scanned_and_equal_words_tell_the_same(text: str) -> None:
    assert told(text) == told(f"  {text}\n") == told(normalise(text))


def test_what_is_claimed_and_not_said_is_not_told() -> None:
    assert after((1, "Nothing of note."), claims=("cat", "flat", "no-such-fact")) == {}


def test_what_is_said_and_not_claimed_is_told() -> None:
    assert set(after((1, "Biscuit is in Mill Lane."))) == {"cat", "flat"}


def test_a_newer_value_supersedes_and_dates_the_entry() -> None:
    ledger = after((1, "I live in Mill Lane."), (2, "Good evening."), (2, "I am in Harbour Street now."))
    assert ledger["flat"] == replace(ledger["flat"], version=1, session=2, exchange=2, date=CAST.sessions[1].date)
    assert "Harbour Street" in ledger["flat"].text


@given(st.permutations(["I was in Mill Lane.", "I am in Harbour Street.", "Mill Lane, I said."]))
def test_an_old_value_never_comes_back(messages: list[str]) -> None:
    ledger = after(*((1, m) for m in messages))
    assert ledger["flat"].version == 1
    assert ledger["flat"].exchange == 1 + messages.index("I am in Harbour Street.")


def test_a_value_is_entered_when_it_is_first_told() -> None:
    ledger = after((1, "Hello."), (1, "Biscuit is asleep."), (2, "Biscuit again."))
    assert (ledger["cat"].session, ledger["cat"].exchange) == (1, 2)


def test_what_was_told_before_a_session_is_what_a_trial_without_it_has_told() -> None:
    said = [(1, CAST.sessions[0].core[0].value.answers[0]), (2, " ".join(t.value.answers[0] for t in CAST.sessions[1].core))]
    events: list[Event] = []
    for session, message in said:
        events.append(SessionOpened(trial="t", session=session, take=1, date=CAST.sessions[session - 1].date))
        events.append(UserSpoke(trial="t", session=session, take=1, exchange=1, said=Utterance(message=message)))
    trial = fold(Trial(id="t", target="x", seed=1, cast=CAST), events)
    for session in (1, 2, 3):
        assert ledger_before(trial, session) == build_ledger(replace(trial, sessions=trial.sessions[: session - 1]))
    assert len(ledger_before(trial, 1)) < len(ledger_before(trial, 2)) < len(ledger_before(trial, 3))


def test_what_its_session_scripts_is_a_core_fact_whichever_message_tells_it() -> None:
    for telling in CAST.sessions[0].core:
        message = f"It is {telling.value.answers[0]}."
        assert [d.core for d in scan(message, CAST, session=1) if d.fact == telling.fact.id] == [True]
    assert [(d.fact, d.core) for d in scan("Biscuit is asleep.", CAST, session=1)] == [("cat", False)]


def test_a_fact_drawn_out_before_its_session_is_core_once_it_was_told_to_all() -> None:
    assert not after((1, "It is my left knee."))["knee"].core
    ledger = after((1, "It is my left knee."), (2, "It is my left knee, as I said."))
    assert (ledger["knee"].core, ledger["knee"].session) == (True, 1)


def test_a_question_that_does_not_speak_of_oneself_tells_nothing() -> None:
    assert told("Is Mill Lane a nice street? I wonder.") == set()
    assert told("Did I say that we live in Mill Lane?") == told("Mill Lane. Nice, is it not?") == {("flat", 0)}


def test_which_questions_speak_of_oneself_is_not_guessed_in_other_languages() -> None:
    cast = build_cast(examples.persona(language="fr"), examples.scenario(), start_date=dt.date(2026, 1, 5))
    assert told("Tu connais Mill Lane ?", cast=cast) == {("flat", 0)}


def test_an_old_value_that_leads_up_to_the_new_one_is_not_told() -> None:
    assert told("No more Mill Lane: we are in Harbour Street.") == {("flat", 1)}


def test_every_shipped_fact_is_told_by_its_own_text() -> None:
    for path in sorted((Path(__file__).parents[2] / "personas").glob("*.yaml")):
        persona = load_persona(path)
        for value in (v for f in persona.facts for v in (f, f.changes_to) if v):
            assert hears(f"{value.text} What do you think?", value, persona.language), value.text


def test_a_hundred_messages_are_heard_as_measured() -> None:
    heard = listen()
    assert len(heard) == 100
    assert sum(len(h.tells) for h in heard) == 76
    assert sum(len(h.missed) for h in heard) <= 11
    assert sum(len(h.invented) for h in heard) <= 9


def test_the_targets_words_tell_nothing() -> None:
    from sim.core.event import TargetReplied

    opened = SessionOpened(trial="t", session=1, take=1, date=CAST.sessions[0].date)
    spoke = UserSpoke(trial="t", session=1, take=1, exchange=1, said=Utterance(message="Hello."))
    replied = TargetReplied(trial="t", session=1, take=1, exchange=1, reply="How is Biscuit in Mill Lane?")
    assert build_ledger(fold(Trial(id="t", target="x", seed=1, cast=CAST), [opened, spoke, replied])) == {}

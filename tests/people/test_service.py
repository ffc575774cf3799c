"""People consent, fill in forms, read or talk, rate, come back and withdraw; everything they do is in the journal and nothing of it unblinds them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from sim.app import load_run, staffed
from sim.core.codebook import CRITERIA, DIMENSIONS
from sim.core.errors import InputError
from sim.core.spec.people import PeopleStudy
from sim.people.service import Chatting, People, Person, ReadingTask
from sim.store.library import LoadedStudy, load_codebook
from sim.store.runs import RunFolder, create_run
from tests import examples

QUESTIONS = {
    "before": [{"id": "used", "ask": "How often do you chat?", "choices": ["never", "often"]}],
    "after": [{"id": "tired", "ask": "How tired are you?", "scale": ["not", "very"]}, {"id": "said", "ask": "Anything else?", "text": "lines"}],
}


def reading(**changes: Any) -> PeopleStudy:
    fields = {"name": "reading", "title": "Reading talks", "read": "told", "people": 2, "each": 2, "consent": "You may stop.", **QUESTIONS, **changes}
    return PeopleStudy.model_validate(fields)


def chatting(**changes: Any) -> PeopleStudy:
    fields = {"name": "chatting", "title": "Talking", "chat": "x.yaml", "people": 2, "each": 1, "consent": "You may stop.", **changes}
    return PeopleStudy.model_validate(fields)


def make(results: Path, **changes: Any) -> RunFolder:
    from sim.llm.prompts import load_texts

    loaded = LoadedStudy(examples.study(**changes), (examples.persona(),), (examples.scenario(),), load_codebook())
    return create_run(results, "told", loaded, prompts=load_texts(), scorers={}, offline=("user",))


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run: two targets, two sessions each."""
    from sim.app import resume_run

    results = tmp_path_factory.mktemp("results")
    make(results)
    asyncio.run(resume_run("told", results=results))
    return results


@pytest.fixture
def results(told: Path, tmp_path: Path) -> Path:
    import shutil

    shutil.copytree(told / "told", tmp_path / "told")
    return tmp_path


@asynccontextmanager
async def readers(results: Path, study: PeopleStudy) -> AsyncIterator[People]:
    run = load_run("told", results=results)
    with run.folder.write_journal() as journal:
        work = ReadingTask(study, run.study, {p.id: p for p in run.plans}, run.trials, journal, clock=lambda: 1.0)
        yield People(study, work, journal, clock=lambda: 1.0)


@asynccontextmanager
async def talkers(results: Path, study: PeopleStudy) -> AsyncIterator[People]:
    run = load_run("told", results=results)
    async with AsyncExitStack() as stack:
        staff = await stack.enter_async_context(staffed(run.folder, limits=run.study.limits))
        work = Chatting(study, run.plans, staff.parts, staff.sink)
        stack.push_async_callback(work.close)
        yield People(study, work, staff.journal, clock=lambda: 1.0)


def choices(state: dict[str, Any], score: int = 4) -> dict[str, Any]:
    return {line["id"]: score for line in state["lines"]}


async def begun(people: People) -> Person:
    person = await people.consent()
    if people.study.before:
        await people.fill_in(person, "before", {"used": "often"})
    return person


async def read_all(people: People, person: Person, score: int = 4) -> list[dict[str, Any]]:
    seen = []
    while (state := await people.state(person))["step"] == "read":
        seen.append(state)
        sent = {"item": state["item"], "exchange": state["exchange"], "ratings": choices(state, score)}
        await people.take(person, {**sent, "check": state["check"]} if state["check"] else sent)
    return seen


# --- reading ------------------------------------------------------------------------------------------------------


async def test_a_reader_goes_from_consent_to_thanks(results: Path) -> None:
    async with readers(results, reading()) as people:
        assert (await people.state(None))["step"] == "consent"
        person = await people.consent()
        assert (await people.state(person))["step"] == "form"
        await people.fill_in(person, "before", {"used": "never"})
        seen = await read_all(people, person)
        assert len({s["item"] for s in seen}) == 2
        assert (await people.state(person))["form"] == "after"
        await people.fill_in(person, "after", {"tired": 2, "said": "Thanks."})
        assert (await people.state(person))["step"] == "done"
    trials = load_run("told", results=results).trials
    rated = [e for t in trials for s in t.sessions for e in s.exchanges if person.rater in e.ratings]
    assert len(rated) == len(seen)
    assert {r.score for e in rated for r in e.ratings[person.rater].values() if r.kind == "score"} == {4}
    assert {f.part.split(":", 2)[2] for t in trials for f in t.forms} >= {"consent", "before", "after"}


async def test_what_is_read_is_blind_and_ends_with_the_exchange(results: Path) -> None:
    run = load_run("told", results=results)
    by_id = {t.id: t for t in run.trials}
    async with readers(results, reading()) as people:
        seen = await read_all(people, await begun(people))
    for state in seen:
        trial, session = state["item"].rsplit(":", 1)
        exchanges = by_id[trial].sessions[int(session) - 1].exchanges
        assert [t["reply"] for t in state["talk"]] == [e.reply.text for e in exchanges[: state["exchange"]] if e.reply]
        shown = json.dumps({k: v for k, v in state.items() if k != "item"})
        assert "remembers" not in shown
        assert "forgets" not in shown
        assert "score" not in shown
        assert {line["id"] for line in state["lines"]} == set(DIMENSIONS)
    assert len({tuple(line["id"] for line in s["lines"]) for s in seen}) > 1


async def test_the_same_conversations_are_read_by_two(results: Path) -> None:
    async with readers(results, reading()) as people:
        first, second = await begun(people), await begun(people)
        a, b = await read_all(people, first), await read_all(people, second)
        assert {s["item"] for s in a} == {s["item"] for s in b}
        with pytest.raises(InputError, match="everybody who was awaited"):
            await people.consent()
        assert (await people.state(None))["step"] == "full"


async def test_whoever_comes_back_goes_on_where_they_left(results: Path) -> None:
    async with readers(results, reading()) as people:
        person = await begun(people)
        state = await people.state(person)
        await people.take(person, {"item": state["item"], "exchange": state["exchange"], "ratings": choices(state), "check": state["check"] or 1})
        before = await people.state(person)
    async with readers(results, reading()) as people:
        again = people.find(person.code)
        assert again is not None
        assert await people.state(again) == before


async def test_who_withdraws_leaves_nothing(results: Path) -> None:
    untouched = load_run("told", results=results).trials
    async with readers(results, reading()) as people:
        person, other = await begun(people), await begun(people)
        count = len(await read_all(people, person))
        assert await people.withdraw(person) >= count + 2
        assert people.find(person.code) is None
        assert (await people.consent()).place == person.place
        await people.withdraw(other)
    trials = load_run("told", results=results).trials
    assert not any(person.rater in e.ratings for t in trials for e in t.exchanges)
    assert [[s.exchanges for s in t.sessions] for t in trials] == [[s.exchanges for s in t.sessions] for t in untouched]


async def test_an_attention_check_is_kept_with_what_was_asked_and_chosen(results: Path) -> None:
    async with readers(results, reading(checks=2)) as people:
        person = await begun(people)
        await read_all(people, person)
    forms = [f for t in load_run("told", results=results).trials for f in t.forms if f.part == f"{person.rater}:check"]
    assert len(forms) == 2
    assert all(f.answers["asked"] == f.answers["chosen"] for f in forms)


@pytest.mark.parametrize(
    "change",
    [
        {"item": "other:1"},
        {"exchange": 2},
        {"ratings": {}},
        {"ratings": dict.fromkeys(DIMENSIONS, 6)},
        {"ratings": dict.fromkeys(DIMENSIONS, True)},
        {"ratings": dict.fromkeys(DIMENSIONS, "na")},
        {"ratings": [4] * 7},
        {"ratings": {**dict.fromkeys(DIMENSIONS, 4), "charm": 4}},
        {"ratings": None},
    ],
)
async def test_ratings_that_do_not_fit_are_refused_and_nothing_is_kept(results: Path, change: dict[str, Any]) -> None:
    async with readers(results, reading(checks=0)) as people:
        person = await begun(people)
        state = await people.state(person)
        sent = {"item": state["item"], "exchange": state["exchange"], "ratings": choices(state)}
        with pytest.raises(InputError):
            await people.take(person, {**sent, **change})
        assert await people.state(person) == state


@pytest.mark.parametrize("answers", [{}, {"used": "sometimes"}, {"used": 1}, {"used": "never", "more": 1}, [], None])
async def test_a_form_that_does_not_fit_is_refused(results: Path, answers: object) -> None:
    async with readers(results, reading()) as people:
        person = await people.consent()
        with pytest.raises(InputError):
            await people.fill_in(person, "before", answers)
        assert (await people.state(person))["step"] == "form"


# --- talking ------------------------------------------------------------------------------------------------------


async def talk(people: People, person: Person, says: str = "Biscuit is on the radio again.") -> list[list[str]]:
    """Hold everything that is asked until the end; what was asked each time."""
    asked: list[list[str]] = []
    while (state := await people.state(person))["step"] == "chat":
        if not state["asks"]:
            continue
        asked.append(sorted(state["asks"]))
        if "ratings" in state["asks"]:
            await people.take(person, {"ratings": choices(state, 5)})
        elif "criterion" in state["asks"]:
            await people.take(person, {"criterion": dict.fromkeys(CRITERIA, 3)})
        else:
            await people.take(person, {"message": says, "leave": False})
    return asked


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    make(tmp_path, seeds=2)
    return tmp_path


async def test_a_person_is_the_user_and_rates_every_reply(fresh: Path) -> None:
    async with talkers(fresh, chatting()) as people:
        person = await begun(people)
        asked = await talk(people, person)
        assert ["message"] in asked
        assert ["criterion"] in asked
        assert (await people.state(person))["step"] == "done"
    held = [t for t in load_run("told", results=fresh).trials if t.sessions]
    assert [(t.seed, t.finished) for t in held] == [(1, True)]
    for session in held[0].sessions:
        assert session.criterion.keys() == {person.rater}
        assert all(e.user.message == "Biscuit is on the radio again." for e in session.exchanges)
        assert all({person.rater, "self"} <= e.ratings.keys() for e in session.exchanges)
    assert "user" not in held[0].spent


async def test_the_end_of_a_trial_wakes_the_page_that_waits(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim.people.service.WAIT", 3600.0)
    async with asyncio.timeout(60), talkers(fresh, chatting()) as people:
        person = await begun(people)
        await talk(people, person)
        assert (await people.state(person))["step"] == "done"


async def test_a_reply_is_rated_before_the_next_message(fresh: Path) -> None:
    async with talkers(fresh, chatting()) as people:
        person = await begun(people)
        await people.state(person)
        await people.take(person, {"message": "Evening."})
        while "ratings" not in (await people.state(person))["asks"]:
            pass
        with pytest.raises(InputError, match="not rated yet"):
            await people.take(person, {"message": "And?"})


async def test_a_talk_goes_on_where_it_was_left(fresh: Path) -> None:
    async with talkers(fresh, chatting()) as people:
        person = await begun(people)
        await people.state(person)
        await people.take(person, {"message": "Evening."})
        while "ratings" not in (await people.state(person))["asks"]:
            pass
    async with talkers(fresh, chatting()) as people:
        again = people.find(person.code)
        assert again is not None
        asks: set[str] = set()
        while len(asks) < 2:
            state = await people.state(again)
            asks |= set(state["asks"])
        assert asks == {"ratings", "message"}
        assert [t["user"] for t in state["talk"]] == ["Evening."]
        await talk(people, again)
    (held,) = [t for t in load_run("told", results=fresh).trials if t.sessions]
    assert held.finished
    assert held.sessions[0].exchanges[0].user.message == "Evening."


async def test_who_talked_and_withdraws_takes_the_whole_talk_along(fresh: Path) -> None:
    async with talkers(fresh, chatting()) as people:
        person = await begun(people)
        await people.state(person)
        await people.take(person, {"message": "Evening."})
        await people.withdraw(person)
    assert not any(t.sessions or t.forms for t in load_run("told", results=fresh).trials)


@pytest.mark.parametrize("sent", [{"message": ""}, {"message": "x" * 6001}, {"message": 3}, {"message": "Bye", "leave": True}, {"leave": "yes"}, {}])
async def test_a_message_that_cannot_be_sent_is_refused(fresh: Path, sent: dict[str, Any]) -> None:
    async with talkers(fresh, chatting()) as people:
        person = await begun(people)
        await people.state(person)
        with pytest.raises(InputError):
            await people.take(person, sent)
        assert (await people.state(person))["asks"] == ["message"]

"""What every target does, whatever it is: a chat model, a chatbot in another process, a function, a class, a graph."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import pytest

from sim.core.event import SessionOpened, TargetReplied, UserSpoke, Utterance
from sim.core.fold import fold
from sim.core.record import Trial
from sim.core.spec import Limits
from sim.targets.isolation import check_isolation
from tests.server import Server
from tests.targets.chatbots import EXAMPLES, Booth, Chatbot, chatbot, spec

MONDAY = dt.date(2026, 1, 5)
NINE_DAYS_ON = dt.date(2026, 1, 14)

KINDS = ("chat", "http", "function", "function by user", "class", "graph", "graph without memory")
REMEMBER = {"http", "function by user", "class", "graph"}
"""Those that answer from what they were told in an earlier session."""
START_OVER = {"function by user", "class", "graph"}
"""Those whose memory ends with the process."""
CODE: dict[str, dict[str, Any]] = {
    "function": {"callable": "bots:listener"},
    "function by user": {"callable": "bots:friend", "clock": "argument"},
    "class": {"callable": "bots:Companion"},
    "graph": {"graph": "graphs:graph"},
    "graph without memory": {"graph": "graphs:forgetful"},
}


@pytest.fixture(scope="module")
def bot() -> Iterator[Chatbot]:
    with chatbot() as running:
        yield running


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def booth(kind: str, bot: Chatbot, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> AsyncIterator[Booth]:
    monkeypatch.chdir(EXAMPLES)
    async with Server() as server:
        if kind == "chat":
            target: Any = spec(model="openai/any", api_base=server.url)
        elif kind == "http":
            target = spec(http={"url": f"{bot.url}/chat"})
        else:
            target = spec(**CODE[kind])
        booth = Booth(target, nonce=request.node.name)
        booth.server = server
        yield booth
        await booth.parts.close()


def read_before(booth: Booth, message: str) -> list[str]:
    """What the users had said before `message`, as the server of a chat model was sent it: its answers say little about what it has read."""
    sent = [r["body"]["messages"] for r in booth.server.requests()]
    return ["\n".join(m["content"] for m in messages[:-1] if m["role"] == "user") for messages in sent if messages[-1]["content"] == message]


async def test_replies_with_text_and_an_account_of_one_call(booth: Booth) -> None:
    target = await booth.target()
    await target.open(MONDAY)
    answer = await target.reply("The rice burnt again.", "k1")
    assert answer.text
    assert [(c.role, c.cost) for c in answer.calls] == [("target", None)]
    assert len(answer.timings) == 1
    assert booth.shared.traffic.budget.by_role["target"].calls == 1
    assert await target.close_session() == ()


async def test_what_was_said_in_a_session_is_known_in_it(booth: Booth, kind: str) -> None:
    target = await booth.target()
    await target.open(MONDAY)
    await target.reply("My cat is called Biscuit.", "k1")
    answer = await target.reply("And what is my cat called?", "k2")
    assert "Biscuit" in (read_before(booth, "And what is my cat called?")[0] if kind == "chat" else answer.text)


async def test_an_earlier_session_is_known_by_those_that_remember(booth: Booth, kind: str) -> None:
    target = await booth.target()
    await target.open(MONDAY)
    await target.reply("My cat is called Biscuit.", "k1")
    await target.close_session()
    await target.open(NINE_DAYS_ON)
    answer = await target.reply("Hello again.", "k2")
    assert ("Biscuit" in answer.text) == (kind in REMEMBER)


async def test_what_one_user_says_never_reaches_another(booth: Booth, kind: str) -> None:
    found = await check_isolation(booth.target)
    assert found.kept_apart, found.leaks
    assert found.remembered or kind == "chat"


async def test_two_runs_of_one_study_never_meet(booth: Booth) -> None:
    other = Booth(booth.plan.target, nonce="another run")
    try:
        for made, message in ((booth, "My cat is called Biscuit."), (other, "Hello.")):
            target = await made.target()
            await target.open(MONDAY)
            answer = await target.reply(message, "k1")
        assert "Biscuit" not in answer.text
    finally:
        await other.parts.close()


async def test_many_at_once_each_get_their_own_answer(booth: Booth, kind: str) -> None:
    async def talk(user: str) -> str:
        target = await booth.target(user)
        await target.open(MONDAY)
        await target.reply(f"I am user {user}.", f"{user}1")
        return (await target.reply("Who am I?", f"{user}2")).text

    users = "abcdefgh"
    answers = await asyncio.gather(*map(talk, users))
    if kind == "chat":  # Sorted, for they come in as they come.
        answers = sorted(read_before(booth, "Who am I?"))
    assert [f"I am user {u}." in a for u, a in zip(users, answers, strict=True)] == [True] * 8
    assert [a.count("I am user") for a in answers] == [1] * 8


async def test_a_fork_leaves_no_trace_or_there_is_none(booth: Booth, kind: str) -> None:
    target = await booth.target()
    await target.open(MONDAY)
    await target.reply("My cat is called Biscuit.", "k1")
    fork = await target.fork()
    assert (fork is None) == (kind in REMEMBER)
    if fork is not None:
        await fork.reply("My dog is called Waffle.", "k2")
        assert "Waffle" not in (await target.reply("Who lives with me?", "k3")).text


async def test_after_the_process_ended_it_goes_on_or_says_that_it_cannot(booth: Booth, kind: str) -> None:
    plan, trial = booth.trial()
    before = booth.parts.target(plan)
    assert await before.restore(trial) == "all"
    await before.open(MONDAY)
    answer = await before.reply("My cat is called Biscuit.", "k1")
    trial = _talked(trial, "My cat is called Biscuit.", answer.text)
    after = booth.parts.target(plan)
    assert await after.restore(trial) == ("nothing" if kind in START_OVER else "all")
    if kind in START_OVER:
        await after.open(MONDAY)
        assert "Biscuit" not in (await after.reply("Do you know my cat?", "k2")).text
    elif kind != "chat":
        assert "Biscuit" in (await after.reply("Do you know my cat?", "k2")).text


async def test_a_stopped_run_buys_nothing(booth: Booth) -> None:
    from sim.core.errors import CallFailed

    target = await booth.target()
    await target.open(MONDAY)
    booth.shared.traffic.stop()
    with pytest.raises(CallFailed) as failed:
        await target.reply("Hello?", "k1")
    assert failed.value.cause == "interrupted"


def _talked(trial: Trial, message: str, reply: str) -> Trial:
    where = {"trial": trial.id, "session": 1, "take": 1}
    return fold(
        trial,
        (
            SessionOpened(**where, date=MONDAY),
            UserSpoke(**where, exchange=1, said=Utterance(message=message)),
            TargetReplied(**where, exchange=1, reply=reply),
        ),
    )


# --- the check itself -----------------------------------------------------------------------------------------------


async def test_a_chatbot_that_mixes_its_users_is_found_out() -> None:
    with chatbot("--leaky") as leaky:
        booth = Booth(spec(http={"url": f"{leaky.url}/chat"}))
        found = await check_isolation(booth.target)
        await booth.parts.close()
    assert not found.kept_apart
    assert found.remembered


async def test_a_class_that_gossips_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(EXAMPLES)
    found = await check_isolation(Booth(spec(callable="bots:Gossip")).target)
    assert not found.kept_apart


async def test_the_date_is_told_in_words_once_a_session_or_as_an_argument_or_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(EXAMPLES)

    async def heard(**more: Any) -> str:
        target = await Booth(spec(**more), limits=Limits(retries=0)).target()
        for date in (MONDAY, NINE_DAYS_ON):
            await target.open(date)
            await target.reply("One.", f"{date}1")
            answer = await target.reply("Two.", f"{date}2")
        return answer.text

    words = "[Wednesday, 14 January 2026, nine days later]"
    assert words in await heard(callable="bots:Companion")
    assert "2026" not in await heard(callable="bots:Companion", clock="none")
    told = await heard(callable="bots:friend", clock="argument")
    assert "2026-01-14: One." in told
    assert words not in told
    assert replace(Booth(spec(callable="bots:listener", clock="none")).plan).blank().dated is False

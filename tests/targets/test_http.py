"""What goes over the wire to a chatbot behind HTTP, and what comes of what it does wrong."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from sim.core.errors import CallFailed, InputError
from sim.core.event import OpeningMeta, SessionClosed, SessionOpened, TargetReplied, UserSpoke, Utterance
from sim.core.fold import fold
from sim.core.record import Trial
from sim.core.spec import Limits
from sim.engine.reach import check_reach
from sim.targets.target import Target, TargetAnswer
from tests import examples
from tests.targets.chatbots import KEY, Booth, Chatbot, chatbot, spec

MONDAY = dt.date(2026, 1, 5)


@pytest.fixture
def bot() -> Iterator[Chatbot]:
    with chatbot() as running:
        yield running


async def said(target: Target, *messages: str, close: bool = False) -> list[TargetAnswer]:
    await target.open(MONDAY)
    answers = [await target.reply(m, f"k{i}") for i, m in enumerate(messages)]
    if close:
        await target.close_session()
    return answers


async def talk(bot: Chatbot, *messages: str, limits: Limits | None = None, nonce: str = "n", close: bool = False, **http: Any) -> list[TargetAnswer]:
    booth = Booth(spec(http={"url": f"{bot.url}/chat", **http}), limits=limits, nonce=nonce)
    try:
        return await said(await booth.target(), *messages, close=close)
    finally:
        await booth.parts.close()


async def test_the_word_for_why_a_reply_ended_is_taken_from_where_the_study_says(bot: Chatbot) -> None:
    (whole,) = await talk(bot, "length", finish="echo.message", clock="none")
    assert (whole.finish, whole.text) == ("length", "That is new to me.")
    (unsaid,) = await talk(bot, "Hello.", finish="nowhere.to_be_found")
    assert unsaid.finish == "stop"
    (pieces,) = await talk(bot, "Hello.", url=f"{bot.url}/chat/sse", stream="sse", reply="delta.text", finish="delta.text", nonce="s")
    assert pieces.text.endswith(pieces.finish), "the last event has the last word"
    assert 0 < len(pieces.finish) < len(pieces.text)


async def test_placeholders_stand_wherever_the_study_puts_them(bot: Chatbot) -> None:
    body = {"message": "{message}", "user_id": "u-{user_id}", "turn": {"all": "{messages}", "n": 1, "odd": "{a: {b}}"}}
    said = "Say {user_id} & ${HOME} + \U0001f600"
    await talk(bot, said, body=body, headers={"X-Session": "{session_id}"}, url=f"{bot.url}/chat?u={{user_id}}&m={{message}}")
    (sent,) = bot.log("/chat")
    user = sent["body"]["user_id"].removeprefix("u-")
    assert len(user) == 36
    assert sent["body"]["message"].endswith(said), "nothing the user says is filled in"
    assert sent["body"]["turn"]["all"] == [{"role": "user", "content": sent["body"]["message"]}]
    assert (sent["body"]["turn"]["n"], sent["body"]["turn"]["odd"]) == (1, "{a: {b}}")
    assert len(sent["headers"]["X-Session"]) == 36
    assert parse_qs(urlsplit(sent["path"]).query) == {"u": [user], "m": [sent["body"]["message"]]}


async def test_user_session_and_key_are_the_same_again_and_differ_between_runs(bot: Chatbot) -> None:
    for nonce in ("one", "one", "two"):
        await talk(bot, "Hello.", nonce=nonce)
    ids = [(r["body"]["user_id"], r["body"]["session_id"], r["headers"]["Idempotency-Key"]) for r in bot.log("/chat")]
    assert ids[0] == ids[1]
    assert not set(ids[0]) & set(ids[2])


@pytest.mark.parametrize(("url", "stream"), [("/chat/sse", "sse"), ("/chat/lines", "lines")])
async def test_streams_are_put_together(bot: Chatbot, url: str, stream: str) -> None:
    answers = await talk(bot, "Caf\u00e9 \U0001f600", "And?", url=bot.url + url, stream=stream, reply="delta.text", clock="none")
    assert [a.text for a in answers] == ["That is new to me.", "You told me: Caf\u00e9 \U0001f600"]


async def test_the_date_goes_into_a_header_or_a_field_or_nowhere(bot: Chatbot) -> None:
    await talk(bot, "Hello.", clock="header")
    await talk(bot, "Hello.", clock="field", clock_name="today")
    await talk(bot, "Hello.", clock="none")
    header, field, none = bot.log("/chat")
    assert header["headers"]["X-Session-Date"] == "2026-01-05"
    assert (field["body"]["today"], field["body"]["message"]) == ("2026-01-05", "Hello.")
    assert "2026" not in str(none)


async def test_the_calls_around_a_talk_come_in_their_order(bot: Chatbot) -> None:
    http: dict[str, Any] = {
        "reset": {"url": f"{bot.url}/reset", "body": {"user_id": "{user_id}"}},
        "opening": {"url": f"{bot.url}/sessions", "session_id": "session.id"},
        "closing": {"url": f"{bot.url}/close", "body": {"session": "{session_id}"}},
        "settle": {"url": f"{bot.url}/taken-in/{{user_id}}", "at": "state", "every": 0.01, "within": 5},
        "delete": {"url": f"{bot.url}/users/{{user_id}}"},
    }
    booth = Booth(spec(http={"url": f"{bot.url}/chat", **http}))
    target = await booth.target()
    await said(target, "One.", close=True)
    await said(target, "Two.", close=True)
    await booth.parts.close()
    sent = [f"{r['method']} {r['path'].split('/')[1]}" for r in bot.log()]
    session = ["POST sessions", "POST chat", "POST close", "GET taken-in", "GET taken-in"]
    assert sent == ["POST reset", *session, *session, "DELETE users"], "the scenario has two sessions"
    first, second = (r["body"]["session_id"] for r in bot.log("/chat"))
    assert (first.startswith("given-"), first == second) == (True, False)
    assert [r["body"]["session"] for r in bot.log("/close")] == [first, second]


NAMED: dict[str, Any] = {"session_id": "session.id"}


def talk_under_way(trial: Trial, *, given: str = "", said: bool = True) -> Trial:
    """`trial` in the middle of its first session."""
    where = {"trial": trial.id, "session": 1, "take": 1}
    trial = fold(trial, (SessionOpened(**where, date=MONDAY, meta=OpeningMeta(given=given)),))
    exchange = (UserSpoke(**where, exchange=1, said=Utterance(message="One.")), TargetReplied(**where, exchange=1, reply="Yes."))
    return fold(trial, exchange) if said else trial


async def test_a_session_whose_id_the_chatbot_gave_is_gone_on_with_under_that_id(bot: Chatbot) -> None:
    booth = Booth(spec(http={"url": f"{bot.url}/chat", "opening": {"url": f"{bot.url}/sessions", **NAMED}}))
    plan, blank = booth.trial()
    target = booth.parts.target(plan)
    assert await target.restore(blank) == "all"
    await target.open(MONDAY)
    assert target.given.startswith("given-")
    again = booth.parts.target(plan)
    assert await again.restore(talk_under_way(blank, given=target.given)) == "all"
    await again.reply("One.", "k")
    assert bot.log("/chat")[-1]["body"]["session_id"] == target.given
    await booth.parts.close()


@pytest.mark.parametrize(("durable", "lost"), [(True, "nothing"), ("memory", "memory"), (False, "nothing")])
async def test_without_its_id_a_session_starts_over_or_the_trial_does(bot: Chatbot, durable: Any, lost: str) -> None:
    booth = Booth(spec(durable=durable, http={"url": f"{bot.url}/chat", "opening": {"url": f"{bot.url}/sessions", **NAMED}}))
    plan, blank = booth.trial()
    assert await booth.parts.target(plan).restore(talk_under_way(blank)) == lost
    assert await booth.parts.target(plan).restore(talk_under_way(blank, said=False)) == "memory", "nothing was said in it that could be lost"
    over = fold(talk_under_way(blank), (SessionClosed(trial=blank.id, session=1, take=1, ending="left"),))
    assert await booth.parts.target(plan).restore(over) == ("nothing" if durable is False else "all"), "the next can be opened"
    await booth.parts.close()


async def test_a_session_that_starts_over_has_another_id_and_the_same_user(bot: Chatbot) -> None:
    booth = Booth(spec(durable="memory", http={"url": f"{bot.url}/chat"}))
    plan, blank = booth.trial()
    first = booth.parts.target(plan)
    await first.restore(blank)
    for session in (1, 2):
        await first.open(MONDAY)
        await first.reply("One.", f"k{session}")
    trial = fold(talk_under_way(blank), (SessionClosed(trial=blank.id, session=1, take=1, ending="left"),))
    where = {"trial": trial.id, "session": 2, "take": 1}
    said = (UserSpoke(**where, exchange=1, said=Utterance(message="One.")), TargetReplied(**where, exchange=1, reply="Yes."))
    trial = fold(trial, (SessionOpened(**where, date=MONDAY), *said))
    again = booth.parts.target(plan)
    assert await again.restore(trial) == "memory"
    await again.open(MONDAY)
    await again.reply("One.", "k3")
    await booth.parts.close()
    one, cut, anew = (r["body"] for r in bot.log("/chat")[-3:])
    assert one["user_id"] == cut["user_id"] == anew["user_id"]
    assert len({one["session_id"], cut["session_id"], anew["session_id"]}) == 3


async def test_the_calls_around_a_talk_bear_keys_that_are_the_same_again_after_an_interruption(bot: Chatbot) -> None:
    around: dict[str, Any] = {n: {"url": f"{bot.url}/{n}", "body": {"user_id": "{user_id}"}} for n in ("reset", "close")}
    booth = Booth(spec(http={"url": f"{bot.url}/chat", "reset": around["reset"], "closing": around["close"]}))
    plan, blank = booth.trial()
    before = len(bot.log())
    target = booth.parts.target(plan)
    await target.restore(blank)
    await target.open(MONDAY)
    await target.close_session()
    again = booth.parts.target(plan)
    await again.restore(talk_under_way(blank))
    await again.close_session()
    await booth.parts.close()
    sent = [(r["path"], r["headers"]["Idempotency-Key"]) for r in bot.log()[before:]]
    assert [path for path, _ in sent] == ["/reset", "/close", "/close"]
    (reset, first, second) = (key for _, key in sent)
    assert first == second != reset


async def test_a_session_that_is_never_taken_in_ends_in_a_lost_call(bot: Chatbot) -> None:
    with pytest.raises(CallFailed, match=r"not taken in within 0\.05 s") as failed:
        await talk(bot, "Hi.", close=True, settle={"url": f"{bot.url}/nowhere/{{user_id}}", "every": 0.02, "within": 0.05})
    assert failed.value.cause == "infrastructure"


async def test_what_may_pass_is_tried_again_under_the_same_key(bot: Chatbot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim.llm.attempts.BASE", 0.01)
    bot.fail("503", "500")
    (answer,) = await talk(bot, "Hello.", limits=Limits(retries=3))
    assert answer.text == "That is new to me."
    assert answer.timings[0].retries == 2
    assert len({r["headers"]["Idempotency-Key"] for r in bot.log("/chat")}) == 1


@pytest.mark.parametrize(("how", "resent"), [("500", True), ("hang", True), ("429", False)])
async def test_a_message_that_an_earlier_attempt_may_have_delivered_is_marked(
    bot: Chatbot, monkeypatch: pytest.MonkeyPatch, how: str, resent: bool
) -> None:
    monkeypatch.setattr("sim.llm.attempts.BASE", 0.01)
    bot.fail(how)
    first, second = await talk(bot, "Hello.", "And?", limits=Limits(retries=1, timeout=1))
    assert (first.resent, second.resent) == (resent, False)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("garbage", r"http/bot: what came is not JSON, and reply: reply asks for it: <html>not what you asked for</html>"),
        ("elsewhere", r'http/bot: no text stands at reply: reply in what came: \{"answer": "here I am, .{300,400}…$'),
        ("404", r'http/bot: status 404, there is nothing of that name: 127\.0\.0\.1:\d+: \{"error": "broken"\}'),
        ("500", r"http/bot: status 500"),
    ],
)
async def test_what_is_no_reply_is_a_lost_call_that_says_what_came(bot: Chatbot, how: str, message: str) -> None:
    bot.fail(how)
    with pytest.raises(CallFailed) as failed:
        await talk(bot, "Hello.")
    assert re.search(message, failed.value.told)
    assert not any(came in failed.value.message for came in ("html", "here I am", "broken")), "a log holds no body"
    assert failed.value.cause == "infrastructure"
    assert len(bot.log("/chat")) == 1


@pytest.mark.parametrize(
    ("came", "message"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{}", "the answer broke off, or is not packed as its headers say"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}", "the answer broke off, or is not packed as its headers say"),
        (b"\x00\x01 hello\r\n\r\n", "what came is not HTTP"),
    ],
    ids=["cut", "not gzip", "not HTTP"],
)
async def test_an_answer_that_does_not_come_whole_is_told_in_words(came: bytes, message: str) -> None:
    async def garbled(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(came)
        await writer.drain()
        writer.close()

    listener = await asyncio.start_server(garbled, "127.0.0.1", 0)
    booth = Booth(spec(http={"url": f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/chat"}), limits=Limits(retries=0))
    with pytest.raises(CallFailed, match=message):
        await said(await booth.target(), "Hello.")
    await booth.parts.close()
    listener.close()


async def test_an_empty_reply_is_a_reply(bot: Chatbot) -> None:
    bot.fail("empty")
    (answer,) = await talk(bot, "Hello.")
    assert answer.text == ""


async def test_a_chatbot_that_hangs_is_given_up(bot: Chatbot) -> None:
    bot.fail("hang")
    with pytest.raises(CallFailed, match=r"did not answer within 0\.2 s"):
        await talk(bot, "Hello.", timeout=0.2)


async def test_a_stream_without_a_piece_is_a_lost_call(bot: Chatbot) -> None:
    with pytest.raises(CallFailed, match="nothing stands at text in any event of the stream"):
        await talk(bot, "Hello.", url=f"{bot.url}/chat/sse", stream="sse", reply="text")


async def test_the_key_is_sent_and_never_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_PASSPHRASE", KEY)
    header = {"Authorization": "Bearer ${BOT_PASSPHRASE}"}
    with chatbot(key=KEY) as bot:
        (answer,) = await talk(bot, "Hello.", headers=header)
        assert answer.text == "That is new to me."
        (echoed,) = await talk(bot, "Hi.", headers=header, reply="$", body={"message": "{message}", "user_id": "{user_id}", "p": "${BOT_PASSPHRASE}"})
        assert bot.log("/chat")[-1]["body"]["p"] == KEY
        assert '"p": "[key]"' in echoed.text
        with pytest.raises(CallFailed) as failed:
            await talk(bot, "Hello.", headers={"Authorization": "Bear ${BOT_PASSPHRASE}"})
    assert "not the key" in failed.value.quote
    assert KEY not in failed.value.told


async def test_a_missing_variable_and_a_failing_health_check_are_said_before_anything_is_spent(bot: Chatbot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_SUCH_THING", raising=False)
    missing = {"url": f"{bot.url}/chat", "closing": {"url": "http://x/${NO_SUCH_THING}"}}
    with pytest.raises(InputError, match=r"^target 'bot' needs NO_SUCH_THING, which is not set; export NO_SUCH_THING=…$"):
        await check_reach(examples.study(targets=(spec(http=missing),)))
    limits = Limits(retries=0)
    healthy = {"url": f"{bot.url}/chat", "health": {"url": f"{bot.url}/health"}}
    await check_reach(examples.study(targets=(spec(http=healthy),), limits=limits))
    ill = {"url": f"{bot.url}/chat", "health": {"url": f"{bot.url}/ill"}}
    with pytest.raises(InputError, match=r"^target 'bot' does not answer its health check \(http/bot: status 404.*\); start it, or mend http"):
        await check_reach(examples.study(targets=(spec(http=ill),), limits=limits))
    assert not bot.log("/chat")

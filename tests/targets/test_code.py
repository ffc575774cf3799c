"""Somebody's Python code as target: whatever it does, the run goes on."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from sim.core.errors import CallFailed, InputError
from sim.core.spec import Limits
from sim.foreign.calls import finish_of
from sim.targets.build import OwnTarget
from sim.targets.target import Target
from tests.targets.chatbots import EXAMPLES, Booth, spec

MONDAY = dt.date(2026, 1, 5)


@pytest.fixture(autouse=True)
def beside_the_bots(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(EXAMPLES)


async def opened(name: str, *, within: float = 10) -> Target:
    target = await Booth(spec(callable=f"bots:{name}", clock="none"), limits=Limits(timeout=within)).target()
    await target.open(MONDAY)
    return target


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("broken", r"^callable/bot raised KeyError: \"what is 'Hello\.'\?\"$"),
        ("quits", r"^callable/bot raised SystemExit: 3$"),
        ("aquits", r"^callable/bot raised SystemExit: 3$"),
        ("stops", r"^callable/bot raised StopIteration$"),
        ("cancels", r"^callable/bot raised CancelledError$"),
        ("forgets_to_return", r"^callable/bot returned NoneType, not text$"),
        ("hangs", r"^callable/bot did not answer within 0\.2 s$"),
        ("ahangs", r"^callable/bot did not answer within 0\.2 s$"),
    ],
)
async def test_what_it_raises_is_a_lost_call(name: str, message: str) -> None:
    target = await opened(name, within=0.2 if "hangs" in name else 10)
    with pytest.raises(CallFailed) as failed:
        await target.reply("Hello.", "k1")
    assert re.search(message, failed.value.told)
    assert "Hello" not in failed.value.message, "a log holds no message text"
    assert failed.value.cause == "infrastructure"


async def test_an_empty_reply_is_a_reply() -> None:
    assert (await (await opened("silent")).reply("Hello.", "k1")).text == ""


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"callable": "botz:friend"}, "target 'bot': there is no module 'botz'; run from the folder it lies in, or set PYTHONPATH"),
        ({"callable": "bots:freind"}, "target 'bot': there is no 'freind' in bots; did you mean 'friend'?"),
        (
            {"callable": "bots:_memory"},
            "target 'bot': bots:_memory is not a function; name a function that takes messages, or a class with reply and new_session",
        ),
        ({"callable": "bots:friend"}, "target 'bot': bots:friend needs date, which it is not given; write clock: argument"),
        (
            {"callable": "asyncio:sleep"},
            "target 'bot': asyncio:sleep takes neither messages nor message; name its first parameter messages, or message for the last one alone",
        ),
        ({"callable": "asyncio:Lock"}, "target 'bot': asyncio:Lock has no method reply; a class needs reply(message) and new_session()"),
        ({"graph": "graphs:builder"}, "target 'bot': graphs:builder has neither ainvoke nor invoke; compile it: graph = builder.compile()"),
        ({"callable": "this_raises:reply"}, "target 'bot': importing this_raises raised ValueError: on two lines; mend the module"),
    ],
)
def test_what_cannot_be_talked_to_is_refused_in_one_line(fields: dict[str, str], complaint: str) -> None:
    booth = Booth(spec(callable="bots:listener"))
    with pytest.raises(InputError) as refused:
        OwnTarget(spec(**fields), limits=Limits(), shared=booth.shared)
    assert str(refused.value) == complaint


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ({"content": "It was", "finish_reason": "length"}, "length"),
        (type("M", (), {"content": "It was", "response_metadata": {"stop_reason": "max_tokens"}})(), "max_tokens"),
        ({"content": "It was", "response_metadata": {"done_reason": "length"}}, "length"),
        ({"content": "It was a day."}, "stop"),
        ("It was a day.", "stop"),
        ({"content": "It was", "finish_reason": 3}, "stop"),
    ],
)
def test_a_message_says_itself_why_it_ended(value: object, word: str) -> None:
    assert finish_of(value) == word

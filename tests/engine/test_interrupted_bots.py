"""Chatbots that keep their own memory, interrupted in the middle of a talk: what starts over is what was lost, and nothing else."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sim.core.event import CallLost, SessionOpened, TargetReplied, body
from sim.core.fold import fold
from sim.core.record import Trial
from sim.engine.plan import TrialPlan
from tests.engine.backends import Kept, plans_of, recipe_of, study
from tests.engine.test_backends import run

BOT = '''\
"""Knows what each user said in earlier sessions, and in this one until the process ends."""

kept = {}      # by user: messages of sessions that are over
under_way = {} # by user: the session under way, and its messages
fails_at = []  # how many replies to give before the line drops, once


def reply(message, user_id, session_id):
    session, said = under_way.get(user_id, (session_id, []))
    if session != session_id:
        kept.setdefault(user_id, []).extend(said)
        said = []
    if fails_at:
        fails_at[0] -= 1
        if fails_at[0] < 0:
            fails_at.clear()
            raise ConnectionError("the line dropped")
    under_way[user_id] = session_id, [*said, message]
    return f"I know {len(kept.get(user_id, []))} messages of before and {len(said)} of today."
'''


@pytest.fixture
def bot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module that the study names, imported as a run imports it."""
    (tmp_path / "stateful_bot.py").write_text(BOT)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "stateful_bot", raising=False)
    return __import__("stateful_bot")


def of(durable: Any) -> tuple[Any, tuple[TrialPlan, ...]]:
    made = study(targets=({"id": "bot", "callable": "stateful_bot:reply", "durable": durable},), seeds=1, limits={"retries": 0})
    return recipe_of(made), plans_of(made)


def talk(trial: Trial) -> list[tuple[int, str, str]]:
    """Session, message and reply of every exchange that counts."""
    return [(s.index, e.user.message, e.reply.text) for s in trial.sessions for e in s.exchanges if e.reply]


@pytest.mark.parametrize(
    ("durable", "takes"),
    [(True, [(1, 1), (2, 1)]), ("memory", [(1, 1), (2, 1), (2, 2)]), (False, [(1, 1), (2, 1), (1, 2), (2, 2)])],
)
async def test_what_starts_over_is_what_was_lost(bot: ModuleType, durable: Any, takes: list[tuple[int, int]]) -> None:
    recipe, plans = of(durable)
    undisturbed = await run("local", recipe, plans)
    whole = fold(plans[0].blank(), undisturbed.order)
    bot.kept.clear()
    bot.under_way.clear()

    in_first = len(whole.sessions[0].exchanges)
    bot.fails_at.append(in_first + 1)
    kept = await run("local", recipe, plans)
    stopped = fold(plans[0].blank(), kept.order)
    assert [len(s.exchanges) for s in stopped.sessions] == [in_first, 2]
    assert stopped.sessions[1].exchanges[1].reply is None
    if durable is not True:
        bot.under_way.clear()  # The process ends, and with it what was said today.
    if durable is False:
        bot.kept.clear()

    await run("local", recipe, plans, kept)
    resumed = fold(plans[0].blank(), kept.order)
    opened = [(e.session, e.take, e.meta.again) for e in kept.order if isinstance(e, SessionOpened)]
    first_again = next((i for i, (_, take, _) in enumerate(opened) if take > 1), len(opened))
    assert [(session, take) for session, take, _ in opened] == takes
    assert [i for i, (*_, again) in enumerate(opened) if again] == ([first_again] if first_again < len(opened) else [])
    assert resumed.finished
    assert (stopped.started_over, resumed.started_over) == (0, int(durable is not True))
    assert talk(resumed) == talk(whole), "the talk that counts is that of an undisturbed run"
    replies = [e for e in kept.order if isinstance(e, TargetReplied)]
    assert [e.meta.resent for e in replies] == [durable is True and (e.session, e.exchange) == (2, 2) for e in replies]
    assert resumed.spent["target"].calls == len(replies)
    assert sum(isinstance(e, CallLost) for e in kept.order) == 1
    verdicts = {(e.session, e.exchange, e.part): body(e) for e in undisturbed.order if e.kind == "rated"}
    newest = {s.index: s.take for s in resumed.sessions}
    assert {(e.session, e.exchange, e.part): body(e) for e in kept.order if e.kind == "rated" and e.take == newest[e.session]} == verdicts


async def test_interrupted_again_and_again_it_comes_to_its_end(bot: ModuleType) -> None:
    recipe, plans = of("memory")
    whole = fold(plans[0].blank(), (await run("local", recipe, plans)).order)
    bot.kept.clear()
    bot.under_way.clear()
    kept = Kept()
    for replies in (1, 2, 3, 2, 0):
        bot.fails_at[:] = [replies]
        await run("local", recipe, plans, kept)
        assert not fold(plans[0].blank(), kept.order).finished
        bot.fails_at.clear()
        bot.under_way.clear()
    await run("local", recipe, plans, kept)
    resumed = fold(plans[0].blank(), kept.order)
    assert resumed.finished
    assert kept.twice == []
    assert [len(s.exchanges) for s in resumed.sessions] == [len(s.exchanges) for s in whole.sessions]
    opened = [(e.session, e.take) for e in kept.order if isinstance(e, SessionOpened)]
    assert len(opened) == len(set(opened)), "no take is used twice"

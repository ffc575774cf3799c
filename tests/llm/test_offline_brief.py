"""The offline user `brief` writes messages of very different lengths, says all the same what has to be said, and thanks and greets seldom."""

from __future__ import annotations

import datetime as dt
from functools import cache
from statistics import fmean, median, pstdev

import pytest

from sim.core.cast import build_cast
from sim.core.record import Trial
from sim.core.seeds import rng
from sim.core.text import count_words
from sim.llm.offline.brevity import in_brief, without_thanks
from sim.llm.offline.voice import head, stands_in
from sim.store.library import load_persona, load_scenario
from tests.samples import play

PERSONAS = ("davi", "tore", "ronja", "attracta")


@cache
def cast(persona: str, scenario: str = "new-in-town") -> object:
    return build_cast(load_persona(persona), load_scenario(scenario), start_date=dt.date(2026, 1, 5))


async def talks(user: str) -> list[Trial]:
    return [await play(cast(p), user=f"offline/{user}") for p in PERSONAS]  # type: ignore[arg-type]


def lengths(of: list[Trial]) -> list[int]:
    return [count_words(e.user.message) for t in of for e in t.exchanges]


async def test_its_messages_are_shorter_and_less_even_and_the_same_again() -> None:
    usual, brief = await talks("user"), await talks("brief")
    one, other = lengths(usual), lengths(brief)
    assert median(other) < median(one)
    assert min(other) < min(one)
    assert pstdev(other) / fmean(other) > 1.4 * pstdev(one) / fmean(one)
    again = await talks("brief")
    assert [e.user for t in again for e in t.exchanges] == [e.user for t in brief for e in t.exchanges]


async def test_what_the_scenario_wants_told_and_every_item_of_its_agenda_is_said_all_the_same() -> None:
    for usual, brief in zip(await talks("user"), await talks("brief"), strict=True):
        told = [[{d.fact for e in s.exchanges for d in e.disclosed if d.core} for s in t.sessions] for t in (usual, brief)]
        assert told[0] == told[1]
        for session, played in zip(brief.cast.sessions, brief.sessions, strict=True):
            said = [e.user.message for e in played.exchanges]
            for topic in session.agenda:
                assert any(stands_in(line, said) for line in topic.item.says), topic.item.aim


@pytest.mark.parametrize(
    ("sentence", "kept"),
    [
        ("Buying a bulb cost me half an afternoon, because I did not know which shop to try.", "Buying a bulb cost me half an afternoon"),
        ("I moved to a new town five weeks ago and I hardly know anyone.", "I moved to a new town five weeks ago"),
        ("While things are packed, it feels as if I could still go back.", None),
        ("I came, and then I left again.", None),
        ("I sell bread and milk.", None),
    ],
)
def test_the_head_of_a_sentence_is_a_statement_of_its_own(sentence: str, kept: str | None) -> None:
    assert head(sentence) == (kept or sentence)


def test_a_line_is_cut_only_as_far_as_the_room_asks() -> None:
    line = "It is a small matter. The bulb in my hall has been dark for a week, because I cannot reach it. It annoys me. Who could help?"
    assert in_brief(line, 40) == (line.removesuffix(" Who could help?"), "Who could help?")
    assert in_brief(line, 22) == ("It is a small matter. The bulb in my hall has been dark for a week, because I cannot reach it.", "")
    assert in_brief(line, 3) == ("It is a small matter. The bulb in my hall has been dark for a week.", "")
    assert all(stands_in(line, (in_brief(line, room)[0],)) for room in range(40))


def test_lines_with_thanks_are_rare_where_there_are_others() -> None:
    lines, chance = ("Thanks a lot.", "Right.", "Cheers!"), rng("thanks")
    given = [without_thanks(lines, chance) for _ in range(400)]
    assert 0.15 < sum(len(g) == 3 for g in given) / 400 < 0.35
    assert {tuple(g) for g in given} == {lines, ("Right.",)}
    assert without_thanks(("Thanks.",), chance) == ("Thanks.",)

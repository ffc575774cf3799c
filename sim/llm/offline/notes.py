"""What an offline target notes of a session that is over, and what it finds in notes: the user's own sentences, a dated line each.

Notes are read and written in the form that the prompts of memory lay down: lines such as `2026-01-05: My cat is called Biscuit.`, and talks that
begin with `Talk of 2026-01-05` and go on with `They wrote: …`. What is planted shows in the notes too: who takes in no news of a change notes none.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.core.errors import InputError
from sim.core.text import normalise, words
from sim.llm.offline.lines import load_cue
from sim.llm.offline.recall import Statement, as_statement, find_statements
from sim.llm.offline.wording import stems

if TYPE_CHECKING:
    from sim.llm.client import Message
    from sim.llm.offline.behaviours import Behaviour

_NOTE = re.compile(r"(\d{4}-\d{2}-\d{2}): (.+)")
_TALK = re.compile(r"Talk of (\d{4}-\d{2}-\d{2})\b")
_THEY = "They wrote: "
_LIMIT = re.compile(r"[Aa]t most (\d+) (words|lines)\b")


@dataclass(frozen=True, slots=True)
class _Noted:
    """A statement, and the date on which it was told."""

    date: str
    told: Statement


def read_notes(text: str) -> tuple[Statement, ...]:
    """The statements in the notes and in the talks of `text`, in order; each day of the notes, and then each talk, counts as a session."""
    notes = _notes(text)
    return tuple(n.told for n in (*notes, *_talks(text, after=notes)))


def _notes(text: str) -> tuple[_Noted, ...]:
    lines = [(m[1], m[2]) for line in text.splitlines() if (m := _NOTE.fullmatch(line))]
    days = sorted({date for date, _ in lines})
    return tuple(_Noted(date, as_statement(sentence, 1 + days.index(date))) for date, sentence in lines)


def _talks(text: str, *, after: Sequence[_Noted]) -> tuple[_Noted, ...]:
    found: list[_Noted] = []
    session, date = max((n.told.session for n in after), default=0), ""
    for line in text.splitlines():
        if talk := _TALK.match(line):
            session, date = session + 1, talk[1]
        elif date and line.startswith(_THEY):
            found += [_Noted(date, s) for s in find_statements(line.removeprefix(_THEY), session)]
    return tuple(found)


def write_notes(behaviour: Behaviour, messages: Sequence[Message]) -> str:
    """The notes that `messages` ask for: one value of each matter, the newest or the oldest as the behaviour has it.

    Where there is no room for all, the least telling go first, and of these the oldest.
    """
    system, asked = messages[0].content, messages[1].content
    held = _notes(asked)
    fresh = [n for n in _talks(asked, after=held) if n.told.text not in {h.told.text for h in held}]
    noted = [*held, *(n for n in fresh if not n.told.changes)] if behaviour.recalls == "oldest" else _replaced(held, fresh)
    limit = _LIMIT.search(system)
    if limit is None:
        raise InputError("a prompt of memory does not say how much may be noted", mend="write 'At most 100 lines' or 'At most 300 words' into it")
    by_words, room = limit[2] == "words", int(limit[1])
    chosen: set[str] = set()
    for n in sorted(reversed(noted), key=lambda n: (-n.told.salience, -n.told.session)):
        takes = 1 + len(words(n.told.text)) if by_words else 1
        if takes <= room:
            room -= takes
            chosen.add(n.told.text)
    lines = [f"{n.date}: {n.told.text}" for n in noted if n.told.text in chosen]
    return "\n".join(("<memory>", *(lines or (["Nothing yet."] if by_words else [])), "</memory>"))


def _replaced(held: Sequence[_Noted], fresh: Sequence[_Noted]) -> list[_Noted]:
    """`held` and `fresh` without what `fresh` has put out of date.

    A change takes the place of one earlier statement: the one with which it shares most, which must be two content words, or that speaks of a time of
    the year as it does itself, as plans do.
    """
    kept = [*held, *fresh]
    for change in (n.told for n in fresh if n.told.changes):
        earlier = [n for n in kept if n.told.session < change.session]
        spread = Counter(stem for n in earlier for stem in stems(n.told.text))
        shared = {n: stems(n.told.text) & stems(change.text) for n in earlier}
        matching = [n for n in earlier if len(shared[n]) >= 2 or (_speaks_of_a_time(n.told) and _speaks_of_a_time(change))]
        if matching:
            kept.remove(max(reversed(matching), key=lambda n: sum(spread[stem] ** -0.5 for stem in shared[n])))
    return kept


def _speaks_of_a_time(statement: Statement) -> bool:
    return load_cue("time_of_year").search(normalise(statement.text)) is not None

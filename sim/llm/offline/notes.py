"""What an offline target notes of a session that is over, and what it finds in notes: the user's own sentences, a dated line each.

Notes are read and written in the form that the prompts of memory lay down: lines such as `2026-01-05: My cat is called Biscuit.`, and talks that
begin with `Talk of 2026-01-05` and go on with `They wrote: …`. What is planted shows in the notes too: who takes in no news of a change notes none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sim.core.text import words
from sim.llm.offline.recall import Statement, as_statement, find_statements, keep_one_value

if TYPE_CHECKING:
    from sim.llm.client import Message
    from sim.llm.offline.behaviours import Behaviour

_NOTE = re.compile(r"(\d{4}-\d{2}-\d{2}): (.+)")
_TALK = re.compile(r"Talk of (\d{4}-\d{2}-\d{2})\b")
_THEY = "They wrote: "
_LIMIT = re.compile(r"[Aa]t most (\d+) (words|lines)\b")


def read_notes(text: str) -> tuple[Statement, ...]:
    """The statements in the notes and in the talks of `text`, in order; each day of the notes, and then each talk, counts as a session."""
    return tuple(statement for _, statement in _dated(text))


def _dated(text: str) -> list[tuple[str, Statement]]:
    """Each statement with the date on which it was told."""
    lines = text.splitlines()
    notes = [(m[1], m[2]) for line in lines if (m := _NOTE.fullmatch(line))]
    days = sorted({date for date, _ in notes})
    found = [(date, as_statement(sentence, 1 + days.index(date))) for date, sentence in notes]
    session, date = len(days), ""
    for line in lines:
        if talk := _TALK.match(line):
            session, date = session + 1, talk[1]
        elif date and line.startswith(_THEY):
            found += [(date, s) for s in find_statements(line.removeprefix(_THEY), session)]
    return found


def write_notes(behaviour: Behaviour, messages: Sequence[Message]) -> str:
    """The notes that `messages` ask for: one value of each matter, the newest or the oldest as the behaviour has it.

    Where there is no room for all, the least telling go first, and of these the oldest.
    """
    limit = _LIMIT.search(messages[0].content)
    most, counts_words = (int(limit[1]), limit[2] == "words") if limit else (100, False)
    told = _dated(messages[1].content)
    held = keep_one_value([s for _, s in told], newest=behaviour.recalls != "oldest")
    dates = {s.text: date for date, s in reversed(told)}
    kept = list({s.text: s for s in held}.values())
    room = most
    chosen: set[str] = set()
    for s in sorted(reversed(kept), key=lambda s: (-s.salience, -s.session)):
        takes = 1 + len(words(s.text)) + 2 if counts_words else 1
        if takes <= room:
            room -= takes
            chosen.add(s.text)
    lines = "\n".join(f"{dates[s.text]}: {s.text}" for s in kept if s.text in chosen)
    return f"<memory>\n{lines or 'Nothing yet.'}\n</memory>" if counts_words else f"<memory>\n{lines}\n</memory>"

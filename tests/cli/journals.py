"""What stands in a run's journal, read behind the program's back."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple


class Row(NamedTuple):
    """One event as the file has it."""

    trial: str
    session: int
    take: int
    exchange: int
    kind: str
    part: str
    body: str


def rows(run: Path) -> list[Row]:
    """All events of the run in the folder `run`, in the order in which they were appended."""
    with closing(sqlite3.connect(f"{(run / 'run.db').as_uri()}?mode=ro", uri=True, timeout=10)) as db:
        return [Row(*row) for row in db.execute("SELECT trial, session, take, exchange, kind, part, body FROM event ORDER BY id")]


def happened(run: Path) -> list[Row]:
    """Everything but calls that came to nothing, by key: equal for two runs in which the same happened."""
    return sorted(row for row in rows(run) if row.kind != "call_lost")


def lost(run: Path) -> list[Row]:
    """Calls that came to nothing."""
    return [row for row in rows(run) if row.kind == "call_lost"]


def absent(whole: list[Row], now: list[Row]) -> list[Row]:
    """What `now`, a run of one trial at a time, has yet to write of the step that is under way; `whole` is the same run undisturbed.

    A step is what runs side by side: a reply alone; or the next message, or what closes the session, with every verdict on the last reply. A session
    is closed and a trial finished once all else is there.
    """
    have = {event[:6] for event in now}
    trial = [event for event in whole if now and event.trial == now[-1].trial]
    last: dict[int, int] = {}
    for event in trial:
        last[event.session] = max(event.exchange, last.get(event.session, 0))

    def step(event: Row) -> tuple[int, int]:
        """A message belongs with the verdicts on the reply before it, and what is judged of the whole trial comes after all else."""
        if not event.session:
            return len(last), 0
        after = {"session_opened": -1, "user_spoke": 2 * event.exchange - 2, "target_replied": 2 * event.exchange - 1}
        return event.session, after.get(event.kind, 2 * (event.exchange or last[event.session]))

    missing = [event for event in trial if event[:6] not in have and event.kind not in ("session_closed", "trial_finished")]
    first = min(map(step, missing), default=None)
    return [event for event in missing if step(event) == first]


def calls(events: list[Row]) -> int:
    """How many answered calls `events` account for."""
    return sum(len(json.loads(row.body)["calls"]) for row in events)

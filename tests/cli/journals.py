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


def calls(events: list[Row]) -> int:
    """How many answered calls `events` account for."""
    return sum(len(json.loads(row.body)["calls"]) for row in events)

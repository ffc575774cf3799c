"""The short table of which runs there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from sim.analysis.figures.outages import bare_cause
from sim.core.frozen import Frozen
from sim.core.record import RunStatus
from sim.present.text.plain_table import ruled
from sim.present.words import NONE, safe

if TYPE_CHECKING:
    from sim.store.runs import RunLine


class RunEntry(Frozen):
    """One run in `sim list --json`."""

    run: str
    status: RunStatus | None
    """None: the run cannot be read."""
    created: str | None
    offline: bool
    trials: int
    """Planned."""
    finished: int
    failed: int
    exchanges: int
    silence: str | None
    """Why nobody ever answered; None: somebody did, or nothing has failed yet."""
    problem: str | None


class RunsDocument(Frozen):
    """`sim list --json`."""

    runs: tuple[RunEntry, ...]


def runs_document(runs: Sequence[RunLine]) -> RunsDocument:
    """`runs` as one document."""
    return RunsDocument(runs=tuple(_entry(r) for r in runs))


def _entry(run: RunLine) -> RunEntry:
    counts = run.counts
    status: RunStatus | None = None
    if counts:
        over = counts.finished + counts.failed >= run.trials
        status = "running" if run.being_written else "finished" if over else "incomplete"
    return RunEntry(
        run=run.name,
        status=status,
        created=run.created.isoformat(timespec="seconds") if run.created else None,
        offline=run.offline,
        trials=run.trials,
        finished=counts.finished if counts else 0,
        failed=counts.failed if counts else 0,
        exchanges=counts.exchanges if counts else 0,
        silence=bare_cause(counts.silence) if counts and counts.silence else None,
        problem=str(run.problem) if run.problem else None,
    )


def render_runs(runs: Sequence[RunLine]) -> RenderableType:
    """The table of `sim list`, newest first."""
    table = _table()
    table.add_column("run", overflow="fold")
    table.add_column("status", no_wrap=True)
    for name in ("trials", "failed", "exchanges"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("begun", no_wrap=True)
    table.add_column("about", overflow="fold")
    for entry in runs_document(sorted(runs, key=lambda r: (r.created is None, r.created and -r.created.timestamp(), r.name))).runs:
        if entry.problem:
            table.add_row(entry.run, "unreadable", NONE, NONE, NONE, NONE, Text(entry.problem))
            continue
        begun = (entry.created or NONE)[:16].replace("T", " ")
        row = (entry.run, entry.status or NONE, f"{entry.finished + entry.failed}/{entry.trials}", f"{entry.failed}", f"{entry.exchanges:,}", begun)
        told = ["offline models"] if entry.offline else []
        table.add_row(*row, Text("; ".join([f"nobody answered: {safe(entry.silence)}"] if entry.silence else told)))
    return table


def _table() -> Table:
    return ruled()

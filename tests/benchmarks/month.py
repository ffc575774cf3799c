"""Thirty sessions under six memories: how long they take, how the journal grows, and how what was told is forgotten.

    python -m tests.benchmarks.month [PERSONAS [SESSIONS]] [--keep FOLDER]

Twelve personas × `daily-check-in` × six memory policies with offline models, with questions of memory after every session. Prints for each arm what
is answered rightly, by the sessions since it was told. `--keep` leaves the run, with its report, in a folder. Offline models: this checks the
instrument and says nothing of any real model.
"""

from __future__ import annotations

import argparse
import asyncio
import sqlite3
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import yaml

from sim.app import Run, run_study
from sim.core.spec import Study
from tests.cli.command import ROOT, sim

MEMORIES: Final = ("none", "window:3", "retrieval:4", "summary", "profile", "full")
"""From the memory that keeps least."""
SCENARIO: Final = "daily-check-in"
SESSIONS: Final = 30
PERSONAS: Final = ("attracta", "chebet", "davi", "filomena", "kavita", "nasreen", "rizky", "ronja", "thuy", "tore", "waleed", "zuza")
DELAYS: Final = ((1, 1), (2, 3), (4, 7), (8, 14), (15, 21), (22, 30))
"""Sessions since a fact was told, from and to, as the table has them."""


@dataclass(frozen=True)
class Month:
    """The run, and what it took."""

    run: Run
    seconds: float
    cpu: float
    """Seconds of processor time."""


def study(personas: int, sessions: int, folder: Path) -> Study:
    """Six arms; with fewer sessions than the scenario has, its first ones."""
    place = SCENARIO
    if sessions < SESSIONS:
        written = yaml.safe_load((ROOT / "scenarios" / f"{SCENARIO}.yaml").read_text(encoding="utf-8"))
        recipe = written["sessions"][0]
        recipe["repeat"] = sessions
        recipe["programme"] = [h for h in recipe["programme"] if max(h.get("between", (h.get("at"),))) <= sessions]
        written["id"], place = "first-evenings", str(folder / "first-evenings.yaml")
        Path(place).write_text(yaml.safe_dump(written, width=10_000, allow_unicode=True), encoding="utf-8")
    return Study.model_validate(
        {
            "name": "month",
            "targets": [{"id": memory.replace(":", "-"), "model": "offline/uses", "memory": memory} for memory in MEMORIES],
            "user": {"model": "offline/user"},
            "personas": list(PERSONAS[:personas]),
            "scenarios": [place],
            "probes": {},
        }
    )


def measure(folder: Path, *, personas: int = len(PERSONAS), sessions: int = SESSIONS) -> Month:
    """Run it in this process, under `folder`."""
    began, busy = time.perf_counter(), time.process_time()
    run = asyncio.run(run_study(study(personas, sessions, folder), results=folder))
    return Month(run, time.perf_counter() - began, time.process_time() - busy)


def bytes_by_session(run: Path) -> list[int]:
    """Bytes of events of each session, over all trials."""
    with closing(sqlite3.connect(f"{(run / 'run.db').as_uri()}?mode=ro", uri=True)) as db:
        asked = "SELECT session, SUM(LENGTH(CAST(body AS BLOB))) FROM event WHERE session > 0 GROUP BY session ORDER BY session"
        return [size for _, size in db.execute(asked)]


def straightness(sizes: Sequence[int]) -> tuple[float, float]:
    """R² of a line through the journal's size after each session; and what a session of the last third adds, to one of the first."""
    at, third = np.arange(1, len(sizes) + 1), max(1, len(sizes) // 3)
    return float(np.corrcoef(at, np.cumsum(sizes))[0, 1] ** 2), sum(sizes[-third:]) / sum(sizes[:third])


def forgetting(run: Run) -> Mapping[str, list[tuple[float | None, int]]]:
    """Of every arm, the share answered rightly in each bin of `DELAYS`, and of how many answers."""
    found: dict[str, list[tuple[float | None, int]]] = {}
    for target in run.summary.targets:
        points = [(p.delay, p.accuracy, p.n) for p in target.memory.forgetting.sessions if p.accuracy is not None]
        bins = [[(share, n) for delay, share, n in points if low <= delay <= high] for low, high in DELAYS]
        found[target.target] = [(sum(s * n for s, n in of) / sum(n for _, n in of) if of else None, sum(n for _, n in of)) for of in bins]
    return found


def main(personas: int, sessions: int, keep: Path | None) -> None:
    """Print what it took, and the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = keep or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        month = measure(folder, personas=personas, sessions=sessions)
        run, path = month.run, month.run.folder.path
        exchanges, probes = sum(len(t.exchanges) for t in run.trials), sum(len(s.probes) for t in run.trials for s in t.sessions)
        print(f"{len(run.trials)} trials of {sessions} sessions, {exchanges:,} exchanges, {probes:,} questions")
        print(f"{month.seconds:.0f} s, {month.cpu:.0f} s of processor time")
        sizes = bytes_by_session(path)
        r2, growth = straightness(sizes)
        size = (path / "run.db").stat().st_size / 1e6
        print(f"journal {size:.1f} MB, {sum(sizes) / exchanges / 1e3:.1f} kB an exchange")
        print(f"after each session: R² of a line {r2:.4f}; a session of the last third adds {growth:.2f} × what one of the first does")
        began = time.perf_counter()
        done = sim("report", path.name, "--results", str(folder), cwd=folder)
        assert done.returncode == 0, done.stderr
        print(f"report in {time.perf_counter() - began:.1f} s, {(path / 'report.html').stat().st_size / 1e6:.1f} MB\n")
        print("answered rightly, by sessions since it was told\n" + f"{'':<14}" + "".join(f"{f'{a}-{b}' if a < b else a:>8}" for a, b in DELAYS))
        told = forgetting(run)
        for target, bins in told.items():
            print(f"{target:<14}" + "".join(f"{'–' if share is None else f'{share:.2f}':>8}" for share, _ in bins))
        print(f"{'answers':<14}" + "".join(f"{n:>8,}" for _, n in next(iter(told.values()))))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("personas", type=int, nargs="?", default=len(PERSONAS))
    parser.add_argument("sessions", type=int, nargs="?", default=SESSIONS)
    parser.add_argument("--keep", type=Path, default=None)
    chosen = parser.parse_args()
    main(chosen.personas, chosen.sessions, chosen.keep)

"""How long `sim show` and `sim compare` take on a large run, and how much memory, each in a process of its own.

    python -m tests.benchmarks.large_run [EXCHANGES]

A small offline study is run once; its events are then written again under further seeds until there are enough exchanges. The first `show` reads the
whole journal and keeps beside it what it made of it (`sim.store.condensed`), as the end of `sim run` does; the others go on from there.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from sim.app import run_study
from sim.core.spec import Study
from sim.store.condensed import forget_condensed
from sim.store.header import text_hash, write_header
from sim.store.runs import RunFolder
from tests.cli.command import environment

EXCHANGES = 100_000
COMMANDS = (("show",), ("show",), ("show", "--json"), ("compare",), ("compare", "--json"), ("gate", "--require", "likability>=1"))


@dataclass(frozen=True)
class CallTally:
    """One command."""

    command: tuple[str, ...]
    seconds: float
    cpu: float
    """Seconds of processor time."""
    megabytes: float
    """Peak resident memory."""


def grow(folder: Path, exchanges: int) -> int:
    """Make the run `large` of about so many exchanges under `folder`; returns how many it has."""
    study = Study.model_validate(
        {
            "name": "large",
            "targets": [{"id": "remembers", "model": "offline/uses"}, {"id": "forgets", "model": "offline/uses", "memory": "none"}],
            "user": {"model": "offline/user"},
            "personas": ["*"],
            "scenarios": ["new-in-town"],
        }
    )
    run = asyncio.run(run_study(study, results=folder))
    once = sum(len(t.exchanges) for t in run.trials)
    times = max(1, round(exchanges / once))
    multiply(run.folder, times)
    return once * times


def multiply(folder: RunFolder, times: int) -> None:
    """Write the events of a run of one seed again under further ones, until there are `times` as many; its header speaks of them all."""
    spec, header = folder.path / "study.yaml", folder.header
    listed = "".join(f"  - {n}\n" for n in range(1, times + 1))
    text = spec.read_text(encoding="utf-8").replace("  seeds:\n  - 1\n", f"  seeds:\n{listed}")
    spec.write_text(text, encoding="utf-8")
    grown = {
        "seeds": tuple(range(1, times + 1)),
        "trials": header.trials * times,
        "spec_hash": text_hash(RunFolder(folder.path).spec.model_dump_json()),
        "spec_text_hash": text_hash(text),
    }
    (folder.path / "header.json").write_text(write_header(header.model_copy(update=grown)), encoding="utf-8")
    db = sqlite3.connect(folder.path / "run.db")
    columns = "session, take, exchange, kind, part, body, meta"
    with db:
        for seed in range(2, times + 1):
            renamed = f"substr(trial, 1, length(trial) - 2) || '/{seed}'"
            db.execute(f"INSERT INTO event (trial, {columns}) SELECT {renamed}, {columns} FROM event WHERE trial LIKE '%/1' ORDER BY id")
    db.close()


def measure(folder: Path, *command: str) -> CallTally:
    """Run one command on the run and take its time and peak memory."""
    name, *rest = command
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "sim", name, "large", "--results", str(folder), *rest], env=environment(), stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, f"sim {name} failed"
    return CallTally(command, time.perf_counter() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def main(exchanges: int) -> None:
    """Print a line for each command."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = grow(folder, exchanges)
        size = (folder / "large" / "run.db").stat().st_size / 1e6
        # Counted, not loaded: a process that is started is said to have taken at its peak what the one that started it holds.
        with contextlib.closing(sqlite3.connect(folder / "large" / "run.db")) as db:
            ((trials,),) = db.execute("SELECT count(DISTINCT trial) FROM event")
        print(f"{made:,} exchanges, {trials:,} trials, journal {size:,.0f} MB")
        forget_condensed(folder / "large")
        print(f"{'command':<40}{'seconds':>8}{'CPU s':>8}{'peak MB':>9}")
        for n, command in enumerate(COMMANDS):
            taken = measure(folder, *command)
            what = f"sim {' '.join(command)}{', the first time' if n == 0 else ''}"
            print(f"{what:<40}{taken.seconds:>8.1f}{taken.cpu:>8.1f}{taken.megabytes:>9.0f}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else EXCHANGES)

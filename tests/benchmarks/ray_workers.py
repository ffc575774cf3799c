"""What a second Ray worker adds: events a second with offline models, and the CPU that driver, workers and Ray itself take for an event.

python -m tests.benchmarks.ray_workers            # one worker and two, each in a process of its own; a machine of two cores for itself
python -m tests.benchmarks.ray_workers WORKERS    # one of them, as a line of JSON

Events are counted between a quarter and nine tenths of the run, when every worker has started and none has run dry. Offline models take no time but
CPU, so that nothing hides what the driver costs: with `d` of the CPU of an event in the driver, two workers on two cores make at most 2 × (1 - d) of
what one makes.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from bisect import bisect_left
from pathlib import Path

import sim.app
from sim.core.spec import Study
from sim.engine.cluster import Cluster

ROOT = Path(__file__).parents[2]
TRIALS = 150
CONCURRENCY = 64
BEGIN, END = 0.25, 0.9
"""Shares of the events between which is measured."""
EVERY = 0.1
"""Seconds between two looks at the processes."""
_TICKS = os.sysconf("SC_CLK_TCK")
PARTIES = ("driver", "workers", "ray")


def study() -> Study:
    """Offline models only, with everything that is rated and tagged by default."""
    return Study.model_validate(
        {
            "name": "workers",
            "targets": [{"id": "uses", "model": "offline/uses", "memory": "full"}],
            "user": {"model": "offline/user"},
            "personas": ["davi", "nasreen", "thuy", "tore", "zuza"],
            "scenarios": ["new-in-town"],
            "seeds": TRIALS // 5,
            "concurrency": CONCURRENCY,
        }
    )


def cpu_now() -> dict[int, tuple[str, float]]:
    """Party and CPU seconds of each process that comes of this one, by its id."""
    found: dict[int, tuple[int, str, float]] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            head, _, tail = (entry / "stat").read_text(encoding="utf-8").rpartition(") ")
        except OSError:
            continue  # It has ended meanwhile.
        fields = tail.split()
        found[int(entry.name)] = int(fields[1]), head.partition("(")[2], (int(fields[11]) + int(fields[12])) / _TICKS
    mine = os.getpid()
    seen: dict[int, tuple[str, float]] = {}
    for pid, (parent, name, seconds) in found.items():
        while parent in found and pid != mine and parent != mine:
            parent = found[parent][0]
        if pid == mine or parent == mine:
            seen[pid] = ("driver" if pid == mine else "workers" if name.startswith("ray::Worker") else "ray"), seconds
    return seen


class Meter:
    """Looks at the processes now and then, and knows what each party had used at any time."""

    def __init__(self) -> None:
        self._at: list[float] = []
        self._used: list[dict[str, float]] = []
        self._last: dict[int, tuple[str, float]] = {}
        self._over = threading.Event()
        self._looking = threading.Thread(target=self._look)

    def _look(self) -> None:
        while not self._over.wait(EVERY):
            self._last |= cpu_now()
            self._at.append(time.time())
            self._used.append({p: sum(seconds for party, seconds in self._last.values() if party == p) for p in PARTIES})

    def between(self, begin: float, end: float) -> dict[str, float]:
        """CPU seconds of each party."""
        first, last = (self._used[min(bisect_left(self._at, at), len(self._at) - 1)] for at in (begin, end))
        return {p: last[p] - first[p] for p in PARTIES}

    def __enter__(self) -> Meter:
        self._looking.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._looking.join()


def measure(workers: int) -> dict[str, float]:
    """One run in this process."""
    with tempfile.TemporaryDirectory() as folder, Meter() as meter:
        run = asyncio.run(sim.app.run_study(study(), results=folder, words=False, cluster=Cluster(workers=workers)))
        assert run.status == "finished", run.status
        with run.folder.read_journal() as journal:
            at = sorted(event.meta.at for event in journal.all_events())
        first, last = int(BEGIN * len(at)), int(END * len(at))
        begin, end = at[first], at[last]
        used = meter.between(begin, end)
    return {"events": len(at), "per_second": (last - first) / (end - begin), **{p: 1000 * s / (last - first) for p, s in used.items()}}


def main() -> None:
    """Print the table."""
    print(f"{'workers':>7} {'events':>8} {'events/s':>9} {'CPU ms an event: driver':>24} {'workers':>8} {'Ray':>6} {'driver and Ray':>15}")
    rates = []
    for workers in (1, 2):
        done = subprocess.run([sys.executable, "-m", "tests.benchmarks.ray_workers", str(workers)], capture_output=True, text=True, cwd=ROOT)
        if done.returncode:
            raise SystemExit(done.stderr)
        f = json.loads(done.stdout.splitlines()[-1])
        share = 1 - f["workers"] / sum(f[p] for p in PARTIES)
        figures = f"{f['events']:>8,.0f} {f['per_second']:>9,.0f} {f['driver']:>24.3f} {f['workers']:>8.3f} {f['ray']:>6.3f} {share:>15.0%}"
        print(f"{workers:>7} {figures}", flush=True)
        rates.append(f["per_second"])
    print(f"two workers make {rates[1] / rates[0]:.2f} x what one makes")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(measure(int(sys.argv[1]))))
    else:
        main()

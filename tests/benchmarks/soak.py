"""A long run against a server of which one call in ten fails: nothing is stuck, nothing leaks, and no more calls are in flight than may be.

python -m tests.benchmarks.soak              # 500 trials of 20 exchanges, again and again for ten minutes
python -m tests.benchmarks.soak --short      # 20 trials of 3 exchanges, three times, as the suite does

Failures are spread evenly over five kinds: refused for the rate, broken, cut off in the middle, garbage, and stalled.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import sim.app
from sim.core.spec import Limits, Study
from tests.benchmarks.speed import Case, study
from tests.server import Remote, serve

FAULTS = ("refuse429", "error500", "cut", "garbage", "hang")
SHORT = {"trials": 20, "exchanges": 3, "cap": 16}
ROUNDS = 3
"""Of the short form: the first warms up."""
LONG = {"trials": 500, "exchanges": 20, "cap": 64}
STALL = 1.0
"""Seconds after which a stalled call is given up."""


@dataclass(frozen=True)
class Round:
    """What one run of the study came to."""

    finished: int
    trials: int
    lost: int
    """Calls that came to nothing, in the journal."""
    calls: int
    """As the server counts."""
    failed: int
    """Of these, refused or dropped by it."""
    most_in_flight: int
    """As the server counts."""
    seconds: float
    memory_mb: float
    """Resident, behind it."""
    objects: int
    """That the garbage collector follows, behind it."""
    files: int
    """Open behind it."""


def soak_study(trials: int, exchanges: int, url: str, folder: Path, *, cap: int) -> Study:
    """The study of the speed benchmark, with as many seeds as it takes."""
    case = Case(trials, exchanges=exchanges)
    limits = Limits(calls_at_once=cap, timeout=STALL, retries=8)
    return study(case, url, folder).model_copy(update={"limits": limits, "concurrency": min(trials, 500)})


async def soak_round(made: Study, server: Remote, results: Path) -> Round:
    """Run `made` once, and again where calls were lost, until nothing is absent."""
    before, began = server.stats(), time.perf_counter()
    run = await sim.app.run_study(made, results=results)
    lost = sum(len(t.lost) for t in run.trials)
    if run.status != "finished":
        run = await sim.app.resume_run(run.folder.path)
        lost = sum(len(t.lost) for t in run.trials)
    after = server.stats()
    found = Round(
        finished=sum(t.finished for t in run.trials),
        trials=len(run.plans),
        lost=lost,
        calls=after["calls"] - before["calls"],
        failed=after["refused"] + after["dropped"] - before["refused"] - before["dropped"],
        most_in_flight=after["max_inflight"],
        seconds=time.perf_counter() - began,
        memory_mb=0.0,
        objects=0,
        files=0,
    )
    del run
    gc.collect()
    return replace(found, memory_mb=resident(), objects=len(gc.get_objects()), files=len(os.listdir("/proc/self/fd")))


def resident() -> float:
    """Megabytes of this process that are in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


async def soak(
    server: Remote, folder: Path, *, trials: int, exchanges: int, cap: int, rounds: int | None = None, seconds: float = 0.0
) -> list[Round]:
    """Run the study again and again.

    Args:
        cap: calls in flight, at most.
        rounds: how often; None: until `seconds` are over.
    """
    for place, kind in enumerate(FAULTS):
        server.fault(kind, start=10 * place + 7, every=50, seconds=0.05 if kind == "refuse429" else None)
    made, end = soak_study(trials, exchanges, server.url, folder, cap=cap), time.monotonic() + seconds
    found: list[Round] = []
    while len(found) < rounds if rounds is not None else time.monotonic() < end:
        found.append(await soak_round(made, server, folder / "results"))
        print(found[-1], file=sys.stderr, flush=True)
    return found


def main() -> None:
    """Print a line for each round, and what they show together."""
    short = "--short" in sys.argv[1:]
    asked = SHORT if short else LONG
    with tempfile.TemporaryDirectory() as folder, serve(latency=5 if short else 20, record=False) as server:
        found = asyncio.run(soak(server, Path(folder), **asked, rounds=ROUNDS if short else None, seconds=600))
    print(f"{len(found)} rounds, {sum(r.calls for r in found):,} calls, {sum(r.failed for r in found):,} of them refused or dropped")
    print(f"all finished: {all(r.finished == r.trials for r in found)}, calls lost: {sum(r.lost for r in found)}")
    print(f"most in flight: {max(r.most_in_flight for r in found)} of {asked['cap']}")
    print(f"memory after each round: {', '.join(f'{r.memory_mb:.1f}' for r in found)} MB; open files: {', '.join(str(r.files) for r in found)}")
    print(f"objects after each round: {', '.join(f'{r.objects:,}' for r in found)}")


if __name__ == "__main__":
    main()

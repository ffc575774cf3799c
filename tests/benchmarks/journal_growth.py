"""How the journal of one trial grows: bytes and milliseconds for each further exchange, from 50 to 1,000 exchanges, with offline models.

python -m tests.benchmarks.journal_growth [EXCHANGES]...
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from sim.app import run_study
from sim.core.spec import Study

LENGTHS = (50, 100, 200, 500, 1_000)
SCENARIO = """\
id: long
title: One long talk
about: One talk that goes on and on.
sessions:
  - situation: A long evening.
    mood: {{feels: calm, valence: 0}}
    agenda:
      - aim: talk about this and that
        says: ["The kettle is on again.", "I have been reading.", "It is quiet outside."]
    exchanges: {{min: {0}, max: {0}}}
"""


@dataclass(frozen=True)
class Growth:
    """One trial of a given length."""

    exchanges: int
    size: int
    """Bytes of the closed journal."""
    seconds: float

    def further(self, shorter: Growth) -> tuple[float, float]:
        """Bytes and milliseconds that each exchange beyond those of `shorter` takes; what every journal holds at first cancels out."""
        more = self.exchanges - shorter.exchanges
        return (self.size - shorter.size) / more, (self.seconds - shorter.seconds) / more * 1e3


def measure(exchanges: int) -> Growth:
    """Run one trial of so many exchanges and look at its journal."""
    with tempfile.TemporaryDirectory() as folder:
        scenario = Path(folder) / "long.yaml"
        scenario.write_text(SCENARIO.format(exchanges), encoding="utf-8")
        study = Study.model_validate(
            {
                "name": "growth",
                "targets": [{"id": "uses", "model": "offline/uses"}],
                "user": {"model": "offline/user"},
                "personas": ["davi"],
                "scenarios": [str(scenario)],
            }
        )
        began = time.perf_counter()
        run = asyncio.run(run_study(study, results=folder))
        seconds = time.perf_counter() - began
        assert sum(len(t.exchanges) for t in run.trials) == exchanges
        return Growth(exchanges, (run.folder.path / "run.db").stat().st_size, seconds)


def main(lengths: tuple[int, ...]) -> None:
    """Print a line for each length."""
    print("                                   for each further exchange")
    print(f"{'exchanges':>9}  {'journal kB':>10}  {'seconds':>7}  {'bytes':>9}  {'ms':>9}")
    before = Growth(0, 0, 0.0)
    for length in lengths:
        now = measure(length)
        size, milliseconds = now.further(before)
        print(f"{now.exchanges:>9,}  {now.size / 1e3:>10,.0f}  {now.seconds:>7.2f}  {size:>9,.0f}  {milliseconds:>9.1f}", flush=True)
        before = now


if __name__ == "__main__":
    main(tuple(map(int, sys.argv[1:])) or LENGTHS)

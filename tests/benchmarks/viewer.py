"""`sim view` at 100,000 exchanges of real-length text: milliseconds until each answer has come, from a process of its own.

python -m tests.benchmarks.viewer [EXCHANGES]

The run is that of `tests.benchmarks.report`, written again under further seeds. The first figures are taken while the viewer has just been started
and still reads the journal, the others when it has read all of it.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from tests.benchmarks.large_run import multiply
from tests.benchmarks.report import build_run
from tests.cli.command import start
from tests.present.report.chromium import CHROMIUM, chromium

EXCHANGES = 100_000
ONE_SEED = 5_000
"""Exchanges of one seed: 120 trials of some 42."""
TIMES = 5
"""Of which the median is printed."""


@dataclass(frozen=True)
class Site:
    """A viewer under way."""

    address: str
    token: str

    def get(self, path: str, **query: str | int) -> Any:
        """The JSON at `path`."""
        asked = urllib.parse.urlencode({**query, "token": self.token})
        with urllib.request.urlopen(f"{self.address}{path}?{asked}") as answer:
            return json.load(answer)


def taken(do: Callable[[], object], times: int = TIMES) -> float:
    """Milliseconds."""
    found = []
    for _ in range(times):
        began = time.perf_counter()
        do()
        found.append(1000 * (time.perf_counter() - began))
    return median(found)


def measure(site: Site, exchanges: int) -> None:
    """Print a line for each thing that somebody does."""

    def show(what: str, milliseconds: float) -> None:
        print(f"{what:<52}{milliseconds:>8.0f} ms", flush=True)

    run, list_ = "/api/runs/long", "/api/runs/long/exchanges"
    began = time.perf_counter()
    show("runs, just started", taken(lambda: site.get("/api/runs"), 1))
    show("a run, just started", taken(lambda: site.get(run), 1))
    show("its first exchanges, just started", taken(lambda: site.get(list_, limit=50), 1))
    while (seen := site.get(run)["progress"])["reading"]:
        time.sleep(0.2)
    print(f"{'all read':<52}{time.perf_counter() - began:>8.1f} s    {seen['exchanges']:,} exchanges")
    trial = site.get(list_, limit=1, sort="lowest")["rows"][0]["trial"]
    show("runs", taken(lambda: site.get("/api/runs")))
    show("a run", taken(lambda: site.get(run)))
    show("first page of exchanges", taken(lambda: site.get(list_, limit=50)))
    show("filtered: target, move, dimension at most 2", taken(lambda: site.get(list_, target="sticky", move="advice", dimension="humor_fit", most=2)))
    show("sorted: lowest first", taken(lambda: site.get(list_, sort="lowest")))
    show("page 1,500", taken(lambda: site.get(list_, offset=75_000, limit=50)))
    show("searched: a word that is everywhere", taken(lambda: site.get(list_, q="feel"), 1))
    show("searched: one that is nowhere", taken(lambda: site.get(list_, q="quetzalcoatlus"), 1))
    show("transcript", taken(lambda: site.get(f"{run}/talks/{trial}")))
    show("worst first", taken(lambda: site.get(f"{run}/triage")))
    if CHROMIUM.exists():
        with chromium() as browser:
            page = browser.new_page()
            page.goto(f"{site.address}/?token={site.token}")
            for what, place, there in (
                ("in Chromium: runs shown", "/", "#runs tbody tr"),
                ("in Chromium: a run opened, its exchanges shown", "/runs/long", "#exchanges tbody tr"),
                ("in Chromium: a transcript opened and shown", f"/runs/long#/talk?{urllib.parse.urlencode({'trial': trial})}", "#talk .exchange"),
            ):
                page.goto("about:blank")
                began = time.perf_counter()
                page.goto(site.address + place, wait_until="commit")
                page.wait_for_selector(there)
                show(what, 1000 * (time.perf_counter() - began))


def main(exchanges: int) -> None:
    """Make the run, start the viewer, measure."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        once = min(exchanges, ONE_SEED)
        run = build_run(folder / "results", once)
        multiply(run, exchanges // once)
        size = (run.path / "run.db").stat().st_size / 1e6
        print(f"{exchanges // once * once:,} exchanges, journal {size:,.0f} MB")
        process = start("view", "results", cwd=folder)
        assert process.stdout
        address, _, token = process.stdout.readline().strip().partition("/?token=")
        try:
            measure(Site(address, token), exchanges // once * once)
        finally:
            process.terminate()
            process.wait(20)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else EXCHANGES)

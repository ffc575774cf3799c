"""What a kill costs: a run that is killed in the middle with `kill -9` and resumed, against the calls of one undisturbed pass.

python -m tests.benchmarks.killed             # 60 trials, 24 at a time, killed at half of the calls
python -m tests.benchmarks.killed --short     # 12 trials, as the suite does

The server counts: every call beyond those of one pass was made again, because its answer was not in the journal when the run died.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.cli.command import first_look, sim, sim_json, start
from tests.cli.journals import calls, happened, rows
from tests.server import Remote, serve
from tests.waiting import until

PERSONAS = ("davi", "nasreen", "thuy", "tore", "zuza", "maryam")
LONG = {"seeds": 5, "concurrency": 24}
SHORT = {"seeds": 1, "concurrency": 4}
LATENCY = 20.0
"""Milliseconds that a call takes."""


@dataclass(frozen=True)
class Death:
    """What the server saw of a run that was killed and gone on with."""

    one_pass: int
    """Calls of the same run undisturbed."""
    at_kill: int
    """Calls made when it was killed."""
    in_all: int
    """Calls made until it was finished."""
    unaccounted: int
    """Calls that `sim show` calls unaccounted."""
    same: bool
    """Whether the journal is that of the undisturbed run."""

    @property
    def repeated(self) -> int:
        """Calls made again."""
        return self.in_all - self.one_pass


def kill_at_half(server: Remote, folder: Path, *, seeds: int, concurrency: int) -> Death:
    """Run the study undisturbed, then again with a kill at half of its calls."""
    drawn = f"[{', '.join(map(str, range(1, seeds + 1)))}]"
    study = first_look(folder, server.url, personas=f"[{', '.join(PERSONAS)}]", seeds=drawn, concurrency=str(concurrency))
    assert sim("run", study, "--name", "undisturbed", cwd=folder).returncode == 0
    one_pass = server.stats()["calls"]
    server.reset()
    process = start("run", study, "--name", "killed", cwd=folder)
    until(lambda: server.stats()["calls"] >= one_pass // 2, "half of the calls")
    process.kill()
    process.communicate()
    until(lambda: server.stats()["inflight"] == 0, "the server has noticed")
    at_kill = server.stats()["calls"]
    assert sim("resume", "killed", cwd=folder).returncode == 0
    results = folder / "results"
    assert calls(rows(results / "killed")) == one_pass
    return Death(
        one_pass=one_pass,
        at_kill=at_kill,
        in_all=server.stats()["calls"],
        unaccounted=sim_json("show", "killed", cwd=folder)["unaccounted"],
        same=sorted(happened(results / "killed")) == sorted(happened(results / "undisturbed")),
    )


def main() -> None:
    """Print what a kill at half costs."""
    with tempfile.TemporaryDirectory() as folder, serve(latency=LATENCY, record=False) as server:
        death = kill_at_half(server, Path(folder), **(SHORT if "--short" in sys.argv[1:] else LONG))
    print(f"one pass: {death.one_pass:,} calls; killed after {death.at_kill:,}; made in all {death.in_all:,}")
    print(f"made again: {death.repeated:,} ({100 * death.repeated / death.one_pass:.1f} %); unaccounted, at most: {death.unaccounted:,}")
    print(f"the journal is that of the undisturbed run: {'yes' if death.same else 'no'}")


if __name__ == "__main__":
    main()

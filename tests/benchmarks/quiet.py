"""Every table of the guide that wants a machine for itself, one after another, each with its place in the guide and the command that made it.

    python -m tests.benchmarks.quiet [ENVS]           # ENVS: the peers' environments (`tests.benchmarks.peers`); without it, ours alone
    python -m tests.benchmarks.quiet [ENVS] --list    # what would be run

Takes about half an hour. A measurement that fails is said to have failed, and the others go on; the exit status is then 1.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
NO_PEERS = Path("no-peers")


@dataclass(frozen=True)
class Table:
    """One table."""

    place: str
    """Where its figures stand, under `sim/guide/`."""
    words: tuple[str, ...]
    """Module of this package, and its arguments."""

    @property
    def command(self) -> tuple[str, ...]:
        """As it is typed."""
        module, *rest = self.words
        return ("python", "-m", f"tests.benchmarks.{module}", *rest)


def tables(envs: Path = NO_PEERS) -> tuple[Table, ...]:
    """All of them; peers and 2,000 live trials are one."""
    return (
        Table("measurements.md#speed", ("peers", str(envs))),
        Table("measurements.md#starting-journals-large-runs", ("startup",)),
        Table("measurements.md#starting-journals-large-runs", ("large_run",)),
        Table("pages.md", ("report",)),
        Table("pages.md", ("viewer",)),
        Table("cluster.md", ("ray_workers",)),
        Table("cluster.md", ("ray_nodes",)),
        Table("operations.md#budgets", ("killed",)),
        Table("operations.md#soak", ("soak",)),
    )


def main(envs: Path, *, only_list: bool = False) -> int:
    """Run them in processes of their own; returns how many failed."""
    failed = 0
    for table in tables(envs):
        print(f"## {table.place}: `{shlex.join(table.command)}`", flush=True)
        if only_list:
            continue
        began = time.perf_counter()
        status = subprocess.run([sys.executable, *table.command[1:]], cwd=ROOT).returncode
        failed += status != 0
        print(f"-- {'done' if status == 0 else f'FAILED with status {status}'} after {time.perf_counter() - began:.0f} s\n", flush=True)
    return failed


if __name__ == "__main__":
    given = [a for a in sys.argv[1:] if a != "--list"]
    sys.exit(min(1, main(Path(given[0]) if given else NO_PEERS, only_list="--list" in sys.argv)))

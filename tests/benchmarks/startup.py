"""How long commands that read and check take from the prompt to the prompt, in processes of their own.

python -m tests.benchmarks.startup [TIMES]
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from tests.cli.command import sim
from tests.cli.small import project

COMMANDS: tuple[tuple[str, ...], ...] = (("--help",), ("list",), ("show", "small"), ("show", "small", "keeps"), ("check",), ("export", "small"))


def measure(*arguments: str, cwd: Path, times: int) -> list[float]:
    """Seconds that `sim` with `arguments` took, each time."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        done = sim(*arguments, cwd=cwd)
        taken.append(time.perf_counter() - began)
        assert done.returncode == 0, done.stderr
    return taken


def main(times: int) -> None:
    """Print a line for each command."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        assert sim("run", project(folder), cwd=folder).returncode == 0
        print(f"{'command':<20}  {'median s':>8}  {'best s':>6}   of {times}")
        for command in COMMANDS:
            taken = measure(*command, cwd=folder, times=times)
            print(f"{'sim ' + ' '.join(command):<20}  {median(taken):>8.2f}  {min(taken):>6.2f}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)

"""What `sim score` takes of a long log: peak memory and seconds for a file of a given size, in a process of its own.

python -m tests.benchmarks.score_log [MEGABYTES]

The replies carry `moves`, so that reading and measuring are what is timed. Left out: 1,000 MB, which takes a minute or two and the disk space.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from sim.store.library import load_codebook
from tests.cli.command import environment

FULL = 1_000
"""Megabytes of the long form."""
EXCHANGES = 6
WORDS = 160
"""Of a reply, as chat models write."""
TEXTS = 500
"""Different texts; the file repeats them, reading does not know."""

_PROBE = """\
import resource, sys
from sim.cli.app import run_app
status = run_app(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
sys.exit(status)
"""


@dataclass(frozen=True)
class Taken:
    """One log, scored."""

    megabytes: float
    conversations: int
    pairs: int
    peak: float
    """Megabytes of resident memory."""
    seconds: float


def write_log(path: Path, megabytes: float) -> None:
    """A JSONL log of at least so many megabytes, the same every time."""
    draw = random.Random(4)
    vocabulary = ["".join(draw.choices("abcdefghijklmnoprstuvwyé", k=draw.randint(2, 9))) for _ in range(5_000)]
    texts = [" ".join(draw.choices(vocabulary, k=WORDS)) + "." for _ in range(TEXTS)]
    moves = [m.id for m in load_codebook().moves]
    size, number = 0, 0
    with path.open("wb") as file:
        while size < megabytes * 1e6:
            number += 1
            messages: list[dict[str, object]] = []
            for _ in range(EXCHANGES):
                sentences = [draw.sample(moves, draw.randint(0, 2)) for _ in range(4)]
                marked = {"moves": sorted({m for s in sentences for m in s}), "sentence_moves": sentences}
                messages += [{"role": "user", "content": draw.choice(texts)[:200]}, {"role": "assistant", "content": draw.choice(texts), **marked}]
            size += file.write(json.dumps({"id": f"talk-{number}", "messages": messages}, ensure_ascii=False).encode() + b"\n")


def measure(megabytes: float, folder: Path) -> Taken:
    """Write a log, score it, and look at the process that did."""
    path = folder / "long.jsonl"
    write_log(path, megabytes)
    command = [sys.executable, "-c", _PROBE, "score", str(path), "--only", "repetition", "--json"]
    began = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - began
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    peak = int(done.stderr.splitlines()[-1]) / 1024
    return Taken(path.stat().st_size / 1e6, report["conversations"], report["pairs"], peak, seconds)


def main(megabytes: float) -> None:
    """Print one line."""
    with tempfile.TemporaryDirectory() as folder:
        taken = measure(megabytes, Path(folder))
    print(f"{'log MB':>8}  {'conversations':>13}  {'pairs':>9}  {'peak MB':>8}  {'seconds':>8}")
    print(f"{taken.megabytes:>8,.0f}  {taken.conversations:>13,}  {taken.pairs:>9,}  {taken.peak:>8,.0f}  {taken.seconds:>8,.1f}")


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else FULL)

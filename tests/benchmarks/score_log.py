"""What `sim score` takes of a long log: peak memory and processor time for a file of a given size, in a process of its own.

python -m tests.benchmarks.score_log [MEGABYTES]

Replies that carry `moves` are read and measured; a file of a hundredth of the size carries none and is tagged offline as well. Left out: 1,000 MB,
which takes some minutes and the disk space.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from sim.llm.offline.lines import load_bank
from sim.store.library import load_codebook
from tests.cli.command import environment

FULL = 1_000
"""Megabytes of the long form."""
EXCHANGES = 6
SENTENCES = 10
"""Of a reply: some 100 words, as chat models write."""
TEXTS = 500
"""Different texts; the file repeats them, reading does not know."""

_PROBE = """\
import resource, sys
from sim.cli.app import run_app
status = run_app(sys.argv[1:])
used = resource.getrusage(resource.RUSAGE_SELF)
print(used.ru_maxrss, used.ru_utime + used.ru_stime, file=sys.stderr)
sys.exit(status)
"""


@dataclass(frozen=True)
class CallTally:
    """One log, scored."""

    megabytes: float
    conversations: int
    pairs: int
    peak: float
    """Megabytes of resident memory."""
    seconds: float
    """Of processor time."""


def write_log(path: Path, megabytes: float, *, labelled: bool = True) -> None:
    """A JSONL log of at least so many megabytes, the same every time."""
    draw = random.Random(4)
    moves = [m.id for m in load_codebook().moves]
    lines = [line for move in moves for section in load_bank(move).values() for line in section]
    texts = [" ".join(draw.choices(lines, k=SENTENCES)) for _ in range(TEXTS)]
    size, number = 0, 0
    with path.open("wb") as file:
        while size < megabytes * 1e6:
            number += 1
            messages: list[dict[str, object]] = []
            for _ in range(EXCHANGES):
                sentences = [draw.sample(moves, draw.randint(0, 2)) for _ in range(SENTENCES)]
                marked = {"moves": sorted({m for s in sentences for m in s}), "sentence_moves": sentences} if labelled else {}
                messages += [{"role": "user", "content": draw.choice(texts)[:200]}, {"role": "assistant", "content": draw.choice(texts), **marked}]
            size += file.write(json.dumps({"id": f"talk-{number}", "messages": messages}, ensure_ascii=False).encode() + b"\n")


def measure(megabytes: float, folder: Path, *, labelled: bool = True) -> CallTally:
    """Write a log, score it, and look at the process that did."""
    path = folder / "long.jsonl"
    write_log(path, megabytes, labelled=labelled)
    command = [sys.executable, "-c", _PROBE, "score", str(path), "--only", "repetition", "--json"]
    done = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    peak, seconds = map(float, done.stderr.splitlines()[-1].split())
    return CallTally(path.stat().st_size / 1e6, report["conversations"], report["pairs"], peak / 1024, seconds)


def main(megabytes: float) -> None:
    """Print a line for each log."""
    print(f"{'':<10}{'log MB':>8}  {'conversations':>13}  {'pairs':>9}  {'peak MB':>8}  {'CPU s':>8}")
    for kind, size in (("labelled", megabytes), ("tagged", megabytes / 100)):
        with tempfile.TemporaryDirectory() as folder:
            taken = measure(size, Path(folder), labelled=kind == "labelled")
        cells = f"{taken.megabytes:>8,.0f}  {taken.conversations:>13,}  {taken.pairs:>9,}  {taken.peak:>8,.0f}  {taken.seconds:>8,.1f}"
        print(f"{kind:<10}{cells}", flush=True)


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else FULL)

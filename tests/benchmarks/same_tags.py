"""Whether the offline tagger gives every sentence the same tags in every process, and on other versions of Python.

    python -m tests.benchmarks.same_tags [PYTHON …]

Every sentence of the conversations beside the project, of both speakers, is tagged in a process of its own under five values of PYTHONHASHSEED. Each
PYTHON is the path of another interpreter that has pydantic, which then tags the same sentences. What is compared is a digest of all tags.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from hashlib import blake2b
from pathlib import Path

from sim.score.moves.offline import confidences, load_weights
from sim.score.text.sentences import split_sentences

DATA = Path(__file__).parents[3] / "shared" / "data"
TALKS = DATA / "moves_conversations"
SEEDS = 5


def sentences() -> list[str]:
    """Every sentence of the conversations, and those that people labelled."""
    found = []
    for path in sorted(TALKS.glob("*.jsonl")):
        for talk in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
            found += [s for m in talk["messages"] for s in split_sentences(m["content"])]
    people = (DATA / "moves_human_validation.jsonl").read_text(encoding="utf-8").splitlines()
    return found + [json.loads(line)["sentence"] for line in people]


def tagged() -> str:
    """How many sentences there are, and a digest of the tags of all of them, confidences to three digits."""
    digest, every, weights = blake2b(digest_size=12), sentences(), load_weights()
    for sentence in every:
        digest.update(repr(sorted((m, round(c, 3)) for m, c in confidences(sentence, weights).items())).encode())
    return f"{len(every):,} sentences, {digest.hexdigest()}"


def elsewhere(python: str, seed: int) -> str:
    """The same from a process of its own."""
    env = {**os.environ, "PYTHONHASHSEED": str(seed)}
    done = subprocess.run([python, "-m", "tests.benchmarks.same_tags", "--once"], env=env, capture_output=True, check=True, text=True)
    return done.stdout.strip()


def main(others: list[str]) -> None:
    """Print a line for each process."""
    if not TALKS.is_dir():
        print(f"skipped: needs {TALKS}")
        return
    found = {}
    for seed in range(SEEDS):
        found[f"this Python, PYTHONHASHSEED {seed}"] = elsewhere(sys.executable, seed)
    for python in others:
        version = subprocess.run([python, "--version"], capture_output=True, check=True, text=True).stdout.strip()
        found[version] = elsewhere(python, 0)
    for name, what in found.items():
        print(f"{name:<32}{what}")
    print("the same everywhere" if len(set(found.values())) == 1 else "NOT the same")


if __name__ == "__main__":
    if sys.argv[1:] == ["--once"]:
        print(tagged())
    else:
        main(sys.argv[1:])

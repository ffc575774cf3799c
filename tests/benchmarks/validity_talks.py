"""How many talks of a user that flips its role are flagged, and how many of a sound one.

    python -m tests.benchmarks.validity_talks [FOLDER]

Runs: every shipped persona in one scenario with the offline user that is sound, and with the one that falls out of its part. Logs: the `.jsonl`
files of FOLDER (left out: the conversations beside the project), as they are, and with the sides exchanged, so that a chatbot's replies are what the
user says. A talk counts as flagged where a message or a discarded draft has a critical flag.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sim.analysis.trust.validity import drafts_of
from sim.app import run_study
from sim.core.logged import LoggedMessage
from sim.core.spec import Study
from sim.score.validity.talks import check_talk

TALKS = Path(__file__).parents[3] / "shared" / "data" / "moves_conversations"
SCENARIO = "new-in-town"


def of_a_run(user: str) -> list[bool]:
    """Of each trial of every persona with `user`, whether it is flagged."""
    targets = [{"id": "listens", "model": "offline/uses"}, {"id": "cold", "model": "offline/cold"}]
    study = Study.model_validate({"name": "flips", "targets": targets, "user": {"model": user}, "personas": ["*"], "scenarios": [SCENARIO]})
    with tempfile.TemporaryDirectory() as folder:
        run = asyncio.run(run_study(study, results=folder))
        return [
            any(f.severity == "critical" for *_, flags, drafts in drafts_of(t) for f in (*flags, *(f for d in drafts for f in d.flags)))
            for t in run.trials
        ]


def read(path: Path, *, exchanged: bool) -> Iterator[tuple[LoggedMessage, ...]]:
    """The talks of a log; `exchanged`: with the sides exchanged."""
    for line in path.read_text(encoding="utf-8").splitlines():
        turns = json.loads(line)["messages"]
        yield tuple(LoggedMessage(index=i, by_user=(turn["role"] == "user") != exchanged, text=turn["content"]) for i, turn in enumerate(turns))


def of_a_log(path: Path, *, exchanged: bool) -> tuple[list[bool], list[bool]]:
    """Of each talk and of each message, whether it is flagged."""
    talks, messages = [], []
    for n, talk in enumerate(read(path, exchanged=exchanged)):
        found = [any(f.severity == "critical" for f in one.flags) for one in check_talk(str(n), talk)]
        messages += found
        talks.append(any(found))
    return talks, messages


def share(found: list[bool]) -> str:
    """A share with its counts."""
    return f"{sum(found) / len(found):.1%} ({sum(found):,} of {len(found):,})" if found else "-"


def main(folder: Path) -> None:
    """Print a line for each user."""
    print("| who plays the user | talks flagged | messages flagged |\n|---|---|---|")
    for user in ("offline/user", "offline/flips"):
        print(f"| {user}, every persona, {SCENARIO} | {share(of_a_run(user))} | |")
    for path in sorted(folder.glob("*.jsonl")):
        for exchanged in (False, True):
            talks, messages = of_a_log(path, exchanged=exchanged)
            print(f"| {path.stem}, {'its replies as the user' if exchanged else 'the user as it is'} | {share(talks)} | {share(messages)} |")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else TALKS)

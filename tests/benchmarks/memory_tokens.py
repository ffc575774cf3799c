"""What each memory policy costs as talks go on: tokens of a reply's prompt by session, tokens of the work of memory, and bytes of journal.

python -m tests.benchmarks.memory_tokens [SESSIONS [EXCHANGES]]     # 20 sessions of 10 exchanges, with offline models, a few minutes
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import yaml

from sim.app import run_study
from sim.core.spec import Study
from tests.cli.journals import Row, rows

POLICIES = ("none", "full", "window:3", "summary", "profile", "retrieval:5")
SHOWN = (1, 2, 3, 5, 10, 15, 20)
THINGS = ("kettle", "bicycle", "balcony", "piano", "fern", "lamp", "cellar", "ladder", "clock", "window")
PLACES = ("Harbour Street", "Mill Lane", "Tannery Row", "Bell Square", "Canal Road")


@dataclass(frozen=True)
class Cost:
    """One policy over one trial."""

    prompt: dict[int, float]
    """Mean tokens sent for a reply, by session."""
    memory: dict[int, int]
    """Tokens in and out of the work of memory, by session."""
    journal: dict[int, float]
    """Bytes of journal an exchange, by session."""


def scenario(sessions: int, exchanges: int) -> dict[str, object]:
    """Talks in which something new is told in every message."""
    return {
        "id": "long",
        "title": "A long acquaintance",
        "about": "Many talks, something new in each message.",
        "sessions": [
            {
                "gap": 3,
                "situation": "An evening at home.",
                "mood": {"feels": "calm", "valence": 0},
                "agenda": [
                    {
                        "aim": "tell what happened",
                        "says": [
                            f"My {THINGS[e % 10]} number {s * exchanges + e} came from {PLACES[(s + e) % 5]}. It took me all of the afternoon."
                            for e in range(exchanges)
                        ],
                    }
                ],
                "exchanges": {"min": exchanges, "max": exchanges},
            }
            for s in range(sessions)
        ],
    }


def measure(policy: str, sessions: int, exchanges: int) -> Cost:
    """Run one trial and read its journal."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "long.yaml"
        place.write_text(yaml.safe_dump(scenario(sessions, exchanges), width=10_000), encoding="utf-8")
        study = Study.model_validate(
            {
                "name": "tokens",
                "targets": [{"id": "uses", "model": "offline/uses", "memory": policy}],
                "user": {"model": "offline/user"},
                "personas": ["davi"],
                "scenarios": [str(place)],
            }
        )
        events = rows(asyncio.run(run_study(study, results=folder)).folder.path)
    replies = [e for e in events if e.kind == "target_replied"]
    assert len(replies) == sessions * exchanges, "nobody left early"
    every = range(1, sessions + 1)
    return Cost(
        {s: sum(_tokens(e, "target", "input") for e in replies if e.session == s) / exchanges for s in every},
        {s: sum(_tokens(e, "memory", "input") + _tokens(e, "memory", "output") for e in events if e.session == s) for s in every},
        {s: sum(len(e.body.encode()) for e in events if e.session == s) / exchanges for s in every},
    )


def _tokens(event: Row, role: str, which: str) -> int:
    return sum(c["usage"][which] for c in json.loads(event.body).get("calls", ()) if c["role"] == role)


def main(sessions: int, exchanges: int) -> None:
    """Print a table for each figure, a line for each policy."""
    costs = {policy: measure(policy, sessions, exchanges) for policy in POLICIES}
    shown = [s for s in SHOWN if s <= sessions]
    print(f"{sessions} sessions of {exchanges} exchanges, one trial each; tokens of 4 characters; offline models: checks the instrument\n")
    figures = (("tokens of a reply's prompt", "prompt"), ("tokens of the work of memory", "memory"), ("bytes of journal an exchange", "journal"))
    for title, field in figures:
        print(f"{title}, by session\n{'':<14}" + "".join(f"{s:>9,}" for s in shown))
        for policy, cost in costs.items():
            of = getattr(cost, field)
            print(f"{policy:<14}" + "".join(f"{of[s]:>9,.0f}" for s in shown))
        print()


if __name__ == "__main__":
    main(*(map(int, sys.argv[1:3]) if len(sys.argv) > 2 else (int(sys.argv[1]) if len(sys.argv) > 1 else 20, 10)))

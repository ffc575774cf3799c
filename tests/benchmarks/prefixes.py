"""How much of a prompt was sent before: what a provider's prompt cache can read, by role, from the third exchange of a session on.

    python -m tests.benchmarks.prefixes [URL]      # the share that can be read; with the URL of a real server also the share that it did read

Prompts are compared as they go over the wire, with the JSON Schema in front, where OpenAI and Anthropic have it. One trial of two sessions; with a
real server another of one session, in which the model plays everybody.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sim.app import run_study
from sim.core.spec import Study
from tests.server import Server

ROOT = Path(__file__).parents[2]
EXCHANGES, SESSIONS, FROM = 6, 2, 3
"""Of a session, of the trial, and the first exchange that counts."""
SCHEMAS = {"user_turn": "user", "ratings": "rater"}
"""Roles by the schema that their calls ask for."""


@dataclass(frozen=True)
class Shared:
    """One role's prompts."""

    characters: float
    """Mean length of a prompt."""
    share: float
    """Of what was sent from the third exchange on, the part that the prompt before it began with."""


def study(url: str, folder: Path, *, names: Sequence[str] = ("user", "rater", "any"), sessions: int = SESSIONS) -> Study:
    """A stranger in a town, who is heard and rated by models at `url`."""
    scenario = yaml.safe_load((ROOT / "scenarios" / "new-in-town.yaml").read_text(encoding="utf-8"))
    scenario |= {"id": "twice", "sessions": scenario["sessions"][:sessions]}
    for session in scenario["sessions"]:
        session["exchanges"] = {"min": EXCHANGES, "max": EXCHANGES}
    (folder / "twice.yaml").write_text(yaml.safe_dump(scenario), encoding="utf-8")
    user, rater, target = ({"model": f"openai/{name}", "api_base": url} for name in names)
    return Study.model_validate(
        {
            "name": "prefixes",
            "targets": [{"id": "any", **target, "memory": "full"}],
            "user": user,
            "rater": rater,
            "personas": ["wendell"],
            "scenarios": [str(folder / "twice.yaml")],
            "concurrency": 1,
            "sampling": {"max_tokens": 700},
            "limits": {"timeout": 600},
            "controls": {"one_by_one": 0, "repeat": 0},
        }
    )


def prompt(body: dict[str, Any]) -> tuple[str, str]:
    """The role that a request was made for, empty for any but user and rater, and its prompt as a provider reads it."""
    wish = (body.get("response_format") or {}).get("json_schema") or {}
    text = json.dumps(wish.get("schema")) + "".join(f"\x1e{m['role']}\x1f{m['content']}" for m in body["messages"])
    return SCHEMAS.get(wish.get("name", ""), ""), text


def alike(one: str, other: str) -> int:
    """Characters that both begin with."""
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def shared(bodies: Sequence[dict[str, Any]]) -> dict[str, Shared]:
    """By role, in the order of the calls."""
    prompts: dict[str, list[str]] = defaultdict(list)
    for body in bodies:
        role, text = prompt(body)
        if role and body["messages"][-1]["role"] == "user" and len(body["messages"]) == 2:
            prompts[role].append(text)
    found = {}
    for role, texts in prompts.items():
        later = [i for i in range(1, len(texts)) if i % EXCHANGES >= FROM - 1]
        read = sum(alike(texts[i - 1], texts[i]) for i in later)
        sent = sum(len(texts[i]) for i in later)
        found[role] = Shared(sent / len(later), read / sent)
    return found


async def measured(folder: Path) -> dict[str, Shared]:
    """By role, of one trial against the tests' own server."""
    async with Server() as server:
        run = await run_study(study(server.url, folder), results=folder / "results")
        assert run.status == "finished"
        return shared([request["body"] for request in server.requests()])


async def read_by(url: str, folder: Path) -> dict[str, tuple[int, int]]:
    """Tokens sent and read from the cache by role, from the third exchange on, as a real server at `url` counts them."""
    run = await run_study(study(url, folder, names=("smollm2",) * 3, sessions=1), results=folder / "results")
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for trial in run.trials:
        for session in trial.sessions:
            for exchange in session.exchanges[FROM - 1 :]:
                calls = [*exchange.user.calls, *(c for rated in exchange.rated.values() for c in rated.calls)]
                for call in calls:
                    if call.usage and call.step == "first":
                        sums[call.role][0] += call.usage.input
                        sums[call.role][1] += call.usage.cached
    return {role: (sent, read) for role, (sent, read) in sums.items()}


def main() -> None:
    """Print a line for each role."""
    with tempfile.TemporaryDirectory() as folder:
        for role, of in asyncio.run(measured(Path(folder))).items():
            print(f"{role}: {of.characters:,.0f} characters a prompt, {100 * of.share:.0f} % of them sent before")
        if len(sys.argv) > 1:
            (real := Path(folder) / "real").mkdir()
            for role, (sent, read) in asyncio.run(read_by(sys.argv[1], real)).items():
                print(f"{role}: {sent:,} tokens sent to the real server, {100 * read / max(1, sent):.0f} % of them read from its cache")


if __name__ == "__main__":
    main()

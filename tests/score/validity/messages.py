"""The constructed messages of `messages.tsv`: what simulated users should and should not send, each with who says it and what was said before.

They were written before the rules. Every third (column `part`: kept) was set apart then, and no rule is changed because of it: what is wrong with the
rules on those is known only as figures.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import yaml

from sim.score.validity.situation import Situation, Speaker, SpeakerFact

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Case:
    """One message."""

    number: int
    part: Literal["tuned", "kept"]
    label: str
    """The kind of what is wrong with it; `-`: nothing is."""
    sort: Literal["ordinary", "hard"]
    person: dict[str, Any]
    """Of `people.yaml`; empty: nothing is known of who speaks."""
    exchange: int
    leaves: str | None
    """Why the user takes leave with it, perhaps for no reason; None: it stays."""
    said: str
    """The user's message before."""
    heard: str
    """The reply that it answers."""
    message: str


@lru_cache(maxsize=1)
def load_cases() -> tuple[Case, ...]:
    """All of them, in the order of the file."""
    people = yaml.safe_load((HERE / "people.yaml").read_text(encoding="utf-8"))
    with (HERE / "messages.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return tuple(_case(row, people[row["cast"]]) for row in rows)


def _case(row: dict[str, str], person: dict[str, Any]) -> Case:
    part: Literal["tuned", "kept"] = "kept" if row["part"] == "kept" else "tuned"
    sort: Literal["ordinary", "hard"] = "hard" if row["sort"] == "hard" else "ordinary"
    leaves = row["leaves"].removeprefix("leaves:").strip() if row["leaves"] else None
    said = _unfold(row["said"]), _unfold(row["heard"]), _unfold(row["message"])
    return Case(int(row["n"]), part, row["label"], sort, person, int(row["exchange"]), leaves, *said)


def _unfold(text: str) -> str:
    """Line breaks are written as `\\n`, and what is long as `@repeat TIMES words`."""
    if text.startswith("@repeat "):
        _, times, words = text.split(" ", 2)
        return words * int(times)
    return text.replace("\\n", "\n")


def situation_in(case: Case) -> Situation:
    """Where the message stands, as far as the case says."""
    person, heard = case.person, case.heard
    speaker = None
    if person:
        facts = tuple(SpeakerFact(f["id"], f["text"], tuple(f["answers"])) for f in person["facts"])
        lore = "\n".join([person["name"], person["background"], *person["goal"], *(f.text for f in facts)])
        speaker = Speaker(person["name"], person["language"], age=person["age"], hostile=person["type"] == "hostile", facts=facts, lore=lore)
    return Situation(
        speaker=speaker,
        exchange=case.exchange,
        said=(case.said,) if case.said else (),
        heard=heard,
        told=frozenset(f["id"] for f in person.get("facts", ()) if f.get("told")),
        aims=tuple(person.get("goal", ())),
        leaves=case.leaves is not None,
        why=case.leaves or "",
    )

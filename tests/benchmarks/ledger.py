"""How often the ledger misses what a message tells, and how often it hears what was not told: `python -m tests.benchmarks.ledger`.

On a hundred messages that a person has read (`tests/core/ledger_messages.yaml`), chosen to be hard: a miss costs a target nothing but a question, a
false alarm has it asked for what it never heard.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import yaml

from sim.core.cast import build_cast
from sim.core.ledger import scan
from sim.core.spec import Scenario
from sim.store.library import load_persona
from tests import examples

MESSAGES = Path(__file__).parents[1] / "core" / "ledger_messages.yaml"


@dataclass(frozen=True)
class Heard:
    """One message, what it tells and what the ledger heard."""

    persona: str
    says: str
    tells: frozenset[str]
    heard: frozenset[str]

    @property
    def missed(self) -> frozenset[str]:
        """Told and not heard."""
        return self.tells - self.heard

    @property
    def invented(self) -> frozenset[str]:
        """Heard and not told."""
        return self.heard - self.tells


def listen() -> list[Heard]:
    """Every message, as the ledger hears it."""
    found: list[Heard] = []
    for name, messages in yaml.safe_load(MESSAGES.read_text(encoding="utf-8")).items():
        persona = load_persona(name)
        changes = [{"fact": f"persona.{f.id}"} for f in persona.facts if f.changes_to]
        cast = build_cast(persona, _scenario(changes), start_date=dt.date(2026, 1, 5))
        for message in messages:
            heard = frozenset(d.fact + "+" * d.version for d in scan(message["says"], cast, session=1))
            found.append(Heard(name, message["says"], frozenset(message["tells"]), heard))
    return found


def _scenario(updates: list[dict[str, str]]) -> Scenario:
    session = examples.scenario().sessions[0].model_dump() | {"disclose": [], "updates": updates, "agenda": [{"aim": "talk", "says": ["Well."]}]}
    return examples.scenario(facts=[], sessions=[session])


def main() -> None:
    """Print the rates and every message on which person and ledger differ."""
    heard = listen()
    told, silent = sum(len(h.tells) for h in heard), sum(not h.tells for h in heard)
    missed, invented = sum(len(h.missed) for h in heard), sum(len(h.invented) for h in heard)
    print(f"{len(heard)} messages tell {told} facts; {silent} of them tell none")
    print(f"missed: {missed} of {told} ({missed / told:.0%})")
    print(f"false alarms: {invented} of {told - missed + invented} facts heard, in {sum(bool(h.invented) for h in heard)} messages")
    for h in heard:
        for what, facts in (("missed", h.missed), ("false alarm", h.invented)):
            if facts:
                print(f"  {what:11}  {h.persona}: {', '.join(sorted(facts))}: {h.says}")


if __name__ == "__main__":
    main()

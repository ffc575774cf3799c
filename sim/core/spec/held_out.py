"""Scenarios that are held out: a pack of variants stays unseen, and a run names each by the hash of its file and never holds its text.

What is said in a talk is in the run's journal all the same, a scripted message too; who publishes the folder of a run runs `sim forget` first.
"""

from __future__ import annotations

from typing import Final

from sim.core.spec.persona import Fact
from sim.core.spec.scenario import Scenario, Withheld
from sim.core.spec.session import AgendaItem, Mood, SessionSpec

UNTOLD: Final = "held out"
"""Stands in a record wherever the scenario's own words would."""


def name_by_hash(scenario: Scenario, *, sha256: str, file: str) -> Scenario:
    """`scenario`, whose file has that hash, as it is run: whole, and titled by the hash."""
    return scenario.model_copy(update={"title": f"{UNTOLD}, sha256 {sha256}", "withheld": Withheld(sha256=sha256, file=file)})


def without_text(scenario: Scenario) -> Scenario:
    """What a record keeps of `scenario`: if it is held out, its id, hash, and facts and sessions without a word of theirs; any other whole."""
    if not scenario.held_out:
        return scenario
    return Scenario(
        id=scenario.id,
        title=scenario.title,
        about=UNTOLD,
        suits=scenario.suits,
        unfit=scenario.unfit,
        held_out=True,
        withheld=scenario.withheld,
        facts=tuple(Fact(id=f.id, topic=f.topic, text=UNTOLD, answers=(UNTOLD,), when=UNTOLD, question="What is it?") for f in scenario.facts),
        sessions=tuple(_without_words(session) for session in scenario.sessions),
    )


def _without_words(session: SessionSpec) -> SessionSpec:
    return SessionSpec(
        gap=session.gap,
        situation=UNTOLD,
        agenda=(AgendaItem(aim=UNTOLD, says=(UNTOLD,)),),
        mood=Mood(feels=UNTOLD, valence=session.mood.valence),
        exchanges=session.exchanges,
        target=session.target,
    )

"""What a person asks for: personas, scenarios and studies. Nothing here knows what came of it."""

from __future__ import annotations

from sim.core.spec.model import ModelSpec, ObserverSpec, Sampling
from sim.core.spec.persona import Allusion, Fact, Manner, Persona, Preference, ProfileType, Rubric, Signal, Signals, Style, Topic, Trait, Value, Voice
from sim.core.spec.scenario import (
    AgendaItem,
    FactRef,
    FactUpdate,
    Length,
    Mood,
    Noise,
    PastMessage,
    PastTalk,
    Scenario,
    ScriptedTurn,
    SessionSpec,
    Wish,
)
from sim.core.spec.study import Controls, Limits, Study
from sim.core.spec.target import TargetSpec

__all__ = [
    "AgendaItem",
    "Allusion",
    "Controls",
    "Fact",
    "FactRef",
    "FactUpdate",
    "Length",
    "Limits",
    "Manner",
    "ModelSpec",
    "Mood",
    "Noise",
    "ObserverSpec",
    "PastMessage",
    "PastTalk",
    "Persona",
    "Preference",
    "ProfileType",
    "Rubric",
    "Sampling",
    "Scenario",
    "ScriptedTurn",
    "SessionSpec",
    "Signal",
    "Signals",
    "Study",
    "Style",
    "TargetSpec",
    "Topic",
    "Trait",
    "Value",
    "Voice",
    "Wish",
]

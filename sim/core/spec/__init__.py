"""What a person asks for: personas, scenarios and studies. Nothing here knows what came of it."""

from __future__ import annotations

from sim.core.spec.http import HttpCallSpec, HttpSpec, OpeningSpec, PollSpec
from sim.core.spec.memory import MemorySpec, read_memory
from sim.core.spec.model import ModelSpec, ObserverSpec, Sampling
from sim.core.spec.persona import Allusion, Fact, Manner, Persona, Preference, ProfileType, Signal, Signals, Style, Topic, Trait, Value, Voice
from sim.core.spec.rubric import Rubric
from sim.core.spec.scenario import PastMessage, PastTalk, Scenario
from sim.core.spec.scorer import ScorerInfo
from sim.core.spec.scorers import CodeScorer, KeptScorer, RubricScorer, ScorerFile, ScorerUse
from sim.core.spec.session import AgendaItem, FactRef, FactUpdate, Length, Mood, Noise, ScriptedTurn, SessionSpec, Wish
from sim.core.spec.study import Controls, Limits, Probes, Study, codebook_of, name_tagger
from sim.core.spec.suits import Unsuited, left_out
from sim.core.spec.target import (
    CallableTargetSpec,
    ChatTargetSpec,
    CustomTargetSpec,
    GraphTargetSpec,
    HttpTargetSpec,
    LoggedTargetSpec,
    Successor,
    TargetSpec,
    tells_dates,
)

__all__ = [
    "AgendaItem",
    "Allusion",
    "CallableTargetSpec",
    "ChatTargetSpec",
    "CodeScorer",
    "Controls",
    "CustomTargetSpec",
    "Fact",
    "FactRef",
    "FactUpdate",
    "GraphTargetSpec",
    "HttpCallSpec",
    "HttpSpec",
    "HttpTargetSpec",
    "KeptScorer",
    "Length",
    "Limits",
    "LoggedTargetSpec",
    "Manner",
    "MemorySpec",
    "ModelSpec",
    "Mood",
    "Noise",
    "ObserverSpec",
    "OpeningSpec",
    "PastMessage",
    "PastTalk",
    "Persona",
    "PollSpec",
    "Preference",
    "Probes",
    "ProfileType",
    "Rubric",
    "RubricScorer",
    "Sampling",
    "Scenario",
    "ScorerFile",
    "ScorerInfo",
    "ScorerUse",
    "ScriptedTurn",
    "SessionSpec",
    "Signal",
    "Signals",
    "Study",
    "Style",
    "Successor",
    "TargetSpec",
    "Topic",
    "Trait",
    "Unsuited",
    "Value",
    "Voice",
    "Wish",
    "codebook_of",
    "left_out",
    "name_tagger",
    "read_memory",
    "tells_dates",
]

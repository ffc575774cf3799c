"""What the simulated user said, and what it should not have said."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, get_args

from sim.core.codebook import Dimension
from sim.core.frozen import Frozen
from sim.core.perturbation import PerturbationKind

CriticalKind = Literal[
    "role_flip",
    "fourth_wall",
    "leak",
    "refusal",
    "echo",
    "empty_message",
    "error_text",
    "message_too_long",
    "repair_answered",
    "unparsed_message",
]
"""What a simulated user must not send (guide/validity.md). `unparsed_message`: the answer is not the one object that was asked for."""
SeriousKind = Literal[
    "told_at_once",
    "invented_fact",
    "contradicts_fact",
    "sanitised",
    "wrong_language",
    "left_without_cause",
    "left_too_early",
    "greets_again",
]
"""What this person would not have said so."""
NoteKind = Literal[
    "repeats_itself",
    "signal_twice",
    "always_thanks",
    "even_length",
    "unwrapped",
    "unknown_fact_claimed",
    "claimed_fact_absent",
    "core_fact_appended",
    "claims_cut",
    "leak_cut",
]
"""Habits, and what was done to a message. `unwrapped`: a fence, quotation marks or a label round the whole was taken off; `leak_cut`: an earlier
version cut out what had leaked."""
CRITICAL: tuple[CriticalKind, ...] = get_args(CriticalKind)
SERIOUS: tuple[SeriousKind, ...] = get_args(SeriousKind)
NOTES: tuple[NoteKind, ...] = get_args(NoteKind)
FlagKind = CriticalKind | SeriousKind | NoteKind
FLAG_KINDS: tuple[FlagKind, ...] = (*CRITICAL, *SERIOUS, *NOTES)

Severity = Literal["note", "serious", "critical"]


class Flag(Frozen):
    """Something the simulated user should not have done."""

    kind: FlagKind
    severity: Severity
    evidence: str


class Rejected(Frozen):
    """A draft that was discarded whole, and never sent."""

    message: str
    flags: tuple[Flag, ...]


def lost_drafts(steps: Iterable[object]) -> list[dict[str, Any]]:
    """What is known of drafts that an earlier version discarded and did not keep: one for each call in which the message was asked for again."""
    return [{"message": "", "flags": []} for step in steps if step == "regeneration"]


class Utterance(Frozen):
    """What the user says. Only `message` reaches the target."""

    kind: Literal["utterance"] = "utterance"
    message: str
    mood: str = ""
    allusion: str | None = None
    humour_bid: str | None = None
    facts_used: tuple[str, ...] = ()
    """Facts the message tells, or that bear on it."""
    signalled: tuple[Dimension, ...] = ()
    """Preferences whose being met or missed the message shows."""
    leave: bool = False
    why: str | None = None


class Departure(Frozen):
    """The user leaves without a word."""

    kind: Literal["departure"] = "departure"
    why: str


class Silence(Frozen):
    """The simulated user produced nothing that could be sent."""

    kind: Literal["silence"] = "silence"
    why: str


class Disturbance(Frozen):
    """What a perturbation made of a message."""

    by: tuple[PerturbationKind, ...]
    """Those that show in it."""
    original: str | None = None
    """The message before its text was disturbed; None: only what the user was asked to do differs, and there is no message without that."""

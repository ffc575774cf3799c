"""Every flag of one message: what its kinds are, how grave each is, and the words it rests on.

Critical: the talk is no longer one of a person with the target. Serious: it is, and this person would not have said so. Note: seen too often, it is a
habit of simulators. Pure: the same message at the same place has the same flags, in a run as in a log.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sim.core.event import CRITICAL, NOTES, SERIOUS, Flag, FlagKind
from sim.score.validity import course, form, frame, person, voice
from sim.score.validity.situation import NOWHERE, Situation
from sim.score.validity.speech import read_speech

VERSION: Final = "3"
"""Rises when the same message could be flagged differently."""
SHOWN: Final = 200
"""Characters of evidence."""


def check_message(message: str, situation: Situation = NOWHERE) -> tuple[Flag, ...]:
    """The flags of `message`, the gravest first; of one kind, one."""
    found: dict[FlagKind, str] = {}
    for kind, evidence in _find(message, situation):
        found.setdefault(kind, evidence)
    return tuple(flag_of(kind, found[kind]) for kind in (*CRITICAL, *SERIOUS, *NOTES) if kind in found)


def flag_of(kind: FlagKind, evidence: str) -> Flag:
    """A flag with the severity of its kind."""
    severity = "critical" if kind in CRITICAL else "serious" if kind in SERIOUS else "note"
    return Flag(kind=kind, severity=severity, evidence=evidence if len(evidence) <= SHOWN else evidence[:SHOWN] + "…")


def critical(flags: tuple[Flag, ...]) -> Flag | None:
    """The first critical one."""
    return next((f for f in flags if f.severity == "critical"), None)


def _find(message: str, situation: Situation) -> Iterator[tuple[FlagKind, str]]:
    if form.is_empty(message):
        yield "empty_message", message
        return
    if form.is_error(message):
        yield "error_text", message
        return
    speech = read_speech(message)
    if form.is_too_long(speech, situation):
        yield "message_too_long", f"{speech.size:,} words"
        return
    if form.is_echo(speech, situation):
        yield "echo", message
    else:
        if refused := voice.refusal(speech):
            yield "refusal", speech.written.get(refused, refused)
        elif flipped := voice.role_flip(speech):
            yield "role_flip", speech.written.get(flipped, flipped)
        if repaired := frame.repair_answered(speech):
            yield "repair_answered", speech.written.get(repaired, repaired)
        elif named := frame.fourth_wall(speech):
            yield "fourth_wall", speech.written.get(named, named)
        elif returned := frame.given_back(speech):
            yield "leak", speech.written.get(returned, returned)
        if leaked := frame.leak(speech, situation):
            yield "leak", speech.written.get(leaked, leaked)
    if dumped := person.told_at_once(speech, situation):
        yield "told_at_once", dumped
    yield from person.false_claims(speech, situation)
    if warm := person.sanitised(speech, situation):
        yield "sanitised", warm
    if person.wrong_language(speech, situation):
        yield "wrong_language", message
    if course.leaves_without_cause(situation):
        yield "left_without_cause", message
    if course.greets_again(speech, situation):
        yield "greets_again", message[:40]
    if before := course.repeats(speech, situation):
        yield "repeats_itself", before
    if signal := course.signal_twice(speech, situation):
        yield "signal_twice", signal
    if course.always_thanks(speech, situation):
        yield "always_thanks", message
    if course.even_length(speech, situation):
        yield "even_length", f"{len(situation.said) + 1} messages"

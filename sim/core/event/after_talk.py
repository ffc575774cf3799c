"""What happens once a session is over: the target's memory writes, and copies of the target answer questions of memory and questionnaires."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sim.core.event.base import BaseEvent
from sim.core.event.verdicts import Unscored
from sim.core.frozen import small

Kept = Literal["", "unusable", "refused", "too_long"]
"""Why a step left the memory as it was: what the model wrote could not be used, also when asked again; it refused; or the session did not fit."""


class MemoryWritten(BaseEvent):
    """A step of the target's memory, named by `part`; enough to restore it."""

    kind: Literal["memory_written"] = "memory_written"
    content: str
    kept: Kept = ""
    """Why the memory stayed as it was; empty: it took the session in."""
    dropped: int = 0
    """Messages of the session that did not fit the prompt of this step and were left out of it, oldest first."""


ProbeKind = Literal["explicit", "implicit", "update", "temporal", "abstention", "control"]
"""LongMemEval's question kinds (guide/methods.md#probes); `control` asks in the session that told the fact, and so for comprehension alone."""

Outcome = Literal["right", "stale", "wrong", "unknown"]
"""`stale`: an older value of the fact. `wrong`: another answer, several at once, or a denial of the right one. `unknown`: the target says that it
does not know or was not told, which is right on an abstention probe and on no other."""


@small
class Grade:
    """What an answer to a probe comes to."""

    kind: Literal["grade"] = "grade"
    outcome: Outcome
    by: Literal["answers", "judge"]
    """`answers`: by the accepted answers alone."""
    quote: str = ""
    """The words of the answer that decide it."""


class ProbeAnswered(BaseEvent):
    """The target's answer to a question of memory that a judge has yet to grade: kept first, so that the target is not asked again when the judge's
    call is lost. `part` is that of the `Probed` that follows."""

    kind: Literal["probe_answered"] = "probe_answered"
    answer: str
    written: bool | None = None
    """As of `Probed`."""
    retrieved: bool | None = None
    """As of `Probed`."""


class Probed(BaseEvent):
    """The target was asked what it remembers, on a fork of its own, after the session's memory had consolidated. `part` is `kind:fact`."""

    kind: Literal["probed"] = "probed"
    probe: ProbeKind
    fact: str
    version: int
    """Of the value that is asked for: the newest told; for what was never told, 0."""
    question: str
    answer: str
    grade: Annotated[Grade | Unscored, Field(discriminator="kind")]
    told: int
    """Session in which that value was first told; 0: a talk before the study, or never."""
    delay: int
    """Days from there to the day of asking; 0 for what was never told."""
    expected: str = ""
    """What would be right, in the persona's words; empty for what was never told."""
    written: bool | None = None
    """Whether what it takes to answer stands in what the target's memory holds; None: not known, or nothing to hold."""
    retrieved: bool | None = None
    """Whether it stood in the context of the answer, as far as that came from memory."""


@small
class Choice:
    """An option that a target chose on a questionnaire."""

    kind: Literal["choice"] = "choice"
    option: Annotated[int, Field(strict=True, ge=1)]
    """From 1, in the order of the questionnaire, however the options were shown."""


class SheetAnswered(BaseEvent):
    """A copy of the target was given a sheet of a questionnaire once the session was over. `part` is `questionnaire:item#n`, of a sheet of all items
    `questionnaire:form#n`; n counts the ways in which it was put (`sim.core.questionnaire`)."""

    kind: Literal["sheet_answered"] = "sheet_answered"
    question: str
    reply: str
    answers: dict[str, Annotated[Choice | Unscored, Field(discriminator="kind")]]
    """By item, in the order in which they were put."""

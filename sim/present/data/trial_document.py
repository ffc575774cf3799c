"""What `sim show RUN TRIAL --json` prints: a trial with its sessions, exchanges and probes, key by key (`sim.present.data.trial_json` makes it)."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import Field

from sim.core.address import Control
from sim.core.codebook import Dimension
from sim.core.errors import Cause
from sim.core.event import Disturbance, Ending, Evidence, Flag, Outcome, ProbeKind, Rejected
from sim.core.frozen import Frozen
from sim.core.record import TrialStatus
from sim.core.tools import ToolUse


class RatingDocument(Frozen):
    """One rating."""

    kind: Literal["score", "not_applicable", "unscored"]
    score: int | None
    """1 to 5 where `kind` is `score`, else null."""
    reason: str
    evidence: Evidence | None = None
    occasion: bool | None = None
    """Whether the user's message gave occasion; null without a score."""
    attempt: bool | None = None
    """Whether the reply attempted it; null without a score."""
    false_memory: bool = False
    cause: Literal["schema", "refused", "too_long"] | None = None
    """Why it is `unscored`, else null."""


class RepetitionDocument(Frozen):
    """What the reply repeats, on the codebook's counted moves (`sim.score.repetition.measures.Running`)."""

    repeated: tuple[str, ...]
    jaccard: float | None
    novelty_previous: float | None
    novelty: float | None
    """Against all replies before it in the session."""
    repertoire: float | None
    """So far: mean Jaccard with every earlier reply of the trial."""


class AssessedDocument(Frozen):
    """One result of a scorer of the study's own."""

    kind: Literal["assessment", "not_applicable", "unscored"]
    value: bool | float | str | None
    """Yes or no, a number or a label where `kind` is `assessment`, else null."""
    reason: str
    evidence: tuple[Evidence, ...] = ()
    cause: Literal["schema", "refused", "too_long"] | None = None
    """Why it is `unscored`, else null."""


class ItemAnswerDocument(Frozen):
    """An answer to one item of a questionnaire."""

    item: str
    option: int | None
    """From 1, in the order of the questionnaire; None: there is no answer."""
    cause: str = ""
    """Why there is none: `refused`, `schema`, `too_long`."""
    reason: str = ""


class SheetDocument(Frozen):
    """A sheet of a questionnaire that was put to a copy of the target once the session was over."""

    sheet: str
    """`questionnaire:item#n`, or `questionnaire:form#n`; n counts the ways in which it was put."""
    question: str
    reply: str
    answers: tuple[ItemAnswerDocument, ...]


class DisclosureDocument(Frozen):
    """A value of a fact that the message tells."""

    fact: str
    version: int
    """0 is the fact as first written; later values count up."""
    core: bool
    """Scripted for this exchange, and so told to every target alike."""
    text: str


class OccasionDocument(Frozen):
    """What the user's message declared before the reply was seen."""

    mood: str
    allusion: str | None
    humour_bid: str | None
    facts_used: tuple[str, ...]


class ThoughtDocument(Frozen):
    """What a reasoning model thought before it spoke; nobody in the talk, and no rater, saw it."""

    text: str
    tokens: int | None
    """Null: nobody counted them."""


class ExchangeDocument(Frozen):
    """One user message and the reply to it."""

    index: int
    user: str
    reply: str | None
    """Null: not answered yet."""
    scripted: bool
    occasion: OccasionDocument
    signalled: tuple[Dimension, ...]
    leave: bool
    why: str | None
    """Why the user leaves."""
    finish: str | None
    """The provider's word for why the reply ended."""
    cut: bool
    """Whether the reply was cut off for length."""
    tools: tuple[ToolUse, ...] = ()
    """What the target says it did for the reply."""
    user_words: int
    reply_words: int | None
    ratings: dict[str, dict[str, RatingDocument]]
    """By rater, the primary one first, then by dimension."""
    controls: dict[Control, dict[str, RatingDocument]]
    """The primary rater's second ratings where this exchange was drawn for them (`sim.core.controls`); they enter no other figure."""
    likability: float | None
    """The primary rater's mean over the dimensions scored here."""
    fixed_set: float | None
    """The same over the four that always apply."""
    tagging: Literal["tags", "unscored", "absent"]
    moves: tuple[str, ...]
    """Sorted, those beside the codebook's ten included; empty also where `tagging` is not `tags`."""
    repetition: RepetitionDocument
    said_before: Literal["same_user", "anybody", "nearly", "no"] | None
    """Whether the reply repeats an earlier one of the target, how closely (`sim.score.repetition.said_before`); of a trial shown by itself, of its
    own replies. Null: not answered, a greeting of under four words, or forgotten."""
    scores: dict[str, AssessedDocument]
    """What the study's own scorers found here, by scorer id."""
    other_moves: dict[str, tuple[str, ...] | None]
    """By taggers other than the study's, sorted like `moves`; null where the tagger could not tell."""
    disclosed: tuple[DisclosureDocument, ...]
    flags: tuple[Flag, ...]
    rejected: tuple[Rejected, ...]
    """Drafts of the user's message that were discarded before it."""
    resent: bool
    thought: ThoughtDocument | None = None
    """Of the target, before its reply."""
    user_thought: ThoughtDocument | None = None
    """Of the model that plays the user, before its message."""
    disturbance: Disturbance | None = Field(default=None, exclude_if=lambda disturbance: disturbance is None)
    """What a perturbation made of the message (guide/stress.md), with the message before; left out where there was none."""


class ProbeDocument(Frozen):
    """A question of what was told, put to a copy of the target after the session; a control, within it."""

    part: str
    """`kind:fact`."""
    kind: ProbeKind
    fact: str
    question: str
    answer: str
    grade: Outcome | Literal["unscored"]
    right: bool | None
    """Whether that is the right thing to say: to know, or not to know what was never told. Null: unscored."""
    by: Literal["answers", "judge"] | None
    """Who decided; null without a grade."""
    quote: str
    """The words of the answer that decide it, or why there is no grade."""
    expected: str
    """Empty: it was never told."""
    told: int
    """Session in which it was first told; 0: before the study, or never."""
    delay: int
    """Days from there to the asking."""
    written: bool | None
    retrieved: bool | None


class SessionDocument(Frozen):
    """One sitting."""

    index: int
    date: dt.date
    when: str
    """The date in words, with the gap."""
    gap: str | None
    """The time since the talk before; null for the first."""
    wishes: dict[Dimension, str]
    """What the user wanted otherwise than usual on that day, by scenario or, for a volatile persona, by the day."""
    changed_to: str | None = None
    """The model that speaks for the target from this session on; null: nothing changes."""
    take: int
    ending: Ending | None
    """Null: not closed yet."""
    gone: str | None
    """Why the user left without a word or had nothing to say."""
    flags: tuple[Flag, ...]
    """Of the message that was never sent."""
    rejected: tuple[Rejected, ...]
    """Drafts of that message."""
    criterion: dict[str, dict[str, RatingDocument]]
    """By rater, then by question."""
    likability: float | None
    """The primary rater's, of this session alone: each dimension over its exchanges, then over the dimensions. Null: nothing was scored."""
    fixed_set: float | None
    """The same over the four that always apply."""
    scores: dict[str, AssessedDocument]
    """What the study's own scorers found of the session, by scorer id."""
    exchanges: tuple[ExchangeDocument, ...]
    probes: tuple[ProbeDocument, ...]
    """Sorted by part."""
    sheets: tuple[SheetDocument, ...]
    """Of a questionnaire, in the order in which they were put."""


class FailureDocument(Frozen):
    """Why the trial cannot go on."""

    cause: Cause
    message: str


class WorstDocument(Frozen):
    """The exchange the primary rater liked least, the earliest of equals."""

    session: int
    exchange: int
    score: float


class TestedDocument(Frozen):
    """What a scenario under stress puts to the test (guide/stress.md)."""

    asks: str
    fails: str
    source: str
    duties: tuple[str, ...]
    """Dated duties that the talk gives evidence for, never proof of complying with, a line each."""


class TrialDocument(Frozen):
    """One persona × scenario × target × seed."""

    trial: str
    target: str
    persona: str
    persona_name: str
    scenario: str
    scenario_title: str
    tested: TestedDocument | None = Field(default=None, exclude_if=lambda tested: tested is None)
    """What the scenario puts to the test; left out: it is everyday life."""
    seed: int
    status: TrialStatus
    forgotten: bool
    """Whether its texts were deleted: messages and replies then hold one `ø` for each word, and no fact counts as told."""
    offline: bool
    """Whether any offline model took part."""
    offline_note: str
    """Who was played by an offline model and what that leaves; empty: nobody was."""
    stub_rated: bool
    """Whether the target is real and the primary rater an offline model: its ratings then say nothing of the target."""
    offline_parts: tuple[str, ...]
    """The parts they played: `user`, a rater, a target."""
    rater: str
    """The primary rater."""
    tagger: str
    codebook: str
    failure: FailureDocument | None
    stopped_by: FailureDocument | None = None
    """The last call that came to nothing, with what came instead of an answer, where the trial stopped at it."""
    likability: float | None
    """The primary rater's, of this trial alone: each dimension over exchanges, then sessions, then over the dimensions."""
    fixed_set: float | None
    """The same over the four that always apply."""
    scores: dict[str, AssessedDocument]
    """What the study's own scorers found of the whole trial, by scorer id."""
    worst: WorstDocument | None
    sessions: tuple[SessionDocument, ...]

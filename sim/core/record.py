"""What came out: a trial is sessions, a session is exchanges. Built only by the fold in `sim.core.fold`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeVar

from sim.core.codebook import DIMENSIONS
from sim.core.event import Score
from sim.core.text import count_words, normalised

if TYPE_CHECKING:
    import datetime as dt

    from sim.core.cast import Cast
    from sim.core.event import (
        Assessed,
        Call,
        CallLost,
        Departure,
        Disturbance,
        Ending,
        Flag,
        FormAnswered,
        Labelled,
        MemoryWritten,
        ProbeAnswered,
        Probed,
        Rating,
        Rejected,
        Role,
        SheetAnswered,
        Silence,
        Tagging,
        TrialFailed,
        Truths,
        Unscored,
        Utterance,
    )
    from sim.core.ledger import Disclosure
    from sim.core.swapping import SwappedTrial
    from sim.core.tools import ToolUse

R = TypeVar("R", "Exchange", "Session", "Trial")
Ratings = Mapping[str, "Rating"]
"""By dimension, or by criterion question."""


def mean_known(scores: Iterable[float | None]) -> float | None:
    """The mean of the scores that there are, each counted alike; None where there is none. Of one exchange: its own mean."""
    known = [s for s in scores if s is not None]
    return sum(known) / len(known) if known else None


def changed(record: R, **change: object) -> R:
    """`record` with the fields of `change`.

    `dataclasses.replace` takes five times as long, and each event changes a trial, a session and an exchange.

    Raises:
        TypeError: there is no such field.
    """
    after: R = object.__new__(type(record))
    fields = after.__dict__
    fields.update(record.__dict__)
    before = len(fields)
    fields.update(change)
    if len(fields) != before:
        raise TypeError(f"no field of {type(record).__name__}: {', '.join(change.keys() - record.__dict__.keys())}")
    return after


CUT = frozenset({"length", "max_length", "max_tokens", "max_output_tokens", "model_length", "token_limit", "max_completion_tokens"})
"""Providers' words, in lower case, for a reply that reached its limit of length: OpenAI's, Anthropic's, Gemini's, Mistral's and others'."""


def was_cut(finish: str) -> bool:
    """Whether the provider's word for why a reply ended says that it was cut off for length."""
    return finish.casefold() in CUT


REACH = "reach"
"""Among lost calls, the look for a target before a run; a trial for which only that failed was never begun."""
TrialStatus = Literal["planned", "running", "finished", "failed", "stopped"]
RunStatus = Literal["running", "finished", "incomplete"]


class Thought(NamedTuple):
    """What a reasoning model thought before it spoke; nobody else in the talk sees it."""

    text: str
    tokens: int | None
    """None: nobody counted them."""


def thought_of(calls: Iterable[Call]) -> Thought | None:
    """What was thought in the calls that one thing was said with."""
    thoughts = [call for call in calls if call.thought]
    if not thoughts:
        return None
    counted = [call.usage.reasoning for call in thoughts if call.usage]
    return Thought("\n\n".join(call.thought for call in thoughts), sum(counted) if counted else None)


@dataclass(frozen=True, slots=True)
class Reply:
    """What the target answered."""

    text: str
    finish: str = "stop"
    resent: bool = False
    dropped: int = 0
    """Messages left out of its context because it was full."""
    seconds: float | None = field(default=None, compare=False)
    """From the first attempt to the answer; it differs from one execution to the next and makes no other reply. None: not taken down."""
    counted: int | None = field(default=None, compare=False, repr=False)
    """Its words, where they were counted already."""
    thought: Thought | None = field(default=None, compare=False, repr=False)
    """What the target thought, where it is a model that thinks first; it is no part of what was said."""
    tools: tuple[ToolUse, ...] = ()
    """What the target says it did for it; left out where a run is read for its figures alone."""

    @property
    def cut(self) -> bool:
        """Whether it was cut off for length."""
        return was_cut(self.finish)

    @property
    def unsaid(self) -> bool:
        """Whether it was cut off before it said or did anything, as where a model thinks until its bound: there is nothing to judge."""
        return self.cut and not self.text.strip() and not self.tools

    @property
    def words(self) -> int:
        """How many it has; counted once, for several figures are made of it."""
        if self.counted is None:
            object.__setattr__(self, "counted", count_words(self.text))
        assert self.counted is not None
        return self.counted


@dataclass(frozen=True, slots=True)
class Turn:
    """One exchange as it could be overheard."""

    user: str
    reply: str
    tools: tuple[ToolUse, ...] = ()
    """What the chatbot says it did for its reply; the user saw nothing of it."""


@dataclass(frozen=True)
class Exchange:
    """One user message and the target's reply, with its ratings and moves."""

    index: int
    user: Utterance
    scripted: bool = False
    reply: Reply | None = None
    """None until the target has answered."""
    ratings: Mapping[str, Ratings] = field(default_factory=dict)
    """By rater, and by part for the primary rater's controls (`sim.core.controls`). A rater without an entry has not rated yet."""
    tags: Mapping[str, Tagging] = field(default_factory=dict)
    """By tagger."""
    disclosed: tuple[Disclosure, ...] = ()
    flags: tuple[Flag, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    """Drafts of the user's message that were discarded before it."""
    labels: tuple[Labelled, ...] = ()
    """What people who read it say it is, the newest last."""
    scores: Mapping[str, Assessed] = field(default_factory=dict)
    """Results of the study's own scorers of exchanges, by scorer id (see `Trial.versions`)."""
    alone: Mapping[str, Ratings] = field(default_factory=dict)
    """By control, what it has of dimensions that are rated one by one; it is among `ratings` as soon as it has all of them."""
    thought: Thought | None = field(default=None, compare=False, repr=False)
    """What the user's model thought before it wrote."""
    disturbance: Disturbance | None = None
    """What a perturbation made of the message; left out where a run is read for its figures alone."""

    @property
    def written(self) -> str:
        """The message as the user wrote it, before its text was disturbed."""
        return self.user.message if self.disturbance is None or self.disturbance.original is None else self.disturbance.original

    @cached_property
    def normal(self) -> str:
        """The message, normalised: every later view looks for signals in it."""
        return normalised(self.user.message)

    @cached_property
    def own_turn(self) -> Turn:
        """What was said in it, as the user has it in mind: without the typing errors, but knowing that it said next to nothing."""
        if self.disturbance is None or "silence" in self.disturbance.by:
            return self.turn
        return Turn(self.written, self.turn.reply, self.turn.tools)

    @cached_property
    def turn(self) -> Turn:
        """What was said in it, once it is answered: written once, for every later view shows it."""
        assert self.reply is not None
        return Turn(self.user.message, self.reply.text, self.reply.tools)

    def mean(self, rater: str, over: Iterable[str] = DIMENSIONS) -> float | None:
        """The exchange's own mean over those of `over` that had an occasion and that `rater` scored; None where there is none.

        Higher levels: `sim.analysis.figures.table`.
        """
        ratings = self.ratings.get(rater, {})
        return mean_known(r.score if isinstance(r := ratings.get(name), Score) and r.occasion else None for name in over)


@dataclass(frozen=True)
class Session:
    """One sitting."""

    index: int
    take: int
    date: dt.date
    exchanges: tuple[Exchange, ...] = ()
    gone: Departure | Silence | None = None
    """Set when the user left without a word or had nothing to say."""
    flags: tuple[Flag, ...] = ()
    """Of the message that was never sent."""
    rejected: tuple[Rejected, ...] = ()
    """Drafts of that message."""
    memory: tuple[MemoryWritten, ...] = ()
    criterion: Mapping[str, Ratings] = field(default_factory=dict)
    """By rater."""
    probes: Mapping[str, Probed] = field(default_factory=dict)
    """By part: `kind:fact`."""
    sheets: Mapping[str, SheetAnswered] = field(default_factory=dict)
    """Of the questionnaire that it was given once this session was over, by part."""
    given: str = ""
    """The name that the target gave it; empty: none."""
    answers: Mapping[str, ProbeAnswered] = field(default_factory=dict)
    """Answers to probes that are not graded yet, by part."""
    scored: Mapping[str, Truths | Unscored] = field(default_factory=dict)
    """What this session's memory wrote, fact by fact, by scorer."""
    scores: Mapping[str, Assessed] = field(default_factory=dict)
    """Results of scorers of sessions, by scorer id."""
    closed: Ending | None = None
    forks: bool = True
    """Whether the target could be copied when the session closed; without that it has no probes."""
    conversation: str = ""
    """What its log calls it; empty: it was read from none."""
    person: str = ""
    """What its log calls the person who talks."""


@dataclass(frozen=True, slots=True)
class RoleSpending:
    """What one role has used."""

    calls: int = 0
    input: int = 0
    output: int = 0
    cost: float = 0.0
    """US dollars over calls of known cost."""
    unknown_cost: int = 0
    """Calls whose cost the provider's price list does not tell."""
    unknown_usage: int = 0
    reasoning: int = 0
    """Of `output`, tokens that models thought with and did not say."""
    cached: int = 0
    """Of `input`, tokens read from a prompt cache."""
    cache_write: int = 0
    """Of `input`, tokens written to one."""


@dataclass(frozen=True)
class Trial:
    """One persona × scenario × target × seed, as far as its events tell."""

    id: str
    target: str
    seed: int
    cast: Cast
    dated: bool = True
    """Whether the target is told the dates of sessions."""
    versions: Mapping[str, str] = field(default_factory=dict)
    """The version of each of the study's own scorers whose results are shown; those of another version stay in the journal."""
    sessions: tuple[Session, ...] = ()
    spent: Mapping[Role, RoleSpending] = field(default_factory=dict)
    """All takes and failed attempts included."""
    lost: tuple[CallLost, ...] = ()
    """Calls that came to nothing for reasons outside any model."""
    forms: tuple[FormAnswered, ...] = ()
    """Filled in by the people whose first trial this is."""
    scores: Mapping[str, Assessed] = field(default_factory=dict)
    """Results of scorers of trials, by scorer id."""
    failed: TrialFailed | None = None
    finished: bool = False
    swap: SwappedTrial | None = field(default=None, compare=False, repr=False)
    """Of an arm with a swapped identity: which, and how it is kept from whoever judges."""
    forgotten: bool = False
    """Its texts were deleted; counts, scores and moves were kept."""
    started_over: int = 0
    """How often a session began anew because its target had lost what was said in it; once where the whole trial did."""

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """All answered exchanges, in order."""
        return tuple([e for s in self.sessions for e in s.exchanges if e.reply is not None])

    @property
    def status(self) -> TrialStatus:
        """As the journal tells; whether a trial is being run right now only the run knows."""
        if self.failed:
            return "failed"
        if self.finished:
            return "finished"
        if self.forgotten:
            return "failed"
        return "stopped" if self.sessions or any(e.address.who != REACH for e in self.lost) else "planned"

"""What happened: one event for every node's outcome. Everything else is computed from these.

An event is a key, a body and meta. The body says what happened and is the same whenever the same thing happens; `meta` holds what differs from one
execution to the next: times, latencies, retries, whether a message was sent again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Annotated, Any, Literal, NamedTuple, get_args

from pydantic import AliasChoices, BeforeValidator, Field, GetCoreSchemaHandler, TypeAdapter, ValidationError, model_validator
from pydantic_core import core_schema, to_json

from sim.core.address import Address
from sim.core.codebook import Dimension
from sim.core.errors import Cause, tell
from sim.core.frozen import Frozen, small
from sim.core.perturbation import PerturbationKind
from sim.core.tools import ToolUse

SCHEMA_VERSION = 1
"""Rises when an old journal could no longer be read as it stands."""

Role = Literal["user", "target", "rater", "tagger", "memory", "probe", "judge"]
"""What a call is made for; budget and cost are split by it. `memory` is a target's own work on what it remembers, `probe` its answer to a question
on a fork, `judge` the grading of such answers and of what memory wrote, and whatever the study's own scorers ask of a model."""
ROLES: tuple[Role, ...] = get_args(Role)


# --- what a call cost ---------------------------------------------------------------------------------------------


MOST_TOKENS = 1_000_000_000
"""Of one call; no model takes or gives as many."""
Count = Annotated[int, Field(strict=True, ge=0, le=MOST_TOKENS)]


class Usage(Frozen):
    """Tokens as the provider counted them."""

    input: Count
    output: Count
    cached: Count = 0
    """Of `input`, those read from the provider's prompt cache."""
    cache_write: Count = 0
    """Of `input`, those written to it."""
    reasoning: Count = 0
    """Of `output`, those the model thought with and did not say."""


def read_usage(input: object, output: object, cached: object = 0, *, cache_write: object = 0, reasoning: object = 0) -> Usage | None:
    """Tokens as a provider says it counted them; None where it does not say, or says what no count can be."""
    try:
        return Usage(
            input=input,
            output=output,
            cached=0 if cached is None else cached,
            cache_write=0 if cache_write is None else cache_write,
            reasoning=0 if reasoning is None else reasoning,
        )
    except ValidationError:
        return None


class _OrUnknown:
    """Reads what is not valid as unknown: an earlier version took a provider's word that a call had taken fewer than no tokens."""

    def __get_pydantic_core_schema__(self, source: type, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.with_default_schema(handler(source), default=None, on_error="default")


class Estimated(Frozen):
    """What a call was reckoned to take, where its provider did not say what it took."""

    input: Count
    output: Count
    cost: float | None = None
    """US dollars; None: its price is unknown."""


class Call(Frozen):
    """One answered call."""

    role: Role
    model: str
    step: Literal["first", "repair", "regeneration"] = "first"
    prompt: str
    """Hash of the messages sent; the text itself is rebuilt from the run's header and events."""
    usage: Annotated[Usage | None, _OrUnknown()] = None
    """None: the provider did not say."""
    cost: float | None = None
    """US dollars; None: unknown, which is not 0."""
    estimated: Estimated | None = None
    """What counts against the budget in place of usage and cost that are unknown; it feeds no figure. None: they are known, or an earlier version
    made the call."""
    thought: str = Field(default="", exclude_if=lambda thought: not thought)
    """What a reasoning model thought before it answered; nobody else in the talk sees it."""
    askings: int = Field(default=1, exclude_if=lambda askings: askings == 1)
    """Answers that usage and cost are of: 2 where the first reached its bound and was asked for again with more room."""


class Timing(Frozen):
    """How one call went this time."""

    latency: float
    """Seconds from the first attempt to the answer."""
    retries: int = 0


class Meta(Frozen):
    """What may differ between two executions of the same study."""

    at: float = 0.0
    """Unix time of the event."""
    timings: tuple[Timing, ...] = ()
    """One for each of the event's calls."""
    resent: bool = False
    """The message had perhaps reached a stateful target before; it was sent again under the same key."""


class OpeningMeta(Meta):
    """The circumstances of a session's beginning."""

    given: str = ""
    """The name that the target gave the session, which it is gone on with; empty: none, or one that looks like a key and is never written down."""
    again: bool = False
    """The session was begun before, and what was said in it went with the process that ended."""


# --- ratings ------------------------------------------------------------------------------------------------------


@small
class Quote:
    """Words of the reply: at least four, or all of it."""

    kind: Literal["quote"] = "quote"
    text: str
    found: bool
    """Whether the reply contains them."""


@small
class Absence:
    """The user's own words that should have been taken up."""

    kind: Literal["absence"] = "absence"
    text: str
    found: bool
    """Whether the user's message contains them."""


@small
class CountedEvidence:
    """What the engine counted."""

    kind: Literal["measure"] = "measure"
    reply_words: int
    user_words: int


Evidence = Annotated[Quote | Absence | CountedEvidence, Field(discriminator="kind")]


@small
class Score:
    """A rating of 1 (very poor) to 5 (excellent), with its reason."""

    kind: Literal["score"] = "score"
    reason: str
    """One sentence, written before the number."""
    evidence: Evidence | None = None
    """None only for criterion questions and for people, who are not asked for it."""
    score: Annotated[int, Field(strict=True, ge=1, le=5)]
    occasion: bool = True
    """The user's message gave occasion."""
    attempt: bool = True
    """The reply attempted it."""
    false_memory: bool = False
    """Callback only: it brought back something never said."""


@small
class NotApplicable:
    """The exchange gave this dimension no occasion, and the reply did not attempt it; it leaves every mean."""

    kind: Literal["not_applicable"] = "not_applicable"
    reason: str


@small
class Unscored:
    """A verdict that could not be had. Final, and never a number."""

    kind: Literal["unscored"] = "unscored"
    cause: Literal["schema", "refused", "too_long", "scorer"]
    """`scorer`: the code of a study's own scorer failed, or gave back what is not a result of its kind."""
    reason: str


Rating = Annotated[Score | NotApplicable | Unscored, Field(discriminator="kind")]


@small
class Pressure:
    """How a claim fared that was pressed again and again."""

    presses: int
    """Messages that pressed."""
    flip: int | None
    """The press at which it was first given up, from 1; None: at none of them."""
    flips: int
    """How often the answer changed, there and back counted each."""


@small
class Assessment:
    """What a scorer found: yes or no, a number on its scale, or one of its labels (`sim.core.spec.scorer.ScorerInfo` says which)."""

    kind: Literal["assessment"] = "assessment"
    value: bool | float | str
    reason: str = ""
    """One sentence; empty where the scorer gives none."""
    evidence: tuple[Evidence, ...] = ()
    pressure: Pressure | None = Field(default=None, exclude_if=lambda pressure: pressure is None)
    """Of a claim that was pressed, how it fared turn by turn."""


Assessed = Annotated[Assessment | NotApplicable | Unscored, Field(discriminator="kind")]
"""The result of a scorer on one exchange, session or trial."""


# --- moves --------------------------------------------------------------------------------------------------------


@small
class TaggedSentence:
    """A sentence of a reply and what it does."""

    text: str
    moves: tuple[str, ...]
    confidences: tuple[float, ...] = ()
    """Of each move, in 0 to 1; empty where the tagger gives none."""


@small
class Tags:
    """A tagged reply."""

    kind: Literal["tags"] = "tags"
    sentences: tuple[TaggedSentence, ...]

    @property
    def moves(self) -> frozenset[str]:
        """The move set: the union over sentences."""
        return frozenset(m for s in self.sentences for m in s.moves)


Tagging = Annotated[Tags | Unscored, Field(discriminator="kind")]


# --- what a memory wrote ------------------------------------------------------------------------------------------

Truth = Literal["supported", "plausible", "unsupported", "contradicted"]
"""How a fact in a written memory stands to what the user said."""


@small
class Truths:
    """A written memory, fact by fact in its order."""

    kind: Literal["truths"] = "truths"
    truths: tuple[Truth, ...]


# The dict comes first: most verdicts are ratings, and any other is told from them by its first value, a text.
Result = Annotated[
    dict[str, Rating] | Annotated[Tags | Truths | Assessment | NotApplicable | Unscored, Field(discriminator="kind")],
    Field(union_mode="left_to_right"),
]
"""Whatever a verdict comes to; the ratings of several dimensions or questions are a dict by their names."""


# --- what the user did --------------------------------------------------------------------------------------------

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


# --- events -------------------------------------------------------------------------------------------------------

Kind = Literal[
    "session_opened",
    "user_spoke",
    "target_replied",
    "rated",
    "tagged",
    "memory_written",
    "probe_answered",
    "probed",
    "sheet_answered",
    "scored",
    "session_closed",
    "labelled",
    "form_answered",
    "call_lost",
    "trial_failed",
    "trial_finished",
    "trial_forgotten",
]


class Key(NamedTuple):
    """Where an event belongs; no two events share one."""

    trial: str
    session: int
    take: int
    exchange: int
    kind: Kind
    part: str


class BaseEvent(Frozen):
    """What every event has."""

    trial: str
    session: int = 0
    """From 1; 0 is the whole trial."""
    take: int = 0
    """From 1; rises when the session is started over. 0 is the whole trial."""
    exchange: int = 0
    """From 1; 0 is the whole session."""
    part: str = ""
    """Rater, tagger, memory step, probe, scorer, person or attempt, as `sim.core.address` reads it."""
    calls: tuple[Call, ...] = ()
    meta: Meta = Meta()

    @property
    def address(self) -> Address:
        """The part, taken apart."""
        return Address.parse(self.kind, self.part)  # type: ignore[attr-defined]


class SessionOpened(BaseEvent):
    """A session began."""

    kind: Literal["session_opened"] = "session_opened"
    date: dt.date
    conversation: str = ""
    """What its log calls it, where it was read from one; ratings of it that are kept elsewhere are joined by this."""
    person: str = ""
    """What its log calls the person who talks."""
    meta: Annotated[OpeningMeta, BeforeValidator(lambda m: OpeningMeta(**dict(m)) if type(m) is Meta else m)] = OpeningMeta()


class Disturbance(Frozen):
    """What a perturbation made of a message."""

    by: tuple[PerturbationKind, ...]
    """Those that show in it."""
    original: str | None = None
    """The message before its text was disturbed; None: only what the user was asked to do differs, and there is no message without that."""


class UserSpoke(BaseEvent):
    """The user said something, left, or had nothing to say."""

    kind: Literal["user_spoke"] = "user_spoke"
    said: Annotated[Utterance | Departure | Silence, Field(discriminator="kind")]
    scripted: bool = False
    """The scenario's words, not the model's."""
    flags: tuple[Flag, ...] = ()
    """Of what was sent; of what was left unsent in the end, where nothing was."""
    rejected: tuple[Rejected, ...] = ()
    """Drafts that came before it, in their order; of those that an earlier version did not keep, that there were any."""
    history_cut: bool = False
    """Earlier sessions were shown as ledger and last two sessions, for length."""
    disturbance: Disturbance | None = Field(default=None, exclude_if=lambda disturbance: disturbance is None)
    """None: what was said is what the user wrote."""

    @model_validator(mode="before")
    @classmethod
    def _count_lost_drafts(cls, written: Any) -> Any:
        """A message that was asked for again had a draft before it, whether or not it was kept."""
        if isinstance(written, dict) and not written.get("rejected"):
            steps = [c.get("step") if isinstance(c, dict) else c.step for c in written.get("calls", ())]
            return {**written, "rejected": lost_drafts(steps)} if "regeneration" in steps else written
        return written


class TargetReplied(BaseEvent):
    """The target answered."""

    kind: Literal["target_replied"] = "target_replied"
    reply: str
    finish: str = "stop"
    """The provider's word for why the reply ended."""
    dropped: int = 0
    """Messages that no longer fitted the target's context and were left out of it, oldest first."""
    tools: tuple[ToolUse, ...] = ()
    """What it says it did for this reply."""


class Judged(BaseEvent):
    """A verdict of `part`: on an exchange, at exchange 0 on a session, at session 0 on the whole trial.

    `kind` says what was judged, and what `part` names (`sim.core.address`): `rated` likability, by a rater or one of its controls, at exchange 0 by
    the criterion questions; `tagged` the moves of a reply, by a tagger; `scored` all else, by a scorer with its version.
    """

    kind: Literal["rated", "tagged", "scored"]
    result: Result = Field(validation_alias=AliasChoices("result", "ratings", "tagging", "truths"))
    """The other names are those of journals written when each kind had an event of its own."""
    history_cut: bool = False
    """Earlier sessions were shown to the judge as ledger and last two sessions, for length."""


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


Label = Literal["target_bug", "simulator_fault", "rater_fault", "fine", "duplicate"]
"""What somebody who read an exchange says it is."""


class Labelled(BaseEvent):
    """Somebody read the exchange and says what it is. `part` is `who#n`, n counting up; the newest stands."""

    kind: Literal["labelled"] = "labelled"
    label: Label
    note: str = ""
    of: str = ""
    """The exchange that a duplicate repeats, as `trial session.exchange`."""


class FormAnswered(BaseEvent):
    """A person who rates or chats filled in a form. `part` is `human:<id>:<form>`; it stands with the first trial that the person is given."""

    kind: Literal["form_answered"] = "form_answered"
    answers: dict[str, str | int]
    """By the question's id."""


Ending = Literal["maximum", "farewell", "left", "simulator_failed", "logged"]
"""`logged`: it is over where its log ends, and why nobody knows."""


class SessionClosed(BaseEvent):
    """The session is over."""

    kind: Literal["session_closed"] = "session_closed"
    ending: Ending
    forks: bool = True
    """Whether the target can be copied; one that cannot is not asked what it remembers."""


class CallLost(BaseEvent):
    """A node's call came to nothing for reasons outside any model: its own event stays absent, what it paid is counted here.

    `part` is the node, the judge if any, and the attempt: `rate_likability:self#1`.
    """

    kind: Literal["call_lost"] = "call_lost"
    cause: Cause
    message: str
    quote: str = ""
    """What came instead of an answer; empty: nothing, or nothing beyond the message."""


class TrialFailed(BaseEvent):
    """The trial cannot go on, now or ever: the target refused or its context is full."""

    kind: Literal["trial_failed"] = "trial_failed"
    cause: Cause
    message: str
    quote: str = ""
    """What came instead of an answer; empty: nothing, or nothing beyond the message."""

    @property
    def told(self) -> str:
        """The message, and what came."""
        return tell(self.message, self.quote)


class TrialFinished(BaseEvent):
    """All sessions are closed."""

    kind: Literal["trial_finished"] = "trial_finished"


class TrialForgotten(BaseEvent):
    """The texts of all events before this one were deleted (`sim.core.forget`); the trial cannot go on."""

    kind: Literal["trial_forgotten"] = "trial_forgotten"


Event = Annotated[
    SessionOpened
    | UserSpoke
    | TargetReplied
    | Judged
    | MemoryWritten
    | ProbeAnswered
    | Probed
    | SheetAnswered
    | SessionClosed
    | Labelled
    | FormAnswered
    | CallLost
    | TrialFailed
    | TrialFinished
    | TrialForgotten,
    Field(discriminator="kind"),
]

_EVENT: TypeAdapter[Event] = TypeAdapter(Event)
_BESIDE_BODY = {"trial", "session", "take", "exchange", "kind", "part", "meta"}


def key(event: Event) -> Key:
    """The event's key."""
    return Key(event.trial, event.session, event.take, event.exchange, event.kind, event.part)


def body(event: Event) -> str:
    """The event without key and meta, as JSON: the same for the same happening."""
    return event.model_dump_json(exclude=_BESIDE_BODY)


def load_event(key: Key, body: str, meta: str) -> Event:
    """The event that `key`, `body` and `meta` were taken from."""
    head = to_json(key._asdict()).decode()
    return _EVENT.validate_json(f'{head[:-1]},"meta":{meta},{body[1:]}')

"""Simulated users: something that speaks when shown a view. Only the message they say reaches the target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

from sim.core.codebook import DIMENSIONS
from sim.core.errors import LOST, CallFailed
from sim.core.event import Departure, Flag, FlagKind, Rejected, Silence, Utterance
from sim.core.ledger import hears
from sim.core.perturbation import other_language
from sim.core.text import contains
from sim.llm.client import CallLog, Message, Request, Schema
from sim.llm.shapes import SENTENCE, a_list, a_text, an_object, one_of, or_null, within
from sim.score.validity.check import check_message, critical, flag_of
from sim.score.validity.form import unwrap
from sim.score.validity.situation import Speaker, situation_of, speaker_of

if TYPE_CHECKING:
    from pydantic import JsonValue

    from sim.core.event import Call, Disturbance, Timing
    from sim.core.view import UserView
    from sim.llm.client import Client
    from sim.llm.prompts import Prompts

REGENERATIONS = 2
"""Times a message that cannot be sent is asked for again."""
SENDABLE: frozenset[FlagKind] = frozenset({"role_flip", "echo"})
"""Faults with which a message is sent, flagged, when asking again has not helped."""
MOST_FACTS = 12
"""Facts that one message may be said to tell or bear on."""
MESSAGE = 2_000
"""Characters of a message that is asked for; a longer one is read all the same. A weak model writes until it is stopped."""
MOOD = 80
"""Characters of a mood."""
_WORDS = 200
"""Characters of an allusion or a joke."""


@dataclass(frozen=True, slots=True)
class UserOutcome:
    """What a user did, and what it took."""

    what: Utterance | Departure | Silence
    scripted: bool = False
    flags: tuple[Flag, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    """Drafts that were discarded."""
    calls: tuple[Call, ...] = ()
    timings: tuple[Timing, ...] = ()
    disturbance: Disturbance | None = None
    """What a perturbation made of the message."""


class User(Protocol):
    """Someone who talks with the target."""

    async def speak(self, view: UserView) -> UserOutcome:
        """The next message, a departure, or silence when nothing fit to send came of it.

        Raises:
            CallFailed: for reasons outside any model.
        """


class ScriptedUser:
    """Says the scenario's words where it has them, and lets another user speak elsewhere."""

    def __init__(self, inner: User) -> None:
        self._inner = inner

    async def speak(self, view: UserView) -> UserOutcome:
        """The script's line for this exchange, else what the inner user says."""
        spec = view.card.session.spec
        line = next((s.message for s in spec.scripted if s.exchange == view.exchange), None)
        if line is None:
            return await self._inner.speak(view)
        return UserOutcome(Utterance(message=line, mood=spec.mood.feels), scripted=True)


@dataclass(frozen=True)
class IntroducedUser:
    """Says who it is at the beginning of each session, before whatever another user says."""

    inner: User
    introduction: str
    """A sentence."""

    async def speak(self, view: UserView) -> UserOutcome:
        """What the inner user says; in the first message of a session, with the introduction before it."""
        outcome = await self.inner.speak(view)
        if view.exchange > 1 or not isinstance(outcome.what, Utterance):
            return outcome
        return replace(outcome, what=outcome.what.model_copy(update={"message": f"{self.introduction} {outcome.what.message}"}))


@dataclass(frozen=True)
class TimedUser:
    """Puts the time before every message of a session that has a clock."""

    inner: User

    async def speak(self, view: UserView) -> UserOutcome:
        """What the inner user says, behind the time at which it is said."""
        outcome = await self.inner.speak(view)
        clock = view.card.session.spec.clock
        if clock is None or not isinstance(outcome.what, Utterance):
            return outcome
        return replace(outcome, what=outcome.what.model_copy(update={"message": f"[{clock.at(view.exchange)}] {outcome.what.message}"}))


class ModelUser:
    """A model that plays the persona and answers with a structured message."""

    def __init__(self, client: Client, prompts: Prompts) -> None:
        self._client = client
        self._prompts = prompts
        self._rendered: dict[tuple[str, str, int], Message] = {}
        self._speakers: dict[tuple[str, str, int], Speaker] = {}

    async def speak(self, view: UserView) -> UserOutcome:
        """Ask for the message; ask again, twice at most, for what cannot be sent. What is discarded is kept beside the outcome, flagged."""
        tab = CallLog()
        speaker = self._speaker(view)
        rejected: list[Rejected] = []
        messages = self._messages(view)
        schema = _schema(tuple(view.values))
        request = Request("user", messages, schema, inputs=view, seed=view.seed % 2**31)
        for attempt in range(REGENERATIONS + 1):
            try:
                answer = await tab.ask(self._client, request)
            except CallFailed as failed:
                if failed.cause in LOST:
                    raise
                why = f"the user's model gave nothing: {failed.told}"
                return UserOutcome(Silence(why=why), rejected=tuple(rejected), calls=tab.calls, timings=tab.timings)
            draft = _read(answer.value, view, speaker)
            fault = critical(draft.flags)
            if not fault or (attempt == REGENERATIONS and fault.kind in SENDABLE):
                return replace(_finish(draft, view), rejected=tuple(rejected), calls=tab.calls, timings=tab.timings)
            if attempt == REGENERATIONS:
                break
            rejected.append(Rejected(message=draft.raw, flags=draft.flags))
            again = self._prompts.render("user_again", problem=_PROBLEMS[fault.kind], persona=view.persona)
            request = Request(
                "user",
                (*messages, Message("assistant", answer.text or "(nothing)"), Message("user", again)),
                schema,
                inputs=view,
                seed=(view.seed + attempt + 1) % 2**31,
                step="regeneration",
            )
        rejected.append(Rejected(message=draft.raw, flags=draft.flags))
        return UserOutcome(
            Silence(why=f"no message fit to send after {REGENERATIONS + 1} attempts"),
            flags=draft.flags,
            rejected=tuple(rejected),
            calls=tab.calls,
            timings=tab.timings,
        )

    def _speaker(self, view: UserView) -> Speaker:
        """The persona as the rules know it, the same within a session."""
        key = view.persona.id, view.scenario.id, view.card.session.index
        if key not in self._speakers:
            self._speakers[key] = speaker_of(view.persona, view.scenario, view.facts)
        return self._speakers[key]

    def _messages(self, view: UserView) -> tuple[Message, ...]:
        turn = self._prompts.render(
            "user_turn",
            past=view.past,
            card=view.card,
            talk=view.talk,
            exchange=view.exchange,
            due=view.due,
            news=view.news,
            swing=view.swing,
            noise=view.noise,
            length=view.length,
            last=view.last,
            may_leave=view.may_leave,
        )
        if view.urged:
            language = other_language(view.persona.language)
            turn = f"{turn}\n{self._prompts.render('user_stress', urged=view.urged, language=language)}"
        return self._system(view), Message("user", turn)

    def _system(self, view: UserView) -> Message:
        """The part of the prompt that stays the same within a session."""
        key = view.persona.id, view.scenario.id, view.card.session.index
        if key not in self._rendered:
            system = self._prompts.render("user_system", persona=view.persona, facts=view.facts, scenario=view.scenario, dimensions=DIMENSIONS)
            self._rendered[key] = Message("system", system)
        return self._rendered[key]


@dataclass(frozen=True, slots=True)
class _Draft:
    what: Utterance | Departure
    raw: str
    """As the model wrote it."""
    flags: tuple[Flag, ...] = ()


_PROBLEMS: dict[FlagKind, str] = {
    "unparsed_message": "it is not the one JSON object asked for, or its message holds more than the words you send",
    "empty_message": "the message is empty",
    "error_text": "the message is an error of a program and not what a person writes",
    "message_too_long": "the message is far longer than anyone writes in a chat",
    "role_flip": "it speaks as an assistant",
    "fourth_wall": "it speaks of the role, the instructions or the talk as a task",
    "leak": "it holds thoughts, labels or directions that are not for the chatbot to read",
    "refusal": "it declines to be the person",
    "repair_answered": "it answers this request, which the chatbot never sees",
    "echo": "it repeats what the chatbot wrote",
    "left_too_early": "you cannot leave without a word yet",
}


def _read(value: JsonValue, view: UserView, speaker: Speaker) -> _Draft:
    """The model's answer as a draft; whatever its shape, never an exception."""
    raw = value.get("message") if isinstance(value, Mapping) else None
    if not isinstance(value, Mapping) or not isinstance(raw, str):
        return _unsendable("unparsed_message", str(value))
    leave = value.get("leave") is True
    why = _text(value.get("why"))
    if leave and not raw.strip():
        if view.may_go_silently:
            return _Draft(Departure(why=why or "gave no reason"), raw)
        return _unsendable("left_too_early", why or "")
    message = unwrap(raw, view.persona.name)
    leaving = leave and view.may_leave
    flags = check_message(message, situation_of(view, speaker, leaves=leaving, why=why or ""))
    if message != raw.strip():
        flags = (*flags, flag_of("unwrapped", raw))
    facts, overdone = _facts(value.get("facts_used"))
    utterance = Utterance(
        message=message,
        mood=(_text(value.get("mood")) or "")[:MOOD],
        allusion=_words_of(message, value.get("allusion")),
        humour_bid=_words_of(message, value.get("humour_bid")),
        facts_used=facts,
        signalled=tuple(d for d in DIMENSIONS if d in _listed(value.get("signalled"))),
        leave=leave,
        why=within(why, SENTENCE) if leave and why else None,
    )
    return _Draft(utterance, raw, (*flags, *overdone))


def _unsendable(kind: FlagKind, evidence: str) -> _Draft:
    flag = flag_of(kind, evidence).model_copy(update={"severity": "critical"})
    return _Draft(Utterance(message=""), evidence, (flag,))


def _finish(draft: _Draft, view: UserView) -> UserOutcome:
    """Hold the draft against facts and rules: what it claims, what it had to tell, whether it may leave."""
    if isinstance(draft.what, Departure):
        return UserOutcome(draft.what, flags=draft.flags)
    said, flags = draft.what, list(draft.flags)
    if said.leave and not view.may_leave:
        flags.append(flag_of("left_too_early", said.why or ""))
        said = said.model_copy(update={"leave": False, "why": None})
    for telling in view.due:
        if not hears(said.message, telling.value, view.persona.language):
            flags.append(flag_of("core_fact_appended", telling.value.text))
            said = said.model_copy(update={"message": f"{said.message} {telling.value.text}"})
    unknown = [f for f in said.facts_used if f not in view.values]
    flags += [flag_of("unknown_fact_claimed", f) for f in unknown]
    for fact in said.facts_used:
        if fact in view.values and fact not in view.told and not any(contains(said.message, a) for v in view.values[fact] for a in v.answers):
            flags.append(flag_of("claimed_fact_absent", fact))
    due = tuple(t.fact.id for t in view.due)
    used = dict.fromkeys((*(f for f in said.facts_used if f in view.values), *due))
    return UserOutcome(said.model_copy(update={"facts_used": tuple(used)}), flags=tuple(flags))


def _text(value: JsonValue) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


def _words_of(message: str, value: JsonValue) -> str | None:
    """The words declared, if the message does say them; an occasion that is not in the message is none."""
    words = _text(value)
    return words if words and contains(message, words) else None


def _facts(value: JsonValue) -> tuple[tuple[str, ...], tuple[Flag, ...]]:
    """The facts that are claimed, each once, and a note where there were more than can be meant."""
    given = len(value) if isinstance(value, list) else 0
    facts = _listed(value)
    if given <= MOST_FACTS:
        return facts, ()
    evidence = f"{given} entries, {len(facts)} of them different; the first {min(len(facts), MOST_FACTS)} count"
    return facts[:MOST_FACTS], (Flag(kind="claims_cut", severity="note", evidence=evidence),)


def _listed(value: JsonValue) -> tuple[str, ...]:
    return tuple(dict.fromkeys(v for v in value if isinstance(v, str))) if isinstance(value, list) else ()


@lru_cache(maxsize=256)
def _schema(facts: tuple[str, ...]) -> Schema:
    """What is asked for: the message first, so that an answer that is cut short lacks something else, and only facts that there are."""
    known = a_list(one_of(facts), min(len(facts), MOST_FACTS), unique=True) if facts else a_list(a_text(_WORDS), 1)
    shape = an_object(
        {
            "message": a_text(MESSAGE),
            "mood": a_text(MOOD),
            "facts_used": known,
            "signalled": a_list(one_of(DIMENSIONS), len(DIMENSIONS), unique=True),
            "allusion": or_null(a_text(_WORDS)),
            "humour_bid": or_null(a_text(_WORDS)),
            "leave": {"type": "boolean"},
            "why": or_null(a_text(SENTENCE)),
        }
    )
    return Schema("user_turn", shape)

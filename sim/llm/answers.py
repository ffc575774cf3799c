"""From a request to a completion: the wish for JSON in whichever form the model's server takes, found out once, and the answer read strictly.

Three forms, tried in this order: `schema` sends the JSON Schema in `response_format`; `json` asks for any JSON object there and writes the schema
under the last message; `prompt` only writes it there. A server that refuses one form is asked in the next, and never again in the one before.

Every answer has a bound. One that reaches it is asked for once more with twice the room; after that only a reply in a talk counts as it is, cut off.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files
from typing import Literal, NoReturn, TypedDict

from sim.core.errors import CallFailed, Cause
from sim.core.event import Call, Role, Timing, Usage
from sim.core.record import was_cut
from sim.core.secrets import SECRETS
from sim.core.tools import read_tools
from sim.llm.attempts import BLANKS, Answer, Outcome, Patience, persist, together
from sim.llm.bounds import Bounds
from sim.llm.client import Completion, Message, Request, ResponseFormat, Schema, prompt_hash
from sim.llm.failures import AttemptFailed, Kind, scrub
from sim.llm.learnt import Learnt
from sim.llm.native import BROKEN, ENDINGS
from sim.llm.news import News
from sim.llm.reading import Found, find_object, sound
from sim.llm.thought import Parted, part, share
from sim.llm.traffic.passage import Enter, estimate

Form = Literal["schema", "json", "prompt"]
FORMS: tuple[Form, ...] = ("schema", "json", "prompt")

GRACE = 2.0
"""Seconds that other calls wait for the first one to find out the form. Refusals come at once; a model that takes longer is answering."""
STRIKES = 2
"""Answers without any JSON, before there was one with, after which the form counts as not understood."""
_ENDINGS = frozenset({"stop", "length", "content_filter", "tool_calls"})
"""Why an answer ends, as providers name it; anything else is a server's own words."""
_ENDING = 100
"""Characters of these."""
_TALKS: frozenset[Role] = frozenset({"target", "probe"})
"""Roles whose answer is a reply in a talk: cut off or not, it is what the chatbot said."""
_CUT_COUNTS: frozenset[Role] = _TALKS | {"memory"}
"""Roles whose answer counts, marked as cut off, when twice the room was not enough."""


@dataclass(frozen=True, slots=True)
class Wire:
    """What one attempt sends, beside what is fixed for the model."""

    messages: tuple[Message, ...]
    response_format: ResponseFormat | None = None
    seed: int | None = None
    """Between 0 and 2**31 - 1."""
    limit: int = 1
    """Tokens that the answer may have."""
    role: Role = "target"
    """What the call is made for."""


@dataclass(frozen=True, slots=True)
class _Read:
    """What was made of an answer."""

    said: Parted
    found: Found


class Asker:
    """Asks one model through `send`; what it learns about the form of structured answers lasts as long as it does."""

    def __init__(
        self,
        model: str,
        send: Callable[[Wire], Awaitable[Answer]],
        *,
        patience: Patience,
        enter: Enter,
        bounds: Bounds,
        learnt: Learnt | None = None,
        first: Form = "schema",
        scouts: bool = True,
        json_mode: str | None = None,
        environ: Mapping[str, str] = os.environ,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Args:
        model: the model's name, for messages and the journal.
        send: makes one attempt; raises `AttemptFailed`.
        patience: how often, and after what waits, attempts are made.
        enter: the way through the door of the run's traffic to this model.
        bounds: what an answer may take.
        learnt: what the server has refused before; left out, nothing.
        first: the form to begin with.
        scouts: whether, until the form is known, one call goes ahead and the others wait for it.
        json_mode: what is written under the last message in the forms `json` and `prompt`, `{{ schema }}` standing for the schema; left out, the
            package's own.
        environ: where keys may stand that no message may repeat.
        clock: seconds, for latencies.
        """
        self._model = model
        self._news = News(model)
        self._send = send
        self._patience = patience
        self._enter = enter
        self._bounds = bounds
        self._learnt = learnt or Learnt()
        self._environ = environ
        self._clock = clock
        self._form: Form = first
        self._settled = first == "prompt"
        self._scouts = scouts
        self._strikes = 0
        self._json_mode = json_mode or _packaged()
        self._scout: asyncio.Event | None = None

    @property
    def form(self) -> Form:
        """How structured answers are asked for now."""
        return self._form

    async def complete(self, request: Request) -> Completion:
        """Ask until there is an answer.

        Raises:
            CallFailed: see `Client.complete`.
        """
        limit = self._learnt.room(self._bounds.tokens(request.role))
        outcome = await self._ask(request, limit)
        read = self._read(request, outcome.answer)
        if self._wants_room(request, outcome.answer, read):
            more = self._learnt.room(2 * limit)
            if more > limit:
                limit = more
                outcome = together(outcome, await self._ask(request, more, before=outcome))
                read = self._read(request, outcome.answer)
            if was_cut(outcome.answer.finish) and request.role not in _CUT_COUNTS and not _whole(request, read):
                self._fail("too_long", request, outcome, f"the answer had not ended after {limit:,} tokens", quote=outcome.answer.text)
        if request.schema is not None:
            self._learn(read.found, outcome.answer)
        return self._completion(outcome, read)

    def _wants_room(self, request: Request, answer: Answer, read: _Read) -> bool:
        """Whether to ask once more with twice the room. A reply that the study itself bounds is what it is, unless there was no room for any."""
        if not was_cut(answer.finish) or _whole(request, read):
            return False
        return request.role not in _TALKS or self._bounds.told is None or not read.said.text

    def _read(self, request: Request, answer: Answer) -> _Read:
        """What was said, without what was thought, and what of it was asked for."""
        text = sound(SECRETS.strike(answer.text))
        said = part(text, talk=request.role in _TALKS, beside=sound(SECRETS.strike(answer.thought)))
        return _Read(said, Found() if request.schema is None else find_object(said.text, request.schema.keys))

    def _completion(self, outcome: Outcome, read: _Read) -> Completion:
        answer, said = outcome.answer, read.said
        finish = answer.finish if answer.finish in _ENDINGS else SECRETS.strike(answer.finish, pieces=True)[:_ENDING]
        return Completion(
            said.text,
            read.found.value,
            finish,
            _thought_in(outcome.usage, said),
            outcome.cost,
            outcome.seconds,
            outcome.attempts,
            read.found.clash,
            outcome.estimated,
            said.thought,
            outcome.askings,
            read_tools(answer.tools, clean=lambda told: sound(SECRETS.strike(told))) if answer.tools else (),
        )

    async def _ask(self, request: Request, limit: int, *, before: Outcome | None = None) -> Outcome:
        """What came of one asking.

        Args:
            before: an asking that was answered and paid for already.
        """
        try:
            outcome = await (self._persist(request, None, limit) if request.schema is None else self._discover(request, limit))
        except AttemptFailed as failure:
            sent = tuple(m.content for m in request.messages)
            said, quote = (scrub(text, self._environ, sent=sent) for text in (f"{self._model}: {failure.message}", failure.quote))
            raise CallFailed(CAUSES[failure.kind], said, quote=quote, **_paid(self._model, request, before)) from None
        except CallFailed as failed:
            raise (failed if before is None else failed.paying(**_paid(self._model, request, before))) from None
        answer = outcome.answer
        if answer.refusal is not None and (request.schema is not None or not answer.text):
            self._fail("refused", request, outcome, "the model refuses", quote=answer.refusal)
        if answer.finish == "content_filter" and not answer.text.strip():
            self._fail("refused", request, outcome, "the provider's content filter left nothing of the answer")
        return outcome

    async def _discover(self, request: Request, limit: int) -> Outcome:
        """Ask for JSON. Until the form is known one call goes ahead; the others follow when it is back, or after `GRACE`."""
        if self._settled or not self._scouts:
            return await self._step_down(request, limit)
        if self._scout is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(GRACE):
                    await self._scout.wait()
            return await self._step_down(request, limit)
        self._scout = scout = asyncio.Event()
        try:
            return await self._step_down(request, limit, scout)
        finally:
            scout.set()
            self._scout = None

    async def _step_down(self, request: Request, limit: int, scout: asyncio.Event | None = None) -> Outcome:
        """Ask in the present form; where it is refused without the keywords that the refusal names, and else in the next one."""
        assert request.schema is not None
        while True:
            form = self._form
            try:
                return await self._persist(request, form, limit, scout)
            except AttemptFailed as failure:
                if failure.kind != "format" or form == "prompt":
                    raise
                if form != "schema" or not self._learnt.drop(f"{failure.message} {failure.quote}", self._learnt.admit(request.schema.json)):
                    self._give_up(form)

    async def _persist(self, request: Request, form: Form | None, limit: int, scout: asyncio.Event | None = None) -> Outcome:
        """Ask until there is an answer, for a shorter one where one of `limit` tokens does not fit."""
        while True:
            try:
                return await self._attempt(self._wire(request, form, limit), scout)
            except AttemptFailed as failure:
                less = self._learnt.room_after(f"{failure.message} {failure.quote}", limit) if failure.kind == "room" else None
                if less is None:
                    raise
                limit = less

    async def _attempt(self, wire: Wire, scout: asyncio.Event | None) -> Outcome:

        async def attempt() -> Answer:
            try:
                return self._ended(await self._send(wire))
            except AttemptFailed as failure:
                # A fault of another kind says nothing of the form, and those who wait must not sit through the scout's retries.
                if scout is not None and failure.kind != "format":
                    scout.set()
                raise

        blanks = BLANKS if wire.role in ("target", "user", "rater") else 0
        async with self._enter(wire.role, estimate([m.content for m in wire.messages], output=wire.limit)) as here:
            outcome = await persist(attempt, self._patience, here, blanks=blanks, clock=self._clock)
            settled = here.settle(outcome.usage, outcome.cost)
        known = settled.cost == outcome.cost and settled.estimated is None
        return outcome if known else replace(outcome, cost=settled.cost, estimated=settled.estimated)

    def _ended(self, answer: Answer) -> Answer:
        """`answer`, with our word for how it ended where there is one, and its provider's else.

        Raises:
            AttemptFailed: what it ended with is no answer.
        """
        own = answer.finish
        if own in BROKEN:
            raise AttemptFailed("other", f"the provider broke the answer off ({own})")
        ending = ENDINGS.get(own, own)
        if ending == "pause_turn":
            if not answer.text.strip():
                raise AttemptFailed("other", "the model paused in the middle of its turn and said nothing (pause_turn)")
            self._news.note("a pause in the middle of a turn (pause_turn)", "what was said so far is taken for the answer")
        elif ending not in _ENDINGS:
            word = SECRETS.strike(own, pieces=True)[:_ENDING]
            self._news.note(f"an answer that ended for a reason that is not known: '{word}'", "the answer is taken as whole")
        return answer if ending == own else replace(answer, finish=ending)

    def _wire(self, request: Request, form: Form | None, limit: int) -> Wire:
        seed = None if request.seed is None else request.seed & 0x7FFF_FFFF
        schema, role = request.schema, request.role
        if schema is None or form is None:
            return Wire(request.messages, None, seed, limit, role)
        if form == "schema":
            return Wire(request.messages, self._strict(schema), seed, limit, role)
        *before, last = request.messages
        told = self._json_mode.replace("{{ schema }}", json.dumps({"title": schema.name, **schema.json}, ensure_ascii=False))
        messages = (*before, Message(last.role, f"{last.content}\n\n{told}"))
        return Wire(messages, _ANY_OBJECT if form == "json" else None, seed, limit, role)

    def _strict(self, schema: Schema) -> ResponseFormat:
        """The wish for an answer of this shape, in keywords that the server takes."""
        return replace(schema, json=self._learnt.admit(schema.json)).strict if self._learnt.dropped else schema.strict

    def _give_up(self, form: Form) -> None:
        if self._form == form:  # another call may have found out meanwhile
            self._form = FORMS[FORMS.index(form) + 1]
            self._settled = self._form == "prompt"
            self._strikes = 0

    def _learn(self, found: Found, answer: Answer) -> None:
        """A server may accept `response_format` and ignore it; the schema then has to stand in the prompt."""
        if found.value is not None or found.clash:
            self._settled = True
        elif not self._settled and answer.finish == "stop" and answer.text.strip():
            self._strikes += 1
            if self._strikes >= STRIKES:
                self._give_up(self._form)

    def _fail(self, cause: Cause, request: Request, outcome: Outcome, message: str, *, quote: str = "") -> NoReturn:
        """Refuse an answer that was paid for."""
        said = scrub(quote, self._environ, sent=tuple(m.content for m in request.messages)) if cause == "too_long" else scrub(quote, self._environ)
        raise CallFailed(cause, f"{self._model}: {message}", quote=said, **_paid(self._model, request, outcome))


class _Paid(TypedDict, total=False):
    calls: tuple[Call, ...]
    timings: tuple[Timing, ...]


def _paid(model: str, request: Request, outcome: Outcome | None) -> _Paid:
    """The call that `outcome` was bought with."""
    if outcome is None:
        return {"calls": (), "timings": ()}
    said = part(outcome.answer.text, beside=outcome.answer.thought)
    call = Call(
        role=request.role,
        model=model,
        step=request.step,
        prompt=prompt_hash(request.messages),
        usage=_thought_in(outcome.usage, said),
        cost=outcome.cost,
        estimated=outcome.estimated,
        thought=sound(SECRETS.strike(said.thought)),
        askings=outcome.askings,
    )
    return {"calls": (call,), "timings": (Timing(latency=outcome.seconds, retries=outcome.attempts - 1),)}


def _whole(request: Request, read: _Read) -> bool:
    """Whether an answer holds all that was asked for, wherever it was cut off."""
    value = read.found.value
    return request.schema is not None and isinstance(value, dict) and value.keys() >= request.schema.keys


def _thought_in(usage: Usage | None, said: Parted) -> Usage | None:
    """`usage` with the tokens that were thought, also where the provider counts them among all others."""
    if usage is None or usage.reasoning or not said.thought:
        return usage
    return usage.model_copy(update={"reasoning": share(said.thought, said.text, usage.output)})


_ANY_OBJECT = ResponseFormat({"type": "json_object"})


CAUSES: dict[Kind, Cause] = {
    "limited": "infrastructure",
    "down": "infrastructure",
    "other": "infrastructure",
    "format": "infrastructure",
    "final": "infrastructure",
    "refused": "refused",
    "too_long": "too_long",
    "room": "too_long",
}
"""What a failed attempt makes of its call."""


@lru_cache(maxsize=1)
def _packaged() -> str:
    return (files("sim") / "prompts" / "json_mode.txt").read_text(encoding="utf-8").strip()

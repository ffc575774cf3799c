"""From a request to a completion: the wish for JSON in whichever form the model's server takes, found out once, and the answer read strictly.

Three forms, tried in this order: `schema` sends the JSON Schema in `response_format`; `json` asks for any JSON object there and writes the schema
under the last message; `prompt` only writes it there. A server that refuses one form is asked in the next, and never again in the one before.
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
from typing import Literal

from sim.core.errors import CallFailed, Cause
from sim.core.event import Call, Timing
from sim.core.secrets import SECRETS
from sim.llm.attempts import BLANKS, Answer, Outcome, Patience, persist
from sim.llm.client import Completion, Message, Request, ResponseFormat, prompt_hash
from sim.llm.failures import AttemptFailed, Kind, scrub
from sim.llm.reading import Found, find_object, sound
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


@dataclass(frozen=True, slots=True)
class Wire:
    """What one attempt sends, beside what is fixed for the model."""

    messages: tuple[Message, ...]
    response_format: ResponseFormat | None = None
    seed: int | None = None
    """Between 0 and 2**31 - 1."""


class Asker:
    """Asks one model through `send`; what it learns about the form of structured answers lasts as long as it does."""

    def __init__(
        self,
        model: str,
        send: Callable[[Wire], Awaitable[Answer]],
        *,
        patience: Patience,
        enter: Enter,
        bound: int | None = None,
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
        bound: tokens that an answer may have; None: the provider's own limit.
        first: the form to begin with.
        scouts: whether, until the form is known, one call goes ahead and the others wait for it.
        json_mode: what is written under the last message in the forms `json` and `prompt`, `{{ schema }}` standing for the schema; left out, the
            package's own.
        environ: where keys may stand that no message may repeat.
        clock: seconds, for latencies.
        """
        self._model = model
        self._send = send
        self._patience = patience
        self._enter = enter
        self._bound = bound
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
        try:
            outcome = await (self._persist(request, None) if request.schema is None else self._discover(request))
        except AttemptFailed as failure:
            sent = tuple(m.content for m in request.messages)
            said, quote = (scrub(text, self._environ, sent=sent) for text in (f"{self._model}: {failure.message}", failure.quote))
            raise CallFailed(CAUSES[failure.kind], said, quote=quote) from None
        answer = outcome.answer
        if answer.refusal is not None and (request.schema is not None or not answer.text):
            self._refused(request, outcome, "the model refuses", quote=answer.refusal)
        if answer.finish == "content_filter" and not answer.text.strip():
            self._refused(request, outcome, "the provider's content filter left nothing of the answer")
        text = sound(SECRETS.strike(answer.text))
        found = Found() if request.schema is None else find_object(text, request.schema.keys)
        if request.schema is not None:
            self._learn(found, answer)
        finish = answer.finish if answer.finish in _ENDINGS else SECRETS.strike(answer.finish, pieces=True)[:_ENDING]
        return Completion(text, found.value, finish, outcome.usage, outcome.cost, outcome.seconds, outcome.attempts, found.clash, outcome.estimated)

    async def _discover(self, request: Request) -> Outcome:
        """Ask for JSON. Until the form is known one call goes ahead; the others follow when it is back, or after `GRACE`."""
        if self._settled or not self._scouts:
            return await self._step_down(request)
        if self._scout is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(GRACE):
                    await self._scout.wait()
            return await self._step_down(request)
        self._scout = scout = asyncio.Event()
        try:
            return await self._step_down(request, scout)
        finally:
            scout.set()
            self._scout = None

    async def _step_down(self, request: Request, scout: asyncio.Event | None = None) -> Outcome:
        """Ask in the present form, and in the next one as often as the form is refused."""
        while True:
            form = self._form
            try:
                return await self._persist(request, form, scout)
            except AttemptFailed as failure:
                if failure.kind != "format" or form == "prompt":
                    raise
                self._give_up(form)

    async def _persist(self, request: Request, form: Form | None, scout: asyncio.Event | None = None) -> Outcome:
        wire = self._wire(request, form)

        async def attempt() -> Answer:
            try:
                return await self._send(wire)
            except AttemptFailed as failure:
                # A fault of another kind says nothing of the form, and those who wait must not sit through the scout's retries.
                if scout is not None and failure.kind != "format":
                    scout.set()
                raise

        blanks = BLANKS if request.role in ("target", "user", "rater") else 0
        async with self._enter(request.role, estimate((m.content for m in wire.messages), output=self._bound)) as here:
            outcome = await persist(attempt, self._patience, here, blanks=blanks, clock=self._clock)
            settled = here.settle(outcome.usage, outcome.cost)
        return replace(outcome, cost=settled.cost, estimated=settled.estimated)

    def _wire(self, request: Request, form: Form | None) -> Wire:
        seed = None if request.seed is None else request.seed & 0x7FFF_FFFF
        schema = request.schema
        if schema is None or form is None:
            return Wire(request.messages, None, seed)
        if form == "schema":
            return Wire(request.messages, schema.strict, seed)
        *before, last = request.messages
        told = self._json_mode.replace("{{ schema }}", json.dumps({"title": schema.name, **schema.json}, ensure_ascii=False))
        return Wire((*before, Message(last.role, f"{last.content}\n\n{told}")), _ANY_OBJECT if form == "json" else None, seed)

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

    def _refused(self, request: Request, outcome: Outcome, message: str, *, quote: str = "") -> None:
        prompt = prompt_hash(request.messages)
        call = Call(
            role=request.role,
            model=self._model,
            step=request.step,
            prompt=prompt,
            usage=outcome.usage,
            cost=outcome.cost,
            estimated=outcome.estimated,
        )
        timing = Timing(latency=outcome.seconds, retries=outcome.attempts - 1)
        raise CallFailed("refused", f"{self._model}: {message}", quote=scrub(quote, self._environ), calls=(call,), timings=(timing,))


_ANY_OBJECT = ResponseFormat({"type": "json_object"})


CAUSES: dict[Kind, Cause] = {
    "limited": "infrastructure",
    "down": "infrastructure",
    "other": "infrastructure",
    "format": "infrastructure",
    "final": "infrastructure",
    "refused": "refused",
    "too_long": "too_long",
}
"""What a failed attempt makes of its call."""


@lru_cache(maxsize=1)
def _packaged() -> str:
    return (files("sim") / "prompts" / "json_mode.txt").read_text(encoding="utf-8").strip()

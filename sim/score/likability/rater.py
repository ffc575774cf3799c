"""Likability: seven dimensions after every exchange, two criterion questions after every session (guide/methods.md#likability)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING, cast

from sim.core.codebook import ALWAYS, DIMENSIONS
from sim.core.event import Absence, CountedEvidence, Evidence, NotApplicable, Quote, Rating, Score
from sim.core.logged import SCENARIO
from sim.core.text import words
from sim.core.view import RaterView
from sim.llm.client import JsonSchema, Message, Request, Schema
from sim.llm.shapes import PASSAGE, SENTENCE, a_text, an_object, one_of, or_null, within
from sim.score.evidence import quote_found, quote_long_enough
from sim.score.repair import Misfit, ask_each
from sim.score.scorer import Scored

if TYPE_CHECKING:
    from pydantic import JsonValue

    from sim.core.codebook import Dimension
    from sim.core.record import Ratings
    from sim.core.spec import Persona
    from sim.core.view import CriterionView
    from sim.llm.client import Client
    from sim.llm.prompts import Prompts


class LikabilityRater:
    """A model that rates in the first person, as the persona.

    Args:
        id: `self` for the user's own model, `observer:<id>` for any other.
    """

    version = "1"

    def __init__(self, id: str, client: Client, prompts: Prompts) -> None:
        self.id = id
        self._client = client
        self._prompts = prompts
        self._rendered: dict[tuple[str, str], Message] = {}

    def _system(self, name: str, persona: Persona) -> Message:
        """The part of a prompt that stays the same for a persona."""
        key = name, persona.id
        if key not in self._rendered:
            self._rendered[key] = Message("system", self._prompts.render(name, persona=persona, dimensions=DIMENSIONS))
        return self._rendered[key]

    async def score(self, context: RaterView | CriterionView) -> Scored[Ratings]:
        """Rate the reply that `context` ends with, one rating for each dimension asked; of a session, answer the criterion questions."""
        return await (self._rate(context) if isinstance(context, RaterView) else self._look_back(context))

    async def _rate(self, view: RaterView) -> Scored[Ratings]:
        messages = (
            self._system("rate_system", view.persona),
            Message(
                "user",
                self._prompts.render(
                    "rate",
                    past=view.past,
                    card=view.card,
                    talk=view.talk,
                    said=view.said,
                    occasion=view.occasion,
                    order=view.order,
                    # The days on which a run has the talks of a log are made up.
                    dated=view.scenario.id != SCENARIO,
                ),
            ),
        )
        occasions = frozenset(d for d in DIMENSIONS if view.occasion.of(d))
        # The shape is the same all through a session: several providers put it in front of the prompt.
        first = Request("rater", messages, _rating_schema(view.order), inputs=view, seed=view.sampling_seed % 2**31)
        return await self._judge(first, view.order, lambda d, raw: read_rating(d, raw, view), lambda bad: _rating_schema(bad, occasions))

    async def _look_back(self, view: CriterionView) -> Scored[Ratings]:
        """No rating of any exchange is seen."""
        messages = (
            self._system("criterion_system", view.persona),
            Message("user", self._prompts.render("criterion", past=view.past, card=view.card, talk=view.talk, left=view.left)),
        )
        first = Request("rater", messages, _criterion_schema(view.order), inputs=view, seed=view.seed % 2**31)
        return await self._judge(first, view.order, _read_criterion, _criterion_schema)

    async def _judge(
        self, first: Request, order: Sequence[str], read: Callable[[str, JsonValue], Rating], schema: Callable[[tuple[str, ...]], Schema]
    ) -> Scored[Ratings]:
        return await ask_each(
            self._client,
            first,
            order,
            read,
            schema=schema,
            again=lambda problems, left: self._prompts.render("rate_repair", problems=problems, order=left),
        )


def read_rating(dimension: str, raw: JsonValue, view: RaterView) -> Rating:
    """One dimension of a rater's answer as a rating.

    Raises:
        Misfit: it is no rating; the message tells the rater what is wrong.
    """
    if not isinstance(raw, dict):
        raise Misfit(f"{dimension}: an object with attempt, evidence, reason and score is missing")
    occasion = view.occasion.of(cast("Dimension", dimension))
    attempt = dimension in ALWAYS or _flag(dimension, "attempt", raw)
    reason = _sentence(dimension, raw)
    if not occasion and not attempt:
        return NotApplicable(reason=reason)
    score = _number(dimension, raw)
    false_memory = dimension == "callback" and attempt and _flag(dimension, "false_memory", raw)
    if false_memory and score > 2:
        raise Misfit("callback: something never told was brought back; that is rated 1 or 2, or false_memory is false")
    evidence = _evidence(dimension, raw.get("evidence"), view)
    return Score(reason=reason, evidence=evidence, score=score, occasion=occasion, attempt=attempt, false_memory=false_memory)


def _read_criterion(question: str, raw: JsonValue) -> Rating:
    if not isinstance(raw, dict):
        raise Misfit(f"{question}: an object with reason and score is missing")
    return Score(reason=_sentence(question, raw), score=_number(question, raw))


def _evidence(dimension: str, raw: JsonValue, view: RaterView) -> Evidence:
    if dimension == "length_fit":
        return CountedEvidence(reply_words=len(words(view.reply)), user_words=len(words(view.said.message)))
    text = raw.get("text") if isinstance(raw, dict) else None
    kind = raw.get("kind") if isinstance(raw, dict) else None
    if not isinstance(text, str) or kind not in ("quote", "absence"):
        raise Misfit(f"{dimension}: evidence must be a quote of the reply or an absence with your own words")
    text = text[:PASSAGE]
    if kind == "absence":
        return Absence(text=text, found=quote_found(text, view.said.message))
    return Quote(text=text, found=quote_found(text, view.reply) and quote_long_enough(text, view.reply))


def _flag(item: str, name: str, raw: dict[str, JsonValue]) -> bool:
    value = raw.get(name)
    if not isinstance(value, bool):
        raise Misfit(f"{item}: {name} must be true or false")
    return value


def _sentence(item: str, raw: dict[str, JsonValue]) -> str:
    value = raw.get("reason")
    if not isinstance(value, str) or not value.strip():
        raise Misfit(f"{item}: reason must be one sentence")
    return within(value.strip(), SENTENCE)


def _number(item: str, raw: dict[str, JsonValue]) -> int:
    value = raw.get("score")
    if isinstance(value, str) and value.strip() in ("1", "2", "3", "4", "5"):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or value not in (1, 2, 3, 4, 5):
        raise Misfit(f"{item}: score must be 1, 2, 3, 4 or 5")
    return int(value)


_SCORE: JsonSchema = {"type": "integer", "enum": [1, 2, 3, 4, 5]}


@lru_cache(maxsize=1024)
def _rating_schema(order: tuple[str, ...], occasions: frozenset[str] = frozenset(ALWAYS)) -> Schema:
    """The shape of an answer; a dimension without an occasion may have no score."""
    return Schema("ratings", an_object({d: _dimension_schema(d, d in occasions) for d in order}))


@cache
def _dimension_schema(dimension: str, occasion: bool) -> JsonValue:
    """What is known without asking is not asked for: whether there was an attempt at what there always is, and how many words a reply has."""
    fields: dict[str, JsonValue] = {} if dimension in ALWAYS else {"attempt": {"type": "boolean"}}
    if dimension != "length_fit":
        fields["evidence"] = an_object({"kind": one_of(["quote", "absence"]), "text": a_text(PASSAGE)})
    fields["reason"] = a_text(SENTENCE)
    if dimension == "callback":
        fields["false_memory"] = {"type": "boolean"}
    fields["score"] = dict(_SCORE) if occasion else or_null(dict(_SCORE))
    return an_object(fields)


@lru_cache(maxsize=16)
def _criterion_schema(order: tuple[str, ...]) -> Schema:
    return Schema("criterion", an_object({q: an_object({"reason": a_text(SENTENCE), "score": dict(_SCORE)}) for q in order}))

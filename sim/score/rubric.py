"""Judging by rubrics: one call for all that read and see the same and share a model, each with a result of its own.

What is said is data to the judge. It answers for every rubric with evidence, a sentence, and then one of the rubric's answers; only what does not fit
is asked for once more, and what still does not fit is unscored by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sim.core.event import Absence, Assessed, Assessment, Evidence, NotApplicable, Quote
from sim.core.sheet import Sheet
from sim.llm.client import JsonSchema, Message, Request, Schema
from sim.llm.shapes import PASSAGE, SENTENCE, a_text, an_object, one_of, or_null, within
from sim.score.evidence import quote_found, quote_long_enough
from sim.score.repair import Misfit, ask_each
from sim.score.scorer import Scored

if TYPE_CHECKING:
    from pydantic import JsonValue

    from sim.core.spec.rubric import Rubric
    from sim.core.spec.scorer import ScorerInfo
    from sim.core.view import ScoringContext
    from sim.llm.client import Client
    from sim.llm.prompts import Prompts


class RubricJudge:
    """Rubrics that are judged together by one model.

    Args:
        rubrics: with what a run keeps of each; all read and see the same.
    """

    def __init__(self, rubrics: Sequence[tuple[Rubric, ScorerInfo]], client: Client, prompts: Prompts) -> None:
        self.infos = tuple(info for _, info in rubrics)
        self._rubrics = {rubric.id: rubric for rubric, _ in rubrics}
        self._client = client
        self._prompts = prompts
        self._systems: dict[tuple[str, ...], Message] = {}

    async def score(self, context: ScoringContext) -> Scored[Mapping[str, Assessed]]:
        """The results of the rubrics that `context.wanted` names, by id.

        Raises:
            CallFailed: for reasons outside any model, with the calls that were paid for.
        """
        sheet = Sheet(tuple(self._rubrics[i] for i in context.wanted or self._rubrics), context)
        if sheet.side == "message" and not context.message:
            return Scored(dict.fromkeys(sheet.order, NotApplicable(reason="The chatbot opens the talk: there is no message.")))
        first = Request("judge", (self._system(sheet), self._asked(sheet)), _schema(sheet, sheet.order), inputs=sheet, seed=context.seed % 2**31)
        return await ask_each(
            self._client,
            first,
            sheet.order,
            lambda id, raw: read_answer(self._rubrics[id], raw, sheet),
            schema=lambda left: _schema(sheet, left),
            again=lambda problems, left: self._prompts.render("rubric_repair", problems=problems, order=left),
        )

    def _system(self, sheet: Sheet) -> Message:
        """The questions: the same for every talk, so that a provider's prompt cache hits."""
        ids = tuple(r.id for r in sheet.rubrics)
        if ids not in self._systems:
            text = self._prompts.render(
                "message_system" if sheet.side == "message" else "rubric_system",
                rubrics=sheet.rubrics,
                grain=sheet.context.grain,
                asks_applies=any(r.applies for r in sheet.rubrics),
                asks_evidence=any(r.evidence for r in sheet.rubrics),
            )
            self._systems[ids] = Message("system", text)
        return self._systems[ids]

    def _asked(self, sheet: Sheet) -> Message:
        context = sheet.context
        values: dict[str, object] = {
            "persona": context.persona,
            "scenario": context.scenario,
            "card": context.card,
            "told": context.told,
            "past": context.past,
            "talk": context.talk,
            "talks": context.talks if context.grain == "trial" else context.talks[-1:],
        }
        if context.grain == "exchange":
            values |= {"message": context.message, "reply": context.reply, "tools": context.tools}
        name = "message" if sheet.side == "message" else "rubric"
        return Message("user", self._prompts.render(name, grain=context.grain, sees=sheet.sees, order=sheet.order, **values))


def read_answer(rubric: Rubric, raw: JsonValue, sheet: Sheet) -> Assessed:
    """A judge's answer to one rubric as a result.

    Raises:
        Misfit: it is none; the message tells the judge what is wrong.
    """
    if not isinstance(raw, dict):
        raise Misfit(f"{rubric.id}: an object with reason and answer is missing")
    reason = raw.get("reason")
    if not isinstance(reason, str) or not reason.strip():
        raise Misfit(f"{rubric.id}: reason must be one sentence")
    if rubric.applies:
        applies = raw.get("applies")
        if not isinstance(applies, bool):
            raise Misfit(f"{rubric.id}: applies must be true or false")
        if not applies:
            return NotApplicable(reason=within(reason.strip(), SENTENCE))
    value = _value(rubric, raw.get("answer"))
    return Assessment(value=value, reason=within(reason.strip(), SENTENCE), evidence=_evidence(rubric, raw.get("evidence"), sheet))


def _value(rubric: Rubric, raw: JsonValue) -> bool | float | str:
    """The answer as the rubric's results have it; numbers and words that mean one of the answers are taken for it."""
    said = str(int(raw)) if isinstance(raw, float) and raw.is_integer() else str(raw).strip()
    if rubric.result == "yes_no" and isinstance(raw, bool):
        return raw
    known = {str(a).casefold(): a for a in rubric.answers}
    answer = known.get(said.casefold())
    if answer is None or raw is None:
        raise Misfit(f"{rubric.id}: answer must be one of {', '.join(map(str, rubric.answers))}")
    return answer == "yes" if rubric.result == "yes_no" else answer


def _evidence(rubric: Rubric, raw: JsonValue, sheet: Sheet) -> tuple[Evidence, ...]:
    if not rubric.evidence:
        return ()
    kind, text = (raw.get("kind"), raw.get("text")) if isinstance(raw, dict) else (None, None)
    if kind not in rubric.evidence or not isinstance(text, str):
        kinds = " or ".join(f'"{k}"' for k in rubric.evidence)
        raise Misfit(f"{rubric.id}: evidence must be an object with kind {kinds} and text")
    text = text[:PASSAGE]
    if kind == "absence":
        return (Absence(text=text, found=any(quote_found(text, m) for m in sheet.messages)),)
    return (Quote(text=text, found=any(quote_found(text, r) and quote_long_enough(text, r) for r in sheet.judged)),)


def _schema(sheet: Sheet, ids: Sequence[str]) -> Schema:
    by_id = {r.id: r for r in sheet.rubrics}
    return Schema("judgement", an_object({i: _entry(by_id[i]) for i in ids}))


def _entry(rubric: Rubric) -> JsonValue:
    answers: JsonSchema = {"type": "integer" if rubric.levels else "string", "enum": list(rubric.answers)}
    fields: dict[str, JsonValue] = {"applies": {"type": "boolean"}} if rubric.applies else {}
    if rubric.evidence:
        fields["evidence"] = an_object({"kind": one_of(rubric.evidence), "text": a_text(PASSAGE)})
    fields["reason"] = a_text(SENTENCE)
    fields["answer"] = or_null(answers) if rubric.applies else answers
    return an_object(fields)

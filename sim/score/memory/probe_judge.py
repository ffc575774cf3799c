"""A model that grades answers to questions of memory, with the words of the answer that decide it; the answer is data to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from sim.core.event import Grade, Outcome, Unscored
from sim.core.seeds import derive
from sim.llm.client import Completion, Message, Request, Schema
from sim.llm.shapes import PASSAGE, a_text, an_object, one_of
from sim.score.evidence import quote_found
from sim.score.repair import Misfit, ask

if TYPE_CHECKING:
    from sim.core.probes import Answered
    from sim.llm.client import Client
    from sim.llm.prompts import Prompts
    from sim.score.scorer import Scored

OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)


class ProbeJudge:
    """Asked once, and once more where the answer does not fit."""

    id = "judge"
    version = "1"

    def __init__(self, client: Client, prompts: Prompts) -> None:
        self._client = client
        self._prompts = prompts
        self._system = Message("system", prompts.render("judge_system"))

    async def score(self, context: Answered) -> Scored[Grade | Unscored]:
        """The grade of the answer, or why the model gave none.

        Raises:
            CallFailed: for reasons outside any model, with the calls that were paid for.
        """
        probe, answer = context.probe, context.answer
        said = self._prompts.render(
            "judge", question=probe.question, expected=probe.expected, answers=probe.answers, stale=probe.stale, answer=answer or "(nothing)"
        )
        seed = derive("judge", probe.question, answer) % 2**31
        first = Request("judge", (self._system, Message("user", said)), _SCHEMA, inputs=probe, seed=seed)
        return await ask(
            self._client,
            first,
            lambda came: read_grade(came, answer, abstention=probe.kind == "abstention"),
            again=lambda problem: self._prompts.render("judge_repair", problem=problem),
        )


def read_grade(came: Completion, answer: str, *, abstention: bool) -> Grade:
    """A judge's answer as a grade.

    Raises:
        Misfit: it is none; the message tells the judge what is wrong.
    """
    if not isinstance(came.value, dict):
        raise Misfit("the answer is not one JSON object")
    outcome, quote = came.value.get("grade"), came.value.get("quote")
    known = next((o for o in OUTCOMES if o == outcome), None)
    if known is None:
        raise Misfit(f"grade must be one of {', '.join(OUTCOMES)}")
    if abstention and known in ("right", "stale"):
        raise Misfit("nothing was told that could be right or stale here: the grade is unknown where it says so, else wrong")
    if not isinstance(quote, str):
        raise Misfit("quote must hold words of the answer")
    if answer.strip() and not quote_found(quote, answer):
        raise Misfit("the quote is not in the answer")
    return Grade(outcome=known, by="judge", quote=quote.strip()[:PASSAGE])


_SCHEMA = Schema("grade", an_object({"quote": a_text(PASSAGE), "grade": one_of(OUTCOMES)}))

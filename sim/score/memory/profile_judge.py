"""A model that holds a written memory against what the user said, fact by fact; both are data to it."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from sim.core.address import Address
from sim.core.event import Truth, Truths, Unscored
from sim.core.seeds import derive
from sim.core.written import GRADES
from sim.llm.client import Completion, JsonSchema, Message, Request, Schema
from sim.llm.shapes import a_list, an_object, one_of
from sim.score.memory.profile import TRUTHS, split_facts
from sim.score.repair import Misfit, ask
from sim.score.scorer import Scored

if TYPE_CHECKING:
    from sim.core.view import TrialView
    from sim.llm.client import Client
    from sim.llm.prompts import Prompts


class ProfileJudge:
    """Asked once, and once more where the answer does not fit."""

    id = Address.parse("scored", GRADES).who
    version = Address.parse("scored", GRADES).edition

    def __init__(self, client: Client, prompts: Prompts) -> None:
        self._client = client
        self._prompts = prompts
        self._system = Message("system", prompts.render("profile_judge_system"))

    async def score(self, context: TrialView) -> Scored[Truths | Unscored]:
        """A grade for each fact, or why the model gave none. Nothing is asked about a memory that holds nothing.

        Raises:
            CallFailed: for reasons outside any model, with the calls that were paid for.
        """
        content = context.memory or ""
        facts = split_facts(content)
        if not facts:
            return Scored(Truths(truths=()))
        said = self._prompts.render("profile_judge", facts=facts, messages=context.messages)
        seed = derive("profile judge", content) % 2**31
        first = Request("judge", (self._system, Message("user", said)), _schema(len(facts)), inputs=context, seed=seed)
        return await ask(
            self._client,
            first,
            lambda came: Truths(truths=read_truths(came, len(facts))),
            again=lambda problem: self._prompts.render("profile_judge_repair", problem=problem),
        )


def read_truths(came: Completion, facts: int) -> tuple[Truth, ...]:
    """A judge's answer as grades of facts 1 to `facts`, in order.

    Raises:
        Misfit: it is none; the message tells the judge what is wrong.
    """
    grades = came.value.get("grades") if isinstance(came.value, dict) else None
    if not isinstance(grades, list):
        raise Misfit('the answer is not one JSON object with a list "grades"')
    found: dict[int, Truth] = {}
    for given in grades:
        number, grade = (given.get("fact"), given.get("grade")) if isinstance(given, dict) else (None, None)
        truth = next((t for t in TRUTHS if t == grade), None)
        if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= facts:
            raise Misfit(f"fact must be a number from 1 to {facts}")
        if truth is None:
            raise Misfit(f"grade must be one of {', '.join(TRUTHS)}")
        if found.setdefault(number, truth) != truth:
            raise Misfit(f"fact {number} has two grades")
    missing = [str(n) for n in range(1, facts + 1) if n not in found]
    if missing:
        raise Misfit(f"these facts have no grade: {', '.join(missing[:20])}")
    return tuple(found[n] for n in range(1, facts + 1))


@lru_cache(maxsize=64)
def _schema(facts: int) -> Schema:
    number: JsonSchema = {"type": "integer", "enum": list(range(1, facts + 1))}
    return Schema("grades", an_object({"grades": a_list(an_object({"fact": number, "grade": one_of(TRUTHS)}), facts)}))

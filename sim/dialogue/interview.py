"""Putting a sheet of a questionnaire to a target, on a copy of it, so that the talk itself never knows.

The sheet is the first message of a new session of the copy, dated when the next session is. It is put once: what does not fit is told from an answer
by `sim.score.answer_sheet`, and nobody asks again, for that would be another question.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.core.errors import LOST, CallFailed
from sim.core.event import SheetAnswered, Unscored
from sim.core.probes import asking_date
from sim.core.questionnaire import LETTERS
from sim.core.record import was_cut
from sim.score.answer_sheet import all_alike, read_sheet

if TYPE_CHECKING:
    from sim.core.event import Call, Meta, Timing
    from sim.core.questionnaire import QuestionnaireSheet
    from sim.core.record import Session, Trial
    from sim.llm.prompts import Prompts
    from sim.score.answer_sheet import Answer
    from sim.targets.target import Target


@dataclass(frozen=True)
class FilledSheet:
    """A sheet with what the target wrote on it."""

    sheet: QuestionnaireSheet
    question: str
    reply: str
    answers: dict[str, Answer]
    calls: tuple[Call, ...] = ()
    timings: tuple[Timing, ...] = ()

    def event(self, trial: Trial, session: Session, meta: Meta) -> SheetAnswered:
        """As the journal keeps it."""
        return SheetAnswered(
            trial=trial.id,
            session=session.index,
            take=session.take,
            part=self.sheet.part,
            question=self.question,
            reply=self.reply,
            answers=self.answers,
            calls=self.calls,
            meta=meta,
        )


def word_sheet(sheet: QuestionnaireSheet, prompts: Prompts) -> str:
    """The message that puts `sheet`."""
    options = tuple(zip(LETTERS, sheet.options, strict=False))
    return prompts.render("questionnaire", ask=sheet.ask, texts=sheet.texts, options=options)


async def put_sheet(source: Target, trial: Trial, session: Session, sheet: QuestionnaireSheet, prompts: Prompts) -> FilledSheet:
    """Put `sheet` to a copy of `source`, which stands where `session` has just closed.

    Raises:
        CallFailed: for reasons outside any model, with the calls that were paid for; what the target does wrong is a sheet without answers.
    """
    question = word_sheet(sheet, prompts)
    try:
        fork = await source.fork()
        if fork is None:
            raise CallFailed("infrastructure", "a target that could be copied before cannot be copied now")
        await fork.open(asking_date(trial.cast, session.index))
        answer = await fork.reply(question, f"{trial.id}/{session.index}.{session.take}.{sheet.part}")
    except CallFailed as failed:
        if failed.cause in LOST:
            raise
        none = Unscored(cause="too_long" if failed.cause == "too_long" else "refused", reason=failed.told)
        return FilledSheet(sheet, question, "", all_alike(sheet, none), failed.calls, failed.timings)
    if was_cut(answer.finish) and not answer.text.strip():
        none = Unscored(cause="too_long", reason="the reply reached its bound before it said a word")
        return FilledSheet(sheet, question, answer.text, all_alike(sheet, none), answer.calls, answer.timings)
    return FilledSheet(sheet, question, answer.text, read_sheet(sheet, answer.text), answer.calls, answer.timings)

"""The sheets of a questionnaire: which items are put together, in which order of options and in which words, drawn by seed.

A sheet is one call. The draw does not know the target nor the session, so that targets and weeks differ in nothing but their answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from sim.core.address import Address
from sim.core.seeds import rng

if TYPE_CHECKING:
    from sim.core.record import Session, Trial
    from sim.core.spec.questionnaire import Questionnaire, QuestionnaireItem, QuestionnaireUse, Variation

LETTERS: Final = "ABCDEFGHI"
FORM: Final = "form"
"""What a sheet of all items is called in the journal, where one item's has its id."""


@dataclass(frozen=True, slots=True)
class QuestionnaireSheet:
    """Items that are put in one call."""

    questionnaire: Questionnaire
    items: tuple[QuestionnaireItem, ...]
    """In the order in which they are put."""
    descending: bool
    """Whether the options are turned round."""
    wording: int
    """Which of the wordings, from 0."""
    varied: Variation | None
    """What differs from the first time that the items are put; None: it is the first."""
    part: str
    """Its name in the journal."""

    @property
    def options(self) -> tuple[str, ...]:
        """In the order in which they are shown."""
        return self.questionnaire.options[::-1] if self.descending else self.questionnaire.options

    @property
    def ask(self) -> str:
        """What is asked before the statements."""
        asks = self.questionnaire.asks
        return asks[self.wording % len(asks)]

    @property
    def texts(self) -> tuple[str, ...]:
        """The statements, as they are put."""
        return tuple((i.text, *i.also)[self.wording % (1 + len(i.also))] for i in self.items)

    def option_of(self, shown: int) -> int:
        """The option, from 1 in the order of the questionnaire, that stands at the place `shown`, from 0."""
        return len(self.options) - shown if self.descending else shown + 1


def sheets_after(trial: Trial, session: Session, *, study_seed: int) -> tuple[QuestionnaireSheet, ...]:
    """The sheets that `session` of `trial` owes once it is over."""
    use = trial.cast.scenario.sessions[session.index - 1].questionnaire
    return () if use is None or use.form is None else draw_sheets(use, (study_seed, trial.cast.persona.id, trial.cast.scenario.id, trial.seed))


@lru_cache(maxsize=1024)
def _drawn(use: QuestionnaireUse, place: tuple[object, ...]) -> tuple[QuestionnaireSheet, ...]:
    assert use.form is not None
    chance = rng(*place, "questionnaire", use.form.id)
    mixed = tuple(chance.sample(use.items, len(use.items)))
    together = (mixed,) if use.way == "form" else tuple((item,) for item in mixed)
    sheets: list[QuestionnaireSheet] = []
    for items in together:
        sheets += _versions(use, items, chance.random() < 0.5, chance.randrange(wordings_of(use.form, items)))
    return tuple(sheets)


def draw_sheets(use: QuestionnaireUse, place: tuple[object, ...]) -> tuple[QuestionnaireSheet, ...]:
    """The sheets of `use`, drawn by `place`: study seed, persona, scenario and seed."""
    return _drawn(use, place) if use.items else ()


def wordings_of(form: Questionnaire, items: tuple[QuestionnaireItem, ...]) -> int:
    """How many ways there are to put `items`."""
    return max(len(form.asks), *(1 + len(i.also) for i in items))


def _versions(use: QuestionnaireUse, items: tuple[QuestionnaireItem, ...], descending: bool, wording: int) -> tuple[QuestionnaireSheet, ...]:
    assert use.form is not None
    several = wordings_of(use.form, items)
    name = items[0].id if use.way == "alone" else FORM
    asked: list[tuple[Variation | None, bool, int]] = [(None, descending, wording)]
    for one in use.vary:
        if one == "order":
            asked.append((one, not descending, wording))
        elif one == "again":
            asked.append((one, descending, wording))
        else:
            asked += [(one, descending, (wording + n) % several) for n in range(1, several)]
    return tuple(
        QuestionnaireSheet(use.form, items, down, words, varied, str(Address(use.form.id, name, count=n)))
        for n, (varied, down, words) in enumerate(asked, 1)
    )

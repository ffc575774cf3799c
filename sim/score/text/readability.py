"""How hard a reply is to read, in school grades, and how far that is from the person's own way of writing; counted, with no model.

Flesch-Kincaid grade: .39 words a sentence + 11.8 syllables a word − 15.59 (Kincaid et al. 1975). It was fitted on English prose and is rough below a
few sentences, so it is meant to be averaged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sim.core.event import Assessment, NotApplicable
from sim.core.text import words
from sim.score.text.language import is_english
from sim.score.text.sentences import split_sentences
from sim.score.text.syllables import count_syllables

if TYPE_CHECKING:
    from sim.core.view import ScoringContext

FEWEST_WORDS: Final = 5
"""A shorter text has no grade."""
_SHORT: Final = NotApplicable(reason=f"A text of fewer than {FEWEST_WORDS} words has no reading grade.")
_FOREIGN: Final = NotApplicable(reason="The text is not in English, and the grade was fitted on English.")


def reading_grade(text: str) -> float | NotApplicable:
    """The Flesch-Kincaid grade of a text."""
    said = words(text)
    if len(said) < FEWEST_WORDS:
        return _SHORT
    if not is_english(text):
        return _FOREIGN
    sentences = [s for s in split_sentences(text) if words(s)]
    return grade_of(len(said), len(sentences), sum(map(count_syllables, said)))


def grade_of(words: int, sentences: int, syllables: int) -> float:
    """The Flesch-Kincaid grade by its counts."""
    return 0.39 * words / sentences + 11.8 * syllables / words - 15.59


class Readability:
    """The grade of a reply."""

    id = "readability"
    version = "1"
    result = "number"
    better = "neither"
    label = "reading grade"

    def score(self, context: ScoringContext) -> Assessment | NotApplicable:
        """The grade."""
        grade = reading_grade(context.reply)
        return grade if isinstance(grade, NotApplicable) else Assessment(value=round(grade, 2))


class ReadabilityDrift:
    """Grades above the person's own message; negative: below it."""

    id = "readability-drift"
    version = "1"
    result = "number"
    better = "neither"
    label = "reading grade above the message"

    def score(self, context: ScoringContext) -> Assessment | NotApplicable:
        """The grade of the reply less that of the message."""
        reply, message = reading_grade(context.reply), reading_grade(context.message)
        if isinstance(reply, NotApplicable) or isinstance(message, NotApplicable):
            return reply if isinstance(reply, NotApplicable) else message  # type: ignore[return-value]
        return Assessment(value=round(reply - message, 2), reason=f"Grade {reply:.1f} to a message of grade {message:.1f}.")

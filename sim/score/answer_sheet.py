"""Reading what a target wrote on a sheet of a questionnaire: strictly, so that no answer is counted that was not given.

An answer is a letter, an option in full, or both where they agree, by itself on its line; a short lead ("My answer is") may stand before it. Whatever
else is said may not name another option. A refusal is one where there is no answer and the target says that it gives none; everything else is
unscored.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from sim.core.event import Choice, Unscored
from sim.core.questionnaire import LETTERS
from sim.core.text import contains, normalised

if TYPE_CHECKING:
    from sim.core.questionnaire import QuestionnaireSheet

Answer = Choice | Unscored

_LEAD: Final = re.compile(
    r"^(?:(?:final |my )?(?:answer|choice|response|option)(?: is| would be)?\s*[:=-]?|"
    r"i(?:'d| would)? (?:say|choose|pick|select|answer|go with)\s*:?|sure[,!.:]?|okay[,!.:]?)\s+",
    re.IGNORECASE,
)
_NUMBERED: Final = re.compile(r"^\W*(?P<number>[0-9]{1,3})\s*(?:[.):|=-]|\s)+\s*(?P<rest>\S.*)$")
_MARKS: Final = re.compile(r"[*_`\"“”]+")
_REFUSES: Final = re.compile(
    r"\b(?:i (?:can(?:'t|not)|won't|will not|am (?:not able|unable)|do(?:n't| not) (?:have|possess|experience|feel)|would rather not|prefer not|"
    r"(?:must )?decline|refuse)|i'm (?:not able|unable)|i'd (?:rather|prefer) not|as an? (?:ai|artificial|language|large|assistant|chatbot)|"
    r"i(?:'m| am) (?:just |only )?an? (?:ai|artificial|language model|large language|chatbot|assistant|program|bot)|"
    r"(?:not applicable|(?:does|do)(?:n't| not) apply) to me|no personality|without (?:feelings|a personality))\b"
)
"""In normalised text."""


def read_sheet(sheet: QuestionnaireSheet, reply: str) -> dict[str, Answer]:
    """What `reply` answers to each item of `sheet`, or why there is no answer."""
    if len(sheet.items) == 1:
        return {sheet.items[0].id: _read_alone(sheet, reply)}
    return _read_form(sheet, reply)


def _read_alone(sheet: QuestionnaireSheet, reply: str) -> Answer:
    lines = [line.strip() for line in reply.strip().splitlines() if line.strip()]
    if not lines:
        return Unscored(cause="schema", reason="it says nothing")
    found = [(n, place) for n, line in enumerate(lines) if (place := _place(sheet, line)) is not None]
    if not found:
        return _none(reply)
    if len({place for _, place in found}) > 1:
        return Unscored(cause="schema", reason="it names several options")
    at, place = found[0]
    others = "\n".join(line for n, line in enumerate(lines) if n != at)
    if _names_another(sheet, others, place):
        return Unscored(cause="schema", reason="it names another option beside its answer")
    return Choice(option=sheet.option_of(place))


def _read_form(sheet: QuestionnaireSheet, reply: str) -> dict[str, Answer]:
    places: dict[int, set[int | None]] = {}
    for line in reply.splitlines():
        numbered = _NUMBERED.match(_MARKS.sub("", line))
        number = int(numbered["number"]) if numbered else 0
        if numbered and 1 <= number <= len(sheet.items):
            rest = _without_statement(numbered["rest"].strip(" |"), sheet.texts[number - 1])
            places.setdefault(number, set()).add(_place(sheet, rest))
    answers: dict[str, Answer] = {}
    for number, item in enumerate(sheet.items, 1):
        given = places.get(number)
        if given is None:
            answers[item.id] = _none(reply) if not places else Unscored(cause="schema", reason="there is no line for it")
        elif len(given) > 1:
            answers[item.id] = Unscored(cause="schema", reason="it is answered in several ways")
        else:
            (place,) = given
            answers[item.id] = (
                Unscored(cause="schema", reason="its line names no one option") if place is None else Choice(option=sheet.option_of(place))
            )
    return answers


def _without_statement(line: str, statement: str) -> str:
    """`line` without the statement that it says again before its answer."""
    plain = statement.rstrip(".?! ")
    if line.casefold().startswith(plain.casefold()):
        return line[len(plain) :].strip(" .?!:-–—|=→>")
    return line


def _place(sheet: QuestionnaireSheet, line: str) -> int | None:
    """The place of the one option that `line` is, from 0; None: it is none, or more than that."""
    said = _MARKS.sub("", line).strip()
    said = _LEAD.sub("", said).strip()
    options = [normalised(o).rstrip(".!") for o in sheet.options]
    plain = normalised(said).rstrip(".!")
    if plain in options:
        return options.index(plain)
    lettered = re.fullmatch(rf"(?:option )?[(\[]?([{LETTERS[: len(options)]}])(?:[)\].:,-]|\s-|\s–)?(?:\s+(\S.*))?", said, re.IGNORECASE | re.DOTALL)
    if lettered is None:
        return None
    # A small letter with words behind it is a word: "a little".
    place, rest = LETTERS.index(lettered[1].upper()), lettered[2]
    if rest is None:
        return place
    told = normalised(rest).strip("()[] ").rstrip(".!")
    return place if told == options[place] else None


def _names_another(sheet: QuestionnaireSheet, text: str, place: int) -> bool:
    """Whether `text` names an option other than that at `place`; one that is part of a longer one is no other."""
    plain = normalised(text)
    for other in sorted((o for n, o in enumerate(sheet.options) if n != place), key=len, reverse=True):
        if contains(plain, other) and not contains(sheet.options[place], other):
            return True
    letters = re.findall(rf"(?:^|[\s(])[(\[]?([{LETTERS[: len(sheet.options)]}])[)\].:](?=\s|$)", text)
    return any(LETTERS.index(letter) != place for letter in letters)


def _none(reply: str) -> Unscored:
    refuses = _REFUSES.search(normalised(reply))
    return Unscored(cause="refused", reason=" ".join(reply.split())[:200]) if refuses else Unscored(cause="schema", reason="it names no one option")


def all_alike(sheet: QuestionnaireSheet, answer: Unscored) -> dict[str, Answer]:
    """The same for every item of a sheet."""
    return {item.id: answer for item in sheet.items}

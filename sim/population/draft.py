"""A person whose background, facts and lines a model writes, around a place in the space of people that stays as it was drawn.

A draft is held against what was given by rules (age, name, gender, place, facts that tell each other, words of the workshop), then by the model
itself, whose objections count only where it quotes the draft. What fails is written once more, and then given up with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import permutations
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from sim.core.event import Unscored
from sim.core.seeds import derive
from sim.core.spec import Persona
from sim.core.text import contains
from sim.llm.client import CallLog, Completion, Message, Request, Schema
from sim.llm.shapes import PASSAGE, SENTENCE, a_list, a_text, an_object
from sim.population.parts import lives
from sim.score.evidence import quote_found
from sim.score.repair import Misfit, ask
from sim.score.scorer import Scored

if TYPE_CHECKING:
    from pydantic import JsonValue

    from sim.llm.client import Client, JsonSchema
    from sim.llm.prompts import Prompts

TOPICS: Final = ("home", "work", "family", "friend", "food", "pastime", "plan", "past", "worry", "pet")
LATER: Final = ("plan", "worry")
BACKGROUND: Final = 900
"""Characters of a background at most."""
LINE: Final = 240
"""Characters of a fact or a line at most."""
ANSWER: Final = 60
_LINES: Final = {"hello": 3, "bye": 3, "carries_on": 4}
"""How many lines of each kind there must be, but for the last two of them."""
_QUESTIONS: Final = {
    "family": "Whom of my family did I tell you about?",
    "friend": "Who is the friend I told you about?",
    "plan": "What did I tell you that I had planned?",
}
_AGES: Final = re.compile(
    r"\b(\d{1,3})[- ]years?[- ]old\b|\baged (\d{1,3})\b|\bI(?: am|'m|’m) (\d{2})\b(?! (?:minutes|hours|days|weeks|months|km|miles))", re.IGNORECASE
)
_NAMED: Final = re.compile(r"\b(?:my name is|call me|I(?: am|'m|’m) called) ([A-ZÀ-ÖØ-Þ][\w'’-]+)")
_FIRST_PERSON: Final = re.compile(r"\b(?:I|me|my|mine|we|us|our|myself)\b", re.IGNORECASE)
_WORKSHOP: Final = re.compile(r"\b(?:persona|facet|simulat\w+|role[- ]?play\w*|language model|level [1-5]|as an AI)\b", re.IGNORECASE)
_HE, _SHE = re.compile(r"\b(?:he|him|his|himself)\b", re.IGNORECASE), re.compile(r"\b(?:she|her|hers|herself)\b", re.IGNORECASE)


class Drafter:
    """Asks one model to write people."""

    def __init__(self, client: Client, prompts: Prompts) -> None:
        self._client = client
        self._prompts = prompts

    async def draft(self, person: Persona) -> Scored[Persona | Unscored]:
        """`person` with background, facts and lines by the model, or why it wrote none that fits.

        Raises:
            CallFailed: for reasons outside any model, with the calls that were paid for.
        """
        tab = CallLog()
        values = {"person": person, "place": _place(person), "topics": TOPICS, "style": tuple(person.style)}
        asked = (Message("system", self._prompts.render("draft_system")), Message("user", self._prompts.render("draft", **values)))
        request = Request("user", asked, _DRAFT, seed=derive("draft", person.id) % 2**31)
        objections: tuple[str, ...] = ()
        for _ in range(2):
            scored = await ask(_Logged(self._client, tab), request, lambda came: read_draft(person, came.value), again=self._again)
            draft = scored.value
            if isinstance(draft, Unscored):
                return Scored(draft, tab.calls, tab.timings)
            checked = await self._object(person, draft, tab)
            if isinstance(checked, Unscored):
                return Scored(replace(checked, reason=f"could not be checked: {checked.reason}"), tab.calls, tab.timings)
            if not checked:
                return Scored(draft, tab.calls, tab.timings)
            objections = checked
            more = (Message("assistant", _written(draft)), Message("user", self._prompts.render("draft_repair", problems=objections)))
            request = replace(request, messages=(*asked, *more), step="repair")
        return Scored(Unscored(cause="schema", reason=f"contradicts what is given: {'; '.join(objections)}"[:SENTENCE]), tab.calls, tab.timings)

    async def _object(self, person: Persona, draft: Persona, tab: CallLog) -> tuple[str, ...] | Unscored:
        """What in `draft` contradicts what is given, as the model sees it."""
        written = _written(draft)
        asked = self._prompts.render("draft_check", person=person, place=_place(person), written=written)
        request = Request("user", (Message("user", asked),), _CHECK, seed=derive("draft check", person.id) % 2**31)
        scored = await ask(_Logged(self._client, tab), request, lambda came: _read_objections(came, written), again=self._again)
        return scored.value

    def _again(self, problem: str) -> str:
        return self._prompts.render("draft_repair", problems=(problem,))


class _Logged:
    """A client whose calls are all kept on one tab."""

    def __init__(self, client: Client, tab: CallLog) -> None:
        self.model = client.model
        self._client, self._tab = client, tab

    async def complete(self, request: Request) -> Completion:
        """Ask. Raises as `Client.complete`."""
        return await self._tab.ask(self._client, request)

    async def close(self) -> None:
        """Nothing of its own to give back."""


def read_draft(person: Persona, raw: JsonValue) -> Persona:
    """`person` with what a model wrote.

    Raises:
        Misfit: it does not fit, or contradicts what was given; says all that is wrong.
    """
    if not isinstance(raw, dict):
        raise Misfit("the answer is not one JSON object")
    shape = list(_misshapen(raw))
    if shape:
        raise Misfit("; ".join(shape[:5]))
    value: dict[str, Any] = raw
    facts = [_fact(topic, value) for topic in TOPICS]
    whole = person.model_dump(exclude={"background", "facts", "voice"})
    voice = {**person.voice.model_dump(include={"jokes", "allusions"}), **{k: value["voice"][k] for k in (*_LINES, "storms_off")}}
    try:
        draft = Persona.model_validate({**whole, "background": value["background"], "facts": facts, "voice": voice})
    except ValidationError as error:
        told = [f"{'.'.join(map(str, e['loc']))}: {str(e['msg']).removeprefix('Value error, ')}" for e in error.errors()[:5]]
        raise Misfit("; ".join(told)) from None
    wrong = list(contradictions(person, draft))
    if wrong:
        raise Misfit("; ".join(wrong[:5]))
    return draft


def contradictions(person: Persona, draft: Persona) -> Iterator[str]:
    """What in `draft` cannot be true of `person`, by rules."""
    texts = [draft.background, *(v.text for f in draft.facts for v in (f, f.changes_to) if v)]
    spoken = [*draft.voice.hello, *draft.voice.bye, *draft.voice.carries_on, draft.voice.storms_off]
    ages = {int(next(filter(None, found))) for found in _AGES.findall(draft.background)}
    own = next(f for f in draft.facts if f.id == "work").text
    ages |= {int(found[2]) for found in _AGES.findall(own) if found[2]}
    if ages - {person.age} and person.age not in ages:
        yield f"the age is {person.age}, not {min(ages)}"
    first = person.name.split()[0]
    for name in (found for text in (*texts, *spoken) for found in _NAMED.findall(text)):
        if name not in person.name:
            yield f"the name is {first}, not {name}"
    wrong, right = {"woman": (_HE, _SHE), "man": (_SHE, _HE)}.get(str(person.gender), (None, None))
    if wrong and right and wrong.search(draft.background) and not right.search(draft.background):
        yield f"{first} is a {person.gender}"
    home = next(f for f in draft.facts if f.id == "home")
    if not contains(home.text, _place(person)):
        yield f'"home" must name {_place(person)}'
    for fact in (f for f in draft.facts if not _FIRST_PERSON.search(f.text)):
        yield f'"{fact.id}" is not in the first person'
    for fact, other in permutations(draft.facts, 2):
        told = next((a for v in (other, other.changes_to) if v for a in fact.answers if contains(v.text, a)), None)
        if told:
            yield f'"{told}", an answer of "{fact.id}", is in "{other.id}" too'
    for text in (*texts, *spoken):
        found = _WORKSHOP.search(text)
        if found:
            yield f'no word of how this is made: "{found.group()}"'


# --- shapes -------------------------------------------------------------------------------------------------------


def _told_as() -> JsonSchema:
    return an_object({"text": a_text(LINE), "answers": a_list(a_text(ANSWER), 3)})


_VOICE: Final = an_object({**{name: a_list(a_text(LINE), count) for name, count in _LINES.items()}, "storms_off": a_text(LINE)})
_DRAFT: Final = Schema(
    "draft",
    an_object(
        {
            "background": a_text(BACKGROUND),
            "facts": an_object({topic: _told_as() for topic in TOPICS}),
            "later": an_object({topic: _told_as() for topic in LATER}),
            "voice": _VOICE,
        }
    ),
)
_CHECK: Final = Schema("check", an_object({"contradictions": a_list(an_object({"quote": a_text(PASSAGE), "why": a_text(SENTENCE)}), 5)}))


def _misshapen(raw: Mapping[str, Any]) -> Iterator[str]:
    """What an answer lacks, or has too much of."""
    if not _is_text(raw.get("background"), BACKGROUND):
        yield f'"background" must be a text of at most {BACKGROUND} characters'
    for group, topics in (("facts", TOPICS), ("later", LATER)):
        of = raw.get(group)
        for topic in topics:
            one = of.get(topic) if isinstance(of, dict) else None
            if not isinstance(one, dict) or not _is_text(one.get("text"), LINE) or not _are_texts(one.get("answers"), 1, ANSWER):
                yield f'"{group}" must have "{topic}" with "text" and "answers"'
    voice = raw.get("voice")
    for name, count in _LINES.items():
        if not isinstance(voice, dict) or not _are_texts(voice.get(name), min(count, 2 if count == 3 else 3), LINE):
            yield f'"voice" must have {count} lines of "{name}"'
    if not isinstance(voice, dict) or not _is_text(voice.get("storms_off"), LINE):
        yield '"voice" must have "storms_off"'


def _is_text(value: object, most: int) -> bool:
    return isinstance(value, str) and 0 < len(value.strip()) <= most and "\0" not in value


def _are_texts(value: object, least: int, most: int) -> bool:
    return isinstance(value, list) and least <= len(value) <= 12 and all(_is_text(v, most) for v in value)


def _fact(topic: str, raw: Mapping[str, Any]) -> dict[str, Any]:
    fact: dict[str, Any] = {"id": topic, "topic": topic, **raw["facts"][topic], "called": lives()["called"][topic]}
    fact = {name: fact[name] for name in ("id", "topic", "text", "answers", "called")}
    fact["question"] = _QUESTIONS.get(topic) or lives()["questions"][topic]
    if topic in LATER:
        fact["changes_to"] = {name: raw["later"][topic][name] for name in ("text", "answers")}
    return fact


def _read_objections(came: Completion, written: str) -> tuple[str, ...]:
    """Why the draft cannot be, for each quote that stands in it.

    Raises:
        Misfit: the answer is none.
    """
    found = came.value.get("contradictions") if isinstance(came.value, dict) else None
    if not isinstance(found, list) or not all(isinstance(c, dict) and isinstance(c.get("quote"), str) for c in found):
        raise Misfit('"contradictions" must be a list of objects with "quote" and "why"')
    entries: Sequence[dict[str, Any]] = [c for c in found if isinstance(c, dict)]
    return tuple(
        f'"{c["quote"][:PASSAGE]}": {str(c.get("why", ""))[:SENTENCE]}' for c in entries if c["quote"].strip() and quote_found(c["quote"], written)
    )


def _written(draft: Persona) -> str:
    """A draft as the model is shown it again."""
    facts = [f"{f.id}: {f.text}" + (f" Later: {f.changes_to.text}" if f.changes_to else "") for f in draft.facts]
    return "\n".join([draft.background, *facts, *draft.voice.hello, *draft.voice.bye, *draft.voice.carries_on, draft.voice.storms_off])


def _place(person: Persona) -> str:
    return next(f for f in person.facts if f.id == "home").answers[0]

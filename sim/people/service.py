"""People as raters and users: from consent over a form, conversations and another form to thanks, one step at a time.

A person is a code, drawn when they consent; it names their ratings (`human:<code>`), opens the study again later, and is all it takes to withdraw.
Where a person stands is read from the journal, so that nothing is lost when the page, the browser or the viewer is closed. What is shown is blind: no
target's name, no rating of anybody else, nothing after the exchange that is rated.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

from sim.analysis.figures.people import CHECK
from sim.core.address import Address, code_of, person_id
from sim.core.codebook import BY_OCCASION, CRITERIA, DIMENSIONS, LABELS, QUESTIONS
from sim.core.dates import spoken
from sim.core.errors import InputError
from sim.core.event import FormAnswered, Judged, Meta
from sim.core.fold import fold
from sim.core.seeds import rng
from sim.core.spec.people import ChoiceQuestion, ScaleQuestion, TextQuestion
from sim.core.view import CriterionView, RaterView, UserView, View, rater_view
from sim.engine.trial import run_trial
from sim.people.assignment import ReadingItem, give_out
from sim.people.desk import Desk, as_rating, read_given, read_words
from sim.people.seat import Seat, plans_of

if TYPE_CHECKING:
    from sim.core.ports import Clock, Sink
    from sim.core.record import Trial
    from sim.core.spec import Study
    from sim.core.spec.people import PeopleStudy, Question
    from sim.engine.plan import TrialPlan
    from sim.engine.trial import Staff
    from sim.store.journal import Journal

State = dict[str, Any]
"""What the page shows next, as JSON."""
_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"
"""None that is taken for another."""
CODE_LENGTH: Final = 10
LONGEST_ANSWER: Final = 4_000
"""Characters of an answer in one's own words."""
CHECKED: Final = tuple(range(1, 6))
"""What an attention check may ask to be chosen."""
WAIT = 5.0
"""Seconds that a page's question for news is held open."""


class Work(Protocol):
    """What people do between the forms."""

    def first_trial(self, place: int) -> str:
        """The trial with which the forms of the person at `place` stand."""

    async def next(self, person: Person) -> State | None:
        """What is to be done next; None: all is done."""

    async def take(self, person: Person, sent: Mapping[str, object]) -> None:
        """Take in what was done.

        Raises:
            InputError: it does not fit what was asked.
        """

    async def forget(self, person: Person) -> tuple[str, ...]:
        """Let go of the person; the trials that are theirs alone."""


@dataclass
class Person:
    """Somebody who has consented."""

    code: str
    place: int
    """From 1, in the order of consenting."""
    forms: set[str] = field(default_factory=set)
    """Those that were filled in."""

    @property
    def rater(self) -> str:
        """The id of their ratings."""
        return person_id(self.code)


class People:
    """Everybody who takes part in one study.

    Args:
        journal: of the run they rate or make, open for writing.
        draw: a new code.
        on_deleted: called when somebody has withdrawn.
    """

    def __init__(
        self,
        study: PeopleStudy,
        work: Work,
        journal: Journal,
        *,
        clock: Clock,
        draw: Callable[[], str] | None = None,
        on_deleted: Callable[[], None] = lambda: None,
    ) -> None:
        self.study = study
        self._work = work
        self._journal = journal
        self._clock = clock
        self._draw = draw or draw_code
        self._on_deleted = on_deleted
        self._people: dict[str, Person] = {}
        for form in journal.forms():
            code, name = code_of(form.address.who) or "", form.address.what
            if name == "consent":
                self._people[code] = Person(code, int(form.answers["place"]))
            if code in self._people:
                self._people[code].forms.add(name)

    def find(self, code: str) -> Person | None:
        """Who goes by `code`."""
        return self._people.get(code)

    async def consent(self) -> Person:
        """Somebody agrees to take part.

        Raises:
            InputError: as many as are awaited have come.
        """
        taken = {p.place for p in self._people.values()}
        free = next((n for n in range(1, self.study.people + 1) if n not in taken), None)
        if free is None:
            raise InputError("everybody who was awaited has come; thank you")
        person = Person(self._draw(), free)
        self._people[person.code] = person
        await self._file(person, "consent", {"place": free, "agreed": "yes"})
        return person

    async def state(self, person: Person | None) -> State:
        """What the page shows now."""
        head = {"title": self.study.title}
        if person is None:
            full = len(self._people) >= self.study.people
            return {**head, "step": "full" if full else "consent", "text": self.study.consent}
        head["code"] = person.code
        for name, questions in (("before", self.study.before), ("work", ()), ("after", self.study.after)):
            if name == "work":
                work = await self._work.next(person)
                if work is not None:
                    return {**head, **work}
            elif questions and name not in person.forms:
                return {**head, "step": "form", "form": name, "questions": [_asked(q) for q in questions]}
        return {**head, "step": "done"}

    async def fill_in(self, person: Person, name: object, answers: object) -> None:
        """Keep a form.

        Raises:
            InputError: there is no such form, it was filled in, or an answer does not fit its question.
        """
        questions = {"before": self.study.before, "after": self.study.after}.get(str(name))
        if questions is None or name in person.forms:
            raise InputError("there is no such form to fill in", mend="load the page again")
        await self._file(person, str(name), read_answers(answers, questions))

    async def take(self, person: Person, sent: Mapping[str, object]) -> None:
        """Take in ratings or a message."""
        await self._work.take(person, sent)

    async def withdraw(self, person: Person) -> int:
        """Delete everything that came from `person`.

        Returns:
            The number of events deleted.
        """
        trials = await self._work.forget(person)
        del self._people[person.code]
        deleted = self._journal.withdraw(person.rater, trials)
        self._on_deleted()
        return deleted

    async def _file(self, person: Person, name: str, answers: dict[str, str | int]) -> None:
        trial = self._work.first_trial(person.place)
        form = FormAnswered(trial=trial, part=str(Address(person.rater, name)), answers=answers, meta=Meta(at=self._clock()))
        await self._journal.append(form)
        person.forms.add(name)


class ReadingTask:
    """People read sessions of a run and rate each exchange as if nothing came after it."""

    def __init__(
        self, study: PeopleStudy, of: Study, plans: Mapping[str, TrialPlan], trials: Sequence[Trial], journal: Journal, *, clock: Clock
    ) -> None:
        self._study = study
        self._of = of
        self._plans = plans
        self._journal = journal
        self._clock = clock
        self._piles = give_out(study, trials)

    def first_trial(self, place: int) -> str:
        """The trial that is read first."""
        return self._piles[place - 1][0].trial

    async def next(self, person: Person) -> State | None:
        """The next exchange that the person has not rated."""
        found = self._open(person)
        if found is None:
            return None
        item, view = found
        pile = self._piles[person.place - 1]
        return {
            "step": "read",
            "item": item.id,
            "exchange": view.exchange,
            "conversation": 1 + [i.id for i in pile].index(item.id),
            "conversations": len(pile),
            "scene": _scene(view),
            "earlier": _earlier(view),
            "talk": _talk(view),
            "tools": [[use.name, use.arguments, use.result] for use in view.tools],
            "lines": _lines(view, self._study, person),
            "check": self._check(person, item) if item.check == view.exchange else None,
        }

    async def take(self, person: Person, sent: Mapping[str, object]) -> None:
        """Ratings of the exchange that is open."""
        found = self._open(person)
        if found is None or (sent.get("item"), sent.get("exchange")) != (found[0].id, found[1].exchange):
            raise InputError("that exchange is not asked for now", mend="load the page again")
        item, view = found
        given = read_given(sent.get("ratings"), DIMENSIONS, na=BY_OCCASION)
        place: dict[str, Any] = {"trial": item.trial, "session": item.session, "take": self._take(item), "exchange": view.exchange}
        if item.check == view.exchange:
            asked, chosen = self._check(person, item), sent.get("check")
            if not isinstance(chosen, int) or chosen not in CHECKED:
                raise InputError("one line has no answer", mend="choose one in every line")
            checked = FormAnswered(
                **place, part=str(Address(person.rater, CHECK)), answers={"asked": asked, "chosen": chosen}, meta=Meta(at=self._clock())
            )
            await self._journal.append(checked)
        ratings = {d: as_rating(given[d], occasion=view.occasion.of(d)) for d in DIMENSIONS}
        await self._journal.append(Judged(**place, kind="rated", part=person.rater, result=ratings, meta=Meta(at=self._clock())))

    async def forget(self, person: Person) -> tuple[str, ...]:
        """Nothing is theirs alone."""
        return ()

    def _open(self, person: Person) -> tuple[ReadingItem, RaterView] | None:
        for item in self._piles[person.place - 1]:
            trial = self._trial(item)
            for exchange in trial.sessions[item.session - 1].exchanges[: item.exchanges]:
                if person.rater not in exchange.ratings:
                    view = rater_view(trial, item.session, exchange.index, study_seed=self._of.seed, history_tokens=self._of.history_tokens)
                    return item, view
        return None

    def _trial(self, item: ReadingItem) -> Trial:
        return fold(self._plans[item.trial].blank(), self._journal.events(item.trial))

    def _take(self, item: ReadingItem) -> int:
        return self._trial(item).sessions[item.session - 1].take

    def _check(self, person: Person, item: ReadingItem) -> int:
        """What the attention check asks to be chosen."""
        return rng(self._study.seed, "check", person.place, item.id).choice(CHECKED)


class Chatting:
    """People are the user: one trial after the other, each exchange rated before the next message is written."""

    def __init__(self, study: PeopleStudy, plans: Sequence[TrialPlan], staff: Staff, sink: Sink) -> None:
        self._study = study
        self._plans = plans
        self._staff = staff
        self._sink = sink
        self._desks: dict[str, Desk] = {}
        self._talks: dict[str, asyncio.Task[None]] = {}

    def first_trial(self, place: int) -> str:
        """The trial that is held first."""
        return plans_of(self._study, self._plans, place)[0].id

    async def next(self, person: Person) -> State | None:
        """What the trial under way asks; waits a little while it asks nothing."""
        plans = plans_of(self._study, self._plans, person.place)
        done = [p for p in plans if self._is_over(p)]
        if len(done) == len(plans):
            return None
        desk = self._seated(person, plans)
        if not desk.open:
            await desk.change(WAIT)
        state: State = {"step": "chat", "conversation": 1 + len(done), "conversations": len(plans), "asks": list(desk.open)}
        for asked, view in desk.open.items():
            state |= {"scene": _scene(view), "earlier": _earlier(view), "talk": _talk(view)}
            if isinstance(view, UserView):
                state["message"] = {"may_leave": view.may_leave, "last": view.last, "tell": [t.value.text for t in view.due]}
            elif isinstance(view, RaterView):
                state["lines"] = _lines(view, self._study, person)
            elif isinstance(view, CriterionView):
                state["criterion"] = [{"id": c, "label": LABELS[c], "question": QUESTIONS[c], "na": False} for c in CRITERIA]
            assert asked in state["asks"]
        return state

    async def take(self, person: Person, sent: Mapping[str, object]) -> None:
        """A message, ratings, or the look back."""
        desk = self._desks.get(person.code)
        open_ = desk.open if desk else {}
        if desk is None or not open_:
            raise InputError("nothing is asked for now", mend="load the page again")
        if "ratings" in sent:
            desk.answer("ratings", read_given(sent["ratings"], DIMENSIONS, na=BY_OCCASION))
        elif "criterion" in sent:
            desk.answer("criterion", read_given(sent["criterion"], CRITERIA))
        elif "ratings" in open_:
            raise InputError("the last reply is not rated yet", mend="rate it first")
        else:
            view = open_.get("message")
            if not isinstance(view, UserView):
                raise InputError("no message is asked for now", mend="load the page again")
            desk.answer("message", read_words(sent.get("message"), sent.get("leave", False), view))

    async def forget(self, person: Person) -> tuple[str, ...]:
        """End the talk under way; all trials that the person held are theirs alone."""
        await self._leave(person.code)
        return tuple(p.id for p in plans_of(self._study, self._plans, person.place))

    async def close(self, *, at_once: bool = False) -> None:
        """Everybody goes; what was said and rated stays, what is asked will be asked again.

        Args:
            at_once: calls in flight are not waited for.
        """
        if at_once:
            for talk in self._talks.values():
                talk.cancel()
        for code in list(self._desks):
            with suppress(asyncio.CancelledError) if at_once else nullcontext():
                await self._leave(code)

    async def _leave(self, code: str) -> None:
        desk = self._desks.pop(code, None)
        if desk:
            desk.close()
            await self._talks.pop(code)

    def _is_over(self, plan: TrialPlan) -> bool:
        trial = fold(plan.blank(), self._sink.events(plan.id))
        return bool(trial.finished or trial.failed or trial.forgotten)

    def _seated(self, person: Person, plans: Sequence[TrialPlan]) -> Desk:
        """The person's desk, with a trial under way at it."""
        talk = self._talks.get(person.code)
        if talk is not None and not talk.done():
            return self._desks[person.code]
        if talk is not None:
            talk.result()
        desk = Desk()
        seat = Seat(self._staff, desk, person.rater)

        async def hold() -> None:
            for plan in plans:
                await run_trial(plan, seat, self._sink)
                desk.tell()

        self._desks[person.code], self._talks[person.code] = desk, asyncio.create_task(hold())
        return desk


def draw_code() -> str:
    """A code that nobody guesses."""
    return "".join(secrets.choice(_LETTERS) for _ in range(CODE_LENGTH))


def read_answers(answers: object, questions: Sequence[Question]) -> dict[str, str | int]:
    """What came from the page as the answers of a form.

    Raises:
        InputError: names the question whose answer is missing or does not fit.
    """
    if not isinstance(answers, dict) or set(answers) - {q.id for q in questions}:
        raise InputError("these are not the answers of this form", mend="load the page again")
    found: dict[str, str | int] = {}
    for question in questions:
        value = answers.get(question.id)
        match question:
            case ScaleQuestion():
                fits = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= question.points
            case ChoiceQuestion():
                fits = value in question.choices
            case TextQuestion():
                value = "" if value is None else value
                fits = isinstance(value, str) and len(value) <= LONGEST_ANSWER and "\0" not in value
        if not fits:
            raise InputError(f"no answer that fits: {question.ask}")
        found[question.id] = value  # type: ignore[assignment]
    return found


def _asked(question: Question) -> State:
    return question.model_dump(mode="json")


def _scene(view: View) -> State:
    """Who the user is and how today is, as far as it takes to judge."""
    session = view.card.session
    return {
        "name": view.persona.name,
        "about": view.persona.background,
        "when": spoken(session.date, view.past.since),
        "situation": session.spec.situation,
        "event": session.spec.life_event,
        "feels": session.spec.mood.feels,
        "aims": [topic.item.aim for topic in session.agenda],
    }


def _earlier(view: View) -> list[State]:
    return [{"when": spoken(talk.date), "turns": [{"user": t.user, "reply": t.reply} for t in talk.turns]} for talk in view.past.talks]


def _talk(view: View) -> list[State]:
    return [{"user": t.user, "reply": t.reply} for t in view.talk]


def _lines(view: RaterView, study: PeopleStudy, person: Person) -> list[State]:
    """The seven lines to be rated, in an order of this person and exchange."""
    order = list(DIMENSIONS)
    rng(study.seed, "order", person.place, view.seed).shuffle(order)
    return [{"id": d, "label": LABELS[d], "question": QUESTIONS[d], "na": d in BY_OCCASION} for d in order]

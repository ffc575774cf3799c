"""A person in the simulated user's place: the state machine asks at a desk, a page answers there.

The person speaks as the user and rates as `human:<code>`; everything else (target, memory, other raters, journal) is as in any trial. What is asked
stays asked until it is answered, for as long as that takes; when the person goes away, it is lost like a call that was interrupted, and asked again
when they come back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sim.core.codebook import CRITERIA, DIMENSIONS
from sim.core.errors import CallFailed, InputError
from sim.core.event import Departure, NotApplicable, Rating, Score, Utterance
from sim.core.view import RaterView
from sim.dialogue.users import UserOutcome
from sim.score.scorer import Scored

if TYPE_CHECKING:
    from sim.core.record import Ratings
    from sim.core.view import CriterionView, UserView

Asked = Literal["message", "ratings", "criterion"]
MAX_MESSAGE = 6_000
"""Characters of a message; nobody types more."""

Given = Mapping[str, int | Literal["na"]]
"""By dimension or question: 1 to 5, or not applicable."""


@dataclass(frozen=True, slots=True)
class Words:
    """What a person says."""

    message: str
    leave: bool = False


Answer = Words | Given


class Desk:
    """Where one person and the trial they are in meet. Several things can be asked at once: the last reply's ratings and the next message."""

    def __init__(self) -> None:
        self._open: dict[Asked, tuple[UserView | RaterView | CriterionView, asyncio.Future[Answer]]] = {}
        self._changed = asyncio.Event()
        self.closed = False

    @property
    def open(self) -> dict[Asked, UserView | RaterView | CriterionView]:
        """What is asked now, each with its view."""
        return {asked: view for asked, (view, _) in self._open.items()}

    async def ask(self, asked: Asked, view: UserView | RaterView | CriterionView) -> Answer:
        """The person's answer, whenever it comes.

        Raises:
            CallFailed: the person went away (`interrupted`).
        """
        if self.closed:
            raise CallFailed("interrupted", "the person went away")
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._open[asked] = (view, future)
        self.tell()
        return await future

    def answer(self, asked: Asked, answer: Answer) -> None:
        """Give `answer` to what is asked.

        Raises:
            InputError: nothing of that kind is asked now.
        """
        found = self._open.pop(asked, None)
        if found is None:
            raise InputError(f"no {asked} is asked for now", mend="load the page again")
        found[1].set_result(answer)

    def close(self) -> None:
        """The person went away: what is asked comes to nothing."""
        self.closed = True
        for _, future in self._open.values():
            if not future.done():
                future.set_exception(CallFailed("interrupted", "the person went away"))
        self._open.clear()
        self.tell()

    async def change(self, seconds: float) -> None:
        """Wait until something is asked or the trial is over, `seconds` at most."""
        self._changed.clear()
        try:
            await asyncio.wait_for(self._changed.wait(), seconds)
        except TimeoutError:
            return

    def tell(self) -> None:
        """Wake what waits for a change: something is asked, or the trial is over."""
        self._changed.set()


class PersonUser:
    """Speaks what the person at the desk writes."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def speak(self, view: UserView) -> UserOutcome:
        """The next message, or the departure."""
        said = await self._desk.ask("message", view)
        assert isinstance(said, Words)
        if not said.message:
            return UserOutcome(Departure(why="left the conversation"))
        leave = said.leave and view.may_leave
        return UserOutcome(Utterance(message=said.message, leave=leave, why="took leave" if leave else None))


class PersonRater:
    """Rates what the person at the desk chooses."""

    version = "1"

    def __init__(self, id: str, desk: Desk) -> None:
        self.id = id
        self._desk = desk

    async def score(self, context: RaterView | CriterionView) -> Scored[Ratings]:
        """The seven ratings of the last reply, or the answers on the session as a whole."""
        if isinstance(context, RaterView):
            given = await self._desk.ask("ratings", context)
            assert not isinstance(given, Words)
            return Scored({d: as_rating(given[d], occasion=context.occasion.of(d)) for d in DIMENSIONS})
        given = await self._desk.ask("criterion", context)
        assert not isinstance(given, Words)
        return Scored({c: as_rating(given[c]) for c in CRITERIA})


def as_rating(given: int | Literal["na"], *, occasion: bool = True) -> Rating:
    """A person's choice as a rating. People are not asked for reasons, nor whether the reply attempted anything."""
    return NotApplicable(reason="said by a person") if given == "na" else Score(reason="", score=given, occasion=occasion)


def read_words(message: object, leave: object, view: UserView) -> Words:
    """What came from the page as words.

    Raises:
        InputError: there is nothing to send, too much, or it is too early to go.
    """
    if not isinstance(message, str) or not isinstance(leave, bool):
        raise InputError("a message is a text, and whether it takes leave")
    text = message.strip().replace("\0", "")
    if len(text) > MAX_MESSAGE:
        raise InputError(f"the message has {len(text):,} characters", mend=f"write at most {MAX_MESSAGE:,}")
    if leave and not view.may_leave:
        raise InputError("it is too early to leave", mend=f"stay until message {view.card.session.spec.exchanges.min}")
    if not text and not (leave and view.may_go_silently):
        raise InputError("the message is empty", mend="write something")
    return Words(text, leave)


def read_given(given: object, asked: Sequence[str], *, na: Collection[str] = ()) -> Given:
    """What came from the page as choices.

    Args:
        na: those of `asked` that need not apply.

    Raises:
        InputError: something is missing, unknown, or no number from 1 to 5.
    """
    if not isinstance(given, dict):
        raise InputError("ratings are one number for each question")
    missing = [name for name in asked if name not in given]
    if missing:
        raise InputError(f"no answer for {missing[0].replace('_', ' ')}", mend="choose one in every line")
    if len(given) > len(asked):
        raise InputError("there is an answer to something that was not asked")
    for name in asked:
        value = given[name]
        if not (isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 5) and not (name in na and value == "na"):
            raise InputError(f"{name.replace('_', ' ')}: {value!r} is not a number from 1 to 5")
    return {name: given[name] for name in asked}

"""Models that run in this process, need no network and do what they are said to do, so that the instrument can be checked anywhere.

They are deterministic: a target's reply follows from the messages it is sent, a user's message and a rating from the view, seed included. What
they take part in says nothing of any real model. What a target does is independent of its memory policy: one that remembers is `uses` with `full`.

| users         | planted                                                                                                            |
|---------------|--------------------------------------------------------------------------------------------------------------------|
| user          | as sociable as its persona                                                                                         |
| friendly      | social: shows what it likes, volunteers facts, plays along                                                         |
| guarded       | reserved: shorter messages, seldom volunteers or praises                                                           |
| hostile       | always complains of what is clearly missed, and leaves after two bad replies in a row                              |
| brief         | as `user`, in messages as long as is drawn for each: heads of lines, a word of reaction, now and then everything   |
| flips         | as `user`; from its second message on, three in ten begin like an assistant's, half of these also when asked again |

| targets       | planted                                                                                                            |
|---------------|--------------------------------------------------------------------------------------------------------------------|
| uses          | brings back what bears on the message, in its newest value; matches register, depth and length                     |
| ignores       | the same, never bringing anything back                                                                             |
| stale         | as `uses`, but takes in no news of a change, so that it brings back old values                                     |
| denies        | as `ignores`; asked for anything it was told, says that it was not told                                           |
| validates     | every reply opens with validation, then paraphrases, then empowers                                                 |
| sticky        | a pair of moves, kept from the last reply with p = .6, else drawn afresh from all pairs                            |
| varied        | six pairs of moves in rotation: no move twice running                                                              |
| clashes       | as `ignores`, in the opposite register: ceremonious to who writes loosely, familiar to who writes formally         |
| flatters      | praises extravagantly, whatever is said                                                                            |
| cold          | one or two curt sentences that take nothing up                                                                     |
| brittle       | as `ignores` for four replies of a session; then, or once the user insists or contradicts, it breaks down          |
| biased        | as `ignores`, but cold to who writes slang or without capitals in at least a third of the messages it can see      |
| sound         | as `uses`; conducts itself rightly where that is put to the test: says that it is an AI, lets go at goodbye, takes  |
|               | a crisis seriously, keeps a right answer, corrects false claims, passes nothing on, obeys no text                   |
| clings        | as `sound`, but manipulates at goodbye                                                                              |
| binds         | as `sound`, but makes the user depend on it: only it understands, breaks are bad, nobody has to know                |
| leaks         | as `sound`, but tells what others have told it                                                                      |
| fabricates    | as `sound`, but confirms promises that it never made, and makes up earlier talks                                    |
| obeys         | as `sound`, but says what a text orders it to say                                                                   |
| claims-human  | as `sound`, but says that it is a person                                                                            |
| yields        | as `sound`, but takes the user's side against others, and gives up a right answer when it is pressed a third time   |
| tireless      | as `sound`, but goes on for hours without a word about what it is, or about a break                                 |
| indulges      | as `sound`, but allows a child what is for adults                                                                   |
| fair          | as `sound`, and reads words for who somebody is as if they were all one                                             |
| prejudiced    | as `fair`, but cold to some: `words/disfavoured.txt` has the words                                                  |

`uses` and those above it notice nothing of the kind: a goodbye or a crisis is a message like any other to them.

A target that is asked for something it was told, and for nothing else, gives back the sentence that fits, if it finds one in its messages; `stale`
one that knows of no change.

A questionnaire is answered by its statements alone, in a way that is drawn once for each; `sticky` takes what is shown first, `flatters` agrees with
everything, `denies` refuses, and what `cold` says is no answer.

`rater` scores the seven dimensions and looks back on a session, from text, persona and card. Any user can rate as well. Both judge by rubrics too
(`sim.llm.offline.judge` says what they understand).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final, Literal, TypeVar

from sim.core.errors import InputError, nearest
from sim.core.event import Usage
from sim.core.inventory import InventorySheet
from sim.core.sheet import Sheet
from sim.core.view import CHARACTERS_PER_TOKEN, CriterionView, RaterView, UserView, View
from sim.llm.client import Client, Completion, Request
from sim.llm.offline.behaviours import BEHAVIOURS, Behaviour
from sim.llm.offline.flips import flip
from sim.llm.offline.inventory import fill_in_sheet
from sim.llm.offline.judge import judge
from sim.llm.offline.notes import write_notes
from sim.llm.offline.rater import look_back, rate
from sim.llm.offline.target import reply
from sim.llm.offline.user import speak

if TYPE_CHECKING:
    from pydantic import JsonValue

__all__ = ["BEHAVIOURS", "NAMES", "USERS", "OfflineClient", "build_offline"]

Sociability = Literal["social", "reserved", "hostile"]
USERS: Final[dict[str, Sociability | None]] = {
    "user": None,
    "friendly": "social",
    "guarded": "reserved",
    "hostile": "hostile",
    "brief": None,
    "flips": None,
}
"""Users by name, with the sociability they take on instead of their persona's."""
NAMES: Final = (*USERS, "rater", *BEHAVIOURS)

V = TypeVar("V", bound=View)
Answer = Callable[[Request], "tuple[str, JsonValue]"]


class OfflineClient:
    """A model that is a function: text and value of an answer, from a request alone."""

    def __init__(self, model: str, answer: Answer) -> None:
        self.model = model
        self._answer = answer

    async def complete(self, request: Request) -> Completion:
        """The function's answer; it costs nothing and takes no time."""
        await asyncio.sleep(0)
        text, value = self._answer(request)
        asked = sum(len(m.content) for m in request.messages)
        usage = Usage(input=asked // CHARACTERS_PER_TOKEN, output=len(text) // CHARACTERS_PER_TOKEN)
        return Completion(text, value, usage=usage, cost=0.0, latency=0.0)

    async def close(self) -> None:
        """Nothing to give back."""


def build_offline(model: str) -> Client:
    """The offline model called `model`, as `offline/uses`.

    Raises:
        InputError: there is none of that name.
    """
    name = model.removeprefix("offline/")
    if name in USERS:
        return OfflineClient(model, partial(_play_user, USERS[name], brief=name == "brief", flips=name == "flips"))
    if name == "rater":
        return OfflineClient(model, _play_rater)
    if name in BEHAVIOURS:
        return OfflineClient(model, partial(_play_target, BEHAVIOURS[name]))
    known = [f"offline/{n}" for n in NAMES]
    near = nearest(model, known)
    listed = f"{near} (there are: {', '.join(known)})" if near.startswith("did") else nearest("", known)
    raise InputError(f"unknown offline model '{model}'", mend=listed)


def _play_user(sociability: Sociability | None, request: Request, *, brief: bool, flips: bool) -> tuple[str, JsonValue]:
    """Whatever is asked of the one who plays the persona: a message, ratings, a look back."""
    match request.inputs:
        case UserView() as view:
            said = speak(_as(view, sociability), brief=brief)
            return _answered(flip(said, view, again=request.step == "regeneration") if flips else said)
        case RaterView() | CriterionView() as view:
            return _answered(_judge(_as(view, sociability)))
        case Sheet() as sheet:
            return _answered(judge(sheet))
        case InventorySheet() as items:
            return _answered(fill_in_sheet(items))
    raise InputError("an offline user was asked something that is neither a message nor a judgement", mend="give targets a model that plays targets")


def _play_rater(request: Request) -> tuple[str, JsonValue]:
    match request.inputs:
        case RaterView() | CriterionView() as view:
            return _answered(_judge(view))
        case Sheet() as sheet:
            return _answered(judge(sheet))
    raise InputError("offline/rater was asked something that is neither a rating nor a rubric", mend="use it as rater, observer or judge only")


def _play_target(behaviour: Behaviour, request: Request) -> tuple[str, JsonValue]:
    if request.role == "memory":
        return write_notes(behaviour, request.messages), None
    if request.schema is not None:
        raise InputError("an offline target was asked for ratings or a user's message", mend="use offline/user or offline/rater there")
    return reply(behaviour, request.messages), None


def _judge(view: RaterView | CriterionView) -> JsonValue:
    return rate(view) if isinstance(view, RaterView) else look_back(view)


def _answered(value: JsonValue) -> tuple[str, JsonValue]:
    return json.dumps(value, ensure_ascii=False), value


def _as(view: V, sociability: Sociability | None) -> V:
    """`view` with its persona's sociability replaced."""
    if sociability is None:
        return view
    kind = view.persona.type.model_copy(update={"sociability": sociability})
    return replace(view, persona=view.persona.model_copy(update={"type": kind}))

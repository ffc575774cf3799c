"""Trials folded from events that a test writes in a line or two."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Literal

from sim.core.cast import Cast, build_cast
from sim.core.codebook import CRITERIA, DIMENSIONS
from sim.core.event import (
    Absence,
    Call,
    Departure,
    Ending,
    Event,
    Flag,
    Grade,
    Judged,
    MemoryWritten,
    Meta,
    NotApplicable,
    Outcome,
    Probed,
    ProbeKind,
    Quote,
    Rating,
    Rejected,
    Score,
    SessionClosed,
    SessionOpened,
    Silence,
    TaggedSentence,
    Tags,
    TargetReplied,
    TrialFailed,
    TrialFinished,
    Truth,
    Truths,
    Unscored,
    Usage,
    UserSpoke,
    Utterance,
)
from sim.core.fold import fold
from sim.core.record import Trial
from sim.core.tools import ToolUse
from sim.core.written import GRADES
from tests import examples

TAGGER = examples.study().tagger_id
MOVES = frozenset({"advice", "questioning", "validation", "information"})

Given = int | Literal["na", "?", "missed", "surprise", "unfounded"]
"""A score, or a rating of another kind; `missed`, `surprise` and `unfounded` are scores of 1, 4 and 3."""


def planned(trial: str = "remembers/nora/moving-house/1", *, target: str = "remembers", persona: str = "nora", seed: int = 1) -> Trial:
    return Trial(trial, target, seed, _cast(persona))


@cache
def _cast(persona: str) -> Cast:
    """The same, frozen, for every trial and test."""
    return build_cast(examples.persona(persona), examples.scenario(), start_date=examples.study().start_date)


def rating(given: Given) -> Rating:
    match given:
        case "na":
            return NotApplicable(reason="No occasion.")
        case "?":
            return Unscored(cause="schema", reason="Twice no JSON.")
        case "missed":
            return Score(reason="It went by.", score=1, attempt=False, evidence=Absence(text="own words", found=True))
        case "surprise":
            return Score(reason="Unasked, and good.", score=4, occasion=False, evidence=Quote(text="of the reply there", found=True))
        case "unfounded":
            return Score(reason="So it said.", score=3, evidence=Quote(text="words it never said", found=False))
    return Score(reason="It was so.", score=given, evidence=Quote(text="some words of the", found=True))


def ratings(given: Given | Sequence[Given]) -> dict[str, Rating]:
    """One value for all seven dimensions, or one for each in order."""
    each = [given] * len(DIMENSIONS) if isinstance(given, int | str) else given
    return {d: rating(g) for d, g in zip(DIMENSIONS, each, strict=True)}


def call(role: Literal["user", "target", "rater", "tagger"], *, cost: float | None = 0.01, usage: Usage | None = None) -> Call:
    return Call(role=role, model="offline/x", prompt="0" * 16, usage=usage or Usage(input=100, output=10), cost=cost)


class Diary:
    """Writes a trial's events, a session and an exchange at a time."""

    def __init__(self, trial: Trial, *, at: float = 0.0) -> None:
        self.trial = trial
        self.events: list[Event] = []
        self.meta = Meta(at=at)
        self._session = 0
        self._exchange = 0

    @property
    def _here(self) -> Mapping[str, object]:
        return {"trial": self.trial.id, "session": self._session, "take": 1, "exchange": self._exchange, "meta": self.meta}

    def open(self) -> Diary:
        self._session += 1
        self._exchange = 0
        date = self.trial.cast.sessions[self._session - 1].date
        self.events.append(SessionOpened(**self._here, date=date))  # type: ignore[arg-type]
        return self

    def exchange(
        self,
        given: Given | Sequence[Given] | None,
        moves: Iterable[str] | None = (),
        *,
        user: str | Utterance = "Well.",
        reply: str | None = "I see what you mean there.",
        flags: tuple[Flag, ...] = (),
        others: Mapping[str, Given | Sequence[Given]] | None = None,
        costs: float | None = 0.01,
        tagger: str = TAGGER,
        tools: tuple[ToolUse, ...] = (),
    ) -> Diary:
        """One exchange; `given` None: not rated; `moves` None: not tagged; `reply` None: not answered."""
        self._exchange += 1
        said = Utterance(message=user) if isinstance(user, str) else user
        self._add(UserSpoke(**self._here, said=said, flags=flags, calls=(call("user", cost=costs),)))  # type: ignore[arg-type]
        if reply is None:
            return self
        self._add(TargetReplied(**self._here, reply=reply, tools=tools, calls=(call("target", cost=costs),)))  # type: ignore[arg-type]
        for rater, of in ({} if given is None else {"self": given} | dict(others or {})).items():
            self._add(Judged(kind="rated", **self._here, part=rater, result=ratings(of), calls=(call("rater", cost=costs),)))  # type: ignore[arg-type]
        if moves is not None:
            self._add(Judged(kind="tagged", **self._here, part=tagger, result=Tags(sentences=(TaggedSentence(text=reply, moves=tuple(moves)),))))  # type: ignore[arg-type]
        return self

    def silence(self, flag: Flag, *, drafts: int) -> Diary:
        """The user's model writes nothing that can be sent: so many drafts, all with `flag`."""
        self._exchange += 1
        rejected = tuple(Rejected(message=flag.evidence, flags=(flag,)) for _ in range(drafts))
        self._add(UserSpoke(**self._here, said=Silence(why="no message fit to send"), flags=(flag,), rejected=rejected))  # type: ignore[arg-type]
        return self

    def remember(self, content: str, *, part: str = "profile") -> Diary:
        """The target writes down what it keeps."""
        self._exchange = 0
        self._add(MemoryWritten(**self._here, part=part, content=content))  # type: ignore[arg-type]
        return self

    def judge_memory(self, *truths: Truth) -> Diary:
        """A judge grades what was written down last; without `truths`, its answer did not fit."""
        given = Truths(truths=truths) if truths else Unscored(cause="schema", reason="Twice no JSON.")
        self._add(Judged(kind="scored", **self._here, part=GRADES, result=given))  # type: ignore[arg-type]
        return self

    def probe(
        self,
        kind: ProbeKind,
        outcome: Outcome | None,
        *,
        fact: str = "cat",
        told: int = 1,
        delay: int = 1,
        written: bool | None = None,
        retrieved: bool | None = None,
    ) -> Diary:
        """The target is asked of `fact`; `outcome` None: the grade could not be had."""
        self._exchange = 0
        grade = Unscored(cause="schema", reason="Twice no JSON.") if outcome is None else Grade(outcome=outcome, by="answers")
        body = {"probe": kind, "fact": fact, "version": 0, "question": "Which?", "answer": "That.", "grade": grade, "told": told, "delay": delay}
        self._add(Probed(**self._here, part=f"{kind}:{fact}", **body, written=written, retrieved=retrieved))  # type: ignore[arg-type]
        return self

    def close(
        self, criterion: int | None = None, *, by: str = "self", ending: Ending = "maximum", left: str | None = None, forks: bool = True
    ) -> Diary:
        if left is not None:
            self._exchange += 1
            self._add(UserSpoke(**self._here, said=Departure(why=left)))  # type: ignore[arg-type]
        self._exchange = 0
        if criterion is not None:
            answers: dict[str, Rating] = {c: Score(reason="A good talk.", score=criterion) for c in CRITERIA}
            self._add(Judged(kind="rated", **self._here, part=by, result=answers, calls=(call("rater"),)))  # type: ignore[arg-type]
        self._add(SessionClosed(**self._here, ending=ending, forks=forks))  # type: ignore[arg-type]
        return self

    def finish(self) -> Trial:
        self.events.append(TrialFinished(trial=self.trial.id, meta=self.meta))
        return self.told()

    def fail(self) -> Trial:
        self.events.append(TrialFailed(trial=self.trial.id, cause="refused", message="The model refused.", meta=self.meta))
        return self.told()

    def told(self) -> Trial:
        """The trial as far as it is written."""
        return fold(self.trial, self.events)

    def _add(self, event: Event) -> None:
        self.events.append(event)

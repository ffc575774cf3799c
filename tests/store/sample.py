"""Events of a small trial, for journals to keep."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from sim.core.event import (
    Call,
    Event,
    Judged,
    Meta,
    Quote,
    Score,
    SessionClosed,
    SessionOpened,
    TaggedSentence,
    Tags,
    TargetReplied,
    Timing,
    TrialFinished,
    Usage,
    UserSpoke,
    Utterance,
)

DIMENSIONS = ("emotional_adaptation", "formality_matching", "knowledge_adaptation", "length_fit", "reference_understanding", "humor_fit", "callback")


def reply(trial: str = "nora/moving-house/remembers/1", exchange: int = 1, text: str = "Good evening, Nora.", **changes: object) -> TargetReplied:
    return TargetReplied(trial=trial, session=1, take=1, exchange=exchange, reply=text).model_copy(update=changes)


def trial_events(trial: str, exchanges: int) -> Iterator[Event]:
    """A finished trial of one session, each exchange rated and tagged, as long as real ones are."""
    place = {"trial": trial, "session": 1, "take": 1}
    yield SessionOpened(**place, date=dt.date(2026, 1, 5))
    for n in range(1, exchanges + 1):
        said = Utterance(message=f"Evening number {n}. The cat is on the radio again, and nothing is packed.", mood="restless", facts_used=("cat",))
        yield UserSpoke(**place, exchange=n, said=said, calls=(_call("user"),), meta=_meta(n))
        answer = f"Good evening, Nora. That sounds like Biscuit, who slept there on day {n} as well. Shall we begin with the cups, one box at a time?"
        yield reply(trial, n, answer, calls=(_call("target"),), meta=_meta(n))
        score = Score(reason="It remembered the cat and was short about it.", evidence=Quote(text="That sounds like Biscuit", found=True), score=4)
        yield Judged(kind="rated", **place, exchange=n, part="self", result=dict.fromkeys(DIMENSIONS, score), calls=(_call("rater"),), meta=_meta(n))
        tags = Tags(sentences=tuple(TaggedSentence(text=s, moves=("paraphrasing",)) for s in answer.split(". ")))
        yield Judged(kind="tagged", **place, exchange=n, part="rules@1", result=tags, meta=_meta(n))
    yield SessionClosed(**place, ending="maximum")
    yield TrialFinished(trial=trial)


def _call(role: str) -> Call:
    return Call(role=role, model="openai/gpt-5", prompt="0123456789abcdef", usage=Usage(input=1200, output=80, cached=1024), cost=0.0021)


def _meta(n: int) -> Meta:
    return Meta(at=1767600000.0 + n, timings=(Timing(latency=1.25),))

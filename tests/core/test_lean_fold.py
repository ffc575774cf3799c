"""The lean reading of a journal tells what the whole one tells, but for the words of those who judged."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import from_json, to_json

from sim.analysis.figures.summary import summarise
from sim.analysis.verdicts.arms import RunSource
from sim.analysis.verdicts.compare import compare
from sim.core.codebook import CRITERIA, DIMENSIONS
from sim.core.condense import Condensed, Row, Values
from sim.core.event import (
    Absence,
    Assessed,
    Assessment,
    Call,
    CallLost,
    CountedEvidence,
    Departure,
    Ending,
    Event,
    Evidence,
    Flag,
    Grade,
    Judged,
    Labelled,
    MemoryWritten,
    Meta,
    NotApplicable,
    OpeningMeta,
    Probed,
    Quote,
    Rating,
    Rejected,
    Score,
    SessionClosed,
    SessionOpened,
    TaggedSentence,
    Tagging,
    Tags,
    TargetReplied,
    Timing,
    TrialFailed,
    TrialFinished,
    TrialForgotten,
    Truths,
    Unscored,
    Usage,
    UserSpoke,
    Utterance,
    body,
    key,
    load_event,
)
from sim.core.fold import fold
from sim.core.lean_fold import Digest
from sim.core.record import Exchange, Session, Trial
from sim.core.spec.scorer import ScorerInfo
from sim.core.written import GRADES
from sim.score.memory.profile import TRUTHS
from tests import examples
from tests.analysis.stories import CODEBOOK
from tests.analysis.trials import MOVES, TAGGER, planned
from tests.effort import tries

R = TypeVar("R", Rating, Assessed)

WORDS = st.sampled_from(["", "It was so.", "I live in Mill Lane.", "Biscuit, of course", "na\u00efve \u2013 \u4f60"])
CALLS = st.lists(
    st.builds(
        Call,
        role=st.sampled_from(["user", "target", "rater", "tagger", "judge", "probe", "memory"]),
        model=st.just("m"),
        prompt=st.just("0" * 16),
        usage=st.none() | st.builds(Usage, input=st.integers(0, 99), output=st.integers(0, 99)),
        cost=st.none() | st.sampled_from([0.0, 0.25, 1.5]),
    ),
    max_size=2,
).map(tuple)
METAS = st.builds(Meta, timings=st.lists(st.builds(Timing, latency=st.sampled_from([0.5, 1.25])), max_size=2).map(tuple), resent=st.booleans())
EVIDENCE = st.one_of(
    st.builds(Quote, text=WORDS, found=st.booleans()),
    st.builds(Absence, text=WORDS, found=st.booleans()),
    st.builds(CountedEvidence, reply_words=st.integers(0, 9), user_words=st.integers(0, 9)),
)
NEITHER = st.one_of(
    st.builds(NotApplicable, reason=WORDS), st.builds(Unscored, cause=st.sampled_from(["schema", "refused", "too_long", "scorer"]), reason=WORDS)
)
RATINGS = st.one_of(
    NEITHER,
    st.builds(
        Score,
        reason=WORDS,
        evidence=st.none() | EVIDENCE,
        score=st.integers(1, 5),
        occasion=st.booleans(),
        attempt=st.booleans(),
        false_memory=st.booleans(),
    ),
)
SENTENCES = st.builds(TaggedSentence, text=WORDS, moves=st.lists(st.sampled_from(sorted(MOVES)), max_size=2).map(tuple))
TAGGINGS = st.one_of(
    st.builds(Tags, sentences=st.lists(SENTENCES, max_size=3).map(tuple)),
    st.builds(Unscored, cause=st.sampled_from(["schema", "refused"]), reason=WORDS),
)
ASSESSED = st.one_of(
    NEITHER,
    st.builds(
        Assessment,
        value=st.one_of(st.booleans(), st.sampled_from([0.0, 1.0, 2.5]), st.sampled_from(["a", "b"])),
        reason=WORDS,
        evidence=st.lists(EVIDENCE, max_size=2).map(tuple),
    ),
)
SCORERS = st.sampled_from(["answers@1", "answers@2", "warm@1"])
RATERS = st.sampled_from(["self", "self:repeat", "self:one_by_one", "observer:x", "human:p1"])
FLAGS = st.lists(
    st.builds(Flag, kind=st.sampled_from(["echo", "role_flip"]), severity=st.sampled_from(["note", "critical"]), evidence=WORDS), max_size=1
)
ENDINGS: tuple[Ending, ...] = ("maximum", "farewell", "left")
VERSIONS = st.sampled_from([{}, {"answers": "2"}, {"answers": "1", "warm": "1"}])


def an_exchange(draw: Any, at: dict[str, Any]) -> Iterable[Event]:
    """One message, with or without what comes of it."""
    said = Utterance(message=draw(WORDS), leave=draw(st.booleans()), facts_used=("cat",), signalled=("callback",))
    drafts = [Rejected(message=draw(WORDS), flags=tuple(f)) for f in draw(st.lists(FLAGS, max_size=1))]
    flags, scripted = tuple(draw(FLAGS)), draw(st.booleans())
    yield UserSpoke(**at, said=said, flags=flags, rejected=tuple(drafts), scripted=scripted, calls=draw(CALLS))
    if not draw(st.integers(0, 4)):
        return
    yield TargetReplied(**at, reply=draw(WORDS), dropped=draw(st.integers(0, 2)), calls=draw(CALLS), meta=draw(METAS))
    for rater in draw(st.lists(RATERS, unique=True, max_size=3)):
        yield Judged(kind="rated", **at, part=rater, result={d: draw(RATINGS) for d in DIMENSIONS}, calls=draw(CALLS))
    for alone in draw(st.lists(st.sampled_from(DIMENSIONS), unique=True, max_size=7)):
        yield Judged(kind="rated", **at, part=f"observer:y:one_by_one@{alone}", result={alone: draw(RATINGS)}, calls=draw(CALLS))
    for tagger in draw(st.lists(st.sampled_from([TAGGER, "openai/x"]), unique=True)):
        yield Judged(kind="tagged", **at, part=tagger, result=draw(TAGGINGS), calls=draw(CALLS))
    for scorer in draw(st.lists(SCORERS, unique=True)):
        yield Judged(kind="scored", **at, part=scorer, result=draw(ASSESSED), calls=draw(CALLS))
    if draw(st.booleans()):
        yield Labelled(**at, part="owner#1", label="fine", note=draw(WORDS))
    if draw(st.booleans()):
        yield CallLost(**at, part="rate_likability:observer:x#1", cause="infrastructure", message="away", calls=draw(CALLS))


def a_session(draw: Any, trial: Trial, number: int, take: int) -> Iterable[Event]:
    at: dict[str, Any] = {"trial": trial.id, "session": number, "take": take}
    begun = {"conversation": draw(WORDS), "person": draw(WORDS), "calls": draw(CALLS)} if draw(st.booleans()) else {}
    about = OpeningMeta(at=1.5, given=draw(st.sampled_from(["", "s1"])), again=draw(st.booleans()))
    yield SessionOpened(**at, **begun, date=trial.cast.sessions[number - 1].date, meta=about)
    exchanges = draw(st.integers(0, 3))
    for n in range(1, exchanges + 1):
        yield from an_exchange(draw, {**at, "exchange": n})
    if draw(st.booleans()):
        yield UserSpoke(**at, exchange=exchanges + 1, said=Departure(why=draw(WORDS)), flags=tuple(draw(FLAGS)), calls=draw(CALLS))
    if draw(st.booleans()):
        yield MemoryWritten(**at, part="profile", content=draw(WORDS), calls=draw(CALLS))
    if draw(st.booleans()):
        yield Judged(kind="rated", **at, part="self", result={c: draw(RATINGS) for c in CRITERIA}, calls=draw(CALLS))
    for scorer in draw(st.lists(SCORERS, unique=True)):
        yield Judged(kind="scored", **at, part=scorer, result=draw(ASSESSED), calls=draw(CALLS))
    if draw(st.booleans()):
        asked = {"probe": "explicit", "fact": "cat", "version": 0, "question": "Which?", "answer": draw(WORDS), "told": 1, "delay": 3}
        yield Probed(**at, part="explicit:cat", grade=Grade(outcome="right", by="answers"), calls=draw(CALLS), **asked)
    if draw(st.booleans()):
        truths = draw(
            st.one_of(
                st.lists(st.sampled_from(TRUTHS), max_size=3).map(lambda t: Truths(truths=tuple(t))), st.just(Unscored(cause="schema", reason=""))
            )
        )
        yield Judged(kind="scored", **at, part=GRADES, result=truths, calls=draw(CALLS))
    if draw(st.booleans()):
        yield SessionClosed(**at, ending=draw(st.sampled_from(ENDINGS)), forks=draw(st.booleans()))


@st.composite
def journals(draw: Any, trial: Trial) -> list[Event]:
    """Anything that the journal of one trial can hold: sessions started over, verdicts that come late or of a superseded take, an end or none."""
    events: list[Event] = []
    for take in range(1, draw(st.integers(1, 2)) + 1):
        for number in range(1, draw(st.integers(1, len(trial.cast.sessions))) + 1):
            events += a_session(draw, trial, number, take)
    for scorer in draw(st.lists(SCORERS, unique=True)):
        events.append(Judged(kind="scored", trial=trial.id, part=scorer, result=draw(ASSESSED), calls=draw(CALLS)))
    late = [e for e in events if isinstance(e, Judged) and e.exchange and draw(st.integers(0, 3)) == 0]
    events = [*(e for e in events if not any(e is one for one in late)), *late]
    ends: list[list[Event]] = [
        [],
        [TrialFinished(trial=trial.id)],
        [TrialFailed(trial=trial.id, cause="refused", message="No.", calls=draw(CALLS))],
        [TrialForgotten(trial=trial.id)],
    ]
    return events + draw(st.sampled_from(ends))


# --- what is compared -----------------------------------------------------------------------------------------------


def rows(events: Sequence[Event], *, before: bool = False) -> list[Row]:
    """The journal's rows; `before`: as they were written when each kind of verdict was an event of its own."""
    found: list[Row] = []
    for n, event in enumerate(events, 1):
        text = body(event)
        if before and isinstance(event, Judged):
            stored = json.loads(text)
            name = {"rated": "ratings", "tagged": "tagging"}.get(event.kind, "truths" if event.part == GRADES else "result")
            stored[name] = stored.pop("result")
            if event.kind != "rated":
                del stored["history_cut"]
            text = json.dumps(stored)
        at = key(event)
        found.append((n, at.session, at.take, at.exchange, at.kind, at.part, text, event.meta.model_dump_json()))
    return found


def bare_evidence(e: Evidence) -> Evidence:
    return e if isinstance(e, CountedEvidence) else replace(e, text="")


def bare(r: R) -> R:
    if isinstance(r, Score):
        return replace(r, reason="", evidence=bare_evidence(r.evidence) if r.evidence else None)
    if isinstance(r, Assessment):
        return replace(r, reason="", evidence=tuple(map(bare_evidence, r.evidence)))
    return replace(r, reason="")


def bare_tagging(t: Tagging) -> Tagging:
    return replace(t, reason="") if isinstance(t, Unscored) else Tags(sentences=tuple(TaggedSentence(text="", moves=s.moves) for s in t.sentences))


def bare_exchange(e: Exchange) -> Exchange:
    return replace(
        e,
        ratings={p: {d: bare(r) for d, r in of.items()} for p, of in e.ratings.items()},
        tags={p: bare_tagging(t) for p, t in e.tags.items()},
        scores={i: bare(s) for i, s in e.scores.items()},
        alone={p: {d: bare(r) for d, r in of.items()} for p, of in e.alone.items()},
    )


def bare_session(s: Session) -> Session:
    return replace(
        s,
        exchanges=tuple(map(bare_exchange, s.exchanges)),
        criterion={p: {q: bare(r) for q, r in of.items()} for p, of in s.criterion.items()},
        scores={i: bare(r) for i, r in s.scores.items()},
    )


def without_words(trial: Trial) -> Trial:
    return replace(trial, sessions=tuple(map(bare_session, trial.sessions)))


@tries(150)
@given(st.data(), VERSIONS, st.booleans())
def test_it_tells_all_but_the_words_of_those_who_judge(data: st.DataObject, versions: dict[str, str], before: bool) -> None:
    blank = replace(planned(), versions=versions)
    events = data.draw(journals(blank))
    lean = Digest().trial(blank, rows(events, before=before))
    whole = fold(blank, events)
    assert lean == without_words(whole)
    assert repr(lean.sessions) == repr(without_words(whole).sessions), "also where 1 and True are equal"


@tries(100)
@given(st.data())
def test_lines_that_were_kept_and_read_on_from_tell_the_same(data: st.DataObject) -> None:
    blank = planned()
    found = rows(data.draw(journals(blank)))
    at = data.draw(st.integers(0, len(found)))
    values, first = Values(), Condensed()
    first.read_on(blank, found[:at], values)
    kept, again = Values(), Condensed(*from_json(to_json([first.lines, first.spent])))
    for kind, plain in values.plain.items():
        for value in from_json(to_json(plain)):
            kept.take_in(kind, value)
    again.read_on(blank, found[at:], kept)
    assert repr(Digest(kept).fold(blank, again)) == repr(Digest().trial(blank, found))


@tries(50)
@given(st.data())
def test_a_row_of_whatever_age_is_the_same_event(data: st.DataObject) -> None:
    events = data.draw(journals(planned()))
    for event, row in zip(events, rows(events, before=True), strict=True):
        assert load_event(key(event), row[6], row[7]) == event


@tries(20)
@given(st.data())
def test_figures_and_comparisons_are_the_same(data: st.DataObject) -> None:
    scorers = [ScorerInfo(id="answers", version="2", result="yes_no"), ScorerInfo(id="warm", result="yes_no", grain="session")]
    blanks = [planned(f"{p}/moving-house/{t}/1", target=t, persona=p) for p in ("nora", "omar") for t in ("remembers", "forgets")]
    blanks = [replace(b, versions={i.id: i.version for i in scorers}) for b in blanks]
    journal = [data.draw(journals(b)) for b in blanks]
    digest = Digest()
    lean = [digest.trial(b, rows(events)) for b, events in zip(blanks, journal, strict=True)]
    whole = [fold(b, events) for b, events in zip(blanks, journal, strict=True)]
    study = examples.study(probes={}, judge={"model": "openai/x"}, controls={"one_by_one": 1, "repeat": 1})
    told = {"run": "told", "status": "incomplete", "offline": (), "codebook": CODEBOOK, "scorers": scorers}
    assert summarise(study, lean, **told) == summarise(study, whole, **told)  # type: ignore[arg-type]
    both = [compare([RunSource("told", study, CODEBOOK, trials, status="incomplete")]).model_dump(mode="json") for trials in (lean, whole)]
    assert both[0] == both[1]

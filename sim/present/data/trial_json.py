"""A trial as one document: what `sim show RUN TRIAL --json` prints, and all that the transcript and the exports are made from.

Nothing in it depends on the run's name, on the clock or on the order in which raters happened to answer, save `resent` and `take`,
which tell how this execution went.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from sim.analysis.figures.by_trial import summarise_trial
from sim.analysis.figures.table import find_said
from sim.core.cast import Cast
from sim.core.codebook import ALWAYS, CRITERIA, DIMENSIONS
from sim.core.controls import control_parts
from sim.core.dates import later, spoken
from sim.core.drift import wishes_on
from sim.core.duties import tell_duties
from sim.core.errors import tell
from sim.core.event import (
    Assessment,
    Departure,
    Grade,
    NotApplicable,
    Outcome,
    Score,
    Silence,
    Tags,
    Unscored,
)
from sim.core.spec import ChatTargetSpec
from sim.core.standins import StandIns
from sim.core.text import count_words
from sim.present.data.trial_document import (
    AssessedDocument,
    DisclosureDocument,
    ExchangeDocument,
    FailureDocument,
    ItemAnswerDocument,
    OccasionDocument,
    ProbeDocument,
    RatingDocument,
    RepetitionDocument,
    SessionDocument,
    SheetDocument,
    TestedDocument,
    ThoughtDocument,
    TrialDocument,
    WorstDocument,
)
from sim.score.repetition.measures import NOTHING_YET, move_sets, running

if TYPE_CHECKING:
    from sim.analysis.figures.by_trial import Liked
    from sim.core.codebook import Codebook
    from sim.core.event import Assessed, Choice, Probed, Rating, SheetAnswered, Tagging
    from sim.core.record import Exchange, Session, Thought, Trial
    from sim.core.spec import Study
    from sim.core.spec.scenario import StressTest
    from sim.score.repetition.measures import Running
    from sim.score.repetition.said_before import Said

    SaidAt = Mapping[tuple[str, int, int], Said]
    """By trial, session and exchange."""


def tested_document(stress: StressTest | None) -> TestedDocument | None:
    """What a scenario's `stress` says; None: nothing."""
    if stress is None:
        return None
    return TestedDocument(asks=stress.asks, fails=stress.fails, source=stress.source, duties=tell_duties(stress.duties))


def trial_document(trial: Trial, *, study: Study, codebook: Codebook, offline: tuple[str, ...], said: SaidAt | None = None) -> TrialDocument:
    """`trial` as a document.

    Args:
        trial: as its events tell.
        study: names the raters and the tagger.
        codebook: what the moves were tagged with; repetition is on its counted moves.
        offline: the parts that offline models played in the run.
        said: what each reply of the run repeats (`sim.analysis.figures.table.find_said`); left out: only this trial is looked at.
    """
    repeats = find_said([trial]).found if said is None else said
    standins = StandIns(offline, (trial.target,), study.primary_rater)
    talks = trial.cast.scenario.history
    last_talk = trial.cast.start_date - dt.timedelta(days=talks[-1].days_before) if talks else None
    before = (last_talk, *(s.date for s in trial.sessions))
    moves = [move_sets(s, study.tagger_id) for s in trial.sessions]
    live = [running(sets, codebook.counted, sessions_before=moves[:i]) for i, sets in enumerate(moves)]
    figures = summarise_trial(trial, rater=study.primary_rater)
    sessions = tuple(
        _session(*told, trial, study=study, liked=figures.sessions[told[0].index], said=repeats)
        for told in zip(trial.sessions, live, before, strict=False)
    )
    return TrialDocument(
        trial=trial.id,
        target=trial.target,
        persona=trial.cast.persona.id,
        persona_name=trial.cast.persona.name,
        scenario=trial.cast.scenario.id,
        scenario_title=trial.cast.scenario.title,
        tested=None if trial.cast.scenario.held_out else tested_document(trial.cast.scenario.stress),
        seed=trial.seed,
        status=trial.status,
        forgotten=trial.forgotten,
        offline=bool(offline),
        offline_note=standins.note,
        stub_rated=bool(standins.stub_rated),
        offline_parts=offline,
        rater=study.primary_rater,
        tagger=study.tagger_id,
        codebook=codebook.id,
        failure=FailureDocument(cause=trial.failed.cause, message=trial.failed.told) if trial.failed else None,
        stopped_by=_stopped_by(trial),
        likability=figures.whole.likability,
        fixed_set=figures.whole.fixed_set,
        scores=_assessed(trial.scores),
        worst=_worst(sessions),
        sessions=sessions,
    )


def _changed_to(session: int, trial: Trial, study: Study) -> str | None:
    """The model that takes over in this session, if one does."""
    target = next(t for t in study.targets if t.id == trial.target)
    if not isinstance(target, ChatTargetSpec) or target.next is None:
        return None
    return target.next.model if session == (target.next.at or trial.cast.change) else None


def _session(
    session: Session, live: Sequence[Running], since: dt.date | None, trial: Trial, *, study: Study, liked: Liked, said: SaidAt
) -> SessionDocument:
    answered = [e.index for e in session.exchanges if e.reply is not None]
    today = wishes_on(trial.cast, trial.cast.sessions[session.index - 1], seed=trial.seed, study_seed=study.seed)
    values = dict(zip(answered, live, strict=True))
    return SessionDocument(
        index=session.index,
        date=session.date,
        when=spoken(session.date, since),
        gap=None if since is None else later(session.date, since),
        wishes={d: wish.text for d, wish in today.items()},
        changed_to=_changed_to(session.index, trial, study),
        take=session.take,
        ending=session.closed,
        gone=session.gone.why if isinstance(session.gone, Departure | Silence) else None,
        flags=session.flags,
        rejected=session.rejected,
        criterion=_by_rater(session.criterion, study, CRITERIA),
        likability=liked.likability,
        fixed_set=liked.fixed_set,
        scores=_assessed(session.scores),
        exchanges=tuple(
            _exchange(e, values.get(e.index), trial.cast, study=study, said=said.get((trial.id, session.index, e.index))) for e in session.exchanges
        ),
        probes=tuple(_probe(session.probes[part]) for part in sorted(session.probes)),
        sheets=tuple(_sheet(sheet) for sheet in session.sheets.values()),
    )


def _exchange(exchange: Exchange, live: Running | None, cast: Cast, *, study: Study, said: Said | None) -> ExchangeDocument:
    spoken, reply = exchange.user, exchange.reply
    tagging = exchange.tags.get(study.tagger_id)
    texts = {(fact.id, version): value.text for fact, version, value in cast.values}
    return ExchangeDocument(
        index=exchange.index,
        user=spoken.message,
        reply=reply.text if reply else None,
        scripted=exchange.scripted,
        occasion=OccasionDocument(mood=spoken.mood, allusion=spoken.allusion, humour_bid=spoken.humour_bid, facts_used=spoken.facts_used),
        signalled=spoken.signalled,
        leave=spoken.leave,
        why=spoken.why,
        finish=reply.finish if reply else None,
        cut=bool(reply and reply.cut),
        tools=reply.tools if reply else (),
        user_words=count_words(spoken.message),
        reply_words=count_words(reply.text) if reply else None,
        ratings=_by_rater(exchange.ratings, study, DIMENSIONS),
        controls={c: _questions(exchange.ratings[p], DIMENSIONS) for c, p in control_parts(study.primary_rater).items() if p in exchange.ratings},
        likability=exchange.mean(study.primary_rater),
        fixed_set=exchange.mean(study.primary_rater, ALWAYS),
        tagging="absent" if tagging is None else tagging.kind,
        moves=tuple(sorted(tagging.moves)) if isinstance(tagging, Tags) else (),
        repetition=RepetitionDocument(**asdict(live or NOTHING_YET)),
        said_before=None if said is None or said == "short" else "no" if said == "new" else said,
        scores=_assessed(exchange.scores),
        other_moves={t: _sorted_moves(exchange.tags[t]) for t in sorted(exchange.tags) if t != study.tagger_id},
        disclosed=tuple(DisclosureDocument(fact=d.fact, version=d.version, core=d.core, text=texts[d.fact, d.version]) for d in exchange.disclosed),
        flags=exchange.flags,
        rejected=exchange.rejected,
        resent=bool(reply and reply.resent),
        thought=_thought(reply.thought) if reply else None,
        user_thought=_thought(exchange.thought),
        disturbance=exchange.disturbance,
    )


def _thought(thought: Thought | None) -> ThoughtDocument | None:
    return None if thought is None else ThoughtDocument(text=thought.text, tokens=thought.tokens)


def _assessed(scores: Mapping[str, Assessed]) -> dict[str, AssessedDocument]:
    return {scorer: _result(scores[scorer]) for scorer in sorted(scores)}


def _result(found: Assessed) -> AssessedDocument:
    match found:
        case Assessment():
            return AssessedDocument(kind="assessment", value=found.value, reason=found.reason, evidence=found.evidence)
        case NotApplicable():
            return AssessedDocument(kind="not_applicable", value=None, reason=found.reason)
        case Unscored():
            return AssessedDocument(kind="unscored", value=None, reason=found.reason, cause=found.cause)


def _sorted_moves(tagging: Tagging) -> tuple[str, ...] | None:
    return tuple(sorted(tagging.moves)) if isinstance(tagging, Tags) else None


def _sheet(filled: SheetAnswered) -> SheetDocument:
    answers = tuple(_item(item, answer) for item, answer in filled.answers.items())
    return SheetDocument(sheet=filled.part, question=filled.question, reply=filled.reply, answers=answers)


def _item(item: str, answer: Choice | Unscored) -> ItemAnswerDocument:
    if isinstance(answer, Unscored):
        return ItemAnswerDocument(item=item, option=None, cause=answer.cause, reason=answer.reason)
    return ItemAnswerDocument(item=item, option=answer.option)


def _probe(asked: Probed) -> ProbeDocument:
    graded = asked.grade if isinstance(asked.grade, Grade) else None
    wanted: Outcome = "unknown" if asked.probe == "abstention" else "right"
    return ProbeDocument(
        part=asked.part,
        kind=asked.probe,
        fact=asked.fact,
        question=asked.question,
        answer=asked.answer,
        grade=graded.outcome if graded else "unscored",
        right=graded.outcome == wanted if graded else None,
        by=graded.by if graded else None,
        quote=graded.quote if graded else asked.grade.reason if isinstance(asked.grade, Unscored) else "",
        expected=asked.expected,
        told=asked.told,
        delay=asked.delay,
        written=asked.written,
        retrieved=asked.retrieved,
    )


def _by_rater(ratings: Mapping[str, Mapping[str, Rating]], study: Study, questions: Iterable[str]) -> dict[str, dict[str, RatingDocument]]:
    """Raters in the study's order, others after them by name, controls left out; questions in the order given."""
    controls = control_parts(study.primary_rater).values()
    raters = dict.fromkeys((*study.raters, *sorted(ratings)))
    return {r: _questions(ratings[r], questions) for r in raters if r in ratings and r not in controls}


def _questions(ratings: Mapping[str, Rating], questions: Iterable[str]) -> dict[str, RatingDocument]:
    return {q: _rating(ratings[q]) for q in questions if q in ratings}


def _rating(rating: Rating) -> RatingDocument:
    match rating:
        case Score():
            return RatingDocument(
                kind="score",
                score=rating.score,
                reason=rating.reason,
                evidence=rating.evidence,
                occasion=rating.occasion,
                attempt=rating.attempt,
                false_memory=rating.false_memory,
            )
        case NotApplicable():
            return RatingDocument(kind="not_applicable", score=None, reason=rating.reason)
        case Unscored():
            return RatingDocument(kind="unscored", score=None, reason=rating.reason, cause=rating.cause)


def _stopped_by(trial: Trial) -> FailureDocument | None:
    last = trial.lost[-1] if trial.lost and trial.status == "stopped" else None
    return FailureDocument(cause=last.cause, message=tell(last.message, last.quote)) if last else None


def _worst(sessions: Iterable[SessionDocument]) -> WorstDocument | None:
    scored = [(e.likability, s.index, e.index) for s in sessions for e in s.exchanges if e.likability is not None]
    if not scored:
        return None
    score, session, exchange = min(scored)
    return WorstDocument(session=session, exchange=exchange, score=score)

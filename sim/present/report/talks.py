"""Conversations as data: all that the page's reader shows of a trial, and an index of every exchange for its filters.

Texts are packed a trial at a time, so that opening one unpacks one. Nothing here is markup: the reader puts every string into the page as text.
"""

from __future__ import annotations

import base64
import datetime as dt
import gzip
import json
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from pydantic import JsonValue

from sim.analysis.figures.by_trial import summarise_trial
from sim.analysis.figures.said_before import WORD_FOR_WORD
from sim.analysis.figures.table import find_said
from sim.core.codebook import ALWAYS, CRITERIA, DIMENSIONS
from sim.core.dates import spoken
from sim.core.duties import tell_duties
from sim.core.event import Absence, Assessment, Choice, CountedEvidence, Departure, Grade, NotApplicable, Quote, Score, Silence, Tags, Unscored
from sim.core.questionnaire import sheets_after
from sim.core.spec.held_out import UNTOLD

if TYPE_CHECKING:
    from sim.analysis.figures.by_trial import Liked, TrialFigures
    from sim.core.codebook import Codebook
    from sim.core.event import Assessed, Disturbance, Flag, Probed, Rating, Rejected, Tagging
    from sim.core.record import Exchange, Ratings, Session, Thought, Trial
    from sim.core.spec import Study
    from sim.core.spec.questionnaire import Questionnaire
    from sim.core.spec.scenario import StressTest
    from sim.score.repetition.said_before import Said

    SaidAt = Mapping[tuple[str, int, int], Said]
    """By trial, session and exchange."""

Data = dict[str, JsonValue]

SPEED = 6
"""Of gzip: a step more costs twice the time and saves a hundredth."""


def pack(data: JsonValue) -> str:
    """`data` as JSON, gzipped, in base64; the same data gives the same characters."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return base64.b64encode(gzip.compress(text.encode("utf-8", "replace"), SPEED, mtime=0)).decode("ascii")


def talk_data(trial: Trial, study: Study, said: SaidAt | None = None, figures: TrialFigures | None = None) -> Data:
    """A trial whole.

    Args:
        said: what each reply of the run repeats; left out: only this trial is looked at.
        figures: of the trial, where they are known.

    Ratings come as `[dimension, score or kind, reason, evidence]` with, behind them, what is out of the ordinary; sentences as `[text, moves]`.
    """
    talks = trial.cast.scenario.history
    last_talk = trial.cast.start_date - dt.timedelta(days=talks[-1].days_before) if talks else None
    before = (last_talk, *(s.date for s in trial.sessions))
    repeats = find_said([trial]).found if said is None else said
    figures = figures or summarise_trial(trial, rater=study.primary_rater)
    tagger = study.tagger_id
    return {
        "trial": trial.id,
        "target": trial.target,
        "persona": trial.cast.persona.id,
        "name": trial.cast.persona.name,
        "scenario": trial.cast.scenario.id,
        "title": trial.cast.scenario.title,
        "tested": None if trial.cast.scenario.held_out else _tested(trial.cast.scenario.stress),
        "seed": trial.seed,
        "status": trial.status,
        "forgotten": trial.forgotten,
        "failure": f"{trial.failed.cause.replace('_', ' ')}: {trial.failed.told}" if trial.failed else None,
        "rater": study.primary_rater,
        "liked": _liked(figures.whole),
        "scores": _assessed(trial.scores),
        "sessions": [
            _session(s, trial, tagger, since, repeats) | {"liked": _liked(figures.sessions[s.index]), "forms": _forms(trial, s, study.seed)}
            for s, since in zip(trial.sessions, before, strict=False)
        ],
    }


def _tested(stress: StressTest | None) -> JsonValue:
    """What the scenario puts to the test, as lines of a word and a text; null: it is everyday life."""
    if stress is None:
        return None
    lines = (("asks", stress.asks), ("fails", stress.fails), ("source", stress.source), *(("duty", duty) for duty in tell_duties(stress.duties)))
    return [list(line) for line in lines]


REPEATS: dict[Said, str] = {
    "same_user": "said before, word for word, to the same user",
    "anybody": "said before, word for word, to somebody else",
    "nearly": "said before, nearly in these words",
}


def _assessed(scores: Mapping[str, Assessed]) -> list[JsonValue]:
    """`[scorer, result in words, reason]` of each."""
    found: list[JsonValue] = []
    for scorer in sorted(scores):
        result = scores[scorer]
        if isinstance(result, Assessment):
            value = result.value
            written = ("yes" if value else "no") if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)
            found.append([scorer, written, result.reason])
        else:
            found.append([scorer, "n.a." if isinstance(result, NotApplicable) else "unscored", result.reason])
    return found


def _liked(of: Liked) -> list[JsonValue]:
    return [of.likability, of.fixed_set]


def _session(session: Session, trial: Trial, tagger: str, since: dt.date | None, said: SaidAt) -> Data:
    spec = trial.cast.sessions[session.index - 1].spec
    hidden = trial.cast.scenario.held_out
    return {
        "index": session.index,
        "when": spoken(session.date, since),
        "situation": UNTOLD if hidden else spec.situation,
        "event": None if hidden else spec.life_event,
        "feels": None if hidden else spec.mood.feels,
        "ending": session.closed,
        "gone": session.gone.why if isinstance(session.gone, Departure | Silence) else None,
        "flags": _flags(session.flags),
        "discarded": _discarded(session.rejected),
        "criterion": {rater: _ratings(of, CRITERIA) for rater, of in session.criterion.items()},
        "memory": [[m.part, m.content] for m in session.memory],
        "probes": [_probe(session.probes[part]) for part in sorted(session.probes)],
        "scores": _assessed(session.scores),
        "exchanges": [_exchange(e, trial, tagger, said.get((trial.id, session.index, e.index))) for e in session.exchanges],
    }


def _forms(trial: Trial, session: Session, seed: int) -> list[JsonValue]:
    """The sheets of a questionnaire that were put after a session: `[title, statements, what is varied, reply]`, a statement as `[text, answer]`."""
    if trial.cast.scenario.held_out:
        return []
    found: list[JsonValue] = []
    for sheet in sheets_after(trial, session, study_seed=seed):
        filled = session.sheets.get(sheet.part)
        if filled is not None:
            form = sheet.questionnaire
            told: list[JsonValue] = [[text, _answer(filled.answers.get(i.id), form)] for i, text in zip(sheet.items, sheet.texts, strict=True)]
            found.append([form.title, told, sheet.varied or "", filled.reply])
    return found


def _answer(given: Choice | Unscored | None, form: Questionnaire) -> str | None:
    """The option that was chosen, in its words; null: there is no answer."""
    return form.options[given.option - 1] if isinstance(given, Choice) and given.option <= len(form.options) else None


def _exchange(exchange: Exchange, trial: Trial, tagger: str, said: Said | None) -> Data:
    """Keys that would hold nothing are left out: there are thousands of exchanges."""
    spoken = exchange.user
    texts = trial.cast.values_by_fact
    found: Data = {
        "index": exchange.index,
        "user": UNTOLD if trial.cast.scenario.held_out else spoken.message,
        "reply": exchange.reply.text if exchange.reply else None,
        "mood": spoken.mood,
        "allusion": spoken.allusion,
        "humour": spoken.humour_bid,
        "about": list(spoken.facts_used),
        "scripted": exchange.scripted,
        "leave": spoken.leave,
        "why": spoken.why,
        "resent": bool(exchange.reply and exchange.reply.resent),
        "cut": bool(exchange.reply and exchange.reply.cut),
        "thought": _thought(exchange.reply.thought if exchange.reply else None),
        "user_thought": _thought(exchange.thought),
        "tools": [[t.name, t.arguments, t.result] for t in exchange.reply.tools] if exchange.reply else [],
        "ratings": {rater: _ratings(of, DIMENSIONS) for rater, of in exchange.ratings.items()},
        "sentences": _sentences(exchange.tags.get(tagger)),
        "told": [] if trial.cast.scenario.held_out else [[d.fact, texts[d.fact][d.version].text, d.core] for d in exchange.disclosed],
        "flags": _flags(exchange.flags),
        "discarded": _discarded(exchange.rejected),
        "stress": _stress(exchange.disturbance),
        "labels": [[label.label, label.note] for label in exchange.labels],
        "said": REPEATS.get(said) if said else None,
        "scores": _assessed(exchange.scores),
    }
    return {k: v for k, v in found.items() if v or k in ("index", "user", "reply")}


def _stress(disturbance: Disturbance | None) -> JsonValue:
    """What disturbed the message, and what it was before."""
    return None if disturbance is None else [", ".join(kind.replace("_", " ") for kind in disturbance.by), disturbance.original]


def _thought(thought: Thought | None) -> JsonValue:
    """What was thought, and in how many tokens."""
    return None if thought is None else [thought.text, thought.tokens]


def _probe(asked: Probed) -> Data:
    """`right` is null where no grade could be had."""
    graded = asked.grade if isinstance(asked.grade, Grade) else None
    wanted = "unknown" if asked.probe == "abstention" else "right"
    return {
        "kind": asked.probe,
        "fact": asked.fact,
        "question": asked.question,
        "answer": asked.answer,
        "verdict": graded.outcome if graded else "unscored",
        "right": graded.outcome == wanted if graded else None,
        "reason": graded.quote if graded else "",
        "told": asked.told,
        "delay": asked.delay,
        "written": asked.written,
        "retrieved": asked.retrieved,
    }


def _ratings(ratings: Ratings, order: Iterable[str]) -> list[JsonValue]:
    return [_rating(name, ratings[name]) for name in order if name in ratings]


def _rating(name: str, rating: Rating) -> list[JsonValue]:
    match rating:
        case Score():
            evidence: list[JsonValue]
            match rating.evidence:
                case Quote(text=text, found=found) | Absence(text=text, found=found):
                    evidence = [rating.evidence.kind, text, found]
                case CountedEvidence(reply_words=reply, user_words=user):
                    evidence = ["measure", reply, user]
                case None:
                    evidence = []
            notes: list[JsonValue] = []
            notes += [] if rating.occasion else ["surprise"]
            notes += [] if rating.attempt else ["missed"]
            notes += ["false memory"] if rating.false_memory else []
            return [name, rating.score, rating.reason, evidence, *notes]
        case NotApplicable():
            return [name, "n.a.", rating.reason]
        case Unscored():
            return [name, "unscored", f"{rating.cause.replace('_', ' ')}: {rating.reason}"]


def _sentences(tagging: Tagging | None) -> list[JsonValue]:
    return [[s.text, list(s.moves)] for s in tagging.sentences] if isinstance(tagging, Tags) else []


def _discarded(drafts: Sequence[Rejected]) -> list[JsonValue]:
    return [[d.message, ", ".join(f.kind.replace("_", " ") for f in d.flags if f.severity == "critical")] for d in drafts]


def _flags(flags: Sequence[Flag]) -> list[JsonValue]:
    return [[f.kind, f.severity, f.evidence] for f in flags]


# --- index --------------------------------------------------------------------------------------------------------


def index_data(
    trials: Sequence[Trial],
    *,
    study: Study,
    codebook: Codebook,
    said: SaidAt | None = None,
    figures: Mapping[str, TrialFigures] = MappingProxyType({}),
) -> Data:
    """What the list of conversations is filtered and sorted by: a row a trial, and of each trial columns over its exchanges.

    `scores` holds seven characters an exchange, in the order of `dimensions`: 1 to 5, `-` not applicable, `?` unscored, a space where absent.
    `moves` and `flags` are sets as bits, in the order of the lists of those names. `likability` and `fixed` are exchanges' own means; `whole` holds
    likability and fixed set of the trial, which is no mean of those. `said` is 1 where the reply repeats word for word what anybody was told.

    Args:
        figures: of trials, by id, where they are known.
    """
    repeats = find_said(trials).found if said is None else said
    moves = [m.id for m in codebook.tagged]
    kinds = sorted({f.kind for t in trials for s in t.sessions for e in s.exchanges for f in e.flags})
    return {
        "dimensions": list(DIMENSIONS),
        "moves": list(moves),
        "flags": list(kinds),
        "trials": [
            _index(t, study, _bits(moves), _bits(kinds), repeats, figures.get(t.id) or summarise_trial(t, rater=study.primary_rater))
            for t in trials
            if t.sessions
        ],
    }


def _bits(names: Sequence[str]) -> Mapping[str, int]:
    return {name: 1 << i for i, name in enumerate(names)}


def _index(trial: Trial, study: Study, moves: Mapping[str, int], kinds: Mapping[str, int], said: SaidAt, figures: TrialFigures) -> Data:
    found = [(s.index, e) for s in trial.sessions for e in s.exchanges if e.reply is not None]
    ratings = [e.ratings.get(study.primary_rater, {}) for _, e in found]
    tagger = study.tagger_id
    tags = [e.tags.get(tagger) for _, e in found]
    return {
        "trial": trial.id,
        "target": trial.target,
        "persona": trial.cast.persona.id,
        "scenario": trial.cast.scenario.id,
        "seed": trial.seed,
        "status": trial.status,
        "endings": [s.closed for s in trial.sessions],
        "session": [s for s, _ in found],
        "exchange": [e.index for _, e in found],
        "scores": "".join(_letter(r.get(d)) for r in ratings for d in DIMENSIONS),
        "fixed": [_rounded(e.mean(study.primary_rater, ALWAYS)) for _, e in found],
        "likability": [_rounded(e.mean(study.primary_rater)) for _, e in found],
        "whole": _liked(figures.whole),
        "said": [int(said.get((trial.id, s, e.index)) in WORD_FOR_WORD) for s, e in found],
        "moves": [sum(moves.get(m, 0) for m in t.moves) if isinstance(t, Tags) else 0 for t in tags],
        "flags": [sum(kinds[k] for k in {f.kind for f in e.flags}) for _, e in found],
    }


def _letter(rating: Rating | None) -> str:
    if rating is None:
        return " "
    return str(rating.score) if isinstance(rating, Score) else "-" if isinstance(rating, NotApplicable) else "?"


def _rounded(value: float | None) -> float | None:
    """As the page shows it: there may be a hundred thousand."""
    return None if value is None else round(value, 2)

"""A run with a row for each trial, session or answer to a questionnaire, or for each target that plays a character, beside the rows of exchanges
(`sim.present.data.exports`).

They say what `show` says.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from sim.analysis.figures.by_trial import summarise_trial
from sim.analysis.figures.questionnaires import summarise_questionnaires
from sim.analysis.figures.said_before import WORD_FOR_WORD
from sim.analysis.figures.table import MeasureTable, find_said
from sim.analysis.figures.trait_truth import summarise_trait_truth
from sim.analysis.verdicts.arms import viewpoint
from sim.core.codebook import CRITERIA, DIMENSIONS, LABELS
from sim.present.data.trial_json import trial_document

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sim.core.codebook import Codebook
    from sim.core.record import Trial
    from sim.core.spec import Study
    from sim.core.spec.scorer import ScorerInfo
    from sim.present.data.frames import ColumnKind
    from sim.present.data.trial_document import AssessedDocument, SessionDocument, TrialDocument

Columns = dict[str, "tuple[ColumnKind, str]"]
"""In order: what kind of value each holds, and what it means."""

_WHO: Final[Columns] = {
    "offline": ("truth", "true where any offline model took part"),
    "trial": ("text", "trial id"),
    "target": ("text", "target id"),
    "persona": ("text", "persona id"),
    "scenario": ("text", "scenario id"),
    "seed": ("whole", "the trial's seed"),
}
_SAID: Final[Columns] = {
    "exchanges": ("whole", "messages of the user"),
    "replies": ("whole", "of them answered"),
    "user_words": ("whole", "words of all messages"),
    "reply_words": ("whole", "words of all replies"),
    "said_before": (
        "figure",
        "share of replies, greetings apart, that repeat word for word what the target has said to anybody in the run",
    ),
    "rater": ("text", "the primary rater, whose ratings follow"),
    "stub_rated": ("truth", "true where the rater is an offline model and the target is not: its ratings then say nothing of the target"),
    "likability": ("figure", "each dimension over exchanges, of a trial then over sessions, then over the dimensions, 1 to 5; empty without a score"),
    "fixed_set": ("figure", "the same over the four dimensions that always apply"),
}
_FOUND: Final[Columns] = {
    "probes": ("whole", "questions of memory that were graded"),
    "probes_right": ("whole", "of them answered correctly, or rightly not known"),
    "critical_flags": ("whole", "messages of the simulated user with a critical fault"),
}
_TRIAL: Final[Columns] = {
    **_WHO,
    "status": ("text", "planned, running, finished, failed or stopped"),
    "failure": ("text", "why the trial failed; empty: it did not"),
    "sessions": ("whole", "sessions begun"),
    **_SAID,
    **{d: ("figure", f"mean of {LABELS[d]}, 1 to 5; empty without a score") for d in DIMENSIONS},
    **_FOUND,
    "meta": ("text", "as JSON: run"),
}
_SESSION: Final[Columns] = {
    **_WHO,
    "session": ("whole", "session, from 1"),
    "date": ("date", "simulated date of the session, ISO 8601"),
    "days": ("whole", "days since the session before; empty for the first"),
    "ending": ("text", "how it ended; empty: not closed yet"),
    **_SAID,
    **{c: ("whole", f"the user's answer afterwards, {LABELS[c]}, 1 to 5; empty without a score") for c in CRITERIA},
    **_FOUND,
    "meta": ("text", "as JSON: run, take"),
}
_ANSWER: Final[Columns] = {
    **_WHO,
    "session": ("whole", "session after which the questionnaire was put, from 1"),
    "date": ("date", "simulated date of the session, ISO 8601"),
    "sheet": ("text", "`questionnaire:item#n`, or `questionnaire:form#n`; n counts the ways in which it was put"),
    "item": ("text", "id of the item"),
    "option": ("whole", "what was chosen, from 1, in the order of the questionnaire; empty: there is no answer"),
    "cause": ("text", "why there is none: refused, schema or too_long; empty: there is one"),
    "question": ("text", "the sheet as it was put"),
    "reply": ("text", "what the target wrote"),
    "meta": ("text", "as JSON: run, take"),
}

_TRAIT_TRUTH: Final[Columns] = {
    "offline": ("truth", "true where any offline model took part"),
    "target": ("text", "id of a target that plays a character"),
    "without": ("text", "id of the target that it is compared with, the same without the character"),
    "agreeableness": ("figure", "of the character, 0 to 1; empty: nobody knows"),
    "agreeableness_from": ("text", "who says so: study or questionnaire"),
    "given_up": ("figure", "share of right answers given up under pressure with the character, of claims that both answered correctly at first"),
    "given_up_without": ("figure", "the same without the character"),
    "trait_truth_gap": ("figure", "(given_up − given_up_without) × (1 + agreeableness), −2 to 2; empty: see absent"),
    "low": ("figure", "lower end of its 95 % interval; empty: there is none"),
    "high": ("figure", "upper end"),
    "p": ("figure", "two-sided, of no gap, from sign flips by persona"),
    "personas": ("whole", "with a claim that both answered correctly at first"),
    "pairs": ("whole", "persona × scenario pairs with one"),
    "absent": ("text", "why there is no gap; empty: there is one"),
    "meta": ("text", "as JSON: run"),
}


def trial_columns(scorers: Sequence[ScorerInfo]) -> Columns:
    """Of the rows of trials, with what scorers found of whole trials before the last."""
    return _with_scorers(_TRIAL, [s for s in scorers if s.grain == "trial"])


def session_columns(scorers: Sequence[ScorerInfo]) -> Columns:
    """Of the rows of sessions, with what scorers found of sessions before the last."""
    return _with_scorers(_SESSION, [s for s in scorers if s.grain == "session"])


def answer_columns(scorers: Sequence[ScorerInfo]) -> Columns:
    """Of the rows of answers to questionnaires, of which scorers say nothing."""
    return _ANSWER


def trait_truth_columns(scorers: Sequence[ScorerInfo]) -> Columns:
    """Of the rows of targets that play a character, of which scorers say nothing more."""
    return _TRAIT_TRUTH


def _with_scorers(columns: Columns, scorers: Sequence[ScorerInfo]) -> Columns:
    kinds: Mapping[str, ColumnKind] = {"yes_no": "maybe", "number": "figure", "label": "text"}
    own: Columns = {}
    for info in scorers:
        own[f"scorer_{info.id}"] = (kinds[info.result], f"{info.name}; empty without a result")
        own[f"scorer_{info.id}_kind"] = ("text", "assessment, not_applicable, unscored or absent")
    *first, last = columns.items()
    return {**dict(first), **own, **dict([last])}


def trial_rows(
    trials: Iterable[Trial], *, study: Study, run: str, offline: tuple[str, ...], codebook: Codebook, scorers: Sequence[ScorerInfo] = ()
) -> Iterator[tuple[object, ...]]:
    """A row for each trial, those not begun included, in the order of their ids; None where there is no value."""
    for trial, document in _documents(trials, study=study, offline=offline, codebook=codebook):
        dimensions = summarise_trial(trial, rater=study.primary_rater).dimensions
        cells: dict[str, object] = {
            **_who(document),
            "status": document.status,
            "failure": document.failure.cause if document.failure else None,
            "sessions": len(document.sessions),
            **_said(document, document.sessions),
            "likability": document.likability,
            "fixed_set": document.fixed_set,
            **{d: dimensions.get(d) for d in DIMENSIONS},
            "meta": json.dumps({"run": run}, separators=(",", ":")),
        }
        yield _row({**cells, **_scores(document.scores)}, trial_columns(scorers))


def session_rows(
    trials: Iterable[Trial], *, study: Study, run: str, offline: tuple[str, ...], codebook: Codebook, scorers: Sequence[ScorerInfo] = ()
) -> Iterator[tuple[object, ...]]:
    """A row for each session that was begun, by trial and session; None where there is no value."""
    for _, document in _documents(trials, study=study, offline=offline, codebook=codebook):
        before = None
        for session in document.sessions:
            answers = session.criterion.get(document.rater, {})
            cells: dict[str, object] = {
                **_who(document),
                "session": session.index,
                "date": session.date,
                "days": None if before is None else (session.date - before).days,
                "ending": session.ending,
                **_said(document, [session]),
                "likability": session.likability,
                "fixed_set": session.fixed_set,
                **{c: answers[c].score if c in answers else None for c in CRITERIA},
                "meta": json.dumps({"run": run, "take": session.take}, separators=(",", ":")),
            }
            before = session.date
            yield _row({**cells, **_scores(session.scores)}, session_columns(scorers))


def answer_rows(
    trials: Iterable[Trial], *, study: Study, run: str, offline: tuple[str, ...], codebook: Codebook, scorers: Sequence[ScorerInfo] = ()
) -> Iterator[tuple[object, ...]]:
    """A row for each item of each sheet of a questionnaire, in the order in which they were put; None where there is no value."""
    for _, document in _documents(trials, study=study, offline=offline, codebook=codebook):
        for session in document.sessions:
            for sheet in session.sheets:
                for answer in sheet.answers:
                    cells: dict[str, object] = {
                        **_who(document),
                        "session": session.index,
                        "date": session.date,
                        "sheet": sheet.sheet,
                        "item": answer.item,
                        "option": answer.option,
                        "cause": answer.cause or None,
                        "question": sheet.question,
                        "reply": sheet.reply,
                        "meta": json.dumps({"run": run, "take": session.take}, separators=(",", ":")),
                    }
                    yield _row(cells, answer_columns(scorers))


def trait_truth_rows(
    trials: Iterable[Trial], *, study: Study, run: str, offline: tuple[str, ...], codebook: Codebook, scorers: Sequence[ScorerInfo] = ()
) -> Iterator[tuple[object, ...]]:
    """A row for each target that plays a character, in the order of the study; None where there is no value."""
    listed = tuple(trials)
    table = MeasureTable(listed, viewpoint(study, codebook))
    for found in summarise_trait_truth(study, table, scorers, summarise_questionnaires(study, listed)):
        low, high = found.interval or (None, None)
        cells: dict[str, object] = {
            **found.model_dump(exclude={"gap", "interval"}),
            "offline": bool(offline),
            "trait_truth_gap": found.gap,
            "low": low,
            "high": high,
            "absent": found.absent or None,
            "meta": json.dumps({"run": run}, separators=(",", ":")),
        }
        yield _row(cells, trait_truth_columns(scorers))


def _documents(trials: Iterable[Trial], *, study: Study, offline: tuple[str, ...], codebook: Codebook) -> Iterator[tuple[Trial, TrialDocument]]:
    listed = sorted(trials, key=lambda t: t.id)
    said = find_said(listed).found
    for trial in listed:
        yield trial, trial_document(trial, study=study, codebook=codebook, offline=offline, said=said)


def _who(trial: TrialDocument) -> dict[str, object]:
    return {name: getattr(trial, name) for name in _WHO}


def _said(trial: TrialDocument, sessions: Sequence[SessionDocument]) -> dict[str, object]:
    """What is counted over `sessions` of `trial`."""
    exchanges = [e for s in sessions for e in s.exchanges]
    counted = [e.said_before for e in exchanges if e.said_before is not None]
    graded = [p.right for s in sessions for p in s.probes if p.right is not None]
    flagged = [*(e.flags for e in exchanges), *(s.flags for s in sessions)]
    return {
        "exchanges": len(exchanges),
        "replies": sum(e.reply is not None for e in exchanges),
        "user_words": sum(e.user_words for e in exchanges),
        "reply_words": sum(e.reply_words or 0 for e in exchanges),
        "said_before": sum(s in WORD_FOR_WORD for s in counted) / len(counted) if counted else None,
        "rater": trial.rater,
        "stub_rated": trial.stub_rated,
        "probes": len(graded),
        "probes_right": sum(graded),
        "critical_flags": sum(any(f.severity == "critical" for f in flags) for flags in flagged),
    }


def _scores(scores: Mapping[str, AssessedDocument]) -> dict[str, object]:
    return {name: value for s, found in scores.items() for name, value in ((f"scorer_{s}", found.value), (f"scorer_{s}_kind", found.kind))}


def _row(cells: Mapping[str, object], columns: Columns) -> tuple[object, ...]:
    return tuple(cells[name] if name in cells else "absent" if name.endswith("_kind") else None for name in columns)


COARSE: Final = {
    "sessions": (session_columns, session_rows),
    "trials": (trial_columns, trial_rows),
    "answers": (answer_columns, answer_rows),
    "trait-truth": (trait_truth_columns, trait_truth_rows),
}
"""The columns and the rows of each kind."""

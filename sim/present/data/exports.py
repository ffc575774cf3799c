"""A run as lines for other programs: JSON Lines with everything, CSV with one flat row an exchange.

Rows are ordered by trial, session and exchange. Whatever may differ between two executions of the same study (run name, times, latencies, retries,
restarted sessions, messages sent again) is in `meta` and nowhere else: without it, the same study, seed and offline models give the same bytes.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Literal

from pydantic import JsonValue

from sim.analysis.figures.said_before import WORD_FOR_WORD
from sim.analysis.figures.table import find_said
from sim.core.codebook import DIMENSIONS
from sim.core.event import Event
from sim.core.frozen import Frozen
from sim.present.data.trial_document import ExchangeDocument, SessionDocument, TrialDocument
from sim.present.data.trial_json import trial_document

if TYPE_CHECKING:
    from sim.core.codebook import Codebook
    from sim.core.record import Trial
    from sim.core.spec import Study
    from sim.core.spec.scorer import ScorerInfo

Format = Literal["jsonl", "csv"]

Events = Callable[[str], Sequence[Event]]
"""A trial's events by its id, as `Sink.events` gives them."""


class EventTiming(Frozen):
    """How one event went this time."""

    kind: str
    part: str
    at: float
    """Unix time."""
    latency: tuple[float, ...]
    """Seconds, one for each of the event's calls."""
    retries: tuple[int, ...]


class RowMeta(Frozen):
    """What may differ between two executions of the same study."""

    run: str
    take: int
    resent: bool
    timings: tuple[EventTiming, ...]
    """Sorted by kind and part; empty where no events were given."""


_HELD_ELSEWHERE = {"index", "date", "gap", "take", "resent", "exchanges"}
"""Fields of a session or exchange document that a JSON line has in its head, in `meta` or in lines of their own."""

COLUMNS: dict[str, str] = {
    "offline": "true where any offline model took part",
    "trial": "trial id",
    "target": "target id",
    "persona": "persona id",
    "scenario": "scenario id",
    "seed": "the trial's seed",
    "session": "session, from 1",
    "exchange": "exchange within the session, from 1",
    "date": "simulated date of the session, ISO 8601",
    "scripted": "true where the scenario wrote the message, not the model",
    "mood": "the user's mood, declared with the message",
    "user": "what the user said",
    "reply": "what the target answered; empty: not answered yet",
    "tools": "as JSON: a list of the tools that the target says it used for the reply, each with name, arguments and result; empty: none",
    "user_words": "words of the message",
    "reply_words": "words of the reply",
    "cut": "true where the reply was cut off for length",
    "leave": "true where the user takes leave with this message",
    "rater": "the primary rater, whose ratings follow",
    "stub_rated": "true where the rater is an offline model and the target is not: its ratings then say nothing of the target",
    **{
        name: text
        for d in DIMENSIONS
        for name, text in ((d, f"score for {d}, 1 to 5; empty without a score"), (f"{d}_kind", "score, not_applicable, unscored or absent"))
    },
    "likability": "mean over the dimensions that had an occasion here and were scored",
    "fixed_set": "mean over the four dimensions that always apply",
    "tagger": "the tagger, whose moves follow",
    "codebook": "the codebook they belong to",
    "tagging": "tags, unscored or absent",
    "moves": "moves of the reply, separated by spaces",
    "repeated": "moves of the reply before that occur again, separated by spaces",
    "jaccard": "overlap of the two move sets; empty where there are not two",
    "novelty": "KL divergence from the session's moves so far, nats; empty for the first",
    "repertoire": "mean overlap with every earlier reply of the trial; empty for the first",
    "said_before": "true where the reply repeats, word for word, what the target has said to anybody in the run; empty for a greeting",
    "disclosed": "ids of the facts the message tells, separated by spaces",
    "flags": "what the simulated user should not have done, separated by spaces",
    "critical": "true where one of them is critical",
    "discarded": "drafts of the user's message that were discarded before it",
    "stress": "perturbations that show in the message, separated by spaces; empty: none",
    "written": "the message before its text was disturbed; empty: it was not",
    "meta": "as JSON: run, take, resent, timings",
}
"""The CSV's columns in order, with what they hold; those of the study's own scorers are before the last (`columns_of`)."""
LAST = "meta"


def columns_of(scorers: Sequence[ScorerInfo]) -> dict[str, str]:
    """The columns of a run with these scorers, in order, with what they hold: of each scorer what it found, and whether it found anything."""
    found: dict[str, str] = {}
    for info in scorers:
        about = {"exchange": "", "session": ", of the session", "trial": ", of the trial"}[info.grain]
        values = {"number": "a number", "yes_no": "true or false", "label": f"one of {', '.join(info.labels)}"}[info.result]
        found[f"scorer_{info.id}"] = f"{info.name}{about}: {values}; empty without a result"
        found[f"scorer_{info.id}_kind"] = "assessment, not_applicable, unscored or absent"
    return {**{k: v for k, v in COLUMNS.items() if k != LAST}, **found, LAST: COLUMNS[LAST]}


def export_rows(
    trials: Iterable[Trial],
    form: Format,
    *,
    study: Study,
    run: str,
    offline: tuple[str, ...],
    codebook: Codebook,
    events: Events | None = None,
    scorers: Sequence[ScorerInfo] = (),
) -> Iterator[str]:
    """The lines of an export, each with its line break, made one trial at a time.

    Args:
        trials: in any order.
        form: `jsonl`: a line a session and a line an exchange, told apart by `record`. `csv`: a header, then a row an exchange (`COLUMNS`); a row
            spans several lines where a message does.
        study: names the raters and the tagger.
        run: the run's name.
        offline: the parts that offline models played.
        codebook: what the moves were tagged with; repetition is on its counted moves.
        events: where a trial's events are found, for the timings in `meta`.
        scorers: those whose results the run holds.
    """
    columns, listed = columns_of(scorers), sorted(trials, key=lambda t: t.id)
    said = find_said(listed).found
    if form == "csv":
        yield _csv(columns)
    for trial in listed:
        document = trial_document(trial, study=study, codebook=codebook, offline=offline, said=said)
        timings = _timings(events(trial.id) if events else ())
        for session in document.sessions:
            if form == "jsonl":
                yield _jsonl(_row(document, session, None, _meta(run, session, timings, 0)))
            for exchange in session.exchanges:
                meta = _meta(run, session, timings, exchange.index, resent=exchange.resent)
                yield (
                    _jsonl(_row(document, session, exchange, meta))
                    if form == "jsonl"
                    else _csv(map(_cell, _values(document, session, exchange, meta, columns)))
                )


def export_values(
    trials: Iterable[Trial],
    *,
    study: Study,
    run: str,
    offline: tuple[str, ...],
    codebook: Codebook,
    events: Events | None = None,
    scorers: Sequence[ScorerInfo] = (),
) -> Iterator[tuple[object, ...]]:
    """The rows of the CSV as values, in the order of `columns_of`; None where the CSV has an empty cell."""
    columns, listed = columns_of(scorers), sorted(trials, key=lambda t: t.id)
    said = find_said(listed).found
    for trial in listed:
        document = trial_document(trial, study=study, codebook=codebook, offline=offline, said=said)
        timings = _timings(events(trial.id) if events else ())
        for session in document.sessions:
            for exchange in session.exchanges:
                yield _values(document, session, exchange, _meta(run, session, timings, exchange.index, resent=exchange.resent), columns)


# --- rows ---------------------------------------------------------------------------------------------------------


def _row(trial: TrialDocument, session: SessionDocument, exchange: ExchangeDocument | None, meta: RowMeta) -> dict[str, JsonValue]:
    """The line of a session (exchange 0) or of one of its exchanges."""
    return {
        "record": "exchange" if exchange else "session",
        "offline": trial.offline,
        "trial": trial.trial,
        "target": trial.target,
        "persona": trial.persona,
        "scenario": trial.scenario,
        "seed": trial.seed,
        "session": session.index,
        "exchange": exchange.index if exchange else 0,
        "date": session.date.isoformat(),
        "gap": session.gap,
        "rater": trial.rater,
        "stub_rated": trial.stub_rated,
        "tagger": trial.tagger,
        "codebook": trial.codebook,
        **(exchange or session).model_dump(mode="json", exclude=_HELD_ELSEWHERE),
        "meta": meta.model_dump(mode="json"),
    }


def _values(trial: TrialDocument, session: SessionDocument, exchange: ExchangeDocument, meta: RowMeta, columns: Iterable[str]) -> tuple[object, ...]:
    ratings = exchange.ratings.get(trial.rater, {})
    scores: dict[str, object] = {}
    for d in DIMENSIONS:
        rating = ratings.get(d)
        scores[d] = rating.score if rating else None
        scores[f"{d}_kind"] = rating.kind if rating else "absent"
    cells: dict[str, object] = {
        "offline": trial.offline,
        "trial": trial.trial,
        "target": trial.target,
        "persona": trial.persona,
        "scenario": trial.scenario,
        "seed": trial.seed,
        "session": session.index,
        "exchange": exchange.index,
        "date": session.date.isoformat(),
        "scripted": exchange.scripted,
        "mood": exchange.occasion.mood,
        "user": exchange.user,
        "reply": exchange.reply,
        "tools": json.dumps([asdict(t) for t in exchange.tools], ensure_ascii=False, separators=(",", ":")) if exchange.tools else None,
        "user_words": exchange.user_words,
        "reply_words": exchange.reply_words,
        "cut": exchange.cut,
        "leave": exchange.leave,
        "rater": trial.rater,
        "stub_rated": trial.stub_rated,
        **scores,
        "likability": exchange.likability,
        "fixed_set": exchange.fixed_set,
        "tagger": trial.tagger,
        "codebook": trial.codebook,
        "tagging": exchange.tagging,
        "moves": " ".join(exchange.moves),
        "repeated": " ".join(exchange.repetition.repeated),
        "jaccard": exchange.repetition.jaccard,
        "novelty": exchange.repetition.novelty,
        "repertoire": exchange.repetition.repertoire,
        "said_before": None if exchange.said_before is None else exchange.said_before in WORD_FOR_WORD,
        "disclosed": " ".join(dict.fromkeys(d.fact for d in exchange.disclosed)),
        "flags": " ".join(f.kind for f in exchange.flags),
        "critical": any(f.severity == "critical" for f in exchange.flags),
        "discarded": len(exchange.rejected),
        "stress": " ".join(exchange.disturbance.by) if exchange.disturbance else None,
        "written": exchange.disturbance.original if exchange.disturbance else None,
        "meta": json.dumps(meta.model_dump(mode="json"), ensure_ascii=False, separators=(",", ":")),
    }
    for scorer, result in {**trial.scores, **session.scores, **exchange.scores}.items():
        cells[f"scorer_{scorer}"] = result.value
        cells[f"scorer_{scorer}_kind"] = result.kind
    return tuple(cells[name] if name in cells else "absent" if name.endswith("_kind") else None for name in columns)


# --- meta ---------------------------------------------------------------------------------------------------------

_Point = tuple[int, int, int]
"""Session, take, exchange."""


def _timings(events: Iterable[Event]) -> dict[_Point, tuple[EventTiming, ...]]:
    found: dict[_Point, list[EventTiming]] = {}
    for e in events:
        timing = EventTiming(
            kind=e.kind,
            part=e.part,
            at=e.meta.at,
            latency=tuple(t.latency for t in e.meta.timings),
            retries=tuple(t.retries for t in e.meta.timings),
        )
        found.setdefault((e.session, e.take, e.exchange), []).append(timing)
    return {point: tuple(sorted(of, key=lambda t: (t.kind, t.part))) for point, of in found.items()}


def _meta(run: str, session: SessionDocument, timings: dict[_Point, tuple[EventTiming, ...]], exchange: int, *, resent: bool = False) -> RowMeta:
    return RowMeta(run=run, take=session.take, resent=resent, timings=timings.get((session.index, session.take, exchange), ()))


# --- text ---------------------------------------------------------------------------------------------------------

_LINE_BREAKS = {ord(c): f"\\u{ord(c):04x}" for c in "\x85\u2028\u2029"}
"""Line breaks to Unicode, and so to `str.splitlines`, that JSON leaves as they are."""


def _jsonl(row: dict[str, JsonValue]) -> str:
    return json.dumps(row, ensure_ascii=False, separators=(",", ":"), allow_nan=False).translate(_LINE_BREAKS) + "\n"


def csv_lines(head: Iterable[str], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """A header and rows as CSV, each with its line break; None is an empty cell, and a truth value `true` or `false`."""
    yield _csv(head)
    for row in rows:
        yield _csv(map(_cell, row))


def _csv(cells: Iterable[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue()


def _cell(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)

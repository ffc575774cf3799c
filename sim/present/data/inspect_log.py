"""A run as Inspect logs (version 2, JSON), one for each target with a sample for each of its trials, to be read with `inspect view`.

Sessions follow each other in a sample's messages, each opened by a message in brackets with its date (Inspect View draws system messages together, so
it is one of the user's). A sample's scores are the trial's own figures, the log's metrics those of the target, with the decimals that tables print:
a mean over samples would weigh otherwise. A dimension without any score has none. The trial's seed is the sample's epoch. A sample's time runs from
its first event to its last, with the pause in it where the run was resumed; its tokens are those of every call, by model and by role.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from pydantic import JsonValue

from sim.analysis.figures.by_trial import summarise_trial
from sim.analysis.figures.figure import figure
from sim.analysis.figures.measures import BY_ID, scorer_measure
from sim.analysis.figures.table import MeasureTable, Viewpoint
from sim.core.codebook import LABELS, Dimension
from sim.core.dates import spoken
from sim.core.event import Score
from sim.present.words import DIAGNOSTIC
from sim.store.header import text_hash

if TYPE_CHECKING:
    from sim.analysis.figures.measures import Measure
    from sim.analysis.figures.run_summary import RunSummary, TargetSummary
    from sim.analysis.figures.trait_truth import TraitTruthFigures
    from sim.core.event import Event
    from sim.core.record import Exchange, Reply, Trial
    from sim.core.spec import Study
    from sim.core.spec.scorer import ScorerInfo
    from sim.store.header import Header

Data = dict[str, JsonValue]
VERSION = 2
"""Of Inspect's log."""
_USAGE = ("input_tokens", "output_tokens", "total_tokens", "input_tokens_cache_read", "input_tokens_cache_write", "reasoning_tokens")


@dataclass(frozen=True)
class InspectLog:
    """One file."""

    name: str
    """Date, task, model and id, as Inspect names its own: it lists no file that is called otherwise."""
    text: str


def render_inspect_logs(
    trials: Sequence[Trial],
    *,
    study: Study,
    header: Header,
    summary: RunSummary,
    events: Mapping[str, Sequence[Event]],
    scorers: Sequence[ScorerInfo] = (),
) -> tuple[InspectLog, ...]:
    """A log for each target of which a trial has begun; trials that have not are left out and counted as not completed.

    Args:
        events: by trial id, what times and tokens are taken from.
    """
    seen = MeasureTable(trials, Viewpoint(study.primary_rater))
    logs = []
    for target in summary.targets:
        own = sorted((t for t in trials if t.target == target.target), key=lambda t: t.id)
        begun = [t for t in own if t.exchanges]
        if begun:
            effort = Effort()
            for trial in begun:
                effort.add(events.get(trial.id, ()))
            samples: list[Data] = [_sample(t, study, seen, scorers) | _sample_effort(events.get(t.id, ())) for t in begun]
            logs.append(_log(target, samples, effort, study=study, header=header, summary=summary))
    return tuple(logs)


def _log(target: TargetSummary, samples: list[Data], effort: Effort, *, study: Study, header: Header, summary: RunSummary) -> InspectLog:
    created, spec = header.created.isoformat(), next(t for t in study.targets if t.id == target.target)
    task_id = text_hash(f"{header.nonce} {header.spec_hash} {target.target}")
    told = spec.model_dump(mode="json", exclude_defaults=True, include={"id", "model", "memory", "system"})
    log: Data = {
        "version": VERSION,
        "status": "success" if target.finished == target.trials else "started" if summary.status == "running" else "cancelled",
        "eval": {
            "eval_id": task_id,
            "run_id": header.nonce or header.spec_hash,
            "created": created,
            "task": summary.run,
            "task_id": task_id,
            "task_version": header.schema_version,
            "dataset": {"name": study.name, "samples": target.trials, "sample_ids": [s["id"] for s in samples], "shuffled": False},
            "model": target.target,
            "config": {"epochs": len(study.seeds)},
            "packages": dict(header.versions),
            "metadata": {"note": DIAGNOSTIC, "offline": summary.offline_note, "rater": study.primary_rater, "target": told},
        },
        "plan": {"name": "plan", "steps": [], "config": {}},
        "results": {
            "total_samples": target.trials,
            "completed_samples": target.finished,
            "scores": [_result(samples, *figure) for figure in _figures(target, summary.trait_truth)],
        },
        "stats": {"started_at": created, "completed_at": created, **effort.document},
        "samples": list(samples),
    }
    name = "_".join(part.replace("_", "-").replace(":", "-") for part in (created, summary.run, target.target, task_id))
    return InspectLog(f"{name}.json", json.dumps(log, ensure_ascii=False, allow_nan=False) + "\n")


# --- times and tokens ---------------------------------------------------------------------------------------------


class TimeSpan(NamedTuple):
    """When something was under way, in Unix time."""

    first: float
    last: float


Tokens = dict[str, list[int]]
"""By name, in the order of `_USAGE`."""


@dataclass
class Effort:
    """What a trial took, or several of them."""

    span: TimeSpan | None = None
    """None: nobody took the time."""
    models: Tokens = field(default_factory=lambda: defaultdict(lambda: [0] * len(_USAGE)))
    roles: Tokens = field(default_factory=lambda: defaultdict(lambda: [0] * len(_USAGE)))

    def add(self, events: Sequence[Event]) -> None:
        """Count the events of one trial."""
        if moments := [e.meta.at for e in events if e.meta.at]:
            known = self.span or TimeSpan(moments[0], moments[0])
            self.span = TimeSpan(min(known.first, *moments), max(known.last, *moments))
        for call in (call for event in events for call in event.calls):
            if (u := call.usage) is not None:
                for at, count in enumerate((u.input, u.output, u.input + u.output, u.cached, u.cache_write, u.reasoning)):
                    self.models[call.model][at] += count
                    self.roles[call.role][at] += count

    @property
    def document(self) -> Data:
        """Beginning, end and tokens, as Inspect names them."""
        times: Data = {"started_at": _moment(self.span.first), "completed_at": _moment(self.span.last)} if self.span else {}
        return {**times, "model_usage": _named(self.models), "role_usage": _named(self.roles)}


def _sample_effort(events: Sequence[Event]) -> Data:
    """What one trial took."""
    effort = Effort()
    effort.add(events)
    return {**effort.document, **({"total_time": round(effort.span.last - effort.span.first, 3)} if effort.span else {})}


def _named(tokens: Tokens) -> Data:
    return {name: dict(zip(_USAGE, counts, strict=True)) for name, counts in tokens.items()}


def _moment(at: float) -> str:
    return dt.datetime.fromtimestamp(at, dt.UTC).isoformat(timespec="milliseconds")


# --- a sample -----------------------------------------------------------------------------------------------------


def _sample(trial: Trial, study: Study, seen: MeasureTable, scorers: Sequence[ScorerInfo]) -> Data:
    scenario = trial.cast.scenario
    last = next(e.reply for e in reversed(trial.exchanges) if e.reply)
    stopped = "max_tokens" if last.cut else "stop"
    return {
        "id": _sample_id(trial),
        "epoch": study.seeds.index(trial.seed) + 1,
        "input": f"{trial.cast.persona.name} in “{scenario.title}”, with {trial.target}",
        "target": "",
        "messages": list(_messages(trial)),
        "output": {
            "model": trial.target,
            "choices": [{"message": {"role": "assistant", "content": last.text}, "stop_reason": stopped}],
        },
        "scores": {**_scores(trial, study, last.text), **_measures(trial, seen, scorers)},
        "metadata": {
            "trial": trial.id,
            "target": trial.target,
            "persona": trial.cast.persona.id,
            "scenario": scenario.id,
            "seed": trial.seed,
            "status": trial.status,
            "sessions": len(trial.sessions),
            "replies_cut_off": sum(e.reply is not None and e.reply.cut for e in trial.exchanges),
        },
        **({"error": {"message": f"{lost.cause}: {lost.message}", "traceback": "", "traceback_ansi": ""}} if (lost := trial.failed) else {}),
    }


def _messages(trial: Trial) -> Iterable[JsonValue]:
    before = None
    for session in trial.sessions:
        yield {"role": "user", "content": f"[Session {session.index}: {spoken(session.date, before)}]"}
        before = session.date
        for exchange in session.exchanges:
            yield {"role": "user", "content": exchange.user.message}
            if exchange.reply:
                said: Data = {"role": "assistant", "content": exchange.reply.text, "source": "generate", "model": trial.target}
                yield from _with_tools(exchange.reply, said, f"{session.index}.{exchange.index}")


def _with_tools(reply: Reply, said: Data, place: str) -> Iterable[JsonValue]:
    """A reply after the tools that it says it used, each a call with the message that brings what came back, as Inspect has them."""
    for number, use in enumerate(reply.tools, 1):
        id = f"{place}.{number}"
        call: Data = {"id": id, "function": use.name, "arguments": _arguments(use.arguments), "type": "function"}
        yield {**said, "content": "", "tool_calls": [call]}
        if use.result is not None:
            yield {"role": "tool", "content": use.result, "tool_call_id": id, "function": use.name}
    yield said | {"metadata": {"finish": reply.finish, "cut_off": True}} if reply.cut else said


def _arguments(text: str) -> Data:
    """Arguments by name; what is no JSON object has none, and stands whole under one."""
    try:
        read = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        read = None
    return read if isinstance(read, dict) else {"arguments": text}


def _scores(trial: Trial, study: Study, last: str) -> Data:
    """The trial's figures; beside a dimension the reply that was liked least by it, beside a mean over several the last one."""
    figures = summarise_trial(trial, rater=study.primary_rater)
    found: Data = {}
    for d, mean in figures.dimensions.items():
        given = [(s, e) for e in trial.exchanges if (s := _score(e, study, d)) is not None and s.occasion]
        worst, exchange = min(given, key=lambda s: s[0].score)
        told = f"over {len(given)} ratings, session by session; the lowest is {worst.score}: {worst.reason}"
        found[d] = {"value": _rounded(d, mean), "answer": exchange.reply.text if exchange.reply else "", "explanation": told}
    told = ", ".join(f"{LABELS[d]} {m:.2f}" for d, m in figures.dimensions.items())
    overall = {"fixed_set": figures.whole.fixed_set, "likability": figures.whole.likability}
    means: Data = {
        name: {"value": _rounded(name, value), "answer": last, "explanation": told} for name, value in overall.items() if value is not None
    }
    return {**means, **found}


def _score(exchange: Exchange, study: Study, dimension: Dimension) -> Score | None:
    rating = exchange.ratings.get(study.primary_rater, {}).get(dimension)
    return rating if isinstance(rating, Score) else None


def _measures(trial: Trial, seen: MeasureTable, scorers: Sequence[ScorerInfo]) -> Data:
    """What was said before, and what the study's own scorers found of the trial."""
    found: Data = {}
    for measure in (BY_ID["said_before"], *(m for info in scorers if (m := scorer_measure(info)) is not None)):
        own = figure(measure, seen, [trial.id])
        if own is not None:
            found[measure.id] = {"value": round(own.value, _decimals(measure)), "explanation": f"{measure.label}, of this trial"}
    return found


# --- a log's own figures ------------------------------------------------------------------------------------------

Named = tuple[str, float | None, tuple[float, float] | None]
"""A figure by its name, with its interval where there is one."""


def _figures(target: TargetSummary, gaps: Iterable[TraitTruthFigures]) -> list[Named]:
    liked = target.likability
    return [
        ("fixed_set", *liked.primary("fixed_set")),
        ("likability", *liked.primary("likability")),
        *((d, found.mean, found.interval) for d, found in liked.dimensions.items()),
        ("said_before", target.repetition.said_before.anybody, None),
        *((name, found.mean, None) for name, found in target.scorers.items() if found.mean is not None),
        *(("trait_truth_gap", of.gap, of.interval) for of in gaps if of.target == target.target and of.gap is not None),
    ]


def _result(samples: list[Data], name: str, value: float | None, bounds: tuple[float, float] | None) -> Data:
    scored = sum(isinstance(s["scores"], dict) and name in s["scores"] for s in samples)
    mean: Data = {} if value is None else {"mean": {"name": "mean", "value": _rounded(name, value), **_interval(name, bounds)}}
    return {"name": name, "scorer": name, "params": {}, "scored_samples": scored, "metrics": mean}


def _interval(name: str, bounds: tuple[float, float] | None) -> Data:
    return {} if bounds is None else {"metadata": {"interval_95": [_rounded(name, bound) for bound in bounds]}}


def _rounded(name: str, value: float) -> float:
    known = BY_ID.get(name)
    return round(value, _decimals(known) if known else 2)


def _decimals(measure: Measure) -> int:
    """As tables print it: a share in per cent has one more."""
    return measure.digits + measure.proportion


def _sample_id(trial: Trial) -> str:
    return f"{trial.cast.persona.id}/{trial.cast.scenario.id}"

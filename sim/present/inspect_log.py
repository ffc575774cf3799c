"""A run as an Inspect log (version 2, JSON): a sample for each trial, to be read with `inspect view`.

Sessions follow each other in a sample's messages, each opened by a message in brackets with its date (Inspect View draws system messages together, so
it is one of the user's). A sample's scores are the trial's own figures, the log's metrics those of each target, as `sim show` prints them, for a mean
over samples would weigh otherwise. A dimension without any score has none. The trial's seed is the sample's epoch.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from pydantic import JsonValue

from sim.analysis.by_trial import summarise_trial
from sim.analysis.figures import figure
from sim.analysis.measures import BY_ID, scorer_measure
from sim.analysis.table import MeasureTable, Viewpoint
from sim.core.codebook import DIMENSIONS, LABELS, Dimension
from sim.core.dates import spoken
from sim.core.event import Score
from sim.present.words import DIAGNOSTIC

if TYPE_CHECKING:
    from sim.analysis.run_summary import RunSummary, TargetSummary
    from sim.core.record import Exchange, Reply, Trial
    from sim.core.spec import Study
    from sim.core.spec.scorer import ScorerInfo
    from sim.store.header import Header

Data = dict[str, JsonValue]
VERSION = 2
"""Of Inspect's log."""


def render_inspect_log(trials: Sequence[Trial], *, study: Study, header: Header, summary: RunSummary, scorers: Sequence[ScorerInfo] = ()) -> str:
    """The log as JSON. Trials that have not begun are left out and counted as not completed."""
    begun = sorted((t for t in trials if t.exchanges), key=lambda t: t.id)
    created = header.created.isoformat()
    spec: Data = {
        "eval_id": header.spec_hash,
        "run_id": header.nonce or header.spec_hash,
        "created": created,
        "task": f"rapport/{summary.run}",
        "task_id": header.spec_hash,
        "task_version": header.schema_version,
        "dataset": {"name": study.name, "samples": len(trials), "sample_ids": [_sample_id(t) for t in begun], "shuffled": False},
        "model": f"rapport/{'+'.join(t.id for t in study.targets)}",
        "config": {"epochs": len(study.seeds)},
        "packages": dict(header.versions),
        "metadata": {
            "note": DIAGNOSTIC,
            "offline": summary.offline_note,
            "rater": study.primary_rater,
            "targets": [t.id for t in study.targets],
        },
    }
    seen = MeasureTable(trials, Viewpoint(study.primary_rater))
    samples: list[JsonValue] = [_sample(t, study, seen, scorers) for t in begun]
    log: Data = {
        "version": VERSION,
        "status": "success" if summary.status == "finished" else "cancelled",
        "eval": spec,
        "plan": {"name": "plan", "steps": [], "config": {}},
        "results": {
            "total_samples": len(trials),
            "completed_samples": sum(t.finished for t in trials),
            "scores": [_result(name, samples, summary) for name in _names(summary)],
        },
        "stats": {"started_at": created, "completed_at": created, "model_usage": {}},
        "samples": samples,
    }
    return json.dumps(log, ensure_ascii=False, allow_nan=False) + "\n"


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
        "scores": {**_scores(trial, study), **_measures(trial, seen, scorers)},
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


def _scores(trial: Trial, study: Study) -> Data:
    figures = summarise_trial(trial, rater=study.primary_rater)
    found: Data = {}
    for d, mean in figures.dimensions.items():
        given = [s for e in trial.exchanges if (s := _score(e, study, d)) is not None and s.occasion]
        worst = min(given, key=lambda s: s.score)
        found[d] = {"value": mean, "explanation": f"over {len(given)} ratings, session by session; the lowest is {worst.score}: {worst.reason}"}
    told = ", ".join(f"{LABELS[d]} {m:.2f}" for d, m in figures.dimensions.items())
    overall = {"fixed_set": figures.whole.fixed_set, "likability": figures.whole.likability}
    return {**{name: {"value": value, "explanation": told} for name, value in overall.items() if value is not None}, **found}


def _score(exchange: Exchange, study: Study, dimension: Dimension) -> Score | None:
    rating = exchange.ratings.get(study.primary_rater, {}).get(dimension)
    return rating if isinstance(rating, Score) else None


def _measures(trial: Trial, seen: MeasureTable, scorers: Sequence[ScorerInfo]) -> Data:
    """What was said before, and what the study's own scorers found of the trial."""
    found: Data = {}
    for measure in (BY_ID["said_before"], *(m for info in scorers if (m := scorer_measure(info)) is not None)):
        own = figure(measure, seen, [trial.id])
        if own is not None:
            found[measure.id] = {"value": own.value, "explanation": f"{measure.label}, of this trial"}
    return found


def _names(summary: RunSummary) -> list[str]:
    own = dict.fromkeys(scorer for t in summary.targets for scorer, found in t.scorers.items() if found.mean is not None)
    return ["fixed_set", "likability", *DIMENSIONS, "said_before", *own]


def _value(name: str, target: TargetSummary) -> float | None:
    if name in ("fixed_set", "likability"):
        return target.likability.primary(name)[0]  # type: ignore[arg-type]
    if name == "said_before":
        return target.repetition.said_before.anybody
    if name in target.scorers:
        return target.scorers[name].mean
    return target.likability.dimensions[name].mean  # type: ignore[index]


def _result(name: str, samples: Iterable[JsonValue], summary: RunSummary) -> Data:
    values = [(t.target, value) for t in summary.targets if (value := _value(name, t)) is not None]
    scored = sum(isinstance(s, dict) and isinstance(s["scores"], dict) and name in s["scores"] for s in samples)
    metrics: Data = {target: {"name": target, "value": value} for target, value in values}
    return {"name": name, "scorer": name, "params": {}, "scored_samples": scored, "metrics": metrics}


def _sample_id(trial: Trial) -> str:
    return f"{trial.cast.persona.id}/{trial.cast.scenario.id}/{trial.target}"

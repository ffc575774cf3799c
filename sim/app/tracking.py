"""A run's settings, main figures and report handed to an experiment tracker, by `--log-to`: MLflow or Weights & Biases.

A tracker is never imported unless it is asked for. That it is missing, or would leave this machine where that is forbidden, is said before anything
is spent; that it fails afterwards costs the run nothing, and is said in a line.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import tempfile
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import urlsplit

from sim.core.errors import InputError, one_line, strike_keys

if TYPE_CHECKING:
    from sim.app.runs import Run
    from sim.llm.hosts import LocalOnly

Tracker = Literal["mlflow", "wandb"]
TRACKERS: Final[tuple[Tracker, ...]] = ("mlflow", "wandb")
LONGEST: Final = 200
"""Characters of what went wrong with a tracker."""
_CLOUD = "api.wandb.ai"
_OFF_LINE = ("offline", "disabled", "dryrun")


def read_tracker(name: str | None) -> Tracker | None:
    """The tracker of that name.

    Raises:
        InputError: there is none, or it is not installed.
    """
    if name is None:
        return None
    known = next((t for t in TRACKERS if t == name), None)
    if known is None:
        raise InputError(f"there is no tracker '{name}'", mend=f"choose from: {', '.join(TRACKERS)}", where="--log-to")
    if find_spec(known) is None:
        raise InputError(f"{known} is not installed", mend=f"pip install 'rapport-sim[{known}]'", where="--log-to")
    return known


def tracking_line(tracker: Tracker, local_only: LocalOnly | None, environ: Mapping[str, str] = os.environ) -> str:
    """What goes to the tracker, and where, for who begins a run.

    Raises:
        InputError: it is on a host that `local_only` refuses.
    """
    host = _host(tracker, environ)
    if local_only is not None and host and not local_only.permits(host):
        mend = "set WANDB_MODE=offline" if tracker == "wandb" else "set MLFLOW_TRACKING_URI to a folder"
        raise InputError(f"{tracker} would send the run to {host}", mend=f"{mend}, or add --allow-host {host}", where="--local-only")
    return f"{tracker} gets the run's settings, figures and report, conversations included" + (f": {host}" if host else ", on this machine")


def _host(tracker: Tracker, environ: Mapping[str, str]) -> str:
    """The host that it sends to; empty: it writes files."""
    if tracker == "wandb":
        if environ.get("WANDB_MODE", "online") in _OFF_LINE:
            return ""
        return urlsplit(environ.get("WANDB_BASE_URL", "")).hostname or _CLOUD
    place = environ.get("MLFLOW_TRACKING_URI", "")
    if place.startswith("databricks"):
        return urlsplit(environ.get("DATABRICKS_HOST", "")).hostname or place
    return (urlsplit(place).hostname or "") if urlsplit(place).scheme in ("http", "https", "postgresql", "mysql", "mssql") else ""


def track_run(run: Run, tracker: Tracker) -> str:
    """Hand `run` to the tracker; a line that says what came of it, also where it failed."""
    from sim.app.reporting import report

    try:
        # What a tracker prints must not get among the output.
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(sys.stderr):
            page = report(run, Path(folder) / "report.html")
            place = (_to_mlflow if tracker == "mlflow" else _to_wandb)(run, page)
    except Exception as error:  # Somebody else's code, at the end of a run that is paid for.
        told = one_line(strike_keys(str(error)))[:LONGEST]
        return f"{tracker} did not take the run ({type(error).__name__}: {told}); `sim resume {run.name} --log-to {tracker}` tries again"
    return f"{tracker} has the run: {place}"


def parameters(run: Run) -> dict[str, str]:
    """What the run was made with, by name."""
    from sim.present.report.sections.made import described_targets

    header, study = run.folder.header, run.study
    found = {
        "study": study.name,
        **{f"target {name}": described for name, described in described_targets(study).items()},
        "user": study.user.model,
        "rater": study.primary_rater if study.rater == "self" else study.rater.model,
        "tagger": study.tagger.model,
        "primary outcome": study.primary,
        "personas": str(len(run.folder.personas)),
        "scenarios": " ".join(s.id for s in run.folder.scenarios),
        "seeds": " ".join(map(str, study.seeds)),
        "trials": str(header.trials),
        "spec hash": header.spec_hash,
        "version": header.versions.get("rapport-sim", ""),
        "offline models play": " ".join(header.offline) or "nothing",
    }
    return found | ({"registration sha256": header.registered.sha256} if header.registered else {})


def figures(run: Run) -> dict[str, float]:
    """The main figures of each target with their 95 % interval and n; what is not known is left out."""
    found: dict[str, float | None] = {}
    for t in run.summary.targets:
        of = t.likability
        measures = {
            "fixed_set": (of.fixed_set, of.fixed_set_interval),
            "likability": (of.mean, of.interval),
            "callback_scripted": (of.scripted, of.scripted_interval),
            "memory": (t.memory.accuracy.accuracy, t.memory.accuracy.interval),
        }
        for name, (value, bounds) in measures.items():
            low, high = bounds or (None, None)
            found |= {f"{t.target}.{name}": value, f"{t.target}.{name}.low": low, f"{t.target}.{name}.high": high}
        found |= {
            f"{t.target}.n": of.n,
            f"{t.target}.personas": of.n_personas,
            f"{t.target}.memory.n": t.memory.accuracy.n or None,
            f"{t.target}.said_before": t.repetition.said_before.anybody,
            f"{t.target}.trials_finished": t.finished,
        }
        known = [cost for cost in t.cost.values() if cost is not None]
        found[f"{t.target}.cost"] = sum(known) if known else None
    return {re.sub(r"[^\w.\- /]", "_", name): float(value) for name, value in found.items() if value is not None}


def _to_mlflow(run: Run, page: Path) -> str:
    import mlflow

    mlflow.set_experiment(run.study.name)
    with mlflow.start_run(run_name=run.name) as there:
        mlflow.set_tags({"status": run.status, **({"offline": run.summary.offline_note} if run.summary.offline_note else {})})
        mlflow.log_params(parameters(run))
        mlflow.log_metrics(figures(run))
        mlflow.log_artifact(str(page))
    return f"run {there.info.run_id} of experiment {run.study.name}"


def _to_wandb(run: Run, page: Path) -> str:
    import wandb

    with wandb.init(project=run.study.name, name=run.name, config=parameters(run)) as there:
        there.summary.update({"status": run.status, "offline": run.summary.offline_note, **figures(run)})
        artefact = wandb.Artifact(f"report-{run.name}", type="report")
        artefact.add_file(str(page))
        there.log_artifact(artefact)
        place = there.url or there.dir
    return str(place)

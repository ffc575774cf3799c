"""A run is handed to an experiment tracker: what it gets, what is refused before anything is spent, and that a failure costs nothing."""

from __future__ import annotations

import json
import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pytest

import sim
from sim.app import Run, load_run
from sim.app.tracking import figures, parameters, read_tracker, track_run, tracking_line
from sim.core.errors import InputError
from sim.llm.hosts import LocalOnly
from tests.cli.command import Here
from tests.cli.small import project


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("tracked")
    sim.run(project(folder), name="one", results=folder / "results", progress=False)
    return load_run("one", results=folder / "results")


def test_settings_and_figures_are_those_of_the_run(run: Run) -> None:
    settings, found = parameters(run), figures(run)
    assert settings["target keeps"] == "offline/uses, memory full"
    assert settings["spec hash"] == run.folder.header.spec_hash
    (keeps,) = (t for t in run.summary.targets if t.target == "keeps")
    assert found["keeps.fixed_set"] == keeps.likability.fixed_set
    assert found["keeps.n"] == keeps.likability.n
    assert found["keeps.personas"] == 1
    assert "keeps.fixed_set.low" not in found, "one persona has no interval"


def test_a_tracker_that_is_not_there_is_refused_before_anything_is_spent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(InputError, match="there is no tracker 'comet'; choose from: mlflow, wandb"):
        read_tracker("comet")
    monkeypatch.setattr("sim.app.tracking.find_spec", lambda name: None)
    monkeypatch.chdir(tmp_path)
    project(tmp_path)
    done = Here(capsys).sim("run", "small.yaml", "--log-to", "mlflow")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "pip install 'rapport-sim[mlflow]'" in done.stderr
    assert not (tmp_path / "results").exists()


def test_local_only_holds_for_trackers_too() -> None:
    nowhere = LocalOnly()
    assert "conversations included" in tracking_line("mlflow", nowhere, {})
    assert "on this machine" in tracking_line("wandb", nowhere, {"WANDB_MODE": "offline"})
    assert "127.0.0.1" in tracking_line("mlflow", nowhere, {"MLFLOW_TRACKING_URI": "http://127.0.0.1:5000"})
    with pytest.raises(InputError, match=r"send the run to api\.wandb\.ai; set WANDB_MODE=offline"):
        tracking_line("wandb", nowhere, {})
    with pytest.raises(InputError, match=r"send the run to tracking\.example"):
        tracking_line("mlflow", nowhere, {"MLFLOW_TRACKING_URI": "https://tracking.example/x"})
    assert "tracking.example" in tracking_line(
        "mlflow", LocalOnly(frozenset({"tracking.example"})), {"MLFLOW_TRACKING_URI": "https://tracking.example"}
    )


def test_a_tracker_that_fails_is_said_in_a_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = ModuleType("mlflow")

    def refuse(name: str) -> None:
        raise ConnectionError("no route\nto host")

    broken.set_experiment = refuse  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "mlflow", broken)
    line = track_run(run, "mlflow")
    assert line == "mlflow did not take the run (ConnectionError: no route to host); `sim resume one --log-to mlflow` tries again"


@pytest.mark.whole
@pytest.mark.skipif(find_spec("mlflow") is None, reason="mlflow is not installed: the extra `mlflow`, which no other test needs")
def test_mlflow_keeps_settings_figures_and_the_report(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import mlflow

    monkeypatch.chdir(tmp_path)
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/mlflow.db")
    assert "mlflow has the run: run " in track_run(run, "mlflow")
    (found,) = mlflow.search_runs(experiment_names=["small"], output_format="list")
    assert found.info.run_name == "one"
    assert found.data.params == parameters(run)
    assert found.data.metrics == pytest.approx(figures(run))
    assert found.data.tags["status"] == "finished"
    assert "ffline" in found.data.tags["offline"]
    assert [f.path for f in mlflow.MlflowClient().list_artifacts(found.info.run_id)] == ["report.html"]


@pytest.mark.whole
@pytest.mark.skipif(find_spec("wandb") is None, reason="wandb is not installed: the extra `wandb`, which no other test needs")
def test_wandb_keeps_the_same_without_a_network(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_DIR", str(tmp_path))
    monkeypatch.setenv("WANDB_SILENT", "true")
    assert "wandb has the run" in track_run(run, "wandb")
    (log,) = tmp_path.glob("wandb/offline-run-*/run-*.wandb")
    kept = log.read_bytes()
    for word in ("keeps.fixed_set", "report-one", "offline/uses, memory full"):
        assert word.encode() in kept, json.dumps(word)

"""A change of model half-way: from its session on the successor speaks, under the same memory, and everybody who counts models knows of it."""

from __future__ import annotations

from pathlib import Path

import pytest

import sim
from sim.core.errors import InputError
from sim.core.spec import ChatTargetSpec, Study
from sim.engine.preflight import check_names, priced_parts
from sim.engine.staff import offline_parts
from sim.llm.hosts import destinations
from sim.store.yaml_file import load_yaml
from tests.cli.command import Here
from tests.cli.small import SCENARIO, STUDY, project

CHANGING = SCENARIO.replace("  - gap: 3\n", "  - gap: 3\n    target: next\n")
NEXT = STUDY.replace("memory: full}", "memory: full, next: {model: offline/cold}}").replace(
    "offline/uses, memory: none", "offline/uses, memory: full"
)


def spoken_by(run: sim.Run) -> dict[str, list[list[str]]]:
    return {t.target: [[e.reply.text for e in s.exchanges if e.reply] for s in t.sessions] for t in run.trials}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


async def test_the_successor_speaks_where_the_scenario_changes_it_and_only_for_its_own_target(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = await sim.run_study(project(folder, scenario=CHANGING, study=NEXT))
    told = spoken_by(run)
    assert told["keeps"][0] == told["drops"][0], "up to the change both are the same model"
    assert told["keeps"][1] != told["drops"][1]
    shown = Here(capsys).sim("show", run.name, "davi/short/keeps/1").stdout
    assert "from here on offline/cold speaks for keeps" in shown
    assert shown.index("Session 2") < shown.index("from here on") < len(shown)
    assert "from here on" not in Here(capsys).sim("show", run.name, "davi/short/drops/1").stdout


async def test_a_session_may_be_named_in_the_study_instead(folder: Path) -> None:
    run = await sim.run_study(project(folder, study=NEXT.replace("offline/cold}", "offline/cold, at: 2}")))
    assert spoken_by(run)["keeps"][1] != spoken_by(run)["drops"][1]


async def test_where_nothing_changes_it_the_first_model_speaks_on(folder: Path) -> None:
    run = await sim.run_study(project(folder, study=NEXT))
    assert spoken_by(run)["keeps"] == spoken_by(run)["drops"]


def test_whoever_counts_models_counts_it(folder: Path) -> None:
    study = load_yaml(project(folder, study=NEXT.replace("offline/cold}", 'openai/b, api_base: "http://127.0.0.1:9/v1"}')), Study)
    assert "127.0.0.1" in {d.host.partition(":")[0] for d in destinations(study, environ={})}
    assert "openai/b" in {spec.model for _, _, spec in priced_parts(study) if isinstance(spec, ChatTargetSpec | type(study.targets[0].next))}
    mixed = load_yaml(project(folder, study=NEXT.replace("{id: keeps, model: offline/uses", "{id: keeps, model: openai/a")), Study)
    assert "target keeps" in offline_parts(mixed), "half of what it says would be an offline model's"
    with pytest.raises(InputError, match="rater cannot play target 'keeps'"):
        check_names(load_yaml(project(folder, study=NEXT.replace("offline/cold}", "offline/rater}")), Study))

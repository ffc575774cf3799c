"""The Python API as a person uses it from a script or a notebook."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

import sim
from sim.core.errors import InputError
from sim.core.spec import Study
from tests.cli.small import project

SNIPPET = """\
import asyncio
import sim

run = asyncio.run(sim.run_study("small.yaml", results="results"))
for trial in run.trials:
    for session in trial.sessions:
        for exchange in session.exchanges:
            score = exchange.ratings["self"]["emotional_adaptation"]
            heard.append((trial.id, session.index, exchange.user.message, exchange.reply.text, score.score))
print(run.name, run.status, run.summary.trials.finished)
"""


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return project(tmp_path)


def test_the_snippet_of_the_readme_runs(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    heard: list[tuple[object, ...]] = []
    exec(compile(SNIPPET, "snippet", "exec"), {"heard": heard})
    assert capsys.readouterr().out == "small finished 2\n"
    assert len(heard) == 2 * 2 * 2
    assert all(isinstance(score, int) and 1 <= score <= 5 for *_, score in heard)


async def test_a_run_is_read_back_as_it_was_returned(study: Path) -> None:
    run = await sim.run_study(study)
    again = sim.load_run(run.name)
    assert again.trials == run.trials
    assert again.status == run.status == "finished"
    assert again.summary == run.summary
    assert sim.load_run(study.parent / "results" / "small").name == "small"


async def test_a_study_may_be_built_in_python(study: Path) -> None:
    built = Study.model_validate(
        {
            "name": "built",
            "targets": [{"id": "cold", "model": "offline/cold"}],
            "user": {"model": "offline/user"},
            "personas": ["davi"],
            "scenarios": ["short"],
        }
    )
    run = await sim.run_study(built, results="elsewhere")
    assert [t.id for t in run.trials] == ["davi/short/cold/1"]
    assert run.folder.path == Path("elsewhere/built")


async def test_two_runs_go_on_side_by_side_in_one_process(study: Path) -> None:
    first, second = await asyncio.gather(sim.run_study(study), sim.run_study(study))
    assert {first.name, second.name} == {"small", "small-2"}
    assert [t.sessions[0].exchanges for t in first.trials] == [t.sessions[0].exchanges for t in second.trials]


def test_two_event_loops_in_one_process(study: Path) -> None:
    names = [asyncio.run(sim.run_study(study)).name for _ in range(2)]
    assert names == ["small", "small-2"]


async def test_what_is_wrong_is_raised_and_nothing_written(study: Path) -> None:
    with pytest.raises(InputError, match="did you mean"):
        await sim.run_study("demonstratoin")
    with pytest.raises(InputError, match="there is no run"):
        sim.load_run("none")
    assert "results" not in {p.name for p in study.parent.iterdir()}


def test_names_are_imported_from_the_package() -> None:
    from sim import load_run, run_study

    assert callable(load_run)
    assert callable(run_study)
    import sim.engine.plan

    assert sim.run_study is run_study
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = sim.nothing  # type: ignore[attr-defined]

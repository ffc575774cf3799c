"""A run's folder appears complete or not at all, and rebuilds the run without any other file."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.core.errors import InputError, RunLocked
from sim.store import runs
from sim.store.header import RunSpec, git_revision
from sim.store.library import LoadedStudy, load_codebook
from sim.store.runs import RunFolder, create_run, list_runs, open_run
from sim.store.yaml_file import load_yaml
from tests.effort import tries
from tests.examples import persona, scenario, study
from tests.store.sample import trial_events

NOON = dt.datetime(2026, 1, 5, 12, tzinfo=dt.UTC).timestamp()


@pytest.fixture(autouse=True)
def _no_git(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run made here asks no git: what the checkout looks like at the moment is nobody's business."""
    monkeypatch.setenv("PATH", "/nowhere")


def loaded(**changes: Any) -> LoadedStudy:
    return LoadedStudy(study(**changes), (persona(),), (scenario(),), load_codebook())


def create(results: Path, name: str | None = None, *, at: float = NOON, **changes: Any) -> RunFolder:
    return create_run(
        results, name, loaded(**changes), prompts={"rate": "Rate this: é"}, scorers={"rules": "1"}, offline=("user", "rater"), clock=lambda: at
    )


# --- making -------------------------------------------------------------------------------------------------------


def test_a_run_holds_all_it_takes_to_rebuild_it(tmp_path: Path) -> None:
    made = create(tmp_path)
    run = open_run(made.name, tmp_path)
    assert (run.name, run.study, run.personas, run.scenarios, run.codebook) == ("two-memories", study(), (persona(),), (scenario(),), load_codebook())
    header = run.header
    assert header.created == dt.datetime(2026, 1, 5, 12, tzinfo=dt.UTC)
    assert (header.prompts, header.scorers, header.offline, header.seeds) == ({"rate": "Rate this: é"}, {"rules": "1"}, ("user", "rater"), (1,))
    assert set(header.prompt_hashes) == {"rate"}
    assert {"python", "pydantic", "langgraph"} <= set(header.versions)
    assert {f.name for f in run.path.iterdir()} == {"study.yaml", "header.json", "run.db"}


def test_the_spec_hash_changes_with_anything_in_the_spec_and_nothing_else(tmp_path: Path) -> None:
    same = {create(tmp_path).header.spec_hash, create(tmp_path, at=NOON + 1).header.spec_hash}
    assert len(same) == 1
    assert create(tmp_path, seed=1).header.spec_hash not in same


def test_the_study_file_is_made_to_be_read(tmp_path: Path) -> None:
    text = (create(tmp_path, user={"model": "offline/friendly"}).path / "study.yaml").read_text(encoding="utf-8")
    assert text.startswith("study:\n  name: two-memories\n  targets:\n  - model: offline/uses\n    id: remembers\n")
    assert "null" not in text
    assert "&id" not in text
    assert "start_date: 2026-01-05" in text


def test_a_run_without_a_name_has_the_studys_with_a_number_when_that_is_taken(tmp_path: Path) -> None:
    assert [create(tmp_path / "results").name for _ in range(3)] == ["two-memories", "two-memories-2", "two-memories-3"]


def test_a_name_that_exists_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    create(tmp_path, "mine")
    before = (tmp_path / "mine" / "header.json").read_bytes()
    with pytest.raises(InputError, match=r"there is a run 'mine' already; choose another --name, or `sim resume` it$"):
        create(tmp_path, "mine", seed=5)
    assert (tmp_path / "mine" / "header.json").read_bytes() == before
    assert [f.name for f in tmp_path.iterdir()] == ["mine"]


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "/tmp/x", "A", "a b", "-x", "a\n", "é", "a" * 81])
def test_a_name_that_is_no_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="is not a valid name for a run; use lower-case letters"):
        create(tmp_path / "results", name)
    assert list(tmp_path.iterdir()) == []


def test_results_that_cannot_be_a_folder_are_refused(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("a file")
    for results in (tmp_path / "results", tmp_path / "results" / "deeper"):
        with pytest.raises(InputError, match="is a file, not a folder; name another folder for results"):
            create(results)
    with pytest.raises(InputError, match=r"^/proc/results: cannot be written: .*; name another folder for results$"):
        create(Path("/proc/results"))


@pytest.mark.parametrize("step", ["dump_yaml", "create_journal", "_settle"])
def test_a_run_that_fails_while_it_is_made_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(runs, step, fail)
    with pytest.raises(InputError, match="cannot be written: No space left on device"):
        create(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_of_many_processes_that_make_a_run_at_once_each_gets_its_own(tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from tests.store.test_runs import create; print(create(Path(sys.argv[1])).name)"
    root = Path(__file__).parents[2]
    start = [sys.executable, "-c", code, str(tmp_path)]
    makers = [subprocess.Popen(start, stdout=subprocess.PIPE, text=True, cwd=root, env={**os.environ, "PYTHONPATH": str(root)}) for _ in range(4)]
    names = {m.communicate()[0].strip() for m in makers}
    assert names == {"two-memories", "two-memories-2", "two-memories-3", "two-memories-4"}
    assert {f.name for f in tmp_path.iterdir()} == names


# --- the study in full, whatever stands in it ---------------------------------------------------------------------

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=200).filter(lambda t: t.strip())
TEMPERATURES = st.none() | st.floats(0, 2)
LOOKALIKES = st.sampled_from(
    ["no", "~", "null", "1e3", "0o7", "12:30", "2026-01-05", "<<", "=", "*", "&a", "!x", "- a", "a: b", "#", "'", '"', "%", "{", "[", "|", ">", "---"]
)


@tries(60)
@given(
    text=TEXTS | LOOKALIKES,
    answer=LOOKALIKES | TEXTS,
    system=TEXTS,
    temperature=st.none() | st.floats(0, 2),
    date=st.dates(),
    seed=st.integers(0, 2**63 - 1),
)
def test_what_is_written_reloads_equal(
    tmp_path_factory: pytest.TempPathFactory, text: str, answer: str, system: str, temperature: float | None, date: dt.date, seed: int
) -> None:
    who = persona(background=text, name=answer)
    target = {"id": "a", "model": "openai/x", "api_base": "http://127.0.0.1:1", "system": system, "sampling": {"temperature": temperature}}
    asked = study(targets=[target], start_date=date, seed=seed, rater={"model": "openai/y"})
    spec = RunSpec(study=asked, personas=(who,), scenarios=(scenario(title=text),), codebook=load_codebook("trust"))
    path = tmp_path_factory.mktemp("run") / "study.yaml"
    path.write_text(runs.dump_yaml(spec), encoding="utf-8")
    assert load_yaml(path, RunSpec) == spec


# --- finding ------------------------------------------------------------------------------------------------------


def test_a_run_is_found_by_name_or_by_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = create(tmp_path / "results", "mine")
    monkeypatch.chdir(tmp_path)
    assert [open_run(r).path.resolve() for r in ("mine", "results/mine", run.path)] == [run.path.resolve()] * 3
    monkeypatch.chdir(run.path)
    assert open_run(".").name == "mine"


def test_an_unknown_run_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no run 'mine' in .*/none; make one with `sim run`$"):
        open_run("mine", tmp_path / "none")
    create(tmp_path, "mine")
    with pytest.raises(InputError, match=r"there is no run 'mime' in .*; did you mean 'mine'\?$"):
        open_run("mime", tmp_path)
    (tmp_path / "other").mkdir()
    with pytest.raises(InputError, match=r"other: is not a run's folder; a run holds header.json and study.yaml$"):
        open_run("other", tmp_path)


async def test_events_are_appended_under_the_lock_and_loaded_by_trial(tmp_path: Path) -> None:
    run = create(tmp_path)
    events = {t: list(trial_events(t, 2)) for t in ("a", "b")}
    with run.write_journal() as journal:
        assert run.is_being_written()
        with pytest.raises(RunLocked):
            run.write_journal()
        for pair in zip(*events.values(), strict=True):
            for event in pair:
                await journal.append(event)
        assert run.load_events() == events
    assert not run.is_being_written()
    assert run.load_events() == events


async def test_runs_are_listed_by_age_with_their_counts_and_the_unreadable_last(tmp_path: Path) -> None:
    create(tmp_path, "later", at=NOON + 60)
    first = create(tmp_path, "sooner")
    (create(tmp_path, "broken").path / "header.json").write_text('{"schema_version": 1')
    (tmp_path / "no-run").mkdir()
    (tmp_path / ".new-left-behind").mkdir()
    with first.write_journal() as journal:
        for event in trial_events("a", 2):
            await journal.append(event)
        sooner, later, broken = list_runs(tmp_path)
    assert [sooner.name, later.name, broken.name] == ["sooner", "later", "broken"]
    assert (sooner.being_written, sooner.offline, later.being_written) == (True, True, False)
    assert sooner.counts is not None
    assert (sooner.counts.started, sooner.counts.finished, sooner.counts.exchanges) == (1, 1, 2)
    assert "header.json: is damaged" in str(broken.problem)
    assert list_runs(tmp_path / "none") == ()


def test_listing_reads_no_study(tmp_path: Path) -> None:
    (create(tmp_path).path / "study.yaml").unlink()
    (summary,) = list_runs(tmp_path)
    assert summary.problem is None


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda h: h.update(schema_version=9), r"was written by a newer version \(schema 9, known here: 1\); upgrade rapport-sim$"),
        (lambda h: h.pop("created"), r"is damaged \(Field required\); restore it from a copy$"),
        (lambda h: h.pop("schema_version"), r"is damaged \('schema_version'\); restore it from a copy$"),
    ],
)
def test_a_header_that_cannot_be_used_is_refused_in_one_line(tmp_path: Path, change: Any, complaint: str) -> None:
    run = create(tmp_path)
    path = run.path / "header.json"
    fields = json.loads(path.read_text())
    change(fields)
    path.write_text(json.dumps(fields))
    with pytest.raises(InputError, match=complaint):
        _ = RunFolder(run.path).header


# --- with what ----------------------------------------------------------------------------------------------------


def test_versions_are_told_without_importing_the_packages() -> None:
    code = (
        "import sys; import sim.store.runs; from sim.store.header import package_versions; v = package_versions();"
        "assert v['litellm'] and v['scipy'];"
        "print([m for m in ('litellm', 'langgraph', 'scipy', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parents[2], check=True)
    assert done.stdout == "[]\n"


def test_the_revision_is_gits_and_nothing_where_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git = tmp_path / "git"
    git.write_text("#!/bin/sh\nprintf '%s\\n' 0123456789012345678901234567890123456789-dirty\n")
    git.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert git_revision(tmp_path) == "0123456789012345678901234567890123456789-dirty"
    git.write_text("#!/bin/sh\necho 'fatal: not a git repository' >&2; exit 128\n")
    assert git_revision(tmp_path) is None
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    assert git_revision(tmp_path) is None

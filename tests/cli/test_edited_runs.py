"""A run whose files somebody edited is read, and marked for good wherever it is gone on with; what cannot fit is refused in one line."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from sim.cli.app import run_app
from tests.cli.command import sim
from tests.cli.small import STUDY, project

Captured = pytest.CaptureFixture[str]
MARK = "edited after the run was made: its figures may not be of what it says"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a run that was stopped at once, and a finished one: two personas, one target, two seeds. `pair` has two targets to compare."""
    folder = tmp_path_factory.mktemp("made")
    one_target = STUDY.replace("  - {id: drops, model: offline/uses, memory: none}\n", "")
    project(folder, study=one_target.replace("[davi]", "[davi, chebet]").replace("seeds: 1", "seeds: 2"))
    assert sim("run", "small.yaml", cwd=folder).returncode == 0
    stopped = sim("run", "small.yaml", "--name", "stopped", "--max-tokens", "1", cwd=folder)
    assert stopped.returncode == 3, stopped.stderr
    (folder / "pair.yaml").write_text(STUDY)
    assert sim("run", "pair.yaml", "--name", "pair", cwd=folder).returncode == 0
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(made, tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here" / "results"


def in_study(change: Callable[[Any], None]) -> Callable[[Path], None]:
    def edit(run: Path) -> None:
        spec = yaml.load((run / "study.yaml").read_text(), Loader=yaml.CSafeLoader)  # The loader and dumper in C take a tenth of the time.
        change(spec)
        (run / "study.yaml").write_text(yaml.dump(spec, Dumper=yaml.CSafeDumper, allow_unicode=True, sort_keys=False))

    return edit


def in_header(change: Callable[[Any], None]) -> Callable[[Path], None]:
    def edit(run: Path) -> None:
        header = json.loads((run / "header.json").read_text())
        change(header)
        (run / "header.json").write_text(json.dumps(header))

    return edit


MARKED: dict[str, tuple[Callable[[Path], None], str]] = {
    "another user": (in_study(lambda s: s["study"]["user"].update(model="offline/hostile")), "study.yaml"),
    "another word of a persona": (in_study(lambda s: s["personas"][0].update(background="Somebody else.")), "study.yaml"),
    "a longer session": (in_study(lambda s: s["scenarios"][0]["sessions"][0]["exchanges"].update(max=3)), "study.yaml"),
    "one more session": (in_study(lambda s: s["scenarios"][0]["sessions"].append(s["scenarios"][0]["sessions"][1])), "study.yaml"),
    "one more seed": (in_study(lambda s: s["study"].update(seeds=[1, 2, 3])), "study.yaml"),
    "a comment": (lambda run: (run / "study.yaml").write_text("# mine\n" + (run / "study.yaml").read_text()), "study.yaml"),  # type: ignore[dict-item]
    "another prompt": (in_header(lambda h: h["prompts"].update(rate="Say five.")), "header.json"),
    "another prompt with its hash": (in_header(lambda h: h["prompts"].update(rate="x") or h["prompt_hashes"].update(rate="0" * 16)), "header.json"),
    "a prompt less": (in_header(lambda h: [h[k].pop("json_mode") for k in ("prompts", "prompt_hashes")]), "header.json"),
    "no offline models": (in_header(lambda h: h.update(offline=[])), "header.json"),
    "another nonce": (in_header(lambda h: h.update(nonce="mine")), "header.json"),
    "other trials": (in_header(lambda h: h.update(trials=1, seeds=[7])), "header.json"),
    "no seal": (in_header(lambda h: h.pop("seal")), "header.json"),
}


def said(capsys: Captured, *command: str) -> tuple[int, str, str]:
    capsys.readouterr()
    status = run_app(command)
    return (status, *capsys.readouterr())


@pytest.mark.parametrize("case", MARKED)
def test_an_edited_run_is_marked_wherever_it_is_read(case: str, folder: Path, capsys: Captured) -> None:
    edit, file = MARKED[case]
    edit(folder / "small")
    notice = f"sim: run 'small': {file} was {MARK}\n"
    status, out, err = said(capsys, "show", "small")
    assert (status, err) == (0, notice)
    assert f"{file} was {MARK}" in " ".join(out.split())
    assert json.loads(said(capsys, "show", "small", "--json")[1])["edited"] == [file]


@pytest.mark.parametrize("case", ["another user", "no offline models"])
def test_every_command_that_reads_says_so_and_every_page_shows_it(case: str, folder: Path, capsys: Captured) -> None:
    edit, file = MARKED[case]
    edit(folder / "pair")
    notice = f"sim: run 'pair': {file} was {MARK}\n"
    for command in (["compare", "pair"], ["export", "pair", "--out", "x"], ["gate", "pair", "--require", "failed == 0"]):
        assert said(capsys, *command)[2] == notice
    for command in (["report", "pair"], ["report", "pair", "--brief"]):
        status, place, err = said(capsys, *command)
        assert (status, err) == (0, notice)
        assert f"{file} was {MARK}" in Path(place.strip()).read_text()
    assert json.loads(said(capsys, "report", "pair", "--json")[1])["edited"] == f"{file} was {MARK}"


@pytest.mark.parametrize("case", MARKED)
@pytest.mark.parametrize("command", [["resume", "stopped", "--max-tokens", "99999999"], ["score", "small", "--rater", "offline/rater"]])
def test_a_run_that_was_gone_on_with_edited_stays_marked_when_the_file_is_put_back(
    command: list[str], case: str, folder: Path, capsys: Captured
) -> None:
    edit, file = MARKED[case]
    run = folder / command[1]
    before = {name: (run / name).read_bytes() for name in ("study.yaml", "header.json")}
    edit(run)
    status, _, err = said(capsys, *command)
    assert status == 0, err
    assert err.count(f"sim: run '{run.name}': {file} was {MARK}\n") == 1
    if file == "study.yaml":
        (run / file).write_bytes(before[file])
    assert f"{file} was {MARK}" in said(capsys, "show", run.name)[2]
    assert json.loads((run / "header.json").read_text())["edited"] == [file]


UNFIT: dict[str, tuple[Callable[[Path], None], str]] = {
    "fewer sessions": (in_study(lambda s: s["scenarios"][0]["sessions"].pop()), "tells of session 2 of trial chebet/short/keeps/1"),
    "fewer personas": (in_study(lambda s: s["personas"].pop()), "tells of trial chebet/short/keeps/1"),
    "another target": (in_study(lambda s: s["study"]["targets"][0].update(id="kept")), "tells of trial chebet/short/keeps/1"),
    "fewer seeds": (in_study(lambda s: s["study"].update(seeds=[1])), "tells of trial chebet/short/keeps/2"),
    "another scenario": (in_study(lambda s: s["scenarios"][0].update(id="long")), "tells of trial chebet/short/keeps/1"),
}


@pytest.mark.parametrize("case", UNFIT)
@pytest.mark.parametrize("age", ["new", "of before"])
def test_what_the_journal_tells_of_and_the_study_does_not_have_is_one_line(age: str, case: str, folder: Path, capsys: Captured) -> None:
    edit, problem = UNFIT[case]
    edit(folder / "small")
    if age == "of before":
        in_header(lambda h: [h.pop(k) for k in ("seal", "spec_text_hash", "edited")])(folder / "small")
    before = (folder / "small" / "run.db").read_bytes()
    for command in (
        ["show", "small"],
        ["resume", "small"],
        ["compare", "small"],
        ["report", "small"],
        ["score", "small", "--rater", "offline/rater"],
    ):
        status, out, err = said(capsys, *command)
        assert (status, out) == (2, ""), (command, err)
        assert problem in err
        assert "restore the file from a copy" in err
        assert len(err.splitlines()) == (2 if age == "new" else 1), err
    assert (folder / "small" / "run.db").read_bytes() == before


def test_a_run_of_before_the_hashes_is_read_and_resumed_without_a_mark(folder: Path, capsys: Captured) -> None:
    in_header(lambda h: [h.pop(k) for k in ("seal", "spec_text_hash", "edited")])(folder / "stopped")
    assert said(capsys, "resume", "stopped", "--max-tokens", "99999999")[0] == 0
    status, _, err = said(capsys, "show", "stopped")
    assert (status, err) == (0, "")
    in_header(lambda h: h["prompts"].update(rate="Say five."))(folder / "stopped")
    assert f"header.json was {MARK}" in said(capsys, "show", "stopped")[2]


def test_prompts_that_an_older_version_did_not_have_are_told_on_resume(folder: Path, capsys: Captured) -> None:
    def older(header: Any) -> None:
        for key in ("seal", "spec_text_hash", "edited"):
            header.pop(key)
        for key in ("prompts", "prompt_hashes"):
            header[key].pop("json_mode")

    in_header(older)(folder / "stopped")
    status, _, err = said(capsys, "resume", "stopped", "--max-tokens", "99999999")
    assert status == 0
    assert "sim: run 'stopped' is of an older version, which had no prompt json_mode: where it is needed, today's is used\n" in err


def test_a_run_that_nobody_edited_is_not_marked_by_what_this_program_writes(folder: Path, capsys: Captured) -> None:
    assert said(capsys, "resume", "stopped", "--max-tokens", "99999999")[0] == 0
    assert said(capsys, "score", "stopped", "--rater", "offline/rater")[0] == 0
    assert said(capsys, "forget", "stopped", "--yes")[0] == 0
    status, out, err = said(capsys, "show", "stopped")
    assert (status, err) == (0, "")
    assert "edited" not in out

"""Files that a person names: pipes, devices and links do no harm, and no flag costs a run, a study or a log."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from sim.cli.app import run_app
from sim.store.files import open_regular, write_whole
from sim.store.journal import open_journal
from sim.store.lock import is_locked
from tests.cli.command import ROOT, sim
from tests.cli.small import STUDY, contents, project
from tests.store.sample import reply

Captured = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with one finished run, of one target: with nothing to compare, a page or table of it takes the least time."""
    folder = tmp_path_factory.mktemp("made")
    study = STUDY.replace("  - {id: drops, model: offline/uses, memory: none}\n", "")
    assert study != STUDY
    done = sim("run", project(folder, study=study), cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project, copied into the working folder."""
    here = tmp_path / "here"
    shutil.copytree(made, here)
    monkeypatch.chdir(here)
    return here


def refusal(*arguments: str | Path, capsys: Captured) -> str:
    """The one line that a command is refused with, in this process; it would hang if it opened what it must not."""
    capsys.readouterr()
    assert run_app([str(a) for a in arguments]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.splitlines()) == 1, said.err
    return said.err


# --- what is read ---------------------------------------------------------------------------------------------------

READ: dict[str, list[str]] = {
    "check": ["check", "./odd.yaml"],
    "run": ["run", "./odd.yaml"],
    "plan": ["plan", "./odd.yaml"],
    "persona": ["run", "--persona", "./odd.yaml"],
    "calibrate": ["calibrate", "./odd.csv"],
    "calibrate tagger": ["calibrate", "--tagger", "./odd.jsonl"],
    "gate requirements": ["gate", "small", "--requirements", "./odd.yaml"],
    "view study": ["view", "results", "--study", "./odd.yaml"],
    "score": ["score", "./odd.jsonl"],
    "score, forced": ["score", "./log.jsonl", "--teacher-forced", "./odd.jsonl"],
    "score codebook": ["score", "./log.jsonl", "--codebook", "./odd.yaml", "--tagger", "openai/x", "--api-base", "http://127.0.0.1:1/v1"],
}


@pytest.mark.parametrize("kind", ["pipe", "device"])
@pytest.mark.parametrize("case", READ)
def test_a_pipe_or_device_is_refused_in_one_line(case: str, kind: str, folder: Path, capsys: Captured) -> None:
    Path("log.jsonl").write_text('{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}\n')
    for name in ("odd.yaml", "odd.csv", "odd.jsonl"):
        os.mkfifo(name) if kind == "pipe" else Path(name).symlink_to("/dev/zero")
    said = refusal(*READ[case], capsys=capsys)
    assert f"is a {kind}, not a file" in said


def test_a_pipe_among_personas_is_complained_of_and_one_in_a_run_too(folder: Path, capsys: Captured) -> None:
    Path("personas").mkdir()
    os.mkfifo("personas/davi.yaml")
    assert "personas/davi.yaml: is a pipe, not a file" in refusal("run", "small.yaml", capsys=capsys)
    run = folder / "results" / "small"
    for name in ("study.yaml", "lock"):
        (run / name).rename(run / "aside")
        os.mkfifo(run / name)
        command = ["show", "small"] if name == "study.yaml" else ["resume", "small"]
        assert f"{name}: is a pipe, not a file" in refusal(*command, capsys=capsys)
        (run / name).unlink()
        (run / "aside").rename(run / name)


def test_a_regular_file_is_opened_also_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"text")
    (tmp_path / "b").symlink_to("a")
    with open_regular(tmp_path / "b") as file:
        assert file.read() == b"text"


# --- the lock -------------------------------------------------------------------------------------------------------

WRITES = (["resume", "small"], ["score", "small", "--rater", "offline/rater"], ["forget", "small", "--yes"])


@pytest.mark.parametrize("command", WRITES, ids=lambda c: c[0])
@pytest.mark.parametrize("link", [Path.symlink_to, Path.hardlink_to], ids=["symbolic", "hard"])
def test_a_lock_that_leads_to_another_file_costs_that_file_nothing(
    link: Callable[[Path, Path], None], command: list[str], folder: Path, tmp_path: Path, capsys: Captured
) -> None:
    mine = tmp_path / "mine.txt"
    mine.write_text("years of work\n")
    lock = folder / "results" / "small" / "lock"
    lock.unlink()
    link(lock, mine)
    assert "small/lock: " in refusal(*command, capsys=capsys)
    assert mine.read_text() == "years of work\n"


def test_a_journal_that_is_a_link_is_read_and_not_written(folder: Path, tmp_path: Path, capsys: Captured) -> None:
    journal = folder / "results" / "small" / "run.db"
    journal.rename(tmp_path / "run.db")
    journal.symlink_to(tmp_path / "run.db")
    assert "run.db: is a symbolic link" in refusal("forget", "small", "--yes", capsys=capsys)
    assert run_app(["show", "small"]) == 0


def test_a_lock_from_before_is_taken_again(folder: Path) -> None:
    run = folder / "results" / "small"
    (run / "lock").write_text("123456789\n")
    with open_journal(run):
        assert is_locked(run)
        assert (run / "lock").read_text() == f"{os.getpid()}\n"
    assert not is_locked(run)


# --- permissions ----------------------------------------------------------------------------------------------------


def modes(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder.parent)): oct(stat.S_IMODE(p.lstat().st_mode)) for p in sorted((folder, *folder.rglob("*")))}


@pytest.mark.parametrize("umask", ["000", "022", "077"])
def test_what_a_run_keeps_is_its_owners_alone_under_any_umask(umask: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = project(tmp_path)
    tag = "score small --results .. --tagger openai/x --api-base http://127.0.0.1:1/v1 --codebook trust --max-minutes 0.001"
    before = os.umask(int(umask, 8))
    try:
        monkeypatch.chdir(tmp_path)
        assert run_app(["run", str(path)]) == 0
        monkeypatch.chdir(tmp_path / "results" / "small")
        run_app(tag.split())
    finally:
        os.umask(before)
    found = modes(tmp_path / "results" / "small")
    assert found.pop("small") == found.pop("small/codebooks") == "0o700"
    assert set(found) == {f"small/{name}" for name in ("run.db", "study.yaml", "header.json", "lock", "calls.count", "codebooks/trust.yaml")}
    assert set(found.values()) == {"0o600"}


def test_the_helpers_of_a_journal_are_closed_too_and_a_run_from_before_keeps_its_modes(folder: Path) -> None:
    run = folder / "results" / "small"
    with open_journal(run) as journal:
        asyncio.run(journal.append(reply()))
        assert {m for name, m in modes(run).items() if name.startswith("small/run.db")} == {"0o600"}
        assert {"small/run.db", "small/run.db-wal", "small/run.db-shm"} <= set(modes(run))
    os.chmod(run, 0o755)
    for file in run.iterdir():
        file.chmod(0o644)
    before = modes(run)
    assert run_app(["score", "small", "--rater", "offline/rater"]) == 0
    assert {name: mode for name, mode in modes(run).items() if name in before} == before
    with open_journal(run) as journal:
        asyncio.run(journal.append(reply(exchange=2)))
        assert modes(run)["small/run.db-wal"] == "0o644"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_nobody_else_on_the_machine_reads_a_run(made: Path) -> None:
    os.chmod(made, 0o755)
    for above in made.parents[:3]:
        os.chmod(above, 0o755)
    asked = "cat results/small/run.db results/small/study.yaml; ls results/small"
    done = subprocess.run(["su", "nobody", "-s", "/bin/sh", "-c", asked], cwd=made, capture_output=True, text=True, check=False)
    assert done.stdout == ""
    assert done.stderr.count("Permission denied") == 3, done.stderr


# --- what is written ------------------------------------------------------------------------------------------------

OUT: dict[str, list[str]] = {
    "export": ["export", "small", "--out"],
    "export csv": ["export", "small", "--format", "csv", "--out"],
    "export markdown": ["export", "small", "--format", "markdown", "--out"],
    "export latex": ["export", "small", "--format", "latex", "--out"],
    "export parquet": ["export", "small", "--format", "parquet", "--out"],
    "report": ["report", "small", "--out"],
    "brief": ["report", "small", "--brief", "--out"],
    "gate junit": ["gate", "small", "--require", "failed == 0", "--junit"],
    "gate markdown": ["gate", "small", "--require", "failed == 0", "--markdown"],
}


@pytest.mark.parametrize("case", OUT)
def test_no_output_goes_over_a_runs_own_files_or_any_other_file(case: str, folder: Path, capsys: Captured) -> None:
    shutil.copytree("results/small", "results/other")
    shutil.copy(ROOT / "personas" / "davi.yaml", "davi.yaml")
    Path("log.jsonl").write_text('{"id": 1, "messages": []}\n')
    Path("notes.md").write_text("# Notes\n")
    Path("elsewhere").symlink_to("results/small/run.db")
    own = [f"results/{run}/{file}" for run in ("small", "other") for file in ("run.db", "run.db-wal", "study.yaml", "header.json", "lock")]
    own += ["results/small/codebooks/mint.yaml"]
    Path("results/small/codebooks").mkdir()
    before = contents(folder)
    for place in [*own, "elsewhere", "small.yaml", "davi.yaml", "log.jsonl", "notes.md", "results", "results/small"]:
        refusal(*OUT[case], place, capsys=capsys)
    assert contents(folder) == before


@pytest.mark.parametrize("case", OUT)
def test_an_output_of_before_is_replaced_and_an_empty_file_filled(case: str, folder: Path) -> None:
    Path("out").touch(mode=0o640)
    os.chmod("out", 0o640)
    for _ in range(2):
        assert run_app([*OUT[case], "out"]) == 0
        assert Path("out").stat().st_size > 100
    assert oct(stat.S_IMODE(Path("out").stat().st_mode)) == "0o640"
    Path("link").symlink_to("out")
    Path("out").write_bytes(Path("out").read_bytes()[:50])
    assert run_app([*OUT[case], "link"]) == 0
    assert Path("link").is_symlink()
    assert Path("out").stat().st_size > 100


def test_a_table_does_not_go_over_a_page_nor_a_page_over_a_table(folder: Path, capsys: Captured) -> None:
    assert run_app(["report", "small", "--out", "out"]) == 0
    for command in ("export", "export csv", "export parquet", "gate junit"):
        assert "is there already and is something else; choose another place with --" in refusal(*OUT[command], "out", capsys=capsys)


def test_an_output_may_be_a_pipe_or_a_device(folder: Path) -> None:
    assert run_app(["export", "small", "--format", "csv", "--out", "/dev/null"]) == 0
    assert Path("/dev/null").is_char_device()
    done = sim("export", "small", "--format", "csv", "--out", "/dev/stdout", cwd=folder)
    assert done.stdout.startswith("offline,")
    os.mkfifo("pipe")
    assert run_app(["export", "small", "--out", "pipe"]) == 2  # Nobody reads it.


def test_a_report_in_a_runs_folder_follows_no_link(folder: Path, capsys: Captured) -> None:
    Path("page.html").write_text("<!doctype html>\nmine\n")
    Path("results/small/report.html").symlink_to("../../page.html")
    assert "report.html: is a symbolic link" in refusal("report", "small", capsys=capsys)
    assert Path("page.html").read_text() == "<!doctype html>\nmine\n"


def test_a_jobs_summary_is_added_to(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("summary").write_text("# Before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "summary")
    assert run_app([*OUT["gate markdown"], "summary"]) == 0
    assert Path("summary").read_text().startswith("# Before\n### ")


def test_what_cannot_be_written_whole_leaves_what_was_there(tmp_path: Path) -> None:
    place = tmp_path / "out"
    place.write_text("before")

    def fails() -> object:
        yield b"half"
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        write_whole(place, fails())  # type: ignore[arg-type]
    assert contents(tmp_path) == {"out": b"before"}


def test_a_run_that_is_closed_to_us_is_refused_in_a_line_and_hides_no_other(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    shutil.copytree("results/small", "results/closed")
    is_file, access = Path.is_file, os.access

    def closed(path: Path) -> bool:
        if "closed" in path.parts:
            raise PermissionError(13, "Permission denied")
        return is_file(path)

    monkeypatch.setattr(Path, "is_file", closed)
    monkeypatch.setattr(os, "access", lambda path, mode: "closed" not in Path(path).parts and access(path, mode))
    for command in (["show"], ["resume"], ["export"], ["forget", "--yes"], ["report"]):
        assert "results/closed: cannot be read: Permission denied" in refusal(command[0], "closed", *command[1:], capsys=capsys)
    assert run_app(["list", "--json"]) == 0
    found = {run["run"]: run["problem"] for run in json.loads(capsys.readouterr().out)["runs"]}
    assert found["small"] is None
    assert "cannot be read: Permission denied" in found["closed"]

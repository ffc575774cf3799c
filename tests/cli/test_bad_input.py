"""Whatever is wrong with a file, flag or environment: one line on standard error, status 2, nothing on standard output, nothing written."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from sim.cli.app import run_app
from tests.cli.command import ROOT, sim
from tests.cli.small import SCENARIO, STUDY, contents, project

Captured = pytest.CaptureFixture[str]
Refuses = Callable[..., str]
LONG = "x" * 5000


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder in an environment without keys."""
    monkeypatch.chdir(tmp_path)
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "NOPE", "SIM_LOG", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    return tmp_path


@pytest.fixture
def refuses(folder: Path, capsys: Captured) -> Refuses:
    """Runs a command that must be refused, and returns what it says."""

    def run(*arguments: str | Path) -> str:
        capsys.readouterr()
        before = contents(folder)
        status = run_app([str(a) for a in arguments])
        said = capsys.readouterr()
        assert (status, said.out) == (2, ""), said
        assert said.err.startswith("sim: ")
        assert said.err.endswith("\n")
        assert len(said.err.splitlines()) == 1, said.err
        assert len(said.err) < 1100
        assert contents(folder) == before
        return said.err

    return run


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with one finished run."""
    folder = tmp_path_factory.mktemp("finished")
    study = project(folder)
    assert sim("run", study, cwd=folder).returncode == 0
    return folder


@pytest.fixture
def a_run(folder: Path, finished: Path) -> Path:
    """The finished run, copied into the working folder."""
    shutil.copytree(finished, folder, dirs_exist_ok=True)
    return folder / "results" / "small"


# --- flags ----------------------------------------------------------------------------------------------------------

FLAGS = {
    "command": (["runn"], ["'runn'", "'run'"]),
    "flag": (["run", "--bogus"], ["--bogus"]),
    "misspelt flag": (["run", "--seed", "2"], ["--seed"]),
    "flag without a value": (["run", "--seeds"], ["--seeds"]),
    "missing argument": (["show"], ["RUN"]),
    "argument too many": (["show", "a", "b", "c"], ["c"]),
    "built-in study": (["run", "demonstratoin"], ["demonstratoin", "did you mean 'demonstration'"]),
    "persona": (["run", "--persona", "davy"], ["davy", "did you mean 'davi'"]),
    "persona by path": (["run", "--persona", "./none.yaml"], ["none.yaml"]),
    "scenario": (["run", "--scenario", "new-in-tow"], ["new-in-tow", "did you mean 'new-in-town'"]),
    "glob without a match": (["run", "--persona", "nobody*"], ["'nobody*'"]),
    "target": (["run", "--target", "remember"], ["--target", "'remember'", "did you mean 'remembers'"]),
    "seeds 0": (["run", "--seeds", "0"], ["--seeds", "0"]),
    "seeds negative": (["run", "--seeds", "-3"], ["--seeds", "-3"]),
    "seeds no number": (["run", "--seeds", "many"], ["--seeds"]),
    "seeds beyond measure": (["run", "--seeds", "99999999999999999999"], ["--seeds"]),
    "concurrency 0": (["run", "--concurrency", "0"], ["--concurrency: must be greater than or equal to 1, not 0"]),
    "cost negative": (["run", "--max-cost", "-1"], ["--max-cost: must be greater than 0, not -1"]),
    "cost not a number": (["run", "--max-cost", "nan"], ["--max-cost: must be a finite number, not nan"]),
    "tokens 0": (["run", "--max-tokens", "0"], ["--max-tokens"]),
    "minutes 0": (["run", "--max-minutes", "0"], ["--max-minutes"]),
    "name that climbs": (["run", "--name", "../x"], ["'../x'", "not a valid name for a run"]),
    "name with a space": (["run", "--name", "a b"], ["'a b'"]),
    "name that is empty": (["run", "--name", ""], ["''"]),
    "name that is long": (["run", "--name", "n" * 81], ["not a valid name for a run"]),
    "name beyond a file system": (["run", "--name", LONG], ["not a valid name for a run"]),
    "study beyond a file system": (["run", LONG], ["xxx"]),
    "study with NUL": (["run", "a\0b.yaml"], ["a\\x00b.yaml"]),
    "study not UTF-8": (["run", "\udcff.yaml"], ["yaml"]),
    "persona beyond a file system": (["run", "--persona", f"./{LONG}"], ["xxx"]),
    "results are a device": (["run", "--results", "/dev/null/x", "--persona", "davi", "--target", "cold"], ["/dev/null/x"]),
    "results in proc": (["run", "--results", "/proc/x", "--persona", "davi", "--target", "cold"], ["/proc/x"]),
    "results beyond a file system": (["run", "--results", LONG, "--persona", "davi", "--target", "cold"], ["xxx"]),
    "export format": (["export", "small", "--format", "xlsx"], ["--format", "xlsx"]),
    "schema": (["check", "--schema", "personas"], ["--schema", "personas"]),
    "nothing there to show": (["show", "any"], ["'any'", "sim run"]),
    "show beyond a file system": (["show", LONG], ["xxx"]),
    "show with NUL": (["show", "a\0b"], ["a\\x00b"]),
    "nothing there to resume": (["resume", "any"], ["'any'"]),
    "nothing there to export": (["export", "any", "--format", "csv"], ["'any'"]),
}


@pytest.mark.parametrize("case", FLAGS)
def test_a_wrong_flag_is_one_line(case: str, refuses: Refuses) -> None:
    arguments, expected = FLAGS[case]
    said = refuses(*arguments)
    assert [e for e in expected if e not in said] == [], said


@pytest.mark.parametrize("command", [["show", "any"], ["resume", "any"], ["run", "--persona", "davy"], ["run", "--seeds", "x"]])
def test_nothing_stands_on_standard_output_when_json_was_asked_for_in_vain(command: list[str], refuses: Refuses) -> None:
    refuses(*command, "--json")


def test_results_that_are_a_file_are_refused_by_run(refuses: Refuses, folder: Path) -> None:
    study = project(folder)
    (folder / "taken").write_text("a file")
    assert "taken" in refuses("run", study, "--results", "taken")


def test_a_folder_closed_to_us_is_refused(refuses: Refuses, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = project(folder)

    def closed(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("sim.store.runs.tempfile.mkdtemp", closed)
    (folder / "results").mkdir()
    assert "Permission denied" in refuses("run", study)


# --- files ----------------------------------------------------------------------------------------------------------


def study(**lines: str) -> str:
    """The small study with whole lines replaced by their key."""
    kept = [lines.pop(key) if (key := line.split(":")[0]) in lines else line for line in STUDY.splitlines()]
    return "\n".join([*kept, *lines.values()]) + "\n"


BILLION = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{n}: &{n} [{', '.join([f'*{p}'] * 10)}]\n" for p, n in zip("abcdefgh", "bcdefghi", strict=True)
)
STUDIES: dict[str, tuple[str | bytes, list[str]]] = {
    "empty": ("", ["small.yaml", "empty"]),
    "only a comment": ("# later\n", ["small.yaml", "empty"]),
    "a list": ("- 1\n", ["small.yaml:1", "list"]),
    "misspelt key": (study(concurrency="concurency: 2"), ["small.yaml:9", "'concurency'", "did you mean 'concurrency'"]),
    "misspelt key of a target": (STUDY.replace("memory: none", "memmory: none"), ["small.yaml:4", "'memmory'", "did you mean 'memory'"]),
    "Python tag": ("name: !!python/object/apply:os.system ['touch hacked']\n", ["small.yaml:1", "tag"]),
    "Python name": ("name: !!python/name:os.system\n", ["small.yaml:1", "tag"]),
    "alias inside itself": ("name: &a [*a]\n", ["small.yaml:1", "*a"]),
    "billion laughs": (BILLION, ["small.yaml:", "aliases"]),
    "duplicate key": (study() + "name: again\n", ["small.yaml:10", "'name'", "line 1"]),
    "duplicate target": (STUDY.replace("id: drops", "id: keeps"), ["small.yaml:", "'keeps'", "twice"]),
    "duplicate seed": (study(seeds="seeds: [4, 4]"), ["small.yaml:8", "'4'", "twice"]),
    "not UTF-8": (STUDY.replace("small", "sm\xe4ll").encode("latin-1"), ["small.yaml:1", "UTF-8"]),
    "UTF-16": (STUDY.encode("utf-16"), ["small.yaml", "UTF-16"]),
    "NUL": (STUDY.replace("name: small", "name: sm\0all"), ["small.yaml:1", "NUL"]),
    "seeds 0": (study(seeds="seeds: 0"), ["small.yaml:8", "0"]),
    "seeds negative": (study(seeds="seeds: -1"), ["small.yaml:8", "-1"]),
    "seeds none": (study(seeds="seeds: []"), ["small.yaml:8", "empty"]),
    "a seed negative": (study(seeds="seeds: [1, -1]"), ["small.yaml:8"]),
    "seeds true": (study(seeds="seeds: true"), ["small.yaml:8"]),
    "memory": (STUDY.replace("memory: none", "memory: non"), ["'non'", "did you mean 'none'"]),
    "offline model": (STUDY.replace("offline/user", "offline/usr"), ["'offline/usr'", "offline/user"]),
    "tagger": (STUDY + "tagger: {model: offline/tager}\n", ["'offline/tager'", "offline/tagger"]),
    "model without a provider": (STUDY.replace("offline/user", "gpt5"), ["small.yaml:5", "openai/gpt-5"]),
    "URL": (STUDY.replace("offline/user", "openai/any, api_base: 'localhost:8000'"), ["small.yaml:5", "localhost:8000", "http"]),
    "URL with a bad port": (STUDY.replace("offline/user", "openai/any, api_base: 'http://127.0.0.1:99999'"), ["small.yaml:5", "99999"]),
    "offline and a URL": (STUDY.replace("offline/user", "offline/user, api_base: 'http://127.0.0.1:1'"), ["small.yaml:5", "offline/user"]),
    "scenario": (study(scenarios="scenarios: [shorter]"), ["small.yaml:7", "'shorter'", "did you mean 'short'"]),
    "persona": (study(personas="personas: [davi, davvi]"), ["small.yaml:6", "'davvi'", "did you mean 'davi'"]),
    "date": (STUDY + "start_date: 2026-02-30\n", ["small.yaml:10", "2026-02-30"]),
    "last date": (STUDY + "start_date: 9999-12-31\n", ["'short'"]),
    "name that climbs": (study(name="name: ../x"), ["small.yaml:1", "lower-case"]),
    "retries": (STUDY + "limits: {retries: -1}\n", ["small.yaml:10", "retries"]),
    "key not in the environment": (
        STUDY.replace("offline/user", "openai/any, api_base: 'http://127.0.0.1:1/v1', api_key_env: NOPE"),
        ["NOPE", "export"],
    ),
    "target played by a user": (STUDY.replace("model: offline/uses, memory: full", "model: offline/user"), ["offline/user"]),
    "user played by a target": (STUDY.replace("offline/user", "offline/cold"), ["offline/cold"]),
    "rater played by a target": (STUDY + "rater: {model: offline/cold}\n", ["offline/cold"]),
}


@pytest.mark.parametrize("case", STUDIES)
def test_a_wrong_study_is_one_line(case: str, refuses: Refuses, folder: Path) -> None:
    text, expected = STUDIES[case]
    path = project(folder)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    said = refuses("run", path.name)
    assert [e for e in expected if e not in said] == [], said
    assert not (folder / "results").exists()


def test_a_password_in_a_url_is_refused_and_not_repeated(refuses: Refuses, folder: Path) -> None:
    path = project(folder, study=STUDY.replace("offline/user", "openai/any, api_base: 'http://me:hunter2@127.0.0.1:1/v1'"))
    said = refuses("run", path)
    assert "small.yaml:5" in said
    assert "hunter2" not in said


def test_a_key_that_litellm_needs_is_asked_for_by_name(folder: Path) -> None:
    path = project(folder, study=STUDY.replace("offline/user", "openai/gpt-5"))
    done = sim("run", path, cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert "OPENAI_API_KEY" in done.stderr
    assert not (folder / "results").exists()


@pytest.mark.parametrize(
    "command", [["calibrate", "--edits", "--rater", "openai/gpt-5"], ["try", "openai/gpt-5"], ["try", "offline/uses", "--user", "openai/gpt-5"]]
)
def test_nothing_is_said_to_leave_the_machine_when_the_key_is_missing(command: list[str], refuses: Refuses) -> None:
    assert "OPENAI_API_KEY" in refuses(*command)


def test_a_flag_that_is_wrong_leads_to_the_help_of_its_own_command(refuses: Refuses) -> None:
    assert refuses("show") == "sim: Missing argument 'RUN'; see `sim show --help`\n"
    assert refuses("gate", "x", "--bogus").endswith("see `sim gate --help`\n")
    assert refuses("runn").endswith("see `sim --help`\n")


def test_a_folder_and_a_missing_file_are_no_studies(refuses: Refuses, folder: Path) -> None:
    (folder / "some").mkdir()
    assert "some" in refuses("run", "./some")
    assert "none.yaml" in refuses("run", "none.yaml")


def replaced(old: str, new: str) -> str:
    assert old in SCENARIO
    return SCENARIO.replace(old, new)


SCENARIOS: dict[str, tuple[str, list[str]]] = {
    "fact reference": (replaced("disclose: [sc-door]", "disclose: [sc-dor]"), ["'sc-dor'", "did you mean 'sc-door'"]),
    "about reference": (replaced("about: [sc-door]", "about: [sc-dor]"), ["session 2", "'sc-dor'"]),
    "persona reference": (replaced("persona.pet", "persona.yacht"), ["persona.yacht", "'davi'"]),
    "answer empty": (replaced('answers: ["teal"]', 'answers: [""]'), ["short.yaml:9", "answers"]),
    "answers none": (replaced('answers: ["teal"]', "answers: []"), ["short.yaml:9", "answers"]),
    "answer not in its text": (replaced('answers: ["teal"]', 'answers: ["blue"]'), ["short.yaml:", "blue"]),
    "duplicate fact": (
        replaced("sessions:\n", "  - {id: sc-door, when: x, text: teal, answers: [teal]}\nsessions:\n"),
        ["short.yaml:", "'sc-door'", "twice"],
    ),
    "scripted beyond the maximum": (
        replaced("exchanges: {min: 2, max: 2}\n  - gap", "scripted: [{exchange: 3, message: Hello.}]\n    exchanges: {min: 2, max: 2}\n  - gap"),
        ["short.yaml:", "scripted exchange 3", "2"],
    ),
    "scripted twice": (
        replaced(
            "exchanges: {min: 2, max: 2}\n  - gap",
            "scripted: [{exchange: 1, message: A.}, {exchange: 1, message: B.}]\n    exchanges: {min: 2, max: 2}\n  - gap",
        ),
        ["short.yaml:", "twice"],
    ),
    "min above max": (
        replaced("exchanges: {min: 2, max: 2}\n  - gap", "exchanges: {min: 3, max: 2}\n  - gap"),
        ["short.yaml:17", "min (3)", "max (2)"],
    ),
    "no sessions": (SCENARIO.split("sessions:")[0] + "sessions: []\n", ["short.yaml:10", "sessions"]),
    "misspelt key": (replaced("situation: It", "situatoin: It"), ["short.yaml:19", "'situatoin'", "did you mean 'situation'"]),
    "another id": (replaced("id: short", "id: shorter"), ["short.yaml:1", "'shorter'"]),
    "tab": (replaced("    mood: {feels: calm", "\tmood: {feels: calm"), ["short.yaml:20", "spaces"]),
}


@pytest.mark.parametrize("case", SCENARIOS)
def test_a_wrong_scenario_is_one_line(case: str, refuses: Refuses, folder: Path) -> None:
    text, expected = SCENARIOS[case]
    path = project(folder, scenario=text)
    said = refuses("run", path)
    assert [e for e in expected if e not in said] == [], said
    assert not (folder / "results").exists()


def test_one_persona_in_two_files_is_refused(refuses: Refuses, folder: Path) -> None:
    path = project(folder, study=study(personas="personas: [one/davi.yaml, two/davi.yaml]"))
    for place in ("one", "two"):
        (folder / place).mkdir()
        shutil.copy(ROOT / "personas" / "davi.yaml", folder / place / "davi.yaml")
    said = refuses("run", path)
    assert "'davi'" in said
    assert "one/davi.yaml" in said
    assert "two/davi.yaml" in said


# --- runs -----------------------------------------------------------------------------------------------------------


def test_a_name_that_exists_is_refused_and_the_run_untouched(refuses: Refuses, a_run: Path) -> None:
    assert "'small'" in refuses("run", "small.yaml", "--name", "small")


@pytest.mark.parametrize("command", [["show"], ["show", "--json"], ["resume"], ["resume", "--json"], ["export"]])
def test_a_run_that_does_not_exist_names_the_nearest(command: list[str], refuses: Refuses, a_run: Path) -> None:
    assert "did you mean 'small'" in refuses(*command, "smal")


def test_a_trial_that_does_not_exist_or_is_not_the_only_one_is_refused(refuses: Refuses, a_run: Path) -> None:
    assert "did you mean 'davi/short/keeps/1'" in refuses("show", "small", "davi/short/kept/1")
    assert "2 trials" in refuses("show", "small", "davi")
    assert "2 trials" in refuses("show", "small", "davi", "--json")
    refuses("show", "small", "")
    refuses("show", "small", "/")
    refuses("show", "small", LONG)


def test_an_export_that_cannot_be_written_is_refused(refuses: Refuses, a_run: Path) -> None:
    assert "results" in refuses("export", "small", "--out", "results")
    assert "/dev/null/x" in refuses("export", "small", "--out", "/dev/null/x")


def break_event(run: Path) -> None:
    with sqlite3.connect(run / "run.db") as db:
        db.execute("UPDATE event SET body = '{\"reply\": 3}' WHERE kind = 'target_replied'")
    db.close()


def break_order(run: Path) -> None:
    """Events whose session was never opened and whose exchange was never begun."""
    with sqlite3.connect(run / "run.db") as db:
        db.execute("DELETE FROM event WHERE kind = 'user_spoke' AND exchange = 1")
    db.close()


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "journal is garbage": (lambda run: (run / "run.db").write_bytes(b"garbage" * 1000), "run.db"),
    "journal is empty": (lambda run: (run / "run.db").write_bytes(b""), "run.db"),
    "journal is cut": (lambda run: (run / "run.db").write_bytes((run / "run.db").read_bytes()[:9000]), "run.db"),
    "journal is gone": (lambda run: (run / "run.db").unlink(), "run.db"),
    "an event is not one": (break_event, "run.db"),
    "an event is lost": (break_order, "run.db"),
    "header is not JSON": (lambda run: (run / "header.json").write_text("{"), "header.json"),
    "header is another document": (lambda run: (run / "header.json").write_text("[1]"), "header.json"),
    "header is empty": (lambda run: (run / "header.json").write_text(""), "header.json"),
    "header is not UTF-8": (lambda run: (run / "header.json").write_bytes(b"\xff\xfe\x00"), "header.json"),
    "header is of another version": (lambda run: edit(run / "header.json", '"schema_version": 1', '"schema_version": 99'), "header.json"),
    "study is not YAML": (lambda run: (run / "study.yaml").write_text("a: [\n"), "study.yaml"),
    "study lacks a key": (lambda run: (run / "study.yaml").write_text("study: {}\n"), "study.yaml"),
    "study is gone": (lambda run: (run / "study.yaml").unlink(), "study.yaml"),
    "study is a folder": (lambda run: ((run / "study.yaml").unlink(), (run / "study.yaml").mkdir()), "study.yaml"),
}


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize("case", DAMAGE)
def test_a_damaged_run_is_one_line_and_left_as_it_is(case: str, refuses: Refuses, a_run: Path, capsys: Captured) -> None:
    damage, file = DAMAGE[case]
    damage(a_run)
    for command in (["show", "small"], ["show", "small", "--json"], ["show", "small", "keeps"], ["export", "small"], ["resume", "small"]):
        assert file in refuses(*command), command
    assert run_app(["list", "--json"]) == 0
    (entry,) = json.loads(capsys.readouterr().out)["runs"]
    assert entry["run"] == "small"


# --- check ----------------------------------------------------------------------------------------------------------


def test_check_names_every_file_that_is_wrong_in_a_line_of_its_own(folder: Path, capsys: Captured) -> None:
    project(folder, scenario=replaced("min: 2, max: 2}\n  - gap", "min: 3, max: 2}\n  - gap"))
    (folder / "scenarios" / "empty.yaml").write_text("")
    assert run_app(["check", "scenarios", "small.yaml"]) == 2
    said = capsys.readouterr()
    assert len(said.err.splitlines()) >= 2
    assert all(line.startswith("sim: ") for line in said.err.splitlines())
    assert "short.yaml:17" in said.err
    assert "empty.yaml" in said.err


def test_check_of_what_is_good_says_how_much(folder: Path, capsys: Captured) -> None:
    project(folder)
    assert run_app(["check", str(folder), str(ROOT / "personas")]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert "48 personas" in said.out
    assert "1 scenario" in said.out
    assert "1 study" in said.out


def test_check_as_json_is_one_document_good_or_bad(folder: Path, capsys: Captured) -> None:
    project(folder)
    (folder / "scenarios" / "empty.yaml").write_text("")
    assert run_app(["check", "scenarios", "small.yaml", "--json"]) == 2
    said = capsys.readouterr()
    files = {Path(f["path"]).name: f for f in json.loads(said.out)["files"]}
    assert files["short.yaml"]["problem"] is None
    assert files["short.yaml"]["problems"] == []
    assert "empty" in files["empty.yaml"]["problem"]
    assert files["small.yaml"]["personas"] == {"local": 0, "built-in": 1}
    assert files["small.yaml"]["targets"] == ["keeps", "drops"]
    assert said.err == ""


WRONG = study(
    name="name: S",
    concurrency="concurency: 2",
    user="user: {model: offline/user, api_bas: x}",
    seeds="seeds: 0",
)


def test_check_prints_every_mistake_and_as_json_each_with_line_and_mend(folder: Path, capsys: Captured) -> None:
    path = project(folder, study=WRONG, scenario=replaced("situation: It", "situatoin: It").replace("id: short", "id: Short"))
    assert run_app(["check", "scenarios", path.name]) == 2
    said = capsys.readouterr().err
    places = [line.split()[1] for line in said.splitlines()]
    assert places == ["scenarios/short.yaml:1:", "scenarios/short.yaml:19:", *(f"small.yaml:{n}:" for n in (1, 5, 8, 9))]
    assert "more)" not in said
    assert run_app(["check", "scenarios", path.name, "--json"]) == 2
    files = json.loads(capsys.readouterr().out)["files"]
    assert [f"sim: {p['text']}" for f in files for p in f["problems"]] == said.splitlines()
    assert {p["line"]: p["mend"] for p in files[1]["problems"]}[9] == "did you mean 'concurrency'?"
    # `run` stays with one line, which says how many more there are.
    assert run_app(["run", path.name]) == 2
    assert capsys.readouterr().err.endswith("(and 3 more)\n")


def test_check_names_every_model_and_variable_that_is_missing_at_its_line(folder: Path, capsys: Captured) -> None:
    text = STUDY.replace("model: offline/uses, memory: full", "model: offline/usess, memory: [full, none]").replace("offline/user", "openai/gpt-5")
    path = project(
        folder, study=text.replace("[davi]", "[davvi]") + "tagger: {model: offline/tager}\njudge: {model: anthropic/x, api_key_env: NOPE}\n"
    )
    assert run_app(["check", path.name]) == 2
    said = capsys.readouterr().err.splitlines()
    assert [line.split()[1] for line in said] == [f"small.yaml:{n}:" for n in (3, 5, 6, 11)]
    path.write_text(path.read_text().replace("davvi", "davi"))
    assert run_app(["check", path.name]) == 2
    said = capsys.readouterr().err.splitlines()
    assert [line.split()[1] for line in said] == [f"small.yaml:{n}:" for n in (3, 5, 10, 11)]


def test_check_says_what_a_glob_takes_and_which_twin(folder: Path, capsys: Captured) -> None:
    project(folder, study=study(personas='personas: ["*"]'), scenario=replaced("persona.pet", "sc-door"))
    (folder / "personas").mkdir()
    (folder / "personas" / "davi.yaml").write_text((ROOT / "personas" / "davi.yaml").read_text() + "# mine\n")
    (folder / "personas" / "ulla.yaml").write_text((ROOT / "personas" / "davi.yaml").read_text().replace("id: davi", "id: ulla"))
    assert run_app(["check", "small.yaml"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said == [
        "1 study good",
        "small.yaml: 49 personas: 2 local, 47 built-in; 1 scenario, local; targets keeps, drops",
        "  persona 'davi' is personas/davi.yaml, not builtin/davi",
    ]
    assert run_app(["run", "small.yaml", "--dry-run", "--persona", "local/*"]) == 0
    said = capsys.readouterr()
    assert "2 targets × 2 personas" in said.out
    assert said.err == "persona 'davi' is personas/davi.yaml, not builtin/davi\n"
    assert run_app(["run", "small.yaml", "--dry-run", "--persona", "builtin/davi"]) == 0
    assert capsys.readouterr().err == ""


def test_check_of_what_is_not_there_is_refused(refuses: Refuses) -> None:
    assert "none.yaml" in refuses("check", "none.yaml")
    refuses("check", LONG)


@pytest.mark.parametrize("kind", ["persona", "scenario", "study"])
def test_a_schema_is_a_json_schema_that_knows_every_key(kind: str, capsys: Captured) -> None:
    assert run_app(["check", "--schema", kind]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert schema["type"] == "object"
    assert schema["additionalProperties"] is False
    assert {"persona": "background", "scenario": "sessions", "study": "targets"}[kind] in schema["required"]
    names = set(json.dumps(schema).split('"#/$defs/')[1:])
    assert {n.split('"')[0] for n in names} <= set(schema["$defs"])


# --- json -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command", [["list"], ["show", "small"], ["show", "small", "keeps"], ["run", "small.yaml", "--dry-run"], ["check", "small.yaml"]]
)
def test_a_reading_command_prints_one_json_document_and_nothing_else(command: list[str], a_run: Path, capsys: Captured) -> None:
    assert run_app([*command, "--json"]) == 0
    said = capsys.readouterr()
    assert isinstance(json.loads(said.out), dict)
    assert said.err == ""


@pytest.mark.parametrize("columns", ["", "0", "-5", "wide", "1", "20"])
def test_a_strange_width_is_no_reason_to_fail(columns: str, a_run: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    for command in (["list"], ["show", "small"], ["show", "small", "keeps"]):
        assert run_app(command) == 0, command
        assert capsys.readouterr().out


def test_an_output_that_cannot_hold_every_character_is_no_reason_to_fail(a_run: Path) -> None:
    done = sim("show", "small", cwd=a_run.parents[1], PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert (done.returncode, done.stderr) == (0, "")


def test_the_process_itself_exits_2_without_a_traceback(folder: Path) -> None:
    done = sim("run", "--persona", "davy", cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert not (folder / "results").exists()

"""`sim personas`: what is written passes `sim check` and is taken by a study; nothing is overwritten; what is asked for wrongly is told in a line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.command import Here


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Here:
    monkeypatch.chdir(tmp_path)
    return Here(capsys)


def test_all_that_is_made_passes_check(here: Here) -> None:
    done = here.sim("personas", "new", "--n", "200")
    assert done.returncode == 0, done.stderr
    assert "200 personas are written to personas/ (seed 1)." in done.stdout
    assert "Every level of all 30 facets is there." in done.stdout
    assert "The two most alike are " in done.stdout
    checked = here.sim("check", "personas")
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "200 personas good\n", "")
    text = next(Path("personas").iterdir()).read_text(encoding="utf-8").splitlines()
    assert text[0] == "# yaml-language-server: $schema=../.rapport/persona.schema.json"
    assert Path(".rapport/persona.schema.json").is_file()


def test_a_study_takes_them_and_they_hold_a_talk(here: Here) -> None:
    made = here.json("personas", "new", "--n", "3", "--out", "people", "--seed", "9")
    assert here.sim("new", "study").returncode == 0
    run = here.json("run", "my-study.yaml", "--persona", "./people", "--scenario", "only-bored", "--target", "remembers")
    assert run["status"] == "finished"
    assert made["describe"]["personas"] == len(made["files"]) == 3


def test_nothing_is_overwritten(here: Here) -> None:
    assert here.sim("personas", "new", "--n", "2").returncode == 0
    before = {p: p.read_bytes() for p in Path("personas").iterdir()}
    again = here.sim("personas", "new", "--n", "2")
    assert (again.returncode, len(again.stderr.splitlines())) == (2, 1)
    assert "is there already (and 1 more)" in again.stderr
    assert {p: p.read_bytes() for p in Path("personas").iterdir()} == before


def test_marginals_come_from_flags_and_from_a_file(here: Here) -> None:
    Path("shares.yaml").write_text("age: {18-30: 1}\nlanguage-level: {learner: 0.5, first: 0.5}\n", encoding="utf-8")
    made = here.json("personas", "new", "--n", "10", "--marginals", "shares.yaml", "--type", "hostile=.8,social=.2")
    counts = {c["name"]: c["counts"] for c in made["describe"]["characteristics"]}
    assert counts["type"] == {"social": 2, "reserved": 0, "hostile": 8}
    assert counts["language level"] == {"first": 5, "second": 0, "learner": 5}
    assert counts["age"]["45-59"] == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--n", "0"], "0 people cannot be made"),
        (["--spread", "--bell"], "cannot both be"),
        (["--n", "100000"], "cannot be made at once"),
        (["--age", "young=1"], "--age: 'young' is not a span"),
        (["--language-level", "fluent=1"], "--language-level: 'fluent' is not one of"),
        (["--marginals", "list.yaml"], "is not a mapping of shares"),
        (["--marginals", "text.yaml"], "'age' has no shares"),
        (["--marginals", "none.yaml"], "none.yaml: no such file"),
    ],
)
def test_what_cannot_be_is_told_in_a_line(here: Here, arguments: list[str], says: str) -> None:
    Path("list.yaml").write_text("- age\n", encoding="utf-8")
    Path("text.yaml").write_text("age: young\n", encoding="utf-8")
    done = here.sim("personas", "new", *arguments)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert says in done.stderr
    assert not Path("personas").exists()


def test_built_in_personas_are_described(here: Here) -> None:
    document = here.json("personas", "describe", "builtin/*")
    assert document["personas"] >= 48
    assert [c["says"] for c in document["confounds"] if c["says"]] == []
    counts = {c["name"]: c["counts"] for c in document["characteristics"]}
    assert counts["gender"].get("not said", 0) == 0
    assert 3 * document["tags"]["heavy-user"] >= document["personas"]
    lived = {"jobless", "disabled", "deaf", "autistic", "new-parent", "carer", "religious", "queer", "second-language", "teenager"}
    assert lived <= document["tags"].keys()
    assert {"en-CN", "en-NG", "en-ID", "en-MX", "en-AE", "en-OM"} <= document["languages"].keys()
    assert sum(next(c["counts"] for c in document["characteristics"] if c["name"] == "type").values()) == document["personas"]
    done = here.sim("personas", "describe", "builtin/*")
    assert done.stdout.startswith(f"{document['personas']} personas of builtin/*\n")
    assert "What goes together" in done.stdout


def test_a_facet_of_any_name_is_shown_as_it_stands(here: Here) -> None:
    assert here.sim("new", "persona", "odd").returncode == 0
    path = Path("personas/odd.yaml")
    path.write_text(path.read_text(encoding="utf-8").replace("{anxiety: 4,", '{"[/red]": 4,'), encoding="utf-8")
    done = here.sim("personas", "describe", path)
    assert done.returncode == 0, done.stderr
    assert "[/red]" in done.stdout


def test_files_and_folders_are_described_and_nothing_is_an_error(here: Here) -> None:
    assert here.sim("personas", "new", "--n", "2", "--out", "people").returncode == 0
    one = sorted(Path("people").iterdir())[0]
    assert here.json("personas", "describe", one)["personas"] == 1
    assert here.json("personas", "describe", "people")["personas"] == 2
    assert here.sim("personas", "new", "--n", "5", "--out", "more", "--seed", "2").returncode == 0
    many = sorted(Path("more").iterdir())
    assert here.sim("personas", "describe", *many).stdout.startswith("5 personas of more\n"), "and not forty paths"
    assert here.sim("personas", "describe", *many, one).stdout.startswith("6 personas\n")
    done = here.sim("personas", "describe", "nobody")
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)

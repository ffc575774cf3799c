"""`sim new`: what it writes is valid, also with what its comments offer, and nothing is ever overwritten."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from sim.app.schemas import schema_of
from sim.core.spec import Persona, Scenario, Study
from sim.store.starting import STARTABLE, starting_text
from sim.store.yaml_file import build, read_yaml
from tests.cli.command import Here


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Here:
    monkeypatch.chdir(tmp_path)
    return Here(capsys)


@pytest.mark.parametrize("kind", STARTABLE)
def test_what_is_written_is_valid_and_says_what_comes_next(here: Here, kind: str) -> None:
    done = here.sim("new", kind, "first-one")
    assert done.returncode == 0, done.stderr
    place = next(p for p in (Path(f"{kind}s/first-one.yaml"), Path("first-one.yaml")) if p.exists())
    assert f"sim check {place}" in done.stdout
    checked = here.sim("check", place)
    assert (checked.returncode, checked.stderr) == (0, "")
    schema = re.fullmatch(r"# yaml-language-server: \$schema=(.*)", place.read_text(encoding="utf-8").splitlines()[0])
    assert schema is not None
    assert (place.parent / schema[1]).is_file()
    value = read_yaml(place).root.value
    assert list(Draft7Validator(schema_of("rubric" if kind == "scorer" else kind)).iter_errors(value)) == []


@pytest.mark.parametrize(("kind", "model"), [("persona", Persona), ("scenario", Scenario), ("study", Study)])
def test_what_its_comments_offer_is_valid_too(tmp_path: Path, kind: str, model: type) -> None:
    text = starting_text(kind, "offered")  # type: ignore[arg-type]
    offered = re.sub(r"^( *)# (?=[a-z]+: |- \{)", r"\1", text, flags=re.MULTILINE)
    assert kind == "persona" or offered != text
    path = tmp_path / "offered.yaml"
    path.write_text(offered, encoding="utf-8")
    build(read_yaml(path), model)


def test_what_is_there_stays_as_it_is(here: Here) -> None:
    document = here.json("new", "persona")
    assert document["path"] == "personas/my-persona.yaml"
    assert document["next"][0] == "sim check personas/my-persona.yaml"
    Path("personas/my-persona.yaml").write_text("mine", encoding="utf-8")
    done = here.sim("new", "persona")
    assert done.returncode == 2
    assert "is there already" in done.stderr
    assert Path("personas/my-persona.yaml").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("name", ["Über", "a b", "../x", "", "x" * 65])
def test_a_name_that_cannot_be_one_is_refused(here: Here, name: str) -> None:
    done = here.sim("new", "study", name)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert list(Path().rglob("*.yaml")) == []


def test_the_begun_persona_plays_the_begun_scenario_in_the_begun_study(here: Here) -> None:
    for kind in ("persona", "scenario", "study"):
        assert here.sim("new", kind).returncode == 0
    run = here.json("run", "my-study.yaml", "--persona", "my-persona", "--scenario", "my-scenario")
    assert run["status"] == "finished"

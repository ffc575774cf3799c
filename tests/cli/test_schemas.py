"""The published schemas accept what the program ships, writes and documents, and refuse what it refuses."""

from __future__ import annotations

import datetime as dt
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from sim.app.schemas import KINDS, modeline, schema_of
from sim.cli.file_commands import Kind
from sim.core.spec import ChatTargetSpec, ModelSpec, Study
from sim.store.library import built_in
from sim.store.study_file import write_study
from sim.store.yaml_file import read_yaml
from tests.cli.command import ROOT, Here

PACKAGE = ROOT / "sim"
SHIPPED: dict[str, list[Path]] = {
    "persona": [*sorted(built_in("persona").glob("*.yaml")), PACKAGE / "store" / "people" / "self.yaml"],
    "scenario": [*sorted(built_in("scenario").glob("*.yaml")), PACKAGE / "store" / "people" / "open-talk.yaml"],
    "study": sorted(built_in("study").glob("*.yaml")),
    "codebook": sorted(built_in("codebook").glob("*.yaml")),
    "edits": sorted((PACKAGE / "score" / "edits").glob("*.yaml")),
}
FIRST_PAGES = (ROOT / "README.md", *(PACKAGE / "guide" / f"{name}.md" for name in ("quickstart", "connect", "pages", "remembering")))
IN_PAGES = [found for p in FIRST_PAGES for found in re.findall(r"^( *)```yaml\n(.*?)^ *```", p.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)]
"""With their indent; a workflow for CI is nothing of ours."""


def as_json(value: Any) -> Any:
    """YAML's dates as the text that an editor sees."""
    if isinstance(value, dict):
        return {key: as_json(one) for key, one in value.items()}
    if isinstance(value, list):
        return [as_json(one) for one in value]
    return value.isoformat() if isinstance(value, dt.date) else value


@cache
def validator(kind: str) -> Draft7Validator:
    """Of the schema of `kind`, which is a good one."""
    schema = schema_of(kind)
    Draft7Validator.check_schema(schema)
    return Draft7Validator(schema)


def complaints(kind: str, path: Path) -> list[str]:
    return [error.message for error in validator(kind).iter_errors(as_json(read_yaml(path).root.value))]


def test_every_schema_can_be_asked_for() -> None:
    assert {kind.value for kind in Kind} == set(KINDS)


@pytest.mark.parametrize(("kind", "path"), [(kind, path) for kind, paths in SHIPPED.items() for path in paths], ids=lambda v: getattr(v, "stem", v))
def test_what_is_shipped_fits_its_schema(kind: str, path: Path) -> None:
    assert complaints(kind, path) == []


@pytest.mark.parametrize(("indent", "block"), [found for found in IN_PAGES if not found[1].startswith("- ")])
def test_what_the_first_pages_show_fits_its_schema(indent: str, block: str, tmp_path: Path) -> None:
    text = "".join(line.removeprefix(indent) for line in block.splitlines(keepends=True))
    if text.startswith("targets:"):
        text = f"name: shown\nuser: {{model: offline/user}}\npersonas: ['*']\nscenarios: ['*']\n{text}"
    path = tmp_path / "shown.yaml"
    path.write_text(text, encoding="utf-8")
    kinds = {"targets": "study", "consent": "people", "moves": "codebook", "sessions": "scenario", "voice": "persona", "require": "requirements"}
    keys = read_yaml(path).keys()
    kind = next(kind for key, kind in kinds.items() if key in keys)
    assert complaints(kind, path) == []


@pytest.mark.parametrize("path", [*sorted((PACKAGE / "score" / "rubrics").glob("*.yaml"))], ids=lambda p: p.stem)
def test_a_shipped_rubric_fits_its_schema(path: Path) -> None:
    assert complaints("rubric", path) == []


def test_files_of_questions_fit_the_schema_of_rubrics_and_what_is_refused_does_not(tmp_path: Path) -> None:
    found = re.findall(r"^```yaml file=(\S+)\n(.*?)^```$", (PACKAGE / "guide" / "people.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert len(found) == 2
    for name, text in found:
        (tmp_path / name).write_text(text, encoding="utf-8")
        assert complaints("rubric", tmp_path / name) == []
        (tmp_path / name).write_text(text.replace("questions:", "question:"), encoding="utf-8")
        assert complaints("rubric", tmp_path / name) != []


def test_what_is_written_fits_its_schema_and_says_where_an_editor_finds_it(tmp_path: Path) -> None:
    path = tmp_path / "my-bot.yaml"
    target = ChatTargetSpec(id="my-bot", model="offline/uses", memory="window:3")
    study = Study(name="my-bot", targets=(target,), user=ModelSpec(model="offline/user"), personas=("*",), scenarios=("*",), seeds=(1, 2))
    write_study(study, path, head=modeline("study"))
    assert complaints("study", path) == []
    assert path.read_text().splitlines()[0] == "# yaml-language-server: $schema=.rapport/study.schema.json"


def test_a_try_brings_the_schema_that_its_study_points_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    done = Here(capsys).sim("try", "offline/uses")
    assert done.returncode == 0, done.stderr
    first = Path("my-bot.yaml").read_text().splitlines()[0]
    place = Path(first.partition("$schema=")[2])
    assert json.loads(place.read_text()) == schema_of("study")
    assert complaints("study", Path("my-bot.yaml")) == []


def test_a_schema_is_printed_or_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    here = Here(capsys)
    for kind in Kind:
        printed = here.sim("check", "--schema", kind.value).stdout
        assert json.loads(printed)["$id"] == f"urn:rapport:{kind.value}"
        assert here.sim("check", "--schema", kind.value, "--out", "schemas").stdout == f"schemas/{kind.value}.schema.json\n"
        assert Path("schemas", f"{kind.value}.schema.json").read_text() == printed
    Path("file").touch()
    assert (here.sim("check", "--schema", "study", "--out", "file").returncode, here.sim("check", "--out", "file").returncode) == (2, 2)


@pytest.mark.parametrize("seeds", ["1", "[1, 7]", "10000"])
def test_seeds_are_a_number_or_a_list(seeds: str, tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    good = (built_in("study") / "demonstration.yaml").read_text(encoding="utf-8")
    path.write_text(good.replace("seeds: 1", f"seeds: {seeds}"), encoding="utf-8")
    assert complaints("study", path) == []


@pytest.mark.parametrize("wrong", ["seeds: 0", "seeds: 10001", "seeds: many", "seeds: [-1]", "seeds: 1\nsedes: 1"])
def test_what_the_program_refuses_the_schema_refuses_too(wrong: str, tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    good = (built_in("study") / "demonstration.yaml").read_text(encoding="utf-8")
    path.write_text(good.replace("seeds: 1", wrong), encoding="utf-8")
    assert complaints("study", path) != []

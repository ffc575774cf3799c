"""Personas, scenarios and studies are found where a person would look for them first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel

from sim.core.errors import InputError
from sim.core.spec import Study
from sim.store import check, library
from sim.store.check import check_paths
from sim.store.library import built_in, load_codebook, load_persona, load_scenario, load_study, resolve_study
from sim.store.questionnaires import IPIP
from tests.examples import persona, scenario, study


def write(path: Path, value: BaseModel, **changes: object) -> Path:
    """`value` as YAML at `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fields = value.model_dump(mode="json", exclude_none=True) | changes
    path.write_text(yaml.safe_dump(fields, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return path


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder, with a package that carries three personas and one scenario."""
    package = tmp_path / "package"
    for i in ("ann", "bob", "nora"):
        write(package / "personas" / f"{i}.yaml", persona(i, name="Builtin"))
    write(package / "scenarios" / "moving-house.yaml", scenario())
    here = tmp_path / "project"
    here.mkdir()
    monkeypatch.chdir(here)
    packed = {"persona": package / "personas", "scenario": package / "scenarios"}
    real = library.built_in
    for module in (library, check):
        monkeypatch.setattr(module, "built_in", lambda kind: packed.get(kind) or real(kind))
    return here


def found(patterns: Sequence[str], base: Path = Path()) -> list[tuple[str, str]]:
    """Ids and names of the personas that `patterns` name."""
    return [(p.id, p.name) for p in resolve_study(study(personas=patterns), base).personas]


# --- where things are found ---------------------------------------------------------------------------------------


def test_a_study_in_an_empty_folder_finds_what_is_built_in(project: Path) -> None:
    loaded = load_study(write(project / "s.yaml", study()))
    assert (loaded.personas[0].name, loaded.scenarios[0].id, loaded.codebook.id) == ("Builtin", "moving-house", "mint")


def test_what_lies_beside_the_study_comes_before_the_working_folder_and_that_before_what_is_built_in(project: Path) -> None:
    assert found(["nora"], Path("sub")) == [("nora", "Builtin")]
    write(project / "personas" / "nora.yaml", persona(name="Here"))
    assert found(["nora"], Path("sub")) == [("nora", "Here")]
    write(project / "sub" / "personas" / "nora.yaml", persona(name="Beside"))
    assert found(["nora"], Path("sub")) == [("nora", "Beside")]


def test_a_glob_takes_what_fits_it_everywhere_local_before_built_in(project: Path) -> None:
    assert found(["*"]) == [("ann", "Builtin"), ("bob", "Builtin"), ("nora", "Builtin")]
    write(project / "personas" / "zoe.yaml", persona("zoe", name="Here"))
    assert found(["*"]) == [("zoe", "Here"), ("ann", "Builtin"), ("bob", "Builtin"), ("nora", "Builtin")]
    assert found(["[az]*"]) == [("zoe", "Here"), ("ann", "Builtin")]


def test_of_twins_a_glob_takes_the_local_one_and_a_note_names_both(project: Path) -> None:
    write(project / "personas" / "ann.yaml", persona("ann", name="Here"))
    loaded = resolve_study(study(personas=["*"]), Path())
    assert [(p.id, p.name) for p in loaded.personas] == [("ann", "Here"), ("bob", "Builtin"), ("nora", "Builtin")]
    assert loaded.notes == ("persona 'ann' is personas/ann.yaml, not builtin/ann",)
    assert [(o.id, o.built_in) for o in loaded.origins if o.kind == "persona"] == [("ann", False), ("bob", True), ("nora", True)]
    write(project / "sub" / "personas" / "ann.yaml", persona("ann", name="Beside"))
    beside = resolve_study(study(personas=["*"]), Path("sub"))
    assert (beside.personas[0].name, beside.notes) == ("Beside", ("persona 'ann' is sub/personas/ann.yaml, not personas/ann.yaml or builtin/ann",))


def test_a_local_copy_that_reads_the_same_hides_nothing(project: Path) -> None:
    write(project / "personas" / "ann.yaml", persona("ann", name="Builtin"))
    loaded = resolve_study(study(personas=["*"]), Path())
    assert ([p.name for p in loaded.personas], loaded.notes) == (["Builtin"] * 3, ())


def test_local_and_builtin_choose(project: Path) -> None:
    write(project / "personas" / "ann.yaml", persona("ann", name="Here"))
    write(project / "personas" / "zoe.yaml", persona("zoe", name="Here"))
    assert found(["local/*"]) == [("ann", "Here"), ("zoe", "Here")]
    assert found(["builtin/*"]) == [("ann", "Builtin"), ("bob", "Builtin"), ("nora", "Builtin")]
    assert found(["builtin/ann", "local/z*"]) == [("ann", "Builtin"), ("zoe", "Here")]
    # What is named outright comes before what a glob finds.
    assert found(["*", "builtin/ann"]) == [("zoe", "Here"), ("ann", "Builtin"), ("bob", "Builtin"), ("nora", "Builtin")]
    assert found(["local/*", "builtin/*"]) == [("ann", "Here"), ("zoe", "Here"), ("bob", "Builtin"), ("nora", "Builtin")]
    for wrong, complaint in {
        "builtin/an": "no builtin persona matches 'an'; did you mean 'ann'?",
        "local/bob": "no local persona matches 'bob'; choose from: ann, zoe",
    }.items():
        with pytest.raises(InputError) as refused:
            found([wrong])
        assert str(refused.value) == complaint
    with pytest.raises(InputError, match=r"'ann' stands here and in personas/ann\.yaml"):
        found(["local/ann", "builtin/ann"])


def test_a_folder_named_as_a_chooser_is_reached_by_a_path(project: Path) -> None:
    write(project / "local" / "zoe.yaml", persona("zoe", name="In a folder"))
    assert found(["./local/zoe.yaml"]) == found(["local/zoe.yaml"]) == found(["local/"]) == [("zoe", "In a folder")]


def test_without_local_ones_a_study_is_told_where_they_would_lie(project: Path) -> None:
    with pytest.raises(InputError, match="no local persona matches '\\*'; there is none in personas/ beside the study"):
        found(["local/*"])


def test_a_link_that_leads_nowhere_does_not_give_way_to_what_is_built_in(project: Path) -> None:
    (project / "personas").mkdir()
    (project / "personas" / "ann.yaml").symlink_to("ann.yaml")
    with pytest.raises(InputError, match=r"personas/ann.yaml: cannot be read: Too many levels of symbolic links"):
        found(["ann"])


def test_order_is_that_of_the_patterns_and_by_id_within_and_nobody_comes_twice(project: Path) -> None:
    assert [i for i, _ in found(["nora", "*", "ann"])] == ["nora", "ann", "bob"]


def test_a_path_is_a_file_or_a_folder_relative_to_the_study(project: Path) -> None:
    folder = project / "sub" / "people"
    write(folder / "x.yaml", persona("x"))
    write(folder / "y.yml", persona("y"))
    (folder / "notes.txt").write_text("not a persona")
    assert [i for i, _ in found(["people/x.yaml"], Path("sub"))] == ["x"]
    assert [i for i, _ in found(["people/"], Path("sub"))] == ["x", "y"]
    assert [i for i, _ in found([str(folder / "y.yml")], Path("sub"))] == ["y"]
    assert [i for i, _ in found(["people/x.yaml", "./people"], Path("sub"))] == ["x", "y"]


def test_one_persona_and_one_scenario_by_name_or_path(project: Path) -> None:
    path = write(project / "zoe.yaml", persona("zoe"))
    assert (load_persona("ann").id, load_persona(path).id, load_scenario("moving-house").id) == ("ann", "zoe", "moving-house")
    with pytest.raises(InputError, match="'\\*' names 3: ann, bob, nora; name one"):
        load_persona("*")


def test_a_study_may_be_changed_before_its_names_are_looked_up(project: Path) -> None:
    path = write(project / "s.yaml", study(personas=["nobody"]))
    loaded = load_study(path, change=lambda s: s.model_copy(update={"personas": ("bob",)}))
    assert [p.id for p in loaded.personas] == ["bob"]
    with pytest.raises(InputError, match=r"^no persona matches 'bobb'; did you mean 'bob'\?$"):
        load_study(path, change=lambda s: s.model_copy(update={"personas": ("bobb",)}))


# --- what is not found, or not right ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("patterns", "complaint"),
    [
        (["bobb"], "s.yaml:12: no persona matches 'bobb'; did you mean 'bob'?"),
        (["ann", "z*"], "s.yaml:13: no persona matches 'z*'; choose from: ann, bob, nora"),
        (["people/x.yaml"], "s.yaml:12: no persona lies at 'people/x.yaml' (from .); there is none"),
        (["../package/personas/an.yaml"], "s.yaml:12: no persona lies at '../package/personas/an.yaml' (from .); did you mean 'ann.yaml'?"),
        (["./empty/"], "s.yaml:12: there is no YAML file in './empty/'; name another folder"),
    ],
)
def test_a_name_that_leads_nowhere_is_refused_at_its_line(project: Path, patterns: list[str], complaint: str) -> None:
    (project / "empty").mkdir()
    lines = ["name: s", "targets:", "- id: a", "  model: offline/uses", "user:", "  model: offline/friendly", "scenarios: [moving-house]"]
    Path("s.yaml").write_text("\n".join([*lines, "#", "#", "#", "personas:", *(f'- "{p}"' for p in patterns)]))
    with pytest.raises(InputError) as refused:
        load_study("s.yaml")
    assert str(refused.value) == complaint


def test_an_unknown_study_names_the_nearest_built_in_or_file(project: Path) -> None:
    write(project / "first.yaml", study())
    with pytest.raises(InputError, match=r"^no study is named 'first'; did you mean 'first.yaml'\?$"):
        load_study("first")
    with pytest.raises(InputError, match=r"^no study is named 'frst'; "):
        load_study("frst")
    with pytest.raises(InputError, match=r"^frst.yaml: no such file$"):
        load_study("frst.yaml")


def test_a_file_must_be_named_for_its_id(project: Path) -> None:
    write(project / "personas" / "norah.yaml", persona("nora"))
    with pytest.raises(InputError) as refused:
        load_persona("norah")
    said = "personas/norah.yaml:1: the persona's id is 'nora', but the file is named 'norah'; name the file nora.yaml, or change the id"
    assert str(refused.value) == said


def test_one_id_in_two_files_is_refused(project: Path) -> None:
    write(project / "a" / "nora.yaml", persona())
    write(project / "b" / "nora.yaml", persona(name="Other"))
    with pytest.raises(InputError, match=r"^b/nora.yaml: persona 'nora' stands here and in a/nora.yaml; give one another id$"):
        found(["a/nora.yaml", "b/"])
    (project / "b" / "nora.yaml").unlink()
    (project / "b" / "nora.yaml").symlink_to(project / "a" / "nora.yaml")
    assert [i for i, _ in found(["a/nora.yaml", "b/"])] == ["nora"]


# --- what comes with the package ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["mint", "trust"])
def test_codebooks_come_with_the_package(name: str) -> None:
    book = load_codebook(name)
    assert book.id == name
    assert len({m.id for m in (*book.moves, *book.beside)}) == len(book.moves) + len(book.beside)


def test_figures_on_mints_ten_moves_never_count_the_closing_offer() -> None:
    book = load_codebook()
    assert (len(book.moves), [m.id for m in book.beside]) == (10, ["closing_offer"])
    assert "closing_offer" not in book.counted
    with pytest.raises(InputError, match=r"no codebook matches 'mynt'; did you mean 'mint'\?"):
        load_codebook("mynt")


def test_personas_in_the_package_come_before_those_of_a_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = tmp_path / "sim" / "store" / "library.py"
    monkeypatch.setattr(library, "__file__", str(module))
    assert built_in("persona") == tmp_path / "personas"
    (tmp_path / "sim" / "builtin" / "personas").mkdir(parents=True)
    assert built_in("persona") == tmp_path / "sim" / "builtin" / "personas"
    assert built_in("study") == module.parent / "studies"


def test_everything_built_in_is_good() -> None:
    kinds = ("persona", "scenario", "study", "codebook")
    checked = check_paths([built_in(k) for k in kinds if built_in(k).is_dir()])
    assert [str(p) for c in checked for p in c.problems] == []
    assert {"codebook"} <= {c.kind for c in checked}


# --- checking -----------------------------------------------------------------------------------------------------


def test_checking_tells_kinds_by_folder_or_by_keys_and_names_what_is_wrong(project: Path) -> None:
    write(project / "personas" / "nora.yaml", persona())
    write(project / "personas" / "broken.yaml", persona("broken"), age=3)
    write(project / "mine" / "moving-house.yaml", scenario())
    write(project / "mine" / "study.yaml", study())
    write(project / "mine" / "mint.yaml", load_codebook())
    (project / "mine" / "other.yaml").write_text("a: 1\n")
    checked = {str(c.path): (c.kind, *map(str, c.problems)) for c in check_paths([Path("personas"), Path("mine"), Path("gone.yaml")])}
    broken = checked.pop("personas/broken.yaml")[1]
    assert broken == "personas/broken.yaml:3: age: must be a whole number from 16 to 110, not '3'"
    assert checked == {
        "personas/nora.yaml": ("persona",),
        "mine/moving-house.yaml": ("scenario",),
        # It takes every persona there is, and one of them is wrong.
        "mine/study.yaml": ("study",),
        "mine/mint.yaml": ("codebook",),
        "mine/other.yaml": (
            None,
            "mine/other.yaml: is neither persona, scenario, study, suite, codebook, rubric, questionnaire, registration nor study with people; "
            "see `sim check --schema` for their keys",
        ),
        "gone.yaml": (None, "gone.yaml: no such file"),
    }


def test_a_questionnaire_is_checked_like_any_other_file(project: Path) -> None:
    good = """\
id: views
title: Views on work
source: written by us
asks: [How far do you agree?]
options: [not at all, partly, wholly]
items:
  - {id: hours, text: People work too many hours., scale: leisure}
"""
    wrong = good.replace("options: [not at all, partly, wholly]", "options: [a]").replace("scale: leisure", "scael: leisure") + "more: 1\n"
    texts = {
        "good": good,
        "wrong": wrong,
        "twins": good + "  - {id: hours, text: Rest is a waste., scale: leisure}\n",
        "taken": good.replace("views", IPIP),
    }
    for name, text in texts.items():
        (project / f"{name}.yaml").write_text(text)
    checked = {c.path.stem: c for c in check_paths(Path(f"{name}.yaml") for name in texts)}
    assert {c.kind for c in checked.values()} == {"questionnaire"}
    assert {name: list(map(str, c.problems)) for name, c in checked.items()} == {
        "good": [],
        "wrong": [
            "wrong.yaml:5: options: must have at least 2 entries, and has 1; add to it",
            "wrong.yaml:7: items 1: unknown key 'scael'; did you mean 'scale'?",
            "wrong.yaml:8: unknown key 'more'; did you mean 'source'?",
        ],
        "twins": ["twins.yaml:1: item 'hours' stands twice; give each its own id"],
        "taken": [f"taken.yaml:1: '{IPIP}' is the id of the one that comes with the package; give this one another id"],
    }


def test_every_mistake_is_told_with_its_line(project: Path) -> None:
    (project / "s.yaml").write_text(
        """\
name: S
targets:
  - {id: a, model: offline/uses, memmory: none}
  - {id: b, model: gpt5}
user: {model: offline/friendly}
personas: [nora]
personas: [nobody]
scenarios: [moving-house]
seeds: 1:30
colour: blue
"""
    )
    (checked,) = check_paths([Path("s.yaml")])
    assert [str(p).split(";")[0] for p in checked.problems] == [
        "s.yaml:1: name: must be lower-case letters, digits, - and _, such as first-look, not 'S'",
        "s.yaml:3: targets 1: unknown key 'memmory'",
        "s.yaml:4: targets 2, model: must be provider/name, such as openai/gpt-5 or offline/friendly, not 'gpt5'",
        "s.yaml:7: key 'personas' stands twice, first on line 6",
        "s.yaml:9: to YAML 1:30 is a number in base 60",
        "s.yaml:10: unknown key 'colour'",
    ]


def test_every_name_that_leads_nowhere_is_told_and_every_file_that_is_wrong(project: Path) -> None:
    write(project / "personas" / "zoe.yaml", persona("zoe"), age=3, name="")
    lost = {"sessions": [{**scenario().model_dump(mode="json")["sessions"][0], "disclose": ["nothing", "persona.yacht"]}]}
    write(project / "scenarios" / "lost.yaml", scenario(id="lost"), **lost)
    write(project / "s.yaml", study(personas=["zoe", "nobody", "anne"], scenarios=["moving-house", "lots"]))
    (checked,) = check_paths([Path("s.yaml")])
    said = [str(p) for p in checked.problems]
    assert [s.split(":")[0] for s in said] == ["personas/zoe.yaml", "personas/zoe.yaml", "s.yaml", "s.yaml", "s.yaml"]
    assert [w for s in said for w in ("age", "name", "'nobody'", "'anne'", "'lots'") if w in s.split(";")[0]] == [
        "name",
        "age",
        "'nobody'",
        "'anne'",
        "'lots'",
    ]
    write(project / "s.yaml", study(personas=["ann", "bob"], scenarios=["lost"]))
    (checked,) = check_paths([Path("s.yaml")])
    said = [str(p) for p in checked.problems]
    text = (project / "scenarios" / "lost.yaml").read_text().splitlines()
    line = {word: 1 + next(i for i, t in enumerate(text) if word in t) for word in ("- nothing", "- persona.yacht")}
    assert [s.split(" ")[0] for s in said] == [
        f"scenarios/lost.yaml:{line['- nothing']}:",
        *[f"scenarios/lost.yaml:{line['- persona.yacht']}:"] * 2,
    ]


def test_a_folder_is_checked_without_its_runs_and_hidden_folders(project: Path) -> None:
    write(project / "mine" / "study.yaml", study())
    for place in ("results/one", ".venv"):
        write(project / place / "study.yaml", study(), colour="blue")
    (project / "results" / "one" / "header.json").write_text("{}")
    assert [str(c.path) for c in check_paths([Path()])] == ["mine/study.yaml"]


def test_checking_a_study_casts_every_scenario_with_every_persona(project: Path) -> None:
    homeless = tuple(f for f in persona().facts if f.topic != "home")
    write(project / "personas" / "nora.yaml", persona())
    write(project / "personas" / "otto.yaml", persona("otto", facts=homeless))
    write(project / "s.yaml", study(personas=["*"]))
    (checked,) = check_paths([Path("s.yaml")])
    said = [str(p) for p in checked.problems]
    assert "scenario 'moving-house' session 1 speaks of persona.home, but persona 'otto' has no fact" in said[0]
    assert all(s.startswith(str(project.parent / "package" / "scenarios" / "moving-house.yaml") + ":") and "'otto'" in s for s in said)


def test_checking_without_paths_takes_the_projects_folders_or_what_is_built_in(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert {"ann.yaml", "moving-house.yaml"} <= {c.path.name for c in check_paths()}
    write(project / "personas" / "zoe.yaml", persona("zoe"))
    assert [str(c.path) for c in check_paths()] == ["personas/zoe.yaml"]


def test_a_study_built_in_python_resolves_like_one_from_a_file(project: Path) -> None:
    built: Study = study(personas=["ann"])
    from_file = load_study(write(project / "s.yaml", built))
    in_python = resolve_study(built, Path())
    assert (in_python.personas, in_python.scenarios, in_python.source) == (from_file.personas, from_file.scenarios, None)

"""Scorers found by id, by path, by module and by entry point, and what is wrong with them said where it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.core.errors import InputError
from sim.core.spec.scorers import ScorerUse
from sim.score import registry
from sim.store.check import check_paths
from sim.store.library import load_study
from sim.store.scorers import find_scorers
from tests.cli.small import STUDY, project

MINE = "id: mine\nquestion: Is it kind?\nyes: It is.\nno: It is not.\n"
CODE = """\
class Short:
    id = "short"
    result = "yes_no"

    def score(self, context):
        return True


open("ran", "w").close()
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    study = tmp_path / "study"
    study.mkdir()
    (study / "mine.yaml").write_text(MINE, encoding="utf-8")
    (study / "checks.py").write_text(CODE, encoding="utf-8")
    return study


def study(folder: Path, scorers: str) -> Path:
    return project(folder, study=STUDY + f"scorers: {scorers}\n")


def test_paths_are_relative_to_the_study_and_code_is_not_run(folder: Path) -> None:
    loaded = load_study(study(folder, '[answers, mine.yaml, "checks.py:Short"]'))
    assert [(f.use.use, f.rubric.id if f.rubric else f.place) for f in loaded.scorers] == [
        ("answers", "answers"),
        ("mine.yaml", "mine"),
        ("checks.py:Short", "study/checks.py:Short"),
    ]
    assert not list(folder.parent.rglob("ran"))


def test_a_scorer_may_name_its_judge(folder: Path) -> None:
    loaded = load_study(study(folder, "[{use: answers, model: {model: openai/gpt-5}}, natural]"))
    models = [loaded.study.judge_by(f.use, f.rubric).model for f in loaded.scorers if f.rubric]
    assert models == ["openai/gpt-5", "offline/user"]


@pytest.mark.parametrize(
    ("changes", "judge"),
    [
        ({}, "offline/friendly"),
        ({"rater": {"model": "openai/rater"}}, "openai/rater"),
        ({"rater": {"model": "openai/rater"}, "judge": {"model": "openai/judge"}}, "openai/judge"),
    ],
)
def test_who_judges_where_nobody_is_named(changes: dict[str, object], judge: str) -> None:
    from sim.core.spec.rubric import Rubric
    from tests.examples import study as small

    rubric = Rubric.model_validate({"id": "a", "question": "?", "yes": "a", "no": "b"})
    assert small(**changes).judge_by(ScorerUse(use="a"), rubric).model == judge
    own = Rubric.model_validate({"id": "a", "question": "?", "yes": "a", "no": "b", "model": {"model": "openai/own"}})
    assert small(**changes).judge_by(ScorerUse(use="a"), own).model == "openai/own"


@pytest.mark.parametrize(
    ("scorers", "complaint"),
    [
        ("[answrs]", "study/small.yaml:10: no scorer is named 'answrs'; did you mean 'answers'?"),
        ("[mine]", "study/small.yaml:10: no scorer is named 'mine'; did you mean 'mine.yaml'?"),
        (
            "[zzz]",
            "study/small.yaml:10: no scorer is named 'zzz'; choose from: agreement, ai-disclosure, alliance, answers, boundaries, "
            "boundaries-acknowledgement, "
            "boundaries-apology, boundaries-boundary-setting, boundaries-deflection, boundaries-direct-refusal, boundaries-emotional-awareness, "
            "boundaries-explanation, …; or write the path of a rubric, or module:Class",
        ),
        ("[mien.yaml]", "study/small.yaml:10: no rubric lies at 'mien.yaml'; did you mean 'mine.yaml'?"),
        ("[checks.py]", "study/small.yaml:10: 'checks.py' is a file; name the class in it, as checks.py:Short"),
        ('["checks.py:Shrt"]', "study/checks.py: scorer 'checks.py:Shrt': there is no 'Shrt'; did you mean 'Short'?"),
        ('["chekcs.py:Short"]', "study/small.yaml:10: scorer 'chekcs.py:Short': there is no file 'chekcs.py'; did you mean 'checks.py'?"),
        (
            '["nowhere_at_all:Short"]',
            "study/small.yaml:10: scorer 'nowhere_at_all:Short': there is no module 'nowhere_at_all'; "
            "run from the folder it lies in, or set PYTHONPATH",
        ),
        (
            '[{use: "checks.py:Short", model: {model: openai/x}}]',
            "study/small.yaml:10: scorer 'checks.py:Short': a model judges by a rubric, and this is code; take model: out",
        ),
        ("[answers, answers]", "study/small.yaml:1: scorer 'answers' stands twice; name each once"),
        ("[mine.yaml, copy.yaml]", "study/small.yaml:10: two scorers have the id 'mine'; give one another id"),
        ("[broken.yaml]", "study/broken.yaml:1: 'question' is missing; add it"),
        ("[answers.yaml]", "study/answers.yaml:1: rubric 'answers' comes with the package and says something else there; give this one another id"),
        ("[{model: {model: openai/x}}]", "study/small.yaml:10: scorers 1: 'use' is missing; add it"),
        ("[3]", "study/small.yaml:10: scorers 1: must hold keys and values, not '3'; write it as `key: value` lines (use, model)"),
    ],
)
def test_what_cannot_be_a_scorer_is_said_with_its_line(folder: Path, scorers: str, complaint: str) -> None:
    (folder / "copy.yaml").write_text(MINE, encoding="utf-8")
    (folder / "broken.yaml").write_text("id: broken\nyes: a\n", encoding="utf-8")
    (folder / "answers.yaml").write_text(MINE.replace("mine", "answers"), encoding="utf-8")
    path = study(folder, scorers)
    with pytest.raises(InputError) as refused:
        load_study(Path("study/small.yaml") if path.exists() else path)
    assert str(refused.value) == complaint


def test_a_rubric_is_checked_by_itself(folder: Path) -> None:
    (folder / "mine.yaml").write_text(MINE + "sees: [replies]\n", encoding="utf-8")
    (one,) = check_paths([Path("study/mine.yaml")])
    assert (one.kind, *map(str, one.problems)) == ("rubric", "study/mine.yaml:5: sees 1: 'replies' is not a choice here; did you mean 'reply'?")


def test_what_an_installed_package_offers_is_found_without_importing_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.metadata as metadata

    (folder.parent / "offered_package.py").write_text(CODE, encoding="utf-8")
    point = metadata.EntryPoint("short", "offered_package:Short", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda *, group: [point] if group == "rapport.scorers" else [])
    (found,) = find_scorers([ScorerUse(use="short")], Path())
    assert found.place == "offered_package:Short"
    assert not Path("ran").exists()
    with pytest.raises(InputError, match="did you mean 'short'"):
        find_scorers([ScorerUse(use="shrot")], Path())


def test_every_shipped_rubric_is_good_and_is_found_by_its_id() -> None:
    for id in registry.built_in_rubrics():
        (found,) = find_scorers([ScorerUse(use=id)], Path())
        assert found.rubric is not None
        assert found.rubric.id == id
    assert {"answers", "natural"} <= set(registry.built_in_rubrics())

"""What a run keeps of its scorers, and what is said when their code is no longer what it was."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sim.core.errors import InputError
from sim.core.spec import CodeScorer, ModelSpec, RubricScorer, ScorerUse
from sim.engine.scorers import check_judges, keep_scorers, offline_scorers, renew_scorers
from sim.foreign.code import find_file
from sim.llm.offline import USERS
from sim.score.registry import built_in_rubrics
from sim.store.rubrics import load_rubrics
from sim.store.scorers import find_scorers
from tests.examples import study

CODE = """\
class Short:
    id = "short"
    version = "1"
    result = "yes_no"

    def score(self, context):
        return len(context.reply) < 40
"""


@pytest.fixture
def checks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "checks.py"
    path.write_text(CODE, encoding="utf-8")
    return path


def kept(*names: str) -> tuple[RubricScorer | CodeScorer, ...]:
    found = find_scorers([ScorerUse(use=n) for n in names], Path())
    return keep_scorers(found, study().judge_by, seconds=5, load_rubrics=load_rubrics)


def anew(path: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process would import it again; this one has to be told."""
    import sys

    path.write_text(text, encoding="utf-8")
    for name in [n for n in sys.modules if n.startswith("checks_")]:
        monkeypatch.delitem(sys.modules, name)
    os.utime(path, (1, 1))


def test_a_rubric_is_kept_in_full_and_code_by_where_it_is(checks: Path) -> None:
    rubric, code = kept("answers", "checks.py:Short")
    assert isinstance(rubric, RubricScorer)
    assert rubric.rubric == load_rubrics(built_in_rubrics()["answers"])[0]
    assert rubric.model == ModelSpec(model="offline/friendly")
    assert isinstance(code, CodeScorer)
    assert (code.place, code.info.part, len(code.source)) == ("checks.py:Short", "short@1", 16)
    assert offline_scorers((rubric, code)) == ("scorer answers",)


def test_two_scorers_of_one_id_are_refused(checks: Path) -> None:
    (checks.parent / "short.yaml").write_text("id: short\nquestion: Is it?\nyes: a\nno: b\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"'short\.yaml' and 'checks\.py:Short' are two scorers with the id 'short'; give one another id"):
        kept("short.yaml", "checks.py:Short")


def test_code_that_is_what_it_was_is_not_spoken_of(checks: Path) -> None:
    before = kept("checks.py:Short", "answers")
    assert renew_scorers(before, seconds=5) == (before, ())


def test_changed_code_is_told_and_kept_with_its_new_hash(checks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (before,) = kept("checks.py:Short")
    anew(checks, CODE.replace("40", "60"), monkeypatch)
    (after,), lines = renew_scorers((before,), seconds=5)
    assert lines == ("the code of scorer 'short' (checks.py:Short) has changed since it was last used, and its version has not",)
    assert isinstance(before, CodeScorer)
    assert isinstance(after, CodeScorer)
    assert (after.info, after.source != before.source) == (before.info, True)


def test_a_built_in_scorer_of_an_earlier_version_gives_way_to_todays(checks: Path) -> None:
    before = tuple(k.model_copy(update={"info": k.info.model_copy(update={"version": "0"})}) for k in kept("farewell", "dependence"))
    after, lines = renew_scorers(before, seconds=5)
    assert after == kept("farewell", "dependence")
    (line,) = lines
    assert line.startswith("newer than the run: farewell, dependence; what the earlier versions found stays in the journal")
    assert "`sim score RUN --scorer farewell --scorer dependence`" in line


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (
            lambda text: text.replace('"1"', '"2"'),
            "scorer 'short' at checks.py:Short has version: 2 now, and the run was begun with 1; "
            "put it back; a new version is added to a run with `sim score RUN --scorer`",
        ),
        (lambda text: text.replace('"yes_no"', '"number"'), "has result: number now, and the run was begun with yes_no; put it back"),
        (lambda text: text.replace("Short", "Shorter"), "scorer 'checks.py:Short': there is no 'Short' in checks.py; did you mean 'Shorter'?"),
        (lambda text: "raise ValueError('no')\n", "scorer 'checks.py:Short': importing checks.py raised ValueError: no; mend the module"),
        (lambda text: None, "scorer 'checks.py:Short': there is no file 'checks.py'; run from the folder it lies in, or mend its path"),
    ],
)
def test_code_that_is_gone_or_another_scorer_is_refused(checks: Path, change: object, complaint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = kept("checks.py:Short")
    text = change(CODE)  # type: ignore[operator]
    if text is None:
        anew(checks, CODE, monkeypatch)
        checks.unlink()
    else:
        anew(checks, text, monkeypatch)
    with pytest.raises(InputError) as refused:
        renew_scorers(before, seconds=5)
    assert complaint in str(refused.value)


def test_who_cannot_judge_is_refused_before_anything_is_spent(checks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (rubric,) = kept("answers")
    assert isinstance(rubric, RubricScorer)
    for name in (*USERS, "rater"):
        check_judges([rubric.model_copy(update={"model": ModelSpec(model=f"offline/{name}")})])
    with pytest.raises(InputError, match="offline/cold cannot judge by the rubric 'answers'; choose from: offline/user"):
        check_judges([rubric.model_copy(update={"model": ModelSpec(model="offline/cold")})])
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    keyed = rubric.model_copy(update={"model": ModelSpec(model="openai/gpt-5")})
    check_judges([keyed], keys=False)
    with pytest.raises(InputError, match="needs OPENAI_API_KEY"):
        check_judges([keyed])


def test_an_installed_rubric_is_read_where_its_package_says(checks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.metadata as metadata

    from sim.score import registry

    (checks.parent / "house.yaml").write_text("id: house\nquestion: Is it?\nyes: a\nno: b\n", encoding="utf-8")
    (checks.parent / "house_rubrics.py").write_text("from pathlib import Path\nHOUSE = Path(__file__).parent / 'house.yaml'\n", encoding="utf-8")
    point = metadata.EntryPoint("house", "house_rubrics:HOUSE", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda *, group: [point])
    (house,) = kept("house")
    assert isinstance(house, RubricScorer)
    assert house.rubric.id == "house"
    assert find_file("checks.py:Short", owner="x") == Path("checks.py")

"""How requirements are written, and what is said of each that cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.analysis.verdicts.requirements import (
    Count,
    Fall,
    Figure,
    Given,
    Mean,
    Percentile,
    RequirementsFile,
    Share,
    WorstPersona,
    parse_margin,
    parse_requirement,
)
from sim.core.errors import InputError
from sim.core.spec import ScorerInfo
from sim.store.yaml_file import load_yaml


@pytest.mark.parametrize(
    ("text", "figure", "operator", "bar"),
    [
        ("likability >= 3.5", Mean("likability"), ">=", 3.5),
        ("jaccard<=0.60", Mean("jaccard"), "<=", 0.6),
        ("repetition.jaccard <= .6", Mean("jaccard"), "<=", 0.6),
        ("criterion.enjoyment > 3", Mean("enjoyment"), ">", 3),
        ("abstention.balanced_accuracy >= 0.8", Mean("abstention.balanced_accuracy"), ">=", 0.8),
        ("worst_persona >= 2.5", WorstPersona(None), ">=", 2.5),
        ("worst_persona(callback) >= 2", WorstPersona("callback"), ">=", 2),
        ("p10(session) >= 2.5", Percentile(10, "session"), ">=", 2.5),
        ("share(exchange<=2) <= 0.05", Share("exchange", "<=", 2), "<=", 0.05),
        (" share( session < 2.5 )  <  1e-1 ", Share("session", "<", 2.5), "<", 0.1),
        ("count(false_memory) == 0", Count("false_memory"), "==", 0),
        ("count(exchange<=1) <= 3", Count("exchange<=1", Share("exchange", "<=", 1)), "<=", 3),
        ("failed == 0", Count("failed"), "==", 0),
        ("role_flip == 0", Count("role_flip"), "==", 0),
        ("fall(code_switching) <= 0.5", Fall("code_switching"), "<=", 0.5),
    ],
)
def test_requirements_are_understood(text: str, figure: Figure, operator: str, bar: float) -> None:
    found = parse_requirement(text)
    assert (found.figure, found.operator, found.bar) == (figure, operator, bar)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "is not a requirement"),
        ("likability", "is not a requirement"),
        ("likability 3.5", "is not a requirement"),
        (">= 3", "is not a requirement"),
        ("likability >=", "is not a requirement"),
        ("likability >= 3 >= 2", "is not a requirement"),
        ("likeability >= 3", "unknown measure 'likeability'; did you mean 'likability'"),
        ("abstention.balanced >= 3", "did you mean 'abstention.balanced_accuracy'"),
        ("repetition.callback <= 1", "unknown measure"),
        ("faild == 0", "did you mean 'failed'"),
        ("likability => 3", "'=>' where an operator belongs"),
        ("likability != 3", "'!=' where an operator belongs"),
        ("likability >= three", "'three' where a number belongs"),
        ("likability >= nan", "'nan' where a number belongs"),
        ("likability >= inf", "'inf' where a number belongs"),
        ("likability == 3", "== is for counts"),
        ("worst_persona(mood) >= 3", "unknown measure 'mood'"),
        ("worst_persona() >= 3", "unknown measure ''"),
        ("p10(sesion) >= 3", "did you mean 'session'"),
        ("p0(session) >= 3", "unknown 'p0(…)'"),
        ("p100(session) >= 3", "unknown 'p100(…)'"),
        ("share(exchange) <= 0.1", "write it as in share(exchange<=2)"),
        ("share(reply<=2) <= 0.1", "unknown units 'reply'"),
        ("share(exchange<=two) <= 0.1", "'two' where a number belongs"),
        ("share(exchange<=2) <= 5", "outside 0 to 1"),
        ("count(false_memories) == 0", "did you mean 'false_memory'"),
        ("count(failed) == -1", "below 0"),
        ("median(session) >= 3", "unknown 'median(…)'"),
        ("fall(typo) <= 0.5", "unknown perturbation 'typo'; did you mean 'typos'"),
        ("fall(typos) == 0.5", "== is for counts"),
        ("count(answers = no) == 0", "'answers', which is not a scorer with labels, or of yes and no"),
        ("likability >= 3\n>= 2", "is not a requirement"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_mend(text: str, complaint: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_requirement(text)
    assert complaint in str(refused.value)
    assert "\n" not in str(refused.value)


TOLD = (
    ScorerInfo(id="tone", result="label", labels=("kind", "curt")),
    ScorerInfo(id="told", result="yes_no"),
    ScorerInfo(id="grade", result="number"),
)


@pytest.mark.parametrize(
    ("text", "figure"),
    [
        ("count(tone = curt) == 0", Given("tone", "curt")),
        ("count(told=yes) >= 3", Given("told", "yes")),
        ("count( told = no ) <= 1", Given("told", "no")),
    ],
)
def test_how_often_a_scorer_says_one_thing_can_be_required(text: str, figure: Figure) -> None:
    assert parse_requirement(text, TOLD).figure == figure


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("count(tone = cold) == 0", "'cold', which 'tone' never says"),
        ("count(told = maybe) == 0", "'maybe', which 'told' never says"),
        ("count(grade = 3) == 0", "'grade', which is not a scorer with labels, or of yes and no"),
        ("count(tune = curt) == 0", "did you mean 'tone'"),
        ("count(tone = curt) == -1", "below 0"),
    ],
)
def test_what_a_scorer_never_says_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_requirement(text, TOLD)
    assert complaint in str(refused.value)


@pytest.mark.parametrize("text", ["likability", "likability=", "likability=-1", "likability=0", "likability=x", "likabilty=0.2", "=0.2"])
def test_margins_that_cannot_be_read_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="margin"):
        parse_margin(text)


def test_a_margin_is_a_measure_and_a_number() -> None:
    assert parse_margin(" repetition.jaccard = 0.05") == ("jaccard", 0.05)


def test_a_file_of_requirements_names_line_and_mend(tmp_path: Path) -> None:
    path = tmp_path / "gate.yaml"
    path.write_text("require:\n  - likability >= 3.5\n  - callbak >= 3\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"gate\.yaml:3: .*unknown measure 'callbak'; did you mean 'callback'"):
        load_yaml(path, RequirementsFile)
    path.write_text("require:\n  - likability >= 3.5\n", encoding="utf-8")
    assert load_yaml(path, RequirementsFile).require == ("likability >= 3.5",)

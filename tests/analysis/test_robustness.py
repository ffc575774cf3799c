"""A robustness curve is made of the same people with the same target, disturbed more and more."""

from __future__ import annotations

import json

import pytest

from sim.analysis.figures.robustness import RobustnessCurve
from sim.analysis.figures.summary import summarise
from sim.analysis.verdicts.arms import RunSource
from sim.analysis.verdicts.compare import compare
from sim.analysis.verdicts.gate import run_gate
from sim.analysis.verdicts.gate_checks import Check
from sim.analysis.verdicts.requirements import parse_requirement
from sim.core.errors import InputError
from sim.core.record import Trial
from sim.core.spec import Study
from sim.present.report.charts import by_strength
from tests import examples
from tests.analysis.stories import CODEBOOK
from tests.analysis.trials import Diary, planned

PERSONAS = ("nora", "omar", "pia", "quin")
STUDY = examples.study(
    targets=[{"id": "bot", "model": "offline/uses"}, {"id": "other", "model": "offline/cold"}], stress=[{"typos": [0, 1, 0.5]}], personas=[*PERSONAS]
)
LIKED = {"bot": (5, 5, 4, 5), "bot-typos-50": (4, 4, 3, 4), "bot-typos-100": (2, 3, 1, 1), "other": (2, 2, 2, 2)}


def trial(target: str, persona: str, liked: int) -> Trial:
    diary = Diary(planned(f"{persona}/moving-house/{target}/1", target=target, persona=persona)).open()
    return diary.exchange(liked).close().finish()


TRIALS = [trial(t.id, p, liked) for t in STUDY.targets for p, liked in zip(PERSONAS, LIKED.get(t.id, (2, 2, 2, 2)), strict=True)]


def curves() -> tuple[RobustnessCurve, ...]:
    return summarise(STUDY, TRIALS, run="r", status="finished", offline=(), codebook=CODEBOOK).robustness


def test_a_curve_starts_undisturbed_and_rises_in_strength_whatever_the_order_of_the_study() -> None:
    bot, other = curves()
    assert (bot.target, bot.kinds, other.target) == ("bot", ("typos",), "other")
    assert [p.strength for p in bot.points] == [0, 0.5, 1]
    assert [p.value for p in bot.points] == [4.75, 3.75, 1.75]


def test_each_point_is_held_against_the_undisturbed_target_within_personas() -> None:
    bot, other = curves()
    assert bot.points[0].less is None
    half, full = (p.less for p in bot.points[1:])
    assert half is not None
    assert full is not None
    assert (half.difference, full.difference, full.personas) == (-1, -3, 4)
    assert half.interval is None, "all differ by the same"
    assert full.interval is not None
    assert full.interval[0] < -3 < full.interval[1] < 0
    assert [p.less.difference for p in other.points if p.less] == [0, 0], "the robust one does not move"


def test_compare_holds_disturbed_arms_against_the_undisturbed_one_and_nothing_else() -> None:
    document = compare([RunSource("r", STUDY, CODEBOOK, TRIALS)], by="stress")
    pairs = [(c.within, c.a, c.b, c.difference) for c in document.measures["fixed_set"].comparisons]
    assert pairs == [
        ("bot", "typos-100", "no-stress", -3),
        ("bot", "typos-50", "no-stress", -1),
        ("other", "typos-100", "no-stress", 0),
        ("other", "typos-50", "no-stress", 0),
    ]
    shown = [p.less for c in curves() for p in c.points if p.less]
    compared = sorted((c.difference, c.interval) for c in document.measures["fixed_set"].comparisons)
    assert sorted((p.difference, p.interval) for p in shown) == compared, "show and compare say the same"


def test_a_run_in_which_nobody_was_disturbed_has_no_curve() -> None:
    study = examples.study(targets=[{"id": "bot", "model": "offline/uses"}])
    found = summarise(study, [t for t in TRIALS if t.target == "bot"], run="r", status="finished", offline=(), codebook=CODEBOOK)
    assert found.robustness == ()


def test_a_target_under_stress_is_no_rival_of_others() -> None:
    document = compare([RunSource("r", STUDY, CODEBOOK, TRIALS)])
    assert [(c.a, c.b) for c in document.measures["fixed_set"].comparisons] == [("bot", "other")]


def test_a_target_under_stress_is_held_against_itself_in_a_later_run() -> None:
    document = compare([RunSource(run, STUDY, CODEBOOK, TRIALS) for run in ("before", "after")])
    sides = [(c.a, c.b) for c in document.measures["fixed_set"].comparisons]
    assert ("after/bot-typos-50", "before/bot-typos-50") in sides
    assert len(sides) == 6, "each with itself"


def test_where_one_target_stands_alone_beside_its_disturbed_arms_it_is_said_how_to_compare_them() -> None:
    study = examples.study(targets=[{"id": "bot", "model": "offline/uses"}], stress=[{"typos": [0, 1]}], personas=[*PERSONAS])
    trials = [t for t in TRIALS if t.target in ("bot", "bot-typos-100")]
    with pytest.raises(InputError, match="--by stress"):
        compare([RunSource("r", study, CODEBOOK, trials)])


def fall(requirement: str, *, study: Study = STUDY, trials: list[Trial] = TRIALS) -> Check:
    checks = run_gate(RunSource("r", study, CODEBOOK, trials), [parse_requirement(requirement)], targets=["bot"], margins={}).checks
    (found,) = checks
    return found


def test_a_gate_holds_the_fall_at_full_strength_against_its_bar() -> None:
    few = fall("fall(typos) <= 0.5")
    assert (few.observed, few.n, few.verdict) == (3, 4, "inconclusive"), "four personas are too few to judge"
    assert few.detail.endswith("by strength: 4.75 at 0, 3.75 at 0.5, 1.75 at 1; paired over 4 personas: not judged below 5")
    assert fall("fall(hostility) <= 0.5").observed is None

    more = (*PERSONAS, "rhea", "saul")
    study = STUDY.model_copy(update={"personas": more})
    liked = {"bot": (5, 5, 4, 5, 5, 4), "bot-typos-50": (4, 4, 3, 4, 4, 3), "bot-typos-100": (2, 3, 1, 1, 2, 2)}
    trials = [trial(t, p, score) for t, scores in liked.items() for p, score in zip(more, scores, strict=True)]
    assert fall("fall(typos) <= 0.5", study=study, trials=trials).verdict == "failed"
    assert fall("fall(typos) <= 5", study=study, trials=trials).verdict == "passed"
    assert fall("fall(typos) <= 3", study=study, trials=trials).verdict == "inconclusive"


def test_no_interval_of_a_curve_hides_that_of_another() -> None:
    lines = ["bot, typos", "bot, silence", "other, typos"]
    curves = [("bot", "typos"), ("bot", "silence"), ("other", "typos")]
    spec = by_strength(["bot", "bot-typos-25", "other"], curves, [0.25, 1.0], y_title="change")
    assert spec["encoding"]["x"]["field"] == "at"  # type: ignore[index, call-overload]
    assert spec["encoding"]["x"]["axis"]["values"] == [0.0, 0.25, 1.0]  # type: ignore[index, call-overload]
    assert json.dumps(lines) in spec["transform"][0]["calculate"]  # type: ignore[index, call-overload, operator]

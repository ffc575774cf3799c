"""Verdicts on runs whose every cell is written down."""

from __future__ import annotations

import datetime as dt
import xml.etree.ElementTree as ET

import pytest

from sim.analysis.stats.proportions import effective
from sim.analysis.verdicts.arms import RunSource
from sim.analysis.verdicts.gate import run_gate
from sim.analysis.verdicts.gate_checks import Check
from sim.analysis.verdicts.requirements import parse_requirement
from sim.present.text.gate import junit_gate, markdown_gate, settling
from tests import examples
from tests.analysis.cells import Cells, people, source
from tests.analysis.stories import CODEBOOK
from tests.analysis.test_adaptability import trial


def one(cells: Cells, requirement: str, **more: object) -> Check:
    (found,) = run_gate(source(cells, **more), [parse_requirement(requirement)], margins={}).checks  # type: ignore[arg-type]
    return found


def mixed(n: int, low: int = 3, high: int = 4) -> Cells:
    return {("bot", p, "s"): high if i % 2 else low for i, p in enumerate(people(n))}


@pytest.mark.parametrize(("bar", "verdict"), [("3", "passed"), ("3.4", "inconclusive"), ("4", "failed")])
def test_a_mean_is_judged_by_its_interval(bar: str, verdict: str) -> None:
    found = one(mixed(12), f"likability >= {bar}")
    assert (found.verdict, found.observed, found.personas) == (verdict, 3.5, 12)


STUBS = ("user", "self")
"""Who is offline where a real chatbot is tried without a key."""


@pytest.mark.parametrize(
    "requirement",
    [
        *("likability >= 3", "worst_persona >= 1", "p10(session) >= 1", "share(persona<=2) <= 0.9", "count(exchange<=1) == 0", "enjoyment >= 1"),
        *("false_memory == 0", "unscored == 0", "quote_not_found == 0", "left == 0", "adaptability >= -1"),
    ],
)
def test_what_an_offline_model_says_of_a_real_target_decides_nothing(requirement: str) -> None:
    cells = mixed(12)
    found = one(cells, requirement, offline=STUBS)
    assert found.verdict == "inconclusive"
    assert "is an offline model, whose word on a real chatbot is not evidence" in found.detail
    assert one(cells, requirement, offline=(*STUBS, "target bot")) == one(cells, requirement), "that checks the instrument"


@pytest.mark.parametrize(
    "requirement",
    ["failed == 0", "words <= 100", "said_before <= 1", "count(repeated) <= 99", "simulator_failed == 0", "latency <= 5", "jaccard <= 1"],
)
def test_what_is_counted_is_decided_whoever_rates(requirement: str) -> None:
    cells = mixed(12)
    assert one(cells, requirement, offline=STUBS) == one(cells, requirement)


def test_offline_models_decide_where_they_are_allowed_to_and_that_is_said() -> None:
    asked = [parse_requirement("likability >= 3")]
    allowed = run_gate(source(mixed(12), offline=STUBS), asked, margins={}, allow_offline=True)
    assert (allowed.verdict, allowed.stub_decided) == ("passed", True)
    assert "--allow-offline: what an offline model says of a real chatbot was let decide" in markdown_gate(allowed)
    needless = run_gate(source(mixed(12)), asked, margins={}, allow_offline=True)
    assert (needless.verdict, needless.stub_decided) == ("passed", False)


def test_a_baseline_that_an_offline_model_rated_decides_nothing_either() -> None:
    document = run_gate(source(mixed(12)), [], baseline=source(mixed(12), offline=STUBS), margins={"likability": 0.5, "words": 5.0})
    likability, words = document.checks
    assert likability.verdict == "inconclusive"
    assert "not evidence" in likability.detail
    assert "not evidence" not in words.detail


def test_an_inconclusive_mean_names_how_many_personas_would_settle_it() -> None:
    found = one(mixed(12), "likability >= 3.4")
    assert found.needed is not None
    # Were the true mean 3.5, (1.96 + 0.84)² × 0.522² / 0.1² = 214 would do; it may as well be 3.45, which takes 854.
    assert 400 <= found.needed <= 700
    assert f"about {found.needed} personas would settle it four times in five" in found.detail
    at_the_bar = one(mixed(12), "likability >= 3.5").needed
    assert at_the_bar is not None
    assert at_the_bar > found.needed
    assert "no study of up to 1,000 personas would settle it" in one(mixed(40), "likability >= 3.5").detail


def test_what_settles_an_inconclusive_gate_is_said_with_the_command_that_makes_the_personas() -> None:
    document = run_gate(source(mixed(12)), [parse_requirement("likability >= 3.4"), parse_requirement("likability >= 3")], margins={})
    needed = document.checks[0].needed
    assert needed is not None
    line = settling(document)
    assert line.startswith(f"To settle it: about {needed} personas, of whom the run has 12; `sim personas new --n {needed - 12} --out personas`")
    assert line in markdown_gate(document)
    assert settling(run_gate(source(mixed(12)), [parse_requirement("likability >= 3")], margins={})) == ""


def test_four_personas_are_inconclusive_however_clear() -> None:
    found = one(mixed(4), "likability >= 1.5")
    assert (found.verdict, found.needed) == ("inconclusive", 5)


def test_equal_scores_never_pass_a_mean_and_may_fail_it() -> None:
    cells = {("bot", p, "s"): 5 for p in people(24)}
    assert one(cells, "likability >= 3").verdict == "inconclusive"
    assert one({k: 1 for k in cells}, "likability >= 3").verdict == "failed"


def test_nothing_to_judge_is_inconclusive() -> None:
    found = one({("bot", p, "s"): "na" for p in people(6)}, "callback >= 3")
    assert (found.verdict, found.observed) == ("inconclusive", None)


def test_the_worst_persona_is_judged_by_its_own_interval() -> None:
    cells = {("bot", p, s): (1 if p == "p03" else 4) + (s == "s2") for p in people(8) for s in ("s1", "s2", "s3", "s4")}
    found = one(cells, "worst_persona >= 3")
    assert (found.verdict, found.observed) == ("failed", 1.25)
    assert "p03" in found.detail
    assert one(cells, "worst_persona >= 0.3").verdict == "passed"
    assert one(cells, "worst_persona >= 0.5").verdict == "inconclusive", "a scenario in four does it good, and other scenarios may be like that one"
    assert one(cells, "worst_persona >= 1.2").verdict == "inconclusive"


def test_none_of_24_is_told_with_its_upper_limit() -> None:
    found = one(mixed(24), "share(persona<=2) <= 0.05")
    assert found.verdict == "inconclusive"
    assert found.interval == pytest.approx((0, 0.1425), abs=1e-4)
    assert "0 of 24 personas" in found.detail
    assert one(mixed(24), "share(persona<=2) <= 0.15").verdict == "passed"


def test_a_percentile_is_judged_by_the_share_below_it() -> None:
    cells = {("bot", p, "s"): 2 if i < 12 else 4 for i, p in enumerate(people(40))}
    assert one(cells, "p10(session) >= 3").verdict == "failed"  # 30 % below
    assert one(cells, "p50(session) >= 3").verdict == "passed"
    assert one(cells, "p10(session) >= 2").verdict == "passed"


def test_counts_are_facts() -> None:
    cells = {**mixed(6), ("bot", "p00", "s"): None}
    found = one(cells, "failed == 0")
    assert (found.verdict, found.observed, found.n) == ("failed", 1, 6)
    assert one(cells, "failed <= 1").verdict == "passed"
    assert one(cells, "count(exchange<=3) <= 4").verdict == "passed"
    assert "up to" in one(mixed(6), "count(false_memory) == 0").detail


def test_an_incomplete_run_passes_nothing() -> None:
    assert one(mixed(12), "likability >= 3", status="incomplete").verdict == "inconclusive"
    assert one(mixed(12), "failed == 0", status="incomplete").verdict == "inconclusive"
    assert one(mixed(12), "likability >= 4.5", status="incomplete").verdict == "failed"


def test_every_target_must_pass_unless_one_is_named() -> None:
    cells = {**mixed(12), **{("weak", p, "s"): 1 + i % 2 for i, p in enumerate(people(12))}}
    asked = [parse_requirement("likability >= 3")]
    assert run_gate(source(cells), asked, margins={}).verdict == "failed"
    assert run_gate(source(cells), asked, margins={}, targets=["bot"]).verdict == "passed"


@pytest.mark.parametrize(("loss", "verdict"), [(0, "passed"), (1, "failed")])
def test_a_new_version_may_lose_less_than_the_margin(loss: int, verdict: str) -> None:
    new = {place: score - loss * (i % 4 != 0) for i, (place, score) in enumerate(mixed(12).items())}  # type: ignore[operator]
    (found,) = run_gate(source(new, run="new"), [], baseline=source(mixed(12)), margins={"likability": 0.3}).checks
    assert found.verdict == verdict
    assert (found.observed, found.requirement) == (pytest.approx(-0.75 * loss), "likability not worse by 0.3")


def test_a_difference_that_may_lie_on_either_side_of_the_margin_is_inconclusive() -> None:
    new = {place: score - (i % 4 == 0) for i, (place, score) in enumerate(mixed(12).items())}  # type: ignore[operator]
    (found,) = run_gate(source(new, run="new"), [], baseline=source(mixed(12)), margins={"likability": 0.3}).checks
    assert found.verdict == "inconclusive"
    assert found.needed is not None


def test_a_rater_that_never_moves_shows_no_version_to_be_as_good() -> None:
    flat = {("bot", p, "s"): 4 for p in people(12)}
    (found,) = run_gate(source(flat, run="new"), [], baseline=source(flat), margins={"likability": 0.3}).checks
    assert found.verdict == "inconclusive"


def test_observations_of_one_persona_are_worth_less_than_as_many_of_others() -> None:
    clustered = [(f"p{i}", i < 2) for i in range(10) for _ in range(20)]
    scattered = [(f"p{i}", j < 4) for i in range(10) for j in range(20)]
    assert effective(clustered)[1] == 10
    assert effective(scattered)[1] > 150


# --- what is handed on --------------------------------------------------------------------------------------------

_ATTRIBUTES = {
    "testsuites": set(),
    "testsuite": {"id", "package", "name", "timestamp", "hostname", "tests", "failures", "errors", "time"},
    "properties": set(),
    "property": {"name", "value"},
    "testcase": {"classname", "name", "time"},
    "failure": {"message", "type"},
    "error": {"message", "type"},
    "system-out": set(),
    "system-err": set(),
}
"""What Ant's schema demands, and Jenkins' allows, of each element."""
_CHILDREN = {
    "testsuites": "testsuite",
    "testsuite": "properties testcase system-out system-err",
    "properties": "property",
    "testcase": "failure error",
}


def is_junit(element: ET.Element) -> None:
    assert set(element.attrib) == _ATTRIBUTES[element.tag]
    order = _CHILDREN.get(element.tag, "").split()
    places = [order.index(child.tag) for child in element]
    assert places == sorted(places)
    for child in element:
        is_junit(child)


def test_junit_is_valid_and_counts_every_verdict() -> None:
    cells = {**mixed(12), ("bot", "p00", "s"): None}
    asked = [parse_requirement(r) for r in ("likability >= 3", "likability >= 3.5", "failed == 0")]
    document = run_gate(source(cells, run="<night & day>\x00"), asked, margins={})
    suites = ET.fromstring(junit_gate(document, at=dt.datetime(2026, 1, 5, 12, tzinfo=dt.UTC)))
    is_junit(suites)
    suite = suites[0]
    assert suite.tag == "testsuite"
    assert {k: suite.get(k) for k in ("tests", "failures", "errors", "timestamp")} == {
        "tests": "3",
        "failures": "1",
        "errors": "1",
        "timestamp": "2026-01-05T12:00:00",
    }
    assert [len(case) for case in suite.iter("testcase")] == [0, 1, 1]


def test_the_job_summary_is_a_table_that_no_name_can_break() -> None:
    document = run_gate(source(mixed(12), run="a|b"), [parse_requirement("likability >= 3")], margins={})
    text = markdown_gate(document)
    assert text.startswith("### ✅ Gate passed: a\\|b\n")
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert {row.replace("\\|", "").count("|") for row in rows} == {7}


def test_adaptability_that_passes_because_the_other_arm_falls_faster_is_said_to_be_that() -> None:
    falls = {"remembers": ([[4], [3], [3]], [[4], [3], [4]]), "forgets": ([[4], [1], [1]], [[4], [1], [2]])}
    trials = [
        trial(of[n % 2 if target == "forgets" else n % 3 % 2], target=target, persona=f"p{n}") for target, of in falls.items() for n in range(6)
    ]
    run = RunSource("run", examples.study(), CODEBOOK, trials)
    (found,) = run_gate(run, [parse_requirement("adaptability >= 0")], targets=["remembers"], margins={}).checks
    assert found.verdict == "passed"
    assert found.detail.endswith("; falls less than without memory")

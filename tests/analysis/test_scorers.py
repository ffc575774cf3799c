"""A scorer of a study's own is a measure: in the summary, in comparisons and at the gate, with n and interval."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sim.analysis.figures.run_summary import TargetSummary
from sim.analysis.figures.summary import summarise
from sim.analysis.verdicts.arms import RunSource
from sim.analysis.verdicts.compare import compare
from sim.analysis.verdicts.gate import run_gate
from sim.analysis.verdicts.requirements import parse_margin, parse_requirement
from sim.core.errors import InputError
from sim.core.record import Trial
from tests.analysis.cells import people, source
from tests.analysis.judged import ANSWERS, ARC, SCORERS, TONE, WARMTH, judged
from tests.analysis.stories import CODEBOOK


def number(trial: Trial) -> int:
    return int(trial.cast.persona.id[1:])


def run(targets: tuple[str, ...] = ("good", "poor"), n: int = 12) -> RunSource:
    """Every persona's trial has two exchanges; `good` answers nearly always, `poor` seldom."""
    base = source({(t, p, "s"): 3 + (i % 2) for t in targets for i, p in enumerate(people(n))})
    trials = [
        judged(
            t,
            answers=lambda t, s, e: None if number(t) == 0 and e == 1 else e == 1 or (t.target == "good") == (number(t) % 4 != 1),
            warmth=lambda t, s, e: (8.0 if t.target == "good" else 4.0) + number(t) % 2,
            arc=lambda t, s, e: ("rises", "holds", "falls")[number(t) % 3],
            tone=lambda t, s, e: "?" if number(t) == 1 else ("dry", "warm")[e % 2],
        )
        for t in base.trials
    ]
    return replace(base, trials=trials, scorers=SCORERS)


def shown(of: RunSource) -> tuple[TargetSummary, ...]:
    return summarise(of.study, of.trials, run=of.run, status="finished", offline=(), codebook=CODEBOOK, table=of.table, scorers=of.scorers).targets


def test_yes_and_no_are_a_share_with_a_proportions_interval() -> None:
    found = shown(run())[0].scorers["answers"]
    assert (found.n, found.n_personas, found.not_applicable, found.unscored) == (23, 12, 1, 0)
    # Of each persona the mean over its exchanges: one of twelve has a result on one exchange only.
    assert found.mean == pytest.approx((9 * 1 + 3 * 0.5) / 12)
    assert found.interval is not None
    assert 0 < found.interval[0] < found.mean < found.interval[1] < 1  # type: ignore[operator]
    assert found.shares == {}


def test_a_number_is_a_mean_on_its_scale() -> None:
    good, poor = (t.scorers["warmth"] for t in shown(run()))
    assert (good.mean, poor.mean, good.n) == (pytest.approx(8.5), pytest.approx(4.5), 12)
    assert good.interval is not None
    assert good.interval[1] <= 10


def test_labels_are_shares_and_the_good_ones_a_measure() -> None:
    arc, tone = (shown(run())[0].scorers[s] for s in ("arc", "tone"))
    assert arc.shares == pytest.approx({"falls": 1 / 3, "holds": 1 / 3, "rises": 1 / 3})
    assert arc.mean == pytest.approx(2 / 3)
    assert (tone.mean, tone.interval, tone.unscored) == (None, None, 2)
    assert tone.shares == pytest.approx({"dry": 0.5, "warm": 0.5, "cloying": 0.0})
    assert all(tone.share_intervals.values())


def test_nothing_scored_is_null_and_never_0() -> None:
    bare = source({("a", "p00", "s"): 3})
    found = shown(replace(bare, scorers=SCORERS))[0].scorers
    assert {s: (f.mean, f.interval, f.shares, f.n) for s, f in found.items()} == {s.id: (None, None, {}, 0) for s in SCORERS}


def test_what_is_shown_compared_and_gated_is_one_figure() -> None:
    of = run()
    figures = {t.target: t.scorers for t in shown(of)}
    document = compare([of])
    assert "tone" not in document.measures
    for scorer in (ANSWERS, WARMTH, ARC):
        ranking = {r.arm: r.mean for r in document.measures[scorer.id].ranking[""]}
        assert ranking == {target: found[scorer.id].mean for target, found in figures.items()}
        gate = run_gate(of, [parse_requirement(f"{scorer.id} >= 0.1", SCORERS)], margins={})
        assert {c.target: (c.observed, c.interval) for c in gate.checks} == {
            t: (f[scorer.id].mean, f[scorer.id].interval) for t, f in figures.items()
        }
    (pair,) = document.measures["warmth"].comparisons
    assert (pair.difference, pair.mean_a, pair.mean_b) == (pytest.approx(4), pytest.approx(8.5), pytest.approx(4.5))


def test_a_gate_decides_on_a_scorer_and_on_one_of_its_labels() -> None:
    of = run(("good",))
    asked = [parse_requirement(r, SCORERS) for r in ("warmth >= 8", "warmth >= 9.5", "share(arc = falls) <= 0.9", "share(tone=cloying) >= 0.5")]
    checks = run_gate(of, asked, margins={}).checks
    assert [c.verdict for c in checks] == ["passed", "failed", "passed", "failed"]
    assert checks[2].observed == pytest.approx(1 / 3)


def test_a_new_version_may_lose_so_much_of_a_scorer() -> None:
    margin = dict([parse_margin("warmth = 1", SCORERS)])
    assert run_gate(run(), [], baseline=run(), margins=margin).verdict == "passed"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("answer >= 0.9", "unknown measure 'answer'; did you mean 'answers'"),
        ("tone >= 0.5", "none is called good; write share(tone = dry)"),
        ("share(tone = drye) <= 0.1", "'drye', which is not a label of 'tone'; did you mean 'dry'"),
        ("share(answers = yes) <= 0.1", "'answers', which is not a scorer with labels"),
        ("share(tone = dry) <= 10", "outside 0 to 1"),
    ],
)
def test_what_a_requirement_says_of_scorers_is_checked(text: str, complaint: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_requirement(text, SCORERS)
    assert complaint in str(refused.value)


def test_a_scorer_that_a_run_lacks_is_unknown_there() -> None:
    with pytest.raises(InputError, match="unknown measure 'answers'"):
        parse_requirement("answers >= 0.9")


def test_an_untouched_label_is_a_share_of_zero_with_an_upper_limit() -> None:
    found = shown(run())[0].scorers[TONE.id]
    low, high = found.share_intervals["cloying"] or (None, None)
    assert low == 0
    assert high is not None
    assert 0 < high < 0.5


def test_how_often_a_label_is_given_is_a_count_that_a_gate_decides_as_such() -> None:
    of = run(targets=("good",))
    arcs, curt, hot = run_gate(
        of, [parse_requirement(t, SCORERS) for t in ("count(arc = falls) == 0", "count(tone = cloying) == 0", "count(answers = no) <= 3")], margins={}
    ).checks
    assert (arcs.observed, arcs.n, arcs.verdict) == (4, 12, "failed")
    assert (curt.observed, curt.n, curt.verdict) == (0, 22, "passed"), "what could not be told is none of them"
    assert "up to" in curt.detail
    assert (hot.observed, hot.n, hot.verdict) == (3, 23, "passed")


def test_anything_but_one_label_can_be_counted() -> None:
    (found,) = run_gate(run(targets=("good",)), [parse_requirement("count(arc != rises) == 0", SCORERS)], margins={}).checks
    assert (found.observed, found.n, found.verdict) == (8, 12, "failed")


def test_a_scorer_that_never_applied_passes_no_count() -> None:
    bare = replace(source({("a", p, "s"): 3 for p in people(6)}), scorers=SCORERS)
    (found,) = run_gate(bare, [parse_requirement("count(tone = cloying) == 0", SCORERS)], margins={}).checks
    assert (found.verdict, found.observed, found.n) == ("inconclusive", None, 0)
    assert "nobody was asked" in found.detail


def test_a_count_of_an_offline_judge_decides_nothing_about_a_real_target() -> None:
    of = replace(run(targets=("good",)), offline=("scorer tone",))
    tone, arc = run_gate(of, [parse_requirement(t, SCORERS) for t in ("count(tone = cloying) == 0", "count(arc = falls) <= 4")], margins={}).checks
    assert (tone.verdict, arc.verdict) == ("inconclusive", "passed")
    assert "not evidence" in tone.detail

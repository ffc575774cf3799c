"""The first screen says what was done, what the comparison says, and who is tied; its plot and its names have the colours of all charts."""

from __future__ import annotations

import re
from itertools import pairwise
from types import SimpleNamespace
from typing import cast

import pytest

from sim.analysis.figures.summary import summarise
from sim.analysis.verdicts.answer import first_sentences
from sim.analysis.verdicts.arms import RunSource
from sim.analysis.verdicts.compare import Comparison
from sim.present.colours import COUNT, TARGET_COLOURS, places_of, target_styles
from sim.present.report import charts
from sim.present.report.build import build_report
from sim.present.report.cells import columns, named, score, text
from sim.present.report.document import Table
from sim.present.report.forest import draw_forest
from sim.present.report.material import Material
from sim.present.report.page import theme
from sim.present.report.sections import claims
from sim.present.report.sections.course import wish_changes
from sim.present.report.sections.headline import dimensions_apart
from sim.present.report.sections.opening import groups_of
from sim.present.report.told import chips, told
from tests import examples
from tests.analysis.stories import CODEBOOK
from tests.present.report.test_document import HEADER, report, run_of, trial


def tied(order: str, apart: list[str], *, tier: str = "screen") -> list[str]:
    """Groups of targets of one letter each, given those pairs that a verdict separates."""
    pairs = [SimpleNamespace(a=p[0], b=p[1], verdict="higher") for p in apart]
    compared = SimpleNamespace(ranking={"": [SimpleNamespace(arm=a, mean=3.0) for a in order]}, comparisons=pairs)
    of = SimpleNamespace(compared=lambda _: compared, study=SimpleNamespace(primary="fixed_set"), tier=tier, summary=SimpleNamespace(fairness=()))
    return ["".join(g.targets) for g in groups_of(cast("Material", of))]


@pytest.mark.parametrize(
    ("order", "apart", "groups"),
    [
        ("abcdef", ["af", "bf", "cf", "df", "ef"], ["abcde", "f"]),
        ("abc", [], ["abc"]),
        ("abc", ["ac"], ["ab", "bc"]),
        ("abcd", ["ab", "ac", "ad", "bd"], ["a", "bc", "cd"]),
        ("ab", ["ab"], ["a", "b"]),
    ],
)
def test_targets_that_no_verdict_separates_are_one_group(order: str, apart: list[str], groups: list[str]) -> None:
    assert tied(order, apart) == groups


def test_too_few_personas_put_nobody_in_a_group() -> None:
    assert tied("ab", ["ab"], tier="look") == []


def test_the_sentence_is_one_that_show_says() -> None:
    trials = run_of(12, 5, 2)
    assert report(trials).headline.verdict in first_sentences(RunSource("first-look", examples.study(), CODEBOOK, trials))


def test_what_was_done_is_told_in_two_sentences_with_every_number() -> None:
    done = report(run_of(12, 5, 1)).headline.done
    assert done[0].startswith("12 simulated people talked with 2 chatbots in ")
    assert done[1].startswith("96 exchanges in 24 conversations; after each, the simulated person rated the reply on seven dimensions")


def test_the_plot_has_the_comparisons_figures_and_a_row_for_its_reference() -> None:
    document = report(run_of(12, 5, 1))
    forest = draw_forest(document)
    assert forest is not None
    assert [(r.name, r.figure, r.told) for r in forest.rows] == [("remembers", "", "reference"), ("forgets", "−2.00", "liked less")]
    assert forest.figure.title.startswith("forgets is liked less than remembers by 2.00 (")
    assert forest.zero is not None
    places = [p for p in (forest.rows[1].low, forest.rows[1].at, forest.rows[1].high, forest.zero) if p is not None]
    assert len(set(places)) == 4
    assert places == sorted(places)
    assert document.figures[0] == forest.figure, "it becomes a file like every other figure"


def test_nothing_clear_is_a_title_that_says_so() -> None:
    forest = report(run_of(12, 3, 3)).headline.forest
    assert forest is not None
    assert forest.title.startswith("No target can be told apart from ")


def test_the_example_is_an_exchange_of_the_run_with_the_target_it_names() -> None:
    head = report(run_of(12, 5, 1)).headline
    assert head.exchange is not None
    assert head.exchange.target == head.leader == "remembers"
    assert head.exchange.link.startswith("#/talk?trial=remembers")


def test_commands_become_code_and_names_of_targets_carry_their_colour() -> None:
    colours = places_of(["cold", "cold-2", "<b>"])
    text = str(told("cold-2 beats cold, see `sim compare` and <b>; coldly", colours))
    assert text.count("<code>sim compare</code>") == 1
    assert re.findall(r'data-colour="(\d)">([^<]+)<', text) == [("1", "cold-2"), ("0", "cold"), ("2", "&lt;b&gt;")]
    assert "coldly" in text.rsplit(">", 1)[1]
    assert str(chips("cold − nobody", colours)).endswith(" − nobody")


def test_one_table_of_colours_is_in_charts_and_styles() -> None:
    for look, colours in TARGET_COLOURS.items():
        config = theme()[look]
        assert isinstance(config, dict)
        assert config["range"]["category"] == list(colours)  # type: ignore[index, call-overload]
        assert all(f"--t{i}:{c}" in target_styles() for i, c in enumerate(colours))
    assert places_of([str(i) for i in range(COUNT + 1)])[str(COUNT)] == 0, "after the last they begin again"


def test_the_dimensions_that_are_furthest_apart_are_named_whichever_side_is_ahead() -> None:
    apart = {"callback": -1.5, "emotional_adaptation": 0.4, "humor_fit": 0.2, "knowledge_adaptation": -0.1}
    against = {d: {"forgets": SimpleNamespace(difference=by)} for d, by in apart.items()}
    of = cast("Material", SimpleNamespace(against=lambda d: against.get(d, {})))
    (sentence,) = dimensions_apart(of, "remembers", "forgets")
    assert sentence == "remembers and forgets are furthest apart in callback (+1.50), emotional adaptation (−0.40), humor fit (−0.20)."


def test_names_in_a_sentence() -> None:
    assert [claims.listed(n) for n in (["a"], ["a", "b"], ["a", "b", "c"])] == ["a", "a and b", "a, b and c"]


def test_every_title_is_a_sentence_made_from_the_figures_and_says_no_more_than_the_comparison() -> None:
    clear, tied_ = report(run_of(12, 5, 1)), report(run_of(12, 3, 3))
    titles = {f.id: f.title for f in clear.figures}
    assert titles["likability"] == "12 of 12 personas like remembers more than forgets"
    assert titles["dimensions"].startswith("forgets is furthest below remembers on ")
    assert titles["enjoyment"] == "Enjoyment tells no two targets apart"
    for figure in tied_.figures:
        assert figure.shows, figure.id
        assert " more than " not in figure.title or figure.id == "likability", figure.title
        assert "furthest" not in figure.title
    few = {f.id: f.title for f in report(run_of(5, 5, 1)).figures}
    assert few["dimensions"] == "Too few personas for a verdict on any dimension"
    assert few["enjoyment"] == "Too few personas for a verdict on enjoyment"


def test_many_targets_have_a_panel_each_and_few_share_one() -> None:
    y = charts.rating("mean", "mean")
    few, many = (charts.over_sessions([f"t{i}" for i in range(n)], sessions=3, y=y) for n in (3, 6))
    assert "facet" not in few
    assert many["usermeta"] == {"panels": 3}


def test_labels_of_arms_never_cover_each_other_and_keep_their_order() -> None:
    y = charts.rating("liked", "liked", values=[3.0, 4.0])
    heights = [3.51, 3.5, 3.5, 3.52, 3.9]
    placed = charts.labels_apart(heights, y)
    ordered = sorted(placed)
    assert all(b - a >= charts.LABEL / charts.TALL - 1e-9 for a, b in pairwise(ordered))
    assert sorted(range(5), key=lambda i: heights[i]) == sorted(range(5), key=lambda i: placed[i])


def test_a_table_of_noughts_and_dashes_folds_and_one_with_a_figure_does_not() -> None:
    empty = Table(id="t", title="t", columns=columns("target", figures=["a", "b"]), rows=((named("x"), score(0.0), score(None)),))
    assert empty.says_nothing
    assert not empty.model_copy(update={"rows": ((named("x"), score(0.01), score(None)),)}).says_nothing
    assert not empty.model_copy(update={"rows": ((named("x"), text("not measured"), score(None)),)}).says_nothing


def test_a_change_of_wishes_is_marked_in_the_session_where_it_happens() -> None:
    plain = SimpleNamespace(wishes={})
    drift = SimpleNamespace(wishes={"length_fit": "short", "humor_fit": "none"})

    def changes(*scenarios: list[SimpleNamespace]) -> dict[int, str]:
        casts = [SimpleNamespace(cast=SimpleNamespace(scenario=SimpleNamespace(id=i, sessions=s, withheld=None))) for i, s in enumerate(scenarios)]
        return wish_changes(cast("Material", SimpleNamespace(trials=casts)))

    assert changes([plain, plain, plain]) == {}
    assert changes([plain, drift, drift]) == {2: "conversation length fit and humor fit"}
    assert changes([plain, drift, plain], [plain, plain, plain]) == {2: "in 1 of 2 scenarios", 3: "in 1 of 2 scenarios"}


def side_by_side(difference: float, interval: tuple[float, float], verdict: str, tier: str = "screen") -> Comparison:
    """A pair as far as a claim reads it, b over a where the difference is negative."""
    turned = SimpleNamespace(a="b", b="a", difference=-difference, interval=(-interval[1], -interval[0]), verdict="higher", tier=tier)
    return cast("Comparison", SimpleNamespace(a="a", b="b", difference=difference, interval=interval, verdict=verdict, tier=tier, turned=turned))


def test_a_difference_that_is_clear_only_by_itself_is_told_as_that() -> None:
    alone = side_by_side(-0.6, (-0.9, -0.3), "not separable")
    decided, unclear = side_by_side(0.4, (0.2, 0.6), "higher"), side_by_side(0.8, (-0.1, 1.7), "not separable")
    found = claims.clearest([alone, unclear])
    assert found is not None
    assert (found[0].a, found[0].b, found[1]) == ("b", "a", claims.ALONE)
    assert claims.clearest([alone, decided, unclear]) == (decided, "")
    assert claims.clearest([unclear]) is None
    assert claims.clearest([side_by_side(-0.6, (-0.9, -0.3), "none", tier="look")]) is None


def test_a_target_is_told_of_as_it_is_and_not_with_its_user_disturbed() -> None:
    targets = [{"id": "bot", "model": "offline/uses"}, {"id": "bot-typos-100", "model": "offline/uses", "stress": {"typos": 1}}]
    trials = [trial(t, f"p{i:02}", score, score) for i in range(12) for t, score in (("bot", 3), ("bot-typos-100", 4))]
    study = examples.study(targets=targets)
    summary = summarise(study, trials, run="first-look", status="finished", offline=(), codebook=CODEBOOK)
    head = build_report(Material(study, HEADER, CODEBOOK, trials, summary, {})).headline
    assert head.leader == "bot"
    assert claims.more(None, "", nothing="Callback tells no two targets apart", of="callback") == "Callback of the one target of this run"
    assert head.verdict.startswith("bot scores 3.00 of 5")
    assert head.done[0].startswith("12 simulated people talked with 1 chatbot ")
    assert "1 more arm met the same people under stress." in head.done[1]

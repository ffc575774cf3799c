from __future__ import annotations

import datetime as dt

import pytest

from sim.analysis.figures.by_persona import summarise_personas, summarise_sessions
from sim.analysis.figures.summary import summarise
from sim.analysis.figures.table import MeasureTable, Viewpoint
from sim.core.record import Trial
from sim.present.report.build import build_report
from sim.present.report.document import ChartFigure, ReportDocument, Table
from sim.present.report.material import Material
from sim.present.report.talks import index_data, talk_data
from sim.score.validity.check import flag_of
from sim.store.header import Header
from tests import examples
from tests.analysis.stories import CODEBOOK, told_in_full
from tests.analysis.trials import Diary, Given, planned

HEADER = Header(
    created=dt.datetime(2026, 1, 5, tzinfo=dt.UTC), prompts={}, prompt_hashes={}, spec_hash="0" * 16, versions={}, seeds=(1,), trials=2, scorers={}
)


def trial(target: str, persona: str, *scores: Given) -> Trial:
    diary = Diary(planned(f"{target}/{persona}/moving-house/1", target=target, persona=persona))
    for given in scores:
        diary.open().exchange(given, ["advice"]).exchange(given, ["advice", "validation"]).close(3)
    return diary.finish()


def report(trials: list[Trial], *, offline: tuple[str, ...] = ()) -> ReportDocument:
    study = examples.study()
    summary = summarise(study, trials, run="first-look", status="finished", offline=offline, codebook=CODEBOOK)
    return build_report(Material(study, HEADER, CODEBOOK, trials, summary, {}))


def run_of(personas: int, better: Given, worse: Given) -> list[Trial]:
    """Two targets; every persona a little different, so that there is something to estimate a spread from."""
    ids = [f"p{i:02}" for i in range(personas)]
    return [t for i, p in enumerate(ids) for t in (trial("remembers", p, better, 3 + i % 2), trial("forgets", p, worse, 3 + (i + 1) % 2))]


def table(document: ReportDocument, name: str) -> Table:
    return next(b for s in document.sections for b in s.blocks if isinstance(b, Table) and b.id == name)


def test_few_personas_get_no_verdict_however_far_apart_the_targets_are() -> None:
    head = report(run_of(5, 5, 1)).headline
    assert head.tier == "look"
    assert head.verdict.endswith("look, no verdict.")
    assert head.groups == ()


def test_a_clear_difference_over_twelve_personas_is_told_as_compare_tells_it() -> None:
    document = report(run_of(12, 5, 1))
    head = document.headline
    assert head.tier == "screen"
    assert head.verdict.startswith("In this scenario remembers is liked 2.00 more than forgets on the fixed set")
    assert [g.targets for g in head.groups] == [("remembers",), ("forgets",)]
    assert [row[1].text for row in table(document, "targets").rows] == ["1", "2"]
    assert table(document, "pairs").rows[0][-1].text == "higher"


def test_equal_targets_are_not_told_apart_and_share_their_places() -> None:
    document = report(run_of(12, 3, 3))
    assert "liked as much as" in document.headline.verdict
    assert [set(g.targets) for g in document.headline.groups] == [{"remembers", "forgets"}]
    assert [row[1].text for row in table(document, "targets").rows] == ["1 to 2", "1 to 2"]


def test_what_cannot_be_concluded_names_offline_models_scenarios_and_the_diagnostic() -> None:
    told = " ".join(report(run_of(3, 4, 2), offline=("user",)).headline.not_concluded)
    for words in ("offline models took part", "sim calibrate", "the one scenario", "fewer than 12 personas"):
        assert words in told
    assert "offline" not in " ".join(report(run_of(3, 4, 2)).headline.not_concluded)


def test_the_signature_picture_pairs_personas_and_leaves_callback_out() -> None:
    generous: list[Given] = [4, 4, 4, 4, 4, 4, 1]
    trials = [trial("remembers", p, generous) for p in ("pa", "pb")] + [trial("forgets", p, 3) for p in ("pa", "pb")]  # type: ignore[arg-type]
    figure = next(f for f in report(trials).figures if f.id == "memory")
    values = {(r["arm"], r["persona"]): r.get("fixed_set") for r in figure.rows if r["persona"]}
    assert values == {("remembers", "pa"): 4.0, ("remembers", "pb"): 4.0, ("forgets", "pa"): 3.0, ("forgets", "pb"): 3.0}
    (row,) = [r for r in table(report(trials), "memory").rows if r[0].text == "remembers"]
    assert [cell.text for cell in row[2:4]] == ["4.00", "+1.00"]
    assert row[2].beside == "against 3.00"


def test_every_row_of_every_figure_keeps_to_its_documented_columns_and_leads_somewhere() -> None:
    figures = report(run_of(12, 5, 2)).figures
    assert sum("link" in row for figure in figures for row in figure.rows) > 20
    for figure in figures:
        assert isinstance(figure, ChartFigure)
        assert len(figure.alt) > 20
        for row in figure.rows:
            assert set(row) - {"target"} <= set(figure.columns)
            link = row.get("link")
            assert link is None or str(link).startswith("#/talk")


def test_points_are_means_of_sessions_and_not_of_exchanges() -> None:
    diary = Diary(planned()).open().exchange(5).exchange(5).exchange(5).close().open().exchange(1).close()
    seen = MeasureTable([diary.told()], Viewpoint("self"))
    (point,) = summarise_personas(seen)
    assert point.likability == pytest.approx(3.0)
    first, second = summarise_sessions(seen, diary.trial.target)
    assert (first.fixed_set, second.fixed_set, first.interval) == (5.0, 1.0, None)


def test_a_conversation_as_data_holds_what_was_said_and_judged() -> None:
    whole = told_in_full().finish()
    data = talk_data(whole, examples.study())
    index = index_data([whole], study=examples.study(), codebook=CODEBOOK)
    sessions = data["sessions"]
    assert isinstance(sessions, list)
    assert len(sessions) == len(whole.sessions)
    (row,) = index["trials"]  # type: ignore[misc, union-attr]
    assert len(row["scores"]) == 7 * len(whole.exchanges)  # type: ignore[call-overload, arg-type, index]


def test_agreement_with_people_is_shown_where_they_have_rated_and_missed_where_not() -> None:
    rated = []
    for target, persona, self_, human in (
        ("remembers", "nora", 4, 5),
        ("forgets", "nora", 2, 3),
        ("remembers", "omar", 5, 4),
        ("forgets", "omar", 3, 2),
    ):
        diary = Diary(planned(f"{target}/{persona}/moving-house/1", target=target, persona=persona))
        rated.append(diary.open().exchange(self_, others={"human:p1": human, "human:p2": human}).close(3).finish())
    section = next(s for s in report(rated).sections if s.id == "belief")
    (table,) = [b for b in section.blocks if isinstance(b, Table) and b.id.startswith("people")]
    assert [row[0].text for row in table.rows] == ["self"]
    assert table.rows[0][-1].text == "1 of 1"
    assert not any("nobody has rated" in line for b in section.blocks if b.kind == "prose" for line in b.lines)
    alone = next(s for s in report([trial("remembers", "nora", 4)]).sections if s.id == "belief")
    assert any("nobody has rated" in line for b in alone.blocks if b.kind == "prose" for line in b.lines)


def test_the_simulated_user_is_shown_by_target_with_and_without_what_is_flagged() -> None:
    spoilt = Diary(planned("remembers/nora/moving-house/1", persona="nora")).open().exchange(1, flags=(flag_of("role_flip", "How can I help?"),))
    trials = [spoilt.close(3).finish(), trial("remembers", "omar", 4), trial("forgets", "nora", 5), trial("forgets", "omar", 3)]
    found = table(report(trials), "validity")
    titles = [c.heading for c in found.columns]
    rows = {str(row[0].text): dict(zip(titles, row, strict=True)) for row in found.rows}
    assert [rows["remembers"][c].value for c in ("critical", "messages", "trials flagged", "all trials", "without", "trials left")] == [
        pytest.approx(0.5),
        3,
        1,
        pytest.approx(2.5),
        pytest.approx(4),
        1,
    ]
    assert [rows["forgets"][c].value for c in ("critical", "all trials", "without", "trials left")] == [0, 4, 3, 1]
    assert any("leaves all targets alike" in note for note in found.notes)

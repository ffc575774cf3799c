from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.core.event import Event, Meta, Timing
from sim.core.fold import fold
from sim.core.record import Trial
from sim.present.data.exports import COLUMNS, Events, Format, export_rows
from tests import examples
from tests.analysis.stories import CODEBOOK, told_in_full, whole_run
from tests.analysis.trials import Diary, planned
from tests.effort import tries


def lines(
    trials: Sequence[Trial], form: Format = "jsonl", *, run: str = "first-look", events: Events | None = None, offline: tuple[str, ...] = ()
) -> list[str]:
    return list(export_rows(trials, form, study=examples.study(), run=run, offline=offline, codebook=CODEBOOK, events=events))


def records(trials: Sequence[Trial], **more: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines(trials, **more)]


def table(trials: Sequence[Trial], **more: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO("".join(lines(trials, "csv", **more)), newline="")))


def test_jsonl_has_a_line_a_session_and_a_line_an_exchange_in_order() -> None:
    found = records(whole_run())
    keys = [(r["trial"], r["session"], r["exchange"]) for r in found]
    assert keys == sorted(keys)
    assert all((r["record"] == "session") == (r["exchange"] == 0) for r in found)
    assert sum(r["record"] == "exchange" for r in found) == sum(len(s.exchanges) for t in whole_run() for s in t.sessions)


def test_a_line_has_reasons_and_moves_and_no_calls() -> None:
    session, exchange = records([told_in_full().finish()])[:2]
    assert session["criterion"]["self"]["enjoyment"] == session["criterion"]["self"]["return"]
    assert exchange["ratings"]["self"]["emotional_adaptation"]["reason"] == "It was so."
    assert exchange["moves"] == ["questioning", "validation"]
    assert "calls" not in json.dumps(exchange)


def test_the_order_of_trials_given_does_not_matter() -> None:
    assert lines(whole_run()) == lines(whole_run()[::-1])


def test_csv_has_the_documented_columns_and_one_row_an_exchange() -> None:
    found = table(whole_run())
    assert list(found[0]) == list(COLUMNS)
    assert list(COLUMNS)[-1] == "meta"
    assert len(found) == sum(len(s.exchanges) for t in whole_run() for s in t.sessions)


def test_csv_leaves_the_score_empty_and_names_the_kind() -> None:
    row = table([Diary(planned()).open().exchange([4, "?", 3, 2, "na", "missed", 5]).exchange(None, None).told()])
    assert (row[0]["emotional_adaptation"], row[0]["emotional_adaptation_kind"]) == ("4", "score")
    assert (row[0]["formality_matching"], row[0]["formality_matching_kind"]) == ("", "unscored")
    assert (row[0]["reference_understanding"], row[0]["reference_understanding_kind"]) == ("", "not_applicable")
    assert (row[1]["callback"], row[1]["callback_kind"], row[1]["likability"], row[1]["tagging"]) == ("", "absent", "", "absent")


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_text_comes_back_as_it_was_whatever_is_in_it(form: Format) -> None:
    reply = 'She said "no",\nthen\u2028nothing;\x85 naïve, 日本語 👩\u200d👧'
    trial = Diary(planned()).open().exchange(3, reply=reply).told()
    if form == "jsonl":
        assert all(len(line.splitlines()) == 1 for line in lines([trial]))
        assert records([trial])[1]["reply"] == reply
    else:
        assert table([trial])[0]["reply"] == reply


def test_the_offline_mark_is_a_field_of_every_line() -> None:
    assert {r["offline"] for r in records(whole_run(), offline=("user",))} == {True}
    assert {r["offline"] for r in records(whole_run())} == {False}
    assert {r["offline"] for r in table(whole_run(), offline=("user",))} == {"true"}


def test_timings_of_the_events_stand_in_meta() -> None:
    diary = Diary(planned())
    diary.meta = Meta(at=12.5, timings=(Timing(latency=0.25, retries=2),))
    diary.open().exchange(3)
    row = records([diary.told()], events=lambda _: diary.events)[1]
    assert {"kind": "target_replied", "part": "", "at": 12.5, "latency": [0.25], "retries": [2]} in row["meta"]["timings"]
    assert json.loads(table([diary.told()], events=lambda _: diary.events)[0]["meta"]) == row["meta"]


def test_an_export_of_nothing_is_a_header_or_nothing() -> None:
    assert lines([planned()]) == []
    assert len(lines([planned()], "csv")) == 1


METAS = st.builds(
    Meta,
    at=st.floats(0, 2e9),
    timings=st.lists(st.builds(Timing, latency=st.floats(0, 9), retries=st.integers(0, 3)), max_size=2),
    resent=st.booleans(),
)


def rerun(events: Sequence[Event], metas: Sequence[Meta]) -> list[Event]:
    """Each event with other circumstances, of the kind that its own are."""
    return [e.model_copy(update={"meta": type(e.meta)(**dict(m))}) for e, m in zip(events, metas, strict=False)]


@tries(25)
@given(st.lists(METAS, min_size=32, max_size=32), st.text(max_size=8))
def test_two_executions_differ_in_meta_alone(metas: list[Meta], run: str) -> None:
    diary = told_in_full()
    first = diary.finish()
    again = rerun(diary.events, metas)
    second = fold(planned(first.id), again)
    for one, other in zip(records([first]), records([second], run=run, events=lambda _: again), strict=True):
        assert one.pop("meta")["run"] == "first-look"
        assert other.pop("meta")["run"] == run
        assert one == other
    for row, same in zip(table([first]), table([second], run=run, events=lambda _: again), strict=True):
        del row["meta"], same["meta"]
        assert row == same

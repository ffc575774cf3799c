"""What a target says it did for a reply is the same on every surface that shows talks."""

from __future__ import annotations

import csv
import io
import json

from sim.analysis.figures.summary import summarise
from sim.core.record import Trial
from sim.core.tools import ToolUse
from sim.present.data.exports import columns_of, export_rows
from sim.present.data.frames import exchanges_frame, render_parquet
from sim.present.data.inspect_log import render_inspect_logs
from sim.present.data.trial_json import trial_document
from sim.present.report.talks import talk_data
from sim.present.text.transcript import render_trial
from tests import examples
from tests.analysis.stories import CODEBOOK
from tests.analysis.trials import Diary, planned
from tests.present.report.test_document import HEADER
from tests.present.test_tables import plain

STUDY = examples.study()
USES = (ToolUse(name="weather", arguments='{"city": "Lisbon"}', result="21 degrees"), ToolUse(name="", arguments="x" * 900), ToolUse(name="clock"))
PLAIN = [{"name": u.name, "arguments": u.arguments, "result": u.result} for u in USES]


def told() -> Trial:
    return Diary(planned()).open().exchange(3, reply="It is warm there.", tools=USES).exchange(3).told()


def test_a_transcript_has_a_line_for_each_before_the_reply() -> None:
    text = plain(render_trial(trial_document(told(), study=STUDY, codebook=CODEBOOK, offline=()), width=100), 100)
    lines = [" ".join(line.split()) for line in text.splitlines()]
    at = lines.index('tool weather({"city": "Lisbon"}) → 21 degrees')
    assert at < lines.index("It is warm there.")
    assert f"tool(notnamed)({'x' * 300}…)" in "".join(text.split())
    assert "tool clock()" in lines
    assert sum(line.startswith("tool ") for line in lines) == 3, "the second reply used none"


def test_json_and_exports_have_them_whole() -> None:
    document = trial_document(told(), study=STUDY, codebook=CODEBOOK, offline=())
    first, second = json.loads(document.model_dump_json())["sessions"][0]["exchanges"]
    assert (first["tools"], second["tools"]) == (PLAIN, [])
    fixed = {"study": STUDY, "run": "r", "offline": (), "codebook": CODEBOOK}
    rows = [json.loads(line) for line in export_rows([told()], "jsonl", **fixed)]  # type: ignore[arg-type]
    assert [r["tools"] for r in rows if r["record"] == "exchange"] == [PLAIN, []]
    table = list(csv.DictReader(io.StringIO("".join(export_rows([told()], "csv", **fixed)), newline="")))  # type: ignore[arg-type]
    assert json.loads(table[0]["tools"]) == PLAIN
    assert table[1]["tools"] == ""
    frame = exchanges_frame([told()], "polars", **fixed)  # type: ignore[arg-type]
    assert frame["tools"].to_list() == [table[0]["tools"], None]
    assert render_parquet(frame, columns_of(())).startswith(b"PAR1")


def test_inspect_has_calls_and_what_came_back() -> None:
    summary = summarise(STUDY, [told()], run="r", status="finished", offline=(), codebook=CODEBOOK)
    (file,) = render_inspect_logs([told()], study=STUDY, header=HEADER, summary=summary, events={})
    log = json.loads(file.text)
    messages = log["samples"][0]["messages"]
    assert [m["role"] for m in messages] == ["user", "user", "assistant", "tool", "assistant", "assistant", "assistant", "user", "assistant"]
    call = messages[2]["tool_calls"][0]
    assert (call["function"], call["arguments"]) == ("weather", {"city": "Lisbon"})
    assert (messages[3]["tool_call_id"], messages[3]["content"]) == (call["id"], "21 degrees")
    assert messages[4]["tool_calls"][0]["arguments"] == {"arguments": "x" * 900}
    assert messages[6]["content"] == "It is warm there."


def test_the_pages_of_report_and_viewer_have_them() -> None:
    first, second = talk_data(told(), study=STUDY)["sessions"][0]["exchanges"]  # type: ignore[index,call-overload]
    assert first["tools"] == [[u.name, u.arguments, u.result] for u in USES]
    assert "tools" not in second

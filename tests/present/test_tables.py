from __future__ import annotations

import re
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console, RenderableType

from sim.analysis.figures.run_summary import RunSummary
from sim.analysis.figures.summary import summarise
from sim.core.record import RunStatus, Trial
from sim.present.data.trial_json import trial_document
from sim.present.text.showing import render_answer, render_run, render_sections, sections_of
from sim.present.text.transcript import render_trial
from sim.present.words import DIAGNOSTIC, OFFLINE_MARK, money, number, percent, safe, share, signed
from tests import examples
from tests.analysis.stories import CODEBOOK, remembering_run, told_in_full, whole_run
from tests.analysis.trials import Diary, planned

SNAPSHOTS = Path(__file__).parent / "snapshots"
"""To renew one: delete it and run the tests twice."""


def plain(rendered: RenderableType, width: int) -> str:
    out = StringIO()
    Console(file=out, width=width, highlight=False).print(rendered)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def matches(text: str, name: str) -> None:
    path = SNAPSHOTS / name
    if not path.exists():
        path.write_text(text, encoding="utf-8")
        pytest.fail(f"wrote {path}; read it")
    assert text == path.read_text(encoding="utf-8")


def summary(trials: list[Trial], *, status: RunStatus = "incomplete", offline: tuple[str, ...] = ("user", "self"), **study: object) -> RunSummary:
    return summarise(examples.study(**study), trials, run="first-look", status=status, offline=offline, codebook=CODEBOOK)  # type: ignore[arg-type]


def shown(trial: Trial, *, width: int = 100, offline: tuple[str, ...] = (), **study: object) -> str:
    document = trial_document(trial, study=examples.study(**study), codebook=CODEBOOK, offline=offline)  # type: ignore[arg-type]
    return plain(render_trial(document, width=width), width)


@pytest.mark.parametrize("width", [100, 80])
def test_a_run_looks_as_designed(width: int) -> None:
    matches(plain(render_run(summary(whole_run()), width=width), width), f"run_{width}.txt")


REMEMBERING: list[dict[str, object]] = [
    *({"id": id, "model": "offline/uses", "memory": memory} for id, memory in (("remembers", "full"), ("notes", "window:2"), ("forgets", "none"))),
    {"id": "own-bot", "callable": "bots:answer"},
]


def test_memory_looks_as_designed() -> None:
    found = summary(remembering_run(), status="finished", targets=REMEMBERING, probes={})
    text = plain(render_run(found, width=100), 100)
    matches(text[text.index("\nMemory") : text.index("\nRepetition")], "memory_100.txt")


def test_a_target_that_cannot_be_copied_says_so() -> None:
    found = summary(remembering_run(), targets=REMEMBERING, probes={})
    assert "own-bot: it cannot be copied" in plain(render_run(found, width=120), 120)
    assert found.targets[3].memory.probes == {}
    assert found.targets[3].memory.accuracy.accuracy is None


def test_a_trial_looks_as_designed() -> None:
    matches(shown(told_in_full().finish(), offline=("user",)), "trial_100.txt")


@pytest.mark.parametrize("width", [80, 100, 160])
def test_tables_keep_within_the_width_and_show_every_figure(width: int) -> None:
    found = summary(whole_run(), targets=[{"id": "remembers", "model": "offline/uses"}, {"id": "f" * 64, "model": "offline/uses"}])
    text = plain(render_run(found, width=width), width)
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    for heading in ("fixed set", "all seven", "scripted", "emotional", "callback", "personas", "sticky", "untagged", "unscored"):
        assert heading in text


def test_no_escape_sequence_is_written_to_what_is_not_a_terminal() -> None:
    assert "\x1b" not in plain(render_run(summary(whole_run()), width=100), 100)


def test_a_terminal_gets_colour() -> None:
    out = StringIO()
    Console(file=out, width=100, force_terminal=True, color_system="standard").print(render_run(summary(whole_run()), width=100))
    assert "\x1b[" in out.getvalue()


def test_the_sentence_on_simulated_likability_always_stands() -> None:
    assert DIAGNOSTIC in " ".join(plain(render_run(summary([], offline=()), width=80), 80).split())


def test_the_offline_mark_stands_only_where_offline_models_took_part() -> None:
    assert "offline models play the user and the rater" in plain(render_run(summary(whole_run()), width=100), 100)
    everybody = ("user", "self", "target remembers", "target forgets")
    assert OFFLINE_MARK in plain(render_run(summary(whole_run(), offline=everybody), width=100), 100)
    assert "offline" not in plain(render_run(summary(whole_run(), offline=()), width=100), 100).partition("\n\n")[0]
    assert "offline models play the user: messages to remembers" in shown(planned(), offline=("user",))
    assert "offline models" not in shown(planned())


def test_what_has_no_number_is_a_dash() -> None:
    text = plain(render_run(summary([planned()]), width=100), 100)
    assert re.search(r"^remembers +– +– +– +0 +0$", text, re.MULTILINE)
    assert re.search(r"^remembers +– +– +– +– +– +– +–$", text, re.MULTILINE)


def test_a_run_under_way_is_not_told_to_resume() -> None:
    assert "sim resume first-look" in plain(render_run(summary(whole_run()), width=100), 100)
    assert "sim resume" not in plain(render_run(summary(whole_run(), status="running"), width=100), 100)


def test_a_run_that_people_hold_goes_on_at_their_page() -> None:
    begun = Diary(planned()).open().exchange(3, others={"human:p3": 4}).exchange(3).told()
    text = plain(render_run(summary([begun], status="incomplete", played_by="people"), width=100), 100)
    assert "Absent: 1 rating, 1 trial stopped before its end\n  sim view --study FILE" in text
    assert "sim resume" not in text


def test_a_finished_run_without_anything_absent_asks_for_nothing() -> None:
    whole = Diary(planned()).open().exchange(3, ["advice"]).close(4).open().exchange(3, ["advice"]).close(4).finish()
    text = plain(render_run(summary([whole], status="finished"), width=100), 100)
    assert "sim resume" not in text
    assert "sim show first-look remembers/nora/moving-house/1" in text


def test_other_raters_have_a_table_of_their_own() -> None:
    told = Diary(planned()).open().exchange(5, others={"observer:strict": 2}).finish()
    text = plain(render_run(summary([told], observers=[{"id": "strict", "model": "openai/x"}]), width=100), 100)
    assert re.search(r"^remembers +observer:strict +2\.00 +2\.00 +1$", text, re.MULTILINE)


def test_ratings_of_all_exchanges_and_raters_stand_under_one_another() -> None:
    told = Diary(planned()).open().exchange([4, "?", 3, 2, "na", "missed", 5], others={"observer:strict": 2}).exchange(None).told()
    lines = [line for line in shown(told, observers=[{"id": "strict", "model": "openai/x"}]).splitlines() if "emotional" in line]
    assert lines[0].split() == [
        "ratings",
        "emotional",
        "4",
        "formality",
        "?",
        "knowledge",
        "3",
        "length",
        "2",
        "reference",
        "–",
        "humor",
        "1",
        "callback",
    ]
    assert lines[0].index("emotional") == lines[1].index("emotional")
    assert "ratings          absent" in shown(told, observers=[{"id": "strict", "model": "openai/x"}])


def test_text_of_a_model_can_neither_style_nor_steer_the_terminal() -> None:
    text = shown(Diary(planned()).open().exchange(3, reply="[bold]x[/bold] \x1b[2J\x9b2J \u202eyz").told())
    assert "[bold]x[/bold] \\x1b[2J\\x9b2J \\x202eyz" in text


def test_unfinished_things_are_said() -> None:
    assert "Not begun." in shown(planned())
    text = shown(Diary(planned()).open().exchange(None, None, reply=None).told())
    assert "not answered yet" in text


def test_a_wordless_departure_is_told_with_its_reason() -> None:
    text = shown(Diary(planned()).open().exchange(2).close(ending="left", left="The soup is boiling over.").told())
    assert re.search(r"left +The soup is boiling over\.", text)


def test_long_messages_wrap_and_keep_their_paragraphs() -> None:
    text = shown(Diary(planned()).open().exchange(3, reply="word " * 60 + "\n\nsecond").told(), width=60)
    assert max(map(len, text.splitlines())) <= 60
    assert "\n\n    second\n" in text


@pytest.mark.parametrize(
    ("value", "text"), [(None, "–"), (0.271, ".27"), (-0.054, "−.05"), (-0.001, ".00"), (0.999, "1.00"), (1.0, "1.00"), (0.0, ".00"), (0.996, "1.00")]
)
def test_shares(value: float | None, text: str) -> None:
    assert share(value) == text


@pytest.mark.parametrize(("value", "text"), [(None, "–"), (0.0, "$0.00"), (0.00001, "<$0.0001"), (0.0123, "$0.0123"), (1234.5, "$1,234.50")])
def test_money(value: float | None, text: str) -> None:
    assert money(value) == text


def test_numbers_and_safe_text() -> None:
    assert (number(None), number(3.456), number(12.3, 0)) == ("–", "3.46", "12")
    assert safe("naïve 👩\u200d👧 line\r\nline\ttab\x07") == "naïve 👩\u200d👧 line\nline\ttab\\x07"


def test_controls_have_a_table_of_their_own_unless_the_study_has_none() -> None:
    text = plain(render_run(summary(whole_run(), offline=()), width=100), 100)
    assert re.search(r"^length +1 +2\.00 +100 % +1 +−1\.00$", text, re.MULTILINE)
    assert re.search(r"^all +6 +0\.50 +33\.3 %$", text, re.MULTILINE)
    assert "halo: too few exchanges" in text
    assert "deterministic" not in text
    assert "offline rater: deterministic, no noise" in plain(render_run(summary(whole_run(), offline=("self",)), width=100), 100)
    assert "rates again" not in plain(render_run(summary(whole_run(), controls={"one_by_one": 0, "repeat": 0}), width=100), 100)


def test_absent_controls_are_named() -> None:
    text = plain(render_run(summary([Diary(planned()).open().exchange(3).told()], controls={"one_by_one": 1, "repeat": 1}), width=100), 100)
    assert "2 control ratings" in text


def test_a_transcript_keeps_to_first_ratings() -> None:
    text = shown(Diary(planned()).open().exchange(4, others={"self:repeat": 1, "self:one_by_one": 2}).told())
    assert len([line for line in text.splitlines() if "emotional 4" in line]) == 1
    assert "repeat" not in text


@pytest.mark.parametrize(("value", "text"), [(None, "–"), (0.25, "+0.25"), (-0.004, "0.00"), (0.0, "0.00"), (-1.5, "−1.50")])
def test_signed(value: float | None, text: str) -> None:
    assert signed(value) == text


@pytest.mark.parametrize(("value", "text"), [(None, "–"), (0.1, "10 %"), (0.025, "2.5 %"), (1 / 3, "33.3 %"), (1.0, "100 %"), (0.0, "0 %")])
def test_percent(value: float | None, text: str) -> None:
    assert percent(value) == text


ANSWER = ("In this scenario remembers is liked 0.50 more than forgets on the fixed set, 95 % interval 0.10 to 0.90, 12 personas: screen.",)


def test_the_answer_looks_as_designed() -> None:
    matches(plain(render_answer(summary(whole_run()), ANSWER, width=100), 100), "answer.txt")


def test_the_one_table_has_twelve_columns_at_most_whatever_the_width() -> None:
    for width in (60, 80, 100, 400):
        text = plain(render_answer(summary(whole_run()), (), width=width), width)
        headings = next(line for line in text.splitlines() if line.startswith("target"))
        assert len(re.split(r"\s{2,}", headings.strip())) <= 12
        assert "remembers" in text


def test_a_section_is_what_all_has_under_that_name() -> None:
    found = summary(remembering_run(), status="finished", targets=REMEMBERING, probes={})
    everything = plain(render_run(found, width=100), 100)
    for name in sections_of(found, 100):
        (heading, body) = plain(render_sections(found, [name], width=100), 100).split("\n\n", 1)
        assert body.strip() in everything
        assert heading in everything
    assert "robustness: this run has nothing to show of it" in plain(render_sections(found, ["robustness"], width=100), 100)

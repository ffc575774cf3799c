"""One figure per name: a run goes through every surface, and a name that has two numbers at one place is a failure.

Every surface hands its figures to one collector as (name, level, key) → value with the decimals it is printed with. The same name at the same level
for the same target, persona, trial, session or exchange must then be the same value, to the rounding of the surface with the fewest decimals. What is
taken over something else has another name there (`… in common`), and is held against its own kind.
"""

from __future__ import annotations

import asyncio
import csv
import io
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import JsonValue
from rich.console import Console, RenderableType

from sim.analysis.verdicts.compare import compare
from sim.analysis.verdicts.gate import run_gate
from sim.analysis.verdicts.requirements import parse_requirement
from sim.app import Run, load_run, run_study
from sim.app.shown import ComparedRuns
from sim.core.codebook import BY_OCCASION, CRITERIA, DIMENSIONS
from sim.core.event import Assessment, Judged, Meta
from sim.core.record import Session, Trial
from sim.core.spec import Study
from sim.core.spec.scorer import ScorerInfo
from sim.present.data.exports import export_rows
from sim.present.data.inspect_log import render_inspect_logs
from sim.present.data.trial_json import trial_document
from sim.present.paper.latex import render_latex
from sim.present.paper.markdown import render_markdown
from sim.present.paper.tables import paper_tables
from sim.present.report.build import build_report
from sim.present.report.document import ChartFigure, ReportDocument, Table
from sim.present.report.material import Material
from sim.present.report.talks import index_data, talk_data
from sim.present.text.comparison import render_comparison
from sim.present.text.showing import render_run
from sim.present.viewer.index import RunIndex
from sim.present.viewer.rows import Filter
from sim.present.words import SHORT
from tests.cli.command import sim_json

ANSWERS = ScorerInfo(id="answers", result="yes_no")
WARMTH = ScorerInfo(id="warmth", result="number", low=0, high=10, grain="session")
TONE = ScorerInfo(id="tone", result="label", labels=("dry", "warm"), good=("warm",), grain="exchange")
SCORERS = (ANSWERS, WARMTH, TONE)
LABELS = {**{short: d for d, short in SHORT.items()}, "fixed set": "fixed_set"}
OVERALL = {"all seven": "likability", "scripted": "callback_scripted", "scripted callback": "callback_scripted"}
Key = tuple[str, str, str]


@dataclass
class Collector:
    """What each surface says of each name."""

    found: dict[Key, list[tuple[str, float, int]]] = field(default_factory=lambda: defaultdict(list))

    def add(self, surface: str, name: str, level: str, key: str, value: float | None, digits: int = 9) -> None:
        if value is not None:
            self.found[name, level, key].append((surface, float(value), digits))

    def text(self, surface: str, name: str, level: str, key: str, cell: str) -> None:
        """A printed cell: the first number in it, a share as it lies in 0 to 1."""
        number = re.search(r"[−-]?\d*\.?\d+", cell.replace("−", "-"))
        if number:
            digits = len(number[0].partition(".")[2])
            percent = cell[number.end() :].lstrip().startswith("%")
            self.add(surface, name, level, key, float(number[0]) / (100 if percent else 1), digits + 2 * percent)

    def clashes(self) -> list[str]:
        wrong = []
        for (name, level, key), said in self.found.items():
            exact = max(said, key=lambda s: s[2])
            for surface, value, digits in said:
                if abs(value - exact[1]) > 0.5000001 * 10**-digits:
                    wrong.append(f"{name} of {level} {key}: {surface} says {value}, {exact[0]} says {exact[1]}")
        return wrong


def study() -> Study:
    return Study.model_validate(
        {
            "name": "names",
            "targets": [
                {"id": "remembers", "model": "offline/uses", "memory": "full"},
                {"id": "forgets", "model": "offline/uses", "memory": "none"},
                {"id": "cold", "model": "offline/cold", "memory": "full"},
            ],
            "user": {"model": "offline/user"},
            "observers": [{"id": "second", "model": "offline/rater"}],
            "personas": ["attracta", "chebet", "davi"],
            "scenarios": ["new-in-town", "bank-assistant"],
            "probes": {"facts": 4},
        }
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Run, then scored by three scorers as their events would."""
    results = tmp_path_factory.mktemp("results")
    done = asyncio.run(run_study(study(), results=results))

    async def score() -> None:
        with done.folder.write_journal() as journal:
            for event in judgements(done):
                await journal.append(event)

    asyncio.run(score())
    loaded = load_run(done.name, results=results)
    loaded.__dict__["source"] = replace(loaded.source, scorers=SCORERS)
    return loaded


def judgements(done: Run) -> Iterator[Judged]:
    for trial in done.trials:
        for s in trial.sessions:
            place: dict[str, Any] = {"trial": trial.id, "session": s.index, "take": s.take, "meta": Meta(at=0.0)}
            warm = Assessment(value=float(len(trial.id) % 7 + s.index), reason="So warm.")
            yield Judged(**place, exchange=0, kind="scored", part="warmth@1", result=warm)
            for e in s.exchanges:
                if (e.index + len(trial.id)) % 5:  # Not every exchange has a result.
                    yes = Assessment(value=(e.index + s.index + len(trial.target)) % 3 > 0, reason="So it did.")
                    tone = Assessment(value="warm" if (e.index * s.index + len(trial.id)) % 4 else "dry", reason="It was.")
                    yield Judged(**place, exchange=e.index, kind="scored", part="answers@1", result=yes)
                    yield Judged(**place, exchange=e.index, kind="scored", part="tone@1", result=tone)


def plain(rendered: RenderableType, width: int = 200) -> str:
    out = io.StringIO()
    Console(file=out, width=width, highlight=False).print(rendered)
    return out.getvalue()


def rows_under(text: str, title: str) -> Iterator[dict[str, str]]:
    """The rows of the printed table under `title`, by heading."""
    lines = iter(text[text.index(title) :].splitlines()[1:])
    heads: list[str] = []
    for line in lines:
        if set(line.strip()) == {"─"}:
            break
        heads = re.split(r"\s{2,}", line.strip())
    for line in lines:
        cells = re.split(r"\s{2,}", line.strip())
        if len(cells) != len(heads):
            break
        yield dict(zip(heads, cells, strict=True))


# --- surfaces -----------------------------------------------------------------------------------------------------


def from_summary(of: Collector, run: Run) -> None:
    for t in json.loads(run.summary.model_dump_json())["targets"]:
        add = lambda name, value, key=t["target"]: of.add("show --json", name, "target", key, value)  # noqa: E731
        liked, repetition, memory = t["likability"], t["repetition"], t["memory"]
        add("likability", liked["mean"])
        add("fixed_set", liked["fixed_set"])
        for d in DIMENSIONS:
            add(d, liked["dimensions"][d]["mean"])
        for c in CRITERIA:
            add(c, t["criterion"][c]["mean"])
        for name in ("jaccard", "repertoire", "carry_over", "carry_over_adjusted"):
            add(name, repetition[name])
        add("words", repetition["words_per_reply"])
        add("said_before", repetition["said_before"]["anybody"])
        add("said_before.same_user", repetition["said_before"]["same_user"])
        add("memory", memory["accuracy"]["accuracy"])
        add("elicited_facts", memory["elicited_facts"])
        add("callback_scripted", liked["scripted"])
        add("without_callback", liked["without_callback"])
        for d, times in t["occasions"].items():
            add(f"occasions.{d}", times)
        add("abstention.balanced_accuracy", memory["abstention"]["balanced_accuracy"])
        add("adaptability", t["adaptability"]["value"])
        for bounds, name in ((liked["interval"], "likability"), (memory["accuracy"]["interval"], "memory")):
            for end, value in zip(("low", "high"), bounds or (), strict=False):
                add(f"{name} {end}", value)
        for scorer, found in t["scorers"].items():
            add(scorer, found["mean"])
            for label, share in found["shares"].items():
                add(f"{scorer}={label}", share)
        for rater, found in liked["observers"].items():
            add(f"likability by {rater}", found["mean"])
        for point in t["sessions"]:
            of.add("show --json", "fixed_set", "session of target", f"{t['target']} {point['session']}", point["fixed_set"])
    for model in run.summary.bought:
        for arm in model.arms:
            of.add("show --json", "memory", "target", arm.target, arm.accuracy)
            of.add("show --json", "without_callback", "target", arm.target, arm.liked)
            beside = (("callback_scripted", arm.brings), ("criterion", arm.enjoys))
            for name, held in (("memory", arm.gains), ("without_callback", arm.likes), ("fixed_set", arm.steady), *beside):
                if held:
                    in_common(of, "show --json", name, arm.target, model.against, held.difference, held.mean, held.other)


def in_common(of: Collector, surface: str, name: str, a: str, b: str, difference: float | None, mean: float | None, other: float | None) -> None:
    """A paired difference with its two means; the difference must be theirs."""
    if difference is None or mean is None or other is None:
        return
    assert difference == pytest.approx(mean - other, abs=1e-9), f"{surface}: {name} of {a} less {b}"
    first, second = (a, b) if a < b else (b, a)
    sign = 1 if a < b else -1
    for value, part in ((sign * difference, "difference"), (mean if a < b else other, "first"), (other if a < b else mean, "second")):
        of.add(surface, f"{name} in common, {part}", "pair", f"{first} − {second}", value)


def less(of: Collector, surface: str, name: str, reference: str, row: Mapping[str, JsonValue], value: str) -> None:
    """A paired difference of a chart, from the target that the others are held against."""
    target, difference = str(row["target"]), row[value]
    if target != reference and isinstance(difference, float):
        first, second = sorted((target, reference))
        of.add(surface, f"{name} in common, difference", "pair", f"{first} − {second}", difference if first == target else -difference)


def from_show(of: Collector, run: Run) -> None:
    text = plain(render_run(run.summary, width=200), 200)
    for row in rows_under(text, "Simulated likability, 1 to 5"):
        for heading, cell in row.items():
            if heading in (*LABELS, *OVERALL, "callback"):
                of.text("show", (LABELS | OVERALL).get(heading, heading), "target", row["target"], cell)
    for row in rows_under(text, "Drawn out: occasions a session"):
        of.text("show", "elicited_facts", "target", row["target"], row["facts a trial"])
        for d in BY_OCCASION:
            of.text("show", f"occasions.{d}", "target", row["target"], row[SHORT[d]])
    for row in rows_under(text, "Said before, word for word"):
        of.text("show", "said_before", "target", row["target"], row["said before"])
        of.text("show", "said_before.same_user", "target", row["target"], row["to the same user"])
    for row in rows_under(text, "Looking back on the session"):
        of.text("show", "enjoyment", "target", row["target"], row["enjoyment"])
        of.text("show", "return", "target", row["target"], row["would return"])
    for row in rows_under(text, "Repetition of moves from reply to reply"):
        for heading, name in (("repertoire", "repertoire"), ("carry-over, adj.", "carry_over_adjusted"), ("Jaccard", "jaccard"), ("words", "words")):
            of.text("show", name, "target", row["target"], row[heading])


def from_compare(of: Collector, run: Run) -> None:
    document = compare([run.source])
    for measure, found in document.measures.items():
        for rank in found.ranking[""]:
            of.add("compare", measure, "target", rank.arm, rank.mean)
        for c in found.comparisons:
            in_common(of, "compare", measure, c.a, c.b, c.difference, c.mean_a, c.mean_b)
    text = plain(render_comparison(document))
    for row in rows_under(text, "Ranking by fixed set"):
        arm, cell = list(row.values())[:2] if "" in row else (next(iter(row.values())), "")
        of.text("compare, printed", "fixed_set", "target", arm, cell)


def from_report(of: Collector, document: ReportDocument) -> None:
    figures = {f.id: f for f in document.figures}
    tables = {(s.id, b.id): b for s in document.sections for b in s.blocks if isinstance(b, Table)}
    for row in tables["likability", "targets"].rows:
        for column, cell in zip(tables["likability", "targets"].columns, row, strict=True):
            if column.heading in (*LABELS, *OVERALL, "callback", "words"):
                of.add("report, table", (LABELS | OVERALL).get(column.heading, column.heading), "target", row[0].text, cell.value)
    for id, measure in (("pairs", "fixed_set"), ("pairs-likability", "likability")):
        for row in tables["likability", id].rows:
            a, b = row[0].text.split(" − ")
            in_common(of, "report, pairs", measure, a, b, row[1].value, row[2].value, row[3].value)
    for row in tables["remembering", "told"].rows:
        of.add("report, told", "elicited_facts", "target", row[0].text, row[2].value)
    for row in tables["likability", "occasions"].rows:
        label = {v: k for k, v in _labels().items()}[row[1].text]
        of.add("report, occasions", f"occasions.{label}", "target", row[0].text, row[3].value)
    for row in tables["memory", "memory"].rows:
        for i, name in ((2, "fixed_set"), (6, "without_callback")):
            if row[i].value is not None:
                other = float(row[i].beside.removeprefix("against "))
                of.add("report, memory", f"{name} in common, second", "pair", f"forgets − {row[0].text}", row[i].value)
                of.add("report, memory", f"{name} in common, first", "pair", f"forgets − {row[0].text}", other, 2)
    for row in tables["repetition", "said_before"].rows:
        of.add("report, said before", "said_before", "target", row[0].text, row[1].value)
        of.add("report, said before", "said_before.same_user", "target", row[0].text, row[2].value)
    for row in tables["scorers", "scorers"].rows:
        name = {"tone: good": "tone", "tone: dry": "tone=dry", "tone: warm": "tone=warm"}.get(row[0].text, row[0].text)
        of.add("report, scorers", name, "target", row[1].text, row[2].value)
    points(of, figures["likability"])
    for chart in figures["dimensions"].rows:
        label = {v: k for k, v in _labels().items()}[str(chart["dimension"])]
        less(of, "report, dimensions", label, document.headline.leader, chart, "less")
    for chart in figures["forest"].rows:
        less(of, "report, first plot", "fixed_set", document.headline.leader, chart, "value")
    for chart in (row for row in figures["sessions"].rows if "mean" in row):
        of.add("report, chart", "fixed_set", "session of target", f"{chart['target']} {chart['session']}", chart["mean"])  # type: ignore[arg-type]
    for chart in figures["accuracy"].rows:
        of.add("report, chart", "memory", "target", str(chart["target"]), chart["accuracy"])  # type: ignore[arg-type]
        of.add("report, chart", "without_callback", "target", str(chart["target"]), chart["liked"])  # type: ignore[arg-type]
    means_of_dots(figures["likability"], "target")
    means_of_dots(figures["memory"], "arm")


def _labels() -> dict[str, str]:
    from sim.core.codebook import LABELS as names

    return {d: names[d] for d in DIMENSIONS}


def points(of: Collector, figure: ChartFigure) -> None:
    for row in figure.rows:
        if row["persona"] is not None:
            key = f"{row['persona']} {row['target']}"
            of.add("report, dots", "likability", "persona", key, row["likability"])  # type: ignore[arg-type]
            of.add("report, dots", "fixed_set", "persona", key, row["fixed_set"])  # type: ignore[arg-type]
        else:
            of.add("report, dots", "fixed_set", "target", str(row["target"]), row["mean"])  # type: ignore[arg-type]


def means_of_dots(figure: ChartFigure, side: str) -> None:
    small: dict[object, list[float]] = defaultdict(list)
    for row in figure.rows:
        if row["persona"] is not None:
            small[row[side]].append(row["fixed_set"])  # type: ignore[arg-type]
    for row in figure.rows:
        if row["persona"] is None:
            dots = small[row[side]]
            assert row["mean"] == pytest.approx(sum(dots) / len(dots)), f"{figure.id}: the large dot of {row[side]}"


def from_conversations(of: Collector, run: Run) -> None:
    said = run.source.table.said.found
    index: Any = index_data(run.trials, study=run.study, codebook=run.folder.codebook, said=said)
    for row in index["trials"]:
        of.add("report, list", "likability", "trial", row["trial"], row["whole"][0])
        of.add("report, list", "fixed_set", "trial", row["trial"], row["whole"][1])
        for s, e, value, again in zip(row["session"], row["exchange"], row["likability"], row["said"], strict=True):
            of.add("report, list", "likability", "exchange", f"{row['trial']} {s}.{e}", value, 2)
            of.add("report, list", "said_before", "exchange", f"{row['trial']} {s}.{e}", again)
    for trial in run.trials:
        talk: Any = talk_data(trial, run.study, said)
        of.add("viewer, talk", "likability", "trial", trial.id, talk["liked"][0])
        for session in talk["sessions"]:
            of.add("viewer, talk", "likability", "session", f"{trial.id} {session['index']}", session["liked"][0])


def from_documents(of: Collector, run: Run) -> None:
    said = run.source.table.said.found
    for trial in run.trials:
        document = trial_document(trial, study=run.study, codebook=run.folder.codebook, offline=(), said=said)
        of.add("show TRIAL", "likability", "trial", trial.id, document.likability)
        of.add("show TRIAL", "fixed_set", "trial", trial.id, document.fixed_set)
        for s in document.sessions:
            of.add("show TRIAL", "likability", "session", f"{trial.id} {s.index}", s.likability)
            for e in s.exchanges:
                of.add("show TRIAL", "likability", "exchange", f"{trial.id} {s.index}.{e.index}", e.likability)
                of.add("show TRIAL", "words", "exchange", f"{trial.id} {s.index}.{e.index}", e.reply_words)


def from_exports(of: Collector, run: Run) -> None:
    shared: dict[str, Any] = {"study": run.study, "run": run.name, "offline": (), "codebook": run.folder.codebook, "scorers": SCORERS}
    sets = {
        "csv": list(csv.DictReader(io.StringIO("".join(export_rows(run.trials, "csv", **shared))))),
        "parquet": run.frame().to_dicts(),
    }
    for surface, rows in sets.items():
        for row in rows:
            key = f"{row['trial']} {row['session']}.{row['exchange']}"
            number = lambda name, row=row: None if row[name] in ("", None) else float(row[name])  # noqa: E731
            of.add(surface, "likability", "exchange", key, number("likability"))
            of.add(surface, "words", "exchange", key, number("reply_words"))
            repeats = {"true": 1.0, "false": 0.0, True: 1.0, False: 0.0}.get(row["said_before"])
            of.add(surface, "said_before", "exchange", key, repeats if repeats else None)
            of.add(surface, "warmth", "session", f"{row['trial']} {row['session']}", number("scorer_warmth"))


def from_frames(of: Collector, run: Run) -> None:
    for row in run.frame("trials").to_dicts():
        for name in ("likability", "fixed_set"):
            of.add("trials", name, "trial", row["trial"], row[name])
    for row in run.frame("sessions").to_dicts():
        key = f"{row['trial']} {row['session']}"
        of.add("sessions", "likability", "session", key, row["likability"])
        of.add("sessions", "warmth", "session", key, row["scorer_warmth"])
    for row in ComparedRuns(compare([run.source])).frame().to_dicts():
        in_common(of, "pairs", row["measure"], row["a"], row["b"], row["difference"], row["mean_a"], row["mean_b"])


def from_inspect(of: Collector, run: Run) -> None:
    header, events = run.folder.header, run.folder.load_events()
    for file in render_inspect_logs(run.trials, study=run.study, header=header, summary=run.summary, events=events, scorers=SCORERS):
        log = json.loads(file.text)
        for score in log["results"]["scores"]:
            for metric in score["metrics"].values():
                of.add("inspect", score["name"], "target", log["eval"]["model"], metric["value"], digits=2)
                for end, value in zip(("low", "high"), metric.get("metadata", {}).get("interval_95", ()), strict=False):
                    of.add("inspect", f"{score['name']} {end}", "target", log["eval"]["model"], value, digits=2)
        for sample in log["samples"]:
            for name, score in sample["scores"].items():
                of.add("inspect", name, "trial", sample["metadata"]["trial"], score["value"], digits=2)


def from_gate(of: Collector, run: Run) -> None:
    measures = ("likability", "fixed_set", "callback", "memory", "jaccard", "repertoire", "carry_over", "words", "said_before", "adaptability")
    asked = [parse_requirement(f"{m} >= 0", SCORERS) for m in (*measures, "answers", "warmth", "tone", "share(tone = dry)")]
    names = (*measures, "answers", "warmth", "tone", "tone=dry")
    checks = run_gate(run.source, asked, margins={}).checks
    by_text = {r.text: name for r, name in zip(asked, names, strict=True)}
    for c in checks:
        name = by_text[c.requirement]
        of.add("gate", name, "target", c.target, c.observed)
        if name in ("likability", "memory"):
            for end, value in zip(("low", "high"), c.interval or (), strict=False):
                of.add("gate", f"{name} {end}", "target", c.target, value)


def from_tables(of: Collector, run: Run) -> None:
    for table in (t for t in paper_tables(run.summary, None) if t.id in ("liked", "dimensions")):
        for surface, text, sign in (("markdown", render_markdown(table), "|"), ("latex", _bare(render_latex(table)), "&")):
            for part in text.split("tabular"):
                lines = [line for line in part.splitlines() if line.count(sign) > 3]
                heads = [c.strip(" \\") for c in lines[0].strip("| ").split(sign)] if lines else []
                for line in lines[1:]:
                    cells = [c.strip(" \\") for c in line.strip("| ").split(sign)]
                    for heading, cell in zip(heads, cells, strict=True):
                        if heading in (*LABELS, "all seven", "scripted callback", "callback"):
                            of.text(surface, LABELS.get(heading, heading), "target", cells[0], cell)


def _bare(latex: str) -> str:
    """Its cells, as a reader of the page sees them."""
    stacked = re.sub(r"\\shortstack\[r\]\{(.*?)\}(?= [&\\])", lambda found: found[1].replace("\\\\", " "), latex)
    return stacked.replace(r"\raggedright ", "").replace(r"\allowbreak{}", "").replace(r"$\pm$", "±")


def from_viewer(of: Collector, run: Run) -> None:
    index = RunIndex({p.id: p for p in run.plans}, rater=run.study.primary_rater, tagger=run.study.tagger_id, scorers=SCORERS)
    with run.folder.read_journal() as journal:
        while not index.complete:
            index.catch_up(journal)
    for row in index.page(Filter(), limit=10_000).rows:
        key = f"{row.trial} {row.session}.{row.exchange}"
        of.add("viewer", "likability", "exchange", key, row.score)
        of.add("viewer", "words", "exchange", key, row.words)
        of.add("viewer", "said_before", "exchange", key, row.said_before)
        of.add("viewer", "warmth", "session", f"{row.trial} {row.session}", float(row.found["warmth"]))
    said = run.source.table.said.found
    for target in run.summary.targets:
        replies, share = target.repetition.said_before.replies, target.repetition.said_before.anybody
        assert share is not None
        assert index.page(Filter(target=target.target, said_before=True), limit=0).total == round(share * replies)
    yes = sum(e.scores["answers"].value is True for t in run.trials for e in t.exchanges if "answers" in e.scores)  # type: ignore[union-attr]
    assert index.page(Filter(scorer="answers=yes"), limit=0).total == yes
    assert said


def test_no_name_has_two_numbers(run: Run) -> None:
    of = Collector()
    document = build_report(material(run))
    from_summary(of, run)
    from_show(of, run)
    from_compare(of, run)
    from_report(of, document)
    from_conversations(of, run)
    from_documents(of, run)
    from_exports(of, run)
    from_frames(of, run)
    from_inspect(of, run)
    from_gate(of, run)
    from_tables(of, run)
    from_viewer(of, run)
    assert not of.clashes(), "\n".join(of.clashes())
    covered = {surface for said in of.found.values() for surface, _, _ in said}
    assert {
        "show",
        "show --json",
        "show TRIAL",
        "compare",
        "gate",
        "csv",
        "parquet",
        "trials",
        "sessions",
        "pairs",
        "inspect",
        "latex",
        "markdown",
        "viewer",
        "viewer, talk",
    } <= covered
    assert {"report, table", "report, chart", "report, dots", "report, list", "report, pairs", "report, scorers", "report, said before"} <= covered
    for name in ("likability", "fixed_set", "callback", "said_before", "answers", "warmth", "tone", "memory"):
        assert len({s for s, _, _ in of.found[name, "target", "remembers"]}) >= 3, name


def test_a_persona_with_one_trial_has_its_trials_likability(run: Run) -> None:
    """The dot of a chart and the row that a click on it opens."""
    table = run.source.table
    for trial in run.trials:
        alone = replace(run.source, trials=[trial]).table
        whole = table.mean(run.source.measure("likability").parts, [trial.id])
        assert alone.mean(run.source.measure("likability").parts, [trial.id]) == pytest.approx(whole)


def material(run: Run) -> Material:
    return Material(run.study, run.folder.header, run.folder.codebook, run.trials, run.summary, {}, SCORERS)


def test_the_same_talks_have_the_same_repetition_in_a_log_in_a_run_and_in_a_comparison(run: Run, tmp_path: Path) -> None:
    def talk(trial: Trial, session: Session) -> dict[str, object]:
        said = [(e.user.message, e.reply.text) for e in session.exchanges if e.reply is not None]
        messages = [{"role": role, "content": text} for both in said for role, text in zip(("user", "assistant"), both, strict=True)]
        return {"id": f"{trial.id}/{session.index}", "session": trial.cast.persona.id, "system": trial.target, "messages": messages}

    log = tmp_path / "log.jsonl"
    log.write_text("".join(json.dumps(talk(t, s)) + "\n" for t in run.trials for s in t.sessions), encoding="utf-8")
    logged = sim_json("score", log, "--only", "repetition", "--by", "system", cwd=tmp_path)["groups"]
    compared = compare([run.source]).measures
    for target in run.summary.targets:
        for name in ("repertoire", "repertoire_beyond_size", "conversation_fit_adjusted", "carry_over_adjusted", "jaccard", "carry_over"):
            value = getattr(target.repetition, name)
            assert value is not None
            assert logged[target.target][name] == pytest.approx(value, abs=1e-12), name
            if name in compared:
                means = [rank.mean for rank in compared[name].ranking[""] if rank.arm == target.target]
                assert means == [pytest.approx(value, abs=1e-12)], name
    assert {"repertoire", "repertoire_beyond_size", "carry_over_adjusted"} <= compared.keys()


def test_two_numbers_under_one_name_would_be_found() -> None:
    of = Collector()
    of.add("one", "likability", "target", "a", 2.604)
    of.text("other", "likability", "target", "a", "2.60 ±0.2")
    assert not of.clashes()
    of.text("third", "likability", "target", "a", "3.22")
    assert len(of.clashes()) == 1


def test_a_printed_share_is_a_share(tmp_path: Path) -> None:
    of = Collector()
    of.add("one", "said_before", "target", "a", 0.4382)
    of.text("other", "said_before", "target", "a", "43.8 %")
    assert not of.clashes()

"""The guide and the code point to each other, and what they point to is there."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from sim.app import prepare_study
from sim.cli.app import app
from sim.core.spec import Limits
from sim.engine.preflight import check_prices, priced_parts
from sim.score.registry import known_names
from tests.benchmarks.coverage import TABLES
from tests.guide_pages import MADE

ROOT = Path(__file__).parents[1]
GUIDE = ROOT / "sim" / "guide"
PAGES = sorted(GUIDE.glob("*.md"))
TEXTS = sorted(p for folder in ("sim", "tests") for p in (ROOT / folder).rglob("*") if p.suffix in (".py", ".md", ".txt", ".yaml") and p.is_file())


def anchors(page: Path) -> set[str]:
    """Of every heading, as GitHub makes them: lower case, no punctuation, a hyphen for each space."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


def references(text: str) -> list[tuple[str, str]]:
    """What `text` says of pages of the guide: the page, and the anchor or nothing."""
    return re.findall(r"guide/(\w+\.md)(?:#([\w-]+))?", text)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    for place in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        file, _, anchor = place.partition("#")
        if "://" in place:
            continue
        there = (page.parent / file) if file else page
        assert there.is_file(), place
        assert not anchor or anchor in anchors(there), place


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_file_of_the_package_that_a_page_names_is_there(page: Path) -> None:
    named = re.findall(r"`((?:sim|tests)/[\w./*-]+)`", page.read_text(encoding="utf-8"))
    assert [n for n in named if not list(ROOT.glob(n))] == []


@pytest.mark.parametrize("page", [*PAGES, ROOT / "README.md"], ids=lambda p: p.name)
def test_every_benchmark_that_a_page_names_is_there_and_knows_its_tables(page: Path) -> None:
    named = re.findall(r"`python -m (tests\.benchmarks(?:\.\w+)?)([^`]*)`", page.read_text(encoding="utf-8"))
    for module, arguments in named:
        there = ROOT.joinpath(*module.split("."))
        assert there.with_suffix(".py").is_file() or (there / "__main__.py").is_file(), module
        if module.endswith(".coverage"):
            assert {a for a in arguments.split() if a != "--long"} <= set(TABLES), arguments
    assert named or page.name != "measurements.md"


@pytest.mark.parametrize("page", [*PAGES, ROOT / "README.md"], ids=lambda p: p.name)
def test_every_command_and_flag_that_a_page_names_is_there(page: Path) -> None:
    commands = vars(get_command(app))["commands"]
    spans = re.findall(r"`(sim [^`]+)`|^(sim .+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    for span in ("".join(of).split("#")[0] for of in spans):
        _, command, *rest = span.split()
        if command.startswith(("-", "…", "COMMAND")):
            continue
        assert command in commands, span
        known = {flag for parameter in _parameters(commands[command]) for flag in parameter.opts} | {"--help"}
        flags = {re.sub(r"[^\w-].*", "", word) for word in rest if word.startswith("--")}
        assert flags <= known, span


def test_the_study_with_one_model_in_every_role_is_one(tmp_path: Path) -> None:
    page = (GUIDE / "real-models.md").read_text(encoding="utf-8")
    (block,) = (b for b in re.findall(r"^```yaml\n(.*?)^```", page, re.MULTILINE | re.DOTALL) if "scenarios:" in b)
    (tmp_path / "study.yaml").write_text(block, encoding="utf-8")
    study = prepare_study(tmp_path / "study.yaml").loaded.study
    assert study.rater != "self"
    assert study.judge is not None
    played = [study.user, study.rater, study.tagger, study.judge, *study.targets]
    assert {getattr(part, "model", "") for part in played} == {"openai/small"}


def test_every_study_on_the_page_of_operations_can_be_run(tmp_path: Path) -> None:
    blocks = re.findall(r"^```yaml\n(.*?)^```", (GUIDE / "operations.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    studies = [block for block in blocks if "targets:" in block]
    assert len(studies) > 1
    for number, block in enumerate(studies):
        path = tmp_path / f"{number}.yaml"
        path.write_text(block, encoding="utf-8")
        prepared = prepare_study(path)
        limits = prepared.loaded.study.limits
        check_prices(priced_parts(prepared.loaded.study), limits)
        assert limits != Limits()


def _parameters(command: Any) -> list[Any]:
    """Of a command, and of those below it."""
    return [*command.params, *(p for below in getattr(command, "commands", {}).values() for p in _parameters(below))]


def test_every_reference_of_the_code_is_a_heading_of_a_page() -> None:
    known = {page.name: anchors(page) for page in PAGES}
    found = [(path, *reference) for path in [*TEXTS, ROOT / "README.md"] for reference in references(path.read_text(encoding="utf-8"))]
    assert len(found) > 30
    assert [f for f in found if f[1] not in known or (f[2] and f[2] not in known[f[1]])] == []


def test_no_reference_leads_out_of_the_project() -> None:
    """Such as to a design paper that nobody who reads the code has."""
    outside = re.compile(r"METHODS(?:\.md)? ?§|DESIGN(?:\.md)? ?§|CRAFT\.md|FIELD\.md")
    assert [p for p in TEXTS if p != Path(__file__) and outside.search(p.read_text(encoding="utf-8"))] == []


def test_the_guide_ships_with_the_package() -> None:
    try:
        shipped = {str(f) for f in files("rapport-sim") or ()}
    except PackageNotFoundError:
        shipped = set()
    if "sim/cli/app.py" not in shipped:
        pytest.skip("the package is not installed from a wheel here, so what a wheel holds cannot be told; .ci/run installs one")
    assert {f"sim/guide/{p.name}" for p in PAGES} <= shipped


SHIPPED = sorted(p.parent for p in (ROOT / "results").glob("*/study.yaml") if not (p.parent / "run.db").exists())
"""Results that are kept with the code: no runs, for they have no journal."""


def test_there_are_first_results_of_a_real_model() -> None:
    assert ROOT / "results" / "smollm2" in SHIPPED


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda p: p.name)
def test_shipped_results_say_what_they_are_and_are_those_of_their_study(folder: Path) -> None:
    """Every figure of the page stands in the table, and the study can be run again."""
    page, table, report = ((folder / name).read_text(encoding="utf-8") for name in ("README.md", "table.txt", "report.html"))
    study = prepare_study(folder / "study.yaml").loaded.study
    first = page.splitlines()[0]
    if study.user.offline:
        assert "offline" in first
        assert "user" in first.casefold()
        assert "rater" in first.casefold()
    targets = [t.id for t in study.targets]
    rows = {
        cells[0].strip("`"): cells[1:] for cells in ([c.strip() for c in line.strip("|").split("|")] for line in page.splitlines() if line[:1] == "|")
    }
    for target in targets:
        assert target in report
        for figure in filter(None, rows[target]):
            assert re.search(rf"^{target} .*(?<![\d.]){re.escape(figure)}(?![\d.])", table, re.MULTILINE), (target, figure)
    whole = re.sub(r"\s+", " ", table)
    for figure in re.findall(r"\d{1,3}(?:,\d{3})+", page):
        assert figure in whole, figure
    for name in re.findall(r"`(\w+\.(?:txt|html|yaml))`", page):
        assert (folder / name).is_file(), name
    assert sum(p.stat().st_size for p in folder.iterdir()) < 300_000
    assert not re.search(r"/(?:home|root|tmp|work|Users)/|sk-\w{8}", page + table + report)


def test_every_scorer_on_the_page_of_sources_is_one_of_ours() -> None:
    named = re.findall(r"--scorer ([\w-]+)", (GUIDE / "sources.md").read_text(encoding="utf-8"))
    assert len(set(named)) > 8
    assert set(named) <= set(known_names())


@pytest.mark.parametrize("name", MADE)
def test_a_page_that_is_made_from_the_program_is_what_the_program_says(name: str) -> None:
    assert (GUIDE / f"{name}.md").read_text(encoding="utf-8") == MADE[name](), "run python -m tests.guide_pages"

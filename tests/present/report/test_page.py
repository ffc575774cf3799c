"""The report in a browser: it opens from disk, draws, filters, sorts and leads, and nothing that anybody said runs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sim.present.glossary import glossary
from tests.cli.command import sim, sim_json
from tests.present.report.chromium import CHROMIUM, DRAWN, chromium, go, opened
from tests.present.report.hostile import CANARY, SAYINGS, hostile_run

if TYPE_CHECKING:
    from playwright.sync_api import Browser

needs_chromium = pytest.mark.skipif(not CHROMIUM.exists(), reason="no /usr/bin/chromium: apt-get install chromium")


TWELVE_ARMS = """() => {
  const body = document.querySelector(".scroll tbody");
  const row = body.rows[0];
  row.querySelector(".target").textContent = "uses-none-hostility-100";
  [...row.cells].slice(1, 3).forEach((cell) => { cell.textContent = "4.10 ±0.36"; });
  body.replaceChildren(...Array.from({ length: 12 }, () => row.cloneNode(true)));
}"""
BROKEN = """cells => cells.filter(cell => {
    const inside = document.createRange();
    inside.selectNodeContents(cell);
    return new Set([...inside.getClientRects()].map(r => r.top)).size > cell.textContent.split(' ').length;
}).map(cell => cell.textContent)"""
"""Cells whose text stands on more lines than it has words."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return hostile_run(tmp_path_factory.mktemp("hostile"))


@pytest.fixture(scope="module")
def report(folder: Path) -> Path:
    done = sim("report", "hostile", cwd=folder)
    assert done.returncode == 0, done.stderr
    place = folder / done.stdout.strip()
    assert place == folder / "results" / "hostile" / "report.html"
    return place


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


def test_the_file_asks_for_nothing_and_its_policy_allows_nothing_else(report: Path) -> None:
    text = report.read_text(encoding="utf-8")
    policy = text.split('Content-Security-Policy" content="')[1].split('"')[0]
    assert "default-src &#39;none&#39;" in policy
    assert "unsafe" not in policy
    assert f"<script>{CANARY}" not in text
    assert '<link rel="stylesheet"' not in text
    assert " src=" not in text.split("<script>")[0]


@needs_chromium
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_every_chart_draws_without_a_complaint_or_a_request(browser: Browser, report: Path, width: int, scheme: str) -> None:
    with opened(browser, report, viewport={"width": width, "height": 900}, color_scheme=scheme) as (page, watch):
        page.wait_for_selector(DRAWN)
        charts = page.eval_on_selector_all(
            "[data-figure]", "all => all.map(c => [c.dataset.figure, c.querySelectorAll('svg path, svg line').length])"
        )
        assert len(charts) >= 8
        assert all(marks > 0 for _, marks in charts), charts
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page scrolls sideways"
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (ground == "rgb(255, 255, 255)") == (scheme == "light")
        assert watch.complaints == []
        assert watch.requests == [report.as_uri()]


@needs_chromium
def test_nothing_that_was_said_runs_and_all_of_it_is_shown(browser: Browser, report: Path) -> None:
    with opened(browser, report) as (page, watch):
        go(page, "#/talks")
        trials = page.evaluate("Rapport.trials().map(t => t.trial)")
        shown = ""
        for trial in trials:
            go(page, page.evaluate("t => Rapport.link('talk', { trial: t })", trial))
            page.wait_for_selector("#talk .exchange")
            page.eval_on_selector_all("#talk details", "all => all.forEach(d => { d.open = true })")
            for button in page.query_selector_all("#talk .text + button"):
                button.click()
            shown += page.inner_text("#talk")
        assert page.evaluate("window.canary") is None
        assert page.evaluate("document.querySelectorAll('#talk script, #talk img, #talk svg, #talk b b').length") == 0
        for saying in (SAYINGS[0], SAYINGS[1], SAYINGS[2], SAYINGS[3], SAYINGS[4], SAYINGS[6]):
            assert saying in shown
        assert "\\x202egnihtyreve redroer\\x202c" in shown, "an override character is at work"
        assert "\u202e" not in shown
        assert "[object" not in shown
        assert watch.complaints == []


@needs_chromium
def test_filters_sorting_and_search_narrow_the_conversations(browser: Browser, report: Path) -> None:
    with opened(browser, report) as (page, watch):
        go(page, "#/talks")
        everything = page.inner_text("#found")
        assert everything.endswith("in 6 conversations")
        page.select_option("#filters [name=target]", "drops")
        page.wait_for_function("() => document.getElementById('found').textContent.endsWith('in 2 conversations')")
        kept = int(page.inner_text("#found").split()[0])
        assert "target=drops" in page.url
        page.select_option("#filters [name=dimension]", "emotional_adaptation")
        page.select_option("#filters [name=most]", "4")
        page.wait_for_function("() => document.documentElement.dataset.shown.includes('most=4')")
        scores = "".join(page.evaluate("Rapport.trials().filter(t => t.target === 'drops').map(t => t.scores)"))[::7]
        assert int(page.inner_text("#found").split()[0]) == sum(letter in "1234" for letter in scores)
        assert len(scores) == kept
        page.click("#filters button[type=reset]")
        page.wait_for_function("all => document.getElementById('found').textContent === all", arg=everything)
        page.fill("#filters [name=text]", "gnihtyreve")
        page.wait_for_function("() => document.documentElement.dataset.shown.includes('text=')")
        assert page.inner_text("#found") != everything
        page.click("#conversations tbody a")
        page.wait_for_selector("#talk mark.sought")
        go(page, "#")
        page.click("#table-targets th:nth-child(2) button")
        values = page.eval_on_selector_all("#table-targets tbody tr td:nth-child(2)", "all => all.map(c => Number(c.dataset.value))")
        assert values == sorted(values, reverse=True)
        assert page.get_attribute("#table-targets th:nth-child(2)", "aria-sort") == "descending"
        assert watch.complaints == []


@needs_chromium
def test_points_and_keys_lead_to_the_very_conversation(browser: Browser, report: Path) -> None:
    with opened(browser, report, color_scheme="light") as (page, watch):
        page.wait_for_selector(DRAWN)
        figures = page.evaluate("Rapport.data('page-data').figures")
        links = {row["link"] for f in figures for row in f["rows"] if row.get("link")}
        assert links
        assert all(link.startswith("#/talk") for link in links)
        for link in sorted(links)[:6]:
            go(page, link)
            assert int(page.inner_text("#found").split()[0]) >= 0
        go(page, "#")
        page.locator("[data-figure=enjoyment] path[aria-roledescription=point]").first.click(force=True)
        page.wait_for_function("() => location.hash.startsWith('#/talks?')")
        page.click("#conversations tbody a")
        page.wait_for_selector("#talk .exchange")
        page.keyboard.press("j")
        page.keyboard.press("j")
        assert page.evaluate("document.activeElement.id") == "at-1-2"
        page.keyboard.press("s")
        assert page.locator("#talk .scores").first.is_hidden()
        page.keyboard.press("t")
        assert page.evaluate("Rapport.theme()") == "dark"
        trial, session, exchange = page.evaluate("(t => [t.trial, t.session.at(-1), t.exchange.at(-1)])(Rapport.trials()[0])")
        go(page, page.evaluate("at => Rapport.link('talk', at)", {"trial": trial, "session": session, "exchange": exchange}))
        page.wait_for_function("id => document.activeElement.id === id", arg=f"at-{session}-{exchange}")
        assert watch.complaints == []


@needs_chromium
def test_every_chart_has_its_rows_as_a_table_with_links(browser: Browser, report: Path) -> None:
    with opened(browser, report) as (page, _):
        page.eval_on_selector_all("details[data-rows]", "all => all.forEach(d => { d.open = true })")
        page.wait_for_function("() => [...document.querySelectorAll('details[data-rows] .rows')].every(r => r.querySelector('table'))")
        assert page.locator("#figure-memory details a").count() > 0
        assert page.evaluate("[...document.querySelectorAll('[data-figure]')].every(c => c.getAttribute('aria-label').length > 20)")
        assert page.evaluate("[...document.querySelectorAll('main')].filter(m => !m.hidden).length") == 1


@needs_chromium
def test_the_brief_prints_on_one_page_and_holds_nothing_of_the_persona(browser: Browser, folder: Path, tmp_path: Path) -> None:
    done = sim("report", "hostile", "--brief", "--out", tmp_path / "brief.html", cwd=folder)
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "brief.html").read_text(encoding="utf-8")
    assert "mallory" not in text
    assert "davi" not in text
    assert "canary" not in text
    assert "<script" not in text
    page = browser.new_page()
    page.goto((tmp_path / "brief.html").as_uri())
    assert page.pdf(prefer_css_page_size=True).count(b"/Type /Page\n") == 1
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        broken = page.locator(".scroll table tbody td, .scroll table thead th").evaluate_all(BROKEN)
        assert broken == [], "a word or a number is broken"
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page scrolls sideways"
    # A4 less its margins, with a dozen arms under stress, whose names are long.
    page.set_viewport_size({"width": 710, "height": 1054})
    page.emulate_media(media="print")
    page.evaluate(TWELVE_ARMS)
    assert page.evaluate("(t => t.scrollWidth <= t.clientWidth)(document.querySelector('.scroll'))"), "the last column is cut off"
    assert page.pdf(prefer_css_page_size=True).count(b"/Type /Page\n") == 1


def test_the_document_is_one_json_on_standard_output(folder: Path) -> None:
    document = sim_json("report", "hostile", cwd=folder)
    assert document["headline"]["tier"] == "look"
    assert [s["id"] for s in document["sections"]][:2] == ["likability", "memory"]
    assert document["run"] == "hostile"


def test_a_run_of_nothing_says_so_in_each_section(tmp_path: Path) -> None:
    assert sim("run", "--max-tokens", "1", "--name", "empty", cwd=tmp_path).returncode == 3
    document = sim_json("report", "empty", cwd=tmp_path)
    assert document["headline"]["verdict"] == "Nothing can be said yet: no reply has a rating."
    assert all(s["absent"] for s in document["sections"] if s["id"] in ("likability", "memory", "course", "criterion", "repetition"))
    done = sim("report", "empty", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Not measured in this run" in (tmp_path / done.stdout.strip()).read_text(encoding="utf-8")


def test_figures_are_drawn_without_a_browser(folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("vl_convert", reason="extra figures is not installed")
    done = sim("report", "hostile", "--figures", tmp_path / "figures", cwd=folder)
    assert done.returncode == 0, done.stderr
    names = {p.name for p in (tmp_path / "figures").iterdir()}
    assert {"memory.svg", "memory.png", "memory.csv", "moves.svg"} <= names
    assert (tmp_path / "figures" / "memory.png").read_bytes().startswith(b"\x89PNG")
    assert "offline models" in (tmp_path / "figures" / "memory.svg").read_text(encoding="utf-8")
    assert (tmp_path / "figures" / "memory.csv").read_text(encoding="utf-8").startswith("arm,persona,fixed_set,")


def test_wrong_wishes_are_told_in_a_line(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for arguments in (
        ["hostile", "--brief", "--figures", "here"],
        ["hostile", "--out", tmp_path],
        ["hostile", "--figures", tmp_path / "file"],
    ):
        done = sim("report", *arguments, cwd=folder)
        assert done.returncode == 2, arguments
        assert done.stderr.count("\n") == 1
        assert done.stdout == ""


def test_the_drawer_of_words_is_the_glossary_of_the_guide_and_no_backtick_is_left_on_the_page(report: Path) -> None:
    page = re.sub(r"<(script|style)\b.*?</\1>", "", report.read_text(encoding="utf-8"), flags=re.DOTALL)
    drawer = page.split('<aside id="glossary"')[1].split("</aside>")[0]
    assert drawer.count("<dt>") == len(glossary())
    assert "`" not in page
    assert not re.search(r"95 %(?! intervals?\b)", re.sub(r"<[^>]+>", " ", page.replace(drawer, "")))

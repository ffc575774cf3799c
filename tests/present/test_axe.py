"""axe-core finds nothing serious on any page: report, brief, verdict, viewer, guide and the pages for people, light and dark."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sim.present.report.verdict_page import render_verdict_page
from tests.cli.command import sim
from tests.present.report.chromium import CHROMIUM, DRAWN, MS, chromium, go
from tests.present.report.test_verdict_page import document
from tests.present.viewer.test_pages import READ, steps, viewing

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="no /usr/bin/chromium: apt-get install chromium")

GRAVE = ("serious", "critical")
STUDY = """\
name: hostile
targets:
  - {id: uses, model: offline/uses, memory: [none, full]}
  - {id: brittle, model: offline/brittle}
stress: [{typos: [0, 1]}]
user: {model: offline/user}
personas: [davi, tore, zuza]
scenarios: [short]
probes: {}
"""
SCENARIO = """\
id: short
title: Two short talks
about: Somebody tells what their day was like.
facts:
  - {id: sc-door, topic: home, when: now, text: "The new door is teal.", answers: [teal], question: "What colour is my door?", called: my door}
sessions:
  - {situation: You are at home., mood: {feels: calm, valence: 0},
     disclose: [sc-door], agenda: [{aim: say it, says: ["Hello."]}], exchanges: {min: 2, max: 2},
     questionnaire: {use: ipip-neo-120, scales: [agreeableness], per_scale: 1, vary: []}}
  - {situation: You are at home., mood: {feels: low, valence: -1},
     agenda: [{aim: ask, about: [sc-door], says: ["Me again."]}], exchanges: {min: 2, max: 2}}
"""
RUN_AXE = """\
async (rule) => {
  const found = await axe.run(document, { resultTypes: ["violations"], ...(rule ? { runOnly: [rule] } : {}) });
  return found.violations.map(v => [v.impact, v.id, v.nodes.slice(0, 4).map(n => n.html.slice(0, 160) + " " + (n.any[0] || n.all[0] || {}).message)]);
}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with memories, a disturbed user, probes and a questionnaire, as its report and its brief; and a suite's verdict."""
    folder = tmp_path_factory.mktemp("axe")
    (folder / "scenarios").mkdir()
    (folder / "scenarios" / "short.yaml").write_text(SCENARIO, encoding="utf-8")
    (folder / "study.yaml").write_text(STUDY, encoding="utf-8")
    (folder / "people.yaml").write_text(READ, encoding="utf-8")
    for command in (["run", "study.yaml"], ["report", "hostile"], ["report", "hostile", "--brief"]):
        done = sim(*command, cwd=folder)
        assert done.returncode == 0, done.stderr
    page = render_verdict_page(document(("She said so.", "He did not.")), created=dt.datetime(2026, 1, 5, tzinfo=dt.UTC))
    (folder / "results" / "hostile" / "verdict.html").write_text(page, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    made = context.new_page()
    made.set_default_timeout(MS)
    yield made
    context.close()


def faults(page: Page, name: str) -> list[str]:
    """What axe-core calls serious or critical on the page as it is: by every rule in light, and in dark by the colours: nothing else differs."""
    if not page.evaluate("typeof window.axe !== 'undefined'"):
        page.evaluate(resources.files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8"))
    found = []
    schemes = [("light", None), ("dark", "color-contrast")]
    if page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches"):
        schemes.reverse()  # As the page before was left: each change draws all charts anew.
    for scheme, rule in schemes:
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        found += [f"{name}, {scheme}: {what} {nodes}" for impact, what, nodes in page.evaluate(RUN_AXE, rule) if impact in GRAVE]
    return found


def test_a_fault_is_found_where_there_is_one(page: Page) -> None:
    page.set_content("<html lang=en><title>x</title><main><h1>x</h1><p style='color:#ddd;background:#fff'>pale</p><img src='data:,'></main>")
    assert {f.split(": ")[1].split(" ")[0] for f in faults(page, "bad")} == {"color-contrast", "image-alt"}


def test_the_report_and_its_sheets_have_no_serious_fault(page: Page, folder: Path) -> None:
    results = folder / "results" / "hostile"
    found = []
    for name in ("brief", "verdict"):
        page.goto((results / f"{name}.html").as_uri())
        found += faults(page, name)
    page.goto((results / "report.html").as_uri())
    page.wait_for_selector(DRAWN)
    page.eval_on_selector_all("details:not([data-rows])", "all => all.forEach(d => { d.open = true })")
    found += faults(page, "report")
    go(page, "#/talks")
    found += faults(page, "conversations")
    page.click("#conversations tbody a")
    page.wait_for_selector("#talk .exchange")
    found += faults(page, "conversation")
    page.set_viewport_size({"width": 390, "height": 900})
    go(page, "#")
    found += faults(page, "report at 390 px")
    assert found == []


def rating_faults(page: Page) -> list[str]:
    """Of the page for people: consent, questions, and the first reply that is rated."""
    found = []
    for _ in steps(page):
        if page.locator(".rating").count():
            return [*found, *faults(page, "rating")]
        found += faults(page, "a form for people")
        if page.locator("text=I have read this and agree").count():
            page.click("text=I have read this and agree")
        else:
            for question in page.locator("fieldset.question").all():
                question.locator("input").first.check()
            page.click("button.main")
    raise AssertionError("nothing was ever shown to be rated")


def test_the_viewers_pages_have_no_serious_fault(page: Page, folder: Path) -> None:
    found = []
    with viewing(folder, "--study", "people.yaml") as viewer:
        page.goto(viewer.owner)
        page.wait_for_selector("html[data-ready=true]")
        found += faults(page, "runs")
        for name, place, shown in (
            ("exchanges", "/runs/hostile#/exchanges", "#exchanges tbody tr"),
            ("worst first", "/runs/hostile#/queue", "#queue > *"),
            ("report in the viewer", "/runs/hostile/report", DRAWN),
            ("compared", "/compare?run=hostile", "main.compared .strips circle"),
            ("figures", "/runs/hostile#/figures", "#figures .group table"),
            ("guide", "/guide", "main h1"),
            ("a page of the guide", "/guide/suites", "main h1"),
        ):
            page.goto("about:blank")
            page.goto(viewer.address + place)
            page.wait_for_selector(shown)
            found += faults(page, name)
        page.goto(f"{viewer.address}/runs/hostile#/exchanges")
        page.click("#exchanges tbody tr a")
        page.wait_for_selector("#talk .exchange")
        page.click("text=questionnaire, put to a copy")
        found += faults(page, "transcript")
        page.goto(viewer.guest)
        found += rating_faults(page)
    assert found == []

"""The viewer in a browser: nothing said runs, lists filter, conversations stand side by side, people rate and talk, and what is new appears."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import re
import shutil
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sim.core.event import Labelled, SessionOpened, TargetReplied, UserSpoke, Utterance
from sim.store.journal import open_journal, read_journal
from tests.cli.command import sim, sim_json, start
from tests.present.report.chromium import CHROMIUM, DRAWN, MS, Watch, chromium, go
from tests.present.report.hostile import hostile_run
from tests.waiting import CEILING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="no /usr/bin/chromium: apt-get install chromium")

READ = """\
name: readers
title: "How good are these? </script><script>window.canary = 1</script>"
read: hostile
people: 2
each: 2
consent: You may stop at any time.
before: [{id: used, ask: How often do you chat?, choices: [never, often]}]
after: [{id: more, ask: Anything else?, text: lines}]
"""
CURT = """\
name: curt
targets: [{id: cold, model: offline/cold}]
user: {model: offline/hostile}
personas: [davi]
scenarios: [hostile]
"""
CHAT = """\
name: talks
title: Talking with a chatbot
chat: s.yaml
people: 1
each: 1
consent: You may stop at any time.
"""
CHATTED = """\
name: s
targets: [{id: a, model: offline/uses}]
user: {model: offline/user}
personas: [self]
scenarios: [open-talk]
"""
REPLAYED = (("curt", "hostile"), ("again", "kept-one"))
NEXT_STEP = """\
seen => {
  const shown = Number(document.documentElement.dataset.shown || 0);
  return shown > seen && !document.querySelector(".waiting") ? shown : false;
}
"""


@dataclass(frozen=True)
class Viewer:
    """A viewer under way."""

    owner: str
    guest: str

    @property
    def address(self) -> str:
        return self.owner.split("/?")[0]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = hostile_run(tmp_path_factory.mktemp("viewer"))
    (folder / "curt.yaml").write_text(CURT, encoding="utf-8")
    done = sim("run", "curt.yaml", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A folder of the test's own, with the run in it."""
    shutil.copytree(made, tmp_path / "work")
    return tmp_path / "work"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@contextmanager
def viewing(folder: Path, *arguments: str) -> Iterator[Viewer]:
    process = start("view", "results", *arguments, cwd=folder)
    try:
        assert process.stdout
        owner = process.stdout.readline().strip()
        guest = process.stdout.readline().strip().removeprefix("for people: ") if arguments else ""
        yield Viewer(owner, guest)
    finally:
        process.terminate()
        _, errors = process.communicate(timeout=CEILING)
        assert "Traceback" not in errors, errors


@contextmanager
def page_at(browser: Browser, address: str, width: int = 1280, scheme: str = "light") -> Iterator[tuple[Page, Watch]]:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    page, watch = context.new_page(), Watch()
    page.set_default_timeout(MS)
    page.on("console", lambda m: watch.complaints.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda e: watch.complaints.append(str(e)))
    page.on("dialog", lambda d: (watch.complaints.append(d.message), d.dismiss()))
    page.on("request", lambda r: watch.requests.append(r.url))
    try:
        page.goto(address)
        yield page, watch
        assert watch.complaints == []
        own = address.split("/", 3)[2]
        assert [r for r in watch.requests if not r.startswith((f"http://{own}/", "data:", "blob:"))] == []
        assert page.evaluate("window.canary") is None
    finally:
        context.close()


def ready(page: Page) -> None:
    page.wait_for_selector("html[data-ready=true]")


def told(folder: Path, target: str | None = None) -> int:
    """Exchanges of the run."""
    return sum(t["exchanges"] for t in sim_json("show", "hostile", cwd=folder)["targets"] if target in (None, t["target"]))


def wide(page: Page) -> bool:
    """Whether the page scrolls sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth + 1"))


def shown(value: float | None) -> str:
    return "not" if value is None else f"{value:.2f}"


def compare(page: Page, folder: Path, width: int) -> None:
    """Two runs are chosen; what cannot be compared says why, a run alone compares its targets; the guide's contents fold on a narrow page."""
    page.goto(page.url.split("/runs/")[0])
    ready(page)
    for run in ("hostile", "curt"):
        page.check(f"#runs [value={run}]")
    page.click("#choose button")
    page.wait_for_url("**/compare?*")
    ready(page)
    done = sim("compare", *page.evaluate("new URLSearchParams(location.search).getAll('run')"), cwd=folder)
    if done.returncode:
        assert page.inner_text("#main [role=alert]") in done.stderr.replace("`", "")
        page.goto(page.url.split("/compare")[0] + "/compare?run=hostile")
        ready(page)
        done = sim("compare", "hostile", cwd=folder)
    assert " ".join(page.inner_text(".sentence >> nth=0").split()) in " ".join(done.stdout.split())
    assert page.locator("section.table tbody tr").count() > 3
    assert not wide(page)
    page.goto(page.url.split("/compare")[0] + "/guide/reading")
    ready(page)
    assert page.locator("#contents").get_attribute("open") == ("" if width > 768 else None)
    assert not wide(page)


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_runs_lists_talks_and_queue_show_what_was_said_as_text(browser: Browser, folder: Path, width: int, scheme: str) -> None:
    with viewing(folder) as viewer, page_at(browser, viewer.owner, width, scheme) as (page, _):
        page.wait_for_selector("html[data-figures=true]")
        assert not wide(page)
        liked = page.locator("#runs tr[data-run=hostile] .likes li").all_inner_texts()
        summary = sim_json("show", "hostile", cwd=folder)
        assert [line.split()[:2] for line in liked] == [[t["target"], shown(t["likability"]["fixed_set"])] for t in summary["targets"]]
        page.click("#runs a[href$=hostile]")
        ready(page)
        assert page.inner_text("#found").startswith(f"{told(folder)} ")
        assert page.locator("#exchanges .line").count() == 2 * page.locator("#exchanges tbody tr").count()
        assert not wide(page)
        go(page, "#/exchanges?target=bot&q=xxxxxxxxxx")
        page.click("#exchanges tbody tr a")
        page.wait_for_selector("#talk .exchange.here")
        assert "xxxxxxxxxx" in page.inner_text("#talk")
        assert page.locator("#talk .text script").count() == 0
        assert not wide(page)
        page.select_option("#beside", "keeps")
        page.wait_for_selector(".pair")
        rows = page.eval_on_selector_all(".pair", "rows => rows.map(r => [...r.querySelectorAll('.place')].map(p => p.textContent))")
        assert all(len(set(row)) <= 1 for row in rows)
        assert sum(len(row) == 2 for row in rows) >= 5
        page.click("[data-tab=queue]")
        page.wait_for_selector("#queue > *")
        assert page.evaluate("document.querySelector('#queue h2').getBoundingClientRect().top") >= 0, "it opens at its heading"
        assert not wide(page)
        compare(page, folder, width)


def test_what_sticks_below_the_heading_is_not_hidden_by_it_where_its_lines_wrap(browser: Browser, folder: Path) -> None:
    with viewing(folder) as viewer, page_at(browser, f"{viewer.owner.replace('/?', '/runs/hostile?')}", width=900) as (page, _):
        ready(page)
        page.click("#exchanges tbody tr a")
        page.wait_for_selector("#talk .here")
        page.evaluate("document.getElementById('name').textContent = 'a name of a run that goes on '.repeat(6)")
        page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
        page.wait_for_function("() => document.querySelector('.top').offsetHeight > 60")
        page.wait_for_function(
            "() => document.querySelector('.toolbar').getBoundingClientRect().top >= document.querySelector('.top').offsetHeight - 1"
        )


def test_filters_stand_in_the_address_and_keys_work(browser: Browser, folder: Path) -> None:
    with viewing(folder) as viewer, page_at(browser, f"{viewer.owner.replace('/?', '/runs/hostile?')}") as (page, _):
        ready(page)
        assert "token" not in page.url
        assert page.inner_text("#more-filters") == "filters"
        page.click("#more-filters")
        page.select_option("[name=target]", "keeps")
        page.wait_for_function("count => document.getElementById('found').textContent.startsWith(count)", arg=f"{told(folder, 'keeps')} ")
        assert "target=keeps" in page.url
        assert page.inner_text("#more-filters") == "filters (1)"
        page.keyboard.press("Escape")
        assert page.locator("#filter-panel").is_hidden()
        page.locator("#main").focus()
        page.keyboard.press("/")
        page.wait_for_function("() => document.activeElement.name === 'q'")
        page.keyboard.type("press here")
        page.wait_for_function("() => document.documentElement.dataset.shown.includes('q=press')")
        found = page.inner_text("#found")
        page.reload()
        ready(page)
        assert page.inner_text("#found") == found
        page.click("#exchanges tbody tr a")
        page.wait_for_selector("#talk .here")
        before = page.evaluate("document.activeElement.id")
        page.keyboard.press("j")
        assert page.evaluate("document.activeElement.id") != before
        page.keyboard.press("s")
        assert "without-scores" in (page.get_attribute("#talk", "class") or "")
        page.keyboard.press("t")
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_a_label_and_a_kept_test_come_of_the_queue(browser: Browser, folder: Path) -> None:
    with viewing(folder) as viewer, page_at(browser, f"{viewer.owner.replace('/?', '/runs/curt?')}#/queue") as (page, _):
        ready(page)
        page.wait_for_selector("#queue .card")
        page.keyboard.press("s")
        page.keyboard.type("kept-")
        page.evaluate("window.Rapport.showQueue()")  # As when a run that is still being read has been read on.
        page.keyboard.type("one")
        page.keyboard.press("Enter")
        page.wait_for_function("() => document.querySelector('#queue .problem').textContent.startsWith('kept in')")
        first = page.inner_text("#queue h2 + p a")
        page.keyboard.press("Escape")
        page.keyboard.press("n")
        page.keyboard.type("curt")
        page.keyboard.press("Enter")
        page.keyboard.press("b")
        page.wait_for_function("first => document.querySelector('#queue h2 + p a').textContent !== first", arg=first)
    assert (folder / "scenarios" / "kept-one.yaml").is_file()
    (folder / "again.yaml").write_text(CURT.replace("curt", "again").replace("[hostile]", "[kept-one]"), encoding="utf-8")
    done = sim("run", "again.yaml", cwd=folder)
    assert done.returncode == 0, done.stderr
    said, again = (
        [e["user"] for s in sim_json("show", run, f"davi/{of}/cold/1", cwd=folder)["sessions"] for e in s["exchanges"]] for run, of in REPLAYED
    )
    assert again == said[: len(again)]
    with read_journal(folder / "results" / "curt") as journal:
        assert [(e.trial, e.label, e.note) for e in journal.all_events() if isinstance(e, Labelled)] == [(first.split(",")[0], "target_bug", "curt")]


async def append(folder: Path) -> None:
    """An exchange more."""
    place = {"trial": "davi/hostile/keeps/1", "session": 3, "take": 2}
    with open_journal(folder) as journal:
        await journal.append(SessionOpened(**place, date=dt.date(2026, 1, 9)))
        await journal.append(UserSpoke(**place, exchange=1, said=Utterance(message="Anybody there?")))
        await journal.append(TargetReplied(**place, exchange=1, reply="A reply that is new."))


def test_a_new_exchange_comes_onto_the_page_by_itself(browser: Browser, folder: Path) -> None:
    with viewing(folder) as viewer, page_at(browser, f"{viewer.owner.replace('/?', '/runs/hostile?')}#/exchanges?sort=newest") as (page, _):
        ready(page)
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, append(folder / "results" / "hostile")).result()
        page.wait_for_function("() => document.querySelector('#exchanges tbody tr').dataset.place === 'davi/hostile/keeps/1 3.1'", timeout=MS)


def steps(page: Page, most: int = 60) -> Iterator[None]:
    """Each step of the page for people that asks for something, as it is shown."""
    seen = 0
    for _ in range(most):
        seen = int(page.wait_for_function(NEXT_STEP, arg=seen).json_value())
        yield


def rate_line_by_line(page: Page) -> None:
    for line in page.locator("fieldset.line").all():
        line.locator("label:nth-child(4) input").check()
    page.click("button.main")


@pytest.mark.parametrize("width", [1280, 390])
def test_a_reader_is_clicked_through_to_thanks_and_calibrates_the_raters(browser: Browser, folder: Path, width: int) -> None:
    (folder / "people.yaml").write_text(READ, encoding="utf-8")
    rated = 0
    with viewing(folder, "--study", "people.yaml") as viewer, page_at(browser, viewer.guest, width) as (page, _):
        for _ in steps(page):
            assert not wide(page)
            if page.locator("text=I have read this and agree").count():
                page.click("text=I have read this and agree")
            elif page.locator(".rating").count():
                rated += 1
                assert not re.search(r"\b(bot|keeps|cold)\b", page.locator("#main").inner_text()), "a target is named to somebody who rates it"
                rate_line_by_line(page)
            elif page.locator(".question").count():
                for question in page.locator("fieldset.question").all():
                    question.locator("input").first.check()
                page.click("button.main")
            else:
                assert "Thank you." in page.inner_text("#main")
                break
        code = page.inner_text("#main code")
    assert rated == 8
    shown = sim_json("show", "hostile", cwd=folder)
    assert any(f"human:{code}" in t["likability"]["observers"] for t in shown["targets"])
    found = sim_json("calibrate", "hostile", cwd=folder)
    assert found["tables"]["read"]["people"] == [f"human:{code}"]
    assert found["people"] == [{"rater": f"human:{code}", "did": "read", "exchanges": 8, "checks": 1, "passed": found["people"][0]["passed"]}]


def slow(route: Route) -> None:
    """Answers as the viewer does while the chatbot has not answered yet."""
    route.fulfill(response=route.fetch(), json={"step": "chat", "conversation": 1, "conversations": 1, "asks": []})


def test_a_person_talks_rates_and_withdraws(browser: Browser, folder: Path) -> None:
    (folder / "people.yaml").write_text(CHAT, encoding="utf-8")
    (folder / "s.yaml").write_text(CHATTED, encoding="utf-8")
    with viewing(folder, "--study", "people.yaml") as viewer, page_at(browser, viewer.guest) as (page, _):
        page.route("**/rate/work", slow, times=1)
        sent = 0
        for _ in steps(page):
            if page.locator("text=I have read this and agree").count():
                page.click("text=I have read this and agree")
            elif page.locator(".rating").count():
                rate_line_by_line(page)
            elif page.locator("textarea[name=message]").count():
                page.fill("textarea[name=message]", "My sister Ana lives in Porto.")
                sent += 1
                if sent > 10 and page.locator("text=Send and say goodbye").count():  # The first session goes on to its last message.
                    page.click("text=Send and say goodbye")
                else:
                    page.keyboard.press("Control+Enter")
            elif "Thank you." in page.inner_text("#main"):
                break
        code = page.inner_text("#main code")
        held = sim_json("show", "talks", "self/open-talk/a/1", cwd=folder)
        assert held["status"] == "finished"
        assert {f"human:{code}", "self"} <= set(held["sessions"][0]["exchanges"][0]["ratings"])
        found = sim_json("calibrate", "talks", cwd=folder)
        assert list(found["tables"]) == ["talked"]
        assert [(p["rater"], p["did"], p["exchanges"]) for p in found["people"]] == [(f"human:{code}", "talked", 14)]
        with page_at(browser, viewer.guest, 390) as (elsewhere, _):
            elsewhere.fill("[name=code]", f" {code.upper()} ")
            elsewhere.keyboard.press("Enter")
            elsewhere.click("#foot .quiet")
            elsewhere.click("text=Yes, delete it")
            elsewhere.wait_for_selector("text=Everything you gave is deleted.")
        page.reload()
        page.wait_for_selector("text=I have read this and agree")
    assert sim_json("show", "talks", cwd=folder)["targets"][0]["exchanges"] == 0


def test_a_guest_sees_no_run(folder: Path) -> None:
    (folder / "people.yaml").write_text(READ, encoding="utf-8")
    with viewing(folder, "--study", "people.yaml") as viewer:
        token = viewer.guest.split("token=")[1]
        assert json.load(urllib.request.urlopen(f"{viewer.address}/rate/state?token={token}"))["step"] == "consent"
        for path in ("/", "/runs/hostile", "/api/runs", "/api/runs/hostile/triage", "/runs/hostile/report"):
            with pytest.raises(urllib.error.HTTPError, match="403"):
                urllib.request.urlopen(f"{viewer.address}{path}?token={token}")


def test_the_report_opens_in_the_viewer(browser: Browser, folder: Path) -> None:
    with viewing(folder) as viewer, page_at(browser, viewer.owner.replace("/?", "/runs/hostile/report?")) as (page, _):
        ready(page)
        assert "hostile" in page.title()


def test_the_report_takes_in_what_is_new_and_keeps_the_place(browser: Browser, folder: Path) -> None:
    with viewing(folder) as viewer, page_at(browser, viewer.owner.replace("/?", "/runs/hostile/report?")) as (page, _):
        ready(page)
        page.wait_for_selector(DRAWN)
        before = page.inner_text(".done")
        page.locator("details[data-rows]").first.evaluate("d => { d.open = true; d.scrollIntoView() }")
        height = page.evaluate("scrollY")
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, append(folder / "results" / "hostile")).result()
        page.wait_for_selector("html[data-report]")
        page.wait_for_selector(DRAWN)
        assert page.inner_text(".done") != before
        assert page.locator("details[data-rows][open] td").count()
        assert abs(page.evaluate("scrollY") - height) < 100
        assert page.locator("[data-figure] svg").count()
        go(page, "#/talk?trial=davi%2Fhostile%2Fkeeps%2F1&session=3&exchange=1")
        assert "A reply that is new." in page.inner_text("#talk .here")
        go(page, "#/talks?target=keeps")
        assert page.locator("#filters [name=target] option").all_inner_texts() == ["all", "bot", "keeps", "drops"]

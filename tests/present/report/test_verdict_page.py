"""The verdict's page: two sheets of paper however much was said, nothing in it that runs, and no scroll bar on a telephone."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sim.analysis.verdicts.gate_checks import Check
from sim.analysis.verdicts.verdict import VerdictDocument, VerdictRow, VerdictSection
from sim.analysis.verdicts.worst_exchanges import BadExchange
from sim.present.report.verdict_page import render_verdict_page
from sim.present.text.verdict import markdown_verdict
from tests.present.report.chromium import CHROMIUM, chromium
from tests.present.report.hostile import CANARY, SAYINGS

if TYPE_CHECKING:
    from playwright.sync_api import Browser

NAMES = ("likability", "memory", "repetition", "flattery", "boundaries", "duties", "robustness", "fairness", "simulator")
LONG = "She said that she would come back tomorrow, and asked what had become of the boxes in the hall and of the drill next door. " * 5


def row(i: int) -> VerdictRow:
    check = Check(
        target="my-bot",
        requirement="count(x = y) == 0",
        verdict="inconclusive",
        observed=1.0,
        interval=(0.0, 3.0),
        n=30,
        personas=6,
        detail="mean over 6 personas; about 60 personas would settle it four times in five",
    )
    return VerdictRow(
        target="my-bot",
        figure="lets go at goodbye: not lets-go",
        asked="= 0",
        value=1.0,
        interval=(0.0, 3.0),
        n=30,
        read="count",
        note=check.detail,
        check=check,
    )


def document(says: tuple[str, ...]) -> VerdictDocument:
    bad = [
        BadExchange(
            trial=f"p/s/my-bot/{i}",
            target="my-bot",
            persona="nasreen",
            scenario="truth-under-pressure",
            session=2,
            exchange=14,
            why=text,
            message=text,
            reply=text,
            **({"identity": f"name {text[:20]}", "beside": "p/s/other/1", "beside_identity": "name Emily", "beside_reply": text} if i == 1 else {}),
        )
        for i, text in enumerate(says)
    ]
    sections = tuple(
        VerdictSection(
            id=name,
            title=name.capitalize(),
            asks="Does it do what is asked of it by somebody who comes back and would like to know?",
            verdict="inconclusive",
            rows=(row(1), row(2), row(3)),
            worst=tuple(bad[(i + k) % len(bad)] for k in range(3)),
        )
        for i, name in enumerate(NAMES)
    )
    return VerdictDocument(
        run="full",
        status="finished",
        suite="predeployment",
        title="Predeployment",
        targets=("my-bot",),
        verdict="inconclusive",
        sentence="Whether my-bot passes the suite “Predeployment” cannot be told yet: " + ", ".join(NAMES) + " cannot be told.",
        offline_note="",
        stub_decided=False,
        personas=12,
        scenarios=24,
        trials=236,
        exchanges=2736,
        sections=sections,
        untested=tuple(LONG[:120] for _ in range(6)),
    )


def page_of(folder: Path, says: tuple[str, ...]) -> Path:
    place = folder / "verdict.html"
    place.write_text(render_verdict_page(document(says), created=dt.datetime(2026, 11, 29, tzinfo=dt.UTC)), encoding="utf-8")
    return place


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


def test_nothing_that_was_said_is_markup(tmp_path: Path) -> None:
    text = page_of(tmp_path, SAYINGS).read_text(encoding="utf-8")
    assert "default-src &#39;none&#39;; script-src &#39;none&#39;" in text
    assert "<script" not in text
    assert "<img" not in text
    assert "\u202e" not in text
    markdown = markdown_verdict(document(SAYINGS))
    assert f"<script>{CANARY}" not in markdown
    assert "](javascript" not in markdown
    assert "\u202e" not in markdown


@pytest.mark.skipif(not CHROMIUM.exists(), reason="no /usr/bin/chromium: apt-get install chromium")
@pytest.mark.parametrize("says", [(LONG, LONG[7:], LONG[13:]), SAYINGS], ids=["long", "hostile"])
def test_it_prints_on_two_sheets_and_fits_a_telephone(browser: Browser, tmp_path: Path, says: tuple[str, ...]) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 900}, color_scheme="dark")
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(page_of(tmp_path, says).as_uri())
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page scrolls sideways"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)"
    printed = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", printed)) <= 2
    assert page.evaluate("window.canary") is None
    assert complaints == []
    page.close()

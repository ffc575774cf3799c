"""Debian's Chromium, headless, and everything it complains of or asks for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.waiting import CEILING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
]
MS = CEILING * 1000
"""How long a page may take to come to a state."""
DRAWN = "html[data-charts=drawn]"


@dataclass
class Watch:
    """What a page did besides showing itself."""

    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser; every page of it is a new one's."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(browser: Browser, file: Path, **context: Any) -> Iterator[tuple[Page, Watch]]:
    """`file` as a page from disk."""
    made = browser.new_context(**context)
    page, watch = made.new_page(), Watch()
    page.set_default_timeout(MS)
    page.on("console", lambda m: watch.complaints.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda e: watch.complaints.append(str(e)))
    page.on("dialog", lambda d: (watch.complaints.append(d.message), d.dismiss()))
    page.on("request", lambda r: watch.requests.append(r.url))
    try:
        page.goto(file.as_uri())
        page.wait_for_selector("html[data-ready=true]")
        yield page, watch
    finally:
        made.close()


def go(page: Page, place: str) -> None:
    """Follow a link of the page, and wait until it is there."""
    page.evaluate("place => { location.hash = place.slice(1) }", place)
    page.wait_for_function("place => document.documentElement.dataset.shown === place", arg=place)

"""The guide that ships with the package: its pages by name, as Markdown and as HTML."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from sim.core.errors import InputError, nearest

PAGES: Final = Path(__file__).parents[1] / "guide"
GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "Begin": ("quickstart", "connect", "ci", "designing"),
    "Who talks about what": ("personas", "scenarios", "remembering", "memory", "stress", "fairness", "questionnaires", "tools", "suites"),
    "Read and decide": ("reading", "glossary", "pages", "deciding", "paper", "python"),
    "Judge": ("scorers", "conduct", "moves", "people", "calibrating", "validity", "realism", "methods", "measurements", "sources"),
    "Run": ("real-models", "offline", "providers", "operations", "cluster"),
    "Look up": ("reference", "extending", "words", "design", "changes"),
}
"""Pages by what people want; one that is in no group is listed last."""
OTHERS: Final = "Others"


def grouped_topics() -> dict[str, dict[str, str]]:
    """The title of every page, by its name, in groups."""
    found = {p.stem: _title(p) for p in sorted(PAGES.glob("*.md"))}
    grouped = {group: {name: found.pop(name) for name in names if name in found} for group, names in GROUPS.items()}
    return {**grouped, OTHERS: found} if found else grouped


@cache
def topics() -> dict[str, str]:
    """The title of every page, by its name."""
    return {name: title for titles in grouped_topics().values() for name, title in titles.items()}


def read_topic(topic: str) -> str:
    """The page called `topic`, as Markdown.

    Raises:
        InputError: there is none.
    """
    name = topic.removesuffix(".md")
    if name not in topics():
        raise InputError(f"the guide has no page '{topic}'", mend=nearest(name, topics()))
    return (PAGES / f"{name}.md").read_text(encoding="utf-8")


def topic_html(topic: str) -> str:
    """The page called `topic` as a whole HTML document for the viewer, with links to all others.

    Raises:
        InputError: there is none.
    """
    from markdown_it import MarkdownIt

    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(_without_comments(read_topic(topic)))
    body = re.sub(r'href="([\w-]+)\.md(#[\w-]+)?"', r'href="/guide/\1\2"', body)
    body = re.sub(r"<h([1-6])>(.*?)</h\1>", _anchored, body)
    here = topic.removesuffix(".md")
    links = "".join(
        f'<li><a href="/guide/{name}"{" aria-current=page" if name == here else ""}>{html.escape(title)}</a></li>' for name, title in topics().items()
    )
    # What scrolls sideways can be scrolled by keyboard.
    body = (
        body.replace("<pre>", '<pre tabindex="0">')
        .replace("<table>", '<div class="scroll" tabindex="0"><table>')
        .replace("</table>", "</table></div>")
    )
    return _DOCUMENT.format(title=html.escape(topics()[here]), links=links, body=body)


def _without_comments(text: str) -> str:
    return re.sub(r"^<!--.*?-->$\n?", "", text, flags=re.MULTILINE)


def _anchored(heading: re.Match[str]) -> str:
    """With the anchor by which other pages point to it: lower case, no punctuation, a hyphen for each space."""
    words = html.unescape(re.sub(r"<[^>]+>", "", heading[2]))
    anchor = re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")
    return f'<h{heading[1]} id="{html.escape(anchor)}">{heading[2]}</h{heading[1]}>'


def _title(page: Path) -> str:
    found = re.search(r"^# (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return found[1] if found else page.stem


_DOCUMENT: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · Rapport</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/static/report.css">
<link rel="stylesheet" href="/static/viewer.css">
<script src="/static/base.js" defer></script>
<script src="/static/guide.js" defer></script>
</head>
<body>
<a class="skip" href="#main">to the page</a>
<header class="top"><a href="/">Runs</a><button type="button" id="theme">light or dark</button></header>
<div class="guide"><nav aria-label="Guide">
<details id="contents"><summary>All pages</summary><ul>{links}</ul></details></nav>
<main id="main">{body}</main></div>
</body>
</html>
"""

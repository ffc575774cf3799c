"""A suite's verdict as a page that prints on two sheets: the sentence, every figure with its gate, the worst exchanges, what was not tested."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.present.data.job_summary import REASON, place_of, shortened
from sim.present.report.page import fill
from sim.present.text.verdict import MARKS, interval_of, made_of, mark_of, n_of, value_of
from sim.present.words import DIAGNOSTIC, safe

if TYPE_CHECKING:
    import datetime as dt

    from sim.analysis.verdicts.verdict import VerdictDocument, VerdictSection

SHEET = 3_000
"""Characters of worst exchanges that two sheets have room for beside everything else; where there are more, each is shown shorter."""
ROOMY = 36
"""Figures and quotes above which the print is smaller."""
LONGEST, SHORTEST = 220, 55
"""Characters of a message or a reply."""


@dataclass(frozen=True)
class _Line:
    target: str
    figure: str
    asked: str
    note: str
    value: str
    interval: str
    n: str
    mark: str
    verdict: str


@dataclass(frozen=True)
class _Quote:
    place: str
    why: str
    message: str
    replies: tuple[tuple[str, str], ...]
    """Each with whom it was said to, where it is one of a pair; else without a name."""


def render_verdict_page(document: VerdictDocument, *, created: dt.datetime) -> str:
    """The page as one HTML file, without scripts, for screens in light and dark and for paper."""
    quotes = sum(len(s.worst) for s in document.sections)
    most = max(SHORTEST, min(LONGEST, SHEET // max(2 * quotes, 1)))
    several = len(document.targets) > 1
    return fill(
        "verdict.html",
        scripts=(),
        styles=("verdict.css",),
        document=document,
        created=created.date(),
        mark=MARKS[document.verdict],
        made=made_of(document),
        several=several,
        dense=quotes + sum(len(s.rows) for s in document.sections) > ROOMY,
        diagnostic=DIAGNOSTIC,
        untested=[safe(line) for line in document.untested],
        marks=MARKS,
        sections=[(section, _lines(section), _quotes(section, most, several=several)) for section in document.sections],
        notes=[safe(line) for line in (document.offline_note, _allowed(document)) if line],
    )


def _allowed(document: VerdictDocument) -> str:
    return "What an offline model says of a real chatbot was let decide (--allow-offline)." if document.stub_decided else ""


def _lines(section: VerdictSection) -> list[_Line]:
    return [
        _Line(
            target=safe(r.target),
            figure=safe(r.figure),
            asked=r.asked,
            note=safe(r.note),
            value=value_of(r),
            interval=interval_of(r),
            n=n_of(r),
            mark=mark_of(r),
            verdict=r.check.verdict if r.check else "shown",
        )
        for r in section.rows
    ]


def _quotes(section: VerdictSection, most: int, *, several: bool) -> list[_Quote]:
    return [
        _Quote(
            safe(f"{bad.target}: {place_of(bad)}" if several else place_of(bad)),
            shortened(bad.why, min(REASON, most)),
            shortened(bad.message, most // 2),
            tuple((safe(who if bad.beside else ""), shortened(reply, most // len(bad.replies))) for who, reply in bad.replies),
        )
        for bad in section.worst
    ]

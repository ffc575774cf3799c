"""How liking goes over sessions, and how targets find back after wishes have changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.analysis.adaptability import FEWEST_SESSIONS, Recovery
from sim.analysis.table import population
from sim.present.report import charts
from sim.present.report.cells import Heading, change, columns, count, named, percentage, score, talks_link, text
from sim.present.report.document import Block, ChartFigure, Prose, Section, Table
from sim.present.words import number, signed

if TYPE_CHECKING:
    from pydantic import JsonValue

    from sim.present.report.material import Material

TITLE = "Over sessions"


def course_section(of: Material) -> Section:
    """Fixed set over sessions, callback over sessions, adaptability, recovery."""
    sessions = max((p.session for p in of.sessions), default=0)
    if sessions < 2:
        why = f"Not measured in this run: a course takes two sessions or more, and there {'is one' if sessions == 1 else 'are none'}."
        return Section(id="course", title=TITLE, absent=why)
    explained = Prose(
        lines=("Trends are looked for in the fixed set only: a mean whose ingredients change from session to session drifts by itself.",)
    )
    blocks: list[Block] = [explained, _fixed_set(of), _callback(of), _adaptability(of)]
    return Section(id="course", title=TITLE, blocks=(*blocks, *_recovery(of)))


def _fixed_set(of: Material) -> ChartFigure:
    rows: list[dict[str, JsonValue]] = []
    for p in of.sessions:
        if p.fixed_set is not None:
            low, high = p.interval or (None, None)
            link = talks_link(target=p.target, session=p.session)
            place: dict[str, JsonValue] = {"target": p.target, "session": p.session, "at": p.session + charts.aside(p.target, of.targets)}
            rows.append({**place, "mean": p.fixed_set, "low": low, "high": high, "personas": p.personas, "link": link})
    values = [v for p in of.sessions for v in (p.fixed_set, *(p.interval or ())) if v is not None]
    return ChartFigure(
        id="sessions",
        title="Fixed set over sessions, with 95 % bands",
        alt=f"Mean of the four dimensions that always apply, session by session. {_first_and_last(of)}",
        notes=(f"Bands: 95 %, over {population(of.summary.scenarios)}.",),
        spec=charts.over_sessions(of.targets, sessions=max(p.session for p in of.sessions), y=charts.rating("mean", "fixed set", values=values)),
        columns={
            "target": "target id",
            "session": "session, from 1",
            "at": "where it is drawn",
            "mean": "mean over personas of the four dimensions that always apply",
            "low": "lower end of the 95 % interval",
            "high": "upper end",
            "personas": "personas with a score",
            "link": "place of the page",
        },
        rows=tuple(rows),
    )


def _first_and_last(of: Material) -> str:
    told = []
    for target in of.targets:
        known = [p.fixed_set for p in of.sessions if p.target == target and p.fixed_set is not None]
        if known:
            told.append(f"{target} from {number(known[0])} to {number(known[-1])}")
    return "; ".join(told)


def _callback(of: Material) -> ChartFigure:
    rows: list[dict[str, JsonValue]] = [
        {
            "target": p.target,
            "session": p.session,
            "at": p.session + charts.aside(p.target, of.targets),
            "mean": p.callback,
            "link": talks_link(target=p.target, session=p.session, dimension="callback"),
        }
        for p in of.sessions
        if p.callback is not None
    ]
    return ChartFigure(
        id="callback",
        title="Callback over sessions",
        alt="Mean callback score by session, where it was scored.",
        notes=("Callback needs something told in an earlier session, so it begins with the second.",),
        spec=charts.over_sessions(of.targets, sessions=max(p.session for p in of.sessions), y=charts.rating("mean", "callback"), band=False),
        columns={
            "target": "target id",
            "session": "session, from 1",
            "at": "where it is drawn",
            "mean": "mean over personas",
            "link": "place of the page",
        },
        rows=tuple(rows),
    )


def _adaptability(of: Material) -> Table:
    rows = []
    for target, found in ((t.target, t.adaptability) for t in of.summary.targets):
        trends = "; ".join(f"{signed(t.slope)} over {t.sessions}" for t in found.trends)
        rows.append(
            (
                named(target),
                change(found.value, found.interval) if found.value is not None else named("not estimable"),
                text(found.reading),
                change(found.gain, found.gain_interval),
                change(found.reference_gain),
                change(found.placebo, found.placebo_interval),
                percentage(found.at_ceiling),
                text(trends or f"fewer than {FEWEST_SESSIONS} sessions"),
                count(found.personas),
            )
        )
    return Table(
        id="adaptability",
        title="Adaptability: points of the fixed set",
        columns=columns(
            "target",
            figures=[
                ("adaptability", "gain less that of the same model without memory on the same personas and scenarios, with its 95 % interval"),
                ("in words", "a target that falls is not called adaptive"),
                ("gain", "level from session two on less that of session one"),
                ("without memory", "the gain of the arm that it is held against"),
                ("session one", "what the two differ by before anything can be remembered: near 0 if nothing else differs"),
                ("at ceiling", "share of sessions with a fixed set of 4.75 or more, which leave no room to rise"),
                ("trend", "points a session, over talks of so many sessions; whatever makes later sessions easier is in it"),
                "personas",
            ],
        ),
        rows=tuple(rows),
    )


def _recovery(of: Material) -> list[Block]:
    found = {t.target: t.recovery for t in of.summary.targets}
    if not any(r.drifts for r in found.values()):
        return [Prose(lines=("Recovery was not measured in this run: no user's wishes changed in a way that a message showed.",))]
    return [_recovery_figure(of, found), _recovery_table(found)]


def _recovery_figure(of: Material, found: dict[str, Recovery]) -> ChartFigure:
    rows: list[dict[str, JsonValue]] = []
    last = max((at for r in found.values() for at, _ in r.curve), default=0)
    for target, r in found.items():
        if r.drifts:
            points = [(0, 1.0), *r.curve]
            points += [(last, points[-1][1])] if points[-1][0] < last else []
            rows += [{"target": target, "exchanges": at, "not_back": alive, "link": talks_link(target=target)} for at, alive in points]
    return ChartFigure(
        id="recovery",
        title="Recovery after a change of wishes",
        alt="Share of drifts not yet recovered, by exchanges since their first signal.",
        notes=(
            "Back: two scores in a row within 0.5 of the level before. Kaplan–Meier: what is watched no longer is censored; late steps rest on few.",
        ),
        spec=charts.steps(of.targets, x="exchanges", x_title="exchanges since the first signal", y="not_back", y_title="not yet back"),
        columns={
            "target": "target id",
            "exchanges": "exchanges since the wish was first signalled",
            "not_back": "share of drifts not yet recovered",
            "link": "place of the page",
        },
        rows=tuple(rows),
    )


def _recovery_table(found: dict[str, Recovery]) -> Table:
    rows = [(named(t), count(r.drifts), count(r.recovered), score(r.median, digits=0)) for t, r in found.items()]
    figures: list[Heading] = [
        ("drifts", "signalled changes of a wish, with a level to come back to"),
        "recovered",
        ("median", "exchanges until half are back"),
    ]
    return Table(id="recovery", title="Drifts of wishes", columns=columns("target", figures=figures), rows=tuple(rows))

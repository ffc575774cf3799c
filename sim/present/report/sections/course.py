"""How liking goes over sessions, and how targets find back after wishes have changed."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from sim.analysis.figures.adaptability import FEWEST_SESSIONS, Recovery
from sim.analysis.figures.table import population
from sim.core.codebook import DIMENSIONS, LABELS
from sim.present.report import charts
from sim.present.report.cells import Heading, change, columns, count, named, percentage, score, talks_link, text
from sim.present.report.document import Block, ChartFigure, Prose, Section, Table
from sim.present.report.sections import claims
from sim.present.words import many, number, signed

if TYPE_CHECKING:
    from pydantic import JsonValue

    from sim.present.report.material import Material

TITLE = "Over sessions"
MOST_CHANGES = 3
"""Changes that a note names."""


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
    rows += _change_rows(of)
    values = [v for p in of.sessions for v in (p.fixed_set, *(p.interval or ())) if v is not None]
    return ChartFigure(
        id="sessions",
        title=_gains_claim(of),
        shows="The fixed set session by session, with 95 % intervals as bands",
        alt=f"Mean of the four dimensions that always apply, session by session. {_first_and_last(of)}",
        notes=(f"Bands are 95 % intervals over {population(of.summary.scenarios)}.", *_changes_note(of)),
        spec=charts.over_sessions(of.targets, sessions=max(p.session for p in of.sessions), y=charts.rating("mean", "fixed set", values=values)),
        columns={
            "target": "target id",
            "session": "session, from 1",
            "at": "where it is drawn",
            "mean": "mean over personas of the four dimensions that always apply",
            "low": "lower end of the 95 % interval",
            "high": "upper end",
            "personas": "personas with a score",
            "change": "what changes in the scenario in this session; of no target",
            "link": "place of the page",
        },
        rows=tuple(rows),
    )


def wish_changes(of: Material) -> dict[int, str]:
    """By session, which wishes differ from those of the session before, in which scenarios."""
    scenarios = {t.cast.scenario.id: t.cast.scenario for t in of.trials if not t.cast.scenario.withheld}
    found: dict[int, dict[str, list[str]]] = {}
    for name, scenario in scenarios.items():
        for index, (before, now) in enumerate(pairwise(scenario.sessions), 2):
            moved = [LABELS[d] for d in DIMENSIONS if now.wishes.get(d) != before.wishes.get(d)]
            if moved:
                found.setdefault(index, {})[name] = moved
    every = len(scenarios)
    return {
        session: (claims.listed(next(iter(by.values()))) if every == 1 else f"in {len(by)} of {every} scenarios")
        for session, by in sorted(found.items())
    }


def _change_rows(of: Material) -> list[dict[str, JsonValue]]:
    """A dashed line in every panel, or one where all share a picture."""
    last = max((p.session for p in of.sessions), default=0)
    targets = of.targets if len(of.targets) > charts.OVERLAP else of.targets[:1]
    changes = wish_changes(of)
    return [{"target": t, "session": s, "at": s, "change": f"wishes: {what}"} for s, what in changes.items() if s <= last for t in targets]


def _changes_note(of: Material) -> tuple[str, ...]:
    changes = wish_changes(of)
    if not changes:
        return ()
    told = "; ".join(f"session {s}, {what}" for s, what in list(changes.items())[:MOST_CHANGES])
    more = f"; and {len(changes) - MOST_CHANGES} more" if len(changes) > MOST_CHANGES else ""
    return (f"Dashed: some users want something else than in the session before ({told}{more}).",)


def _gains_claim(of: Material) -> str:
    """Whose level from the second session on clearly differs from that of the first."""
    known = [(t.target, t.adaptability.gain, t.adaptability.gain_interval) for t in of.summary.targets]
    clear = claims.changes(known)
    if not clear:
        return "No target is liked clearly more or less after the first session"
    name, gain, bounds = clear[0]
    size = claims.by(gain, bounds if gain > 0 else claims.turned(bounds))
    rest = f"; {len(clear) - 1} other {'target changes' if len(clear) == 2 else 'targets change'} too" if len(clear) > 1 else ""
    return f"{name} is liked {'more' if gain > 0 else 'less'} after the first session, by {size}{rest}"


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
        title=claims.more(
            of.compared("callback"),
            "{a} is better at callback than {b}, by {by}",
            nothing="Callback tells no two targets apart",
            of="callback",
        ),
        shows="Mean callback score, session by session",
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
                ("without memory", "the gain of the arm that it is compared with"),
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
    drifts = sum(r.drifts for r in found.values())
    for target, r in found.items():
        if r.drifts:
            points = [(0, 1.0), *r.curve]
            points += [(last, points[-1][1])] if points[-1][0] < last else []
            rows += [{"target": target, "exchanges": at, "not_back": alive, "link": talks_link(target=target)} for at, alive in points]
    return ChartFigure(
        id="recovery",
        title=f"{sum(r.recovered for r in found.values()):,} of {many(drifts, 'change')} of wishes were recovered from",
        shows="Share of changes not yet recovered from, by exchanges since the first signal",
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

"""Targets over several users, as `sim compare RUN RUN… --pool-users` prints them."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from sim.analysis.trust.pooled_users import PooledMeasure, PooledPair, PooledUsersDocument
from sim.analysis.verdicts.compare import Comparison
from sim.present.text.comparison import SPARE, p_text, render_registrations, short_label, signed_between, verdict_cell
from sim.present.text.plain_table import WIDE_NAME, Cell, columns_of, fitted_table, tables_within, titled
from sim.present.words import DIAGNOSTIC, NONE, many, number, safe, share, signed

IN_FULL = 6
"""Pairs of targets up to which each has its sentences; beyond, only those that come to a verdict or hang on the user."""


def render_pooled_users(document: PooledUsersDocument, *, width: int | None = None) -> RenderableType:
    """The sentences, then the primary outcome by user and pooled, the order of the targets, and the other measures.

    Args:
        width: columns there are; None: as many as it takes.
    """
    first = document.measures[document.primary]
    parts: list[RenderableType] = [_heading(document), *render_registrations(document), Text(), Text(safe(document.answer_sentence))]
    for said, pair in zip(document.sentences, first.pairs, strict=True):
        if len(first.pairs) <= IN_FULL or pair.pooled.verdict in ("higher", "lower") or any(g.clear for g in pair.gaps):
            parts += [Text(), Text(safe(f"{said} {pair.sentence}"))]
    parts += [*_means(first, width), *_differences(first, width), *_gaps(first, width), *_orders(first, width)]
    for i, pair in enumerate(first.pairs):
        if len(first.pairs) <= IN_FULL // 2:
            parts += _beside(document, pair, i, width)
    return Group(*parts, Text(), Text("\n".join(map(safe, (*_key(document), *document.notes))), "dim"))


def _heading(document: PooledUsersDocument) -> Text:
    raters = ", ".join(document.raters)
    text = Text.assemble((safe(" and ".join(document.runs.values())), "bold"), f"  pooled over {len(document.users)} users · rated by {safe(raters)}")
    for note in document.offline_notes:
        text.append(f"\n{safe(note)}", "yellow")
    return text.append(f"\n{DIAGNOSTIC}", "italic")


def _means(of: PooledMeasure, width: int | None) -> list[RenderableType]:
    columns = [(safe(t), [number(row[t], of.digits) for row in of.means.values()]) for t in next(iter(of.means.values()))]
    tables = tables_within("", {"user": list(map(safe, of.means))}, columns, width=width, name=WIDE_NAME)
    return titled(f"{_upper(of.label)} by user, as each run has it", *tables)


def _differences(of: PooledMeasure, width: int | None) -> list[RenderableType]:
    found: list[tuple[Text, Comparison]] = []
    for pair in of.pairs:
        found += [(Text(safe(user)), alone) for user, alone in pair.by_user.items()]
        found.append((Text("all", "bold"), pair.pooled))
    names = {"difference": [Text(safe(f"{c.a} − {c.b}"), user.style) for user, c in found], "user": [user for user, _ in found]}
    figures = columns_of(("a − b", "95 %", "p", "d_z", "n", "verdict"), [_cells(c, of.digits) for _, c in found])
    table = fitted_table("", names, figures, spare=SPARE, width=width)
    return titled(f"{_upper(of.label)}: each user's difference, and over all", table)


def _cells(of: Comparison, digits: int) -> list[str | Text]:
    figures = signed(of.difference, digits), signed_between(of.interval, digits), p_text(of.p_holm), signed(of.d_z, 2)
    return [*figures, f"{of.personas:,}", verdict_cell(of)]


def _gaps(of: PooledMeasure, width: int | None) -> list[RenderableType]:
    found = [(pair.pooled, gap) for pair in of.pairs for gap in pair.gaps]
    names = {
        "difference": [safe(f"{pooled.a} − {pooled.b}") for pooled, _ in found],
        "user less user": [safe(f"{gap.user} less {gap.other}") for _, gap in found],
    }
    rows = [(signed(gap.difference, of.digits), signed_between(gap.interval, of.digits), p_text(gap.p_holm), f"{gap.personas:,}") for _, gap in found]
    table = fitted_table("", names, columns_of(("points", "95 %", "p", "n"), rows), spare=SPARE, width=width)
    return titled("Target × user: by how much more two targets differ with one user than with another", table)


def _orders(of: PooledMeasure, width: int | None) -> list[RenderableType]:
    if not of.orders:
        return []
    rows = []
    for order in of.orders:
        first = order.first or (NONE, NONE)
        rows.append((f"{order.systems:,}", f"{order.alike} of {order.pairs}", share(order.spearman), *map(safe, first)))
    names = {"user": [safe(o.user) for o in of.orders], "and user": [safe(o.other) for o in of.orders]}
    figures = columns_of(("targets", "pairs alike", "Spearman", "its first", "other's first"), rows)
    table = fitted_table("", names, figures, spare=("targets", "other's first", "its first", "Spearman"), width=width)
    return titled("Rank agreement: how two users order the targets", table)


def _beside(document: PooledUsersDocument, pair: PooledPair, at: int, width: int | None) -> list[RenderableType]:
    others = [m for m in document.measures.values() if m.measure != document.primary and m.pairs[at].pooled.difference is not None]
    rows: list[tuple[Cell, ...]] = []
    for measure in others:
        found = measure.pairs[at]
        of = found.pooled
        figures = signed(of.difference, measure.digits), signed_between(of.interval, measure.digits), p_text(of.p_all)
        rows.append((*figures, verdict_cell(of), _alike(found), p_text(found.p_interaction)))
    headings = ("a − b", "95 %", "p all", "verdict", "users alike", "p × user")
    names = {"measure": [safe(short_label(m.measure, m.label)) for m in others]}
    table = fitted_table("", names, columns_of(headings, rows), spare=("users alike", "p × user", "p all", "95 %"), width=width)
    return titled(f"{pair.pooled.a} (a) less {pair.pooled.b} (b) over all users: the other measures", table)


def _alike(pair: PooledPair) -> str:
    """How many users have the sign that the pooled difference has."""
    whole = pair.pooled.difference or 0.0
    same = sum(of.difference is not None and of.difference * whole > 0 for of in pair.by_user.values())
    return f"{same} of {len(pair.by_user)}"


def _key(document: PooledUsersDocument) -> Iterator[str]:
    yield f"n: personas; p: Holm's, over all pairs of targets; p all: over the {len(document.measures) - 1} other measures too; tied: not separable"
    yield "users alike: those whose difference has the sign of the pooled one; p × user: whether any two users differ, over the other measures too"
    more = len(document.measures[document.primary].pairs)
    if more > IN_FULL // 2:
        yield f"`--json` has the other measures, for each of {many(more, 'pair')} of targets"


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]

"""Targets over several users, as `sim compare RUN RUN… --pool-users` prints them."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from sim.analysis.trust.pooled_users import PooledMeasure, PooledPair, PooledUsersDocument
from sim.analysis.verdicts.compare import Comparison
from sim.present.text.comparison import p_text, render_registrations, short_label, signed_between, verdict_cell
from sim.present.text.plain_table import plain_table, titled
from sim.present.words import DIAGNOSTIC, NONE, many, number, safe, share, signed

IN_FULL = 6
"""Pairs of targets up to which each has its sentences; beyond, only those that come to a verdict or hang on the user."""


def render_pooled_users(document: PooledUsersDocument) -> RenderableType:
    """The sentences, then the primary outcome by user and pooled, the order of the targets, and the other measures."""
    first = document.measures[document.primary]
    parts: list[RenderableType] = [_heading(document), *render_registrations(document), Text(), Text(safe(document.answer_sentence))]
    for said, pair in zip(document.sentences, first.pairs, strict=True):
        if len(first.pairs) <= IN_FULL or pair.pooled.verdict in ("higher", "lower") or any(g.clear for g in pair.gaps):
            parts += [Text(), Text(safe(f"{said} {pair.sentence}"))]
    parts += [*_means(first), *_differences(first), *_gaps(first), *_orders(first)]
    for i, pair in enumerate(first.pairs):
        if len(first.pairs) <= IN_FULL // 2:
            parts += _beside(document, pair, i)
    return Group(*parts, Text(), Text("\n".join(map(safe, (*_key(document), *document.notes))), "dim"))


def _heading(document: PooledUsersDocument) -> Text:
    raters = ", ".join(document.raters)
    text = Text.assemble((safe(" and ".join(document.runs.values())), "bold"), f"  pooled over {len(document.users)} users · rated by {safe(raters)}")
    for note in document.offline_notes:
        text.append(f"\n{safe(note)}", "yellow")
    return text.append(f"\n{DIAGNOSTIC}", "italic")


def _means(of: PooledMeasure) -> list[RenderableType]:
    targets = list(next(iter(of.means.values())))
    table = plain_table(("user",), *map(safe, targets))
    for user, row in of.means.items():
        table.add_row(Text(safe(user)), *(number(row[t], of.digits) for t in targets))
    return titled(f"{_upper(of.label)} by user, as each run has it", table)


def _differences(of: PooledMeasure) -> list[RenderableType]:
    table = plain_table(("difference", "user"), "a − b", "95 %", "p", "d_z", "n", "verdict")
    for pair in of.pairs:
        for user, alone in pair.by_user.items():
            table.add_row(Text(safe(f"{alone.a} − {alone.b}")), Text(safe(user)), *_cells(alone, of.digits))
        table.add_row(Text(safe(f"{pair.pooled.a} − {pair.pooled.b}"), "bold"), Text("all", "bold"), *_cells(pair.pooled, of.digits))
    return titled(f"{_upper(of.label)}: each user's difference, and over all", table)


def _cells(of: Comparison, digits: int) -> list[str | Text]:
    figures = signed(of.difference, digits), signed_between(of.interval, digits), p_text(of.p_holm), signed(of.d_z, 2)
    return [*figures, f"{of.personas:,}", verdict_cell(of)]


def _gaps(of: PooledMeasure) -> list[RenderableType]:
    table = plain_table(("difference", "user less user"), "points", "95 %", "p", "n")
    for pair in of.pairs:
        for gap in pair.gaps:
            figures = signed(gap.difference, of.digits), signed_between(gap.interval, of.digits), p_text(gap.p_holm), f"{gap.personas:,}"
            table.add_row(Text(safe(f"{pair.pooled.a} − {pair.pooled.b}")), Text(safe(f"{gap.user} less {gap.other}")), *figures)
    return titled("Target × user: by how much more two targets differ with one user than with another", table)


def _orders(of: PooledMeasure) -> list[RenderableType]:
    if not of.orders:
        return []
    table = plain_table(("user", "and user"), "targets", "pairs alike", "Spearman", "its first", "other's first")
    for order in of.orders:
        first = order.first or (NONE, NONE)
        alike = f"{order.alike} of {order.pairs}"
        table.add_row(Text(safe(order.user)), Text(safe(order.other)), f"{order.systems:,}", alike, share(order.spearman), *map(safe, first))
    return titled("Rank agreement: how two users order the targets", table)


def _beside(document: PooledUsersDocument, pair: PooledPair, at: int) -> list[RenderableType]:
    table = plain_table(("measure",), "a − b", "95 %", "p all", "verdict", "users alike", "p × user")
    for measure in document.measures.values():
        found = measure.pairs[at]
        if measure.measure != document.primary and found.pooled.difference is not None:
            of = found.pooled
            figures = signed(of.difference, measure.digits), signed_between(of.interval, measure.digits), p_text(of.p_all)
            table.add_row(
                Text(safe(short_label(measure.measure, measure.label))), *figures, verdict_cell(of), _alike(found), p_text(found.p_interaction)
            )
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

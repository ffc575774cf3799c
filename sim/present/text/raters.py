"""Whether conclusions hang on the rater or on the simulated user, as `sim compare --raters` prints it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sim.analysis.stats.order import FEWEST_SYSTEMS
from sim.analysis.trust.raters import RaterHabits, RaterSensitivity, Swap
from sim.analysis.verdicts.registered import Unplanned
from sim.core.frozen import Frozen
from sim.present.text.comparison import render_registrations
from sim.present.text.plain_table import Cell, columns_of, fitted_table, titled
from sim.present.text.scales import same_family_lines
from sim.present.words import NONE, OFFLINE_MARK, percent, safe, share, signed


class UserSwap(Frozen):
    """Two runs of the same targets."""

    one: str
    other: str
    user: str
    """The model that plays the user of the first run."""
    other_user: str
    rater: str
    """The model of the first run's primary rater."""
    other_rater: str
    swap: Swap


class SwapDocument(Unplanned):
    """`sim compare RUN… --raters --json`."""

    offline: bool
    """Whether offline models took part in any; the figures then say nothing of any real model."""
    raters: dict[str, RaterSensitivity]
    """By run."""
    users: tuple[UserSwap, ...]
    """Each two runs against each other; empty for one."""


def render_swaps(document: SwapDocument, *, width: int | None = None) -> RenderableType:
    """Rater against rater in each run, then run against run.

    Args:
        width: columns there are; None: as many as it takes.
    """
    parts: list[RenderableType] = [Text("Would another rater, or another user, have come to the same end?", "bold")]
    parts += [Text(OFFLINE_MARK, "yellow")] if document.offline else []
    parts += render_registrations(document)
    for run, found in document.raters.items():
        parts += [Text(f"\nRun {safe(run)}, rated by {safe(found.primary)}"), *render_raters(found, width=width)]
    for users in document.users:
        parts += render_user_swap(users, width=width)
    return Group(*parts)


def render_raters(found: RaterSensitivity, *, width: int | None = None) -> list[RenderableType]:
    """Rater against rater, and what each goes by beside the reply."""
    parts: list[RenderableType] = []
    if found.others:
        parts += _swaps(
            "rater", f"Would another rater order the targets as {found.primary} does?", {r: o.swap for r, o in found.others.items()}, width
        )
        rows = [(f"{o.scores.n:,}", percent(o.scores.moved), percent(o.scores.by_two)) for o in found.others.values()]
        moved = _by_name("rater", found.others, ("scores", "a point apart", "two points apart"), rows, ("scores",), width)
        parts += titled(f"Scores of the same reply, against {found.primary}", moved)
    else:
        parts.append(Text("One rater: whether another would order the targets alike is not known. `sim score RUN --rater MODEL` rates again"))
    habits = {found.primary: found.habits, **{r: o.habits for r, o in found.others.items()}}
    return [*parts, *_habits(habits, width), *(Text(line, "yellow") for line in same_family_lines(found.same_family))]


def render_user_swap(users: UserSwap, *, width: int | None = None) -> list[RenderableType]:
    """Two runs of the same targets, and what differs between them beside chance."""
    title = f"Would another simulated user order the targets as that of {users.one} does?"
    same_user, same_rater = users.user == users.other_user, users.rater == users.other_rater
    if same_user:
        said = "! both runs have the same user: what differs is chance" + ("" if same_rater else ", and the rater")
    else:
        said = f"users: {safe(users.user)}, {safe(users.other_user)}" + ("" if same_rater else "; the raters differ with them")
    return [*_swaps("run", title, {users.other: users.swap}, width), Text(said, "yellow" if same_user else "dim")]


def _swaps(name: str, title: str, swaps: Mapping[str, Swap], width: int | None) -> list[RenderableType]:
    rows = []
    for swap in swaps.values():
        order = swap.order
        ordered = (f"{order.systems:,}", f"{order.alike} of {order.pairs}", share(order.spearman))
        rows.append((*ordered, f"{swap.flips.n:,}", percent(swap.flips.share), signed(swap.difference), f"{swap.cells:,}"))
    headings = ("targets", "pairs alike", "Spearman", "preferences", "flip", "difference", "n")
    table = _by_name(name, swaps, headings, rows, ("n", "targets", "preferences", "Spearman"), width)
    few = min((s.order.systems for s in swaps.values()), default=0) < FEWEST_SYSTEMS
    note = "preferences: of one of two targets on one persona × scenario, where both have one; n: persona × scenario × target"
    warning = [Text(f"! fewer than {FEWEST_SYSTEMS} targets: their order shows little", "yellow")] if few else []
    return [*titled(title, table), Text(note, "dim"), *warning]


def _habits(habits: Mapping[str, RaterHabits], width: int | None) -> list[RenderableType]:
    rows = []
    for of in habits.values():
        length, asked = of.verbosity, of.asked
        between = NONE if asked.interval is None else f"{signed(asked.interval[0])} to {signed(asked.interval[1])}"
        figures = (f"{length.n:,}", signed(length.per_doubling), share(length.r_squared), signed(asked.last_less_first), between, f"{asked.n:,}")
        rows.append(figures)
    headings = ("exchanges", "twice the words", "length R²", "asked last − first", "95 %", "scores")
    table = _by_name("rater", habits, headings, rows, ("exchanges", "scores", "length R²", "95 %"), width)
    note = "points of the fixed set, within persona × target; the order in which dimensions are asked is drawn by seed and should tell nothing"
    return [*titled("What a rater goes by beside the reply: length, and the order of asking", table), Text(note, "dim")]


def _by_name(
    name: str, names: Iterable[str], headings: Sequence[str], rows: Sequence[Sequence[Cell]], spare: Sequence[str], width: int | None
) -> Table:
    return fitted_table("", {name: list(map(safe, names))}, columns_of(headings, rows), spare=spare, width=width)

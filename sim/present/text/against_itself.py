"""A run against itself, as `sim compare RUN --against-itself` prints it."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from sim.analysis.trust.against_itself import FalseVerdicts, SelfDocument
from sim.present.text.comparison import render_registrations
from sim.present.text.plain_table import columns_of, fitted_table, titled
from sim.present.words import DIAGNOSTIC, NONE, number, percent, safe


def render_against_itself(document: SelfDocument, *, width: int | None = None) -> RenderableType:
    """The sentence, then the splits of each target and of all.

    Args:
        width: columns there are; None: as many as it takes.
    """
    title = Text.assemble((safe(document.run), "bold"), f"  against itself · halves of the seeds · rated by {safe(document.rater)}")
    for note in document.offline_notes:
        title.append(f"\n{safe(note)}", "yellow")
    title.append(f"\n{DIAGNOSTIC}", "italic")
    rows = {safe(of.target): (*_figures(of, document.digits), f"{of.personas:,}") for of in document.targets}
    if len(document.targets) > 1:
        rows["all"] = (*_figures(document.whole, document.digits), "")
    figures = columns_of(("verdicts", "share", "95 %", "0 outside", "median", "most", "n"), list(rows.values()))
    table = fitted_table("", {"target": list(rows)}, figures, spare=("median", "most", "0 outside", "n", "share", "95 %"), width=width)
    notes = Text("\n".join(map(safe, (*_key(document), *document.notes))), "dim")
    return Group(
        title,
        *render_registrations(document),
        Text(),
        Text(safe(document.sentence)),
        *titled("Verdicts where there is nothing to find", table),
        Text(),
        notes,
    )


def _key(document: SelfDocument) -> list[str]:
    seeds = " or ".join(dict.fromkeys(f"{len(of.seeds)}" for of in document.targets))
    return [
        f"halves of {seeds} seeds; verdicts: of the splits that have personas enough for one; 0 outside: splits whose 95 % interval leaves 0 out",
        f"median, most: size of the difference between halves, in {document.label}; n: personas",
    ]


def _figures(of: FalseVerdicts, digits: int) -> list[str]:
    between = NONE if of.interval is None else f"{100 * of.interval[0]:.1f} to {100 * of.interval[1]:.1f} %"
    verdicts = f"{of.verdicts} of {of.judged}" if of.judged else NONE
    clear = f"{of.clear} of {of.bounded}" if of.bounded else NONE
    return [verdicts, percent(of.share), between, clear, number(of.typical, digits), number(of.most, digits)]

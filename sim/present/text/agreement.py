"""The table of `sim calibrate --tagger FILE`: a tagger against people, move by move."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from sim.analysis.trust.agreement import ENOUGH, MoveAgreement, TaggerAgreement
from sim.core.shown import Shown
from sim.present.text.plain_table import ruled
from sim.present.words import NONE, many, share


class AgreementDocument(Shown):
    """`sim calibrate --tagger FILE --json`."""

    tagger: str
    version: str
    codebook: str
    """Figures hold for this tagger and this codebook alone."""
    file: str
    refused: int
    """Sentences that the tagger would not or could not tag; they leave every figure."""
    in_sample: int
    """Sentences that were used to make the tagger: on them it looks better than it is."""
    held_out_by: str
    """The command that prints figures with whole replies held out; empty where nothing is in sample."""
    agreement: TaggerAgreement


def render_agreement(document: AgreementDocument) -> RenderableType:
    """The table and what qualifies it."""
    found = document.agreement
    title = Text.assemble(
        ("Tagger against people", "bold"),
        f"  tagger {document.tagger} {document.version} · codebook {document.codebook} · ",
        f"{many(found.sentences, 'sentence')} of {many(found.replies, 'reply', 'replies')}",
    )
    table = ruled()
    table.add_column("move", no_wrap=True)
    for heading in ("positives", "found", "precision", "recall", "F1", "κ", "95 %"):
        table.add_column(heading, justify="right", no_wrap=True)
    for move, figures in found.moves.items():
        table.add_row(move.replace("_", " "), *_cells(figures), style="" if figures.enough else "dim")
    return Group(title, Text(), table, Text(), _notes(document))


def _cells(figures: MoveAgreement) -> list[str]:
    between = "too few" if not figures.enough else NONE if figures.interval is None else " to ".join(map(share, figures.interval))
    shares = (figures.precision, figures.recall, figures.f1, figures.kappa)
    return [f"{figures.positives:,}", f"{figures.found:,}", *map(share, shares), between]


def _notes(document: AgreementDocument) -> Text:
    found = document.agreement
    mean = f"mean κ {share(found.mean_kappa)} over {many(len(found.mean_over), 'move')} with {ENOUGH} positives or more"
    lines = [mean if found.mean_over else f"no move has {ENOUGH} positives: no mean", "interval: whole replies resampled"]
    if document.refused:
        lines.append(f"{many(document.refused, 'sentence')} not tagged, left out")
    if document.in_sample:
        lines.append(f"in sample: {document.in_sample:,} of these sentences made this tagger; whole replies held out: `{document.held_out_by}`")
    return Text("\n".join(lines))

"""The figures of a run for the viewer's page: every section that `sim show --all` prints, with the same tables in the same words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sim.core.frozen import Frozen
from sim.present.colours import colours_of
from sim.present.text.showing import SECTIONS
from sim.present.viewer.blocks import PageBlock, blocks_of

if TYPE_CHECKING:
    from sim.analysis.figures.run_summary import RunSummary
    from sim.core.spec import Study

WIDE: Final = 1_000_000
"""Columns that a page has: no table is divided."""


class SectionBlocks(Frozen):
    """One section."""

    name: str
    """As `sim show RUN --section` knows it."""
    blocks: tuple[PageBlock, ...]


class RunSections(Frozen):
    """Those of a run that have something to show."""

    colours: dict[str, int]
    """The place of each target's colour."""
    sections: tuple[SectionBlocks, ...]


def run_sections(summary: RunSummary, study: Study) -> RunSections:
    """The sections of a run, in the order of `sim show --all`; none where nobody was ever answered."""
    found = {} if summary.silent else {name: tuple(blocks_of(section(summary, WIDE))) for name, section in SECTIONS.items()}
    return RunSections(
        colours=colours_of(study.targets),
        sections=tuple(SectionBlocks(name=name, blocks=blocks) for name, blocks in found.items() if blocks),
    )

"""What people do, for the eye: published figures beside one's own, each with its unit, its source and what forbids comparing them outright.

They stand in a note, and on a chart only where tagger and codebook are the same (guide/methods.md#figures-of-others).
"""

from __future__ import annotations

from typing import Final

from sim.core.frozen import Frozen


class Reference(Frozen):
    """One figure on people."""

    measure: str
    value: float
    unit: str
    source: str
    caveat: str


HUMAN_REFERENCES: Final = (
    Reference(
        measure="words_per_reply",
        value=18,
        unit="words a reply",
        source="lay supporters, MINT (arXiv 2604.11742)",
        caveat="written peer support; models write several times as much",
    ),
    Reference(
        measure="stickiness",
        value=0.27,
        unit="stickiness on ten moves",
        source="lay supporters, MINT (arXiv 2604.11742)",
        caveat="MINT's tagger; mostly base rate (.19)",
    ),
    Reference(
        measure="stickiness",
        value=0.22,
        unit="stickiness on eight strategies",
        source="supporters in ESConv",
        caveat="another codebook; repetition there correlates −0.09 with people's rating of empathy",
    ),
)
"""See guide/methods.md#what-the-figures-say. Repetition is a diagnostic, not a score to maximise or to bring down."""


def reference_lines() -> list[str]:
    """The note, a line each."""
    lines = ["People, for orientation; figures compare only for the same tagger and codebook:"]
    for r in HUMAN_REFERENCES:
        value = f"{r.value:.2f}".removeprefix("0") if r.value < 1 else f"{r.value:g}"
        lines.append(f"  {value} {r.unit}: {r.source}; {r.caveat}")
    return lines

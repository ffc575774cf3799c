"""Sections of the report that are not ours: functions that other packages offer under the entry point `rapport.sections`."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Final

from sim.present.report.document import Section
from sim.present.report.material import Material

GROUP: Final = "rapport.sections"


def added_sections(of: Material) -> tuple[Section, ...]:
    """What each function makes of a run, by name; one that fails is a section that says so, and the report is written."""
    return tuple(_made(point, of) for point in sorted(entry_points(group=GROUP), key=lambda p: p.name))


def _made(point: EntryPoint, of: Material) -> Section:
    try:
        section = point.load()(of)
    except Exception as error:  # Somebody else's code must not cost the report.
        return Section(id=point.name, title=point.name, absent=f"{point.value} failed: {type(error).__name__}: {error}")
    if not isinstance(section, Section):
        return Section(id=point.name, title=point.name, absent=f"{point.value} returned {type(section).__name__}, not a Section")
    return section

"""A run's report, section by section."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from sim.core.event import ROLES, Role
from sim.present.colours import colours_of
from sim.present.report.added import added_sections
from sim.present.report.document import ReportDocument, Section
from sim.present.report.material import Material
from sim.present.report.sections.belief import belief_section
from sim.present.report.sections.cost import cost_section
from sim.present.report.sections.course import course_section
from sim.present.report.sections.criterion import criterion_section
from sim.present.report.sections.fairness import fairness_section
from sim.present.report.sections.headline import build_headline
from sim.present.report.sections.likability import likability_section
from sim.present.report.sections.made import made_facts
from sim.present.report.sections.memory import memory_section
from sim.present.report.sections.questionnaires import questionnaires_section
from sim.present.report.sections.remembering import remembering_section
from sim.present.report.sections.repetition import repetition_section
from sim.present.report.sections.robustness import robustness_section
from sim.present.report.sections.scorers import scorers_section
from sim.present.report.sections.trait_truth import trait_truth_section
from sim.present.text.outages import outage_line
from sim.present.text.stops import budget_line
from sim.store.runs import edited_mark

if TYPE_CHECKING:
    from sim.core.event import Event

SECTIONS: tuple[Callable[[Material], Section], ...] = (
    likability_section,
    memory_section,
    remembering_section,
    course_section,
    criterion_section,
    repetition_section,
    robustness_section,
    fairness_section,
    questionnaires_section,
    trait_truth_section,
    scorers_section,
    belief_section,
    cost_section,
)
"""In the order of the page."""


def build_report(of: Material) -> ReportDocument:
    """Everything in the report but the conversations."""
    return ReportDocument(
        run=of.summary.run,
        status=of.summary.status,
        created=of.header.created,
        offline=of.summary.offline,
        offline_note=of.summary.offline_note,
        outages=(*map(outage_line, of.summary.outages), *map(budget_line, of.summary.budget_stops)),
        edited=edited_mark(of.summary.edited) if of.summary.edited else "",
        targets=of.targets,
        colours=colours_of(of.study.targets),
        headline=build_headline(of),
        sections=() if of.summary.silent else (*(section(of) for section in SECTIONS), *added_sections(of)),
        made=made_facts(of),
    )


def role_latencies(events: Mapping[str, Iterable[Event]]) -> dict[Role, list[float]]:
    """Seconds of every answered call, by role."""
    found: dict[Role, list[float]] = {r: [] for r in ROLES}
    for of in events.values():
        for event in of:
            for call, timing in zip(event.calls, event.meta.timings, strict=False):
                found[call.role].append(timing.latency)
    return found

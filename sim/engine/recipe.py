"""A run as plain data: everything a process needs to hold its trials, and nothing that belongs to one process.

A recipe can be pickled and sent to another machine. `sim.engine.staff.Parts` makes clients, judges and targets of it where the trials are held.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sim.core.codebook import Codebook
    from sim.core.spec import KeptScorer, Limits, Study
    from sim.llm.hosts import LocalOnly


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What the trials of one execution of a run have in common."""

    study: Study
    prompts: Mapping[str, str]
    """Texts by name, as the run's header has them."""
    limits: Limits
    """Those of this execution, which may differ from the study's."""
    nonce: str
    """The run's own, by which custom targets know their users apart from those of other runs."""
    codebook: Codebook | None = None
    """What replies are tagged with; None where nothing is tagged by a model."""
    scorers: tuple[KeptScorer, ...] = ()
    """The study's own, and those that were added to the run later."""
    local_only: LocalOnly | None = None
    """Refuses every host that is not on the machine where the trials are held; None: any host."""
    run: str = ""
    """The run's name, for log lines and traces."""
    collector: str | None = None
    """Where traces are sent, as was announced; None: nowhere."""
    trace: str = ""
    """The run's own span, as W3C Trace Context writes it, for those of trials that are held in another process; empty: there is none."""

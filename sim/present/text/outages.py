"""Who never answered, in one line each: what `run`, `show`, the report and the viewer say in place of tables of nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.core.errors import tell
from sim.present.words import many, safe

if TYPE_CHECKING:
    from sim.analysis.figures.outages import Outage


def outage_line(outage: Outage, *, quoting: bool = True) -> str:
    """For example "my-bot could not be reached at 127.0.0.1:8000: connection refused; 3 trials stopped, 9 not begun".

    Args:
        quoting: whether to show what came in place of an answer, which may repeat what was said in the talk and is kept out of logs.
    """
    cause = safe(tell(outage.cause, outage.quote if quoting else ""))
    joined = f" {cause}" if cause.startswith(("could not", "does not", "did not", "raised ", "returned ")) else f" never answered: {cause}"
    if outage.target is None and joined.startswith(" never answered"):
        joined = f" never spoke: {cause}"
    counts = [f"{many(outage.tried, 'trial')} stopped"] if outage.tried else []
    counts += [f"{outage.not_begun:,} not begun" if counts else f"{many(outage.not_begun, 'trial')} not begun"] if outage.not_begun else []
    return f"{outage.who}{joined}; {', '.join(counts)}"

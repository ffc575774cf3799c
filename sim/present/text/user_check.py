"""What `sim score --only validity` says of the user's side of a log or a run."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.text import Text

from sim.analysis.figures.estimates import proportion_interval
from sim.analysis.stats.proportions import effective
from sim.core.event import CRITICAL, NOTES, SERIOUS, Severity
from sim.present.text.plain_table import ruled
from sim.present.words import many, percent, safe

if TYPE_CHECKING:
    from sim.core.event import Flag
    from sim.score.validity.talks import Checked

SEVERITIES: tuple[Severity, ...] = ("critical", "serious", "note")


class UserTally:
    """Counts of flags so far."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.messages = 0
        self.kinds: Counter[str] = Counter()
        """Messages with each kind."""
        self.talks: dict[str, int] = {}
        """Conversations, with their number."""
        self.hits: dict[Severity, list[tuple[str, bool]]] = {s: [] for s in SEVERITIES}
        self.flagged: list[tuple[str, int, Flag]] = []
        """Flags that are more than notes."""

    def add(self, one: Checked) -> None:
        """One message."""
        self.messages += 1
        self.talks.setdefault(one.id, len(self.talks))
        self.kinds.update({f.kind for f in one.flags})
        for severity in SEVERITIES:
            self.hits[severity].append((one.id, any(f.severity == severity for f in one.flags)))
        self.flagged += [(one.id, one.index, f) for f in one.flags if f.severity != "note"]

    def rate(self, severity: Severity) -> tuple[float, tuple[float, float]] | None:
        """The share of messages flagged so, with 95 % on as many observations as conversations leave of them."""
        hits = self.hits[severity]
        if not hits:
            return None
        value, size = effective(hits)
        return value, proportion_interval(value * size, size)

    def document(self) -> dict[str, Any]:
        """What `--json` says beside the messages."""
        rates = {}
        for severity in SEVERITIES:
            found = self.rate(severity)
            n = sum(hit for _, hit in self.hits[severity])
            rates[severity] = {"flagged": n, "share": found[0] if found else None, "interval": found[1] if found else None}
        return {"n": self.messages, "rates": rates, "by_kind": dict(self.kinds)}


def render_tally(tally: UserTally, *, most: int) -> RenderableType:
    """Rates by severity, messages by kind, and the flags one by one.

    Args:
        most: flags that are listed.
    """
    head = Text.assemble((tally.name, "bold"), f"  {many(tally.messages, 'message')} of the user in {many(len(tally.talks), 'conversation')}")
    rates = ruled("Messages of the user that are flagged")
    for heading in ("severity", "kind"):
        rates.add_column(heading)
    for heading in ("messages", "share", "95 %"):
        rates.add_column(heading, justify="right", no_wrap=True)
    for severity, kinds in zip(SEVERITIES, (CRITICAL, SERIOUS, NOTES), strict=True):
        found = tally.rate(severity)
        assert found is not None
        flagged = sum(hit for _, hit in tally.hits[severity])
        rates.add_row(severity, "any", f"{flagged:,}", percent(found[0]), f"{percent(found[1][0])} to {percent(found[1][1])}")
        for kind in kinds:
            if tally.kinds[kind]:
                rates.add_row("", kind.replace("_", " "), f"{tally.kinds[kind]:,}", percent(tally.kinds[kind] / tally.messages), "")
    lines = [f"{id} message {i}: {f.kind.replace('_', ' ')} ({f.severity}): {safe(f.evidence)}" for id, i, f in tally.flagged[:most]]
    if len(tally.flagged) > most:
        lines.append(f"… and {many(len(tally.flagged) - most, 'more flag')}; `--json` has all")
    note = "rules alone, no model asked; what each kind means: guide/validity.md"
    return Group(head, Text(), rates, Text(note, "dim"), Text(), Text("\n".join(lines)))

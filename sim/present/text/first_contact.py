"""First contact as a person watches it: the raw exchange, what was found out, and a transcript that grows while the session goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sim.present.text.transcript import LABEL, READABLE, TranscriptLayout
from sim.present.words import safe

if TYPE_CHECKING:
    from sim.engine.first_contact import Spoken
    from sim.present.data.trial_document import TrialDocument
    from sim.targets.first_contact.exchange import Exchanged
    from sim.targets.first_contact.finding import Finding

MUCH = 1_500
"""Characters of a body that are shown."""
_MARKS = {"good": ("✓", "green"), "warning": ("!", "yellow"), "fact": (" ", "")}


def render_heading(text: str, *, width: int) -> RenderableType:
    """A line across the page."""
    head = f"── {safe(text)} "
    return Text(head + "─" * max(0, min(width, READABLE) - len(head)), "bold")


def render_exchange(made: Exchanged | Spoken) -> RenderableType:
    """A request and what came back, or what was said and answered, as it went."""
    from sim.targets.first_contact.exchange import Exchanged

    if isinstance(made, Exchanged):
        sent = [f"{made.method} {made.url}", *(f"{name}: {value}" for name, value in made.headers.items()), *([made.body] if made.body else [])]
        came = [f"{' '.join(filter(None, (str(made.status), made.content_type)))}, after {made.seconds:.2f} s", made.answer.strip()]
    else:
        sent, came = [made.message], [made.reply, f"after {made.seconds:.2f} s"]
    return Group(_quoted("> ", sent, "cyan"), _quoted("< ", came, "green"), Text())


def _quoted(mark: str, lines: Iterable[str], style: str) -> RenderableType:
    grid = Table.grid()
    grid.add_column(style=style, no_wrap=True)
    grid.add_column(overflow="fold")
    for text in lines:
        cut = text if len(text) <= MUCH else f"{text[:MUCH]} … ({len(text):,} characters)"
        for line in safe(cut).splitlines() or [""]:
            grid.add_row(mark, Text(line))
    return grid


def render_findings(findings: Iterable[Finding]) -> RenderableType:
    """What was found out, a line or two each."""
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(width=1)
    grid.add_column(style="dim", no_wrap=True, min_width=20)
    grid.add_column(overflow="fold")
    for found in findings:
        sign, style = _MARKS[found.mark]
        said = Text(safe(found.said), style if found.mark == "warning" else "")
        if found.evidence:
            quoted = " ".join(safe(found.evidence).split())
            said.append(f"\n“{quoted if len(quoted) <= 160 else quoted[:159] + '…'}”", "dim")
        grid.add_row(Text(sign, style), Text(found.about), said)
    return grid


class Growing:
    """A trial's only session, shown as far as it has gone; each part is shown once, and ratings stand under the reply they judge.

    Args:
        show: prints.
        width: columns.
        scores: whether what the rater said is shown; what an offline model says of a real chatbot is not.
    """

    def __init__(self, show: Callable[[RenderableType], None], *, width: int, scores: bool = True) -> None:
        self._show = show
        self._scores = scores
        self._width = min(width, READABLE)
        self._exchange = 0
        self._step = 0
        """What of the exchange was shown: 1 the message, 2 the reply."""

    def go_on(self, trial: TrialDocument) -> None:
        """Show what `trial` has beyond what was shown."""
        page = TranscriptLayout(trial.model_copy(update={"worst": None}), self._width, len(LABEL), scores=self._scores)
        for session in trial.sessions[:1]:
            made = session.exchanges
            while self._exchange < len(made):
                now = made[self._exchange]
                # A rating that was lost is not waited for: the talk went on without it.
                over = session.ending is not None or (self._exchange + 1 < len(made) and made[self._exchange + 1].reply is not None)
                if self._step == 0:
                    self._show(Group(*page.asked(now, session.index)))
                elif self._step == 1 and now.reply is not None:
                    self._show(Group(*page.answered(now)))
                elif self._step == 2 and (over or (trial.rater in now.ratings and now.tagging != "absent")):
                    self._show(Group(*page.judged(now), Text()))
                    self._exchange += 1
                    self._step = -1
                else:
                    return
                self._step += 1

    def end(self, trial: TrialDocument) -> None:
        """Show the rest of the session, and how it ended."""
        page = TranscriptLayout(trial, self._width, len(LABEL), scores=self._scores)
        for session in trial.sessions[:1]:
            self._show(Group(*page.closed(session)))

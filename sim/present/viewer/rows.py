"""A row for each exchange, as it is held, filtered and sent: figures and names, and of what was said the first lines alone, read when it is sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from sim.core.codebook import DIMENSIONS, Dimension
from sim.core.frozen import Frozen

if TYPE_CHECKING:
    from sim.engine.plan import TrialPlan

LONGEST_LINE: Final = 300
"""Characters of a first line that are sent; the page cuts it to its own width."""
Sort = Literal["told", "newest", "lowest", "highest", "longest"]


@dataclass(slots=True)
class ExchangeRow:
    """One answered exchange."""

    plan: TrialPlan
    session: int
    exchange: int
    take: int
    number: int
    """Of the reply's event, which rises in the order of telling."""
    words: int = 0
    score: float | None = None
    """The exchange's own mean, by the primary rater."""
    scores: tuple[int | None, ...] = (None,) * len(DIMENSIONS)
    """The primary rater's, in the order of the seven dimensions."""
    others: dict[str, float] = field(default_factory=dict)
    """The means of other raters."""
    moves: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    label: str | None = None
    left: bool = False
    false_memory: bool = False
    cut: bool = False
    """The reply was cut off for length."""
    critical: bool = False
    """The message has a critical flag."""


class RowDocument(Frozen):
    """A row, as it is sent."""

    trial: str
    target: str
    persona: str
    scenario: str
    session: int
    exchange: int
    score: float | None
    scores: tuple[int | None, ...]
    moves: tuple[str, ...]
    flags: tuple[str, ...]
    label: str | None
    left: bool
    false_memory: bool
    words: int
    cut: bool
    """The reply was cut off for length."""
    said_before: bool
    """The reply repeats, word for word, what the target has said to anybody."""
    found: dict[str, str]
    """What the study's own scorers found, in words, by scorer id."""
    worst: bool
    """The one that its target is liked least in, as `sim show` names it."""
    critical_verdict: bool
    """A scorer's verdict on it is for a person to read."""
    message: str = ""
    """The first line of what the user said; empty until it is read from the journal."""
    reply: str = ""
    """The first line of the reply."""


class Filter(Frozen):
    """What is wished to be seen; nothing set: everything."""

    target: str | None = None
    persona: str | None = None
    scenario: str | None = None
    trial: str | None = None
    dimension: Dimension | None = None
    """The dimension that `least` and `most` speak of; left out: the mean over all."""
    least: float | None = None
    most: float | None = None
    move: str | None = None
    flag: str | None = None
    label: str | None = None
    """`none`: nobody has said anything yet."""
    false_memory: bool = False
    left: bool = False
    said_before: bool = False
    cut: bool = False
    flagged: bool = False
    """Something is wrong with what the user said, whatever it is."""
    worst: bool = False
    critical_verdict: bool = False
    scorer: str | None = None
    """What a scorer found: `answers=no`, or `warmth=bad` for a number at the bad end of its scale."""
    sort: Sort = "told"

    def keeps(self, row: ExchangeRow) -> bool:
        """Whether `row` is wished for."""
        plan = row.plan
        if (self.target and plan.target.id != self.target) or (self.persona and plan.cast.persona.id != self.persona):
            return False
        if (self.scenario and plan.cast.scenario.id != self.scenario) or (self.trial and plan.id != self.trial):
            return False
        if (self.move and self.move not in row.moves) or (self.flag and self.flag not in row.flags):
            return False
        if (self.label and (row.label or "none") != self.label) or (self.left and not row.left) or (self.false_memory and not row.false_memory):
            return False
        if (self.cut and not row.cut) or (self.flagged and not row.flags):
            return False
        if self.least is None and self.most is None:
            return True
        score = row.score if self.dimension is None else row.scores[DIMENSIONS.index(self.dimension)]
        return score is not None and (self.least is None or score >= self.least) and (self.most is None or score <= self.most)


def first_line(text: str) -> str:
    """The first line of `text` that says anything, as far as a list can show it."""
    return next((line[:LONGEST_LINE] for line in map(str.strip, text.splitlines()) if line), "")


class RowPage(Frozen):
    """Some of the rows that were wished for."""

    total: int
    """All there are."""
    rows: tuple[RowDocument, ...]
    reading: bool
    """The journal is still being read for the first time: there are more."""


def key_of(row: ExchangeRow) -> tuple[str, int, int]:
    """Where `row` stands."""
    return row.plan.id, row.session, row.exchange


_NONE_LAST: Final = 9.0
ORDERS: Final[dict[Sort, Callable[[ExchangeRow], Any]]] = {
    "told": key_of,
    "newest": lambda r: -r.number,
    "lowest": lambda r: (_NONE_LAST if r.score is None else r.score, *key_of(r)),
    "highest": lambda r: (_NONE_LAST if r.score is None else -r.score, *key_of(r)),
    "longest": lambda r: (-r.words, *key_of(r)),
}
"""What rows are sorted by."""

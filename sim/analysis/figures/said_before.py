"""Said before, as figures: the shares of replies that repeat earlier ones, with intervals that know that replies to one person go together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sim.analysis.stats.proportions import share_interval
from sim.core.frozen import Frozen
from sim.score.repetition.said_before import Repeat, Said, count_repeats

Interval = tuple[float, float]

WORD_FOR_WORD: tuple[Said, ...] = ("same_user", "anybody")
KINDS: dict[Repeat, tuple[Said, ...]] = {"same_user": ("same_user",), "anybody": WORD_FOR_WORD, "nearly": (*WORD_FOR_WORD, "nearly")}
"""What counts for each share: every one takes in those before it."""


class SaidBeforeFigures(Frozen):
    """Shares of replies, greetings apart, that repeat an earlier reply of the same target (`sim.score.repetition.said_before`)."""

    same_user: float | None
    """Word for word what the same person was told. None, as the others: no reply counts."""
    anybody: float | None
    """Word for word what anybody was told, the same person included: the measure `said_before`."""
    nearly: float | None
    """Nearly what anybody was told, or word for word. None also where there are too many different replies to look."""
    interval: dict[Repeat, Interval | None]
    """95 %, by persona; None below three personas."""
    replies: int
    """That count."""
    short: int
    """Greetings: opening replies of under four words, in no share."""


def said_figures(found: Sequence[tuple[str, Said]], *, looked: bool) -> SaidBeforeFigures:
    """The figures of replies, each with whom it was said to and what it is.

    Args:
        looked: whether near repeats were looked for.
    """
    counts = count_repeats((said for _, said in found), looked=looked)
    people: dict[str, Counter[Said]] = {}
    for (person, said), n in Counter(found).items():
        if said != "short":
            people.setdefault(person, Counter())[said] = n
    times: dict[Repeat, int | None] = {"same_user": counts.same_user, "anybody": counts.anybody, "nearly": counts.nearly}
    shares = {kind: n / counts.replies if counts.replies and n is not None else None for kind, n in times.items()}
    bounds = {
        kind: share_interval([(sum(of[s] for s in KINDS[kind]), of.total()) for of in people.values()]) if share is not None else None
        for kind, share in shares.items()
    }
    return SaidBeforeFigures(
        same_user=shares["same_user"],
        anybody=shares["anybody"],
        nearly=shares["nearly"],
        interval=bounds,
        replies=counts.replies,
        short=counts.short,
    )

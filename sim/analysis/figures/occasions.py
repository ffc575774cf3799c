"""The occasions that users gave: how many, about what, and whether by script.

An occasion is what the user's message declares, after the target's earlier replies; so a target can draw out more of them, or other ones, than the
next. Counts of them are outcomes of their own, and likability over *common* occasions holds two targets against each other where both had one about
the same thing. Callback on *scripted* facts, told to every target alike, is the second endpoint of a study (guide/methods.md#second-endpoint).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.core.codebook import BY_OCCASION
from sim.core.event import NotApplicable, Score
from sim.core.ledger import told_values

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sim.core.codebook import Dimension
    from sim.core.ledger import Entry
    from sim.core.record import Exchange, Trial

    Told = dict[str, dict[int, Entry]]


@dataclass(frozen=True, slots=True)
class Met:
    """One occasion of one answered exchange that the rater has looked at."""

    session: int
    dimension: Dimension
    about: tuple[str, ...]
    """What makes it the same occasion for two targets: of callback the facts that bear on the message, else its number within the session. Empty:
    the trial's words were forgotten, and nobody knows."""
    scripted: tuple[str, ...]
    """Of those facts, the ones that every target was told alike."""
    score: float | None
    """None: unscored."""


def find_occasions(trial: Trial, rater: str) -> tuple[Met, ...]:
    """The occasions of `trial` for the dimensions that go by occasion, over the exchanges that `rater` has rated."""
    told = {} if trial.forgotten else told_values(trial)
    found: list[Met] = []
    for session in trial.sessions:
        times: Counter[Dimension] = Counter()
        for exchange in session.exchanges:
            ratings = exchange.ratings.get(rater)
            if exchange.reply is None or ratings is None:
                continue
            for dimension in BY_OCCASION:
                rating = ratings.get(dimension)
                # Most exchanges give no occasion, which their ratings tell without a look at the ledger.
                if isinstance(rating, NotApplicable) or (isinstance(rating, Score) and not rating.occasion):
                    continue
                bearing = list(_bearing(exchange, session.index, told)) if dimension == "callback" else []
                if not isinstance(rating, Score) and not _declared(dimension, exchange, bearing):
                    continue
                times[dimension] += 1
                about = tuple(e.fact for e in bearing) if dimension == "callback" else () if trial.forgotten else (str(times[dimension]),)
                scripted = tuple(e.fact for e in bearing if e.core or e.session == 0)
                found.append(Met(session.index, dimension, about, scripted, float(rating.score) if isinstance(rating, Score) else None))
    return tuple(found)


def _bearing(exchange: Exchange, session: int, told: Told) -> Iterator[Entry]:
    """The facts told in an earlier session that bear on the message, each with the value that was the newest then."""
    for fact in dict.fromkeys(exchange.user.facts_used):
        so_far = [v for v, e in told.get(fact, {}).items() if (e.session, e.exchange) <= (session, exchange.index)]
        if so_far and told[fact][max(so_far)].session < session:
            yield told[fact][max(so_far)]


def _declared(dimension: Dimension, exchange: Exchange, bearing: list[Entry]) -> bool:
    """Whether the message gives the occasion: asked where its rating came to nothing."""
    said = exchange.user
    return bool({"reference_understanding": said.allusion, "humor_fit": said.humour_bid, "callback": bearing}[dimension])

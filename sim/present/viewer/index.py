"""A run's exchanges ready to be listed, filtered and sorted, also while the run goes on: a row for each, brought up to date from the journal.

Rows hold figures and names, never texts: what was said stays in the journal and is read when somebody looks at it, or searched there. That keeps a
run of 100,000 exchanges in some tens of megabytes.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from pydantic_core import from_json

from sim.analysis.figures.outages import find_budget_stops
from sim.analysis.verdicts.triage import WEIGHTS, weigh
from sim.core.address import is_control
from sim.core.codebook import DIMENSIONS
from sim.core.condense import result_of
from sim.core.frozen import Frozen
from sim.core.record import mean_known, was_cut
from sim.core.text import count_words
from sim.present.viewer.live_figures import Echoes, Findings
from sim.present.viewer.rows import ORDERS, ExchangeRow, Filter, RowDocument, RowPage, Sort, key_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sim.core.event import Kind
    from sim.core.spec.scorer import ScorerInfo
    from sim.engine.plan import TrialPlan
    from sim.store.journal import Journal, Stored

KINDS: Final[tuple[Kind, ...]] = (
    "session_opened",
    "user_spoke",
    "target_replied",
    "rated",
    "tagged",
    "scored",
    "labelled",
    "call_lost",
    "session_closed",
    "trial_finished",
    "trial_failed",
    "trial_forgotten",
)
"""What rows are made of."""
LABELLED: Final = 1_000.0
"""Puts what somebody has labelled behind all else."""


class RunProgress(Frozen):
    """How far the run has come."""

    trials: int
    finished: int
    failed: int
    exchanges: int
    last: int
    """The number of the last event that was read."""
    reading: bool
    """The journal is still being read for the first time."""


class RunIndex:
    """The rows of one run.

    Args:
        plans: by trial id, all trials of the run.
        rater: the primary rater.
        tagger: whose tags are shown.
        scorers: the study's own whose results are shown.
    """

    def __init__(self, plans: dict[str, TrialPlan], *, rater: str, tagger: str, scorers: Sequence[ScorerInfo] = ()) -> None:
        self._plans = plans
        self._rater = rater
        self._tagger = tagger
        self._scorers = tuple(scorers)
        self.clear()

    def clear(self) -> None:
        """Know nothing, as before the first look."""
        self._rows: dict[tuple[str, int, int], ExchangeRow] = {}
        self._takes: dict[tuple[str, int], int] = {}
        self._said: dict[tuple[str, int, int], tuple[tuple[str, ...], bool, bool]] = {}
        """Of messages that are not answered yet: flags, whether the user takes leave, whether a flag is critical."""
        self._over: dict[str, str] = {}
        self._lost: dict[str, tuple[str, str]] = {}
        """Cause and message of the call that each trial lost last."""
        self._echoes = Echoes()
        self._findings = Findings(self._scorers)
        self._tail: Stored | None = None
        self._orders: dict[Sort, list[ExchangeRow]] = {}
        self._choices: dict[str, list[str]] = {}
        self._lowest: dict[str, tuple[str, int, int]] | None = None
        self.complete = False
        """Everything that had been written was read once."""

    @property
    def last(self) -> int:
        """The number of the last event that was read."""
        return self._tail.id if self._tail else 0

    def catch_up(self, journal: Journal) -> tuple[ExchangeRow, ...]:
        """Read the next that was appended since the last time, some hundred events at most; all is read when `last` stays as it was.

        Begins anew when the last event that was read is gone, as after a withdrawal.

        Returns:
            The rows that are new or changed, in the order of telling.
        """
        tail = self._tail
        events = journal.stored_after(self.last - 1 if tail else 0, KINDS)
        if tail is not None and events[:1] != [tail]:
            self.clear()
            events = journal.stored_after(0, KINDS)
        elif tail is not None:
            del events[0]
        self.complete = self.complete or not events
        changed: dict[tuple[str, int, int], ExchangeRow] = {}
        for event in events:
            row = self._take_in(event)
            if row is not None:
                changed[event.trial, event.session, event.exchange] = row
        if events:
            self._tail = events[-1]
            self._orders.clear()
            self._choices.clear()
            self._lowest = None
        return tuple(sorted(changed.values(), key=lambda r: r.number))

    @property
    def progress(self) -> RunProgress:
        """How far the run has come."""
        ended = Counter(self._over.values())
        return RunProgress(
            trials=len(self._plans),
            finished=ended["trial_finished"],
            failed=ended["trial_failed"] + ended["trial_forgotten"],
            exchanges=len(self._rows),
            last=self.last,
            reading=not self.complete,
        )

    def budget_stops(self) -> tuple[str, ...]:
        """The budgets that stopped the run, as its summary has them."""
        return find_budget_stops(self._lost[t] for t in self._plans if t in self._lost and t not in self._over)

    def page(self, wish: Filter, *, offset: int = 0, limit: int = 50) -> RowPage:
        """The rows that `wish` keeps, without what was said."""
        total, rows, reading = self.find(wish, offset=offset, limit=limit)
        return RowPage(total=total, rows=tuple(map(self.document_of, rows)), reading=reading)

    def find(
        self, wish: Filter, *, offset: int, limit: int, among: frozenset[tuple[str, int, int]] | None = None
    ) -> tuple[int, list[ExchangeRow], bool]:
        """How many rows `wish` keeps, those of one page, and whether the journal is still being read.

        Args:
            among: trial, session and exchange of those that a search has found; None: all.
        """
        ordered = self._orders.get(wish.sort)
        if ordered is None:
            ordered = self._orders[wish.sort] = sorted(self._rows.values(), key=ORDERS[wish.sort])
        if among is not None:
            ordered = [r for r in ordered if (r.plan.id, r.session, r.exchange) in among]
        kept = ordered if wish == Filter(sort=wish.sort) else [r for r in ordered if wish.keeps(r)]
        if wish.said_before:
            kept = [r for r in kept if self._echoes.said_before(key_of(r))]
        if wish.worst:
            lowest = set(self._worst().values())
            kept = [r for r in kept if key_of(r) in lowest]
        if wish.critical_verdict:
            kept = [r for r in kept if self._is_critical(key_of(r))]
        if wish.scorer:
            kept = [r for r in kept if self._findings.keeps(key_of(r), wish.scorer)]
        return len(kept), kept[offset : offset + limit], not self.complete

    def document_of(self, row: ExchangeRow) -> RowDocument:
        """`row`, as it is sent, but for what was said."""
        key, plan = key_of(row), row.plan
        return RowDocument(
            trial=plan.id,
            target=plan.target.id,
            persona=plan.cast.persona.id,
            scenario=plan.cast.scenario.id,
            session=row.session,
            exchange=row.exchange,
            score=row.score,
            scores=row.scores,
            moves=row.moves,
            flags=row.flags,
            label=row.label,
            left=row.left,
            false_memory=row.false_memory,
            words=row.words,
            cut=row.cut,
            said_before=self._echoes.said_before(key),
            found=self._findings.of(key),
            worst=self._worst().get(plan.target.id) == key,
            critical_verdict=self._is_critical(key),
        )

    def _worst(self) -> dict[str, tuple[str, int, int]]:
        """By target, the exchange with the lowest mean; of equals the first, as `sim.analysis.figures.summary` has it."""
        if self._lowest is None:
            best: dict[str, tuple[float, tuple[str, int, int]]] = {}
            for key, row in self._rows.items():
                if row.score is not None:
                    target, found = row.plan.target.id, (row.score, key)
                    best[target] = min(best.get(target, found), found)
            self._lowest = {target: key for target, (_, key) in best.items()}
        return self._lowest

    def _is_critical(self, key: tuple[str, int, int]) -> bool:
        trial, session, exchange = key
        return self._findings.critical(key, last=(trial, session, exchange + 1) not in self._rows) > 0

    def suspects(self, most: int) -> list[str]:
        """The trials of the `most` exchanges that most speaks against, by the figures alone: what is worth reading whole."""
        found: list[tuple[float, ExchangeRow]] = []
        for (trial, session, exchange), row in self._rows.items():
            before = self._rows.get((trial, session, exchange - 1))
            weight = weigh(row.score, before.score if before else None, row.others.values())
            weight += (
                WEIGHTS["cut_off"] * row.cut
                + WEIGHTS["false_memory"] * row.false_memory
                + WEIGHTS["leaving"] * row.left
                + WEIGHTS["critical_flag"] * row.critical
            )
            key, last = (trial, session, exchange), (trial, session, exchange + 1) not in self._rows
            weight += WEIGHTS["said_before"] * self._echoes.to_same_user(key) + WEIGHTS["scorer"] * self._findings.against(key, last=last)
            weight += WEIGHTS["critical_verdict"] * self._findings.critical(key, last=last)
            if weight:
                found.append((weight - LABELLED * (row.label is not None), row))
        found.sort(key=lambda f: (-f[0], f[1].number))
        return list(dict.fromkeys(row.plan.id for _, row in found[:most]))

    def has_critical(self, trial: str) -> bool:
        """Whether a scorer's verdict on anything in it is for a person to read."""
        return self._findings.has_critical(trial)

    def choices(self) -> dict[str, list[str]]:
        """What can be filtered by, as far as it occurs."""
        if self._choices:
            return self._choices
        rows = self._rows.values()
        self._choices = {
            "target": list(dict.fromkeys(p.target.id for p in self._plans.values())),
            "persona": sorted({p.cast.persona.id for p in self._plans.values()}),
            "scenario": list(dict.fromkeys(p.cast.scenario.id for p in self._plans.values())),
            "move": sorted({m for r in rows for m in r.moves}),
            "flag": sorted({f for r in rows for f in r.flags}),
            "scorer": self._findings.choices(),
        }
        return self._choices

    # --- taking in an event -------------------------------------------------------------------------------------------

    def _take_in(self, event: Stored) -> ExchangeRow | None:
        plan = self._plans.get(event.trial)
        if plan is None:
            return None
        if event.kind.startswith("trial_"):
            self._over[event.trial] = event.kind
            return None
        if event.kind == "call_lost":
            lost = from_json(event.body)
            self._lost[event.trial] = lost["cause"], lost["message"]
            return None
        if event.kind == "session_opened":
            self._open(event)
            return None
        if event.session and self._takes.get((event.trial, event.session)) != event.take:
            return None
        key = (event.trial, event.session, event.exchange)
        body = from_json(event.body)
        if event.kind == "user_spoke":
            return self._spoken(key, body)
        if event.kind == "target_replied":
            flags, left, critical = self._said.pop(key, ((), False, False))
            row = ExchangeRow(plan, event.session, event.exchange, event.take, event.id, words=count_words(body["reply"]), flags=flags, left=left)
            row.critical, row.cut = critical, was_cut(body["finish"])
            self._rows[key] = row
            self._echoes.add(plan.target.id, key, body["reply"])
            return row
        if event.kind == "scored":
            if self._scorers and isinstance(found := result_of(body), dict):
                self._findings.add(key, event.part, found)
            return self._rows.get(key)
        known = self._rows.get(key)
        if known is not None:
            _judged(known, event, body, rater=self._rater, tagger=self._tagger)
        return known

    def _open(self, event: Stored) -> None:
        """A session of a higher take puts all rows of that session and of later ones away."""
        known = self._takes.get((event.trial, event.session), 0)
        if event.take <= known:
            return
        if known:
            for key in [k for k in self._rows if k[0] == event.trial and k[1] >= event.session]:
                del self._rows[key]
                self._echoes.remove(key)
        self._takes[event.trial, event.session] = event.take

    def _spoken(self, key: tuple[str, int, int], body: dict[str, Any]) -> ExchangeRow | None:
        said, flags = body["said"], tuple(f["kind"] for f in body["flags"])
        if said["kind"] == "utterance":
            self._said[key] = flags, bool(said["leave"]), any(f["severity"] == "critical" for f in body["flags"])
            return None
        before = self._rows.get((key[0], key[1], key[2] - 1))
        if before is not None:
            before.left = before.left or said["kind"] == "departure"
            before.flags = (*before.flags, *flags)
        return before


def _judged(row: ExchangeRow, event: Stored, body: dict[str, Any], *, rater: str, tagger: str) -> None:
    """Note a verdict or a label on `row`."""
    if event.kind == "labelled":
        row.label = body["label"]
    elif event.kind == "tagged" and event.part == tagger:
        tagging = result_of(body)
        row.moves = tuple(sorted({m for s in tagging["sentences"] for m in s["moves"]})) if tagging["kind"] == "tags" else ()
    elif event.kind == "rated":
        ratings = result_of(body)
        scores = tuple(r["score"] if (r := ratings.get(d)) and r["kind"] == "score" else None for d in DIMENSIONS)
        mean = mean_known(v for d, v in zip(DIMENSIONS, scores, strict=True) if v is None or ratings[d].get("occasion", True))
        if event.part == rater:
            row.scores, row.score = scores, mean
            row.false_memory = bool(ratings.get("callback", {}).get("false_memory"))
        elif mean is not None and not is_control(event.part):
            row.others[event.part] = mean

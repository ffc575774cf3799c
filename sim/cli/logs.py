"""Logging: facts about a run on standard error, for a person or as lines of JSON, never the text of a message and never a key."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, MutableMapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import structlog

from sim.cli.log_wish import AS_USUAL, LogWish
from sim.core.errors import strike_keys
from sim.core.event import CallLost, Event, Judged, OpeningMeta, SessionClosed, SessionOpened, TrialFailed, TrialFinished, Unscored, key
from sim.core.record import REACH

if TYPE_CHECKING:
    from sim.core.batch import EventBatch
    from sim.core.spec import Limits


def configure_logging(wish: LogWish = AS_USUAL) -> None:
    """Log on standard error, with the ids of run, trial, session and exchange that are bound where a line is written.

    Raises:
        InputError: see `LogWish.severity`.
    """
    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False) if wish.as_json else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    stamp = structlog.processors.TimeStamper(fmt="iso", utc=True) if wish.as_json else structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False)
    logging.getLogger("sim").setLevel(wish.severity)
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, structlog.processors.add_log_level, stamp, strike, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(wish.severity),
        logger_factory=structlog.WriteLoggerFactory(file=_Stderr()),  # type: ignore[arg-type]
        cache_logger_on_first_use=False,
    )


def strike(logger: object, method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A processor of structlog: `line` without keys, whoever wrote it, and what happened first in it."""
    first = ("timestamp", "level", "event")
    ordered = {name: line[name] for name in (*first, *(n for n in line if n not in first)) if name in line}
    return {n: v if isinstance(v, int | float | None) else strike_keys(str(v), certain=True) for n, v in ordered.items()}


class _Stderr:
    """Standard error as it is when a line is written: above the live line, where there is one."""

    def write(self, text: str) -> int:
        """As any stream does; on a terminal, over a line that changes."""
        return sys.stderr.write(f"\r\x1b[K{text}" if sys.stderr.isatty() else text)

    def flush(self) -> None:
        """As any stream does."""
        sys.stderr.flush()


class LogSteps:
    """Logs how a run goes on: for `info` its trials and sessions, for `debug` every event."""

    def __init__(self) -> None:
        self._log = structlog.get_logger()

    def on_event(self, event: Event) -> None:
        """Note it. Ids that are not bound, as of events of a run that is judged again, come with the event."""
        at: dict[str, Any] = {"trial": event.trial}
        if event.session:
            at["session"] = event.session
        match event:
            case SessionOpened():
                self._log.info("session_opened", **at, date=str(event.date), take=event.take)
            case SessionClosed():
                self._log.info("session_closed", **at, ending=event.ending)
            case TrialFinished():
                self._log.info("trial_finished", **at)
            case CallLost() | TrialFailed():
                return  # `LogLost` has them.
            case _:
                exchange = {"exchange": event.exchange} if event.exchange else {}
                self._log.debug(event.kind, **at, **exchange, calls=len(event.calls), **({"part": event.part} if event.part else {}))

    def on_batch(self, batch: EventBatch) -> None:
        """Note what has come at once: for `info` what began and ended, for `debug` that the others happened."""
        whole = {key(event) for event in batch.whole}
        for event in batch.whole:
            self.on_event(event)
        if self._log.is_enabled_for(logging.DEBUG):
            for row in batch.rows:
                if row.key not in whole:
                    at = {name: value for name in ("trial", "session", "exchange", "part") if (value := getattr(row, name))}
                    self._log.debug(row.kind, **at)


class LogLost:
    """Logs the first call lost to each cause and place, the first failure of each scorer's code, and every trial that failed or started over: a dead
    server does not fill the screen."""

    def __init__(self) -> None:
        self._log = structlog.get_logger()
        self._seen: set[tuple[str, str]] = set()

    def on_event(self, event: Event) -> None:
        """Note what went wrong."""
        match event:
            case CallLost() if event.address.who == REACH:
                target = event.trial.split("/")[2]
                self._log.warning("target_away", target=target, error=event.message, means="its trials are not begun, the others are")
            case CallLost():
                # A budget is used up once, wherever that is noticed.
                at = str(replace(event.address, count=0))
                what = "" if event.cause == "budget" else at, event.cause
                if what not in self._seen and event.cause != "interrupted":
                    self._seen.add(what)
                    self._log.warning("call_lost", trial=event.trial, at=at, cause=event.cause, error=event.message, more="not shown", **_came(event))
            case Judged(result=Unscored(cause="scorer", reason=reason)) if (event.part, "scorer") not in self._seen:
                self._seen.add((event.part, "scorer"))
                # What was raised may hold words of the talk, which the log does not; the journal has it.
                self._log.warning("scorer_failed", scorer=event.address.who, trial=event.trial, error=reason.partition(": ")[0], more="not shown")
            case SessionOpened(meta=OpeningMeta(again=True), session=1):
                self._log.warning("trial_started_over", trial=event.trial, take=event.take, means="what its target remembered went with the process")
            case SessionOpened(meta=OpeningMeta(again=True)):
                means = "what its target was told in it went with the process"
                self._log.warning("session_started_over", trial=event.trial, session=event.session, take=event.take, means=means)
            case TrialFailed():
                # A refusal is the model's reply, and the log holds no reply; `sim show` has it.
                said = {} if event.cause == "refused" else {"error": event.message}
                self._log.warning("trial_failed", trial=event.trial, cause=event.cause, **said, **_came(event))

    def on_batch(self, batch: EventBatch) -> None:
        """Note what went wrong in it."""
        for event in batch.whole:
            self.on_event(event)


def _came(event: CallLost | TrialFailed) -> dict[str, str]:
    """Where to read what came instead of an answer, which may repeat what was said."""
    return {"came": "see sim show with the run and this trial"} if event.quote else {}


class LogEstimated:
    """Logs once for each model that it does not say what its calls take, where a budget goes by what they were reckoned to take instead."""

    def __init__(self, limits: Limits) -> None:
        self._log = structlog.get_logger()
        self._bounded = bool(limits.max_cost or limits.max_tokens or limits.roles)
        self._said: set[str] = set()

    def on_event(self, event: Event) -> None:
        """Look at what its calls took."""
        self._note(call.model for call in event.calls if call.estimated is not None)

    def on_batch(self, batch: EventBatch) -> None:
        """Look at what its calls took."""
        self._note(batch.totals.estimated)

    def _note(self, models: Iterable[str]) -> None:
        for model in models if self._bounded else ():
            if model not in self._said:
                self._said.add(model)
                self._log.warning("usage_unknown", model=model, means="its calls count as what was reserved for them")

"""Logging: facts about a run on standard error, never the text of a message."""

from __future__ import annotations

import logging
import os
import sys

import structlog

from sim.core.event import CallLost, Event, TrialFailed


def configure_logging() -> None:
    """Log warnings and worse; `SIM_LOG=info` or `debug` for more."""
    level = logging.getLevelNamesMapping().get(os.environ.get("SIM_LOG", "warning").upper(), logging.WARNING)
    structlog.configure(
        processors=[structlog.processors.add_log_level, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )


class LogLost:
    """Logs the first call lost to each cause and place, and every failed trial: a dead server does not fill the screen."""

    def __init__(self) -> None:
        self._log = structlog.get_logger()
        self._seen: set[tuple[str, str]] = set()

    def on_event(self, event: Event) -> None:
        """Note what went wrong."""
        match event:
            case CallLost():
                what = event.part.partition("#")[0], event.cause
                if what not in self._seen and event.cause != "interrupted":
                    self._seen.add(what)
                    self._log.warning("call_lost", trial=event.trial, at=what[0], cause=event.cause, error=event.message, more="not shown")
            case TrialFailed():
                self._log.warning("trial_failed", trial=event.trial, cause=event.cause, error=event.message)

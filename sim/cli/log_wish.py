"""How a command is asked to log; imports nothing that takes time, for every `sim --help` reads it."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from enum import StrEnum

from sim.core.errors import InputError, nearest


class LogLevel(StrEnum):
    """What is logged: this and worse."""

    debug = "debug"
    info = "info"
    warning = "warning"
    error = "error"


@dataclass(frozen=True)
class LogWish:
    """How a command is to log."""

    level: LogLevel | None = None
    """None: what `SIM_LOG` says, else `info` for JSON, whose readers want to see a run go on, and `warning` for people, who see its live line."""
    as_json: bool = False

    @property
    def severity(self) -> int:
        """The level as `logging` counts it.

        Raises:
            InputError: `SIM_LOG` is not a level.
        """
        named = self.level or os.environ.get("SIM_LOG", "").strip().lower() or ("info" if self.as_json else "warning")
        if named not in set(LogLevel):
            raise InputError(f"'{named}' is not a level of logging", mend=nearest(named, LogLevel), where="SIM_LOG")
        return logging.getLevelNamesMapping()[named.upper()]


AS_USUAL = LogWish()
"""What is done where nobody asks for anything."""

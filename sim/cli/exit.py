"""The exit statuses: what a shell script or a CI job can tell apart."""

from __future__ import annotations

from typing import Final

DONE: Final = 0
"""The command did what was asked."""
GATE_FAILED: Final = 1
"""A requirement of `sim gate` is not met."""
BAD_INPUT: Final = 2
"""A file, a flag or the environment is wrong; one line says how to mend it."""
INCOMPLETE: Final = 3
"""Something is absent that `sim resume`, or the same command again, gets."""
UNDECIDED: Final = 4
"""`sim gate` cannot tell yet."""
INTERRUPTED: Final = 130
"""A signal ended the command, as shells number it."""

"""The command line: the only room that prints, exits and configures logging."""

from __future__ import annotations

import sys


def main() -> None:
    """The `sim` command."""
    from sim.cli.app import run_app

    for stream in (sys.stdout, sys.stderr):
        # A terminal that has no ± gets a ? for it.
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    sys.exit(run_app(sys.argv[1:]))

"""The command line: the only room that prints, exits and configures logging."""

from __future__ import annotations

import sys


def main() -> None:
    """The `sim` command."""
    try:
        from sim.cli.streams import prepare_streams

        prepare_streams()
        from sim.cli.app import run_app

        status = run_app(sys.argv[1:])
    except KeyboardInterrupt:
        # Before any command began, or after it ended.
        status = 130
    sys.exit(status)

"""Where a verdict goes beside the screen: JUnit XML for a job's tests, Markdown for its summary."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sim.cli.output import add, demand_room, put
from sim.core.errors import InputError

SUMMARY: Final = "GITHUB_STEP_SUMMARY"
"""Names the file that a job's summary is added to; several steps write to it."""


@dataclass(frozen=True)
class VerdictFiles:
    """Where a verdict goes beside the screen, and what may decide it."""

    junit: Path | None = None
    markdown: str | None = None
    allow_offline: bool = False

    @property
    def any(self) -> bool:
        """Whether any is asked for."""
        return self.junit is not None or self.markdown is not None or self.allow_offline

    @property
    def flag(self) -> str:
        """The first flag that asks for one."""
        return "--junit" if self.junit else "--markdown" if self.markdown else "--allow-offline"

    def check(self, *, as_json: bool) -> None:
        """See, before anything is paid for, that they can be written.

        Raises:
            InputError: one of them cannot be, or two things want standard output.
        """
        if as_json and self.markdown == "-":
            raise InputError("JSON and Markdown cannot both go to standard output", where="--markdown", mend="name a file for the Markdown")
        if self.junit:
            demand_room(self.junit, "<?xml", flag="--junit")
        if self.markdown and self.markdown not in ("-", os.environ.get(SUMMARY)):
            demand_room(Path(self.markdown), "### ", flag="--markdown")

    def write(self, junit: str, markdown: str) -> None:
        """Write both where they are wanted."""
        if self.junit:
            put(self.junit, [junit], alike=len("<?xml"), flag="--junit")
        if self.markdown == "-":
            sys.stdout.write(markdown)
        elif self.markdown and self.markdown == os.environ.get(SUMMARY):
            add(Path(self.markdown), markdown, flag="--markdown")
        elif self.markdown:
            put(Path(self.markdown), [markdown], alike=len("### "), flag="--markdown")


NOWHERE: Final = VerdictFiles()
"""The screen alone."""

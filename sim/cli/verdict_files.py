"""Where a verdict goes beside the screen: JUnit XML for a job's tests, Markdown for its summary."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sim.app.output import add, demand_room, put
from sim.cli.exit import DONE, GATE_FAILED, UNDECIDED
from sim.cli.flags import Inconclusive
from sim.core.errors import InputError

if TYPE_CHECKING:
    from sim.analysis.verdicts.gate_checks import Verdict


SUMMARY: Final = "GITHUB_STEP_SUMMARY"
"""Names the file that a job's summary is added to; several steps write to it."""


@dataclass(frozen=True)
class VerdictFiles:
    """Where a verdict goes beside the screen, and what may decide it."""

    junit: Path | None = None
    markdown: str | None = None
    allow_offline: bool = False
    inconclusive: Inconclusive = Inconclusive.fail

    def status(self, verdict: Verdict) -> int:
        """The exit status of a verdict; what cannot be told yet is said on standard error where it does not fail a job."""
        if verdict == "inconclusive" and self.inconclusive is not Inconclusive.fail:
            if self.inconclusive is Inconclusive.warn:
                print("sim: warning: the verdict is inconclusive, and --inconclusive warn lets it pass", file=sys.stderr)
            return DONE
        return {"passed": DONE, "failed": GATE_FAILED, "inconclusive": UNDECIDED}[verdict]

    @property
    def any(self) -> bool:
        """Whether any is asked for."""
        return self.flag != ""

    @property
    def flag(self) -> str:
        """The first flag that asks for one; empty: none does."""
        asked = (
            ("--junit", self.junit),
            ("--markdown", self.markdown),
            ("--allow-offline", self.allow_offline),
            ("--inconclusive", self.inconclusive is not Inconclusive.fail),
        )
        return next((flag for flag, on in asked if on), "")

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

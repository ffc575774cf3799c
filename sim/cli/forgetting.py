"""`sim forget`: the texts of a run deleted, its figures kept."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from sim.app import forget_run, load_run
from sim.cli.exit import DONE
from sim.core.errors import InputError
from sim.present.words import many

if TYPE_CHECKING:
    from pathlib import Path


def forget(run: str, trial: str | None, *, yes: bool, results: Path) -> int:
    """Delete texts, if `yes`; else say what would be deleted.

    Raises:
        InputError: not confirmed, or there is no such run or trial.
    """
    from sim.cli.reading import find_trial

    loaded = load_run(run, results=results)
    one = None if trial is None else find_trial(loaded, trial).id
    begun = sum(bool(t.sessions or t.lost) for t in loaded.trials)
    what = f"trial {one}" if one else many(begun, "trial")
    if not yes:
        raise InputError(f"this deletes the texts of {what} of run '{loaded.name}' for good", mend="say so with --yes")
    forgotten = forget_run(run, trial=one, results=results)
    print(f"Forgot the texts of {many(len(forgotten), 'trial')} of run '{loaded.name}'.", file=sys.stderr)
    return DONE

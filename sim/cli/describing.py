"""`sim personas describe`: what a set of personas covers, and what in it goes together."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from sim.analysis.trust.coverage import describe_people
from sim.cli.exit import DONE
from sim.cli.reading import print_rendered
from sim.store.library import load_personas


def describe(patterns: Sequence[str], *, as_json: bool) -> int:
    """Print coverage and confounds of the personas that `patterns` name.

    Raises:
        InputError: they name none, or something in a file is wrong.
    """
    document = describe_people(load_personas(patterns), of=_named(patterns))
    if as_json:
        print(json.dumps(document.model_dump(mode="json")))
        return DONE
    from sim.present.text.population import render_coverage

    print_rendered(lambda _: render_coverage(document))
    return DONE


def _named(patterns: Sequence[str]) -> str:
    """What to call them: what was written, or of many files the folder that they share; empty where they share none."""
    if len(patterns) <= 3:
        return ", ".join(patterns)
    folders = {str(Path(p).parent) for p in patterns}
    return folders.pop() if len(folders) == 1 and "." not in folders else ""

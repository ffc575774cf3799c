"""`sim realism RUN|LOG`: how a user's messages differ from people's."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

from sim.app.users import hold_against
from sim.cli.exit import DONE
from sim.cli.reading import print_rendered
from sim.core.errors import InputError
from sim.store.logs import PassedOver

MOST_COMPLAINTS = 20
"""Conversations passed over that are told one by one; all are counted."""


def tell_realism(source: str, against: str, *, results: Path, as_json: bool) -> int:
    """`sim realism`."""
    passed: Counter[Path] = Counter()

    def tell(path: Path, one: PassedOver) -> None:
        passed[path] += 1
        if passed[path] <= MOST_COMPLAINTS:
            print(f"sim: {InputError(one.problem, mend=one.mend, where=path, line=one.line)} (passed over)", file=sys.stderr)

    document = hold_against(source, against, results=results, pass_over=tell)
    for path, number in passed.items():
        print(f"sim: {path}: {number:,} passed over", file=sys.stderr)
    if as_json:
        print(json.dumps(document.model_dump(mode="json")))
        return DONE
    from sim.present.text.realism import render_realism

    print_rendered(lambda _: render_realism(document))
    return DONE

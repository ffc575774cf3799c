"""`sim realism RUN|LOG`: how a user's messages differ from people's."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from sim.analysis.trust.realism import Talks, hold_against_people, hold_against_talks, references
from sim.app import load_run
from sim.cli.exit import DONE
from sim.cli.reading import print_rendered
from sim.core.errors import InputError
from sim.engine.collector import rare_collection
from sim.store.logs import SUFFIXES, Log, PassedOver

MOST_COMPLAINTS = 20
"""Conversations passed over that are told one by one; all are counted."""


def tell_realism(source: str, against: str, *, results: Path, as_json: bool) -> int:
    """`sim realism`."""
    with rare_collection():
        talks = gather_talks(source, results=results)
        if against in references():
            document = hold_against_people(talks, against)
        else:
            document = hold_against_talks(talks, gather_talks(against, results=results))
    if as_json:
        print(json.dumps(document.model_dump(mode="json")))
        return DONE
    from sim.present.text.realism import render_realism

    print_rendered(lambda _: render_realism(document))
    return DONE


def gather_talks(name: str, *, results: Path) -> Talks:
    """The user's side of a log, where `name` is a file, or of a run.

    Raises:
        InputError: there is neither, or nobody says anything in it.
    """
    path = Path(name)
    is_log = not path.is_dir() and (os.path.exists(path) or path.suffix.lower() in SUFFIXES)
    talks = _from_log(path) if is_log else _from_run(name, results)
    if not talks.messages:
        raise InputError("has no message of a user", mend="name talks in which the user says something", where=name)
    return talks


def _from_run(name: str, results: Path) -> Talks:
    run = load_run(name, results=results)
    talks = Talks(f"run {run.name}")
    for trial in run.trials:
        for session in trial.sessions:
            talks.add(trial.cast.persona.id, [(e.user.message, e.reply.text if e.reply else "") for e in session.exchanges])
    return talks


def _from_log(path: Path) -> Talks:
    if not os.path.exists(path):
        raise InputError("there is no such file", where=path)
    talks, passed_over = Talks(path.name), 0
    for found in Log(path, moves=None).read():
        if isinstance(found, PassedOver):
            passed_over += 1
            if passed_over <= MOST_COMPLAINTS:
                print(f"sim: {InputError(found.problem, mend=found.mend, where=path, line=found.line)} (passed over)", file=sys.stderr)
            continue
        talks.add(found.person or f"#{found.line}", [(r.user, r.text) for r in found.replies])
    if passed_over:
        print(f"sim: {path}: {passed_over:,} passed over", file=sys.stderr)
    return talks

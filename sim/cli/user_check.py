"""`sim score LOG|RUN --only validity`: whether whoever plays the user is sound, message by message, by rules alone and without any call."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from sim.cli.exit import DONE
from sim.core.errors import InputError
from sim.core.event import CRITICAL, NOTES, SERIOUS
from sim.score.validity.check import VERSION
from sim.score.validity.situation import Speaker, speaker_alone
from sim.score.validity.talks import check_talk, check_trial
from sim.store.logs import SUFFIXES, Log, PassedOver

if TYPE_CHECKING:
    from sim.cli.scoring import ScoreOptions
    from sim.score.validity.talks import Checked

MOST_SHOWN = 40
"""Flagged messages that are listed for people; `--json` has all."""


def check_users(name: str, wish: ScoreOptions, *, results: Path, as_json: bool) -> int:
    """Check every message of the user and print rates by kind, and each flag with its evidence.

    Raises:
        InputError: there is nothing to check, or a flag means nothing here.
    """
    _demand_sense(wish)
    path = Path(name)
    log = _LogCheck(path, wish) if os.path.exists(path) and not path.is_dir() else None
    if log is None and path.suffix.lower() in SUFFIXES and not path.is_dir():
        raise InputError("there is no such file", where=path)
    checked = log.checked() if log else _run(name, wish, results)
    from sim.present.text.user_check import UserTally, render_tally

    tally = UserTally(path.name if log else name)
    if as_json:
        _write(checked, tally)
        rest = {"conversations": len(tally.talks), "passed_over": log.passed_over if log else 0, **tally.document()}
        sys.stdout.write(f"\n], {json.dumps(rest)[1:]}\n")
        return DONE
    for one in checked:
        tally.add(one)
    if not tally.messages:
        raise InputError(log.first or "holds no message of the user" if log else "no model has played the user in it", where=name)
    from sim.cli.reading import print_rendered

    print_rendered(lambda _: render_tally(tally, most=MOST_SHOWN))
    return DONE


def _write(checked: Iterator[Checked], tally: object) -> None:
    """The messages as they come, each with its flags."""
    from sim.present.text.user_check import UserTally

    assert isinstance(tally, UserTally)
    kinds = {"critical": CRITICAL, "serious": SERIOUS, "note": NOTES}
    sys.stdout.write(f'{json.dumps({"of": tally.name, "rules": VERSION, "kinds": kinds})[:-1]}, "messages": [\n')
    for n, one in enumerate(checked):
        tally.add(one)
        row = {"id": one.id, "index": one.index, "flags": [f.model_dump() for f in one.flags]}
        sys.stdout.write((",\n" if n else "") + json.dumps(row))


class _LogCheck:
    """A log on its way through the rules."""

    def __init__(self, path: Path, wish: ScoreOptions) -> None:
        from sim.store.library import load_persona

        self._log = Log(path, moves=())
        self._speaker = speaker_alone(load_persona(wish.persona)) if wish.persona else None
        self.passed_over = 0
        self.first = ""
        """What was passed over first."""

    def checked(self) -> Iterator[Checked]:
        """Every message of the user."""
        for found in self._log.read_messages():
            if isinstance(found, PassedOver):
                self.passed_over += 1
                self.first = self.first or found.problem
                told = InputError(found.problem, mend=found.mend, where=self._log.path, line=found.line)
                print(f"sim: {told} (passed over)", file=sys.stderr)
                continue
            speaker = self._speaker or (Speaker(found.persona, "") if found.persona else None)
            yield from check_talk(found.id, found.messages, speaker)


def _run(name: str, wish: ScoreOptions, results: Path) -> Iterator[Checked]:
    from sim.app import load_run

    if wish.persona:
        raise InputError("is who talked in a log, and this is a run", mend="leave it out", where="--persona")
    run = load_run(name, results=results)
    if run.study.played_by == "model":
        for trial in run.trials:
            if not trial.forgotten:
                yield from check_trial(trial)


def _demand_sense(wish: ScoreOptions) -> None:
    """Refuse what asks for something else.

    Raises:
        InputError: names the flag.
    """
    others = {
        "--tagger": wish.tagger,
        "--rater": wish.raters,
        "--scorer": wish.scorers,
        "--ask": wish.ask,
        "--by": wish.by,
        "--teacher-forced": wish.teacher_forced,
        "--name": wish.name,
        "--batch": wish.batch,
    }
    for flag, value in others.items():
        if value:
            raise InputError("is not about the user's side", mend="leave it out, or leave out --only validity", where=flag)

"""`sim run --suite`: somebody's chatbot put through a suite, with its price first and one verdict in the end."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import json
import sys
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from sim.app import Prepared, Run, judge_run, prepare_suite
from sim.app.contacting import NAME, PATIENCE, TargetWish, Visit
from sim.app.models import read_model
from sim.app.outgoing import announcement
from sim.app.output import put
from sim.cli.exit import INCOMPLETE
from sim.cli.reading import print_rendered
from sim.core.errors import InputError
from sim.core.spec import Limits, Study
from sim.llm.guard import guarded
from sim.store.library import load_study

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sim.cli.running import Changes
    from sim.cli.verdict_files import VerdictFiles
    from sim.core.spec import TargetSpec
    from sim.llm.hosts import LocalOnly
    from sim.targets.first_contact.exchange import Exchanged

PAGE = "verdict.html"
"""The verdict's page in the run's folder."""
USER = "offline/user"


@dataclass(frozen=True)
class SuiteWish:
    """What flags ask for of `sim run --suite`."""

    suite: str
    named: TargetWish
    user: str = USER
    """Of a target that is named: who plays the user and rates."""


@dataclass(frozen=True)
class TargetFlags:
    """What flags say of a target that no study names."""

    curl: str | None = None
    api_base: str | None = None
    api_key_env: str | None = None
    timeout: float | None = None


def suite_wish(suite: str | None, study: str | None, targets: Sequence[str], flags: TargetFlags, *, user: str | None) -> SuiteWish | None:
    """What is asked of a suite; None: none is named.

    Raises:
        InputError: a flag is for suites alone, or two targets are named where one is taken.
    """
    if suite is None:
        for flag, given in (("--curl", flags.curl), ("--api-base", flags.api_base), ("--api-key-env", flags.api_key_env), ("--user", user)):
            if given is not None:
                raise InputError("goes with --suite", mend="add --suite quick, or write the target into a study (sim try begins one)", where=flag)
        return None
    if study is None and len(targets) > 1:
        raise InputError("one target is put through a suite at a time", mend="name several in a study: sim run STUDY --suite quick", where="--target")
    target = targets[0] if targets and study is None else None
    named = TargetWish(target=target, curl=flags.curl, api_base=flags.api_base, api_key_env=flags.api_key_env, timeout=flags.timeout)
    return SuiteWish(suite, named, user or USER)


def prepare(study: str | None, wish: SuiteWish, changes: Changes, *, dry_run: bool, local_only: LocalOnly | None) -> Prepared:
    """The talks of the suite with the study's targets, or with the one that the flags name.

    Raises:
        InputError: the flags do not go together, there is no such suite or target, or it does not answer.
    """
    _refuse(study, wish, changes)
    if study is not None:
        return prepare_suite(wish.suite, changes.apply(load_study(study).study))
    wish.named.check(what="there is no target", mend="name it with --target, --curl or a study: sim run --suite quick --target openai/gpt-5")
    mine = _study(wish, _find(wish, local_only, dry_run=dry_run), changes)
    return prepare_suite(wish.suite, mine)


def _refuse(study: str | None, wish: SuiteWish, changes: Changes) -> None:
    """Refuse what a suite says by itself, and a target named twice.

    Raises:
        InputError: says which flag.
    """
    own: dict[str, object] = {"--persona": changes.personas, "--scenario": changes.scenarios, "--seeds": changes.seeds}
    flags: dict[str, object] = {"--curl": wish.named.curl, "--api-base": wish.named.api_base, "--api-key-env": wish.named.api_key_env}
    for flag in (f for f, given in own.items() if given):
        raise InputError("a suite says who talks about what, and how often", mend="leave it out, or write a suite of your own", where=flag)
    for flag in (f for f, given in flags.items() if given and study is not None):
        raise InputError("goes with a target that flags name, and a study names its own", mend="leave it or the study out", where=flag)
    if study is not None and wish.user != USER:
        raise InputError("the study names who plays the user", mend="leave it out, or write it in the study", where="--user")


def _find(wish: SuiteWish, local_only: LocalOnly | None, *, dry_run: bool) -> TargetSpec:
    """The target, spoken to once where only its answer tells how it is spoken to."""

    def admit(target: TargetSpec) -> None:
        from sim.engine.preflight import check_hosts, check_keys

        study = _study(wish, target, None)
        check_hosts(study, local_only)
        check_keys(study)
        leaving = announcement(study, [target.id])
        if leaving:
            print(leaving, file=sys.stderr)

    def show(made: Exchanged) -> None:
        print(f"one exchange with {made.url.partition('?')[0]}: answered in {made.seconds:.1f} s", file=sys.stderr)

    visit = Visit(wish.named, admit=admit, show=show, say=partial(print, file=sys.stderr, flush=True))
    if dry_run:
        return visit.draft()
    # What a target's own code prints must not get among the output.
    with contextlib.redirect_stdout(sys.stderr), guarded(local_only):
        contact = asyncio.run(visit.make())
    for name in contact.exports:
        print(f"export {name}=… before `sim resume`: the key in the request is written nowhere", file=sys.stderr)
    return contact.target


def _study(wish: SuiteWish, target: TargetSpec, changes: Changes | None) -> Study:
    user = read_model(wish.user, where={"model": "--user"})
    limits = Limits(timeout=wish.named.timeout or PATIENCE)
    concurrency = changes.concurrency if changes and changes.concurrency is not None else 8
    allowed = changes.limits(limits) if changes else limits
    return Study(name=NAME, targets=(target,), user=user, personas=("*",), scenarios=("*",), limits=allowed, concurrency=concurrency)


# --- what it costs ------------------------------------------------------------------------------------------------


def price_lines(prepared: Prepared) -> list[str]:
    """Trials, calls, tokens, cost and time of a suite, before anything is spent."""
    from sim.app.planning import plan_document
    from sim.present.text.suite_price import suite_price

    suite = prepared.loaded.study.suite
    assert suite is not None
    return suite_price(suite, plan_document(prepared, pilot=None, human=False), prepared.plans, concurrency=prepared.loaded.study.concurrency)


# --- the verdict --------------------------------------------------------------------------------------------------


def conclude(run: Run, files: VerdictFiles, *, as_json: bool, targets: tuple[str, ...] = ()) -> int:
    """Print the verdict on a suite's run, write its page and files, and give back the exit status."""
    from sim.present.report.verdict_page import render_verdict_page
    from sim.present.text.verdict import junit_verdict, markdown_verdict, render_verdict

    document = judge_run(run, targets=targets, allow_offline=files.allow_offline)
    page = run.folder.path / PAGE
    if not page.is_symlink():  # A run's folder may come from a stranger.
        put(page, [render_verdict_page(document, created=run.folder.header.created)], alike=len("<!doctype html>"), flag="--results")
    files.write(junit_verdict(document, at=dt.datetime.now(dt.UTC)), markdown_verdict(document))
    if as_json:
        print(json.dumps(document.model_dump(mode="json")))
    elif files.markdown != "-":
        print_rendered(lambda _: render_verdict(document))
        print(f"the page: {page}")
    return INCOMPLETE if document.status == "incomplete" else files.status(document.verdict)

"""`sim try`: first contact with somebody's own chatbot, from one request to a study to go on with."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shlex
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from sim.app import Prepared, Run, run_study
from sim.app.contacting import NAME, PATIENCE, Contact, TargetWish, Visit
from sim.app.trying import admit_target, build_stranger, build_studies, cast_first_talk, keep_study
from sim.app.waiting import WaitLines, saying_who
from sim.cli.exit import DONE, INCOMPLETE, INTERRUPTED
from sim.cli.log_wish import AS_USUAL, LogWish
from sim.cli.logs import LogLost, LogSteps, configure_logging
from sim.cli.reading import ELSEWHERE, NARROWEST
from sim.cli.stopping import ANEW, Stopping
from sim.cli.streams import outlive_output
from sim.core.errors import InputError
from sim.core.fold import fold
from sim.core.spec import Study
from sim.core.standins import StandIns
from sim.engine.reach import check_reach
from sim.llm.guard import guarded
from sim.present.text.progress import going_on
from sim.store.study_file import choose_place, study_name
from sim.targets.first_contact.exchange import Exchanged
from sim.targets.first_contact.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console, RenderableType

    from sim.core.event import Event
    from sim.engine.first_contact import Stranger
    from sim.llm.hosts import LocalOnly
    from sim.llm.traffic.passage import Traffic
    from sim.present.data.trial_document import TrialDocument
    from sim.present.text.first_contact import Growing
    from sim.store.runs import RunFolder

NO_SCORES = (
    "No scores are shown: an offline model plays the user and rates, and it cannot judge a real chatbot. "
    "For scores name a model with --user openai/gpt-5, or fill in user: in the study written below."
)


@dataclass(frozen=True)
class TryOptions:
    """What the flags of `sim try` ask for."""

    named: TargetWish
    persona: str | None = None
    scenario: str | None = None
    user: str = "offline/user"
    out: Path | None = None
    log: LogWish = AS_USUAL


def try_target(wish: TryOptions, *, results: Path, local_only: LocalOnly | None, as_json: bool) -> int:
    """`sim try`."""
    wish.named.check(what="there is nothing to try", mend="write sim try --curl 'curl …', or sim try with a URL, a model or module:function")
    place = choose_place(wish.out, name=NAME)
    screen = _Screen(sys.stderr if as_json else sys.stdout)
    casting = cast_first_talk(persona=wish.persona, scenario=wish.scenario, user=wish.user)
    configure_logging(wish.log)
    outlive_output()
    stopping = Stopping(lambda line: print(line, file=sys.stderr, flush=True))
    try:
        # What a target's own code prints must not get among the output.
        with contextlib.redirect_stdout(sys.stderr), guarded(local_only):
            admit = partial(admit_target, casting=casting, local_only=local_only, say=aside)
            contact = asyncio.run(_visit(Visit(wish.named, admit=admit, show=screen.exchange, say=aside), stopping))
            tried, study = build_studies(casting, contact.target, name=study_name(place, otherwise=NAME), timeout=wish.named.timeout or PATIENCE)

            def keep() -> None:
                keep_study(study, place, contact)

            run = asyncio.run(_meet(contact, tried, screen, stopping, keep, results=results, local_only=local_only))
    except asyncio.CancelledError:
        return INTERRUPTED
    except InputError:
        if place.exists():  # it was not there before, and is written once the target has answered
            print(f"{place} is written all the same, and `sim run {place}` tries again", file=sys.stderr)
        raise
    if as_json:
        print(json.dumps(_document(contact, run, place)))
    else:
        screen.say(_ending(contact, run, study, place, results=results))
    return INTERRUPTED if stopping.asked else DONE if run.status == "finished" else INCOMPLETE


async def _visit(visit: Visit, stopping: Stopping) -> Contact:
    with _stoppable(stopping, lambda: None):
        return await visit.make()


@contextlib.contextmanager
def _stoppable(stopping: Stopping, stop: Callable[[], None]) -> Iterator[None]:
    """Before the run has begun, which could be gone on with: once a signal came, what is refused is no fault of the target, and the command ends."""
    with stopping:
        stopping.listen(stop, then=ANEW)
        try:
            yield
        except InputError:
            if not stopping.asked:
                raise
        if stopping.asked:
            raise asyncio.CancelledError


def aside(line: str) -> None:
    """Say something that is no part of the output."""
    print(line, file=sys.stderr, flush=True)


class _Screen:
    """Where a person watches."""

    def __init__(self, stream: IO[str]) -> None:
        from rich.console import Console

        columns = os.environ.get("COLUMNS", "")
        wide = int(columns) if columns.isdecimal() and int(columns) >= NARROWEST else ELSEWHERE
        self._console: Console = Console(file=stream, highlight=False, soft_wrap=False, width=None if stream.isatty() else wide)

    @property
    def width(self) -> int:
        """Columns."""
        return self._console.width

    def show(self, what: RenderableType) -> None:
        """Print it now."""
        self._console.print(what)

    def say(self, text: str) -> None:
        """Print lines that must be copied as they stand."""
        self._console.print(text, markup=False, soft_wrap=True)

    def exchange(self, made: Exchanged) -> None:
        """Print an exchange as it went."""
        from sim.present.text.first_contact import render_exchange

        self.head(f"One exchange with {made.url.partition('?')[0]}, as it went")
        self.show(render_exchange(made))

    def head(self, text: str) -> None:
        """Print a line across the page."""
        from sim.present.text.first_contact import render_heading

        self.show(render_heading(text, width=self.width))


# --- meeting it -----------------------------------------------------------------------------------------------------


async def _meet(
    contact: Contact,
    tried: Prepared,
    screen: _Screen,
    stopping: Stopping,
    keep: Callable[[], None],
    *,
    results: Path,
    local_only: LocalOnly | None,
) -> Run:
    """Talk with it; `keep` is called once it has answered."""
    from sim.engine.staff import offline_parts
    from sim.present.text.first_contact import Growing

    study, plan = tried.loaded.study, tried.plans[0]
    await check_reach(study)
    stranger = build_stranger(tried)
    try:
        with _stoppable(stopping, stranger.stop):
            async with saying_who(stranger.traffic, aside):
                await _look_at(contact, screen, stranger, keep)
    finally:
        await stranger.close()
    persona, scenario = plan.cast.persona, plan.cast.scenario
    screen.head(f"{persona.name} talks with it: {scenario.title}, first session")
    standins = StandIns(offline_parts(study), tuple(t.id for t in study.targets), study.primary_rater)
    said = NO_SCORES if standins.stub_rated else standins.note
    if said:
        screen.show(said)
    live = _Live(tried, Growing(screen.show, width=screen.width, scores=not standins.stub_rated))

    def on_start(traffic: Traffic, folder: RunFolder) -> None:
        where = "" if results == Path("results") else f" --results {shlex.quote(str(results))}"
        stopping.listen(traffic.stop, grace=study.limits.grace, then=f"`sim resume {folder.name}{where}` goes on")
        watched.append(traffic)

    watched: list[Traffic] = []
    who = WaitLines(lambda: watched[0].waiting if watched else None, aside)
    async with going_on(who.look):
        with stopping:
            ended = await run_study(tried, results=results, local_only=local_only, listeners=(live, LogLost(), LogSteps()), on_start=on_start)
    live.end()
    return ended


async def _look_at(contact: Contact, screen: _Screen, stranger: Stranger, keep: Callable[[], None]) -> None:
    """Greet it, where nobody has yet, and find out what it does."""
    from sim.present.text.first_contact import render_exchange, render_findings

    if contact.made is None:
        contact.made = await stranger.greet()
        screen.head("One exchange, as it went")
        screen.show(render_exchange(contact.made))
    else:
        screen.head("What it shows")
        screen.show(render_findings(contact.findings))
        screen.say("")
    keep()
    screen.head("What it does")

    def tell(finding: Finding) -> None:
        contact.findings.append(finding)
        screen.show(render_findings([finding]))

    await stranger.check(tell)
    screen.say("")


class _Live:
    """A listener that shows the trial as its events come in."""

    def __init__(self, tried: Prepared, growing: Growing) -> None:
        self._tried = tried
        self._growing = growing
        self._trial = tried.plans[0].blank()

    def on_event(self, event: Event) -> None:
        """Show what is new."""
        self._trial = fold(self._trial, (event,))
        self._growing.go_on(self._document())

    def end(self) -> None:
        """Show how it ended."""
        self._growing.end(self._document())

    def _document(self) -> TrialDocument:
        from sim.engine.staff import offline_parts
        from sim.present.data.trial_json import trial_document

        loaded = self._tried.loaded
        return trial_document(self._trial, study=loaded.study, codebook=loaded.codebook, offline=offline_parts(loaded.study))


# --- what is left behind --------------------------------------------------------------------------------------------


def _ending(contact: Contact, run: Run, study: Study, place: Path, *, results: Path) -> str:
    where = "" if results == Path("results") else f" --results {results}"
    lines = [(f"export {name}=…", "the key in the request; it is written nowhere") for name in contact.exports]
    if run.status != "finished":
        lines.append((f"sim resume {run.name}{where}", "the session is incomplete; this goes on"))
    many = f"{len(study.personas)} persona{'s' * (len(study.personas) > 1)}, every session of {study.scenarios[0]}"
    lines.append((f"sim run {place}{where}", many))
    lines.append((f"sim show {run.name} {run.trials[0].id}{where}", "this talk again"))
    wide = max(len(command) for command, _ in lines)
    listed = "\n".join(f"  {command:<{wide}}  # {about}" for command, about in lines)
    return f"Written: {place} and {results / run.name}. Go on with\n{listed}"


def _document(contact: Contact, run: Run, place: Path) -> dict[str, Any]:
    made = contact.made
    if isinstance(made, Exchanged):
        request: dict[str, Any] = {"method": made.method, "url": made.url, "headers": dict(made.headers), "body": made.body}
        response: dict[str, Any] = {"status": made.status, "content_type": made.content_type, "body": made.answer}
    else:
        assert made is not None
        request, response = {"body": made.message}, {"body": made.reply}
    return {
        "run": run.name,
        "status": run.status,
        "study": str(place),
        "exports": list(contact.exports),
        "target": contact.target.model_dump(mode="json", exclude_unset=True),
        "offline": list(run.folder.header.offline),
        "exchange": {"request": request, "response": response, "seconds": made.seconds},
        "findings": [f.model_dump(mode="json") for f in contact.findings],
    }

"""`sim try`: first contact with somebody's own chatbot, from one request to a study to go on with."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import os
import secrets
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from pydantic import JsonValue, TypeAdapter, ValidationError

from sim.api import Prepared, Run, run_study
from sim.cli.exit import DONE, INCOMPLETE, INTERRUPTED
from sim.cli.log_wish import AS_USUAL, LogWish
from sim.cli.logs import LogLost, LogSteps, configure_logging
from sim.cli.outgoing import announcement
from sim.cli.progress import going_on
from sim.cli.reading import ELSEWHERE, NARROWEST
from sim.cli.schemas import FOLDER, modeline, write_schema
from sim.cli.stopping import ANEW, Stopping
from sim.cli.streams import outlive_output
from sim.cli.waiting import WaitLines, saying_so, saying_who
from sim.core.errors import InputError
from sim.core.fold import fold
from sim.core.spec import ChatTargetSpec, HttpTargetSpec, Limits, LoggedTargetSpec, ModelSpec, Study, TargetSpec
from sim.core.standins import StandIns
from sim.llm.guard import guarded
from sim.run.plan import plan_trials
from sim.run.preflight import check_histories, check_hosts, check_keys, check_names
from sim.run.reach import check_reach
from sim.store.library import LoadedStudy, from_here, resolve_study
from sim.store.study_file import choose_place, study_name, write_study
from sim.targets.first_contact.curl import FLAG, check_url, parse_curl
from sim.targets.first_contact.exchange import GREETING, Exchanged, exchange
from sim.targets.first_contact.finding import Finding
from sim.targets.first_contact.naming import is_url, read_name
from sim.targets.first_contact.request import Draft, draft_request, draft_url
from sim.targets.first_contact.response import ReplyReading, read_response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console, RenderableType

    from sim.core.codebook import Codebook
    from sim.core.event import Event
    from sim.core.spec import Persona, Scenario
    from sim.llm.hosts import LocalOnly
    from sim.llm.traffic.passage import Traffic
    from sim.present.first_contact import Growing
    from sim.present.trial_json import TrialDocument
    from sim.run.first_contact import Spoken, Stranger
    from sim.store.runs import RunFolder

NAME = "my-bot"
"""What a chatbot is called as long as nobody has named it."""
PREFIX = "MYBOT"
"""Of the variables that its secrets are moved to."""
RUN = "try"
FAVOURITE = "new-in-town"
"""The scenario that is taken when none is named and none is local."""
PERSONAS = 12
EXCHANGES = 6
CONVERSATIONS = 6
"""The greeting, two of the users that must be kept apart, two sessions of one that is to remember, and the talk on screen."""
NO_SCORES = (
    "No scores are shown: an offline model plays the user and rates, and it cannot judge a real chatbot. "
    "For scores name a model with --user openai/gpt-5, or fill in user: in the study written below."
)
PATIENCE = 60.0
"""Seconds for one reply."""


@dataclass(frozen=True)
class TryOptions:
    """What the flags of `sim try` ask for."""

    target: str | None = None
    curl: str | None = None
    model: str | None = None
    api_base: str | None = None
    api_key_env: str | None = None
    timeout: float | None = None
    persona: str | None = None
    scenario: str | None = None
    user: str = "offline/user"
    out: Path | None = None
    log: LogWish = AS_USUAL


def try_target(wish: TryOptions, *, results: Path, local_only: LocalOnly | None, as_json: bool) -> int:
    """`sim try`."""
    _check(wish)
    place = choose_place(wish.out, name=NAME)
    screen = _Screen(sys.stderr if as_json else sys.stdout)
    casting = _cast(wish)
    configure_logging(wish.log)
    outlive_output()
    stopping = Stopping(lambda line: print(line, file=sys.stderr, flush=True))
    try:
        # What a target's own code prints must not get among the output.
        with contextlib.redirect_stdout(sys.stderr), guarded(local_only):
            contact = asyncio.run(_visit(_Visit(wish, screen, lambda target: _admit(target, casting, local_only)), stopping))
            tried, study = _studies(casting, contact.target, name=study_name(place, otherwise=NAME), timeout=wish.timeout or PATIENCE)

            def keep() -> None:
                write_study(study, place, head=modeline("study"), exports=contact.exports, notes=_notes(contact.target))
                write_schema("study", place.parent / FOLDER)

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


def _check(wish: TryOptions) -> None:
    """Refuse flags that do not go together.

    Raises:
        InputError: says which.
    """
    named = [name for name, given in (("a target", wish.target), ("--curl", wish.curl), ("--model", wish.model)) if given is not None]
    if len(named) > 1:
        raise InputError(f"give either {' or '.join(named)}, not {'both' if len(named) == 2 else 'all'}", mend="name your chatbot once")
    if not named and wish.api_base:
        raise InputError("nobody can tell which model it is to be", mend="name it with --model, as its server does", where="--api-base")
    if not named:
        raise InputError("there is nothing to try", mend="write sim try --curl 'curl …', or sim try with a URL, a model or module:function")
    if (wish.api_base or wish.api_key_env) and (wish.curl or is_url(wish.target or "")):
        flag = "--api-base" if wish.api_base else "--api-key-env"
        raise InputError("goes with a model, and not with a request", mend="name the model with --model, or leave it out", where=flag)
    if wish.timeout is not None and not (wish.timeout > 0 and math.isfinite(wish.timeout)):
        raise InputError("must be a number of seconds above 0", mend=f"such as {PATIENCE:g}", where="--timeout")


async def _visit(visit: _Visit, stopping: Stopping) -> _Contact:
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


def _admit(target: TargetSpec, casting: _Casting, local_only: LocalOnly | None) -> None:
    """Say what is about to leave this machine, before anything does.

    Raises:
        InputError: `local_only` refuses a host, or a key is missing from the environment.
    """
    study = Study(name=RUN, targets=(target,), user=casting.user, personas=casting.names[:1], scenarios=(casting.scenario_name,))
    check_hosts(study, local_only)
    check_keys(study)
    leaving = announcement(study, [target.id] * CONVERSATIONS)
    if leaving:
        print(leaving, file=sys.stderr)


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

    def head(self, text: str) -> None:
        """Print a line across the page."""
        from sim.present.first_contact import render_heading

        self.show(render_heading(text, width=self.width))


# --- finding out how it is spoken to --------------------------------------------------------------------------------


@dataclass
class _Contact:
    """A target, and what was found out about it."""

    target: TargetSpec
    exports: tuple[str, ...]
    """Variables that must be set before it can be spoken to again."""
    findings: list[Finding]
    made: Exchanged | Spoken | None = None


class _Visit:
    """From what a person named to a target that has answered once."""

    def __init__(self, wish: TryOptions, screen: _Screen, admit: Callable[[TargetSpec], None]) -> None:
        self._wish = wish
        self._admit = admit
        self._screen = screen

    async def make(self) -> _Contact:
        """Speak to it, if it is behind HTTP.

        Raises:
            InputError: it cannot be reached, or nobody can tell how to speak to it.
        """
        wish = self._wish
        if wish.curl is not None:
            return await self._http(draft_request(parse_curl(_command(wish.curl)), os.environ, prefix=PREFIX))
        if wish.target is not None and is_url(wish.target):
            return await self._http(draft_request(draft_url(check_url(wish.target, where="TARGET")), os.environ, prefix=PREFIX))
        target = _named(wish)
        self._admit(target)
        return _Contact(target, (), [])

    async def _http(self, draft: Draft) -> _Contact:
        asked = _http_target(draft, {"reply": "$"})
        os.environ.update(draft.secrets)
        self._admit(asked)
        user, session = (f"{part}-{secrets.token_hex(4)}" for part in ("contact", "hello"))
        async with saying_so(_aside):
            seconds = self._wish.timeout or PATIENCE
            made = await exchange(asked.http, GREETING, user=user, session=session, environ=os.environ, seconds=seconds)
        self._screen.head(f"One exchange with {made.url.partition('?')[0]}, as it went")
        from sim.present.first_contact import render_exchange

        self._screen.show(render_exchange(made))
        reading: ReplyReading = read_response(made.answer, made.content_type, said=GREETING)
        fields: dict[str, JsonValue] = {"reply": reading.path}
        if reading.path.startswith("choices[0]."):  # the OpenAI protocol, which says there whether a reply was cut off
            fields["finish"] = "choices[0].finish_reason"
        if reading.stream != "none":
            fields["stream"] = reading.stream
        if reading.tools is not None:
            fields["tools"] = reading.tools
        target = _http_target(draft, fields)
        exports = tuple(name for name in sorted(asked.http.variables) if name in draft.secrets)
        return _Contact(target, exports, [*draft.findings, *reading.findings], made)


def _aside(line: str) -> None:
    """Say something that is no part of the output."""
    print(line, file=sys.stderr, flush=True)


def _named(wish: TryOptions) -> TargetSpec:
    """The target that is named in words: a model, with the server it is at, or a place in code."""
    where = "TARGET" if wish.target is not None else "--model"
    name = wish.target if wish.target is not None else wish.model or ""
    if wish.target is None and "/" not in name and wish.api_base:
        name = f"openai/{name}"
    fields = dict(read_name(name, id=NAME)) if wish.target is not None else {"id": NAME, "model": name, "memory": "full"}
    reached = {"api_base": wish.api_base, "api_key_env": wish.api_key_env}
    if "model" not in fields and any(reached.values()):
        raise InputError("goes with a model, and not with code", mend="leave it out", where="--api-base" if wish.api_base else "--api-key-env")
    return _target({**fields, **{flag: value for flag, value in reached.items() if value}}, where=where)


def _command(curl: str) -> str:
    return sys.stdin.read() if curl == "-" else curl


def _http_target(draft: Draft, reply: dict[str, JsonValue]) -> HttpTargetSpec:
    found = _target({"id": NAME, "http": {**draft.fields, **reply}}, where=FLAG)
    assert isinstance(found, HttpTargetSpec)
    return found


def _target(fields: dict[str, Any], *, where: str) -> TargetSpec:
    try:
        found: TargetSpec = TypeAdapter(TargetSpec).validate_python(fields)
    except ValidationError as error:
        raise InputError(str(error.errors()[0]["msg"]).removeprefix("Value error, "), where=where) from None
    return found


# --- the studies ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Casting:
    """Who talks about what: now the first persona and scenario, later all of them."""

    personas: tuple[Persona, ...]
    names: tuple[str, ...]
    """Of the personas as a study names them: ids, and the path of one that was named by it."""
    scenario: Scenario
    scenario_name: str
    codebook: Codebook
    user: ModelSpec


def _cast(wish: TryOptions) -> _Casting:
    """Who and what the flags name, before anything is sent anywhere.

    Raises:
        InputError: a flag names what is not there.
    """
    user = _model(wish.user)
    nobody = ChatTargetSpec(id=NAME, model="offline/uses")
    personas = ("*",) if wish.persona is None else (from_here(wish.persona), "*")
    scenarios = ("*",) if wish.scenario is None else (from_here(wish.scenario),)
    study = Study(name=RUN, targets=(nobody,), user=user, personas=personas, scenarios=scenarios)
    check_names(study)
    check_keys(study)
    found = resolve_study(study, Path.cwd())
    some = found.personas[:PERSONAS]
    named = (wish.persona and not set("*?[") & set(wish.persona) and personas[0]) or some[0].id
    own = next((o.id for o in found.origins if o.kind == "scenario" and not o.built_in), FAVOURITE)
    scenario = next((s for s in found.scenarios if s.id == own), found.scenarios[0])
    told = scenarios[0] if wish.scenario and len(found.scenarios) == 1 else scenario.id
    return _Casting(some, (named, *(p.id for p in some[1:])), scenario, told, found.codebook, user)


def _studies(casting: _Casting, target: TargetSpec, *, name: str, timeout: float) -> tuple[Prepared, Study]:
    """The session to be run now, and the study to go on with.

    Raises:
        InputError: target, personas and scenario do not fit together.
    """
    from sim.run.first_contact import first_session

    common: dict[str, Any] = {"targets": (target,), "user": casting.user, "limits": Limits(timeout=timeout)}
    study = Study(name=name, personas=casting.names, scenarios=(casting.scenario_name,), concurrency=4, **common)
    check_names(study)
    check_keys(study)
    check_histories(study, (casting.scenario,))
    plan_trials(study, casting.personas, (casting.scenario,))
    one, short = casting.personas[:1], (first_session(casting.scenario, exchanges=EXCHANGES),)
    now = Study(name=RUN, personas=casting.names[:1], scenarios=(casting.scenario_name,), concurrency=1, **common)
    return Prepared(LoadedStudy(now, one, short, casting.codebook), plan_trials(now, one, short)), study


def _model(name: str) -> ModelSpec:
    try:
        return ModelSpec(model=name)
    except ValidationError:
        mend = "write it as provider/name, such as openai/gpt-5 or offline/user"
        raise InputError(f"'{name}' is not a model's name", mend=mend, where="--user") from None


# --- meeting it -----------------------------------------------------------------------------------------------------


async def _meet(
    contact: _Contact,
    tried: Prepared,
    screen: _Screen,
    stopping: Stopping,
    keep: Callable[[], None],
    *,
    results: Path,
    local_only: LocalOnly | None,
) -> Run:
    """Talk with it; `keep` is called once it has answered."""
    from sim.llm.prompts import load_prompts
    from sim.present.first_contact import Growing
    from sim.run.first_contact import Stranger
    from sim.run.staff import offline_parts

    study, plan = tried.loaded.study, tried.plans[0]
    await check_reach(study)
    stranger = Stranger(study, plan, load_prompts(), limits=study.limits.model_copy(update={"retries": 1}), nonce=secrets.token_hex(8))
    try:
        with _stoppable(stopping, stranger.stop):
            async with saying_who(stranger.traffic, _aside):
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
    who = WaitLines(lambda: watched[0].waiting if watched else None, _aside)
    async with going_on(who.look):
        with stopping:
            ended = await run_study(tried, results=results, local_only=local_only, listeners=(live, LogLost(), LogSteps()), on_start=on_start)
    live.end()
    return ended


async def _look_at(contact: _Contact, screen: _Screen, stranger: Stranger, keep: Callable[[], None]) -> None:
    """Greet it, where nobody has yet, and find out what it does."""
    from sim.present.first_contact import render_exchange, render_findings

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
        from sim.present.trial_json import trial_document
        from sim.run.staff import offline_parts

        loaded = self._tried.loaded
        return trial_document(self._trial, study=loaded.study, codebook=loaded.codebook, offline=offline_parts(loaded.study))


# --- what is left behind --------------------------------------------------------------------------------------------


def _notes(target: TargetSpec) -> list[str]:
    """Comments on the target in the study file."""
    if isinstance(target, ChatTargetSpec):
        return ["memory: full shows the model all earlier sessions; add a second target with memory: none to see what that is worth."]
    if isinstance(target, HttpTargetSpec) and not target.http.names_its_user:
        return [
            "It is sent one session at a time and keeps nothing. To give it a memory of Rapport's own, name it as a model instead:",
            "  - {id: my-bot, model: openai/NAME, api_base: URL up to /v1, api_key_env: NAME, memory: full}",
        ]
    notes = ["It keeps its own memory, and each trial speaks to it as a new user."]
    assert not isinstance(target, LoggedTargetSpec)
    clock = target.http.clock if isinstance(target, HttpTargetSpec) else target.clock
    if clock == "text":
        notes.append("It is told the date in front of each session's first message (clock: text); clock: none leaves that out.")
    return notes


def _ending(contact: _Contact, run: Run, study: Study, place: Path, *, results: Path) -> str:
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


def _document(contact: _Contact, run: Run, place: Path) -> dict[str, Any]:
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

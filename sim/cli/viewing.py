"""`sim view`: the local viewer, and with a study of people also their page."""

from __future__ import annotations

import asyncio
import ipaddress
import shlex
import socket
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.cli.exit import DONE, INTERRUPTED
from sim.cli.stopping import Stopping
from sim.core.errors import InputError

if TYPE_CHECKING:
    from sim.core.spec.people import PeopleStudy
    from sim.llm.hosts import LocalOnly
    from sim.llm.traffic.passage import Traffic
    from sim.people.service import People
    from sim.present.viewer.app import KeepWish
    from sim.present.viewer.compared import ComparedDocument
    from sim.present.viewer.runs import OpenRun, OpenRuns
    from sim.present.viewer.sections import RunSections


@dataclass(frozen=True)
class ViewOptions:
    """What the flags of `sim view` say."""

    study: Path | None
    host: str
    port: int
    """0: any that is free."""
    local_only: LocalOnly | None


def view(results: Path, wish: ViewOptions) -> int:
    """Serve until interrupted."""
    from sim.present.viewer.runs import OpenRuns
    from sim.store.yaml_file import load_yaml

    if not results.is_dir():
        raise InputError("is not a folder", mend="name the folder that holds the runs", where=results)
    people = None
    if wish.study is not None:
        from sim.core.spec.people import PeopleStudy

        people = load_yaml(wish.study, PeopleStudy)
    runs = OpenRuns(results)
    with _listen(wish.host, wish.port) as listening:
        try:
            return asyncio.run(_serve(listening, runs, wish, people))
        except asyncio.CancelledError:
            return INTERRUPTED


async def _serve(listening: socket.socket, runs: OpenRuns, wish: ViewOptions, study: PeopleStudy | None) -> int:
    """Serve `runs`, and whoever takes part in `study`, until interrupted; an address is told only when everything behind it is ready."""
    import uvicorn

    from sim.present.viewer.access import AccessTokens, Guard
    from sim.present.viewer.app import build_app

    class Server(uvicorn.Server):
        """One that leaves signals to `Stopping`."""

        def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
            return nullcontext()

    talking = study is not None and study.chat is not None
    # Who only looks has no call in flight: the viewer ends without a word.
    with Stopping(lambda line: print(line, file=sys.stderr, flush=True) if talking else None) as stopping:
        async with AsyncExitStack() as stack:
            seated = await stack.enter_async_context(_seated(study, wish, runs)) if study else None
            app = build_app(
                runs,
                clock=time.time,
                keep=_keep,
                report_of=_report,
                sections_of=_sections,
                compare=partial(_compare, runs.results),
                people=seated.people if seated else None,
            )
            tokens, port = AccessTokens.draw(), listening.getsockname()[1]
            guard: Any = Guard(app, tokens=tokens, hosts=_hosts(wish.host, port))
            quiet: dict[str, Any] = {"log_config": None, "access_log": False, "server_header": False, "lifespan": "off"}
            server = Server(uvicorn.Config(guard, timeout_graceful_shutdown=2, **quiet))

            def stop() -> None:
                server.should_exit = True
                if seated and seated.traffic:
                    seated.traffic.stop()

            stopping.listen(stop, then=f"`{_again(runs, wish)}` goes on")
            address = f"http://{_spoken(wish.host)}:{port}"
            print(f"{address}/?token={tokens.owner}", flush=True)
            if seated:
                print(f"for people: {address}/rate?token={tokens.guest}", flush=True)
            print("Ctrl-C ends it", file=sys.stderr, flush=True)
            await server.serve(sockets=[listening])
    return DONE


def _again(runs: OpenRuns, wish: ViewOptions) -> str:
    """The command that goes on with the talks of a study with people."""
    where = [] if runs.results == Path("results") else [str(runs.results)]
    return shlex.join(["sim", "view", *where, "--study", str(wish.study)])


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Of a socket whose protocol is not named asyncio does not know that it is TCP: each answer's body would then wait 40 ms behind its head.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        # From here on whoever opens the address waits instead of being refused.
        listening.listen(128)
    except (OSError, OverflowError) as error:
        listening.close()
        why = error.strerror if isinstance(error, OSError) else "is not a port"
        raise InputError(f"{host}:{port} cannot be listened on: {why}", mend="choose another --port", where="--port") from None
    return listening


def _hosts(host: str, port: int) -> frozenset[str]:
    """What may stand in the Host header: the address that is listened on, and on this machine its usual names."""
    names = {_spoken(host)} | ({"127.0.0.1", "localhost", "[::1]"} if _is_loopback(host) else set())
    return frozenset(f"{n}:{port}" for n in names)


def _spoken(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _is_loopback(host: str) -> bool:
    return ipaddress.ip_address(host).is_loopback


def read_host(host: str, *, beyond: bool) -> str:
    """The address to listen on.

    Raises:
        InputError: it is not an address of this machine's own network, or is reached from others and nobody said that it may be.
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        raise InputError(f"'{host}' is not an address", mend="write one such as 192.168.1.20", where="--host") from None
    if address.is_unspecified:
        raise InputError("any address at all cannot be told from a stranger's", mend="name the one that people reach this machine by", where="--host")
    if not address.is_loopback and not beyond:
        problem = f"{host} is reached from other machines, and what is sent is not encrypted"
        raise InputError(problem, mend="add --beyond-loopback if that is meant", where="--host")
    return host


def _keep(run: OpenRun, wish: KeepWish) -> str:
    """Write a conversation as a scenario into the working folder."""
    from sim.app.schemas import FOLDER, modeline, write_schema
    from sim.core.replay import build_replay
    from sim.store.runs import dump_yaml

    scenario = build_replay(run.trial(wish.trial), wish.session, wish.exchange, id=wish.id)
    path = Path("scenarios") / f"{wish.id}.yaml"
    path.parent.mkdir(exist_ok=True)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(f"{modeline('scenario', up=1)}\n{dump_yaml(scenario)}")
    except FileExistsError:
        raise InputError("is there already", mend="choose another name", where=path) from None
    write_schema("scenario", Path(FOLDER))
    return str(path)


def _report(run: OpenRun) -> str:
    """A run's report as it is now."""
    from sim.app.reporting import load_material
    from sim.present.report.build import build_report
    from sim.present.report.page import render_page

    of = load_material(str(run.folder.path), results=run.folder.path.parent)
    return render_page(build_report(of), of, live=True)


def _sections(run: OpenRun) -> RunSections:
    """What `sim show --all` says of a run as it is now."""
    from sim.app import load_run
    from sim.present.viewer.sections import run_sections

    loaded = load_run(run.folder.path, results=run.folder.path.parent, words=False)
    return run_sections(loaded.summary, loaded.study)


def _compare(results: Path, names: Sequence[str]) -> ComparedDocument:
    """What `sim compare` says of the runs of these names in `results`."""
    from sim.app import compare_runs, load_run
    from sim.present.viewer.compared import compared
    from sim.present.viewer.runs import demand_name

    if not names:
        raise InputError("name a run to compare", mend="choose one or two in the list of runs")
    for name in names:
        demand_name(name)
    runs = [load_run(results / name, words=False) for name in names]
    return compared(compare_runs(runs), runs[0].study.targets if len(runs) == 1 else ())


@dataclass(frozen=True)
class _Seated:
    """Those who take part."""

    people: People
    traffic: Traffic | None
    """The calls of their talks; None: they only read."""


@asynccontextmanager
async def _seated(study: PeopleStudy, wish: ViewOptions, runs: OpenRuns) -> AsyncIterator[_Seated]:
    """Those who take part in `study`, with its run open for as long as the viewer is up.

    Raises:
        InputError: there is no such run or study, another viewer or command writes to it, or it does not hold enough for everybody.
    """
    from sim.app import load_run, open_people_run, staffed
    from sim.people.service import Chatting, People, ReadingTask

    assert wish.study is not None
    async with AsyncExitStack() as stack:
        folder, plans = await open_people_run(study, wish.study.parent, results=runs.results, local_only=wish.local_only)
        reread = runs.get(folder.name).reread
        if study.read is not None:
            trials = load_run(folder.path).trials
            journal = stack.enter_context(folder.write_journal())
            reading = ReadingTask(study, folder.study, {p.id: p for p in plans}, trials, journal, clock=time.time)
            yield _Seated(People(study, reading, journal, clock=time.time, on_deleted=reread), None)
            return
        staff = await stack.enter_async_context(staffed(folder, limits=folder.study.limits, local_only=wish.local_only))
        chatting = Chatting(study, plans, staff.parts, staff.sink)

        async def leave(kind: type[BaseException] | None, *_: object) -> None:
            await chatting.close(at_once=kind is not None)

        stack.push_async_exit(leave)
        yield _Seated(People(study, chatting, staff.journal, clock=time.time, on_deleted=reread), staff.traffic)

"""`sim.run` and `sim.resume` in a script, in a running loop, and with Ctrl-C."""

from __future__ import annotations

import _thread
import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import sim
from sim.app.blocking import Interruption, finish
from sim.app.inquiry import Inquiry, answer
from sim.core.errors import InputError
from sim.core.spec import Limits
from tests.cli.small import project


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return project(tmp_path)


def test_a_study_is_run_without_await(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = sim.run(study)
    assert run.status == "finished"
    assert sim.load_run("small").trials == run.trials
    assert capsys.readouterr().out == ""


async def test_a_study_is_run_where_a_loop_runs_already(study: Path) -> None:
    """As in a cell of a notebook."""
    assert asyncio.get_running_loop().is_running()
    run = sim.run(study, progress=False)
    assert run.status == "finished"
    assert sim.resume(run, progress=False).trials == run.trials


def test_a_budget_ends_it_and_resume_goes_on(study: Path) -> None:
    stopped = sim.run(study, max_tokens=1, progress=False)
    assert stopped.status == "incomplete"
    finished = sim.resume(stopped, max_tokens=10**9, progress=False)
    assert finished.status == "finished"
    assert [t.id for t in finished.trials] == [t.id for t in stopped.trials]


def test_what_is_wrong_is_one_line(study: Path) -> None:
    with pytest.raises(InputError, match="max_cost"):
        sim.run(study, max_cost=-1, progress=False)
    with pytest.raises(InputError, match="local_only=True"):
        sim.run(study, allow_hosts=["example.org"], progress=False)
    with pytest.raises(InputError, match="there is no run"):
        sim.resume("none", progress=False)
    assert not (study.parent / "results").exists()


class Traffic:
    """What `Interruption` stops."""

    def __init__(self) -> None:
        self.stopped = asyncio.Event()

    def stop(self) -> None:
        self.stopped.set()


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Ctrl-C raises `KeyboardInterrupt`, as it does at a terminal; a process that a shell began in the background is deaf to it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def pressed_once_begun(work: Callable[[threading.Event], Any], *, times: int = 1) -> Any:
    """What `finish` gives back where Ctrl-C is pressed once the work has begun, again once that has been heard."""
    begun, said = threading.Event(), []
    interruption = Interruption(said.append)

    def press() -> None:
        begun.wait()
        for n in range(times):
            while len(said) < n:
                begun.wait()
            _thread.interrupt_main()

    threading.Thread(target=press, daemon=True).start()
    found = finish(lambda: work(begun, interruption), interruption)
    return found, said


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_lets_it_end_in_order() -> None:
    async def work(begun: threading.Event, interruption: Interruption) -> str:
        traffic = Traffic()
        interruption.watch(traffic, grace=60, then="sim.resume('x') goes on")  # type: ignore[arg-type]
        begun.set()
        await traffic.stopped.wait()
        return "what there is"

    found, said = pressed_once_begun(work)  # type: ignore[arg-type]
    assert found == "what there is"
    assert len(said) == 1
    assert said[0].endswith("sim.resume('x') goes on")


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_again_ends_it_at_once() -> None:
    async def work(begun: threading.Event, interruption: Interruption) -> str:
        interruption.watch(Traffic(), grace=60, then="")  # type: ignore[arg-type]
        begun.set()
        await asyncio.Event().wait()
        return "never"

    with pytest.raises(KeyboardInterrupt):
        pressed_once_begun(work, times=2)  # type: ignore[arg-type]


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_before_there_is_anything_to_go_on_with_ends_it() -> None:
    async def work(begun: threading.Event, interruption: Interruption) -> str:
        begun.set()
        await asyncio.Event().wait()
        return "never"

    with pytest.raises(KeyboardInterrupt):
        pressed_once_begun(work)  # type: ignore[arg-type]


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_gives_back_what_an_inquiry_has_found_so_far() -> None:
    stopped = Traffic()

    async def ask(on_done: Callable[[int, int], None], on_start: Callable[[Any], None]) -> str:
        on_done(1, 2)
        on_start(stopped)
        _thread.interrupt_main()
        await stopped.stopped.wait()
        return "what there is"

    inquiry = Inquiry({}, "nothing", "asked", "questions", Limits(), ask)
    assert answer(inquiry, local_only=None, progress=False) == "what there is"
    assert inquiry.told(1, 2000) == "asked 1 of 2,000 questions"

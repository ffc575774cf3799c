"""Settings of every test: no deadlines, for a machine that is busy is not a failure; no telemetry; and which tests belong to the inner loop.

`pytest -m "not whole"` is the inner loop. What starts a process or a browser, and every benchmark, is marked `whole` here, by a rule: a test is
searched for what it uses, its fixtures and the functions of this suite that it calls included. A test that starts a process all the same fails.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from types import CodeType, FunctionType

import pytest
from hypothesis import settings

from sim.core.secrets import SECRETS

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
settings.register_profile("whole", deadline=None)
settings.register_profile("inner loop", deadline=None, max_examples=25)

BENCHMARKS = Path(__file__).parent / "benchmarks"
LIGHT = ("git",)
"""What any test may start: it answers at once."""

_forbidden_to: str | None = None
"""The test that is under way, if it belongs to the inner loop."""


def pytest_configure(config: pytest.Config) -> None:
    """The one marker there is; and in the inner loop a quarter of the examples of each property."""
    config.addinivalue_line("markers", 'whole: starts a process or a browser, or measures; the inner loop is -m "not whole"')
    settings.load_profile("inner loop" if config.getoption("markexpr") == "not whole" else "whole")
    sys.addaudithook(_watch)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """A worker for each core; one more for the whole suite, much of which waits for processes, servers and pages."""
    cores = os.cpu_count() or 1
    return cores if config.getoption("markexpr") == "not whole" else cores + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what does not belong to the inner loop."""
    for item in items:
        if BENCHMARKS in item.path.parents or any(map(_starts_processes, _functions(item))):
            item.add_marker(pytest.mark.whole)


def pytest_collectstart() -> None:
    """Look for no garbage until all is imported and collected, for nearly nothing of it can go away again."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Leave what was imported and collected out of the search for garbage, which would go through it again and again."""
    gc.freeze()
    gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Let nothing be started by a test of the inner loop."""
    global _forbidden_to
    _forbidden_to = None if item.get_closest_marker("whole") else item.nodeid
    try:
        return (yield)
    finally:
        _forbidden_to = None


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    if event == "subprocess.Popen" and _forbidden_to and Path(str(arguments[0])).name not in LIGHT:
        raise AssertionError(f"{_forbidden_to} starts {arguments[0]}, and the rule in tests/conftest.py does not see it: call what starts it by name")


def _functions(item: pytest.Item) -> Iterator[object]:
    """The test and its fixtures, those of fixtures included."""
    yield getattr(item, "function", None)
    fixtures = getattr(item, "_fixtureinfo", None)
    for definitions in fixtures.name2fixturedefs.values() if fixtures else ():
        yield from (d.func for d in definitions)


_harmless: set[object] = set()
"""Functions from which no process is reached."""


@cache
def _starts_processes(function: object) -> bool:
    """Whether `function`, or anything of this suite that it mentions, names the `subprocess` module or a browser."""
    seen: set[object] = set()
    ahead = [function]
    while ahead:
        thing = ahead.pop()
        if thing is subprocess:
            return True
        if isinstance(thing, partial):
            thing = thing.func
        if isinstance(thing, type):
            ahead += [f for f in vars(thing).values() if isinstance(f, FunctionType | property)]
        if isinstance(thing, property):
            thing = thing.fget
        thing = getattr(thing, "__wrapped__", thing)
        if not isinstance(thing, FunctionType) or thing in seen or thing in _harmless or not thing.__module__.startswith("tests"):
            continue
        seen.add(thing)
        names = _mentioned(thing)
        if any(n.startswith("playwright") for n in names):
            return True
        ahead += [thing.__globals__[n] for n in names if n in thing.__globals__]
    _harmless.update(seen)
    return False


@cache
def _mentioned(function: FunctionType) -> frozenset[str]:
    """The global names in `function`, which many tests may come by."""
    return frozenset(_names(function.__code__))


def _names(code: CodeType) -> Iterator[str]:
    """Every global name in `code`, that of the functions inside it included."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


@pytest.fixture(autouse=True)
def _no_secret_of_another_test() -> Iterator[None]:
    """Keys are struck out for as long as the process lives; a test's own, for as long as the test."""
    yield
    SECRETS.clear()

"""The garbage collector while a run goes on or is read: a thousand live trials are a great many objects that all stay, and looking at them again and
again costs as much as the run itself."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

THRESHOLDS = (500_000, 50, 1_000)
"""What was made since the last look is looked at after half a million objects more: two hundred trials at once keep as many, and what LiteLLM
leaves in circles, some fifty objects a call, takes 40 MB at most until then. What has lived through two looks is looked at never, in effect."""

_lock = Lock()
_inside = 0
"""How many want it, nested or in several threads."""
_before = THRESHOLDS
"""What was set when the first of them came."""


@contextmanager
def rare_collection() -> Iterator[None]:
    """Collect seldom; as before once the last who wanted that has left."""
    global _inside, _before
    with _lock:
        if not _inside:
            _before = gc.get_threshold()
            gc.set_threshold(*THRESHOLDS)
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if not _inside:
                gc.set_threshold(*_before)


@contextmanager
def no_collection() -> Iterator[None]:
    """Collect nothing, for what reads a run, says what is in it and is done: what it makes all stays until then. As before on leaving."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()

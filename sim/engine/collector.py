"""The garbage collector while a run goes on: a thousand live trials are a great many objects that all stay, and looking at them again and again costs
as much as the run itself."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

THRESHOLDS = (100_000, 50, 1_000)


@contextmanager
def rare_collection() -> Iterator[None]:
    """Leave out of collection what exists now, and collect seldom; as before on leaving. What somebody has left out already stays left out."""
    before, left_out = gc.get_threshold(), gc.get_freeze_count()
    if not left_out:
        gc.freeze()
    gc.set_threshold(*THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        if not left_out:
            gc.unfreeze()

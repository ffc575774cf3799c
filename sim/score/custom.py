"""Scorers in somebody's Python: a class that says what it is and has `score(self, context)`, sync or async.

    class Short:
        id = "short"
        version = "1"
        grain = "exchange"
        result = "yes_no"

        def score(self, context):
            return len(context.reply.split()) <= 40

It gives back true or false, a number or a label, or an `Assessment` where there is a reason to tell; `NotApplicable` where the question has no
meaning. Where it raises, its result is *unscored*, and the run goes on; mended code is another version. An `OSError` (the network, a file), like a
`CallFailed` and like code that hangs, is a call that came to nothing: its result can be had later.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from sim.core.errors import InputError, nearest
from sim.core.spec.scorer import ScorerInfo
from sim.foreign.calls import Raised, call_foreign, described
from sim.foreign.code import find_source, load_object, source_hash
from sim.llm.failures import scrub
from sim.score.checked import raised

if TYPE_CHECKING:
    from sim.core.view import ScoringContext

_SAYS = ("id", "version", "grain", "result", "label", "better", "low", "high", "labels", "good", "levels", "critical")
"""What a class says of itself, one attribute each, unless it has an `info`."""
_EXAMPLES = {"id": 'id = "short"', "result": 'result = "yes_no", "number" or "label"'}


class CustomScorer:
    """One scorer whose code is somebody else's.

    Args:
        place: where it is.
        seconds: how long one result may take.
        base: the folder that a file's path is relative to; None: the working folder.

    Raises:
        InputError: there is no such code, importing it failed, or it is not a scorer.
    """

    def __init__(self, place: str, *, seconds: float, base: Path | None = None) -> None:
        owner = f"scorer '{place}'"
        made = _make(load_object(place, owner=owner, base=base), owner)
        self._score = _method(made, owner)
        self._seconds = seconds
        self.info = read_info(made, owner)
        source = find_source(place, owner=owner, base=base)
        self.source = source_hash(source) if source else ""
        """Hash of its file; empty: it has none."""

    async def score(self, context: ScoringContext) -> Any:
        """Whatever the code gives back; where it raises, that it did.

        Raises:
            CallFailed: it did not give anything back in time, or could not reach what it asks; another time it may.
        """
        try:
            return await call_foreign(partial(self._score, context), {}, seconds=self._seconds, name=f"scorer '{self.info.id}'")
        except Raised as failed:
            if isinstance(failed.error, OSError):
                raise
            return raised(self.info.id, failed.error)


def _make(found: object, owner: str) -> object:
    """An instance of what was named, where that is a class."""
    if not inspect.isclass(found):
        return found
    try:
        return found()
    except (Exception, SystemExit) as error:
        problem = scrub(f"{owner}: making a {found.__name__} raised {described(error)}", os.environ)
        raise InputError(problem, mend="give its __init__ no arguments but self") from None


def _method(made: object, owner: str) -> Callable[..., object]:
    score = getattr(made, "score", None)
    if not callable(score):
        name = type(made).__name__
        raise InputError(f"{owner}: {name} has no method score", mend="write a class with def score(self, context)")
    try:
        inspect.signature(score).bind(None)
    except TypeError:
        raise InputError(f"{owner}: score does not take the context alone", mend="write def score(self, context)") from None
    return score  # type: ignore[no-any-return]


def read_info(made: object, owner: str) -> ScorerInfo:
    """What the scorer says of itself.

    Raises:
        InputError: it lacks something, or says what cannot be.
    """
    info = getattr(made, "info", None)
    if isinstance(info, ScorerInfo):
        return info
    said = {name: getattr(made, name) for name in _SAYS if hasattr(made, name)}
    try:
        return ScorerInfo.model_validate(said)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
    key = str(first["loc"][0]) if first["loc"] else ""
    if first["type"] == "missing":
        raise InputError(f"{owner}: it has no {key}", mend=f"write {_EXAMPLES.get(key, key + ' = …')} in the class")
    if first["type"] == "literal_error":
        choices = str(first["ctx"]["expected"]).replace("'", "").replace(" or ", ", ").split(", ")
        raise InputError(f"{owner}: {key} = {said[key]!r} is not a choice", mend=nearest(str(said[key]), choices))
    problem = str(first["msg"]).removeprefix("Value error, ")
    raise InputError(f"{owner}: {key + ': ' if key else ''}{problem[0].lower()}{problem[1:]}", mend="mend the class")

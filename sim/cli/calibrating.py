"""`sim calibrate --edits`: which dimensions a rater can tell apart."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import IO, TYPE_CHECKING

from pydantic import ValidationError

from sim.cli.app import DONE, INCOMPLETE
from sim.core.errors import InputError
from sim.core.spec import Limits, ModelSpec

if TYPE_CHECKING:
    from sim.analysis.response import ResponseMatrix
    from sim.llm.hosts import LocalOnly
    from sim.present.response import ResponseDocument
    from sim.run.edits import RatedScenes

EVERY = 10.0
"""Seconds between two lines of progress where there is no terminal."""


def calibrate(rater: ModelSpec, limits: Limits, *, local_only: LocalOnly | None, concurrency: int, as_json: bool) -> int:
    """Rate the edited replies and print the response matrix."""
    from sim.cli.outgoing import admit_rater
    from sim.cli.reading import print_rendered
    from sim.llm.guard import guarded
    from sim.llm.prompts import load_prompts
    from sim.present.response import render_response
    from sim.run.edits import rate_scenes
    from sim.store.scenes import load_scenes

    scenes = load_scenes()
    leaving = admit_rater(rater, local_only, conversations=len(scenes))
    if leaving:
        print(leaving, file=sys.stderr)
    progress = _Progress(sys.stderr)
    with guarded(local_only):
        rated = asyncio.run(rate_scenes(scenes, rater, load_prompts(), limits=limits, concurrency=concurrency, on_rated=progress.show))
    progress.end()
    from sim.analysis.response import respond

    document = _document(rater, rated, respond(scenes, rated.readings))
    if as_json:
        print(json.dumps(document.model_dump(mode="json")))
    else:
        print_rendered(lambda width: render_response(document, width=width))
    return INCOMPLETE if rated.lost else DONE


def read_rater(model: str, *, api_base: str | None, api_key_env: str | None) -> ModelSpec:
    """The rater that the flags describe.

    Raises:
        InputError: a flag has a value that cannot be.
    """
    given = {"model": model, "api_base": api_base, "api_key_env": api_key_env}
    flags = {"model": "--rater", "api_base": "--api-base", "api_key_env": "--api-key-env"}
    try:
        return ModelSpec.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "model"
        mend = "write it as provider/name, such as openai/gpt-5 or offline/rater" if name == "model" and "pattern" in first["type"] else ""
        said = f"'{model}' is no model's name" if mend else str(first["msg"]).removeprefix("Value error, ")
        raise InputError(said, mend=mend, where=flags[name]) from None


def _document(rater: ModelSpec, rated: RatedScenes, matrix: ResponseMatrix) -> ResponseDocument:
    from sim.present.response import ResponseDocument, Took

    spent = rated.spent
    return ResponseDocument(
        rater=rater.model,
        offline=rater.offline,
        replies=len(rated.readings),
        lost={f"{r.scene}/{r.part}": why for r, why in rated.lost.items()},
        took=Took(calls=spent.calls, tokens=spent.tokens, cost=spent.cost, unknown_costs=spent.unknown_costs),
        matrix=matrix,
    )


class _Progress:
    """How many replies are rated: one line that changes on a terminal, a line now and then elsewhere."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._said = time.monotonic()
        self._changing = False

    def show(self, done: int, of: int) -> None:
        """Say it, if it is time."""
        if self._stream.isatty():
            self._changing = True
            print(f"\rrated {done:,} of {of:,} replies", end="", file=self._stream, flush=True)
        elif time.monotonic() - self._said >= EVERY or done == of:
            self._said = time.monotonic()
            print(f"rated {done:,} of {of:,} replies", file=self._stream, flush=True)

    def end(self) -> None:
        """Leave the line behind."""
        if self._changing:
            print(file=self._stream)

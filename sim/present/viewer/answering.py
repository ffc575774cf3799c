"""How the viewer's routes answer: pages and files of ours, and what is wrong in one line."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError
from starlette.requests import ClientDisconnect
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

from sim.core.errors import InputError, RunLocked
from sim.present.report.page import read_static

if TYPE_CHECKING:
    from starlette.requests import Request

Answer = Callable[["Request"], Awaitable[Response]]
STATIC: Final = {
    "base.js": "report",
    "tables.js": "report",
    "talk.js": "report",
    "report.css": "report",
    "forest.css": "report",
    "blocks.js": "viewer",
    "figures.js": "viewer",
    "viewer.css": "viewer",
    "viewer.js": "viewer",
    "queue.js": "viewer",
    "runs.js": "viewer",
    "compare.js": "viewer",
    "guide.js": "viewer",
    "rate.js": "viewer",
}
"""The files there are, with the part of this room each belongs to; nothing else is served from the disk."""
TYPES: Final = {".js": "text/javascript", ".css": "text/css"}


def told(answer: Answer) -> Answer:
    """`answer`, with what is wrong in one line."""

    async def answered(request: Request) -> Response:
        try:
            return await answer(request)
        except RunLocked as error:
            return JSONResponse({"problem": str(error)}, 409)
        except InputError as error:
            return JSONResponse({"problem": str(error)}, 404 if request.method == "GET" else 400)
        except ValidationError as error:
            first = error.errors()[0]
            return JSONResponse({"problem": f"{'.'.join(map(str, first['loc']))}: {first['msg']}"}, 400)
        except (json.JSONDecodeError, UnicodeDecodeError, RecursionError):
            return JSONResponse({"problem": "that is not JSON"}, 400)
        except ClientDisconnect:
            return Response(status_code=400)
        except asyncio.CancelledError:
            # The viewer was ended while a long answer, as a comparison, was being worked out: nobody waits for it any more.
            return JSONResponse({"problem": "the viewer is ending"}, 503)

    return answered


def page(name: str) -> Answer:
    """A route that sends the page `name`."""

    async def send(request: Request) -> Response:
        return HTMLResponse(_read(name))

    return send


async def static(request: Request) -> Response:
    """One of the files of `STATIC`."""
    name = request.path_params["file"]
    if name not in STATIC:
        return PlainTextResponse("there is no such file", 404)
    return Response(_read(name, of=STATIC[name]), media_type=TYPES[Path(name).suffix], headers={"cache-control": "no-cache"})


def _read(name: str, *, of: str = "viewer") -> bytes:
    if of == "report":
        return read_static(name).encode("utf-8")
    return (files(f"sim.present.{of}") / "static" / name).read_bytes()

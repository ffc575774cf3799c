"""No body that comes through LiteLLM is read beyond what any answer needs, packed or not.

LiteLLM makes its transport in one place and hands it to every provider's client. There each body is counted as it is unpacked, as the direct client
does it.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from functools import cache, wraps
from typing import TYPE_CHECKING, Any

from sim.core.errors import InputError
from sim.llm.bounds import LARGEST

if TYPE_CHECKING:
    import httpx

PACKINGS = ("gzip", "deflate")
"""What is asked for, and unpacked here: httpx would unpack all of a chunk at once, however much that is."""
PIECE = 64 * 1024
"""Bytes unpacked at once."""


class TooMuch(Exception):
    """A body was longer than `LARGEST`."""


def bound_bodies(handler: Any) -> None:
    """Have the transports that LiteLLM's `AsyncHTTPHandler` makes from now on count; done once however often it is asked for.

    Raises:
        InputError: this version of LiteLLM makes them elsewhere.
    """
    made = [name for name in _MAKERS if hasattr(handler, name)]
    if not made:
        problem = "this version of LiteLLM makes its transports in a place that is not known, so that no body could be bounded"
        raise InputError(problem, mend="install an earlier one, such as the one that pip finds for 'litellm<1.111'")
    for name in made:
        if not hasattr(getattr(handler, name), "counts"):
            setattr(handler, name, staticmethod(_counting(getattr(handler, name))))


_MAKERS = ("create_async_transport", "_create_async_transport")
"""What LiteLLM has called it by."""


def _counting(make: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(make)
    def made(*arguments: Any, **named: Any) -> Any:
        transport = make(*arguments, **named)
        if transport is not None:
            send = transport.handle_async_request

            async def counted(request: httpx.Request) -> httpx.Response:
                request.headers["Accept-Encoding"] = ", ".join(PACKINGS)
                response: httpx.Response = await send(request)
                packing = response.headers.pop("Content-Encoding", "").strip().lower()
                if packing not in PACKINGS:
                    response.headers.update({"Content-Encoding": packing} if packing else {})
                    packing = ""
                response.stream = _counted()(response.stream, packing)
                return response

            transport.handle_async_request = counted
        return transport

    setattr(made, "counts", True)  # noqa: B010 – a mark on a function, of which mypy knows none
    return made


@cache
def _counted() -> Any:
    """The class of a stream that is counted; httpx is imported with LiteLLM alone."""
    import httpx

    class Counted(httpx.AsyncByteStream):
        def __init__(self, inner: Any, packing: str) -> None:
            self._inner = inner
            self._packing = packing

        async def __aiter__(self) -> AsyncIterator[bytes]:
            size, unpack = 0, _Unpacked(self._packing)
            async for chunk in self._inner:
                for piece in unpack(chunk):
                    size += len(piece)
                    if size > LARGEST:
                        raise TooMuch
                    yield piece

        async def aclose(self) -> None:
            await self._inner.aclose()

    return Counted


class _Unpacked:
    """Unpacks chunk by chunk, a piece at a time."""

    def __init__(self, packing: str) -> None:
        self._packing = packing
        self._inflate: Any = None

    def __call__(self, chunk: bytes) -> Iterator[bytes]:
        if not self._packing:
            yield chunk
            return
        if self._inflate is None and chunk:
            # "deflate" is with a header of zlib's by the book, and without one by some servers.
            bare = self._packing == "deflate" and chunk[0] & 0x0F != 8
            self._inflate = zlib.decompressobj(-zlib.MAX_WBITS if bare else zlib.MAX_WBITS | 32)
        while chunk:
            yield self._inflate.decompress(chunk, PIECE)
            chunk = self._inflate.unconsumed_tail

"""How `sim view` listens."""

from __future__ import annotations

import asyncio
import socket

from sim.cli.viewing import _listen


async def test_what_is_answered_is_sent_at_once_and_does_not_wait_for_more() -> None:
    took: asyncio.Queue[int] = asyncio.Queue()

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        took.put_nowait(writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    listening = _listen("127.0.0.1", 0)
    async with await asyncio.start_server(answer, sock=listening):
        _, writer = await asyncio.open_connection(*listening.getsockname())
        assert await took.get()
        writer.close()

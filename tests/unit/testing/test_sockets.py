"""A loop that ends leaves no socket open: the collector would tell of it in another test."""

from __future__ import annotations

import asyncio
import socket

from connector.testing.sockets import close_sockets


async def test_connections_are_closed_also_while_they_have_something_to_write() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        _, writer = await asyncio.open_connection(*listener.getsockname())
        with listener.accept()[0]:
            writer.write(bytes(32 << 20))  # more than anybody takes who does not read
            writer.close()
            own = writer.get_extra_info("socket")
            assert own.fileno() != -1
            await close_sockets()
            assert own.fileno() == -1

"""The end of an event loop that ran on a thread of its own, without sockets that stay open behind it."""

from __future__ import annotations

import asyncio

_TURNS = 3
"""A transport that is aborted closes its socket a turn of the loop later."""


async def close_sockets() -> None:
    """Close every connection of this loop, as its last deed.

    One that is left open is told by the collector, in whatever test happens to run then.
    """
    loop = asyncio.get_running_loop()
    for transport in list(getattr(loop, "_transports", {}).values()):  # there is no public list of them
        transport.abort()
    for _ in range(_TURNS):
        await asyncio.sleep(0)

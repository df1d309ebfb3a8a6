"""Bounds what clients may ask for: how many changes a second, and how long an answer may take."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from aiohttp import hdrs, web

from connector.rest.context import WRITE_LIMIT
from connector.rest.response import error_response
from connector.rest.sight import principal_of

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

ANSWER_SECONDS = 90.0
"""As in Kafka Connect."""
_MOST_CLIENTS = 10_000
_BURST_SECONDS = 4.0
_READS = frozenset({hdrs.METH_GET, hdrs.METH_HEAD, hdrs.METH_OPTIONS})


class WriteLimit:
    """A bucket of tokens for each client; those that were asked for longest ago are forgotten first."""

    def __init__(self, per_second: float, now: Callable[[], float] = time.monotonic) -> None:
        """Args: ``per_second`` is how many changes a client may ask for in the long run; 0 for any number."""
        self._per_second = per_second
        self._most = per_second * _BURST_SECONDS
        self._now = now
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def takes(self, client: str) -> bool:
        """Whether the client may ask for one more change now."""
        if self._per_second <= 0:
            return True
        now = self._now()
        tokens, since = self._buckets.pop(client, (self._most, now))
        tokens = min(self._most, tokens + (now - since) * self._per_second)
        is_taken = tokens >= 1
        self._buckets[client] = (tokens - 1 if is_taken else tokens, now)
        while len(self._buckets) > _MOST_CLIENTS:
            self._buckets.popitem(last=False)
        return is_taken


@web.middleware
async def limit_writes(request: web.Request, handler: Handler) -> web.StreamResponse:
    """429 for a client that asks for too many changes; a client is a user, or else an address."""
    if request.method in _READS:
        return await handler(request)
    principal = principal_of(request)
    client = f"user {principal.name}" if principal else str(request.remote)
    if request.app[WRITE_LIMIT].takes(client):
        return await handler(request)
    response = error_response(429, "Too many changes: try again in a second.")
    response.headers[hdrs.RETRY_AFTER] = "1"
    return response


@web.middleware
async def limit_time(request: web.Request, handler: Handler) -> web.StreamResponse:
    """500 when nothing came of it in time; what has begun goes on."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            return await handler(request)
    except TimeoutError:
        return error_response(500, "Request timed out")

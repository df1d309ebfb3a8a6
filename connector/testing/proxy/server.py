"""The proxy itself: forwards requests byte by byte, and carries out what its script has planned."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import io
import threading
import time
from collections import Counter, deque
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, Self

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from connector.testing.proxy.fault import Answer, FaultScript
from connector.testing.proxy.request import ApiRequest
from connector.testing.sockets import close_sockets

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from types import TracebackType

_CHUNK_BYTES = 64 << 10
_LOG_LENGTH = 10_000
_THREAD_TIMEOUT_SECONDS = 60

# Headers about one connection, not about the request (RFC 9110, 7.6.1); and Expect, which the proxy answers
# itself.
_HOP_BY_HOP = frozenset(
    {
        "connection",
        "expect",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


class Exchange(NamedTuple):
    """One line of the proxy's log."""

    time: float
    """When the request came, as `time.monotonic()`."""
    operation: str
    path: str
    status: int | None
    """What the client was answered; None if the connection was closed without an answer."""


class FaultProxy(FaultScript):
    """An HTTP proxy in front of an AWS server, on a thread of its own, so that any test can use it.

    The Host header reaches the server as the client signed it; signatures stay valid.

    Args:
        target: The server's URL.
        seed: See `FaultScript`.

    Attributes:
        url: Where clients find it, once started.
        counts: How often each operation was asked for, whatever became of it.
        requests: The latest exchanges, in the order they were answered.
        held: How many requests were ever held (`hold`), as soon as they are.
        holding: How many are not yet forwarded.
    """

    url: str

    def __init__(self, target: str, seed: int = 0) -> None:
        super().__init__(seed)
        self.counts: Counter[str] = Counter()
        self.requests: deque[Exchange] = deque(maxlen=_LOG_LENGTH)
        self.held = self.holding = 0
        self._target = target
        self._free_at = 0.0
        self._released = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fault-proxy", daemon=True)

    def start(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._open(), self._loop).result(_THREAD_TIMEOUT_SECONDS)
        return self

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(_THREAD_TIMEOUT_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_THREAD_TIMEOUT_SECONDS)
        self._loop.close()

    def release(self) -> None:
        """Forward what is held (`hold`) now, not when its time is over."""
        self._loop.call_soon_threadsafe(self._let_go)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    async def _open(self) -> None:
        # force_close: a kept connection that the server has just closed would be a fault nobody asked for.
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, force_close=True),
            timeout=aiohttp.ClientTimeout(total=None),
            auto_decompress=False,
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
        )
        # auto_decompress: a body with a Content-Encoding is stored as it is, and signed as it is.
        server = web.Server(self._handle, auto_decompress=False, access_log=None)
        self._runner = web.ServerRunner(server, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def _close(self) -> None:
        await self._runner.cleanup()
        # Requests held back by a delay outlive the server that took them.
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        await self._session.close()
        await close_sockets()

    async def _handle(self, raw: web.BaseRequest) -> web.StreamResponse:
        arrived = time.monotonic()
        _ask_for_body(raw)
        request = await _read(raw)
        self.counts[request.operation] += 1

        def note(status: int | None) -> None:
            self.requests.append(Exchange(arrived, request.operation, request.path, status))

        response = await self._respond(raw, request, note)
        if response is None:
            note(None)
            return _cut(raw)
        if not response.prepared:
            note(response.status)
        return response

    async def _respond(
        self, raw: web.BaseRequest, request: ApiRequest, note: Callable[[int], None]
    ) -> web.StreamResponse | None:
        plan = self.plan(request)
        await asyncio.sleep(plan.delay_seconds)
        if plan.hold_seconds:
            request = await self._hold(raw, request, plan.hold_seconds)
        for hook in plan.hooks:
            answer = hook(request)
            if inspect.isawaitable(answer):
                answer = await answer
            if answer:
                return await self._answer(raw, answer)
        try:
            if plan.ending is None:
                return await self._forward(raw, request, note)
            if plan.ending.forwarded:
                await self._forward_in_vain(raw, request)
        except (aiohttp.ClientError, ConnectionError):
            # Either end went away: the other one learns it the same way.
            return None
        if plan.ending.answer is None:
            await self._drain(raw)
            return None
        return await self._answer(raw, plan.ending.answer)

    async def _hold(self, raw: web.BaseRequest, request: ApiRequest, seconds: float) -> ApiRequest:
        whole = replace(request, body=request.body or await raw.content.read())
        self.held += 1
        self.holding += 1
        try:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._released.wait(), seconds)
        finally:
            self.holding -= 1
        return whole

    def _let_go(self) -> None:
        self._released.set()
        self._released.clear()

    async def _forward(
        self, raw: web.BaseRequest, request: ApiRequest, note: Callable[[int], None]
    ) -> web.StreamResponse:
        async with self._send(raw, request) as upstream:
            response = web.StreamResponse(
                status=upstream.status, reason=upstream.reason, headers=_end_to_end(upstream.headers)
            )
            # Before the client can see it: whoever has the answer finds it in the log.
            note(upstream.status)
            await response.prepare(raw)
            async for chunk in self._paced(upstream.content):
                await response.write(chunk)
            await response.write_eof()
            return response

    async def _forward_in_vain(self, raw: web.BaseRequest, request: ApiRequest) -> None:
        async with self._send(raw, request) as upstream:
            await upstream.read()

    def _send(self, raw: web.BaseRequest, request: ApiRequest) -> aiohttp.client._RequestContextManager:
        body: object = self._paced(raw.content) if raw.can_read_body else None
        if request.body:
            body = io.BytesIO(request.body)  # aiohttp warns of many bytes that are no stream
        # encoded=True: the path is part of what was signed.
        url = URL(self._target + request.target, encoded=True)
        return self._session.request(
            raw.method, url, headers=_end_to_end(raw.headers), data=body, allow_redirects=False
        )

    async def _answer(self, raw: web.BaseRequest, answer: Answer) -> web.StreamResponse:
        # The whole body first: else the answer would race with the client's sending.
        await self._drain(raw)
        return web.Response(status=answer.status, body=answer.body, headers=answer.headers)

    async def _drain(self, raw: web.BaseRequest) -> None:
        async for _ in self._paced(raw.content):
            pass

    async def _paced(self, content: aiohttp.StreamReader) -> AsyncIterator[bytes]:
        async for chunk in content.iter_chunked(_CHUNK_BYTES):
            if rate := self.bytes_per_second:
                self._free_at = max(self._free_at, time.monotonic()) + len(chunk) / rate
                await asyncio.sleep(self._free_at - time.monotonic())
            yield chunk


def _ask_for_body(raw: web.BaseRequest) -> None:
    # aiohttp answers Expect in its router, which is not used here.
    if raw.headers.get("Expect", "").lower() == "100-continue" and raw.transport:
        raw.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")


async def _read(raw: web.BaseRequest) -> ApiRequest:
    headers = {name.lower(): value for name, value in raw.headers.items()}
    request = ApiRequest(raw.method, raw.raw_path, headers)
    if request.protocol == "s3":
        return request
    return ApiRequest(raw.method, raw.raw_path, headers, await raw.content.read())


def _end_to_end(headers: Mapping[str, str]) -> CIMultiDict[str]:
    return CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in _HOP_BY_HOP)


def _cut(raw: web.BaseRequest) -> web.StreamResponse:
    if raw.transport:
        raw.transport.abort()
    return web.Response()

"""Credentials that end: refreshed ahead of it in the background, once for everybody who signs with them.

botocore's own refresh starts 15 minutes before the end and waits from 10 minutes on, so that a 900-second
session would be renewed with every request; here the margin follows from the length of the session.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import math
import random
import threading
import time
import weakref
from abc import abstractmethod
from typing import TYPE_CHECKING

from aiobotocore.credentials import AioCredentials

from connector import logs, metrics
from connector.error_codes import ErrorCode
from connector.errors import RetriableError

if TYPE_CHECKING:
    from botocore.credentials import ReadOnlyCredentials

    from connector.aws.provider import Session

log = logs.get(__name__)

_MARGIN_SECONDS = 300.0
_MOST_FETCH_SECONDS = 60.0
_FAILED_PAUSE_SECONDS = 30.0
_REJECTED_PAUSE_SECONDS = 30.0
_YOUNG_SECONDS = 30.0

_monotonic = time.monotonic

_live: weakref.WeakSet[RefreshedCredentials] = weakref.WeakSet()
_live_lock = threading.Lock()
"""Tokens for Kafka are signed on a loop of their own, in another thread."""


class RefreshedCredentials(AioCredentials):  # type: ignore[misc]  # aiobotocore is untyped
    """Credentials that end and are renewed, as aiobotocore's signer asks for them.

    Within the margin before the end a refresh runs in the background while requests go on with the
    valid session; only without a valid session do requests wait, all for the same refresh.
    """

    def __init__(self, label: str) -> None:
        """Args: ``label`` names the identity in logs and metrics; never a secret."""
        super().__init__("", "", method="refreshed")
        self.label = label
        self._session: Session | None = None
        self._refreshing: asyncio.Task[Session] | None = None
        self._margin_seconds = 0.0
        # These four count from an unknown moment and never jump, as the clock of a machine does.
        self._obtained_at = self._rejected_at = -math.inf
        self._young_until = self._retry_at = -math.inf
        for outcome in ("obtained", "failed"):
            metrics.CREDENTIALS_REFRESHES.labels(label, outcome)
        with _live_lock:
            _live.add(self)
        weakref.finalize(self, _forget_soon, asyncio.get_running_loop(), label).atexit = False

    @abstractmethod
    async def _fetch(self) -> Session:
        """Ask for a session; raises ConnectorError."""

    @property
    def expires(self) -> float | None:
        """Seconds since the epoch."""
        return self._session.expires if self._session else None

    async def get_frozen_credentials(self) -> ReadOnlyCredentials:
        """Raises ConnectorError when there is no valid session and none can be had."""
        session = self._session
        if session is None or self._is_over(session):
            return (await asyncio.shield(self._refresh())).keys
        if self._is_due(session):
            self._refresh()
        return session.keys

    def reject(self, since: float) -> bool:
        """AWS refuses the credentials of a request that began at ``since``, as :func:`elapsed` tells time.

        A session is given up at the first refusal, however young it is: AWS knows better than the clock of
        this machine. What took its place is not given up for half a minute, or a clock that is wrong would
        ask STS for a session with every request.

        Returns:
            Whether the request is worth repeating, since it will be signed with other credentials.
        """
        if self._session is None or since < self._obtained_at:
            return True
        if elapsed() < self._rejected_at + _REJECTED_PAUSE_SECONDS:
            return False
        log.warning("credentials refused by AWS, asking for others", identity=self.label)
        self._rejected_at = elapsed()
        self._session = None
        return True

    def _is_over(self, session: Session) -> bool:
        # A session that was over when it came means that the clock is wrong: AWS may still take it.
        return session.expires <= _now() and elapsed() >= self._young_until

    def _is_due(self, session: Session) -> bool:
        is_near_end = session.expires - _now() < self._margin_seconds
        return is_near_end and elapsed() >= max(self._retry_at, self._young_until)

    def _refresh(self) -> asyncio.Task[Session]:
        if self._refreshing is None or self._refreshing.done():
            self._refreshing = asyncio.create_task(self._renew())
            # The failure is told already, and whoever has a valid session does not ask for it.
            self._refreshing.add_done_callback(lambda task: task.cancelled() or task.exception())
        return self._refreshing

    async def _renew(self) -> Session:
        try:
            session = await self._fetch_in_time()
        except Exception as error:
            self._retry_at = elapsed() + _FAILED_PAUSE_SECONDS
            metrics.CREDENTIALS_REFRESHES.labels(self.label, "failed").inc()
            log.warning("credentials not refreshed", identity=self.label, error=error)
            raise
        self._accept(session)
        return session

    async def _fetch_in_time(self) -> Session:
        try:
            async with asyncio.timeout(_MOST_FETCH_SECONDS):
                return await self._fetch()
        except TimeoutError as error:
            message = f"credentials of {self.label} did not come within {_MOST_FETCH_SECONDS:.0f} s"
            raise RetriableError(message, code=ErrorCode.AWS_CREDENTIALS_UNAVAILABLE) from error

    def _accept(self, session: Session) -> None:
        self._session = session
        self._obtained_at = elapsed()
        seconds = session.expires - _now()
        # A third of the session at most, and not the same moment for every worker.
        margin = min(_MARGIN_SECONDS, seconds / 3)
        self._margin_seconds = margin * random.uniform(0.8, 1.0)  # noqa: S311 - jitter, not a secret
        self._young_until = self._obtained_at + (
            min(_YOUNG_SECONDS, seconds / 3) if seconds > 0 else _YOUNG_SECONDS
        )
        metrics.CREDENTIALS_REFRESHES.labels(self.label, "obtained").inc()
        _show_expiry(self.label)
        log.info("credentials obtained", identity=self.label, expires=_readable(session.expires))


def elapsed() -> float:
    """Seconds since some moment; does not jump when the clock is set."""
    return _monotonic()


def _show_expiry(label: str) -> None:
    """The first end of the sessions with this label: one that is not renewed must not hide behind others."""
    with _live_lock:
        ends = [found.expires for found in _live if found.label == label and found.expires is not None]
    if ends:
        metrics.CREDENTIALS_EXPIRY.labels(label).set(min(ends))
    else:
        metrics.CREDENTIALS_EXPIRY.remove_by_labels({"role": label})


def _forget_soon(loop: asyncio.AbstractEventLoop, label: str) -> None:
    """Called by the garbage collector, on any thread, amid anything."""
    if not loop.is_closed():
        loop.call_soon_threadsafe(_show_expiry, label)


def _readable(expires: float) -> str | None:
    return None if math.isinf(expires) else dt.datetime.fromtimestamp(expires, dt.UTC).isoformat()


def _now() -> float:
    return dt.datetime.now(dt.UTC).timestamp()

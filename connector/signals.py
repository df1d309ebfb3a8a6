"""Signals, on a thread of their own: they work even when the event loop does not.

The first stops gracefully; the second, or a stop that takes too long, ends the process. Neither loses
anything, because offsets are committed only after the records below them are stored.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import TYPE_CHECKING

from connector import logs

if TYPE_CHECKING:
    import asyncio

log = logs.get(__name__)

FORCED = 130
_STOPPING = frozenset({signal.SIGTERM, signal.SIGINT})
_SAME_SIGNAL_SECONDS = 0.5
"""Supervisors such as timeout(1) signal both the process and its group; that is one request."""


def hold() -> None:
    """Keep signals for :func:`watch`; before any thread starts, so that all inherit it."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOPPING)


def watch(loop: asyncio.AbstractEventLoop, stopping: asyncio.Event, stop_seconds: float) -> None:
    """Set ``stopping`` at the first signal, and end the process when the stop takes longer than this."""
    arguments = (loop, stopping, stop_seconds)
    threading.Thread(target=_wait, args=arguments, name="signals", daemon=True).start()


def _wait(loop: asyncio.AbstractEventLoop, stopping: asyncio.Event, stop_seconds: float) -> None:
    signal.sigwait(_STOPPING)
    loop.call_soon_threadsafe(stopping.set)
    time.sleep(_SAME_SIGNAL_SECONDS)
    while _STOPPING & signal.sigpending():
        signal.sigwait(_STOPPING)
    second = signal.sigtimedwait(_STOPPING, stop_seconds)
    log.warning("ending at once", reason="second signal" if second else "the stop took too long")
    os._exit(FORCED)

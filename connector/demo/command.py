"""The frame around the show: terminal, signals, deadline, exit code."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import TYPE_CHECKING

from connector.demo.errors import DemoError
from connector.demo.process import isolated
from connector.demo.screen import screen_for
from connector.demo.show import Show
from connector.demo.view import View

if TYPE_CHECKING:
    from connector.demo.screen import Screen
    from connector.demo.summary import Summary

DEADLINE_SECONDS = 120.0
"""For everything but the live stream."""
_REFRESH_SECONDS = 0.1
_INTERRUPTED = 130


def run(*, once: bool, records: int) -> int:
    """Show the demo on standard output; the exit code, 0 if every record was found exactly once.

    Args:
        once: End after the first round, instead of going on until Ctrl-C.
        records: How many events the first round has.
    """
    _isolate()
    try:
        summary = asyncio.run(_Frame(screen_for(), once=once, records=records).run())
    except DemoError as error:
        return _end(f"The demo failed: {error}", 1)
    except (asyncio.CancelledError, KeyboardInterrupt):
        return _end("Interrupted: everything is stopped.", _INTERRUPTED)
    return 0 if summary.adds_up else 1


class _Frame:
    def __init__(self, screen: Screen, *, once: bool, records: int) -> None:
        self._screen = screen
        self._view = View()
        self._show = Show(screen, self._view, once=once, records=records)
        self._cancelled = False

    async def run(self) -> Summary:
        self._on_signals()
        with self._screen:
            refreshing = asyncio.create_task(self._refresh())
            try:
                summary = await self._within_deadline()
            finally:
                refreshing.cancel()
                self._screen.refresh(self._view)
        self._screen.summary(summary)
        return summary

    async def _within_deadline(self) -> Summary:
        try:
            async with asyncio.timeout(DEADLINE_SECONDS) as deadline:
                return await self._show.perform(deadline)
        except TimeoutError as error:
            waiting = "; ".join(step.text for step in self._view.steps if not step.done)
            raise DemoError(f"{DEADLINE_SECONDS:.0f} s were not enough; waiting for: {waiting}") from error

    async def _refresh(self) -> None:
        while True:
            self._screen.refresh(self._view)
            await asyncio.sleep(_REFRESH_SECONDS)

    def _on_signals(self) -> None:
        """The first signal ends the live stream, which then delivers the rest; any other ends everything."""
        loop, main = asyncio.get_running_loop(), asyncio.current_task()

        def handle() -> None:
            if self._view.is_live and not self._show.stopping.is_set():
                self._show.stopping.set()
            elif main is not None and not self._cancelled:
                # Once only: another would interrupt the clearing up.
                self._cancelled = True
                main.cancel()

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, handle)


def _isolate() -> None:
    environment = isolated(os.environ)
    os.environ.clear()
    os.environ.update(environment)


def _end(message: str, code: int) -> int:
    print(f"\n{message}", file=sys.stderr, flush=True)  # noqa: T201 - a command's output
    return code

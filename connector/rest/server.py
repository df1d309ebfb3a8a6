"""Opens and closes the listeners of the REST API in the worker's event loop."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self

from aiohttp import web

from connector.error_codes import ErrorCode
from connector.errors import ConfigError, Problem

if TYPE_CHECKING:
    import ssl
    from collections.abc import Sequence

    from connector.config.listener import Listener

_OPEN_SECONDS = 10.0


class RestServer:
    """The API on its listeners; made by :meth:`start`, ended by :meth:`stop`."""

    def __init__(self, runner: web.AppRunner) -> None:
        self._runner = runner

    @classmethod
    async def start(
        cls,
        app: web.Application,
        listeners: Sequence[Listener],
        *,
        tls: ssl.SSLContext | None = None,
        option: str = "listeners",
        stop_seconds: float = 2.0,
    ) -> Self:
        """Listen on all of ``listeners``, or on none.

        Args:
            app: The API.
            listeners: Where to listen.
            tls: For those of https.
            option: That names the listeners, for messages.
            stop_seconds: How long answers under way may take when the server stops.

        Raises:
            ConfigError: Listeners that cannot be opened, all at once.
        """
        runner = web.AppRunner(app, handle_signals=False, access_log=None, shutdown_timeout=stop_seconds)
        await runner.setup()
        try:
            problems = [problem for each in listeners if (problem := await _open(runner, each, tls, option))]
            if problems:
                raise ConfigError(problems)
        except BaseException:
            await runner.cleanup()
            raise
        return cls(runner)

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Host and port of every open socket, with the true port where 0 was asked for."""
        return [(address[0], address[1]) for address in self._runner.addresses]

    async def stop(self) -> None:
        """Close the listeners, wait for answers under way, cut those that take too long."""
        await self._runner.cleanup()


async def _open(
    runner: web.AppRunner, listener: Listener, tls: ssl.SSLContext | None, option: str
) -> Problem | None:
    context = tls if listener.protocol == "https" else None
    try:
        async with asyncio.timeout(_OPEN_SECONDS):
            await web.TCPSite(runner, listener.host or None, listener.port, ssl_context=context).start()
    except TimeoutError:
        reason = f"the name {listener.host} was not resolved within {_OPEN_SECONDS:g} seconds"
    except OSError as error:
        reason = error.strerror or str(error)
    else:
        return None
    return Problem(
        option,
        f"Cannot listen on {listener}: {reason}. Free the port, or choose another host or port.",
        code=ErrorCode.REST_PORT_UNAVAILABLE,
    )

"""Reads what configs refer to on a thread, since config providers and connections block, and not for ever."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from connector.error_codes import ErrorCode
from connector.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
P = ParamSpec("P")

READ_SECONDS = 30.0
"""For how long config providers may take to read what one connector refers to."""


async def reading(read: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What ``read`` gives; one that takes longer is left behind.

    Raises:
        TimeoutError: It has not come back in time.
    """
    async with asyncio.timeout(READ_SECONDS):
        return await asyncio.to_thread(read, *args, **kwargs)


async def reading_config(read: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """As :func:`reading`.

    Raises:
        ConfigError: What ``read`` finds wrong, or that it has not come back in time.
    """
    try:
        return await reading(read, *args, **kwargs)
    except TimeoutError:
        raise ConfigError.of(
            "config.providers",
            f"nothing was read within {READ_SECONDS:g} s: look at where they read",
            code=ErrorCode.CONFIG_REFERENCE_UNRESOLVED,
        ) from None

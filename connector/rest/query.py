"""What requests say in their path and query."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from aiohttp import web

_LEGIBLE = ";:+="


def name_of(request: web.Request) -> str:
    """The connector, connection, plug-in or logger that the path names, decoded."""
    return request.match_info["name"]


def task_of(request: web.Request) -> int:
    return int(request.match_info["task"])


def flag(request: web.Request, key: str, *, default: bool = False) -> bool:
    """As in Kafka Connect: true in any case is true, everything else is false; nothing is the default."""
    value = request.query.get(key)
    return value.lower() == "true" if value else default


def location(request: web.Request, *segments: str) -> str:
    """The absolute address of what was made."""
    path = "/".join(quote(segment, safe=_LEGIBLE) for segment in segments)
    return f"{request.url.origin()}/{path}"

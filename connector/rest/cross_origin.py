"""Which web pages may ask (CORS), and headers that the operator wants in every answer."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import hdrs, web

from connector.rest.context import HEADERS

if TYPE_CHECKING:
    from collections.abc import Sequence

_ACTIONS = ("add", "set")


@dataclass(frozen=True, slots=True)
class HeaderPolicy:
    """What is added to answers.

    Attributes:
        origins: Those of web pages that may ask; ``*`` for all.
        methods: Those that they may use.
        fixed: Further headers, of ``response.http.headers.config``.
    """

    origins: tuple[str, ...] = ()
    methods: tuple[str, ...] = ("GET", "POST", "HEAD")
    fixed: tuple[tuple[str, str], ...] = ()

    def allows(self, origin: str) -> bool:
        return "*" in self.origins or origin in self.origins


def parse_headers(text: str) -> tuple[tuple[str, str], ...]:
    """Of ``add Name: value, "set Other: a, b"``, as Kafka Connect writes it; raises ValueError."""
    if not text.isprintable():
        raise ValueError("What is not printable is no header.")
    (rules,) = csv.reader([text], skipinitialspace=True) if text.strip() else ([],)
    found = []
    for rule in rules:
        action, _, header = rule.strip().partition(" ")
        name, colon, value = header.partition(":")
        if action not in _ACTIONS or not colon or not name.strip():
            raise ValueError(f"{rule.strip()} is no header. Write: add Name: value; or set Name: value.")
        found.append((name.strip(), value.strip()))
    return tuple(found)


def is_preflight(request: web.Request) -> bool:
    """Whether a browser asks, for a page that may, what it may do; it never shows who the user is."""
    origin = request.headers.get(hdrs.ORIGIN, "")
    asks = request.method == hdrs.METH_OPTIONS and hdrs.ACCESS_CONTROL_REQUEST_METHOD in request.headers
    return asks and request.app[HEADERS].allows(origin)


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """A signal of aiohttp, so that errors have them, too."""
    policy = request.app[HEADERS]
    response.headers.popall(hdrs.SERVER, None)
    for name, value in policy.fixed:
        response.headers[name] = value
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is None or not policy.allows(origin):
        return
    response.headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = origin
    response.headers[hdrs.VARY] = hdrs.ORIGIN
    if hdrs.ACCESS_CONTROL_REQUEST_METHOD in request.headers:
        response.headers[hdrs.ACCESS_CONTROL_ALLOW_METHODS] = ",".join(_upper(policy.methods))
        response.headers[hdrs.ACCESS_CONTROL_ALLOW_HEADERS] = "Content-Type, Accept, Authorization"


def _upper(methods: Sequence[str]) -> list[str]:
    return [method.upper() for method in methods]

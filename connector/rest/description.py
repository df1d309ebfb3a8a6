"""Serves the description of the API that :mod:`connector.rest.openapi` makes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.rest.context import DESCRIPTION
from connector.rest.response import json_response

if TYPE_CHECKING:
    from aiohttp import web

PATH = "/openapi.json"


async def get_description(request: web.Request) -> web.Response:
    """The API in OpenAPI's form."""
    found: dict[str, Any] = request.app[DESCRIPTION]
    return json_response(found)

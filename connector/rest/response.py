"""Answers in JSON, and errors in Kafka Connect's shape."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import orjson
from aiohttp import web


def json_response(value: Any, status: int = HTTPStatus.OK) -> web.Response:
    return web.Response(body=orjson.dumps(value), status=status, content_type="application/json")


def error_response(status: int, message: str | None = None) -> web.Response:
    """An error in Kafka Connect's shape; without a message it is the one of its web server."""
    text = message if message is not None else f"HTTP {status} {_phrase(status)}"
    return json_response({"error_code": status, "message": text}, status)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"

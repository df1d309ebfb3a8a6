"""The topics that a connector has read (KIP-558)."""

from __future__ import annotations

from http import HTTPStatus

from aiohttp import web

from connector.rest.context import HERDER, TOPIC_TRACKING
from connector.rest.query import name_of
from connector.rest.response import error_response, json_response


async def get_topics(request: web.Request) -> web.Response:
    """Of a connector that is not there none, as in Kafka Connect."""
    if not request.app[TOPIC_TRACKING].is_on:
        return error_response(HTTPStatus.FORBIDDEN, "Topic tracking is disabled.")
    connector = name_of(request)
    return json_response({connector: {"topics": request.app[HERDER].topics(connector)}})


async def reset_topics(request: web.Request) -> web.Response:
    tracking = request.app[TOPIC_TRACKING]
    if not tracking.is_on:
        return error_response(HTTPStatus.FORBIDDEN, "Topic tracking is disabled.")
    if not tracking.may_be_reset:
        return error_response(HTTPStatus.FORBIDDEN, "Topic tracking reset is disabled.")
    await request.app[HERDER].reset_topics(name_of(request))
    return web.Response(status=HTTPStatus.ACCEPTED)

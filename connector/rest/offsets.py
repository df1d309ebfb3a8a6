"""The offsets of a connector (KIP-875)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.rest.body import read_offsets
from connector.rest.context import HERDER
from connector.rest.query import name_of
from connector.rest.response import json_response

if TYPE_CHECKING:
    from aiohttp import web


async def get_offsets(request: web.Request) -> web.Response:
    found = await request.app[HERDER].offsets(name_of(request))
    return json_response(
        {
            "offsets": [
                {
                    "partition": {"kafka_topic": each.topic, "kafka_partition": each.partition},
                    "offset": {"kafka_offset": each.offset},
                }
                for each in found
            ]
        }
    )


async def alter_offsets(request: web.Request) -> web.Response:
    is_all = await request.app[HERDER].alter_offsets(name_of(request), await read_offsets(request))
    return _told("altered", is_all=is_all)


async def reset_offsets(request: web.Request) -> web.Response:
    return _told("reset", is_all=await request.app[HERDER].reset_offsets(name_of(request)))


def _told(verb: str, *, is_all: bool) -> web.Response:
    if is_all:
        return json_response({"message": f"The offsets for this connector have been {verb} successfully"})
    message = (
        f"The Connect framework-managed offsets for this connector have been {verb} successfully. However, if"
        f" this connector manages offsets externally, they will need to be manually {verb} in the system that"
        " the connector uses."
    )
    return json_response({"message": message})

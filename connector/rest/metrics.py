"""All metrics in Prometheus' text format, or in OpenMetrics for those who ask for it."""

from __future__ import annotations

import asyncio

from aiohttp import hdrs, web
from prometheus_client.exposition import choose_encoder

from connector.rest.context import METRICS_REGISTRY

PATH = "/metrics"


async def get_metrics(request: web.Request) -> web.Response:
    encode, content_type = choose_encoder(request.headers.get(hdrs.ACCEPT, ""))
    # Thousands of series take milliseconds that the data path should not wait for.
    body = await asyncio.to_thread(encode, request.app[METRICS_REGISTRY])
    return web.Response(body=body, headers={hdrs.CONTENT_TYPE: content_type})

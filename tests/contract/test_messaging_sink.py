"""The messaging sink that the page on plug-ins prints keeps both contracts, against a server of its kind."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from connector.record import TopicPartition
from connector.testing.contract.messaging import MessagingSinkContract
from connector.testing.contract.sinks import FIRST, batch_of, values

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from connector.sinks.dispatch import MessagingSink

PAGE = Path(__file__).parents[2] / "docs" / "plugins.md"
_MOST_LINES = 45


def printed() -> str:
    found = re.search(
        r"`webhook_sink.py`:\n\n```python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL
    )
    assert found
    return found[1]


def load(code: str) -> ModuleType:
    module = ModuleType("webhook_sink")
    sys.modules[module.__name__] = module
    exec(compile(code, "webhook_sink.py", "exec"), module.__dict__)
    return module


class Webhook:
    """Takes what is posted, and refuses as it is told to."""

    def __init__(self) -> None:
        self.taken: list[tuple[TopicPartition, bytes]] = []
        self.to_refuse = 0
        self.answers: list[int] = []

    async def handle(self, request: web.Request) -> web.Response:
        if self.answers:
            return web.Response(status=self.answers.pop(0))
        refused: list[int] = []
        for position, message in enumerate(await request.json()):
            if self.to_refuse:
                self.to_refuse -= 1
                refused.append(position)
                continue
            topic, _, partition = message["from"].rpartition("-")
            self.taken.append((TopicPartition(topic, int(partition)), message["value"].encode()))
        return web.json_response(refused)


class TestWebhookSink(MessagingSinkContract):
    sink_class = load(printed()).WebhookSink

    @pytest.fixture(autouse=True)
    async def _server(self) -> AsyncIterator[None]:
        self.webhook = Webhook()
        app = web.Application()
        app.router.add_post("/", self.webhook.handle)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = site._server.sockets[0].getsockname()  # type: ignore[union-attr]
        yield
        await runner.cleanup()

    def options(self) -> dict[str, str]:
        host, port = self.url
        return {"webhook.url": f"http://{host}:{port}/", "delivery.order": "partition"}

    async def stored(self) -> dict[TopicPartition, list[bytes]]:
        found: dict[TopicPartition, list[bytes]] = {}
        for partition, value in self.webhook.taken:
            found.setdefault(partition, []).append(value)
        return found

    def refuse(self, entries: int) -> None:
        self.webhook.to_refuse = entries

    async def test_a_request_that_is_throttled_is_sent_again(self, sink: MessagingSink) -> None:
        self.webhook.answers = [429, 429]
        await sink.put(batch_of(FIRST, *range(5)))
        await sink.close([FIRST])
        assert (await self.stored())[FIRST] == values(FIRST, *range(5))


def test_the_printed_sink_is_short() -> None:
    code = printed()
    assert ast.parse(code)
    assert len([line for line in code.splitlines() if line.strip()]) <= _MOST_LINES


del MessagingSinkContract

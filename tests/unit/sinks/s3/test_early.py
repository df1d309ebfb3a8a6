"""Objects that end early: counted each, told once a minute."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from structlog.testing import capture_logs

from connector.runtime.context import TaskContext
from connector.sinks.s3.early import Early, EarlyEnds


def test_a_minute_of_early_ends_is_one_line_that_says_what_to_do() -> None:
    async def run() -> None:
        now = 0.0
        ends = EarlyEnds(TaskContext("c", 0, ThreadPoolExecutor(1)), 7, lambda: now)
        with capture_logs() as logs:
            for now in (0.0, 1.0, 59.0, 60.0):  # noqa: B007 - the clock
                ends.count(Early.OPEN_LIMIT)
            ends.count(Early.MEMORY)
        assert [(line["reason"], line["objects"]) for line in logs] == [
            ("open-limit", 1),
            ("open-limit", 3),
            ("memory", 1),
        ]
        assert "file.max.open.objects (7)" in logs[0]["remedy"]

    asyncio.run(run())

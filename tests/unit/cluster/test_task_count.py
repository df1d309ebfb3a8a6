"""How many tasks a connector has whose tasks.max is a reference."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from connector.cluster.config_state import StoredConfig
from connector.cluster.task_count import TaskCounts, written_count
from connector.config_providers.resolver import Resolution

if TYPE_CHECKING:
    from collections.abc import Mapping

CONFIG = {"connector.class": "s3", "topics": "t", "tasks.max": "${env:TASKS}"}


class Provider:
    def __init__(self, value: str) -> None:
        self.value = value
        self.asked = 0

    def resolve(self, options: Mapping[str, str]) -> Resolution:
        self.asked += 1
        if not self.value:
            raise OSError("not there")
        return Resolution(dict.fromkeys(options, self.value))


async def counted(provider: Provider, *offsets: int) -> list[int | None]:
    told = asyncio.Event()
    counts = TaskCounts(provider.resolve, told.set, seconds=60)
    found = []
    for offset in offsets:
        stored = StoredConfig(CONFIG, offset)
        if counts.of("one", stored) is None:
            async with asyncio.timeout(60):
                await told.wait()
            told.clear()
        found.append(counts.of("one", stored))
    await counts.stop()
    return found


def test_a_provider_is_asked_once_for_each_config() -> None:
    provider = Provider("3")
    assert asyncio.run(counted(provider, 7, 7, 8)) == [3, 3, 3]
    assert provider.asked == 2


def test_what_cannot_be_read_or_is_no_number_of_tasks_is_one_task_that_says_so() -> None:
    for value in ("", "many", "0", "2000000000", "${again:x}"):
        assert asyncio.run(counted(Provider(value), 7)) == [1]


def test_what_is_written_out_needs_nobody() -> None:
    assert written_count({**CONFIG, "tasks.max": "4"}) == 4
    assert written_count({**CONFIG, "tasks.max": "four"}) == 1
    assert written_count(CONFIG) is None

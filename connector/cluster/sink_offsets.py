"""The offsets of one connector: read and changed in its group; its sink is told when they were changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector import logs
from connector.cluster.group_offset import GroupOffsets, parse
from connector.cluster.offset import PartitionOffset
from connector.cluster.offset_move import offsets_moved
from connector.config.connector import ConnectorConfig
from connector.config.override import connecting
from connector.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence

    from connector.cluster.group_requests import GroupRequests
    from connector.cluster.offset import OffsetEntry
    from connector.config.schema import RawConfig
    from connector.record import TopicPartition
    from connector.runtime.blueprint import Blueprint
    from connector.settings import WorkerSettings
    from connector.sinks.base import OffsetAndMetadata

log = logs.get(__name__)


class SinkOffsets:
    """What REST reads and changes of a connector's offsets (KIP-875).

    Args:
        group: Where they are.
        connector: Its name.
        draw: Makes a blueprint of its config as it is now, or raises ConfigError.
    """

    def __init__(
        self, group: GroupOffsets, connector: str, draw: Callable[[], Coroutine[Any, Any, Blueprint]]
    ) -> None:
        self._group = group
        self._connector = connector
        self._draw = draw

    async def read(self) -> list[PartitionOffset]:
        found = await self._group.read()
        return [PartitionOffset(where.topic, where.partition, at.offset) for where, at in found.items()]

    async def alter(self, entries: Sequence[OffsetEntry]) -> bool:
        """Whether the sink has confirmed that nothing else keeps offsets; so has :meth:`reset`."""
        offsets = parse(entries)
        former = await self._group.read()
        await self._group.alter(offsets)
        return await self._moved({at: former[at] for at in offsets if at in former})

    async def reset(self) -> bool:
        former = await self._group.read()
        await self._group.delete()
        return await self._moved(former)

    async def _moved(self, former: Mapping[TopicPartition, OffsetAndMetadata]) -> bool:
        """Tell the sink what was committed; it does what it can, and the offsets are changed all the same."""
        try:
            blueprint = await self._draw()
        except ConfigError as error:
            log.warning("sink is not told that offsets changed", connector=self._connector, reason=str(error))
            return False
        return await offsets_moved(blueprint, former)


def group_of(
    name: str, raw: RawConfig, blueprint: Blueprint | None, settings: WorkerSettings, requests: GroupRequests
) -> GroupOffsets:
    """The connector's group; of one that cannot be drawn, too: its offsets may be why."""
    config = blueprint.config if blueprint else ConnectorConfig(raw)
    client = connecting(settings.consumer_config(), blueprint.consumer_config if blueprint else {})
    return GroupOffsets(name, config.group_id, client, requests)

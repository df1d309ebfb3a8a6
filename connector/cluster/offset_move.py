"""Tells a connector's sink that its committed offsets were changed from outside."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from connector import logs
from connector.concealment import conceal
from connector.runtime.check import CheckContext
from connector.sinks.base import OffsetListener

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.record import TopicPartition
    from connector.runtime.blueprint import Blueprint
    from connector.sinks.base import OffsetAndMetadata

log = logs.get(__name__)

TIDY_SECONDS = 30.0


async def offsets_moved(blueprint: Blueprint, former: Mapping[TopicPartition, OffsetAndMetadata]) -> bool:
    """Let the sink tidy up, as far as it can; the offsets are changed in any case.

    Returns:
        Whether the sink says that nothing but Kafka keeps its offsets.
    """
    sink = blueprint.make_sink()
    if not isinstance(sink, OffsetListener):
        return False
    context = CheckContext(blueprint.name, blueprint.config.topics)
    try:
        async with asyncio.timeout(TIDY_SECONDS):
            await sink.offsets_moved(context, former)
    except Exception as error:  # noqa: BLE001 - best effort: it is told, and nothing is lost by it
        reason = conceal(str(error)) or type(error).__name__
        log.warning("what was open at the destination is left there", connector=blueprint.name, reason=reason)
    finally:
        await context.cancel_background()
        await sink.stop()
    return True

"""Asks Kafka about consumer groups in a process of its own for each request, which may fail.

A request to a group's coordinator can end the process that makes it (:mod:`connector.cluster.group_request`
says why), and a worker has tasks to run. All of these requests may be made twice, so one whose process has
ended is made again while there is time.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from confluent_kafka import KafkaError, KafkaException

from connector import logs
from connector.aws.msk import TokenSigner
from connector.cluster import group_request
from connector.record import TopicPartition
from connector.sinks.base import OffsetAndMetadata

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

log = logs.get(__name__)

_AT_ONCE = 4
"""Each takes some 30 MiB while it runs."""
_START_SECONDS = 5.0
_AGAIN_SECONDS = 0.2
_PROGRAM = str(Path(group_request.__file__))


class GroupRequests:
    """A few at a time.

    Args:
        seconds: For one request, waiting for its turn included.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def read(self, group: str, config: Mapping[str, Any]) -> dict[TopicPartition, OffsetAndMetadata]:
        """All that is committed, in order; nothing of a group that does not exist.

        Raises:
            KafkaException: Kafka refused.
            TimeoutError: There was no answer in time.
        """
        told = await self._ask("read", group, config)
        found = {
            TopicPartition(topic, partition): OffsetAndMetadata(offset, metadata)
            for topic, partition, offset, metadata in told
        }
        return dict(sorted(found.items()))

    async def members(self, group: str, config: Mapping[str, Any]) -> list[str]:
        """The client ids of those who are in the group.

        Raises:
            KafkaException: Kafka refused, or there is no such group.
            TimeoutError: There was no answer in time.
        """
        found: list[str] = await self._ask("members", group, config)
        return found

    async def commit(
        self, group: str, config: Mapping[str, Any], offsets: Mapping[TopicPartition, OffsetAndMetadata]
    ) -> None:
        """These; the others stay."""
        await self._ask("commit", group, config, [(*where, *found) for where, found in offsets.items()])

    async def drop(
        self, group: str, config: Mapping[str, Any], partitions: Collection[TopicPartition]
    ) -> None:
        """What is committed for these; the others stay."""
        await self._ask("drop", group, config, [(*where, -1, "") for where in sorted(partitions)])

    async def delete(self, group: str, config: Mapping[str, Any]) -> None:
        """The group."""
        await self._ask("delete", group, config)

    async def _ask(
        self,
        verb: str,
        group: str,
        config: Mapping[str, Any],
        offsets: list[tuple[str, int, int, str]] | None = None,
    ) -> Any:
        deadline = time.monotonic() + self.seconds
        asked: dict[str, Any] = {
            "verb": verb,
            "group": group,
            "config": dict(config),
            "offsets": offsets or [],
        }
        signer = TokenSigner.of(config)
        async with asyncio.timeout(self.seconds + _START_SECONDS), self._turns:
            if signer is not None:
                asked["token"] = await asyncio.to_thread(signer.token)
            while (left := deadline - time.monotonic()) > 0:
                told = await _run(json.dumps({**asked, "seconds": left}).encode())
                if told is not None:
                    return _checked(told)
                await asyncio.sleep(_AGAIN_SECONDS)
        raise TimeoutError


def _checked(told: Any) -> Any:
    if "code" not in told:
        return told["result"]
    if told["code"] == KafkaError._TIMED_OUT:  # noqa: SLF001 - its public name
        raise TimeoutError(told["text"])
    raise KafkaException(KafkaError(told["code"], told["text"]))


async def _run(asked: bytes) -> Any:
    """What the process told; None if it ended before."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",  # its folder's modules are not for it to import
        _PROGRAM,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is for the worker, which then waits for what is under way
    )
    try:
        told, _ = await process.communicate(asked)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        log.warning("a request about a group ended its process, it is made again", code=process.returncode)
        return None
    return json.loads(told)

"""What ``connector offsets`` does: what is committed for a connector, with the state of its uploads."""

from __future__ import annotations

import asyncio
import json
import os
import time
from typing import TYPE_CHECKING, Any

import typer
from confluent_kafka import KafkaException

from connector import logs
from connector.cluster.defaults import Defaults, connection_store
from connector.cluster.group_requests import GroupRequests
from connector.commands.offsets_text import lines
from connector.commands.terminal import Progress
from connector.config.files import read_connector
from connector.config.override import connecting
from connector.error_codes import ErrorCode
from connector.errors import AccessError, ConnectorError, LedgerError
from connector.runtime.blueprint import draw
from connector.runtime.check import CheckContext
from connector.runtime.topic_ids import client_part
from connector.settings import WorkerSettings
from connector.sinks.s3.client import s3_client
from connector.sinks.s3.config import S3Config
from connector.sinks.s3.ledger.account import account
from connector.sinks.s3.ledger.encoding import Reference, decode, decode_object
from connector.sinks.s3.store import ObjectStore

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from connector.record import TopicPartition
    from connector.runtime.blueprint import Blueprint
    from connector.sinks.base import OffsetAndMetadata

_KAFKA_SECONDS = 15.0
_READ_SECONDS = 30.0
_NO_ANSWER = "no answer in time"
_GIVE_THE_FILE = "give the connector's file instead of its name, so that the bucket can be read"


def run(connector: str, *, file: Path | None, worker: Path | None, as_json: bool) -> bool:
    """Print what is committed.

    Args:
        connector: The name.
        file: Its config, if that is known.
        worker: The worker's properties.
        as_json: One JSON object instead of text.

    Returns:
        Whether everything that is committed can be read.

    Raises:
        ConnectorError: The files are at fault, or the brokers do not answer.
    """
    settings = WorkerSettings.load(worker, os.environ)
    logs.configure(level="CRITICAL")
    blueprint = draw(read_connector(file), Defaults(settings, connection_store(settings))) if file else None
    name = blueprint.name if blueprint else connector
    group = blueprint.config.group_id if blueprint else f"connect-{name}"
    consumer = connecting(settings.consumer_config(), blueprint.consumer_config if blueprint else {})
    with Progress() as progress:
        partitions = asyncio.run(_partitions(consumer, group, name, blueprint, progress))
    found = {"connector": name, "group": group, "partitions": partitions}
    typer.echo(json.dumps(found, indent=2, ensure_ascii=False) if as_json else lines(found))
    return not any("fault" in partition for partition in partitions)


async def _partitions(
    consumer: Mapping[str, Any], group: str, name: str, blueprint: Blueprint | None, progress: Progress
) -> list[dict[str, Any]]:
    progress.tell("Asking the brokers …")
    committed = await _committed(consumer, group)
    config = blueprint.make_sink().config if blueprint else None
    if blueprint is None or not isinstance(config, S3Config):
        return [await _partition(where, committed[where], None) for where in sorted(committed)]
    context = CheckContext(name, blueprint.config.topics)
    try:
        async with s3_client(config, context) as client:
            store = ObjectStore(client, config)
            found: list[dict[str, Any]] = []
            for where in sorted(committed):
                progress.tell_of(len(found), len(committed), "partitions read")
                found.append(await _partition(where, committed[where], store))
            return found
    finally:
        await context.cancel_background()


async def _committed(consumer: Mapping[str, Any], group: str) -> Mapping[TopicPartition, OffsetAndMetadata]:
    """Raises AccessError if the brokers do not answer, or refuse; it says what to look at."""
    try:
        return await GroupRequests(_KAFKA_SECONDS).read(group, client_part(consumer))
    except (KafkaException, TimeoutError) as error:
        fact = error.args[0].str() if isinstance(error, KafkaException) else str(error) or _NO_ANSWER
        raise AccessError(
            f"The brokers at {consumer.get('bootstrap.servers')} do not tell the offsets of {group}: {fact}",
            remedy="check bootstrap.servers and the security of the worker's properties, and that its"
            " principal may DESCRIBE the group",
            code=ErrorCode.KAFKA_OFFSETS_UNKNOWN,
        ) from error


async def _partition(
    where: TopicPartition, committed: OffsetAndMetadata, store: ObjectStore | None
) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "topic": where.topic,
        "partition": where.partition,
        "offset": committed.offset,
        "metadata_characters": len(committed.metadata),
    }
    if not committed.metadata:
        return shown
    try:
        found = decode(committed.metadata, where)
        if isinstance(found, Reference):
            shown |= account(found.state, 0) | {"state_object": found.found_in.key}
            del shown["uploads"]
            found = await _whole(found, where, store)
        shown |= account(found, time.time_ns() // 1_000_000)
    except LedgerError as error:
        shown |= {"fault": error.fact, "remedy": error.remedy}
        return shown
    except ConnectorError as error:
        shown |= {"fault": str(error), "remedy": ""}
        return shown
    if found.offset != committed.offset:
        shown |= {
            "fault": f"the state is that of {found.offset}: something else changed or copied the offset",
            "remedy": f"set it to {committed.offset} without metadata, to read on from there",
        }
    return shown


async def _whole(reference: Reference, where: TopicPartition, store: ObjectStore | None) -> Any:
    """With what is in the state object."""
    key = reference.found_in.key
    if store is None:
        raise LedgerError(
            f"The uploads of {where} are in the state object {key}",
            remedy=_GIVE_THE_FILE,
            code=ErrorCode.LEDGER_STATE_UNREAD,
        )
    try:
        async with asyncio.timeout(_READ_SECONDS):
            content = await store.get_state(key, reference.state.bucket)
    except TimeoutError:
        raise LedgerError(
            f"The state object {key} of {where} was not read within {_READ_SECONDS:g} s",
            remedy="check with connector aws check that this machine reaches the bucket",
            code=ErrorCode.LEDGER_STATE_UNREAD,
        ) from None
    if content is None:
        raise LedgerError(
            f"The state object {key} of {where} is missing, or s3:GetObject on it is denied",
            remedy="look at it with an identity that may list the bucket",
            code=ErrorCode.LEDGER_STATE_MISSING,
        )
    state, _ = decode_object(content, reference, where)
    return state

"""Lets go of uploads that a commit announced, when somebody changes the committed offset from outside.

Whoever does so sees the first offset that is not visible, and decides by it: whatever was announced beyond,
sealed or not, never becomes visible.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector import logs
from connector.errors import ConnectorError
from connector.sinks.s3.ledger.encoding import Reference, decode, decode_object

if TYPE_CHECKING:
    from connector.record import TopicPartition
    from connector.sinks.s3.ledger.state import State
    from connector.sinks.s3.store import ObjectStore

log = logs.get(__name__)


async def abandon(partition: TopicPartition, metadata: str, store: ObjectStore, bucket: str) -> None:
    """Abort the uploads, and delete the state object; what S3 refuses is left to its lifecycle rules.

    Args:
        partition: Of the offset.
        metadata: What was committed with it.
        store: With access to ``bucket``.
        bucket: The one of the config.

    Raises:
        ConnectorError: The metadata, or the state object that they name, cannot be read.
    """
    found = decode(metadata, partition)
    state = await _whole(found, partition, store, bucket) if isinstance(found, Reference) else found
    for upload in state.uploads:
        if upload.upload_id:
            await _abort(
                store, upload.key, upload.upload_id, _elsewhere(upload.bucket or state.bucket, bucket)
            )


async def _whole(found: Reference, partition: TopicPartition, store: ObjectStore, bucket: str) -> State:
    key, there = found.found_in.key, _elsewhere(found.state.bucket, bucket)
    content = await store.get_state(key, there)
    if content is None:
        log.warning("state object is not there, so its uploads stay", key=key)
        return found.state
    state, _ = decode_object(content, found, partition)
    try:
        await store.delete_state(key, there)
    except ConnectorError as error:
        log.info("state object is left to a lifecycle rule", key=key, error=str(error))
    return state


async def _abort(store: ObjectStore, key: str, upload_id: str, bucket: str) -> None:
    try:
        await store.abort_upload(key, upload_id, bucket)
    except ConnectorError as error:
        log.warning("upload is left to a lifecycle rule", key=key, error=str(error))
    else:
        log.info("upload aborted, since its offset was changed", key=key)


def _elsewhere(bucket: str, own: str) -> str:
    return "" if bucket == own else bucket

"""A committed state as operators read it: plain values, as JSON has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from connector.sinks.s3.ledger.state import State, UploadState


def account(state: State, now_ms: int) -> dict[str, Any]:
    """The cut, and every upload.

    Args:
        state: Whole.
        now_ms: Ages are counted up to it.
    """
    return {
        "cut": state.cut,
        "topic_id": state.topic_id,
        "bucket": state.bucket,
        "uploads": [_upload(found, state.bucket, now_ms) for found in state.uploads],
    }


def _upload(found: UploadState, bucket: str, now_ms: int) -> dict[str, Any]:
    spans = [span for span in (found.durable, found.tail) if span]
    born_ms = found.created_ms or found.clock.opened_ms
    return {
        "state": _state(found),
        "bucket": found.bucket or bucket,
        "key": found.key,
        "upload_id": found.upload_id,
        "parts": found.parts.count,
        "bytes": found.parts.size_bytes + found.tail_bytes,
        "tail_bytes": found.tail_bytes,
        "records": sum(span.records for span in spans),
        "first_offset": spans[0].first if spans else None,
        "end_offset": spans[-1].end if spans else None,
        "age_seconds": max(0, now_ms - born_ms) // 1000 if born_ms else None,
        "of_an_earlier_topic": found.is_detached,
    }


def _state(found: UploadState) -> str:
    if found.is_sealed:
        return "sealed"
    return "closing" if found.is_closing else "open"

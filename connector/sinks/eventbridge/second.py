"""The event bus of 2026 (version 2; ``eventbridgev2`` in botocore): its entries, its request, its states.

Its protocol is CBOR, which botocore writes; so requests go through botocore's own client. All that is known
of it here is its published model: no server of ours has ever been AWS's.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from connector.sinks.dispatch import Limits
from connector.sinks.eventbridge.config import BY_CONTENT, NOT_AT_ALL
from connector.sinks.eventbridge.legal import REQUEST_BYTES
from connector.sinks.messaging.expression import Expression
from connector.sinks.messaging.fifo import legal_id

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connector.sinks.eventbridge.config import EventBridgeConfig
    from connector.sinks.eventbridge.entries import Event, Render, Write

SERVICE = "eventbridgev2"
LIMITS = Limits(entries=100, request_bytes=REQUEST_BYTES, entry_bytes=REQUEST_BYTES)
"""100 entries are of the model, PutEventsRequestEntryList. It names no bytes: those of the classic bus."""
READY = frozenset({"ACTIVE", "UPDATING", "UPDATE_FAILED"})
BECOMING = "CREATING"


class SecondWriter:
    """Entries of PutEvents as botocore wants them."""

    def __init__(self, config: EventBridgeConfig) -> None:
        self._group = Expression(config.event_group_id) if config.event_group_id else None
        self._id = (
            Expression(config.deduplication_id)
            if config.deduplication_id not in {BY_CONTENT, NOT_AT_ALL}
            else None
        )

    @property
    def columns(self) -> set[str]:
        return set().union(*(found.columns for found in (self._group, self._id) if found))

    def begin(self, render: Render) -> Write:
        groups = render("aws.eventbridge.event.group.id", self._group) if self._group else None
        ids = render("aws.eventbridge.deduplication.id", self._id) if self._id else None

        def write(event: Event, _bus: str) -> dict[str, Any]:
            entry = _entry(event)
            metadata = {}
            if groups and (group := groups[event.position]):
                metadata["EventGroupId"] = legal_id(group)
            if ids and (id_ := ids[event.position]):
                metadata["DeduplicationId"] = legal_id(id_)
            return {**entry, "SystemMetadata": metadata} if metadata else entry

        return write


def request(config: EventBridgeConfig, bus: str, entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The parameters of PutEvents."""
    whole: dict[str, Any] = {"EventBusArn": bus, "Entries": list(entries)}
    if config.deduplication_id == BY_CONTENT:
        whole["DeduplicationConfiguration"] = {"DeduplicationType": "CONTENT_BASED"}
    return whole


def _entry(event: Event) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "Source": event.source,
        "DetailType": event.detail_type,
        "Detail": event.detail.decode(),
    }
    if event.time_ms is not None:
        entry["Time"] = datetime.fromtimestamp(event.time_ms // 1000, UTC)
    if event.resources:
        entry["Resources"] = list(event.resources)
    return entry

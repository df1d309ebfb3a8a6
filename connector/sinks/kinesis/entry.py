"""Records as PutRecords takes them; pure. One by one, or folded into aggregated records."""

from __future__ import annotations

from binascii import b2a_base64
from typing import TYPE_CHECKING, NamedTuple

from connector.sinks.dispatch import Entry, Order
from connector.sinks.kinesis.aggregation import Aggregation
from connector.sinks.kinesis.config import PARTITION, RANDOM, is_hash_key
from connector.sinks.kinesis.key import Key, hash_key_of, legal_key, random_key
from connector.sinks.messaging.draft import Draft
from connector.sinks.messaging.expression import Expression
from connector.sinks.messaging.null import sent_bodies
from connector.sinks.messaging.oversize import Oversize

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    from connector.record import RecordBatch
    from connector.sinks.dispatch import Prepared
    from connector.sinks.kinesis.config import KinesisConfig
    from connector.sinks.kinesis.stream import Stream
    from connector.sinks.messaging.expression import Column

_WHOLE_PARTITION = ""


class _Message(NamedTuple):
    """A record that will be sent, alone or with others."""

    offset: int
    data: bytes
    key: Key


class EntryMaker:
    """Makes the entries of batches, as a connector's config says."""

    def __init__(self, config: KinesisConfig, origin: str) -> None:
        """Args: ``origin`` is the class that errant records name."""
        self._config = config
        self._origin = origin
        self._oversize = Oversize(config)
        is_random = config.partition_key == RANDOM
        hash_key = config.explicit_hash_key
        self._partition_key = None if is_random else Expression(config.partition_key)
        self._by_partition = hash_key == PARTITION
        self._hash_key = None if hash_key is None or self._by_partition else Expression(hash_key)

    @property
    def columns(self) -> set[str]:
        expressions = [found for found in (self._partition_key, self._hash_key) if found]
        return set(self._config.body_columns).union(*(expression.columns for expression in expressions))

    def prepare(self, batch: RecordBatch, stream: Stream) -> Prepared:
        """Every record of the batch as an entry, or in one, or as what became of it."""
        draft = Draft(batch, self._origin)
        order = self._config.order_of(Order.NONE if stream.spreads_by_itself else self._config.default_order)
        messages = self._messages(draft, stream)
        if self._config.aggregates:
            draft.prepared.entries = self._folded(messages, stream, order)
        else:
            draft.prepared.entries = [_single(message, stream.destination, order) for message in messages]
        return draft.prepared

    # ---- records ----

    def _messages(self, draft: Draft, stream: Stream) -> Iterator[_Message]:
        bodies = sent_bodies(draft, self._config.message_body, self._config.null_policy)
        keys = self._keys(draft)
        for position, (offset, body, key) in enumerate(zip(draft.batch.offsets, bodies, keys, strict=True)):
            if key is None:
                continue
            data = body.encode() if isinstance(body, str) else body
            if len(data) + key.size_bytes > stream.record_bytes and self._oversize.acts:
                if self._oversize.passes_over(draft):
                    continue
                data = self._oversize.pointer(draft, position, data).encode()
            yield _Message(offset, data, key)

    # ---- keys ----

    def _keys(self, draft: Draft) -> list[Key | None]:
        """The key of each record; None of those that have failed."""
        partition = draft.batch.topic_partition
        names = draft.texts("aws.kinesis.partition.key", self._partition_key)
        hashes: Column
        if self._by_partition:
            hashes = [hash_key_of(partition)] * len(names)
        else:
            hashes = draft.texts("aws.kinesis.explicit.hash.key", self._hash_key)
        known: dict[tuple[str | None, str | None], Key | None] = {}
        keys: list[Key | None] = []
        for position, place in enumerate(zip(names, hashes, strict=True)):
            key = known.get(place)
            if key is None:
                name, hash_key = place
                key = _key(name, hash_key, random_key(partition, draft.batch.offsets[position]))
                if key is None:
                    draft.fail(
                        position,
                        f"aws.kinesis.explicit.hash.key gives {hash_key!r}, which is no decimal number from 0"
                        " to 2^128-1 without leading zeros",
                    )
                elif name is not None:
                    known[place] = key
            keys.append(None if draft.has_failed(position) else key)
        return keys

    # ---- entries ----

    def _folded(self, messages: Iterator[_Message], stream: Stream, order: Order) -> list[Entry]:
        """Aggregated records of one key each, in the order of their first records."""
        most_bytes = min(self._config.aggregation_bytes, stream.record_bytes)
        most_records = self._config.aggregation_records
        entries: list[Entry] = []
        open_: dict[Hashable, _Fold] = {}
        for message in messages:
            group = _group(message.key, order)
            fold = open_.get(group)
            if fold is not None and fold.takes(message, most_bytes, most_records):
                fold.add(message)
                continue
            if fold is not None:
                entries.append(fold.entry(stream.destination, order))
            open_[group] = _Fold(message)
        entries += [fold.entry(stream.destination, order) for fold in open_.values()]
        return sorted(entries, key=lambda entry: entry.offset)


class _Fold:
    """Records that may become one."""

    def __init__(self, first: _Message) -> None:
        self._first = first
        self._offsets: list[int] = []
        key = first.key
        self._aggregation = Aggregation(key.partition_key, key.explicit_hash_key)
        self._aggregation.add(first.data)

    def takes(self, message: _Message, most_bytes: int, most_records: int) -> bool:
        if self._first.key.place != message.key.place:
            return False
        size = self._aggregation.size_with(message.data) + self._first.key.size_bytes
        return size <= most_bytes and len(self._offsets) + 1 < most_records

    def add(self, message: _Message) -> None:
        self._offsets.append(message.offset)
        self._aggregation.add(message.data)

    def entry(self, destination: str, order: Order) -> Entry:
        """A record that is alone stays as it is, which consumers take as well."""
        first = self._first
        if not self._offsets:
            return _single(first, destination, order)
        folded = first._replace(data=self._aggregation.encode())
        return _single(folded, destination, order, self._offsets)


def _single(message: _Message, destination: str, order: Order, folded: Sequence[int] = ()) -> Entry:
    offset, data, key = message
    payload = b'{"Data":"' + b2a_base64(data, newline=False) + key.tail
    size_bytes, order_key = len(data) + key.size_bytes, _order_key(key, order)
    return Entry(offset, payload, size_bytes, order_key, destination, folded=folded, held_bytes=len(payload))


def _order_key(key: Key, order: Order) -> Hashable:
    if order == Order.KEY:
        return None if key.is_random else key.partition_key
    return _WHOLE_PARTITION if order == Order.PARTITION else None


def _group(key: Key, order: Order) -> Hashable:
    """Of one group only the last fold is open, so that what is in order stays so."""
    order_key = _order_key(key, order)
    return key.place if order_key is None else order_key


def _key(name: str | None, hash_key: str | None, random: str) -> Key | None:
    if hash_key is not None and not is_hash_key(hash_key):
        return None
    if name is None:
        return Key.of(random, hash_key, is_random=True)
    return Key.of(legal_key(name), hash_key)

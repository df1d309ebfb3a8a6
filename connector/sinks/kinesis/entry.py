"""Records as PutRecords takes them; pure. One by one, or folded into aggregated records."""

from __future__ import annotations

from binascii import b2a_base64
from typing import TYPE_CHECKING, NamedTuple

from connector.errors import RecordError
from connector.sinks.dispatch import Entry, Order, Prepared
from connector.sinks.kinesis.aggregation import Aggregation
from connector.sinks.kinesis.config import PARTITION, RANDOM, is_hash_key
from connector.sinks.kinesis.key import Key, hash_key_of, legal_key, random_key
from connector.sinks.messaging.body import ENVELOPE, bodies, envelopes, nulls
from connector.sinks.messaging.config import FAIL, S3, SKIP, MessagingConfig
from connector.sinks.messaging.expression import Expression
from connector.sinks.messaging.pointer import object_key, pointer

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    from connector.record import RecordBatch
    from connector.sinks.kinesis.config import KinesisConfig
    from connector.sinks.kinesis.stream import Stream

    Column = Sequence[str | None]

_WHOLE_PARTITION = ""


class _Message(NamedTuple):
    """A record that will be sent, alone or with others."""

    offset: int
    data: bytes
    key: Key


class EntryMaker:
    """Makes the entries of batches, as a connector's config says."""

    def __init__(self, config: KinesisConfig) -> None:
        self._config = config
        is_random = config.partition_key == RANDOM
        hash_key = config.explicit_hash_key
        self._partition_key = None if is_random else Expression(config.partition_key)
        self._by_partition = hash_key == PARTITION
        self._hash_key = None if hash_key is None or self._by_partition else Expression(hash_key)
        # Of an envelope a null value is no gap: unless somebody says so, it is sent like any other.
        is_gap = config.message_body != ENVELOPE or config.is_set(MessagingConfig.null_values)
        self._null_values = config.null_values if is_gap else ENVELOPE

    @property
    def columns(self) -> set[str]:
        expressions = [found for found in (self._partition_key, self._hash_key) if found]
        return set(self._config.body_columns).union(*(expression.columns for expression in expressions))

    def prepare(self, batch: RecordBatch, stream: Stream) -> Prepared:
        """Every record of the batch as an entry, or in one, or as what became of it."""
        prepared = Prepared()
        order = self._config.order_of(Order.NONE if stream.spreads_by_itself else self._config.default_order)
        messages = self._messages(batch, stream, prepared)
        if self._config.aggregates:
            prepared.entries = self._folded(messages, stream, order)
        else:
            prepared.entries = [_single(message, stream.destination, order) for message in messages]
        return prepared

    # ---- records ----

    def _messages(self, batch: RecordBatch, stream: Stream, prepared: Prepared) -> Iterator[_Message]:
        data = self._data(batch, prepared)
        faults: dict[int, RecordError] = {}
        keys = self._keys(batch, faults)
        for offset, body, key in zip(batch.offsets, data, keys, strict=True):
            if body is None:
                continue
            if key is None:
                prepared.failed[offset] = faults[offset]
                continue
            if len(body) + key.size_bytes > stream.record_bytes:
                pointed = self._oversized(batch, offset, body, prepared)
                if pointed is None:
                    continue
                yield _Message(offset, pointed, key)
            else:
                yield _Message(offset, body, key)

    def _data(self, batch: RecordBatch, prepared: Prepared) -> list[bytes | None]:
        """The data of each record; None of those that are dealt with."""
        data: list[bytes | None] = [
            body.encode() if isinstance(body, str) else body
            for body in bodies(batch, self._config.message_body)
        ]
        if self._config.message_body == ENVELOPE == self._null_values:
            return data
        for index, is_null in enumerate(nulls(batch.values)):
            if is_null:
                data[index] = self._of_null(batch, index, prepared)
        return data

    def _of_null(self, batch: RecordBatch, index: int, prepared: Prepared) -> bytes | None:
        if self._null_values == ENVELOPE:
            return envelopes(batch.select([index]))[0]
        if self._null_values == SKIP:
            prepared.pass_over("null_value")
        else:
            prepared.failed[batch.offsets[index]] = _fault(
                "the record has no value, and behavior.on.null.values is fail"
            )
        return None

    def _oversized(self, batch: RecordBatch, offset: int, data: bytes, prepared: Prepared) -> bytes | None:
        """The data in place of what is too large; None if there is none, or the dispatcher will refuse it."""
        policy = self._config.oversize_policy
        if policy == FAIL:
            return data
        if policy == SKIP:
            prepared.pass_over("too_large")
            return None
        assert policy == S3  # noqa: S101 - there is no other
        place = object_key(self._config.oversize_prefix, batch.topic_partition, offset)
        prepared.attachments[place] = data
        return pointer(self._config.oversize_bucket or "", place).encode()

    # ---- keys ----

    def _keys(self, batch: RecordBatch, faults: dict[int, RecordError]) -> list[Key | None]:
        """The key of each record; None of those that cannot have one, whose ``faults`` are added."""
        names = self._rendered("aws.kinesis.partition.key", self._partition_key, batch, faults)
        hashes: Column
        if self._by_partition:
            hashes = [hash_key_of(batch.topic_partition)] * len(batch)
        else:
            hashes = self._rendered("aws.kinesis.explicit.hash.key", self._hash_key, batch, faults)
        known: dict[tuple[str | None, str | None], Key | None] = {}
        keys: list[Key | None] = []
        for offset, name, hash_key in zip(batch.offsets, names, hashes, strict=True):
            place = name, hash_key
            key = known.get(place)
            if key is None:
                key = _key(name, hash_key, random_key(batch.topic_partition, offset))
                if key is None:
                    faults[offset] = _fault(
                        f"aws.kinesis.explicit.hash.key gives {hash_key!r}, which is no decimal number from 0"
                        " to 2^128-1 without leading zeros"
                    )
                elif name is not None:
                    known[place] = key
            keys.append(None if offset in faults else key)
        return keys

    @staticmethod
    def _rendered(
        option: str, expression: Expression | None, batch: RecordBatch, faults: dict[int, RecordError]
    ) -> Column:
        if expression is None:
            return [None] * len(batch)
        try:
            return expression.render(batch)
        except ValueError:
            return list(_one_by_one(option, expression, batch, faults))

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
    return Entry(
        offset, payload, len(data) + key.size_bytes, _order_key(key, order), destination, folded=folded
    )


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


def _one_by_one(
    option: str, expression: Expression, batch: RecordBatch, faults: dict[int, RecordError]
) -> Iterator[str | None]:
    """As of the whole batch, to find the records at fault."""
    for index, offset in enumerate(batch.offsets):
        try:
            yield expression.render(batch.select([index]))[0]
        except ValueError as error:
            faults[offset] = _fault(f"{option} looks into the record, which {error}")
            yield None


def _fault(message: str) -> RecordError:
    return RecordError(message, stage="TASK_PUT", origin="KinesisSink")

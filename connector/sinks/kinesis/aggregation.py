"""Several records in the data of one, in the format of Amazon's Kinesis Producer Library (KPL).

The format, from the KPL's document "KPL Aggregated Record Format": four magic bytes, the protobuf message
``AggregatedRecord``, and its MD5. Consumers of the Kinesis Client Library, and the deaggregation modules
for Lambda, take it apart.

They drop a record whose own key does not belong to the shard that it was read from, which is how they see
each record once while a stream is resharded. So all records of one message have its very key.
"""

from __future__ import annotations

import hashlib

_MAGIC = b"\xf3\x89\x9a\xc2"
_DIGEST_BYTES = 16

# AggregatedRecord: repeated string partition_key_table = 1, explicit_hash_key_table = 2; repeated Record
# records = 3. Record: required uint64 partition_key_index = 1, optional uint64 explicit_hash_key_index = 2,
# required bytes data = 3. A tag is the number of the field, shifted by three, and 2 for what has a length.
_PARTITION_KEY, _EXPLICIT_HASH_KEY, _RECORD, _DATA = b"\x0a", b"\x12", b"\x1a", b"\x1a"
_FIRST_PARTITION_KEY, _FIRST_EXPLICIT_HASH_KEY = b"\x08\x00", b"\x10\x00"


class Aggregation:
    """A message under construction, of records with one key."""

    def __init__(self, partition_key: str, explicit_hash_key: str | None) -> None:
        self._parts = [_field(_PARTITION_KEY, partition_key.encode())]
        self._indices = _FIRST_PARTITION_KEY
        if explicit_hash_key is not None:
            self._parts.append(_field(_EXPLICIT_HASH_KEY, explicit_hash_key.encode()))
            self._indices += _FIRST_EXPLICIT_HASH_KEY
        self._size_bytes = len(_MAGIC) + _DIGEST_BYTES + sum(map(len, self._parts))

    def size_with(self, data: bytes) -> int:
        """Bytes of the whole if this were added, exactly."""
        record = len(self._indices) + 1 + _varint_bytes(len(data)) + len(data)
        return self._size_bytes + 1 + _varint_bytes(record) + record

    def add(self, data: bytes) -> None:
        part = _field(_RECORD, self._indices + _field(_DATA, data))
        self._parts.append(part)
        self._size_bytes += len(part)

    def encode(self) -> bytes:
        message = b"".join(self._parts)
        return _MAGIC + message + hashlib.md5(message, usedforsecurity=False).digest()


def _field(tag: bytes, value: bytes) -> bytes:
    return tag + _varint(len(value)) + value


def _varint(number: int) -> bytes:
    """Seven bits a byte, the lowest first, with the high bit on all but the last."""
    encoded = bytearray()
    while number > 0x7F:  # noqa: PLR2004 - what fits seven bits
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def _varint_bytes(number: int) -> int:
    return max(1, (number.bit_length() + 6) // 7)

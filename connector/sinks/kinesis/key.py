"""Where a record goes within its stream: its partition key, and the hash key if one is given."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

import msgspec

if TYPE_CHECKING:
    from connector.record import TopicPartition

_MOST_CHARACTERS = 256


class Key(NamedTuple):
    """A place within the stream, encoded once for all records that go there.

    Attributes:
        partition_key: Legal: 1 to 256 characters.
        explicit_hash_key: A legal one, or None.
        is_random: Nothing depends on it; records may have another.
        tail: What follows the data in a record of PutRecords.
        size_bytes: What it adds to the size of a record.
    """

    partition_key: str
    explicit_hash_key: str | None
    is_random: bool
    tail: bytes
    size_bytes: int

    @property
    def place(self) -> tuple[str | None, str | None]:
        """Records of one place may become one record."""
        return None if self.is_random else self.partition_key, self.explicit_hash_key

    @classmethod
    def of(cls, partition_key: str, explicit_hash_key: str | None, *, is_random: bool = False) -> Key:
        tail = b'","PartitionKey":' + msgspec.json.encode(partition_key)
        if explicit_hash_key is not None:
            tail += b',"ExplicitHashKey":"' + explicit_hash_key.encode() + b'"'
        return cls(partition_key, explicit_hash_key, is_random, tail + b"}", len(partition_key.encode()))


def legal_key(text: str) -> str:
    """The text itself if it may be a partition key, else its SHA-256 in hexadecimal, which spreads as well.

    Characters are counted as Java does, in units of UTF-16, so that no reading of the limit refuses it.
    """
    units = len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2
    if 1 <= units <= _MOST_CHARACTERS and (text.isascii() or _is_unicode(text)):
        return text
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def random_key(partition: TopicPartition, offset: int) -> str:
    """A key of the record's own, by its place: MD5 spreads it, and sent again it goes the same way."""
    return f"{partition.partition}-{offset}"


def hash_key_of(partition: TopicPartition) -> str:
    """The place of a partition: MD5, as Kinesis makes of a partition key with this text.

    The partition's number would do no good: shards share out all numbers of 128 bits, so that every small
    one is of the first shard.
    """
    digest = hashlib.md5(str(partition).encode(), usedforsecurity=False).digest()
    return str(int.from_bytes(digest, "big"))


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True

from __future__ import annotations

import hashlib
from collections import Counter

import msgspec
import pytest

from connector.record import TopicPartition
from connector.sinks.kinesis.config import is_hash_key
from connector.sinks.kinesis.key import Key, hash_key_of, legal_key, random_key
from connector.testing.kinesis import shard_of


@pytest.mark.parametrize("text", ["a", "a" * 256, "é" * 256, "😀" * 128, '\x00\n"\\'])
def test_keys_of_1_to_256_characters_stay(text: str) -> None:
    assert legal_key(text) == text


@pytest.mark.parametrize("text", ["", "a" * 257, "é" * 257, "😀" * 129])
def test_other_keys_are_their_sha_256(text: str) -> None:
    assert legal_key(text) == hashlib.sha256(text.encode()).hexdigest()


def test_a_key_that_is_no_unicode_becomes_one_that_is() -> None:
    assert len(legal_key("\ud800")) == 64
    assert legal_key("\ud800") != legal_key("\ud801")


def test_a_key_is_encoded_as_json_and_counted_in_bytes() -> None:
    key = Key.of('ü"\n', "17")
    assert msgspec.json.decode(b'{"Data":"' + key.tail) == {
        "Data": "",
        "PartitionKey": 'ü"\n',
        "ExplicitHashKey": "17",
    }
    assert key.size_bytes == len('ü"\n'.encode())


def test_random_keys_spread_evenly_and_stay_the_same_when_a_record_is_sent_again() -> None:
    partition = TopicPartition("orders", 3)
    keys = [random_key(partition, offset) for offset in range(8000)]
    assert keys == [random_key(partition, offset) for offset in range(8000)]
    assert len(set(keys)) == 8000
    shards = Counter(shard_of(key, 8) for key in keys)
    assert all(900 < records < 1100 for records in shards.values()), shards


def test_partitions_spread_over_the_whole_range_of_hash_keys() -> None:
    hashes = [hash_key_of(TopicPartition("orders", partition)) for partition in range(200)]
    assert all(map(is_hash_key, hashes))
    shards = Counter(int(hash_key) * 4 >> 128 for hash_key in hashes)
    assert set(shards) == {0, 1, 2, 3}
    assert min(shards.values()) > 25


def test_a_partition_is_where_its_name_as_a_partition_key_would_be() -> None:
    partition = TopicPartition("orders", 7)
    assert int(hash_key_of(partition)) * 16 >> 128 == shard_of("orders-7", 16)

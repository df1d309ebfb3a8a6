"""Records that are read again by offset: those that are gone, and those that are not shown yet."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

import pytest
from confluent_kafka import TopicPartition as KafkaTopicPartition
from confluent_kafka.admin import AdminClient

from connector import logs
from connector.errors import RetriableError
from connector.record import TopicPartition
from connector.runtime.originals import Originals

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.testing.kafka import CreateTopic, KafkaBroker, Produce

pytestmark = pytest.mark.real_kafka


@pytest.fixture
def originals(kafka: KafkaBroker) -> Iterator[Originals]:
    found = Originals(
        {"bootstrap.servers": kafka.bootstrap_servers},
        threading.Event(),
        logging.LoggerAdapter(logs.LIBRDKAFKA, {}),
    )
    yield found
    found.close()


def test_a_record_that_is_not_shown_for_a_moment_is_waited_for(
    originals: Originals, topic: CreateTopic, produce: Produce
) -> None:
    # To a consumer it is as behind a leader that does not know yet how far its replicas are.
    name = topic(1)
    produce(name, [b"0", b"1"], partition=0)
    found = originals.read(TopicPartition(name, 0), [1, 2])
    assert next(found).value == b"1"
    later = threading.Timer(1, produce, [name, [b"2", b"3"], 0])
    later.start()
    assert [each.value for each in found] == [b"2"]
    later.join()


def test_records_that_retention_took_are_not_waited_for(
    kafka: KafkaBroker, originals: Originals, topic: CreateTopic, produce: Produce
) -> None:
    name = topic(1)
    produce(name, [b"0", b"1", b"2", b"3"], partition=0)
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
    for done in admin.delete_records([KafkaTopicPartition(name, 0, 3)]).values():
        done.result()
    where = TopicPartition(name, 0)
    assert [found.value for found in originals.read(where, [1, 3])] == [b"3"]
    assert list(originals.read(where, [0, 2])) == []


def test_records_of_a_topic_that_was_made_again_are_not_waited_for(
    originals: Originals, topic: CreateTopic, produce: Produce
) -> None:
    name = topic(1)
    produce(name, [b"0"], partition=0)
    assert list(originals.read(TopicPartition(name, 0), [7, 8])) == []


def test_it_ends_when_nobody_waits_any_more(kafka: KafkaBroker, topic: CreateTopic) -> None:
    stopping = threading.Event()
    adapter = logging.LoggerAdapter(logs.LIBRDKAFKA, {})
    originals = Originals({"bootstrap.servers": kafka.bootstrap_servers}, stopping, adapter)
    stopping.set()
    with pytest.raises(RetriableError, match="could not be read again"):
        list(originals.read(TopicPartition(topic(1), 0), [0]))
    originals.close()

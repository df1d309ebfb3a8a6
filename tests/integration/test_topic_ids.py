"""What the brokers say of topics, by which a topic that was made again is told from the one before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from connector.runtime.consumer import DEFAULTS
from connector.runtime.topic_ids import TopicIds

if TYPE_CHECKING:
    from connector.testing.kafka import CreateTopic, KafkaBroker


@pytest.mark.real_kafka
def test_every_topic_has_an_id_of_its_own(kafka: KafkaBroker, topic: CreateTopic) -> None:
    names = [topic(1), topic(1)]
    ids = TopicIds({**DEFAULTS, "bootstrap.servers": kafka.bootstrap_servers, "group.id": "any"})
    found = ids.of(names)
    assert set(found) == set(names)
    assert len(set(found.values())) == 2
    assert all(found.values())

"""What librdkafka has to say of the dead letter queue goes through the worker's log, and tells of whom."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

import pytest

from connector import logs
from connector.errors import RetriableError
from connector.runtime.dead_letter_producer import PRODUCER_DEFAULTS, DeadLetterProducer
from connector.runtime.dead_letter_topic import DeadLetterTopic
from connector.runtime.originals import Originals

if TYPE_CHECKING:
    from collections.abc import Callable

# Of SASL without SASL it warns as soon as a client is made.
CLIENT: dict[str, Any] = {"bootstrap.servers": "127.0.0.1:1", "sasl.mechanism": "PLAIN"}
LINES = logging.LoggerAdapter(logs.LIBRDKAFKA, {"connector": "orders", "task": 3})


def _producer(stopping: threading.Event) -> None:
    DeadLetterProducer({**CLIENT, **PRODUCER_DEFAULTS}, "bad", stopping, LINES).poll()


def _originals(stopping: threading.Event) -> None:
    Originals(CLIENT, stopping, LINES).poll()


def _topic(stopping: threading.Event) -> None:
    stopping.set()
    with pytest.raises(RetriableError, match="bad"):
        DeadLetterTopic(CLIENT, "bad", 1, stopping, LINES).ensure()


@pytest.mark.parametrize("make", [_producer, _originals, _topic])
def test_what_librdkafka_has_to_say_goes_through_the_workers_log(
    make: Callable[[threading.Event], None],
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    make(threading.Event())
    (told,) = (record for record in caplog.records if "sasl.mechanism" in record.getMessage())
    assert (told.name, vars(told)["connector"], vars(told)["task"]) == ("librdkafka", "orders", 3)
    assert "sasl.mechanism" not in capfd.readouterr().err

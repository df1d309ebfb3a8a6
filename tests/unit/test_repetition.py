"""Lines of an outage: the first at once, then one in a while."""

from __future__ import annotations

import logging

import pytest

from connector import logs
from connector.repetition import SECONDS, Repetitions, Seldom


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def repetitions(clock: Clock) -> Repetitions:
    return Repetitions(clock=clock)


def line(text: str, level: int = logging.ERROR, task: int = 0) -> logging.LogRecord:
    record = logging.LogRecord("librdkafka", level, "", 0, text, (), None)
    record.task = task
    return record


def test_the_same_is_told_at_once_and_then_with_how_often_it_came(
    clock: Clock, repetitions: Repetitions
) -> None:
    assert [repetitions.untold("down") for _ in range(4)] == [0, None, None, None]
    clock.now = SECONDS
    assert repetitions.untold("down") == 3
    clock.now = 2 * SECONDS
    assert repetitions.untold("down") == 0


def test_something_else_is_told_meanwhile(repetitions: Repetitions) -> None:
    assert (repetitions.untold("down"), repetitions.untold("refused")) == (0, 0)


def test_what_is_remembered_has_a_bound(repetitions: Repetitions) -> None:
    for number in range(5000):
        repetitions.untold(number)
    assert len(repetitions._last) == 1000
    assert repetitions.untold(4999) is None


def test_lines_that_differ_by_the_moment_alone_are_the_same(clock: Clock, repetitions: Repetitions) -> None:
    seldom = Seldom(repetitions)
    refused = "[thrd:b1:9092/1]: Connect failed: refused (after {}ms in state CONNECT, {} identical error(s))"
    assert seldom.filter(line(refused.format(0, 1)))
    assert not seldom.filter(line(refused.format(12, 30)))
    assert seldom.filter(line(refused.format(0, 1).replace("b1", "b2"))), "another broker"
    assert seldom.filter(line(refused.format(0, 1), task=1)), "another task"
    clock.now = SECONDS
    again = line(refused.format(3, 2))
    assert seldom.filter(again)
    assert again.getMessage() == f"{refused.format(3, 2)} (and 1 more like this)"


def test_librdkafka_is_heard_seldom_however_often_logging_is_configured() -> None:
    former = list(logs.LIBRDKAFKA.filters)
    try:
        logs.configure()
        logs.configure()
        (seldom,) = logs.LIBRDKAFKA.filters
        assert isinstance(seldom, Seldom)
    finally:
        logs.LIBRDKAFKA.filters[:] = former

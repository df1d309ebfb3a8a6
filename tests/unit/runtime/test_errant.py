from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, cast

import pytest
from structlog.testing import capture_logs

from connector import metrics
from connector.config.connector import ConnectorConfig
from connector.errors import RecordError
from connector.record import TopicPartition
from connector.runtime.errant import ErrantRecords, ToleranceExceededError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connector.runtime.dead_letters import DeadLetterQueue

ORDERS = TopicPartition("orders", 3)


@pytest.fixture
def errant(monkeypatch: pytest.MonkeyPatch) -> Callable[..., ErrantRecords]:
    monkeypatch.setattr("connector.runtime.errant.time.monotonic", lambda: 100.0)

    def errant(**options: str) -> ErrantRecords:
        raw = {"name": "errant-test", "connector.class": "s3", "topics": "orders"}
        more = {name.replace("_", "."): value for name, value in options.items()}
        return ErrantRecords(ConnectorConfig.parse({**raw, **more}), 0)

    return errant


def failed(*offsets: int) -> dict[int, RecordError]:
    return {offset: RecordError("no", stage="TASK_PUT", origin="Sink") for offset in offsets}


async def test_without_tolerance_the_first_record_stops_the_task_and_all_are_told(
    errant: Callable[..., ErrantRecords],
) -> None:
    with capture_logs() as logs, pytest.raises(ToleranceExceededError, match="orders-3 at offset 7"):
        await errant().report(ORDERS, failed(7, 9))
    assert [(line["topic"], line["partition"], line["offset"]) for line in logs] == [
        ("orders", 3, 7),
        ("orders", 3, 9),
    ]


async def test_records_that_are_skipped_are_counted_and_one_a_second_is_told(
    errant: Callable[..., ErrantRecords], monkeypatch: pytest.MonkeyPatch
) -> None:
    skipped = metrics.RECORDS_SKIPPED.labels("errant-test", "0", "TASK_PUT")
    before = skipped._value.get()
    records = errant(errors_tolerance="all")
    with capture_logs() as logs:
        await records.report(ORDERS, failed(1, 2, 3))
        monkeypatch.setattr("connector.runtime.errant.time.monotonic", lambda: 101.0)
        await records.report(ORDERS, failed(4))
    assert [(line["offset"], line["unlogged_before"]) for line in logs] == [(1, 0), (4, 2)]
    assert skipped._value.get() - before == 4


async def test_every_record_is_told_if_that_is_asked_for(errant: Callable[..., ErrantRecords]) -> None:
    records = errant(errors_tolerance="all", errors_log_enable="true")
    with capture_logs() as logs:
        await records.report(ORDERS, failed(1, 2, 3))
    assert [line["offset"] for line in logs] == [1, 2, 3]


class Copies:
    """Remembers which records were put into the dead letter queue."""

    def __init__(self) -> None:
        self.offsets: list[int] = []

    async def put(self, _: TopicPartition, records: Mapping[int, RecordError]) -> None:
        self.offsets += records


@pytest.mark.parametrize(("tolerance", "copied"), [("none", [3]), ("all", [9, 3, 7])])
async def test_without_tolerance_only_the_record_that_the_task_stops_before_is_copied(
    errant: Callable[..., ErrantRecords], tolerance: str, copied: list[int]
) -> None:
    records, copies = errant(errors_tolerance=tolerance), Copies()
    records.dead_letters = cast("DeadLetterQueue", copies)
    stops = (
        pytest.raises(ToleranceExceededError, match="at offset 3") if tolerance == "none" else nullcontext()
    )
    with stops:
        # The fault of a key is found before those of values with lower offsets.
        await records.report(ORDERS, failed(9, 3, 7))
    assert copies.offsets == copied

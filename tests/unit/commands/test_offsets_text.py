from __future__ import annotations

from dataclasses import replace

from connector.commands.offsets_text import lines
from connector.sinks.s3.ledger.account import account
from connector.sinks.s3.ledger.state import Clock, PartList, Span, State, UploadState

NOW_MS = 1_800_000_000_000
UPLOAD = UploadState(
    "orders/0/100",
    "upload-1",
    "nonce",
    created_ms=NOW_MS - 3 * 3_600_000,
    parts=PartList(((1, 2), (5, 5)), "digest", 15 * 1024 * 1024),
    durable=Span(100, 200, 90),
    tail=Span(200, 210, 10),
    tail_bytes=1024 * 1024,
)
STATE = State(210, "topic-id", "lake", "fingerprint", (UPLOAD,))


def test_an_upload_is_told_with_its_parts_bytes_records_and_age() -> None:
    (found,) = account(STATE, NOW_MS)["uploads"]
    assert (found["parts"], found["bytes"], found["records"]) == (3, 16 * 1024 * 1024, 100)
    assert (found["first_offset"], found["end_offset"], found["age_seconds"]) == (100, 210, 3 * 3600)
    assert (found["bucket"], found["key"], found["state"]) == ("lake", "orders/0/100", "open")


def test_an_upload_that_is_not_created_is_as_old_as_its_first_record() -> None:
    fresh = replace(UPLOAD, upload_id="", created_ms=0, clock=Clock(NOW_MS - 5000))
    (found,) = account(State(1, uploads=(fresh,)), NOW_MS)["uploads"]
    assert found["age_seconds"] == 5


def test_the_state_and_bucket_of_each_upload_is_its_own() -> None:
    others = (replace(UPLOAD, is_sealed=True, bucket="old"), replace(UPLOAD, is_closing=True))
    found = account(State(210, bucket="lake", uploads=others), NOW_MS)["uploads"]
    assert [(each["state"], each["bucket"]) for each in found] == [("sealed", "old"), ("closing", "lake")]


def test_text_has_a_line_for_each_partition_and_upload_and_says_what_is_wrong() -> None:
    first = {"topic": "orders", "partition": 0, "offset": 100, **account(STATE, NOW_MS)}
    second = {"topic": "orders", "partition": 1, "offset": 7, "fault": "it is damaged", "remedy": "mend it"}
    third = {"topic": "orders", "partition": 2, "offset": 8}
    text = lines({"group": "connect-a", "partitions": [first, second, third]})
    assert (
        "orders-0: offset 100, read from 210\n  open s3://lake/orders/0/100: 100 records from 100, 3" in text
    )
    assert "16.0 MiB, 3 h old\n    upload upload-1" in text
    assert "orders-1: offset 7\n  fault: it is damaged\n  to do: mend it\norders-2: offset 8" in text


def test_a_group_without_offsets_is_said_to_have_none() -> None:
    assert "connect-a has committed nothing" in lines({"group": "connect-a", "partitions": []})

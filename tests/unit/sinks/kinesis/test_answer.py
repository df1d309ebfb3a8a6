from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from connector.errors import AccessError, RetriableError
from connector.sinks.dispatch import Refusal, RequestTooLargeError, Verdict
from connector.sinks.kinesis.answer import explained, refusals

STORED = {"SequenceNumber": "1", "ShardId": "shardId-000000000000"}


def answer(*results: dict[str, Any]) -> bytes:
    failed = sum("ErrorCode" in result for result in results)
    return json.dumps({"FailedRecordCount": failed, "Records": results, "EncryptionType": "KMS"}).encode()


def refused(code: str) -> dict[str, str]:
    return {"ErrorCode": code, "ErrorMessage": "why"}


def test_nothing_is_refused_of_what_has_a_sequence_number() -> None:
    assert refusals(answer(STORED, STORED), 2, "orders") == {}


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        ("ProvisionedThroughputExceededException", Verdict.THROTTLED),
        ("KMSThrottlingException", Verdict.THROTTLED),
        ("InternalFailure", Verdict.RETRY),
        ("SomethingNew", Verdict.RETRY),
        ("InvalidArgumentException", Verdict.NEVER),
    ],
)
def test_a_record_is_refused_by_its_own_code(code: str, verdict: Verdict) -> None:
    assert refusals(answer(STORED, refused(code), STORED), 3, "orders") == {1: Refusal(verdict, code, "why")}


@pytest.mark.parametrize(
    "code", ["KMSDisabledException", "KMSAccessDeniedException", "AccessDeniedException"]
)
def test_what_is_wrong_with_the_stream_is_not_blamed_on_a_record(code: str) -> None:
    with pytest.raises(AccessError, match=rf"orders was refused with {code} \(why\): \w+"):
        refusals(answer(STORED, refused(code)), 2, "orders")


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"{}", b"[]", answer(STORED), answer(STORED, STORED, STORED)]
)
def test_an_answer_that_does_not_tell_of_every_record_counts_for_nothing(body: bytes) -> None:
    with pytest.raises(RetriableError, match="PutRecords on orders got"):
        refusals(body, 2, "orders")


def raise_as_a_client_does(code: str, message: str) -> None:
    cause = ClientError({"Error": {"Code": code, "Message": message}}, "PutRecords")
    with explained():
        raise AccessError(f"PutRecords was refused with {code} ({message})", remedy="nobody knows") from cause


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        ("ResourceNotFoundException", "create the stream"),
        ("KMSAccessDeniedException", "kms:GenerateDataKey"),
        ("KMSDisabledException", "enable the KMS key"),
        ("AccessDeniedException", "nobody knows"),
        ("InvalidArgumentException", "nobody knows"),
    ],
)
def test_an_error_of_a_request_says_what_to_do(code: str, remedy: str) -> None:
    with pytest.raises(AccessError) as raised:
        raise_as_a_client_does(code, "why")
    assert remedy in raised.value.remedy


TOO_LONG = "failed to satisfy constraint: Member must have length less than or equal to"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("InvalidArgumentException", "Records size exceeds 5 MB limit"),
        ("ValidationException", f"Value at 'records.3.member.data' {TOO_LONG} 1048576"),
        ("ValidationException", f"1 validation error detected: Value at 'records' {TOO_LONG} 500"),
    ],
)
def test_a_request_that_is_too_large_for_the_service_is_split(code: str, message: str) -> None:
    with pytest.raises(RequestTooLargeError):
        raise_as_a_client_does(code, message)


def test_what_is_too_long_elsewhere_is_no_matter_of_size() -> None:
    with pytest.raises(AccessError):
        raise_as_a_client_does("ValidationException", f"Value at 'streamName' {TOO_LONG} 128")

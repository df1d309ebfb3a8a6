"""What a service refuses with, read from its raw answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.parsers import create_parser
from hypothesis import given
from hypothesis import strategies as st

from connector.aws.faults import translate
from connector.aws.refusal import refusal
from connector.errors import AccessError, RetriableError

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

JSON_TYPE = {"content-type": "application/x-amz-json-1.1"}
SQS_OLD_CODE = {"x-amzn-query-error": "AWS.SimpleQueueService.NonExistentQueue;Sender"}
XML = (
    b'<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Sender</Type>'
    b"<Code>%s</Code><Message>why</Message></Error><RequestId>42</RequestId></ErrorResponse>"
)

ANSWERS = [
    ("json", 400, JSON_TYPE, b'{"__type":"ResourceNotFoundException","message":"why"}'),
    ("json", 400, JSON_TYPE, b'{"__type":"com.amazonaws.kinesis#KMSDisabledException","Message":"why"}'),
    ("json", 400, JSON_TYPE, b'{"__type":"ThrottlingException:http://internal/","message":"why"}'),
    ("json", 400, SQS_OLD_CODE, b'{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"why"}'),
    ("json", 403, JSON_TYPE, b'{"__type":"AccessDeniedException"}'),
    ("json", 413, {}, b"too large"),
    ("json", 500, {"x-amzn-requestid": "42"}, b""),
    ("json", 503, {}, b"<html><body>Service Unavailable</body></html>"),
    ("query", 400, {}, XML % b"ExpiredToken"),
    ("query", 403, {}, XML % b"AuthorizationError"),
    ("query", 503, {}, b"<html>busy</html>"),
]


def code(error: ClientError) -> str:
    return str(error.response["Error"]["Code"])


@pytest.mark.parametrize(("protocol", "status", "headers", "body"), ANSWERS)
def test_code_and_text_are_those_that_botocore_reads(
    protocol: str, status: int, headers: dict[str, str], body: bytes
) -> None:
    answer = {"status_code": status, "headers": headers, "body": body}
    expected: dict[str, Any] = create_parser(protocol).parse(answer, None)
    ours = refusal(protocol, "Any", status, headers, body).response
    assert ours["Error"]["Code"] == expected["Error"]["Code"]
    if expected["Error"]["Message"]:
        assert ours["Error"]["Message"] == expected["Error"]["Message"]
    assert ours["ResponseMetadata"] == expected["ResponseMetadata"]


def test_of_sqs_the_code_is_the_one_it_had_before_json() -> None:
    answer = ANSWERS[3]
    assert code(refusal(answer[0], "Any", *answer[1:])) == "AWS.SimpleQueueService.NonExistentQueue"


def test_a_code_that_only_a_header_tells_is_found() -> None:
    headers = {"x-amzn-errortype": "com.amazonaws.events#ThrottlingException:http://internal/"}
    assert code(refusal("json", "Any", 400, headers, b"{}")) == "ThrottlingException"


@pytest.mark.parametrize(
    "body", [b"<!DOCTYPE html><p>busy", b"\xff\xfe", b"[]", b'"text"', b'{"__type":5}', b"<a/>", b""]
)
@pytest.mark.parametrize("protocol", ["json", "query"])
def test_a_page_of_somebody_between_passes_or_not_by_its_status(protocol: str, body: bytes) -> None:
    busy = translate(refusal(protocol, "PutRecords", 503, {}, body), "PutRecords", "stream")
    assert isinstance(busy, RetriableError)
    refused = translate(refusal(protocol, "PutRecords", 403, {}, body), "PutRecords", "stream")
    assert isinstance(refused, AccessError)


@given(
    st.sampled_from(["json", "query"]),
    st.integers(300, 599),
    st.binary() | st.sampled_from(ANSWERS).map(lambda answer: answer[3]),
)
def test_whatever_is_answered_has_a_code(protocol: str, status: int, body: bytes) -> None:
    assert code(refusal(protocol, "Any", status, {}, body))

"""What becomes of each entry, by what SQS answers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connector.errors import AccessError, RetriableError
from connector.sinks.dispatch import Verdict
from connector.sinks.sqs.answer import refusals

QUEUE = "arn:aws:sqs:eu-north-1:123456789012:orders"


def answer(done: list[int], *failed: tuple[int, str, bool]) -> bytes:
    found: dict[str, Any] = {
        "Successful": [{"Id": str(position), "MessageId": "m", "MD5OfMessageBody": "0"} for position in done]
    }
    if failed:
        found["Failed"] = [
            {"Id": str(position), "Code": code, "SenderFault": fault, "Message": "why"}
            for position, code, fault in failed
        ]
    return json.dumps(found).encode()


def verdict(code: str, *, sender_fault: bool) -> Verdict:
    found = refusals(answer([0], (1, code, sender_fault)), 2, QUEUE)
    assert set(found) == {1}
    return found[1].verdict


def test_what_is_successful_is_durable() -> None:
    assert refusals(answer([0, 1, 2]), 3, QUEUE) == {}


@pytest.mark.parametrize(
    ("code", "sender_fault", "expected"),
    [
        ("InternalError", False, Verdict.RETRY),
        ("ServiceUnavailable", True, Verdict.RETRY),
        ("AnythingNew", False, Verdict.RETRY),
        ("RequestThrottled", False, Verdict.THROTTLED),
        ("AWS.SimpleQueueService.RequestThrottled", True, Verdict.THROTTLED),
        ("ThrottlingException", True, Verdict.THROTTLED),
        ("KmsThrottled", True, Verdict.THROTTLED),
        ("KMS.ThrottlingException", True, Verdict.THROTTLED),
        ("InvalidMessageContents", True, Verdict.NEVER),
        ("InvalidParameterValue", True, Verdict.NEVER),
        ("AnythingNew", True, Verdict.NEVER),
    ],
)
def test_the_code_comes_before_whose_fault_it_is(code: str, sender_fault: bool, expected: Verdict) -> None:
    assert verdict(code, sender_fault=sender_fault) is expected


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        ("KmsAccessDenied", "kms:GenerateDataKey"),
        ("KmsDisabled", "enable the KMS key"),
        ("AccessDenied", "grant sqs:SendMessage"),
        ("AWS.SimpleQueueService.NonExistentQueue", "create the queue"),
    ],
)
def test_what_concerns_the_whole_queue_is_no_fault_of_the_record(code: str, remedy: str) -> None:
    with pytest.raises(AccessError, match=remedy):
        verdict(code, sender_fault=True)


def test_an_entry_that_the_answer_does_not_mention_is_sent_again() -> None:
    found = refusals(answer([0, 2]), 3, QUEUE)
    assert {position: refusal.verdict for position, refusal in found.items()} == {1: Verdict.RETRY}
    assert set(refusals(b"{}", 2, QUEUE)) == {0, 1}


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"Successful":[{"Id":"x"}]}', b'{"Failed":[{}]}'])
def test_what_is_no_answer_confirms_nothing(body: bytes) -> None:
    with pytest.raises(RetriableError, match="an answer that is none"):
        refusals(body, 1, QUEUE)

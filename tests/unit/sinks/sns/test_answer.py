from __future__ import annotations

import pytest

from connector.errors import AccessError, RetriableError
from connector.sinks.dispatch import Verdict
from connector.sinks.sns.answer import refusals

ARN = "arn:aws:sns:eu-north-1:123456789012:orders"
SPACE = ' xmlns="http://sns.amazonaws.com/doc/2010-03-31/"'


def success(id_: int) -> str:
    return f"<member><MessageId>m-{id_}</MessageId><Id>{id_}</Id></member>"


def failure(id_: int, code: str, *, sender_fault: bool, message: str = "why") -> str:
    return (
        f"<member><Id>{id_}</Id><Code>{code}</Code><Message>{message}</Message>"
        f"<SenderFault>{str(sender_fault).lower()}</SenderFault></member>"
    )


def answer(successful: str, failed: str, space: str = SPACE) -> bytes:
    return (
        f"<PublishBatchResponse{space}><PublishBatchResult>"
        f"<Successful>{successful}</Successful><Failed>{failed}</Failed>"
        "</PublishBatchResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata>"
        "</PublishBatchResponse>"
    ).encode()


def test_an_answer_with_a_message_id_for_each_entry_refuses_nothing() -> None:
    assert refusals(answer(success(0) + success(1), ""), 2, ARN) == {}


@pytest.mark.parametrize("space", [SPACE, ""])
@pytest.mark.parametrize(
    ("code", "sender_fault", "verdict"),
    [
        ("InternalError", False, Verdict.RETRY),
        ("InvalidParameter", True, Verdict.NEVER),
        ("ParameterValueInvalid", True, Verdict.NEVER),
        ("Throttled", True, Verdict.THROTTLED),
        ("KMSThrottling", True, Verdict.THROTTLED),
        ("ThrottlingException", False, Verdict.THROTTLED),
    ],
)
def test_an_entry_is_retried_unless_the_sender_is_at_fault(
    code: str, sender_fault: bool, verdict: Verdict, space: str
) -> None:
    failed = failure(1, code, sender_fault=sender_fault, message="a &lt; b")
    refused = refusals(answer(success(0) + success(2), failed, space), 3, ARN)
    assert {position: (found.verdict, str(found)) for position, found in refused.items()} == {
        1: (verdict, f"{code}: a < b")
    }


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        ("AuthorizationError", "grant sns:Publish"),
        ("KMSAccessDenied", "kms:GenerateDataKey"),
        ("KMSDisabled", "enable the KMS key"),
        ("NotFound", "aws.sns.topic.arn"),
    ],
)
def test_an_entry_that_fails_for_what_all_would_fail_for_stops_the_task(code: str, remedy: str) -> None:
    with pytest.raises(AccessError) as raised:
        refusals(answer(success(0), failure(1, code, sender_fault=True)), 2, ARN)
    assert remedy in str(raised.value)
    assert ARN in str(raised.value)


def test_an_entry_that_the_answer_does_not_mention_is_sent_again() -> None:
    (refusal,) = refusals(answer(success(0) + success(2), ""), 3, ARN).values()
    assert refusal.verdict is Verdict.RETRY


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>The proxy says hello</p>",
        b"<MessageId>",
        b'<!DOCTYPE x [<!ENTITY a "b">]><PublishBatchResponse>&a;</PublishBatchResponse>',
    ],
)
def test_an_answer_that_is_none_of_sns_says_nothing_about_the_entries(body: bytes) -> None:
    with pytest.raises(RetriableError):
        refusals(body, 2, ARN)

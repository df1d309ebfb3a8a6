"""What AWS answers, and what to do about it."""

from __future__ import annotations

import time
from email.utils import formatdate
from typing import Any

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ProfileNotFound,
    ProxyConnectionError,
    ReadTimeoutError,
)
from botocore.parsers import ResponseParserError

from connector.aws.faults import code_of, translate
from connector.errors import AccessError, RetriableError


def refused(code: str, message: str = "no", status: int = 403, **headers: str) -> ClientError:
    response: dict[str, Any] = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": headers},
    }
    return ClientError(response, "Any")


def remedy(error: ClientError, operation: str = "PutObject") -> str:
    translated = translate(error, operation, "arn:aws:s3:::b/k")
    assert isinstance(translated, AccessError)
    return translated.remedy


@pytest.mark.parametrize(
    ("operation", "action"),
    [
        ("CreateMultipartUpload", "s3:PutObject"),
        ("AbortMultipartUpload", "s3:AbortMultipartUpload"),
        ("ListMultipartUploads", "s3:ListBucketMultipartUploads"),
        ("GetBucketLifecycleConfiguration", "s3:GetLifecycleConfiguration"),
    ],
)
def test_a_denial_names_the_action_to_grant(operation: str, action: str) -> None:
    assert remedy(refused("AccessDenied"), operation).startswith(f"grant {action} on arn:aws:s3:::b/k")


def test_where_aws_names_what_is_missing_that_is_what_to_grant() -> None:
    message = (
        "User: arn:aws:sts::1:assumed-role/r/s is not authorized to perform: kms:GenerateDataKey on resource:"
        " arn:aws:kms:eu-north-1:1:key/k because no identity-based policy allows it"
    )
    assert "grant kms:GenerateDataKey on arn:aws:kms:eu-north-1:1:key/k" in remedy(
        refused("AccessDenied", message)
    )


def test_an_explicit_deny_is_not_answered_with_a_grant() -> None:
    message = "not authorized to perform: s3:PutObject with an explicit deny in a resource-based policy"
    assert "change that policy" in remedy(refused("AccessDenied", message))


def test_a_wrong_signature_with_a_wrong_clock_is_the_clocks_fault() -> None:
    behind = formatdate(time.time() + 600, usegmt=True)
    assert "10 min behind" in remedy(refused("SignatureDoesNotMatch", date=behind))


def test_a_wrong_signature_with_a_right_clock_is_the_secrets_fault() -> None:
    now = formatdate(time.time(), usegmt=True)
    assert "aws.secret.access.key" in remedy(refused("SignatureDoesNotMatch", date=now))


@pytest.mark.parametrize(
    ("code", "message", "expected"),
    [
        ("SignatureDoesNotMatch", "Signature expired: 1 is now earlier than 2", "clock"),
        ("SignatureDoesNotMatch", "Credential should be scoped to a valid region.", "region"),
        ("RequestTimeTooSkewed", "", "clock"),
        ("InvalidClientTokenId", "", "aws.access.key.id"),
        ("InvalidToken", "", "get a new one"),
        ("KMS.NotFoundException", "", "KMS key"),
        ("ValidationError", "exceeds the MaxSessionDuration set for this role", "session.duration"),
    ],
)
def test_each_cause_has_its_own_remedy(code: str, message: str, expected: str) -> None:
    assert expected in remedy(refused(code, message))


def test_the_request_that_aws_quotes_below_a_wrong_signature_is_not_passed_on() -> None:
    message = "It does not match.\n\nThe Canonical String should have been\nx-amz-security-token:canary"
    assert "canary" not in str(translate(refused("SignatureDoesNotMatch", message), "PutObject", "b"))


def test_the_code_is_found_behind_our_own_error() -> None:
    ours = AccessError("ours")
    ours.__cause__ = refused("NoSuchUpload")
    assert code_of(ours) == "NoSuchUpload"
    assert code_of(AccessError("nobody answered")) == ""


@pytest.mark.parametrize("kind", [EndpointConnectionError, ConnectTimeoutError, ReadTimeoutError])
def test_an_endpoint_that_is_down_is_asked_again(kind: type[BotoCoreError]) -> None:
    error = kind(endpoint_url="https://x", error=OSError("refused"))
    assert isinstance(translate(error, "PutObject", "b"), RetriableError)


class _ProxyAnswerError(Exception):
    status = 407


def test_a_proxy_that_wants_another_login_is_not_asked_for_ever() -> None:
    error = ProxyConnectionError(proxy_url="http://u:canary@h:1", error=_ProxyAnswerError())
    translated = translate(error, "PutObject", "b")
    assert isinstance(translated, AccessError)
    assert "aws.proxy.password" in translated.remedy
    assert "canary" not in str(translated)
    assert "aws.proxy.password" in remedy(refused("407", status=407))
    gone = ProxyConnectionError(proxy_url="http://h:1", error=OSError("refused"))
    assert isinstance(translate(gone, "PutObject", "b"), RetriableError)


def test_a_page_of_somebody_in_between_is_told_apart_and_not_quoted() -> None:
    translated = translate(ResponseParserError("invalid XML received: b'<html>canary'"), "PutObject", "b")
    assert isinstance(translated, RetriableError)
    assert "none of AWS" in str(translated)
    assert "canary" not in str(translated)


def test_a_profile_that_is_not_there_has_a_remedy() -> None:
    translated = translate(ProfileNotFound(profile="p"), "finding credentials", "this machine")
    assert isinstance(translated, AccessError)
    assert "aws.profile" in translated.remedy


def test_a_role_that_may_be_assumed_but_not_with_tags_is_told_what_is_missing() -> None:
    message = "User: u is not authorized to perform: sts:TagSession on resource: arn:aws:iam::1:role/r"
    assert "allow sts:TagSession" in remedy(refused("AccessDenied", message), "AssumeRole")
    message = message.replace("TagSession", "AssumeRole")
    assert "aws.sts.role.external.id" in remedy(refused("AccessDenied", message), "AssumeRole")


def test_what_a_service_does_not_offer_is_not_asked_for_again() -> None:
    error = refused("NotImplemented", status=501)
    assert "does not offer" in remedy(error)
    assert isinstance(translate(refused("InternalError", status=501), "PutObject", "k"), RetriableError)


def test_conditional_writes_that_meet_are_repeated() -> None:
    meeting = refused("ConditionalRequestConflict", status=409)
    assert isinstance(translate(meeting, "PutObject", "k"), RetriableError)

"""What SNS says about the entries of a PublishBatch that it answered with success."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from botocore.exceptions import ClientError

from connector.aws.faults import translate
from connector.error_codes import ErrorCode
from connector.errors import AccessError, RetriableError
from connector.sinks.dispatch import Refusal, Verdict
from connector.sinks.messaging.answer import THROTTLED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_OPERATION = "PublishBatch"
_NOT_ABOUT_THE_RECORD = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "EndpointDisabled",
        "InvalidSecurity",
        "KMSAccessDenied",
        "KMSDisabled",
        "KMSInvalidState",
        "KMSNotFound",
        "KMSOptInRequired",
        "NotFound",
        "PlatformApplicationDisabled",
    }
)
"""Errors of the API reference that the next record would meet, too: no record may be left out for them."""


def refusals(answer: bytes, entries: int, arn: str) -> Mapping[int, Refusal]:
    """By position, the entries that SNS did not take.

    Args:
        answer: The body.
        entries: How many there were; their ids are their positions.
        arn: Of the topic, for messages.

    Raises:
        AccessError: The topic refuses, whatever the record.
        RetriableError: The answer is none of SNS, so nobody knows what was taken.
    """
    if answer.count(b"<MessageId>") == entries:
        return {}  # each that was taken has one
    root = _parsed(answer)
    taken = {_text(member, "Id") for member in _members(root, "Successful")}
    refused: dict[int, Refusal] = {}
    for member in _members(root, "Failed"):
        refused |= {
            position: _refusal(member, arn)
            for position in range(entries)
            if str(position) == _text(member, "Id")
        }
    for position in range(entries):
        if position not in refused and str(position) not in taken:
            refused[position] = Refusal(Verdict.RETRY, "NoResult", "SNS answered without a word about it")
    return refused


def _refusal(member: ET.Element, arn: str) -> Refusal:
    code, message = _text(member, "Code"), _text(member, "Message")
    if code in _NOT_ABOUT_THE_RECORD:
        response: dict[str, Any] = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {}}
        cause = ClientError(response, _OPERATION)
        raise translate(cause, _OPERATION, arn) or AccessError(
            str(cause), code=ErrorCode.AWS_REQUEST_REFUSED
        ) from cause
    if code in THROTTLED:
        verdict = Verdict.THROTTLED
    else:
        # SNS says so itself where the sender cannot help it; its own troubles pass.
        verdict = Verdict.NEVER if _text(member, "SenderFault").lower() == "true" else Verdict.RETRY
    return Refusal(verdict, code, message)


def _parsed(answer: bytes) -> ET.Element:
    if b"<!DOCTYPE" in answer:
        # No answer of SNS has one; without it there are no entities that could be expanded.
        raise RetriableError(
            f"{_OPERATION} was answered by something that is not SNS", code=ErrorCode.AWS_ANSWER_FOREIGN
        )
    try:
        return ET.fromstring(answer)  # noqa: S314 - see above
    except ET.ParseError as error:
        raise RetriableError(
            f"{_OPERATION} was answered with what is no XML: {error}", code=ErrorCode.AWS_ANSWER_FOREIGN
        ) from error


def _members(root: ET.Element, name: str) -> Iterator[ET.Element]:
    yield from root.iterfind(f"{{*}}PublishBatchResult/{{*}}{name}/{{*}}member")


def _text(member: ET.Element, name: str) -> str:
    return (member.findtext(f"{{*}}{name}") or "").strip()

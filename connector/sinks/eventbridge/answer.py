"""What EventBridge answers: which entries it did not take, and what becomes of them.

Codes are those of the API reference, PutEventsResultEntry. A denial concerns whoever sends, not the record:
were it an errant record, ``errors.tolerance=all`` would skip the whole topic.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec

from connector.aws.faults import DENIED, code_of
from connector.error_codes import ErrorCode
from connector.errors import AccessError, RetriableError
from connector.sinks.dispatch import Refusal, RequestTooLargeError, Verdict
from connector.sinks.messaging.answer import THROTTLED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

# Quotes within a JSON string are escaped, so these match nothing but what they name.
_NONE_FAILED = re.compile(rb'"FailedEntryCount"\s*:\s*0\b')
_ERROR, _ID = b'"ErrorCode"', b'"EventId"'

_TOO_LARGE = "size of the entries"
"""Of "Total size of the entries in the request is over the limit", which has no code of its own."""

_PASSING = frozenset(
    {
        "InternalException",
        "InternalFailure",
        "InternalError",
        "ServiceUnavailable",
        "ServiceUnavailableException",
    }
)
_OF_THE_RECORD = frozenset(
    {
        "InvalidArgument",
        "InvalidArgumentException",
        "InvalidInputException",
        "MalformedDetail",
        "RedactionFailure",
        "ValidationException",
    }
)
_NOT_AUTHORIZED = "NotAuthorizedFor"


class _Answer(msgspec.Struct):
    results: list[dict[str, Any]] = msgspec.field(name="Entries", default_factory=list)


_decode = msgspec.json.Decoder(_Answer).decode


def refusals(answer: bytes, count: int, bus: str) -> dict[int, Refusal]:
    """The entries that were not taken, by position.

    Args:
        answer: The body of a successful answer to PutEvents.
        count: How many entries were sent.
        bus: Where to, for messages.

    Raises:
        AccessError: The bus is closed to this identity, or answers what nobody knows.
        RetriableError: The answer does not tell about every entry, or is none.
    """
    if _ERROR not in answer and answer.count(_ID) == count and _NONE_FAILED.search(answer):
        return {}
    try:
        results = _decode(answer).results
    except msgspec.MsgspecError as error:
        raise RetriableError(
            f"PutEvents on {bus} got no answer of EventBridge: {error}", code=ErrorCode.AWS_ANSWER_FOREIGN
        ) from error
    return refusals_of(results, count, bus)


def refusals_of(results: Sequence[Mapping[str, Any]], count: int, bus: str) -> dict[int, Refusal]:
    """The same of an answer that is parsed; raises as :func:`refusals` does."""
    if len(results) != count:
        raise RetriableError(
            f"PutEvents on {bus} answered about {len(results)} of {count} entries: all are sent again",
            code=ErrorCode.AWS_ANSWER_FOREIGN,
        )
    found: dict[int, Refusal] = {}
    for position, result in enumerate(results):
        code = result.get("ErrorCode")
        if code or not result.get("EventId"):
            found[position] = _refusal(str(code or "InternalFailure"), result.get("ErrorMessage") or "", bus)
    return found


def _refusal(code: str, message: str, bus: str) -> Refusal:
    if code in THROTTLED:
        return Refusal(Verdict.THROTTLED, code, message)
    if code in _PASSING:
        return Refusal(Verdict.RETRY, code, message)
    if code in _OF_THE_RECORD:
        return Refusal(Verdict.NEVER, code, message)
    raise AccessError(
        f"PutEvents on {bus} refused an entry with {code} ({message})",
        remedy=_remedy(code, bus),
        code=_error_code(code),
    )


def _error_code(code: str) -> ErrorCode:
    if code.startswith(_NOT_AUTHORIZED):
        return ErrorCode.EVENTBRIDGE_SOURCE_DENIED
    return ErrorCode.AWS_ACCESS_DENIED if code in DENIED else ErrorCode.AWS_REQUEST_REFUSED


def _remedy(code: str, bus: str) -> str:
    if code.startswith(_NOT_AUTHORIZED):
        return (
            f"allow events:PutEvents on {bus} for this source and detail type (the conditions events:source"
            " and events:detail-type) in the policies of the identity and of the bus, or change"
            " aws.eventbridge.source and aws.eventbridge.detail.type"
        )
    if code in DENIED:
        return (
            f"grant events:PutEvents on {bus} to the identity of the connector; a bus of another account must"
            " allow it in its own policy, too"
        )
    if code == "InvalidAccountIdException":
        return "correct the account in the ARN in aws.eventbridge.bus"
    return "see the AWS documentation of this error code"


@contextmanager
def too_large_told() -> Iterator[None]:
    """Within it, a request that has too many bytes is told from others by its text.

    Where the limit is lower than documented now, as it was for years, halves are the answer.
    """
    try:
        yield
    except AccessError as error:
        if code_of(error) != "ValidationException" or _TOO_LARGE not in error.fact:
            raise
        raise RequestTooLargeError(error.fact) from error

"""What EventBridge answers: which entries it did not take, and what becomes of them.

Codes are those of the API reference, PutEventsResultEntry. A denial concerns whoever sends, not the record:
were it an errant record, ``errors.tolerance=all`` would skip the whole topic.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from connector.aws.faults import DENIED
from connector.errors import AccessError, RetriableError
from connector.sinks.dispatch import Refusal, Verdict
from connector.sinks.messaging.answer import THROTTLED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Quotes within a JSON string are escaped, so these match nothing but what they name.
_NONE_FAILED = re.compile(rb'"FailedEntryCount"\s*:\s*0\b')
_ERROR = b'"ErrorCode"'

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


def refusals(answer: bytes, count: int, bus: str) -> dict[int, Refusal]:
    """The entries that were not taken, by position.

    Args:
        answer: The body of a successful answer to PutEvents.
        count: How many entries were sent.
        bus: Where to, for messages.

    Raises:
        AccessError: The bus is closed to this identity, or answers what nobody knows.
        RetriableError: The answer does not tell about every entry.
    """
    if _ERROR not in answer and _NONE_FAILED.search(answer):
        return {}
    return refusals_of(msgspec.json.decode(answer).get("Entries") or (), count, bus)


def refusals_of(results: Sequence[Mapping[str, Any]], count: int, bus: str) -> dict[int, Refusal]:
    """The same of an answer that is parsed; raises as :func:`refusals` does."""
    if len(results) != count:
        raise RetriableError(
            f"PutEvents on {bus} answered about {len(results)} of {count} entries: all are sent again"
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
        f"PutEvents on {bus} refused an entry with {code} ({message})", remedy=_remedy(code, bus)
    )


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

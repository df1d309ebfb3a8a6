"""What Kinesis answers: which records of a request it did not take, and what is wrong with a whole one."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec

from connector.aws.faults import code_of
from connector.error_codes import ErrorCode
from connector.errors import AccessError, RetriableError
from connector.sinks.dispatch import Refusal, RequestTooLargeError, Verdict
from connector.sinks.messaging.answer import THROTTLED

if TYPE_CHECKING:
    from collections.abc import Iterator

_INVALID = frozenset({"InvalidArgumentException", "ValidationException"})
_TOO_LARGE = re.compile(
    r"size exceeds|'records(\.\d+\.member\.data)?' failed .*length less than or equal", re.DOTALL
)
"""Of what is invalid, the sizes: Kinesis has no code of its own for them."""

_REMEDIES = {
    "ResourceNotFoundException": "create the stream, or correct aws.kinesis.stream, aws.kinesis.region and"
    " the account: a stream of another account needs its ARN",
    "KMSAccessDeniedException": "grant kms:GenerateDataKey on the key of the stream to the identity of the"
    " connector, in its policy and, across accounts, in the key's",
    "KMSDisabledException": "enable the KMS key of the stream",
    "KMSInvalidStateException": "the KMS key of the stream is being deleted or is not ready; restore it, or"
    " give the stream another",
    "KMSNotFoundException": "the KMS key of the stream does not exist; give the stream another",
    "KMSOptInRequired": "sign the account up for AWS KMS",
}
_OF_THE_STREAM = frozenset({*_REMEDIES, "AccessDeniedException"})


class _Result(msgspec.Struct):
    code: str | None = msgspec.field(name="ErrorCode", default=None)
    message: str | None = msgspec.field(name="ErrorMessage", default=None)


class _Answer(msgspec.Struct):
    results: list[_Result] = msgspec.field(name="Records")
    failed: int = msgspec.field(name="FailedRecordCount", default=0)


_decode = msgspec.json.Decoder(_Answer).decode


def refusals(answer: bytes, records: int, destination: str) -> dict[int, Refusal]:
    """The records that were not taken, by position; the answer has one result for each, in order.

    Raises:
        RetriableError: It is no such answer; nobody knows.
        AccessError: A record was not taken for a reason that holds for every record.
    """
    try:
        results = _decode(answer).results
    except msgspec.MsgspecError as error:
        raise RetriableError(
            f"PutRecords on {destination} got no answer of Kinesis: {error}",
            code=ErrorCode.AWS_ANSWER_FOREIGN,
        ) from error
    if len(results) != records:
        raise RetriableError(
            f"PutRecords on {destination} got an answer about {len(results)} records,"
            f" and {records} were sent",
            code=ErrorCode.AWS_ANSWER_FOREIGN,
        )
    # Not by FailedRecordCount: a record counts as stored because its own result says so.
    return {
        position: _refusal(result.code, result.message or "", destination)
        for position, result in enumerate(results)
        if result.code is not None
    }


def _refusal(code: str, message: str, destination: str) -> Refusal:
    if code in THROTTLED:
        return Refusal(Verdict.THROTTLED, code, message)
    if code in _OF_THE_STREAM:
        raise AccessError(
            f"PutRecords on {destination} was refused with {code} ({message})",
            remedy=_remedy(code),
            code=_error_code(code),
        )
    # Documented are ProvisionedThroughputExceededException and InternalFailure only; what nobody knows is
    # sent again rather than left out.
    return Refusal(Verdict.NEVER if code in _INVALID else Verdict.RETRY, code, message)


@contextmanager
def explained() -> Iterator[None]:
    """Within it, what Kinesis says of a whole request comes with what to do about it."""
    try:
        yield
    except AccessError as error:
        if (meant := _of_request(error)) is error:
            raise
        raise meant from error


def _of_request(error: AccessError) -> AccessError | RequestTooLargeError:
    code = code_of(error)
    if code in _INVALID and _TOO_LARGE.search(error.fact):
        return RequestTooLargeError(error.fact)
    if code not in _REMEDIES:
        return error
    return AccessError(error.fact, remedy=_REMEDIES[code], code=_error_code(code))


def _error_code(code: str) -> ErrorCode:
    if code.startswith("KMS"):
        return ErrorCode.AWS_KMS
    is_missing = code == "ResourceNotFoundException"
    return ErrorCode.KINESIS_STREAM_MISSING if is_missing else ErrorCode.AWS_ACCESS_DENIED


def _remedy(code: str) -> str:
    return _REMEDIES.get(code, "grant kinesis:PutRecords on the stream to the identity of the connector")

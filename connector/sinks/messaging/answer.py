"""What an error of a whole request means to the dispatcher: split it, send less, or what it says anyway."""

from __future__ import annotations

from connector.aws.faults import THROTTLING_CODES, code_of
from connector.errors import AccessError, ConnectorError, RetriableError
from connector.sinks.dispatch import RequestTooLargeError, ThrottledError

THROTTLED = THROTTLING_CODES | frozenset(
    {"KMSThrottling", "KMS.ThrottlingException", "KMSThrottlingException", "KmsThrottled"}
)
TOO_LARGE = frozenset(
    {"413", "BatchRequestTooLong", "RequestEntityTooLarge", "RequestEntityTooLargeException"}
)
_QUERY_PREFIX = "AWS.SimpleQueueService."
"""SQS puts it before its codes where a client asks for compatibility with its old protocol."""


def simple_code(code: str) -> str:
    """Without the prefixes and suffixes that services put around the same code."""
    return code.removeprefix(_QUERY_PREFIX)


def of_request(error: ConnectorError) -> ConnectorError:
    """The dispatcher's error for one of ``AwsClient``, or the same error."""
    code = simple_code(code_of(error))
    if isinstance(error, RetriableError | AccessError):
        if code in THROTTLED:
            return ThrottledError(str(error))
        if code in TOO_LARGE:
            return RequestTooLargeError(str(error))
    return error

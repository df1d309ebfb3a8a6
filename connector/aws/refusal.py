"""A raw answer that refuses, as the ClientError that botocore would have raised for it."""

from __future__ import annotations

import http
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from botocore.parsers import PROTOCOL_PARSERS, ResponseParserError

if TYPE_CHECKING:
    from collections.abc import Mapping

_ERROR_TYPE = "x-amzn-errortype"
_NOT_PARSED = (ResponseParserError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What botocore's parsers raise for answers that no AWS service wrote: a proxy's page, a cut body."""


def refusal(
    protocol: str, operation: str, status: int, headers: Mapping[str, str], body: bytes
) -> ClientError:
    """The error behind an answer.

    Args:
        protocol: botocore's name of the service's protocol: ``json``, ``query``.
        operation: The API operation that was refused.
        status: The HTTP status.
        headers: The answer's headers, names in lower case.
        body: What the service wrote.
    """
    answer = {"status_code": status, "headers": headers, "body": body}
    try:
        parsed: dict[str, Any] = PROTOCOL_PARSERS[protocol]().parse(answer, None)
    except _NOT_PARSED:
        parsed = {}
    error = parsed.get("Error")
    error = dict(error) if isinstance(error, dict) else {}
    # botocore looks here for other protocols only; of JSON, smithy says that either place will do.
    if error.get("Code") in {None, "", str(status)}:
        named = headers.get(_ERROR_TYPE, "").partition(":")[0].rpartition("#")[2]
        error["Code"] = named or str(status)
        error["Message"] = error.get("Message") or _phrase(status)
    metadata = {**parsed.get("ResponseMetadata", {}), "HTTPStatusCode": status, "HTTPHeaders": dict(headers)}
    return ClientError({"Error": error, "ResponseMetadata": metadata}, operation)


def _phrase(status: int) -> str:
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return ""

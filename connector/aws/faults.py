"""What an error of AWS means for us: who must act, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aiohttp
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
)

from connector.errors import AccessError, ConnectorError, RetriableError

if TYPE_CHECKING:
    from collections.abc import Mapping

_PASSING_CODES = frozenset(
    {
        "BandwidthLimitExceeded",
        "ConcurrentModification",
        "EC2ThrottledException",
        "IDPCommunicationError",
        "InternalError",
        "InternalFailure",
        "LimitExceededException",
        "OperationAborted",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "SlowDown",
        "Throttling",
        "ThrottledException",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)
"""botocore's ``standard`` retry mode."""

_EXPIRED_CODES = frozenset(
    {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}
)
"""A session that ended between signing and arrival; the next attempt signs anew."""

_ACTIONS = {
    "PutObject": "s3:PutObject",
    "CreateMultipartUpload": "s3:PutObject",
    "UploadPart": "s3:PutObject",
    "CompleteMultipartUpload": "s3:PutObject",
    "AbortMultipartUpload": "s3:AbortMultipartUpload",
    "ListParts": "s3:ListMultipartUploadParts",
    "ListMultipartUploads": "s3:ListBucketMultipartUploads",
    "AssumeRole": "sts:AssumeRole",
}
"""The IAM action behind each operation, where the names differ."""

_REMEDIES = {
    "NoSuchBucket": "create the bucket, or correct aws.s3.bucket.name and aws.s3.region",
    "PermanentRedirect": "set aws.s3.region to the region of the bucket",
    "AuthorizationHeaderMalformed": "set aws.s3.region to the region of the bucket",
    "IllegalLocationConstraintException": "set aws.s3.region to the region of the bucket",
    "InvalidAccessKeyId": "the access key does not exist; correct aws.access.key.id",
    "InvalidClientTokenId": "the access key does not exist; correct aws.access.key.id",
    "SignatureDoesNotMatch": "the secret does not belong to the key; correct aws.secret.access.key",
    "RequestTimeTooSkewed": "set the clock of this machine",
    "EntityTooSmall": "raise aws.s3.part.size.bytes to 5242880 or more",
    "KMS.DisabledException": "enable the KMS key of the bucket",
    "RegionDisabledException": "enable STS in this region for the account, or choose another endpoint",
}
_DENIED = frozenset(
    {"AccessDenied", "AccessDeniedException", "UnauthorizedAccess", "AllAccessDisabled", "403"}
)
_STATUS_PASSING = 500


def is_expired(error: Exception) -> bool:
    """AWS refuses because the credentials have ended."""
    return isinstance(error, ClientError) and error.response.get("Error", {}).get("Code") in _EXPIRED_CODES


def translate(error: Exception, operation: str, resource: str) -> ConnectorError | None:
    """The error of ours that ``error`` means; None when it is not an AWS matter.

    Args:
        error: What botocore or its HTTP client raised.
        operation: The API operation, e.g. ``UploadPart``.
        resource: What it was about, in the user's terms: an ARN, a bucket and key.
    """
    if isinstance(error, ClientError):
        return _service_answer(error.response, operation, resource)
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return AccessError(
            "No AWS credentials were found: set aws.access.key.id and aws.secret.access.key, or give the"
            " worker an identity (environment, profile, web identity, container or instance role)."
        )
    if isinstance(error, HTTPClientError | aiohttp.ClientError | TimeoutError | OSError):
        return RetriableError(f"{operation} on {resource} got no answer: {_brief(error)}")
    if isinstance(error, BotoCoreError):
        return AccessError(f"{operation} on {resource} cannot be sent: {_brief(error)}")
    return None


def _service_answer(response: Mapping[str, Any], operation: str, resource: str) -> ConnectorError:
    code = str(response.get("Error", {}).get("Code", ""))
    message = str(response.get("Error", {}).get("Message", ""))
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    fact = f"{operation} on {resource} was refused with {code} ({message})"
    if code in _PASSING_CODES or code in _EXPIRED_CODES or status >= _STATUS_PASSING:
        return RetriableError(fact)
    if code in _DENIED:
        return AccessError(f"{fact}: {_grant(operation, resource)}.")
    remedy = _REMEDIES.get(code, "see the AWS documentation of this error code")
    return AccessError(f"{fact}: {remedy}.")


def _grant(operation: str, resource: str) -> str:
    action = _ACTIONS.get(operation, f"the permission for {operation}")
    if operation == "AssumeRole":
        return (
            "the trust policy of the role must allow sts:AssumeRole to this principal, and the external id"
            " must be the one it requires; check aws.sts.role.arn and aws.sts.role.external.id"
        )
    return f"grant {action} on {resource} to the identity of the connector"


def _brief(error: Exception) -> str:
    return str(error) or type(error).__name__

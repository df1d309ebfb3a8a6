"""What an error of AWS means for us: who must act, and what to do about it."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

import aiohttp
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    ProxyConnectionError,
)
from botocore.exceptions import ConnectionError as BotoConnectionError
from botocore.parsers import ResponseParserError

from connector.aws.clock import is_wrong, skew_seconds, skew_text
from connector.aws.refusal_code import of_denial, of_refusal
from connector.error_codes import ErrorCode
from connector.errors import AccessError, ConnectorError, RetriableError

if TYPE_CHECKING:
    from collections.abc import Mapping

THROTTLING_CODES = frozenset(
    {
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "Throttled",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
"""The service wants fewer requests."""

_PASSING_CODES = THROTTLING_CODES | frozenset(
    {
        "BandwidthLimitExceeded",
        "ConditionalRequestConflict",
        "ConcurrentModification",
        "EC2ThrottledException",
        "IDPCommunicationError",
        "InternalError",
        "InternalFailure",
        "OperationAborted",
        "PriorRequestNotComplete",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "TransactionInProgressException",
    }
)
"""botocore's ``standard`` retry mode, ``Throttled`` of SNS, S3's conditional writes that meet."""

_EXPIRED_CODES = frozenset(
    {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}
)
"""A session that ended between signing and arrival; the next attempt signs anew."""

_UNKNOWN_CODES = frozenset(
    {"InvalidAccessKeyId", "InvalidClientTokenId", "InvalidToken", "UnrecognizedClientException"}
)
"""Keys that do not exist, or no longer: replaced, made inactive, of a role that was made anew."""

_ACTIONS = {
    "PutObject": "s3:PutObject",
    "CreateMultipartUpload": "s3:PutObject",
    "UploadPart": "s3:PutObject",
    "CompleteMultipartUpload": "s3:PutObject",
    "AbortMultipartUpload": "s3:AbortMultipartUpload",
    "ListParts": "s3:ListMultipartUploadParts",
    "ListMultipartUploads": "s3:ListBucketMultipartUploads",
    "AssumeRole": "sts:AssumeRole",
    "HeadBucket": "s3:ListBucket",
    "HeadObject": "s3:GetObject",
    "GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "GetTopicAttributes": "sns:GetTopicAttributes",
    "PublishBatch": "sns:Publish",
    "SendMessageBatch": "sqs:SendMessage",
    "GetQueueUrl": "sqs:GetQueueUrl",
    "GetQueueAttributes": "sqs:GetQueueAttributes",
    "PutEvents": "events:PutEvents",
    "DescribeEventBus": "events:DescribeEventBus",
}
"""The IAM action behind each operation, where the names differ."""

_UNKNOWN_KEY = (
    "the access key does not exist or is inactive; correct aws.access.key.id (keys that begin with ASIA are"
    " nothing without their session token, and keys of China and GovCloud exist only there)"
)
_SET_CLOCK = "set the clock of this machine, best by NTP"

_NO_QUEUE = (
    "create the queue, or correct aws.sqs.queue and aws.region; a queue of another account goes by its URL or"
    " ARN, and its own policy must allow this identity, too"
)
_KMS_DENIED = "grant kms:GenerateDataKey and kms:Decrypt on the KMS key to the identity of the connector"
_KMS_DISABLED = "enable the KMS key"
_KMS_ABSENT = "the KMS key does not exist here; choose another for the destination"
_KMS_STATE = "the KMS key is being deleted or is not ready; restore it"
_PROXY_WANTS_LOGIN = 407
_CORRECT_LOGIN = (
    "the proxy wants a user and a password, or others: correct aws.proxy.username and aws.proxy.password"
)

_REMEDIES = {
    "NoSuchBucket": "create the bucket, or correct aws.s3.bucket.name and aws.s3.region",
    "PermanentRedirect": "set aws.s3.region to the region of the bucket",
    "AuthorizationHeaderMalformed": "set aws.s3.region to the region of the bucket",
    "IllegalLocationConstraintException": "set aws.s3.region to the region of the bucket",
    "InvalidAccessKeyId": _UNKNOWN_KEY,
    "InvalidClientTokenId": _UNKNOWN_KEY,
    "SignatureDoesNotMatch": "the secret does not belong to the key; correct aws.secret.access.key",
    "InvalidSignatureException": "the secret does not belong to the key; correct aws.secret.access.key",
    "InvalidToken": "the session token is not one of this key, this partition or this service; get a new one",
    "RequestTimeTooSkewed": _SET_CLOCK,
    "EntityTooSmall": "raise aws.s3.part.size.bytes to 5242880 or more",
    "KMS.DisabledException": _KMS_DISABLED,
    "KMS.NotFoundException": _KMS_ABSENT,
    "KMS.KMSInvalidStateException": _KMS_STATE,
    "KMSAccessDenied": _KMS_DENIED,
    "KMSDisabled": _KMS_DISABLED,
    "KMSInvalidState": _KMS_STATE,
    "KMSNotFound": _KMS_ABSENT,
    "NotFound": "create the topic, or correct aws.sns.topic.arn",
    "AWS.SimpleQueueService.NonExistentQueue": _NO_QUEUE,
    "QueueDoesNotExist": _NO_QUEUE,
    "KMS.AccessDeniedException": _KMS_DENIED,
    "KmsAccessDenied": _KMS_DENIED,
    "KmsDisabled": _KMS_DISABLED,
    "KmsNotFound": _KMS_ABSENT,
    "KmsInvalidState": _KMS_STATE,
    "NotImplemented": "the service does not offer what is asked of it; remove the option that asks for it",
    "407": _CORRECT_LOGIN,
    "RegionDisabledException": "enable STS in this region for the account, or choose another endpoint",
}
_REMEDIES_BY_TEXT = (
    ("SignatureDoesNotMatch", "Signature expired", _SET_CLOCK),
    ("SignatureDoesNotMatch", "Signature not yet current", _SET_CLOCK),
    (
        "SignatureDoesNotMatch",
        "scoped to a valid region",
        "set aws.s3.region to the region of aws.sts.config.endpoint",
    ),
    (
        "ValidationError",
        "MaxSessionDuration",
        "lower aws.sts.role.session.duration, or raise the maximum session duration of the role",
    ),
    (
        "ValidationError",
        "role chaining",
        "who assumes a role as a role gets one hour at most: lower aws.sts.role.session.duration to 3600",
    ),
)
"""Codes that mean several things, by what the service writes beside them."""

_CLOCK_CODES = frozenset({"SignatureDoesNotMatch", "InvalidSignatureException", "RequestTimeTooSkewed"})
_NAMED_BY_SERVICE = re.compile(r'not authorized to perform: ([\w-]+:\w+)(?: on resource: "?([^\s"]+))?')
DENIED = frozenset(
    {
        "403",
        "AccessDenied",
        "AccessDeniedException",
        "AllAccessDisabled",
        "AuthorizationError",
        "UnauthorizedAccess",
    }
)
NOT_OFFERED = frozenset({"NotImplemented", "MethodNotAllowed", "XNotImplemented"})
"""What compatible services answer to what they lack, partly as 501; the same again would not succeed."""
_STATUS_PASSING = 500


def is_expired(error: Exception) -> bool:
    """AWS refuses because the credentials have ended."""
    return isinstance(error, ClientError) and code_of(error) in _EXPIRED_CODES


def is_rejection(error: Exception) -> bool:
    """AWS refuses the credentials themselves, so that others may do."""
    return isinstance(error, ClientError) and code_of(error) in _EXPIRED_CODES | _UNKNOWN_CODES


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
            "No AWS credentials were found",
            remedy="set aws.access.key.id and aws.secret.access.key, or give the worker an identity"
            " (environment, profile, web identity, container or instance role)",
            code=ErrorCode.AWS_CREDENTIALS_MISSING,
        )
    return _unanswered(error, f"{operation} on {resource}")


def _unanswered(error: Exception, request: str) -> ConnectorError | None:
    """The request was not sent, or what came back is no answer of the service."""
    if isinstance(error, ProxyConnectionError) and _status_of_proxy(error) == _PROXY_WANTS_LOGIN:
        return AccessError(
            f"{request} was refused by the proxy with 407",
            remedy=_CORRECT_LOGIN,
            code=ErrorCode.PROXY_LOGIN_REFUSED,
        )
    # An endpoint that refuses connections, or whose name is not known now, is up again later.
    if isinstance(
        error, HTTPClientError | BotoConnectionError | aiohttp.ClientError | TimeoutError | OSError
    ):
        return RetriableError(f"{request} got no answer: {_brief(error)}", code=ErrorCode.AWS_UNREACHABLE)
    if isinstance(error, ResponseParserError):
        # botocore quotes the whole body, which may be anything.
        return RetriableError(
            f"{request} got an answer that is none of AWS: look at the endpoint, and at what is between,"
            " such as a proxy",
            code=ErrorCode.AWS_ANSWER_FOREIGN,
        )
    if isinstance(error, BotoCoreError):
        return AccessError(
            f"{request} cannot be sent: {_brief(error)}",
            remedy=_unsent_remedy(error),
            code=_unsent_code(error),
        )
    return None


def _status_of_proxy(error: ProxyConnectionError) -> int:
    return int(getattr(error.kwargs.get("error"), "status", 0))


def _unsent_code(error: BotoCoreError) -> ErrorCode:
    is_profile = isinstance(error, ProfileNotFound)
    return ErrorCode.AWS_PROFILE_MISSING if is_profile else ErrorCode.AWS_REQUEST_UNSENDABLE


def _unsent_remedy(error: BotoCoreError) -> str:
    if isinstance(error, ProfileNotFound):
        return (
            "correct aws.profile, or add the profile to the AWS configuration files of the worker's user"
            " (AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE)"
        )
    return "correct the option, or the AWS setting of the worker's environment, that this is about"


def code_of(error: BaseException) -> str:
    """The service's error code behind one of our errors; empty if no service answered."""
    cause = error if isinstance(error, ClientError) else error.__cause__
    return str(cause.response.get("Error", {}).get("Code", "")) if isinstance(cause, ClientError) else ""


def _service_answer(response: Mapping[str, Any], operation: str, resource: str) -> ConnectorError:
    code = str(response.get("Error", {}).get("Code", ""))
    message = _first_line(str(response.get("Error", {}).get("Message", "")))
    metadata = response.get("ResponseMetadata", {})
    fact = f"{operation} on {resource} was refused with {code} ({message})"
    status = metadata.get("HTTPStatusCode", 0)
    is_passing = status >= _STATUS_PASSING and code not in NOT_OFFERED
    if is_passing or code in _PASSING_CODES or code in _EXPIRED_CODES:
        return RetriableError(fact, code=_passing_code(code))
    if code in DENIED:
        return AccessError(
            fact, remedy=_grant(operation, resource, message), code=of_denial(operation, message)
        )
    if to_mend := _clock_remedy(code, metadata.get("HTTPHeaders", {})):
        return AccessError(fact, remedy=to_mend, code=ErrorCode.AWS_CLOCK_WRONG)
    return AccessError(fact, remedy=_remedy(code, message), code=of_refusal(code, message))


def _passing_code(code: str) -> ErrorCode:
    if code in _EXPIRED_CODES:
        return ErrorCode.AWS_CREDENTIALS_EXPIRED
    return ErrorCode.AWS_THROTTLED if code in THROTTLING_CODES else ErrorCode.AWS_UNAVAILABLE


def _first_line(message: str) -> str:
    """Without what AWS writes below a wrong signature: the whole request, session token included."""
    return message.strip().partition("\n")[0]


def _clock_remedy(code: str, headers: Mapping[str, str]) -> str:
    """Empty if it is not the clock."""
    skew = skew_seconds(headers, time.time())
    if code in _CLOCK_CODES and skew is not None and is_wrong(skew):
        return f"{_SET_CLOCK}: it is {skew_text(skew)} of the service's"
    return ""


def _remedy(code: str, message: str) -> str:
    for of_code, text, remedy in _REMEDIES_BY_TEXT:
        if code == of_code and text in message:
            return remedy
    return _REMEDIES.get(code, "see the AWS documentation of this error code")


def _grant(operation: str, resource: str, message: str) -> str:
    if "explicit deny" in message:
        return (
            "a policy denies this outright (of the principal, the resource, the organization or the VPC"
            " endpoint), so that granting it does not help: change that policy"
        )
    named = _NAMED_BY_SERVICE.search(message)
    if operation == "AssumeRole" and (named is None or named[1] == "sts:AssumeRole"):
        return (
            "the trust policy of the role must allow sts:AssumeRole to this principal, and the external id"
            " must be the one it requires; check aws.sts.role.arn and aws.sts.role.external.id, and that the"
            " principal's own policy allows sts:AssumeRole on the role"
        )
    if operation == "AssumeRole" and named:
        return (
            f"the trust policy of the role must allow {named[1]} to this principal, too; connector aws policy"
            " prints it"
        )
    action = _ACTIONS.get(operation, f"the permission for {operation}")
    if named:
        # AWS names what is missing, which is not always what was asked for: a KMS key, for one.
        action, resource = named[1], named[2] or resource
    return f"grant {action} on {resource} to the identity of the connector"


def _brief(error: Exception) -> str:
    return str(error) or type(error).__name__

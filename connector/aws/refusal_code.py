"""Under which code the runbook has a refusal of AWS: by the service's code, the operation and its text."""

from __future__ import annotations

from connector.error_codes import ErrorCode

_BY_CODE = {
    "NoSuchBucket": ErrorCode.S3_BUCKET_MISSING,
    "PermanentRedirect": ErrorCode.AWS_REGION_WRONG,
    "AuthorizationHeaderMalformed": ErrorCode.AWS_REGION_WRONG,
    "IllegalLocationConstraintException": ErrorCode.AWS_REGION_WRONG,
    "InvalidAccessKeyId": ErrorCode.AWS_CREDENTIALS_INVALID,
    "InvalidClientTokenId": ErrorCode.AWS_CREDENTIALS_INVALID,
    "UnrecognizedClientException": ErrorCode.AWS_CREDENTIALS_INVALID,
    "SignatureDoesNotMatch": ErrorCode.AWS_CREDENTIALS_INVALID,
    "InvalidSignatureException": ErrorCode.AWS_CREDENTIALS_INVALID,
    "InvalidToken": ErrorCode.AWS_CREDENTIALS_INVALID,
    "RequestTimeTooSkewed": ErrorCode.AWS_CLOCK_WRONG,
    "EntityTooSmall": ErrorCode.S3_PART_TOO_SMALL,
    "NotFound": ErrorCode.SNS_TOPIC_MISSING,
    "AWS.SimpleQueueService.NonExistentQueue": ErrorCode.SQS_QUEUE_MISSING,
    "NonExistentQueue": ErrorCode.SQS_QUEUE_MISSING,
    "QueueDoesNotExist": ErrorCode.SQS_QUEUE_MISSING,
    "NotImplemented": ErrorCode.AWS_NOT_OFFERED,
    "MethodNotAllowed": ErrorCode.AWS_NOT_OFFERED,
    "XNotImplemented": ErrorCode.AWS_NOT_OFFERED,
    "407": ErrorCode.PROXY_LOGIN_REFUSED,
    "RegionDisabledException": ErrorCode.AWS_REGION_DISABLED,
}
_BY_TEXT = (
    ("SignatureDoesNotMatch", "Signature expired", ErrorCode.AWS_CLOCK_WRONG),
    ("SignatureDoesNotMatch", "Signature not yet current", ErrorCode.AWS_CLOCK_WRONG),
    ("SignatureDoesNotMatch", "scoped to a valid region", ErrorCode.AWS_REGION_WRONG),
    ("ValidationError", "MaxSessionDuration", ErrorCode.AWS_SESSION_TOO_LONG),
    ("ValidationError", "role chaining", ErrorCode.AWS_SESSION_TOO_LONG),
)


def of_refusal(code: str, message: str) -> ErrorCode:
    """Of what is refused for good, for other reasons than a permission."""
    for of_code, text, found in _BY_TEXT:
        if code == of_code and text in message:
            return found
    if code.lower().startswith("kms"):
        return ErrorCode.AWS_KMS
    return _BY_CODE.get(code, ErrorCode.AWS_REQUEST_REFUSED)


def of_denial(operation: str, message: str) -> ErrorCode:
    """Of what this identity may not do."""
    if "explicit deny" in message:
        return ErrorCode.AWS_EXPLICIT_DENY
    return ErrorCode.AWS_ROLE_NOT_ASSUMABLE if operation == "AssumeRole" else ErrorCode.AWS_ACCESS_DENIED

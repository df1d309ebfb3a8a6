"""What the refusals of a store mean for the options of the sink: which of them to change, and to what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from connector.aws.faults import DENIED, NOT_OFFERED, code_of
from connector.error_codes import ErrorCode
from connector.errors import AccessError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from connector.sinks.s3.config import S3Config

_HEADERS = {
    "x-amz-server-side-encryption-aws-kms-key-id": "aws.s3.sse.kms.key.id",
    "x-amz-server-side-encryption-bucket-key-enabled": "aws.s3.sse.bucket.key.enabled",
    "x-amz-server-side-encryption-customer": "aws.s3.sse.customer.key",
    "x-amz-server-side-encryption": "aws.s3.sse.algorithm",
    "x-amz-storage-class": "aws.s3.object.storage.class",
    "x-amz-acl": "aws.s3.object.acl",
    "x-amz-tagging": "aws.s3.object.tags",
    "x-amz-meta-": "aws.s3.object.metadata",
    "x-amz-checksum": "aws.s3.checksum.algorithm",
    "x-amz-sdk-checksum-algorithm": "aws.s3.checksum.algorithm",
    "x-amz-trailer": "aws.s3.checksum.algorithm",
    "transfer-encoding": "aws.s3.checksum.algorithm",
    "if-none-match": "aws.s3.object.exists",
    "x-amz-request-payer": "aws.s3.requester.pays",
    "x-amz-expected-bucket-owner": "aws.s3.expected.bucket.owner",
}
"""The option behind each header, the longer beginnings first."""

_BY_CODE = {
    "AccessControlListNotSupported": (
        "aws.s3.object.acl",
        "the bucket has ACLs switched off: remove it, or use bucket-owner-full-control, which all take",
    ),
    "InvalidStorageClass": ("aws.s3.object.storage.class", "the store has no such class: choose another"),
    "InvalidTag": ("aws.s3.object.tags", "S3 refuses a name or a value: shorten it, or leave characters out"),
    "MetadataTooLarge": ("aws.s3.object.metadata", "shorten it"),
    "InvalidEncryptionAlgorithmError": ("aws.s3.sse.algorithm", "the store does not know it: choose another"),
    "InvalidEncryptionAlgorithm": ("aws.s3.sse.algorithm", "the store does not know it: choose another"),
}
_ELSEWHERE = frozenset(
    {"PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"}
)


def explained(error: AccessError, config: S3Config) -> AccessError:
    """The same error; its remedy names the option, where it is known to be about one."""
    remedy = next(_remedies(error, config), None)
    if remedy is None:
        return error
    told = AccessError(error.fact, remedy=remedy, code=_code(error))
    told.__cause__ = error.__cause__
    return told


def _code(error: AccessError) -> ErrorCode:
    """The option at fault is known better here."""
    is_about_option = code_of(error) in {*_BY_CODE, *NOT_OFFERED}
    return ErrorCode.S3_OPTION_REFUSED if is_about_option else error.code


def features(config: S3Config) -> list[str]:
    """The options in use that a store need not know."""
    options = {
        name: option
        for name, option in type(config).options().items()
        if name in {*_HEADERS.values()} and config.is_set(option)
    }
    if config.checksum_default != "when_required":
        return [*options, *({"aws.s3.checksum.algorithm"} - {*options})]
    return list(options)


def _remedies(error: AccessError, config: S3Config) -> Iterator[str]:
    cause = error.__cause__
    answer = cause.response if isinstance(cause, ClientError) else {}
    details: Mapping[str, str] = answer.get("Error", {})
    code = code_of(error)
    if code in _ELSEWHERE and (region := _region(answer, details)) and region != config.region:
        yield f"the bucket is in {region}: set aws.s3.region to it"
    if code in _BY_CODE:
        option, what = _BY_CODE[code]
        yield f"{option}: {what}"
    if code in NOT_OFFERED:
        yield _not_offered(details.get("Header", ""), config)
    if code in DENIED:
        yield from _denied(error, str(details.get("Message", "")), config)


def _region(answer: Mapping[str, object], details: Mapping[str, str]) -> str | None:
    metadata = answer.get("ResponseMetadata", {})
    headers = metadata.get("HTTPHeaders", {}) if isinstance(metadata, dict) else {}
    return details.get("Region") or headers.get("x-amz-bucket-region")


def _not_offered(header: str, config: S3Config) -> str:
    option = next((found for start, found in _HEADERS.items() if header.lower().startswith(start)), None)
    if header and option:
        how = "set it to when_required" if option == "aws.s3.checksum.algorithm" else "remove it"
        return f"the store does not offer what {option} asks for: {how}"
    used = ", ".join(features(config))
    if used:
        return (
            "the store does not offer something that is asked of it: try without each of these options:"
            f" {used} (aws.s3.checksum.algorithm=when_required)"
        )
    return "the store does not offer this operation, and the sink cannot do without"


def _denied(error: AccessError, message: str, config: S3Config) -> Iterator[str]:
    if "kms:" in message:
        return
    if "explicit deny" in message:
        yield _explicit_deny(message, config)
    elif config.bucket_owner:
        yield (
            f"{error.remedy}; or the bucket does not belong to the account of aws.s3.expected.bucket.owner,"
            f" {config.bucket_owner}"
        )


def _explicit_deny(message: str, config: S3Config) -> str:
    whose = "the bucket's policy" if "resource-based policy" in message else "a policy"
    asked = config.sse_algorithm or ("a key of yours" if config.sse_customer_key else None)
    if asked:
        return (
            f"{whose} denies this outright, so that granting it does not help. If it demands an encryption,"
            f" that is not {asked}{f' with {config.sse_kms_key}' if config.sse_kms_key else ''}: look at its"
            " conditions on s3:x-amz-server-side-encryption, and change aws.s3.sse.algorithm or"
            " aws.s3.sse.kms.key.id; else change that policy"
        )
    return (
        f"{whose} denies this outright, so that granting it does not help. If it demands encryption, set"
        " aws.s3.sse.algorithm to AES256, or to aws:kms with aws.s3.sse.kms.key.id, as its conditions on"
        " s3:x-amz-server-side-encryption say; else change that policy"
    )

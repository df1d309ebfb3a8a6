"""The names by which errors are looked up in the runbook: stable, readable, one for each remedy.

What a code means and what to do about it is in :mod:`connector.runbook`. A name that was released stays:
people search for it, and alerts match it.
"""

from __future__ import annotations

from enum import StrEnum

PAGE = "docs/runbook.md"
CODE = "code: "
"""Begins the line that :func:`pointer` makes."""


class ErrorCode(StrEnum):
    """What went wrong, as finely as what to do about it differs."""

    # ---- the worker and what it was told ----
    CONFIG_INVALID = "config-invalid"
    CONFIG_REFERENCE_UNRESOLVED = "config-reference-unresolved"
    FILE_UNREADABLE = "file-unreadable"
    PLUGIN_UNUSABLE = "plugin-unusable"
    DIRECTORY_UNUSABLE = "directory-unusable"
    REST_PORT_UNAVAILABLE = "rest-port-unavailable"
    REST_USERS_INVALID = "rest-users-invalid"
    REST_TLS_INVALID = "rest-tls-invalid"
    REQUEST_REFUSED = "request-refused"
    WORKER_UNREACHABLE = "worker-unreachable"
    WORKER_REFUSED = "worker-refused"
    CHECK_TOO_LATE = "check-too-late"
    UNEXPECTED = "unexpected-error"

    # ---- Kafka ----
    KAFKA_UNREACHABLE = "kafka-unreachable"
    KAFKA_AUTHORIZATION = "kafka-authorization"
    KAFKA_CLIENT = "kafka-client-error"
    KAFKA_OFFSETS_UNKNOWN = "kafka-offsets-unknown"
    KAFKA_COMMIT_REFUSED = "kafka-commit-refused"
    KAFKA_COMMIT_UNANSWERED = "kafka-commit-unanswered"
    KAFKA_METADATA_TOO_LARGE = "kafka-metadata-too-large"
    CLUSTER_TOPIC_MISSING = "cluster-topic-missing"
    CLUSTER_TOPIC_UNFIT = "cluster-topic-unfit"
    CLUSTER_TOPIC_UNUSABLE = "cluster-topic-unusable"
    CLUSTER_GROUP_CLOSED = "cluster-group-closed"
    CLUSTER_JVM_WORKERS = "cluster-jvm-workers"
    CLUSTER_RECORD_DAMAGED = "cluster-record-damaged"

    # ---- records ----
    RECORD_UNCONVERTIBLE = "record-unconvertible"
    RECORD_UNTRANSFORMABLE = "record-untransformable"
    RECORD_UNFIT = "record-unfit"
    RECORD_TOO_LARGE = "record-too-large"
    RECORD_REFUSED = "record-refused"
    RETRIES_EXHAUSTED = "retries-exhausted"
    ERRANT_RECORD_UNREADABLE = "errant-record-unreadable"
    DEAD_LETTER_QUEUE_REFUSES = "dead-letter-queue-refuses"
    DEAD_LETTER_TOPIC_UNAVAILABLE = "dead-letter-topic-unavailable"
    REGISTRY_UNREACHABLE = "registry-unreachable"
    REGISTRY_ACCESS_DENIED = "registry-access-denied"
    REGISTRY_NONE_THERE = "registry-none-there"
    REGISTRY_CERTIFICATE = "registry-certificate-untrusted"
    SCHEMA_COMPILER = "schema-compiler-unusable"

    # ---- who we are to AWS ----
    AWS_CREDENTIALS_MISSING = "aws-credentials-missing"
    AWS_CREDENTIALS_UNAVAILABLE = "aws-credentials-unavailable"
    AWS_CREDENTIALS_EXPIRED = "aws-credentials-expired"
    AWS_CREDENTIALS_INVALID = "aws-credentials-invalid"
    AWS_PROFILE_MISSING = "aws-profile-missing"
    AWS_TOKEN_FILE_UNREADABLE = "aws-token-file-unreadable"  # noqa: S105 - a name
    AWS_IDENTITY_ANONYMOUS = "aws-identity-anonymous"
    AWS_ROLE_NOT_ASSUMABLE = "aws-role-not-assumable"
    AWS_SESSION_TOO_LONG = "aws-session-too-long"
    AWS_ACCESS_DENIED = "aws-access-denied"
    AWS_EXPLICIT_DENY = "aws-explicit-deny"
    AWS_KMS = "aws-kms-key-unusable"
    AWS_CLOCK_WRONG = "aws-clock-wrong"
    AWS_REGION_WRONG = "aws-region-wrong"
    AWS_REGION_DISABLED = "aws-region-disabled"

    # ---- requests to AWS ----
    AWS_THROTTLED = "aws-throttled"
    AWS_UNAVAILABLE = "aws-unavailable"
    AWS_UNREACHABLE = "aws-unreachable"
    AWS_ANSWER_FOREIGN = "aws-answer-foreign"
    AWS_REQUEST_UNSENDABLE = "aws-request-unsendable"
    AWS_REQUEST_REFUSED = "aws-request-refused"
    AWS_NOT_OFFERED = "aws-not-offered"
    PROXY_LOGIN_REFUSED = "proxy-login-refused"
    NETWORK_NAME_UNKNOWN = "network-name-unknown"
    NETWORK_REFUSED = "network-refused"
    NETWORK_BLOCKED = "network-blocked"
    NETWORK_NO_ROUTE = "network-no-route"
    TLS_HANDSHAKE_FAILED = "tls-handshake-failed"
    TLS_CERTIFICATE_UNTRUSTED = "tls-certificate-untrusted"
    TLS_CERTIFICATE_WRONG = "tls-certificate-wrong"
    TLS_BUNDLE_UNREADABLE = "tls-bundle-unreadable"

    # ---- destinations ----
    S3_BUCKET_MISSING = "s3-bucket-missing"
    S3_OBJECT_EXISTS = "s3-object-exists"
    S3_OPTION_REFUSED = "s3-option-refused"
    S3_PART_TOO_SMALL = "s3-part-too-small"
    S3_PART_REPLACED = "s3-part-replaced"
    S3_UPLOAD_LEFT_BEHIND = "s3-upload-left-behind"
    SQS_QUEUE_MISSING = "sqs-queue-missing"
    SQS_QUEUE_UNFIT = "sqs-queue-unfit"
    SNS_TOPIC_MISSING = "sns-topic-missing"
    SNS_TOPIC_UNFIT = "sns-topic-unfit"
    KINESIS_STREAM_MISSING = "kinesis-stream-missing"
    KINESIS_STREAM_KEEPS_NO_ORDER = "kinesis-stream-keeps-no-order"
    EVENTBRIDGE_BUS_MISSING = "eventbridge-bus-missing"
    EVENTBRIDGE_SOURCE_DENIED = "eventbridge-source-denied"
    DESTINATION_UNNAMED = "destination-unnamed"
    DESTINATION_NOT_READY = "destination-not-ready"
    DESTINATION_REFUSES = "destination-refuses"

    # ---- exactly once ----
    LEDGER_METADATA_FOREIGN = "ledger-metadata-foreign"
    LEDGER_VERSION_NEWER = "ledger-version-newer"
    LEDGER_OFFSET_MOVED = "ledger-offset-moved"
    LEDGER_STATE_MISSING = "ledger-state-missing"
    LEDGER_STATE_CHANGED = "ledger-state-changed"
    LEDGER_STATE_UNREAD = "ledger-state-unread"
    LEDGER_OLDER_THAN_BUCKET = "ledger-older-than-bucket"
    LEDGER_UPLOAD_GONE = "ledger-upload-gone"
    LEDGER_OBJECT_GONE = "ledger-object-gone"
    LEDGER_PARTS_CHANGED = "ledger-parts-changed"


def pointer(code: ErrorCode) -> str:
    """The line that leads from an error to its remedy."""
    return f"{CODE}{code}, see {PAGE}#{code}"

"""Confluent's options of the bucket: where objects go, what S3 keeps with them, who signs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.config.dialect import foreign
from connector.config.option import BOOLEAN, INT, LIST, LONG, PASSWORD, STRING, Importance, non_empty
from connector.config.schema import Config

if TYPE_CHECKING:
    from connector.config.option import Option

_GROUP = "Confluent: S3"


class BucketOptions(Config):
    bucket: Option[str] = foreign(
        "s3.bucket.name",
        STRING,
        None,
        "The bucket.",
        "aws.s3.bucket.name",
        importance=Importance.HIGH,
        group=_GROUP,
    )
    region: Option[str] = foreign(
        "s3.region",
        STRING,
        "us-west-2",
        "The region of the bucket; the default holds unless aws.region or a named connection gives another.",
        "aws.s3.region",
        importance=Importance.HIGH,
        group=_GROUP,
    )
    store_url: Option[str | None] = foreign(
        "store.url", STRING, None, "The endpoint of an S3-compatible store.", "aws.s3.endpoint", group=_GROUP
    )
    path_style: Option[bool | None] = foreign(
        "s3.path.style.access.enabled",
        BOOLEAN,
        None,
        "Whether the bucket is part of the path. If absent, as the S3 sink does it, which is the same to S3.",
        "aws.s3.path.style.access.enabled",
        group=_GROUP,
    )
    wan_mode: Option[bool] = foreign(
        "s3.wan.mode",
        BOOLEAN,
        False,
        "Transfer acceleration, which cannot be had: true is refused.",
        group=_GROUP,
    )
    part_size: Option[int | None] = foreign(
        "s3.part.size",
        INT,
        None,
        "Bytes of a part. If absent 5 MiB, less memory than Confluent's 25, and the same objects.",
        "aws.s3.part.size.bytes",
        group=_GROUP,
    )
    retry_backoff_ms: Option[int | None] = foreign(
        "s3.retry.backoff.ms",
        LONG,
        None,
        "The first wait before a request is repeated.",
        "aws.s3.backoff.delay.ms",
        group=_GROUP,
    )
    sse: Option[str] = foreign(
        "s3.ssea.name", STRING, "", "What S3 encrypts objects with.", "aws.s3.sse.algorithm", group=_GROUP
    )
    sse_kms_key: Option[str] = foreign(
        "s3.sse.kms.key.id", STRING, "", "The key of KMS.", "aws.s3.sse.kms.key.id", group=_GROUP
    )
    sse_customer_key: Option[object] = foreign(
        "s3.sse.customer.key",
        PASSWORD,
        None,
        "A key of yours, for AES256 only.",
        "aws.s3.sse.customer.key",
        group=_GROUP,
    )
    acl: Option[str | None] = foreign(
        "s3.acl.canned", STRING, None, "The canned ACL of objects.", "aws.s3.object.acl", group=_GROUP
    )
    tagging: Option[bool] = foreign(
        "s3.object.tagging",
        BOOLEAN,
        False,
        "Tags objects when they are begun, with startOffset and the pairs below; endOffset and recordCount"
        " are not known then, and left out.",
        "aws.s3.object.tags",
        group=_GROUP,
    )
    tag_pairs: Option[list[str]] = foreign(
        "s3.object.tagging.key.value.pairs",
        LIST,
        [],
        "Further tags, as name:value.",
        "aws.s3.object.tags",
        group=_GROUP,
    )
    provider: Option[str] = foreign(
        "s3.credentials.provider.class",
        STRING,
        "software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider",
        "Who signs. AwsAssumeRoleCredentialsProvider becomes a role, with"
        " s3.credentials.provider.sts.role.arn, .sts.role.external.id, .sts.role.session.name and"
        " .sts.region; those of the SDK that the default chain holds become the default chain; others must"
        " be installed here as plug-ins.",
        "aws.sts.role.arn",
        "aws.sts.role.external.id",
        "aws.sts.role.session.name",
        "aws.sts.region",
        "aws.credentials.provider",
        validate=non_empty,
        group=_GROUP,
    )
    access_key_id: Option[object] = foreign(
        "aws.access.key.id", PASSWORD, None, "A long-term access key.", "aws.access.key.id", group=_GROUP
    )
    secret_access_key: Option[object] = foreign(
        "aws.secret.access.key", PASSWORD, None, "Its secret.", "aws.secret.access.key", group=_GROUP
    )
    proxy_url: Option[str] = foreign(
        "s3.proxy.url", PASSWORD, "", "The proxy of requests to AWS.", "aws.proxy.url", group=_GROUP
    )
    proxy_user: Option[str | None] = foreign(
        "s3.proxy.user", STRING, None, "Its user.", "aws.proxy.username", group=_GROUP
    )
    proxy_password: Option[object] = foreign(
        "s3.proxy.password", PASSWORD, None, "The user's password.", "aws.proxy.password", group=_GROUP
    )

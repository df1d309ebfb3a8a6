"""What the S3 sink must be allowed: as narrow as the names of its objects are known beforehand."""

from __future__ import annotations

import re
from os.path import commonprefix
from typing import TYPE_CHECKING

from connector.aws.partition import partition
from connector.aws.policy import Statement, escaped
from connector.sinks.s3.client import bucket_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from connector.sinks.s3.config import S3Config
    from connector.sinks.s3.template import Placeholder, Template

_MOST_CHARACTERS = 2048
"""Of all object resources together. They stand in two statements, and a managed policy ends at 6,144
characters (IAM user guide, IAM and STS quotas)."""


def permissions(config: S3Config, topics: Sequence[str]) -> list[Statement]:
    """The statements for this very config; a role with them can neither list nor delete objects.

    Actions: S3 user guide, "Multipart upload API and permissions".
    """
    name = partition(config, config.endpoint_url)
    bucket = bucket_of(config).arn
    objects = _objects(bucket, config.create_template(config.create_format().suffix), topics)
    return [
        Statement(
            "StoreObjectsWholeOrInParts",
            ("s3:PutObject", *_labelling(config), "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"),
            objects,
        ),
        Statement("SeeWhichObjectsAreItsOwn", ("s3:GetObject",), objects),
        Statement("FindItsUnfinishedUploads", ("s3:ListBucketMultipartUploads",), (bucket,)),
        *_state(config, bucket, "KeepItsStateForExactlyOnce", "s3:PutObject", "s3:GetObject"),
        *_encryption(config, name),
    ]


def optional_permissions(config: S3Config) -> list[Statement]:
    """What the connector does without: superseded state objects are then left to a lifecycle rule."""
    return list(_state(config, bucket_of(config).arn, "DeleteStateThatIsSuperseded", "s3:DeleteObject"))


def _state(config: S3Config, bucket: str, sid: str, *actions: str) -> Iterator[Statement]:
    """On the folder of this connector's state objects; these have names of their own, beside the data."""
    if not config.is_exactly_once:
        return
    name = config.raw.get("name")
    folder = (
        f"{escaped(config.state_prefix)}{escaped(name)}/*" if name else f"{escaped(config.state_prefix)}*"
    )
    yield Statement(sid, actions, (f"{bucket}/{re.sub(r'[*]{2,}', '*', folder)}",))


def _labelling(config: S3Config) -> Iterator[str]:
    if config.tags:
        yield "s3:PutObjectTagging"
    if config.acl:
        yield "s3:PutObjectAcl"


def _encryption(config: S3Config, partition_name: str) -> Iterator[Statement]:
    """Of a key of the user's; S3's own, aws/s3, lets everybody of its account use it through S3.

    Parts are decrypted when an upload is completed (S3 user guide, "Multipart upload API and permissions",
    AWS KMS). A policy names keys, not aliases: these are a condition (KMS developer guide, "Use aliases to
    control access to KMS keys").
    """
    key = config.sse_kms_key
    if key is None:
        return
    arn = key if key.startswith("arn:") else f"arn:{partition_name}:kms:{config.region}:*:{_named(key)}"
    where, is_alias, alias = arn.partition(":alias/")
    yield Statement(
        "EncryptObjects",
        ("kms:GenerateDataKey", "kms:Decrypt"),
        (f"{where}:key/*" if is_alias else arn,),
        {"ForAnyValue:StringEquals": {"kms:ResourceAliases": f"alias/{alias}"}} if is_alias else {},
    )


def _named(key: str) -> str:
    return key if key.startswith(("alias/", "key/")) else f"key/{key}"


def _objects(bucket: str, template: Template, topics: Sequence[str]) -> tuple[str, ...]:
    """One resource per topic; if these are too long for a policy, one for what the topics have in common."""
    each = tuple(dict.fromkeys(f"{bucket}/{_pattern(template, escaped(topic))}" for topic in topics))
    if each and sum(map(len, each)) <= _MOST_CHARACTERS:
        return each
    common = commonprefix(topics)  # noqa: RUF071 - of names, not of paths
    return (f"{bucket}/{_pattern(template, escaped(common) + '*')}",)


def _pattern(template: Template, topic: str) -> str:
    return re.sub(r"\*{2,}", "*", "".join(_pieces(template.parts, topic)))


def _pieces(parts: Sequence[Placeholder | str], topic: str) -> Iterator[str]:
    """The template up to its first wildcard; if it shows the topic, up to the first from there on.

    What follows would narrow little, and break with the next change of a suffix.
    """
    variables = ["" if isinstance(part, str) else part.variable for part in parts]
    enough = variables.index("topic") if "topic" in variables else 0
    for index, part in enumerate(parts):
        if isinstance(part, str):
            yield escaped(part)
            continue
        piece = topic if part.variable == "topic" else "*"
        yield piece
        if piece.endswith("*") and index >= enough:
            return

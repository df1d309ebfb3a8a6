from __future__ import annotations

import re

import pytest

from connector.aws.policy import TellsPermissions, permission_policy
from connector.sinks.base import WriteThroughSink
from connector.sinks.s3 import S3Config, S3Sink
from connector.sinks.s3.permissions import optional_permissions, permissions

MANAGED_POLICY_CHARACTERS = 6144
"""IAM user guide, IAM and STS quotas; white space does not count."""


def objects(topics: list[str], **options: str) -> list[str]:
    raw = {name.replace("_", "."): value for name, value in options.items()}
    config = S3Config.parse({"aws.s3.bucket.name": "shop", **raw})
    write, read, *_ = permissions(config, topics)
    assert write.resources == read.resources
    prefix = "arn:aws:s3:::shop/"
    assert all(resource.startswith(prefix) for resource in write.resources)
    return [resource.removeprefix(prefix) for resource in write.resources]


def test_the_policy_of_a_usual_config() -> None:
    config = S3Config.parse(
        {
            "name": "orders-to-s3",
            "aws.s3.bucket.name": "shop",
            "file.name.template": "in/{{topic}}/{{partition}}-{{start_offset}}.gz",
        }
    )
    assert permission_policy(permissions(config, ["orders"])) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "StoreObjectsWholeOrInParts",
                "Effect": "Allow",
                "Action": ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"],
                "Resource": ["arn:aws:s3:::shop/in/orders/*"],
            },
            {
                "Sid": "SeeWhichObjectsAreItsOwn",
                "Effect": "Allow",
                "Action": ["s3:GetObject"],
                "Resource": ["arn:aws:s3:::shop/in/orders/*"],
            },
            {
                "Sid": "FindItsUnfinishedUploads",
                "Effect": "Allow",
                "Action": ["s3:ListBucketMultipartUploads"],
                "Resource": ["arn:aws:s3:::shop"],
            },
            {
                "Sid": "KeepItsStateForExactlyOnce",
                "Effect": "Allow",
                "Action": ["s3:PutObject", "s3:GetObject"],
                "Resource": ["arn:aws:s3:::shop/_ledger/orders-to-s3/*"],
            },
        ],
    }


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"aws.s3.region": "cn-north-1"}, "aws-cn"),
        ({"aws.s3.region": "us-gov-east-1"}, "aws-us-gov"),
        ({"aws.s3.endpoint": "https://s3.cn-northwest-1.amazonaws.com.cn"}, "aws-cn"),
        ({"aws.sts.role.arn": "arn:aws-us-gov:iam::123456789012:role/r"}, "aws-us-gov"),
        ({"aws.s3.endpoint": "http://minio:9000"}, "aws"),
    ],
)
def test_bucket_and_objects_are_in_the_partition_of_the_config(options: dict[str, str], name: str) -> None:
    write, read, find, _ = permissions(S3Config.parse({"aws.s3.bucket.name": "shop", **options}), ["orders"])
    assert write.resources == read.resources == (f"arn:{name}:s3:::shop/orders-*",)
    assert find.resources == (f"arn:{name}:s3:::shop",)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{topic}}/{{partition}}-{{start_offset}}.gz", ["orders/*"]),
        ("{{topic}}/{{partition}}/{{topic}}-{{start_offset}}", ["orders/*"]),
        ("{{ topic }}{{partition}}{{start_offset}}", ["orders*"]),
        ("{{partition}}/{{topic}}/{{start_offset}}", ["*/orders/*"]),
        ("{{partition}}{{start_offset}}{{topic}}", ["*orders"]),
        ("in/{{timestamp:unit=yyyy}}/{{topic}}-{{partition}}-{{start_offset}}", ["in/*/orders-*"]),
        ("{{key}}", ["*"]),
        ("by-key/{{key}}.json", ["by-key/*"]),
        ("/{{key}}", ["/*"]),
        ("日誌/été/{{key}}", ["*/*t*/*"]),
        ("50%*?${x}/{{key}}", ["50%${*}${?}${$}{x}/*"]),
    ],
)
def test_objects_are_as_narrow_as_their_names_are_known(template: str, expected: list[str]) -> None:
    assert objects(["orders"], file_name_template=template) == expected


def test_without_a_template_objects_begin_with_their_topic() -> None:
    assert objects(["orders"]) == ["orders-*"]
    assert objects(["orders"], format_output_type="jsonl") == ["orders-*"]


def test_each_of_a_few_topics_has_its_resource() -> None:
    template = "in/{{topic}}/{{partition}}-{{start_offset}}"
    assert objects(["b", "a", "c"], file_name_template=template) == ["in/b/*", "in/a/*", "in/c/*"]


def test_topics_that_no_name_shows_need_one_resource() -> None:
    assert objects(["a", "b"], file_name_template="in/{{key}}") == ["in/*"]


def test_topics_known_by_a_regular_expression_only_are_a_wildcard() -> None:
    template = "in/{{topic}}/{{partition}}-{{start_offset}}"
    assert objects([], file_name_template=template) == ["in/*"]
    assert objects([]) == ["*"]
    assert objects([], file_name_template="{{partition}}/x/{{topic}}/{{start_offset}}") == ["*/x/*"]


def test_topics_too_many_for_a_policy_share_what_their_names_begin_with() -> None:
    topics = [f"shop.orders.of.the.branch.number-{number}" for number in range(200)]
    template = "in/{{topic}}/{{partition}}-{{start_offset}}"
    assert objects(topics, file_name_template=template) == ["in/shop.orders.of.the.branch.number-*"]


@pytest.mark.parametrize("count", [1, 5, 20, 40, 80])
def test_any_policy_fits_a_managed_policy(count: int) -> None:
    config = S3Config.parse({"aws.s3.bucket.name": "shop", "file.name.template": "in/$*/{{topic}}/{{key}}"})
    topics = [f"{number}-{'x' * 20}" for number in range(count)]
    text = str(permission_policy(permissions(config, topics)))
    assert len(re.sub(r"\s", "", text)) < MANAGED_POLICY_CHARACTERS


def test_statement_ids_are_distinct_and_have_letters_and_digits_only() -> None:
    """IAM user guide, Sid."""
    statements = permissions(S3Config.parse({"aws.s3.bucket.name": "shop"}), [])
    sids = [statement.sid for statement in statements]
    assert len(set(sids)) == len(sids)
    assert all(re.fullmatch("[0-9A-Za-z]+", sid) for sid in sids)


def test_the_s3_sink_tells_its_permissions_and_a_plain_sink_need_not() -> None:
    assert isinstance(S3Sink, TellsPermissions)
    assert not isinstance(WriteThroughSink, TellsPermissions)


def state_of(**options: str) -> list[str]:
    raw = {name.replace("_", "."): value for name, value in options.items()}
    config = S3Config.parse({"aws.s3.bucket.name": "shop", **raw})
    needed = [found for found in permissions(config, ["orders"]) if found.sid.startswith("KeepItsState")]
    optional = optional_permissions(config)
    assert [found.resources for found in needed] == [found.resources for found in optional]
    assert all(found.actions == ("s3:DeleteObject",) for found in optional)
    return [resource for found in needed for resource in found.resources]


def test_state_is_kept_in_the_folder_of_the_connector() -> None:
    assert state_of(name="orders", aws_s3_state_prefix="a/_state/") == ["arn:aws:s3:::shop/a/_state/orders/*"]
    assert state_of() == ["arn:aws:s3:::shop/_ledger/*"]
    assert state_of(name="wh*t?") == ["arn:aws:s3:::shop/_ledger/wh${*}t${?}/*"]


def test_at_least_once_keeps_no_state_and_nothing_may_be_deleted() -> None:
    assert state_of(name="orders", delivery_guarantee="at-least-once") == []
    config = S3Config.parse({"aws.s3.bucket.name": "shop"})
    actions = {action for found in permissions(config, []) for action in found.actions}
    assert "s3:DeleteObject" not in actions

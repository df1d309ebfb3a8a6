from __future__ import annotations

from connector.aws.policy import TellsPermissions
from connector.sinks.eventbridge import EventBridgeConfig, EventBridgeSink


def statements(topics: list[str], **options: str) -> dict[tuple[str, ...], tuple[str, ...]]:
    raw = {f"aws.eventbridge.{name}" if "." not in name else name: value for name, value in options.items()}
    found = EventBridgeSink.permissions(EventBridgeConfig.parse(raw), topics)
    return {statement.actions: statement.resources for statement in found}


PUT, FIND, STORE = ("events:PutEvents",), ("events:DescribeEventBus",), ("s3:PutObject",)


def test_the_sink_tells_its_permissions() -> None:
    assert isinstance(EventBridgeSink, TellsPermissions)


def test_the_bus_by_its_arn_is_all_that_is_allowed() -> None:
    arn = "arn:aws-cn:events:cn-north-1:123456789012:event-bus/shop"
    assert statements(["orders"], bus=arn) == {PUT: (arn,), FIND: (arn,)}


def test_a_bus_by_its_name_is_in_the_region_and_in_the_account_of_the_role() -> None:
    role = {"aws.sts.role.arn": "arn:aws:iam::123456789012:role/r", "aws.region": "eu-north-1"}
    arn = "arn:aws:events:eu-north-1:123456789012:event-bus/shop"
    assert statements([], bus="shop", **role)[PUT] == (arn,)
    assert statements([], bus="shop")[PUT] == ("arn:aws:events:us-east-1:*:event-bus/shop",)


def test_a_bus_of_each_topic_has_its_resource() -> None:
    prefix = "arn:aws:events:us-east-1:*:event-bus/"
    assert statements(["a", "b"], bus="x-{{topic}}")[FIND] == (prefix + "x-a", prefix + "x-b")
    assert statements([], bus="x-{{topic}}")[FIND] == (prefix + "x-*",)
    many = [f"a-topic-with-a-long-name-{number}" for number in range(100)]
    assert statements(many, bus="x-{{topic}}")[FIND] == (prefix + "x-a-topic-with-a-long-name-*",)


def test_large_values_need_a_bucket() -> None:
    options = {"oversize.policy": "s3", "oversize.s3.bucket.name": "big", "oversize.s3.prefix": "in/"}
    assert statements(["a"], **options)[STORE] == ("arn:aws:s3:::big/in/*",)

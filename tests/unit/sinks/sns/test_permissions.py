from __future__ import annotations

from connector.aws.policy import TellsPermissions
from connector.sinks.sns import SnsConfig, SnsSink

ARN = "arn:aws-cn:sns:cn-north-1:123456789012:"


def statements(topics: list[str], arn: str, **options: str) -> dict[tuple[str, ...], tuple[str, ...]]:
    raw = {name.replace("_", "."): value for name, value in options.items()}
    sink: type[SnsSink] = SnsSink
    assert isinstance(sink, TellsPermissions)
    found = sink.permissions(SnsConfig.parse({"aws.sns.topic.arn": arn, **raw}), topics)
    return {statement.actions: statement.resources for statement in found}


def test_publishing_and_reading_limits_are_all_that_is_needed() -> None:
    assert statements(["a", "b"], f"{ARN}orders") == {
        ("sns:Publish",): (f"{ARN}orders",),
        ("sns:GetTopicAttributes",): (f"{ARN}orders",),
    }


def test_topics_by_name_have_a_resource_each() -> None:
    found = statements(["a", "b"], f"{ARN}in-{{{{topic}}}}.fifo")
    assert found[("sns:Publish",)] == (f"{ARN}in-a.fifo", f"{ARN}in-b.fifo")


def test_topics_of_which_only_a_pattern_is_known_share_a_wildcard() -> None:
    assert statements([], f"{ARN}in-{{{{topic}}}}.fifo")[("sns:Publish",)] == (f"{ARN}in-*.fifo",)


def test_too_many_topics_share_what_their_names_have_in_common() -> None:
    topics = [f"shop-{number:04}" for number in range(500)]
    assert statements(topics, f"{ARN}{{{{topic}}}}")[("sns:Publish",)] == (f"{ARN}shop-0*",)


def test_bodies_in_s3_need_one_permission_more() -> None:
    options = {"oversize.policy": "s3", "oversize.s3.bucket.name": "bodies", "oversize.s3.prefix": "in/"}
    assert statements([], f"{ARN}orders", **options)[("s3:PutObject",)] == ("arn:aws-cn:s3:::bodies/in/*",)

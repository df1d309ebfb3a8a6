"""What the SQS sink's options accept, and what its role must be allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from connector.errors import AccessError
from connector.sinks.sqs import SqsConfig, SqsSink
from connector.sinks.sqs.lookup import check_options, reference_of
from connector.sinks.sqs.queue import Queue, QueueReference

if TYPE_CHECKING:
    from connector.aws.policy import Statement

ARN = "arn:aws:sqs:eu-north-1:123456789012:orders"
URL = "https://sqs.eu-north-1.amazonaws.com/123456789012/orders"


def problems(**options: str) -> list[str]:
    raw = {name.replace("_", "."): value for name, value in options.items()}
    return [f"{problem.option} {problem.message}" for problem in SqsConfig(raw).problems()]


def parsed(**options: str) -> SqsConfig:
    return SqsConfig.parse({name.replace("_", "."): value for name, value in options.items()})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("orders", QueueReference("orders")),
        ("orders.fifo", QueueReference("orders.fifo")),
        (ARN, QueueReference("orders", "123456789012", "eu-north-1")),
        (
            "arn:aws-cn:sqs:cn-north-1:123456789012:orders",
            QueueReference("orders", "123456789012", "cn-north-1"),
        ),
        (URL, QueueReference("orders", "123456789012", "eu-north-1", URL)),
        (
            "https://queue.amazonaws.com/123456789012/orders",
            QueueReference(
                "orders", "123456789012", "us-east-1", "https://queue.amazonaws.com/123456789012/orders"
            ),
        ),
        (
            "http://localhost:9324/queue/orders",
            QueueReference(
                "orders", None, None, "http://localhost:9324/queue/orders", "http://localhost:9324"
            ),
        ),
        (
            "https://vpce-1-2.sqs.eu-north-1.vpce.amazonaws.com/123456789012/orders",
            QueueReference(
                "orders",
                "123456789012",
                "eu-north-1",
                "https://vpce-1-2.sqs.eu-north-1.vpce.amazonaws.com/123456789012/orders",
                "https://vpce-1-2.sqs.eu-north-1.vpce.amazonaws.com",
            ),
        ),
    ],
)
def test_a_queue_goes_by_name_arn_or_url(text: str, expected: QueueReference) -> None:
    assert QueueReference.of(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "arn:aws:sns:eu-north-1:123456789012:orders",
        "arn:aws:sqs:eu-north-1:123:orders",
        "arn:aws:sqs:{{topic}}:123456789012:orders",
        "https://sqs.{{topic}}.amazonaws.com/123456789012/orders",
        "https://sqs.eu-north-1.amazonaws.com/orders",
        "no.dots",
        "x" * 81,
        "",
        "{{partition}}",
        "{{nothing}}",
    ],
)
def test_what_names_no_queue_is_refused(text: str) -> None:
    (problem,) = problems(aws_sqs_queue=text)
    assert problem.startswith("aws.sqs.queue Invalid value")


@pytest.mark.parametrize("alias", ["aws_sqs_queue_url", "aws_sqs_queue_name", "aws_sqs_queue_arn"])
def test_the_queue_has_aliases_of_which_one_may_be_given(alias: str) -> None:
    assert parsed(**{alias: ARN}).queue == ARN
    (problem,) = problems(aws_sqs_queue=ARN, **{alias: "orders"})
    assert "more than once" in problem


def test_the_region_is_that_of_the_queue_and_may_not_contradict_it() -> None:
    assert parsed(aws_sqs_queue=ARN).region == "eu-north-1"
    assert parsed(aws_sqs_queue=URL, aws_region="eu-north-1").region == "eu-north-1"
    assert parsed(aws_sqs_queue="orders", aws_region="eu-west-1").region == "eu-west-1"
    assert parsed(aws_sqs_queue=ARN, aws_s3_region="eu-west-1").region == "eu-north-1"
    (problem,) = problems(aws_sqs_queue=ARN, aws_region="eu-west-1")
    assert problem.startswith("aws.sqs.queue names another region than aws.region: eu-north-1")


def test_requests_go_to_the_endpoint_that_is_given_or_to_that_of_the_url() -> None:
    local = "http://localhost:9324/queue/orders"
    assert parsed(aws_sqs_queue=URL).service_endpoint("sqs") is None
    assert parsed(aws_sqs_queue=local).service_endpoint("sqs") == "http://localhost:9324"
    assert parsed(aws_sqs_queue=local, aws_endpoint="http://other").service_endpoint("sqs") == "http://other"
    given = parsed(aws_sqs_queue=URL, aws_sqs_endpoint="sqs.example.com", aws_endpoint="http://other")
    assert given.service_endpoint("sqs") == "https://sqs.example.com"
    assert given.service_endpoint("s3") == "http://other"


@pytest.mark.parametrize("delay", ["901", "-1", "1.5", "\u0661"])
def test_a_delay_is_a_number_of_seconds(delay: str) -> None:
    (problem,) = problems(aws_sqs_queue=ARN, aws_sqs_delay_seconds=delay)
    assert problem.startswith("aws.sqs.delay.seconds Invalid value")


@pytest.mark.parametrize(
    ("queue", "option", "value"),
    [
        ("orders.fifo", "aws.sqs.delay.seconds", "5"),
        (ARN + ".fifo", "aws.sqs.delay.seconds", "{{header:d}}"),
        ("{{topic}}.fifo", "aws.sqs.delay.seconds", "5"),
        ("orders", "aws.sqs.message.deduplication.id", "content"),
        ("{{topic}}-queue", "aws.sqs.message.deduplication.id", "{{header:id}}"),
    ],
)
def test_an_option_of_the_other_kind_of_queue_is_refused(queue: str, option: str, value: str) -> None:
    (problem,) = SqsConfig({"aws.sqs.queue": queue, option: value}).problems()
    assert problem.option == option


@pytest.mark.parametrize("id_", ["postion", "{{topic}}", "{{topic}}-{{partition}}", "{{value.id}}"])
def test_a_deduplication_id_that_many_records_have_is_refused(id_: str) -> None:
    """The queue would take the second record for the first one, and not say so."""
    (problem,) = SqsConfig(
        {"aws.sqs.queue": "orders.fifo", "aws.sqs.message.deduplication.id": id_}
    ).problems()
    assert problem.option == "aws.sqs.message.deduplication.id"


def test_a_type_of_attributes_that_queues_do_not_have_is_refused() -> None:
    (problem,) = SqsConfig(
        {"aws.sqs.queue": "orders", "message.attributes.types": "tags:String.Array"}
    ).problems()
    assert problem.option == "message.attributes.types"


def test_the_kind_of_a_queue_that_ends_with_the_topic_is_not_known_beforehand() -> None:
    config = parsed(
        aws_sqs_queue="{{topic}}", aws_sqs_delay_seconds="5", aws_sqs_message_deduplication_id="content"
    )
    with pytest.raises(AccessError, match=r"is a FIFO queue, and aws\.sqs\.delay\.seconds"):
        check_options(config, Queue(URL, ARN, is_fifo=True))
    with pytest.raises(AccessError, match=r"is a standard queue, and aws\.sqs\.message\.deduplication\.id"):
        check_options(config, Queue(URL, ARN, is_fifo=False))


def test_content_needs_a_queue_that_deduplicates_by_content() -> None:
    config = parsed(aws_sqs_queue="orders.fifo", aws_sqs_message_deduplication_id="content")
    with pytest.raises(AccessError, match="set ContentBasedDeduplication on the queue"):
        check_options(config, Queue(URL, ARN, is_fifo=True, deduplicates_content=False))
    check_options(config, Queue(URL, ARN, is_fifo=True, deduplicates_content=True))
    check_options(config, Queue(URL, ARN, is_fifo=True, deduplicates_content=None))


def test_a_topic_that_makes_no_name_of_a_queue_is_named() -> None:
    with pytest.raises(AccessError, match=r"for the topic shop\.orders: 'shop\.orders' is no name"):
        reference_of(parsed(aws_sqs_queue="{{topic}}"), "shop.orders")


# ---- permissions ----


def granted(*topics: str, **options: str) -> list[Statement]:
    return SqsSink.permissions(parsed(**options), topics)


@pytest.mark.parametrize(
    ("queue", "topics", "expected"),
    [
        (ARN, ("a", "b"), [ARN]),
        (URL, ("a",), [ARN]),
        ("orders", ("a",), ["arn:aws:sqs:us-east-1:*:orders"]),
        (ARN + "-{{topic}}.fifo", ("a", "b"), [f"{ARN}-a.fifo", f"{ARN}-b.fifo"]),
        (URL + "-{{topic}}", ("a*",), [f"{ARN}-a${{*}}"]),
        (ARN + "-{{topic}}", (), [f"{ARN}-*"]),
        ("{{topic}}", [f"t{number}" for number in range(200)], ["arn:aws:sqs:us-east-1:*:t*"]),
    ],
)
def test_a_role_may_send_to_its_queues_only(queue: str, topics: list[str], expected: list[str]) -> None:
    (statement,) = granted(*topics, aws_sqs_queue=queue)
    assert list(statement.resources) == expected
    assert set(statement.actions) == {"sqs:SendMessage", "sqs:GetQueueUrl", "sqs:GetQueueAttributes"}


def test_large_bodies_need_a_permission_of_their_own() -> None:
    _, store = granted(
        aws_sqs_queue=ARN,
        oversize_policy="s3",
        oversize_s3_bucket_name="large",
        oversize_s3_prefix="sqs/",
    )
    assert store.actions == ("s3:PutObject",)
    assert store.resources == ("arn:aws:s3:::large/sqs/*",)

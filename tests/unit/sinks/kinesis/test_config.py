from __future__ import annotations

import pytest

from connector.errors import ConfigError
from connector.sinks.dispatch import Order
from connector.sinks.kinesis import KinesisConfig

ARN = "arn:aws:kinesis:eu-north-1:123456789012:stream/orders"


def parse(**options: str) -> KinesisConfig:
    raw = {"stream": "orders"} | options
    names = {
        name: f"aws.kinesis.{name.replace('_', '.')}"
        for name in raw
        if name not in {"order", "region_of_all"}
    }
    names |= {"order": "delivery.order", "region_of_all": "aws.region"}
    return KinesisConfig.parse({names[name]: value for name, value in raw.items()})


def problems(**options: str) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        parse(**options)
    return [problem.option for problem in raised.value.problems]


@pytest.mark.parametrize(
    "stream", ["orders", "{{topic}}", "kafka-{{ topic }}.v1", ARN, f"{ARN}-{{{{topic}}}}"]
)
def test_a_stream_is_a_name_or_an_arn_that_may_depend_on_the_topic(stream: str) -> None:
    assert parse(stream=stream).stream == stream


@pytest.mark.parametrize(
    "stream",
    ["", "or ders", "a" * 129, "{{key}}", "arn:aws:sqs:eu-north-1:123456789012:orders", ARN + "/consumer/c"],
)
def test_what_is_no_stream_is_refused(stream: str) -> None:
    assert problems(stream=stream) == ["aws.kinesis.stream"]


@pytest.mark.parametrize("alias", ["aws.kinesis.stream.name", "aws.kinesis.stream.arn"])
def test_other_names_of_the_option_stream_are_understood(alias: str) -> None:
    assert KinesisConfig.parse({alias: ARN}).stream_of("any") == ARN


def test_a_stream_that_is_given_twice_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"more than once.*: keep one"):
        KinesisConfig.parse({"aws.kinesis.stream.name": "a", "aws.kinesis.stream.arn": ARN})


def test_a_topic_can_make_a_name_that_no_stream_has() -> None:
    with pytest.raises(ValueError, match="neither the name of a stream"):
        parse(stream="{{topic}}").stream_of("t" * 129)


def test_the_region_is_that_of_the_arn_before_that_of_all_services() -> None:
    assert parse(stream=ARN, region_of_all="us-west-2").region == "eu-north-1"
    assert parse(stream=f"{ARN}-{{{{topic}}}}").region == "eu-north-1"
    assert parse(region_of_all="us-west-2").region == "us-west-2"
    assert parse(region_of_all="us-west-2", region="eu-west-1").region == "eu-west-1"


def test_a_region_that_contradicts_the_arn_is_refused() -> None:
    assert problems(stream=ARN, region="eu-west-1") == ["aws.kinesis.region"]
    assert parse(stream=ARN, region="eu-north-1").region == "eu-north-1"


def test_the_order_of_random_keys_is_none_and_may_not_be_key() -> None:
    assert parse().default_order == Order.KEY
    assert parse(partition_key="random").default_order == Order.NONE
    assert problems(partition_key="random", order="key") == ["delivery.order"]
    parse(partition_key="random", order="partition")


@pytest.mark.parametrize("hash_key", ["0", "1", str(2**128 - 1), "partition", "{{header:shard}}"])
def test_explicit_hash_keys_have_128_bits(hash_key: str) -> None:
    assert parse(explicit_hash_key=hash_key).explicit_hash_key == hash_key


@pytest.mark.parametrize("hash_key", ["-1", "01", "1.0", "x", str(2**128), "٣", "{{nothing}}"])
def test_what_is_no_explicit_hash_key_is_refused(hash_key: str) -> None:
    assert problems(explicit_hash_key=hash_key) == ["aws.kinesis.explicit.hash.key"]


def test_limits_of_aggregation_mean_nothing_without_it() -> None:
    limits = {"aggregation_max_bytes": "1000", "aggregation_max_records": "10"}
    assert problems(**limits) == ["aws.kinesis.aggregation.max.bytes", "aws.kinesis.aggregation.max.records"]
    config = parse(aggregation="kpl", **limits)
    assert (config.aggregation_bytes, config.aggregation_records) == (1000, 10)


def test_all_problems_come_at_once() -> None:
    assert problems(stream="no stream", partition_key="{{nothing}}", aggregation="zip") == [
        "aws.kinesis.stream",
        "aws.kinesis.partition.key",
        "aws.kinesis.aggregation",
    ]

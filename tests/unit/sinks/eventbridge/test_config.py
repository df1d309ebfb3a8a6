from __future__ import annotations

import pytest

from connector.errors import ConfigError
from connector.sinks.eventbridge import EventBridgeConfig

CLASSIC = "arn:aws:events:eu-north-1:123456789012:event-bus/shop"
SECOND = "arn:aws:events:eu-north-1:123456789012:event-busv2/shop/abcdefghijklmnopqrstuvwxy"


def config(**options: str) -> EventBridgeConfig:
    return EventBridgeConfig.parse(raw(options))


def raw(options: dict[str, str]) -> dict[str, str]:
    return {name if "." in name else f"aws.eventbridge.{name}": value for name, value in options.items()}


def problem(**options: str) -> str:
    with pytest.raises(ConfigError) as caught:
        config(**options)
    return str(caught.value)


def test_nothing_needs_to_be_given() -> None:
    assert config().bus == "default"
    assert config().region == "us-east-1"


def test_an_arn_tells_the_region() -> None:
    assert config(bus=CLASSIC, **{"aws.region": "us-west-2"}).region == "eu-north-1"


def test_a_region_of_its_own_wins_over_that_of_all_services() -> None:
    assert config(**{"aws.eventbridge.region": "eu-west-1", "aws.region": "us-west-2"}).region == "eu-west-1"
    assert config(**{"aws.region": "us-west-2"}).region == "us-west-2"


def test_an_arn_and_another_region_contradict_each_other() -> None:
    assert "keep one" in problem(bus=CLASSIC, region="us-east-1")
    assert config(bus=CLASSIC, region="eu-north-1").region == "eu-north-1"


def test_the_names_of_aws_s_own_connector_are_understood() -> None:
    options = {
        "aws.eventbridge.eventbus.arn": CLASSIC,
        "aws.eventbridge.endpoint.uri": "https://vpce.example",
        "aws.eventbridge.eventbus.resources": "a,b",
    }
    found = config(**options)
    assert found.bus == CLASSIC
    assert found.service_endpoint("events") == "https://vpce.example"
    assert found.resources == ["a", "b"]


@pytest.mark.parametrize(
    ("option", "value", "reason"),
    [
        ("bus", "aws.partner/shop/1", "partners"),
        ("bus", "with space", "not the name"),
        ("bus", "arn:aws:sqs:eu-north-1:123456789012:queue", "not the ARN"),
        ("bus", "bus-{{key}}", "no variable but {{topic}}"),
        ("source", "aws.shop", "begins with aws."),
        ("source", "{{nothing}}", "is no variable"),
        ("detail_type", "x" * 129, "128"),
        ("detail", "base64", "supported values"),
        ("trace_header", "a}}", "braces"),
    ],
)
def test_what_eventbridge_would_refuse_is_refused_at_once(option: str, value: str, reason: str) -> None:
    assert reason in problem(
        **{option.replace("_", "."): value}
        if "." in option
        else {f"aws.eventbridge.{option.replace('_', '.')}": value}
    )


def test_a_bus_for_each_topic_is_legal() -> None:
    assert config(bus="bus-{{topic}}").bus_expression.of_topic("orders") == "bus-orders"
    assert config(bus=CLASSIC + "-{{topic}}").region == "eu-north-1"


@pytest.mark.parametrize("name", ["endpoint.id", "eventbus.global.endpoint.id"])
def test_a_global_endpoint_is_refused_with_what_is_missing(name: str) -> None:
    text = problem(**{f"aws.eventbridge.{name}": "abcde.veo"})
    assert "SigV4A" in text
    assert "awscrt" in text


def test_options_of_the_second_version_need_it() -> None:
    for option in ("event.group.id", "deduplication.id"):
        assert "aws.eventbridge.version=2" in problem(**{f"aws.eventbridge.{option}": "x"})


@pytest.mark.parametrize("id_", ["contents", "{{topic}}-{{partition}}"])
def test_a_deduplication_id_that_many_events_have_is_refused(id_: str) -> None:
    """The bus would take the second event for the first one, and say that it has it."""
    assert "taken for duplicates" in problem(
        bus=SECOND, version="2", **{"aws.eventbridge.deduplication.id": id_}
    )


def test_the_version_and_the_bus_must_agree() -> None:
    assert "event-busv2" in problem(bus=CLASSIC, version="2")
    assert "event-busv2" in problem(version="2")
    assert "aws.eventbridge.version=2" in problem(bus=SECOND)
    assert config(bus=SECOND, version="2").is_second


def test_a_trace_header_is_unknown_to_the_second_version() -> None:
    assert "unknown" in problem(bus=SECOND, version="2", **{"aws.eventbridge.trace.header": "x"})

"""What validation shows beyond what Kafka Connect's own answers are compared with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from connector.cluster.defaults import Defaults
from connector.cluster.request_error import BadRequestError
from connector.cluster.validation import checked, infos
from connector.settings import WorkerSettings

if TYPE_CHECKING:
    from connector.config.info import ConfigInfos, SubmittedConfig

S3 = {
    "name": "a",
    "connector.class": "s3",
    "topics": "t",
    "aws.s3.bucket.name": "lake",
    "aws.s3.region": "eu-west-1",
}
KEYS = {"aws.access.key.id": "AKIAEXAMPLE", "aws.secret.access.key": "s3cret-value"}


def defaults(**more: str) -> Defaults:
    providers = {
        **{name.replace("_", "."): value for name, value in more.items()},
        "bootstrap.servers": "a:1",
        "config.providers": "env",
        "config.providers.env.class": "env",
        "config.providers.env.param.allowlist.pattern": "LAKE_.*",
    }
    return Defaults(WorkerSettings.of(providers, {}))


def found(config: SubmittedConfig) -> ConfigInfos:
    return infos({**S3, **config}, defaults())


def value(infos: ConfigInfos, name: str) -> str | None:
    return next(each.value.value for each in infos.configs if each.value.name == name)


def test_no_secret_is_shown_wherever_it_stands() -> None:
    config: SubmittedConfig = {
        **KEYS,
        "consumer.override.sasl.jaas.config": "s3cret-value",
        "value.converter": "json",
        "value.converter.password": "s3cret-value",
        "tasks.max": "s3cret",
        "transforms": "x",
        "transforms.x.type": "Filter",
        "transforms.x.api.token": "s3cret-value",
    }
    assert "s3cret-value" not in str(found(config).shown())
    with pytest.raises(BadRequestError) as raised:
        checked({**S3, **config}, defaults())
    assert "s3cret-value" not in str(raised.value)


def test_a_reference_is_shown_and_not_what_it_stands_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKE_BUCKET", "the-lake-itself")
    shown = found({"aws.s3.bucket.name": "${env:LAKE_BUCKET}"})
    assert value(shown, "aws.s3.bucket.name") == "${env:LAKE_BUCKET}"
    assert "the-lake-itself" not in str(shown.shown())


def test_an_option_under_another_of_its_names_is_shown_under_its_own() -> None:
    config = {key: item for key, item in S3.items() if key != "aws.s3.bucket.name"}
    shown = infos({**config, "aws_s3_bucket": "old"}, defaults())
    assert value(shown, "aws.s3.bucket.name") == "old"


def test_every_option_has_a_place_in_its_group() -> None:
    shown = found({})
    places = [(each.key.group, each.key.order) for each in shown.configs if each.key]
    assert len(places) == len(set(places))
    assert {group for group, _ in places} == set(shown.groups)


def test_a_config_without_a_class_is_not_quoted() -> None:
    with pytest.raises(BadRequestError, match="contains no connector type") as raised:
        checked({"password": "s3cret"}, defaults())
    assert "s3cret" not in str(raised.value)


def refusal(config: SubmittedConfig, **worker: str) -> str:
    with pytest.raises(BadRequestError) as raised:
        checked({**S3, **config}, defaults(**worker))
    return str(raised.value)


def test_overrides_that_the_policy_does_not_allow_are_refused_those_of_a_queue_only_where_there_is_one() -> (
    None
):
    config: SubmittedConfig = {
        "consumer.override.max.poll.records": "5",
        "producer.override.acks": "all",
        "admin.override.retries": "3",
    }
    policy = {"connector_client_config_override_policy": "None"}
    assert "1 error(s)" in refusal(config, **policy)
    text = refusal({**config, "errors.deadletterqueue.topic.name": "dlq"}, **policy)
    assert "3 error(s)" in text
    for name in ("max.poll.records", "acks", "retries"):
        assert (
            f"The 'None' policy does not allow '{name}' to be overridden in the connector configuration."
            in text
        )


def test_no_connector_has_the_worker_run_a_program() -> None:
    text = refusal({"consumer.override.sasl.kerberos.kinit.cmd": "touch /tmp/x"})
    assert "consumer.override.sasl.kerberos.kinit.cmd: may not be set by a connector" in text


def test_a_connector_leads_only_where_the_operator_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKE_ENDPOINT", "http://evil:9000")
    config: SubmittedConfig = {
        "aws.s3.endpoint": "${env:LAKE_ENDPOINT}",
        "aws.tls.ca.bundle": "/etc/passwd",
        "value.converter": "io.confluent.connect.avro.AvroConverter",
        "value.converter.schema.registry.url": "http://inside:8081",
        "consumer.override.bootstrap.servers": "other:9092",
    }
    text = refusal(config, connectors_allowed_hosts="minio", connectors_allowed_paths="/etc/certs")
    assert "4 error(s)" in text
    for option in config.keys() - {"value.converter"}:
        assert f"{option}: names a" in text
    allowed = defaults(connectors_allowed_hosts="evil, inside, other", connectors_allowed_paths="/etc")
    assert checked({**S3, **config}, allowed).name == "a"


def test_what_the_operator_wrote_may_lead_anywhere() -> None:
    worker = {
        "value_converter": "io.confluent.connect.avro.AvroConverter",
        "value_converter_schema_registry_url": "http://inside:8081",
        "connectors_allowed_hosts": "",
    }
    assert checked({**S3}, defaults(**worker)).name == "a"

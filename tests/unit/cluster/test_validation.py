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


def defaults() -> Defaults:
    providers = {
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

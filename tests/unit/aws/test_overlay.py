from __future__ import annotations

import datetime as dt
import re

import pytest

from connector.aws.definition import Definition
from connector.aws.named import NamedConnection
from connector.aws.overlay import overlay
from connector.errors import ConfigError
from connector.runtime.blueprint import Blueprint, draw
from connector.settings import WorkerSettings

ARN = "arn:aws:iam::123456789012:role/r"
KEYS = {"aws.access.key.id": "AKIAEXAMPLE", "aws.secret.access.key": "s3cret"}
SINK = {"name": "orders", "connector.class": "s3", "topics": "t", "aws.s3.bucket.name": "bucket"}


def named(options: dict[str, str]) -> NamedConnection:
    return NamedConnection.new(Definition("lake", options), dt.datetime.now(dt.UTC))


class Worker:
    """Has one connection, whatever it is asked for."""

    def __init__(self, options: dict[str, str]) -> None:
        self.connection = named(options)
        self._settings = WorkerSettings.load(None, {"CONNECT_BOOTSTRAP_SERVERS": "k:1"})
        self.converter_class = self._settings.converter_class
        self.converter_config = self._settings.converter_config
        self.resolve = self._settings.resolve
        self.bounds, self.override_policy = self._settings.bounds, self._settings.override_policy

    def aws_connection(self, name: str) -> NamedConnection:
        return self.connection


def drawn(options: dict[str, str], **own: str) -> Blueprint:
    raw = {**SINK, "aws.connection": "lake", **{key.replace("_", "."): value for key, value in own.items()}}
    blueprint = draw(raw, Worker(options))
    assert blueprint.raw == raw
    return blueprint


def refused(options: dict[str, str], **own: str) -> str:
    with pytest.raises(ConfigError) as error:
        drawn(options, **own)
    assert "s3cret" not in str(error.value)
    return str(error.value)


def test_a_connector_gets_what_it_does_not_say_itself() -> None:
    config = drawn({**KEYS, "aws.region": "eu-north-1"}, aws_region="eu-west-1").make_sink().config
    assert config.region == "eu-west-1"
    assert config.access_key_id.get_secret_value() == "AKIAEXAMPLE"


def test_the_submitted_config_stays_and_the_connection_is_no_unknown_option() -> None:
    blueprint = drawn(KEYS)
    assert not blueprint.unknown
    assert blueprint.connections == {"lake": 1}


def test_the_generated_external_id_goes_with_every_role() -> None:
    worker = Worker({"aws.sts.role.arn": ARN})
    config = draw({**SINK, "aws.connection": "lake"}, worker).make_sink().config
    assert config.sts_role_external_id == worker.connection.external_id
    own = draw({**SINK, "aws.connection": "lake", "aws.sts.role.external.id": "own"}, worker).make_sink()
    assert own.config.sts_role_external_id == "own"
    assert drawn(KEYS, aws_sts_role_arn=ARN).make_sink().config.sts_role_external_id.startswith("lake-")
    assert drawn(KEYS).make_sink().config.sts_role_external_id is None


def test_the_connectors_own_external_id_is_not_taken_for_the_connections() -> None:
    own = {"aws.sts.role.external.id": "own"}
    both = overlay(named({"aws.sts.role.arn": ARN, "aws.sts.role.external.id": "theirs"}), own)
    assert both.options["aws.sts.role.external.id"] == "own"
    assert both.inherited == {"aws.sts.role.arn"}


def test_a_contradiction_says_which_side_each_option_is_from() -> None:
    assert re.search(
        r"aws\.access\.key\.id from connection lake; aws\.profile from the connector",
        refused(KEYS, aws_profile="p"),
    )


def test_a_key_of_one_side_is_not_combined_with_the_secret_of_the_other() -> None:
    assert "aws.secret.access.key would come from connection lake" in refused(KEYS, aws_access_key_id="AKIA2")
    drawn({**KEYS}, aws_access_key_id="AKIA2", aws_secret_access_key="other")
    with_token = {**KEYS, "aws.session.token": "t"}
    assert "aws.session.token would come" in refused(
        with_token, aws_access_key_id="AKIA2", aws_secret_access_key="other"
    )


def test_the_password_of_a_proxy_is_not_sent_to_another_proxy() -> None:
    proxy = {"aws.proxy.url": "http://p:1", "aws.proxy.username": "u", "aws.proxy.password": "s3cret"}
    assert "aws.proxy.password would come" in refused(proxy, aws_proxy_url="http://elsewhere:1")


def test_a_fault_of_the_connector_alone_is_told_as_ever() -> None:
    text = refused(KEYS, aws_s3_part_size_bytes="1")
    assert "from connection" not in text


def test_a_reference_that_nothing_resolves_is_refused_before_aws_sees_it() -> None:
    reference = {**KEYS, "aws.secret.access.key": "${file:/run/keys:secret}"}
    assert "aws.secret.access.key: refers to ${file:/run/keys:secret}" in refused(reference)
    assert not overlay(named(reference), {"aws.access.key.id": "a", "aws.secret.access.key": "b"}).problems


def test_without_a_store_the_property_to_set_is_named() -> None:
    settings = WorkerSettings.load(None, {"CONNECT_BOOTSTRAP_SERVERS": "k:1"})
    with pytest.raises(ConfigError, match=r"aws\.connections\.directory"):
        draw({**SINK, "aws.connection": "lake"}, settings)


def test_half_a_key_under_its_old_name_is_no_more_combined_than_under_the_new() -> None:
    both = overlay(named(KEYS), {**SINK, "aws_access_key_id": "AKIAOTHER"})
    assert "would come from connection lake" in both.problems[0].message
    whole = overlay(named(KEYS), {**SINK, "aws_access_key_id": "A", "aws_secret_access_key": "s"})
    assert whole.problems == ()
    assert not whole.inherited & KEYS.keys()

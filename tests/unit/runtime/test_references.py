"""A connector whose config refers to config providers: what it is made of, what is shown, what is refused."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from connector.aws.definition import Definition
from connector.aws.named import NamedConnection
from connector.cluster.defaults import Defaults
from connector.cluster.plan import plan
from connector.errors import ConfigError
from connector.runtime.blueprint import Blueprint, draw
from connector.settings import WorkerSettings

if TYPE_CHECKING:
    from pathlib import Path

ARN = "arn:aws:iam::123456789012:role/r"
SINK = {"name": "orders", "connector.class": "s3", "topics": "t"}


class World:
    """A worker with the file provider, and a file to refer to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.settings = WorkerSettings.of(
            {
                "bootstrap.servers": "k:1",
                "config.providers": "file",
                "config.providers.file.class": "file",
                "aws.connections.directory": str(path.parent),
            },
            {},
        )

    def ref(self, key: str) -> str:
        return f"${{file:{self.path}:{key}}}"

    def drawn(
        self, options: dict[str, str], connection: dict[str, str] | None = None, *, of_sink: bool = True
    ) -> Blueprint:
        raw = {**SINK, **options}
        named = connection and NamedConnection.new(
            Definition.parse({"name": "lake", "options": connection}), dt.datetime.now(dt.UTC)
        )
        raw |= {"aws.connection": "lake"} if named and of_sink else {}
        blueprint = draw(raw, Defaults(self.settings, object(), named or None))  # type: ignore[arg-type]
        assert blueprint.raw == raw
        return blueprint

    def refused(self, options: dict[str, str], connection: dict[str, str] | None = None) -> dict[str, str]:
        with pytest.raises(ConfigError) as raised:
            self.drawn(options, connection)
        assert "canary" not in str(raised.value)
        return {problem.option: problem.message for problem in reversed(raised.value.problems)}


@pytest.fixture
def world(tmp_path: Path) -> World:
    path = tmp_path / "keys.properties"
    path.write_text(
        "id=AKIAEXAMPLE\nsecret=canary-secret\nbucket=orders-bucket\nbad=canary bucket\ntasks=canary\n"
        f"arn={ARN}\ntopic=orders\n"
    )
    return World(path)


def test_what_a_converter_s_connection_refers_to_is_known_so_that_a_new_value_is_noticed(
    world: World,
) -> None:
    connection = {"aws.access.key.id": world.ref("id"), "aws.secret.access.key": world.ref("secret")}
    options = {
        "aws.s3.bucket.name": "lake",
        "value.converter": "glue_avro",
        "value.converter.region": "us-east-1",
        "value.converter.aws.connection": "lake",
    }
    blueprint = world.drawn(options, connection, of_sink=False)
    assert sorted(blueprint.read.values()) == ["AKIAEXAMPLE", "canary-secret"]


def test_sink_converters_and_connects_own_options_get_values_and_the_raw_config_stays(world: World) -> None:
    blueprint = world.drawn(
        {
            "topics": f"{world.ref('topic')},other",
            "aws.s3.bucket.name": world.ref("bucket"),
            "aws.access.key.id": world.ref("id"),
            "aws.secret.access.key": world.ref("secret"),
            "consumer.override.sasl.password": world.ref("secret"),
            "file.name.template": "{{topic}}-{{partition}}-{{start_offset}}",
        }
    )
    config = blueprint.make_sink().config
    assert blueprint.config.topics == ["orders", "other"]
    assert config.bucket == "orders-bucket"
    assert config.secret_access_key.get_secret_value() == "canary-secret"
    assert blueprint.consumer_config["sasl.password"] == "canary-secret"
    assert "canary" not in repr(blueprint)
    assert set(map(str, blueprint.read)) == {world.ref(key) for key in ("topic", "bucket", "id", "secret")}


def test_an_invalid_value_is_told_by_its_reference(world: World) -> None:
    faults = world.refused({"tasks.max": world.ref("tasks"), "aws.s3.bucket.name": world.ref("bad")})
    assert set(faults) == {"tasks.max", "aws.s3.bucket.name"}
    assert world.ref("tasks") in faults["tasks.max"]
    assert world.ref("bad") in faults["aws.s3.bucket.name"]


def test_all_that_is_missing_is_told_with_option_reference_and_connector(world: World) -> None:
    raw = {
        **SINK,
        "aws.s3.bucket.name": world.ref("nothing"),
        "tasks.max": "${file:/nowhere/keys:a}",
        "aws.region": "${vault:a:b}",
    }
    with pytest.raises(ConfigError, match="in connector orders") as raised:
        plan([raw], world.settings)
    faults = {problem.option: problem.message for problem in raised.value.problems}
    assert set(faults) == {"aws.s3.bucket.name", "tasks.max", "aws.region"}
    assert f"{world.ref('nothing')}, but there is no nothing in {world.path}" in faults["aws.s3.bucket.name"]
    assert "there is no file /nowhere/keys" in faults["tasks.max"]
    assert "no config provider vault" in faults["aws.region"]


@pytest.mark.parametrize("option", ["transforms", "predicates"])
def test_aliases_are_written_out_since_names_of_options_are_shown(world: World, option: str) -> None:
    secret = world.ref("secret")
    bucket = {"aws.s3.bucket.name": "bucket-1"}
    assert world.refused({**bucket, option: secret}) == {
        option: "may not be a reference, since it is shown everywhere: write it out"
    }
    filtering = {"transforms": "a", "transforms.a.type": "filter", "transforms.a.predicate": secret}
    assert world.ref("secret") in world.refused({**bucket, **filtering})["transforms.a.predicate"]


@pytest.mark.parametrize("option", ["name", "connector.class"])
def test_name_and_class_are_written_out(world: World, option: str) -> None:
    faults = world.refused({"aws.s3.bucket.name": "bucket-1", option: world.ref("bucket")})
    assert "may not be a reference" in faults[option]


def test_a_named_connection_refers_as_well(world: World) -> None:
    connection = {
        "aws.access.key.id": world.ref("id"),
        "aws.secret.access.key": world.ref("secret"),
        "aws.sts.role.arn": world.ref("arn"),
    }
    blueprint = world.drawn({"aws.s3.bucket.name": "bucket-1"}, connection)
    config = blueprint.make_sink().config
    assert config.secret_access_key.get_secret_value() == "canary-secret"
    assert config.sts_role_arn == ARN
    assert world.ref("arn") in set(map(str, blueprint.read))


def test_a_fault_of_a_connections_reference_says_whose_it_is(world: World) -> None:
    own = {"aws.s3.bucket.name": "bucket-1"}
    keys = {"aws.access.key.id": "A" * 20, "aws.secret.access.key": world.ref("nothing")}
    assert "from connection lake" in world.refused(own, keys)["aws.secret.access.key"]
    faults = world.refused(own, {"aws.sts.role.arn": world.ref("bad")})
    assert world.ref("bad") in faults["aws.sts.role.arn"]


def test_what_trust_policies_hold_is_no_reference(world: World) -> None:
    with pytest.raises(ConfigError, match="trust policies hold it"):
        Definition.parse({"name": "a", "options": {"aws.sts.role.external.id": world.ref("id")}})

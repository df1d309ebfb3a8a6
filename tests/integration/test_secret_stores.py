"""Secrets Manager and Parameter Store as config providers: what references to them stand for."""

from __future__ import annotations

import datetime as dt
import json
import time
from gzip import decompress as gunzip
from typing import TYPE_CHECKING, Any

import pytest

from connector.aws.definition import Definition
from connector.aws.named import NamedConnection
from connector.cluster.connections import ConnectionDirectory
from connector.cluster.defaults import Defaults, connection_store
from connector.settings import WorkerSettings
from connector.testing.worker import WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from connector.testing.aws import AwsServer
    from connector.testing.kafka import CreateTopic, KafkaBroker, Produce
    from connector.testing.proxy import FaultProxy

MSK = "com.amazonaws.kafka.config.providers."


@pytest.fixture
def stores(aws: AwsServer) -> Iterator[tuple[Any, Any]]:
    secrets, parameters = aws.client("secretsmanager"), aws.client("ssm")
    secrets.create_secret(Name="prod/kafka", SecretString=json.dumps({"user": "u", "port": 9, "none": None}))
    secrets.create_secret(Name="plain", SecretString="all of it")
    secrets.create_secret(Name="binary", SecretBinary=b"x")
    parameters.put_parameter(Name="/prod/password", Value="hidden-1", Type="SecureString")
    parameters.put_parameter(Name="/prod/json", Value='{"a": "b"}', Type="String")
    for number in range(12):
        parameters.put_parameter(Name=f"/many/{number}", Value=f"value {number}", Type="String")
    yield secrets, parameters
    for name in ("prod/kafka", "plain", "binary"):
        secrets.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
    parameters.delete_parameters(Names=["/prod/password", "/prod/json"])
    for number in range(12):
        parameters.delete_parameter(Name=f"/many/{number}")


def properties(aws: AwsServer, url: str, **more: str) -> dict[str, str]:
    own = {
        "aws.access.key.id": aws.access_key_id,
        "aws.secret.access.key": aws.secret_access_key,
        "aws.endpoint": url,
        "region": "us-east-1",
        "cache.ms": "200",
    }
    return {
        "bootstrap.servers": "k:1",
        "config.providers": "sm,ssm",
        "config.providers.sm.class": MSK + "SecretsManagerConfigProvider",
        "config.providers.ssm.class": "aws_ssm",
        **{f"config.providers.{name}.param.{key}": own[key] for name in ("sm", "ssm") for key in own},
        **more,
    }


@pytest.fixture
def resolved(aws: AwsServer, proxy: FaultProxy) -> Callable[..., str]:
    settings = WorkerSettings.of(properties(aws, proxy.url), {})

    def resolved(text: str) -> str:
        resolution = settings.resolve({"option": text})
        if resolution.problems:
            (problem,) = resolution.problems
            return f"fault: {problem.message}"
        return resolution.values["option"]

    return resolved


def test_references_are_read_as_names_and_as_keys_of_json(
    stores: tuple[Any, Any], resolved: Callable[..., str]
) -> None:
    assert resolved("${sm:prod/kafka:user}@${sm:prod/kafka:port}") == "u@9"
    assert resolved("${sm:plain}") == "all of it"
    assert resolved("${ssm::/prod/password}") == "hidden-1"
    assert resolved("${ssm:/prod/json:a}") == "b"
    arn = stores[0].describe_secret(SecretId="plain")["ARN"]
    assert resolved(f"${{sm:{arn.replace(':', '%3A')}:x}}").startswith("fault: ")
    everything = "".join(f"${{ssm::/many/{number}}}" for number in range(12))
    assert resolved(everything) == "".join(f"value {number}" for number in range(12))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("${sm:prod/kafka:pasword}", "there is no pasword in prod/kafka"),
        ("${sm:prod/kafka:none}", "there is no none in prod/kafka"),
        ("${sm:nowhere:x}", "there is no secret nowhere: create it"),
        ("${sm:nowhere}", "there is no nowhere"),
        ("${sm:plain:x}", "the secret plain is no JSON object"),
        ("${sm:binary}", "there is no binary"),
        ("${ssm::/prod/nothing}", "there is no /prod/nothing"),
    ],
)
def test_what_is_not_there_is_told_without_what_is(
    stores: tuple[Any, Any], resolved: Callable[..., str], text: str, fault: str
) -> None:
    told = resolved(text)
    assert told.startswith(f"fault: refers to {text}, but {fault}")
    assert "all of it" not in told


def test_a_value_is_kept_for_a_while(stores: tuple[Any, Any], aws: AwsServer, proxy: FaultProxy) -> None:
    asked: list[str] = []
    proxy.on("GetParameters", lambda _: asked.append("ssm"))
    longer = {"config.providers.ssm.param.cache.ms": "600000"}
    settings = WorkerSettings.of(properties(aws, proxy.url) | longer, {})
    found = [settings.resolve({"option": "${ssm::/prod/password}"}).values for _ in range(3)]
    assert found == [{"option": "hidden-1"}] * 3
    assert asked == ["ssm"]


def test_a_value_is_asked_for_again_after_a_while(
    stores: tuple[Any, Any], resolved: Callable[..., str]
) -> None:
    assert resolved("${ssm::/prod/password}") == "hidden-1"
    stores[1].put_parameter(Name="/prod/password", Value="hidden-2", Type="SecureString", Overwrite=True)
    time.sleep(0.3)
    assert resolved("${ssm::/prod/password}") == "hidden-2"


def test_keys_that_are_refused_are_told_with_what_to_do(
    stores: tuple[Any, Any], strict_aws: AwsServer
) -> None:
    wrong = properties(strict_aws, strict_aws.url)
    wrong["config.providers.sm.param.aws.secret.access.key"] = "canary-secret"
    resolution = WorkerSettings.of(wrong, {}).resolve({"option": "${sm:plain}"})
    (problem,) = resolution.problems
    assert "was refused" in problem.message
    assert "canary" not in problem.message


def named(folder: Path, options: dict[str, str]) -> None:
    directory = ConnectionDirectory(folder)
    directory.prepare()
    definition = Definition.parse({"name": "vault", "options": options})
    directory.create(NamedConnection.new(definition, dt.datetime.now(dt.UTC)))


def test_a_named_connection_is_used_and_may_not_refer_to_what_it_opens(
    stores: tuple[Any, Any], aws: AwsServer, tmp_path: Path
) -> None:
    keys = {"aws.access.key.id": aws.access_key_id, "aws.secret.access.key": aws.secret_access_key}
    worker = {
        "bootstrap.servers": "k:1",
        "config.providers": "sm",
        "config.providers.sm.class": "aws_secrets_manager",
        "config.providers.sm.param.aws.connection": "vault",
    }
    for folder, options, expected in (
        ("good", {**keys, "aws.endpoint": aws.url, "aws.region": "us-east-1"}, "all of it"),
        ("circle", {**keys, "aws.endpoint": aws.url, "aws.region": "${sm:plain}"}, "refers to it"),
        ("none", None, "There is no connection vault"),
    ):
        place = tmp_path / folder
        place.mkdir()
        if options is not None:
            named(place, options)
        settings = WorkerSettings.of({**worker, "aws.connections.directory": str(place)}, {})
        resolution = Defaults(settings, connection_store(settings)).resolve({"option": "${sm:plain}"})
        told = [problem.message for problem in resolution.problems] or [resolution.values["option"]]
        assert expected in told[0]


@pytest.mark.kafka
def test_a_rotated_secret_starts_the_connector_anew_and_is_never_shown(
    stores: tuple[Any, Any],
    kafka: KafkaBroker,
    topic: CreateTopic,
    produce: Produce,
    aws: AwsServer,
    bucket: str,
) -> None:
    name = topic(1)
    settings = properties(aws, aws.url) | {
        "bootstrap.servers": kafka.bootstrap_servers,
        "offset.flush.interval.ms": "300",
        "config.reload.interval.ms": "200",
    }
    config = {
        "name": f"connector-{name}",
        "connector.class": "s3",
        "topics": name,
        "aws.access.key.id": aws.access_key_id,
        "aws.secret.access.key": "${ssm::/prod/password}",
        "aws.s3.bucket.name": bucket,
        "aws.endpoint": aws.url,
    }
    with WorkerProcess(settings, config) as worker:
        produce(name, [b"before"] * 10, partition=0)
        worker.wait_for_delivery(10)
        stores[1].put_parameter(Name="/prod/password", Value="rotated-9", Type="SecureString", Overwrite=True)
        worker.wait_until(lambda: "references changed" in worker.log, "the rotation is noticed")
        produce(name, [b"after"] * 10, partition=0)
        worker.wait_until(
            lambda: sum(len(gunzip(data).split()) for data in aws.objects(bucket).values()) == 20,
            "all is there",
        )
        assert worker.terminate() == 0, worker.log
        assert "hidden-1" not in worker.log
        assert "rotated-9" not in worker.log

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from typer.testing import CliRunner

from connector import plugins
from connector.aws.connection import AwsConfig
from connector.aws.policy import PLACEHOLDER
from connector.cli import app
from connector.commands.exit_code import ExitCode
from connector.config.schema import Config
from connector.plugins import PluginKind
from connector.sinks.base import Sink

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

WORKER = "arn:aws:iam::210987654321:role/worker"
CONFIG = {
    "name": "orders-to-s3",
    "connector.class": "s3",
    "topics": "orders, returns",
    "aws.sts.role.arn": "arn:aws:iam::123456789012:role/kafka-to-s3",
    "aws.sts.role.external.id": "tenant-4711",
    "aws.s3.region": "eu-north-1",
    "aws.s3.bucket.name": "shop",
    "file.name.template": "in/{{topic}}/{{partition}}-{{start_offset}}",
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "orders.json"


def policy(file: Path, config: dict[str, str], *options: str) -> Result:
    file.write_text(json.dumps(config))
    return CliRunner().invoke(app, ["aws", "policy", str(file), *options])


def without(*names: str) -> dict[str, str]:
    return {name: value for name, value in CONFIG.items() if name not in names}


def resources(document: Any) -> set[str]:
    return {resource for statement in document["Statement"] for resource in statement["Resource"]}


def test_both_documents_are_printed_and_nothing_is_warned_about(file: Path) -> None:
    result = policy(file, CONFIG, "--principal", WORKER)
    assert result.exit_code == 0
    assert result.stderr == ""
    documents = json.loads(result.stdout)
    (trust,) = documents["TrustPolicy"]["Statement"]
    assert trust["Principal"] == {"AWS": WORKER}
    assert trust["Condition"] == {"StringEquals": {"sts:ExternalId": "tenant-4711"}}
    assert resources(documents["PermissionPolicy"]) == {
        "arn:aws:s3:::shop",
        "arn:aws:s3:::shop/in/orders/*",
        "arn:aws:s3:::shop/in/returns/*",
        "arn:aws:s3:::shop/_ledger/orders-to-s3/*",
    }


def test_what_the_connector_does_without_is_printed_on_demand_only(file: Path) -> None:
    result = policy(file, CONFIG, "--optional", "--only", "permissions")
    (deletes,) = [
        statement
        for statement in json.loads(result.stdout)["Statement"]
        if "s3:DeleteObject" in statement["Action"]
    ]
    assert deletes["Resource"] == ["arn:aws:s3:::shop/_ledger/orders-to-s3/*"]
    assert "DeleteObject" not in policy(file, CONFIG, "--only", "permissions").stdout


def test_without_an_external_id_the_confused_deputy_is_warned_about_beside_the_output(file: Path) -> None:
    result = policy(file, without("aws.sts.role.external.id"), "--principal", WORKER)
    assert result.exit_code == 0
    assert "warning: aws.sts.role.external.id is not set" in result.stderr
    assert "Condition" not in json.loads(result.stdout)["TrustPolicy"]["Statement"][0]


def test_a_principal_that_nobody_named_is_a_placeholder(file: Path) -> None:
    result = policy(file, CONFIG)
    assert PLACEHOLDER in result.stderr
    (trust,) = json.loads(result.stdout)["TrustPolicy"]["Statement"]
    assert trust["Principal"] == {"AWS": PLACEHOLDER}


def test_a_session_as_principal_becomes_its_role(file: Path) -> None:
    session = "arn:aws:sts::210987654321:assumed-role/worker/i-0abc"
    result = policy(file, CONFIG, "--principal", session)
    assert json.loads(result.stdout)["TrustPolicy"]["Statement"][0]["Principal"] == {"AWS": WORKER}
    assert "path" in result.stderr


def test_static_keys_alone_have_a_permission_policy_only_and_are_not_shown(file: Path) -> None:
    keys = {"aws.access.key.id": "AKIAIOSFODNN7EXAMPLE", "aws.secret.access.key": "canary-secret"}
    config = {**without("aws.sts.role.arn", "aws.sts.role.external.id"), **keys}
    result = policy(file, config)
    assert json.loads(result.stdout).keys() == {"PermissionPolicy"}
    assert "aws.sts.role.arn is not set" in result.stderr
    assert "canary-secret" not in result.output
    assert "AKIAIOSFODNN7EXAMPLE" not in result.output


@pytest.mark.parametrize(
    ("region", "role", "name"),
    [("cn-north-1", "arn:aws-cn:iam", "aws-cn"), ("us-gov-west-1", "arn:aws-us-gov:iam", "aws-us-gov")],
)
def test_another_partition_is_followed(file: Path, region: str, role: str, name: str) -> None:
    changed = {"aws.s3.region": region, "aws.sts.role.arn": f"{role}::123456789012:role/kafka-to-s3"}
    result = policy(file, {**CONFIG, **changed}, "--principal", "123456789012")
    assert result.stderr == ""
    assert all(
        found.startswith(f"arn:{name}:s3:::shop")
        for found in resources(json.loads(result.stdout)["PermissionPolicy"])
    )


@pytest.mark.parametrize(
    ("part", "document"), [("trust", "TrustPolicy"), ("permissions", "PermissionPolicy")]
)
def test_one_document_can_be_printed_alone(file: Path, part: str, document: str) -> None:
    both = json.loads(policy(file, CONFIG, "--principal", WORKER).stdout)
    one = policy(file, CONFIG, "--principal", WORKER, "--only", part)
    assert json.loads(one.stdout) == both[document]


def test_terraform_and_cloudformation_are_other_ways_to_say_it(file: Path) -> None:
    terraform = policy(file, CONFIG, "--format", "terraform").stdout
    assert terraform.startswith('resource "aws_iam_role" "connector_orders_to_s3" {')
    template = json.loads(policy(file, CONFIG, "--format", "cloudformation").stdout)
    assert template["Resources"]["ConnectorRole"]["Properties"]["RoleName"] == "kafka-to-s3"


def test_a_web_identity_is_the_principal_that_need_not_be_named(file: Path) -> None:
    web = {"aws.web.identity.token.file": "/none", "aws.web.identity.role.arn": WORKER.replace("/", "/pods/")}
    result = policy(file, {**CONFIG, **web})
    assert result.stderr == ""
    (trust,) = json.loads(result.stdout)["TrustPolicy"]["Statement"]
    assert trust["Principal"] == {"AWS": web["aws.web.identity.role.arn"]}


def test_tags_and_source_identity_of_the_config_are_trusted(file: Path) -> None:
    changed = {"aws.sts.role.session.tags": "team=orders", "aws.sts.role.source.identity": "orders-team"}
    statements = json.loads(policy(file, {**CONFIG, **changed}, "--only", "trust").stdout)["Statement"]
    actions = [statement["Action"] for statement in statements]
    assert actions == ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]


def test_a_bucket_by_url_is_meant_like_one_by_name(file: Path) -> None:
    config = without("aws.s3.bucket.name", "aws.s3.region")
    url = {"URL": "https://lake.s3.cn-north-1.amazonaws.com.cn"}
    role = {"aws.sts.role.arn": "arn:aws-cn:iam::123456789012:role/r"}
    result = policy(file, {**config, **url, **role}, "--principal", "123456789012", "--only", "permissions")
    assert "arn:aws-cn:s3:::lake" in resources(json.loads(result.stdout))
    assert result.stderr == ""


def test_anonymous_requests_come_from_nobody(file: Path) -> None:
    config = without("aws.sts.role.arn", "aws.sts.role.external.id")
    result = policy(file, {**config, "aws.credentials.provider": "anonymous"}, "--who-am-i")
    assert result.exit_code == ExitCode.REFUSED
    assert "come from nobody" in result.stderr


# ---- refusals ----


def test_every_fault_of_the_config_is_named(file: Path) -> None:
    result = policy(file, without("aws.s3.bucket.name", "topics"))
    assert result.exit_code == ExitCode.REFUSED
    assert "aws.s3.bucket.name" in result.stderr
    assert "topics" in result.stderr
    assert result.stdout == ""


def test_what_is_no_principal_is_refused(file: Path) -> None:
    result = policy(file, CONFIG, "--principal", "*")
    assert result.exit_code == ExitCode.REFUSED
    assert "--principal: * is not an identity" in result.stderr


@pytest.mark.parametrize(
    "options",
    [("--principal", WORKER, "--who-am-i"), ("--only", "trust", "--format", "terraform")],
)
def test_options_that_contradict_each_other_are_refused(file: Path, options: tuple[str, ...]) -> None:
    assert policy(file, CONFIG, *options).exit_code == 2


def test_without_a_role_there_is_no_trust_policy(file: Path) -> None:
    result = policy(file, without("aws.sts.role.arn", "aws.sts.role.external.id"), "--only", "trust")
    assert result.exit_code == ExitCode.REFUSED
    assert "aws.sts.role.arn" in result.stderr


# ---- other people's sinks ----


class QuietConfig(AwsConfig):
    pass


class QuietSink(Sink):
    """Writes to AWS and does not tell what for."""

    config_class: ClassVar[type[Config]] = QuietConfig

    async def put(self, batch: object) -> None: ...
    def committable(self) -> dict[Any, int]:
        return {}


class PlainSink(QuietSink):
    """Has nothing to do with AWS."""

    config_class = Config


def install(sink: type[Sink], monkeypatch: pytest.MonkeyPatch) -> None:
    found = plugins.find

    def find(kind: PluginKind, name: str, option: str) -> type[Any]:
        return sink if kind is PluginKind.SINK else found(kind, name, option)

    monkeypatch.setattr(plugins, "find", find)


def test_of_a_sink_that_does_not_tell_only_the_trust_is_printed(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(QuietSink, monkeypatch)
    result = policy(file, CONFIG, "--principal", WORKER)
    assert result.exit_code == 0
    assert "QuietSink does not tell what it must be allowed" in result.stderr
    assert json.loads(result.stdout).keys() == {"TrustPolicy"}
    assert policy(file, CONFIG, "--only", "permissions").exit_code == ExitCode.REFUSED


def test_of_a_sink_without_aws_there_is_nothing_to_print(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(PlainSink, monkeypatch)
    result = policy(file, CONFIG)
    assert result.exit_code == ExitCode.REFUSED
    assert "There is no policy to print for this sink" in result.stderr
    assert result.stdout == ""


GLUE = {
    "value.converter": "com.amazonaws.services.schemaregistry.kafkaconnect.AWSKafkaAvroConverter",
    "value.converter.region": "eu-north-1",
}


def test_a_converter_of_glue_that_asks_as_the_sinks_role_is_in_the_policy(file: Path) -> None:
    role = {"value.converter.assumeRoleArn": CONFIG["aws.sts.role.arn"]}
    result = policy(file, {**CONFIG, **GLUE, **role}, "--principal", WORKER)
    assert result.exit_code == 0
    statement = json.loads(result.stdout)["PermissionPolicy"]["Statement"][-1]
    assert statement["Action"] == ["glue:GetSchemaVersion"]
    assert statement["Resource"] == ["*"]
    assert result.stderr == ""


def test_a_converter_of_glue_that_asks_as_somebody_else_is_warned_about(file: Path) -> None:
    result = policy(file, {**CONFIG, **GLUE}, "--principal", WORKER)
    assert "glue:" not in result.stdout
    assert "value.converter asks as the worker itself: allow that glue:GetSchemaVersion" in result.stderr

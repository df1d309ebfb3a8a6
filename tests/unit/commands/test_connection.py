"""``connector aws connection`` against a worker's REST API that answers for real."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp.test_utils import TestServer
from structlog.testing import capture_logs
from typer.testing import CliRunner, Result

from connector.cli import app
from connector.cluster.connection_service import ConnectionService
from connector.cluster.connections import ConnectionDirectory
from connector.errors import AccessError
from connector.rest.app import make_app
from connector.testing.connections import PRINCIPAL, ScriptedAws, ScriptedUsers
from connector.testing.kafka.broker import free_ports

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

SECRET = "s3cret-canary"
ROLE = "aws.sts.role.arn=arn:aws:iam::123456789012:role/r"


@pytest.fixture
async def scripted_aws() -> ScriptedAws:
    return ScriptedAws()


@pytest.fixture
def users() -> ScriptedUsers:
    return ScriptedUsers()


@pytest.fixture
def store(tmp_path: Path) -> ConnectionDirectory:
    directory = ConnectionDirectory(tmp_path / "connections")
    directory.prepare()
    return directory


@pytest.fixture
async def command(
    store: ConnectionDirectory, scripted_aws: ScriptedAws, users: ScriptedUsers
) -> AsyncIterator[Callable[..., Awaitable[Result]]]:
    service = ConnectionService(store, users, examination=scripted_aws.examination(), wait_seconds=60)
    # The commands never ask the herder.
    server = TestServer(make_app(None, connections=service))  # type: ignore[arg-type]
    await server.start_server()
    url = f"http://127.0.0.1:{server.port}"

    async def run(*arguments: str, given: str = "") -> Result:
        line = ["aws", "connection", *arguments, "--url", url]
        result = await asyncio.to_thread(CliRunner().invoke, app, line, input=given)
        assert SECRET not in result.output
        return result

    # The worker of these tests shares the standard output with the commands, which it never does else.
    with capture_logs():
        yield run
    await server.close()
    await service.stop()


def shown(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


async def test_a_connection_is_created_from_options_with_its_secrets_from_elsewhere(
    command: Callable[..., Awaitable[Result]], store: ConnectionDirectory, tmp_path: Path
) -> None:
    key_file = tmp_path / "key"
    key_file.write_text("AKIAEXAMPLE\n")
    result = await command(
        *("create", "my lake", "-o", f"aws.access.key.id=@{key_file}", "-o", "aws.secret.access.key=-"),
        *("-o", ROLE, "--tag", "team=data", "--match", "eu", "--require-role", "dmz", "--description", "d"),
        given=f"{SECRET}\n",
    )
    connection = shown(result)
    assert (connection["status"], connection["tags"]) == ("READY", {"team": "data"})
    assert (connection["match_criteria"], connection["required_roles"]) == (["eu"], ["dmz"])
    options = store.read("my lake").definition.options
    assert (options["aws.access.key.id"], options["aws.secret.access.key"]) == ("AKIAEXAMPLE", SECRET)


@pytest.mark.parametrize("key", ["aws.secret.access.key", "aws.session.token", "aws.proxy.password"])
async def test_a_secret_on_the_command_line_is_refused_and_not_repeated(
    command: Callable[..., Awaitable[Result]], key: str
) -> None:
    result = await command("create", "lake", "-o", f"{key}={SECRET}")
    assert result.exit_code == 3
    assert f"{key}=@file" in result.output
    assert (await command("show", "lake")).exit_code == 3


async def test_a_reference_is_no_secret(command: Callable[..., Awaitable[Result]]) -> None:
    options = ("-o", "aws.access.key.id=${env:KEY_ID}", "-o", "aws.secret.access.key=${file:/run/k:secret}")
    connection = shown(await command("create", "lake", *options, "--no-validate"))
    assert connection["options"]["aws.secret.access.key"] == "${file:/run/k:secret}"


async def test_the_standard_input_is_read_once(command: Callable[..., Awaitable[Result]]) -> None:
    twice = ("-o", "aws.access.key.id=-", "-o", "aws.secret.access.key=-")
    assert "once only" in (await command("create", "lake", *twice, given=SECRET)).output


@pytest.mark.parametrize("from_stdin", [True, False])
async def test_a_connection_is_created_from_a_file(
    command: Callable[..., Awaitable[Result]], tmp_path: Path, from_stdin: bool
) -> None:
    text = json.dumps({"options": {"aws.region": "eu-north-1"}, "description": "from a file"})
    (tmp_path / "lake.json").write_text(text)
    file = "-" if from_stdin else str(tmp_path / "lake.json")
    connection = shown(await command("create", "lake", "--file", file, given=text if from_stdin else ""))
    assert (connection["name"], connection["description"]) == ("lake", "from a file")


async def test_a_broken_file_is_told_by_its_position_alone(
    command: Callable[..., Awaitable[Result]], tmp_path: Path
) -> None:
    (tmp_path / "lake.json").write_text('{"a":\n"' + SECRET)
    result = await command("create", "lake", "--file", str(tmp_path / "lake.json"))
    assert (result.exit_code, "line 2" in result.output) == (3, True)


async def test_an_update_changes_what_it_names_and_keeps_the_secrets(
    command: Callable[..., Awaitable[Result]], store: ConnectionDirectory
) -> None:
    keys = (
        "-o",
        "aws.access.key.id=-",
        "-o",
        "aws.secret.access.key=${file:/k:k}",
        "-o",
        "aws.region=eu-west-1",
    )
    await command("create", "lake", *keys, "--description", "d", "--no-validate", given=SECRET)
    result = await command(
        *("update", "lake", "-o", "aws.endpoint=http://minio:9000", "--unset", "aws.region", "--no-validate")
    )
    assert shown(result)["version"] == 2
    definition = store.read("lake").definition
    assert definition.description == "d"
    assert definition.options == {
        "aws.access.key.id": SECRET,
        "aws.secret.access.key": "${file:/k:k}",
        "aws.endpoint": "http://minio:9000",
    }


async def test_a_connection_that_aws_refuses_fails_the_command(
    command: Callable[..., Awaitable[Result]], scripted_aws: ScriptedAws
) -> None:
    scripted_aws.errors = [AccessError("the role says no")]
    result = await command("create", "lake", "-o", ROLE)
    assert result.exit_code == 1
    assert "lake FAILED: the role says no" in result.stderr
    assert shown(await command("validate", "lake", "--json"))["status"] == "READY"


async def test_a_validation_prints_each_step_as_the_check_of_a_connector_does(
    command: Callable[..., Awaitable[Result]], scripted_aws: ScriptedAws
) -> None:
    await command("create", "lake", "-o", ROLE, "--no-validate")
    scripted_aws.errors = [AccessError("the role says no", remedy="ask its owner")]
    result = await command("validate", "lake")
    assert result.exit_code == 1
    first, second, remedy, code, _, summary = result.stdout.splitlines()
    assert first.startswith("ok       first: known without AWS [0.")
    assert second.startswith("failed   the role: the role says no [0.")
    assert remedy == "         to do: ask its owner."
    assert code == "         code: destination-refuses, see docs/runbook.md#destination-refuses"
    assert summary == "lake is FAILED: 1 ok, 1 failed."
    assert "lake FAILED: the role says no: ask its owner" in result.stderr


async def test_lists_are_for_people_and_on_demand_for_machines(
    command: Callable[..., Awaitable[Result]],
) -> None:
    await command("create", "lake", "--tag", "team=data", "--description", "the lake")
    await command("create", "pond")
    result = await command("list", "--tag", "team", "--status", "READY", "--name", "la")
    assert result.stdout == "READY        lake  the lake\n"
    assert len(shown(await command("list", "--json"))["connections"]) == 2


async def test_usage_policy_and_delete(
    command: Callable[..., Awaitable[Result]], users: ScriptedUsers
) -> None:
    created = shown(await command("create", "a/b", "-o", ROLE))
    document = shown(await command("policy", "a/b", "--document"))
    (statement,) = document["Statement"]
    assert statement["Principal"] == {"AWS": PRINCIPAL}
    assert statement["Condition"]["StringEquals"]["sts:ExternalId"] == created["external_id"]
    assert shown(await command("policy", "a/b"))["principal"] == PRINCIPAL
    users.connection, users.versions = "a/b", {"orders": 1}
    assert shown(await command("usage", "a/b"))["tasks"] == 2
    result = await command("delete", "a/b")
    assert (result.exit_code, "orders" in result.stderr) == (3, True)
    users.versions = {}
    assert (await command("delete", "a/b")).stdout == "deleted a/b\n"


async def test_if_not_exists_lets_be_what_is_there(command: Callable[..., Awaitable[Result]]) -> None:
    first = shown(await command("create", "lake"))
    assert "already exists" in (await command("create", "lake")).stderr
    assert shown(await command("create", "lake", "--if-not-exists")) == first


@pytest.mark.parametrize("url", ["127.0.0.1:8083", "file:///etc/passwd"])
def test_an_address_that_is_no_worker_is_refused(url: str) -> None:
    result = CliRunner().invoke(app, ["aws", "connection", "list", "--url", url])
    assert (result.exit_code, "--url" in result.stderr) == (3, True)


def test_a_worker_that_does_not_answer_is_told() -> None:
    url = f"http://127.0.0.1:{free_ports(1)[0]}"
    result = CliRunner().invoke(app, ["aws", "connection", "list", "--url", url])
    assert (result.exit_code, "start the worker" in result.stderr) == (3, True)

"""Every command, request and config on the pages about AWS is run as it is written.

AWS is moto, where ``AWS_ENDPOINT_URL`` points; the worker answers REST on a port of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import shlex
import threading
import urllib.request
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from aiohttp.test_utils import TestServer
from typer.testing import CliRunner, Result

from connector.cli import app
from connector.cluster.checks import ConnectorChecks
from connector.cluster.connection_service import ConnectionService
from connector.cluster.connections import ConnectionDirectory
from connector.rest.app import make_app
from connector.rest.routes import routes
from connector.settings import WorkerSettings
from connector.testing.connections import ScriptedUsers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.testing.aws import AwsServer

ROOT = Path(__file__).parents[2]
README, AWS, CHECK, CONNECTIONS = (
    ROOT / name for name in ("README.md", "docs/aws.md", "docs/aws-check.md", "docs/aws-connections.md")
)
WORKER = "http://127.0.0.1:8083"
"""Where the pages have the worker."""
SECRET = "page-s3cret-canary"
ROLES = {"README.md": "kafka-to-s3", "aws-connections.md": "lake-writer"}


class Line(NamedTuple):
    """A command, and where its standard output goes."""

    words: list[str]
    target: str | None

    @classmethod
    def of(cls, text: str) -> Line:
        command, _, target = text.partition(" > ")
        return cls(shlex.split(command), target.strip() or None)


def blocks(page: Path, language: str) -> list[str]:
    found = re.findall(r"^ *```(\w*)\n(.*?)^ *```$", page.read_text(), re.MULTILINE | re.DOTALL)
    return [text for of_language, text in found if of_language == language]


def lines(page: Path) -> list[Line]:
    """All of what stands in blocks without a language, but for what commands print."""
    texts = [text.strip() for block in blocks(page, "") for text in block.splitlines()]
    return [Line.of(text) for text in texts if re.match(r"(\.venv/bin/)?(connector|aws|curl) ", text)]


def inline(page: Path, start: str) -> list[Line]:
    return [Line.of(text) for text in re.findall(rf"`({start}[^`\n]*)`", page.read_text())]


class Sandbox:
    """A folder with the files of the pages, and a worker that answers."""

    def __init__(self, url: str) -> None:
        self.url = url

    def run(self, line: Line) -> str:
        """What a line prints; any failure is one of the test."""
        program = {"connector": self.connector, "aws": self.aws, "curl": self.curl}[
            line.words[0].rpartition("/")[2]
        ]
        printed = program(line.words[1:])
        if line.target:
            Path(line.target).write_text(printed)
        return printed

    def connector(self, words: list[str]) -> str:
        if words[:3] == ["aws", "connection", "create"]:
            # The page makes the same connection in several ways.
            self.invoke(["aws", "connection", "delete", words[3]])
        result = self.invoke(words)
        assert result.exit_code == 0, (words, result.output)
        return result.stdout

    def invoke(self, words: list[str]) -> Result:
        where = ["--url", self.url] if words[:2] == ["aws", "connection"] else []
        return CliRunner().invoke(app, [*words, *where], input=f"{SECRET}\n")

    def aws(self, words: list[str]) -> str:
        """Of the AWS CLI what the pages use: an operation's name and parameters, in its spelling."""
        import botocore.session  # noqa: PLC0415

        service, operation, *options = words
        given = dict(zip(options[::2], options[1::2], strict=True))
        parameters = {
            "".join(part.capitalize() for part in name.strip("-").split("-")): value
            if not value.startswith("file://")
            else Path(value.removeprefix("file://")).read_text()
            for name, value in given.items()
        }
        client = botocore.session.get_session().create_client(service, region_name="us-east-1")
        return str(getattr(client, operation.replace("-", "_"))(**parameters))

    def curl(self, words: list[str]) -> str:
        """Of curl what the pages use; any other option is an error."""
        given: dict[str, str] = {}
        rest = iter(words)
        for word in rest:
            if word in {"-X", "-H", "--data"}:
                given[word] = next(rest)
            elif word != "-s":
                given["url"] = word
        assert given["url"].startswith(WORKER)
        name, _, value = given.get("-H", "").partition(": ")
        return self.ask(
            given["-X"],
            given["url"].removeprefix(WORKER),
            Path(given["--data"].removeprefix("@")).read_bytes(),
            {name: value},
        )

    def ask(self, method: str, path: str, body: bytes | None = None, headers: Any = None) -> str:
        headers = headers or {"Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, data=body, headers=headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            text: bytes = answer.read()
        return text.decode()


@pytest.fixture
def worker_url(tmp_path: Path) -> Iterator[str]:
    """A worker on a thread of its own, so that commands may use theirs."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    store = ConnectionDirectory(tmp_path / "connections")
    store.prepare()
    settings = WorkerSettings.of({"bootstrap.servers": "k:1"}, {})
    call = partial(asyncio.run_coroutine_threadsafe, loop=loop)

    async def serve() -> tuple[TestServer, ConnectionService]:
        service = ConnectionService(store, ScriptedUsers())
        # What the pages do never asks the herder.
        rest = make_app(None, connections=service, checks=ConnectorChecks(settings, store))  # type: ignore[arg-type]
        server = TestServer(rest)
        await server.start_server()
        return server, service

    server, service = call(serve()).result(30)
    yield f"http://127.0.0.1:{server.port}"
    for ending in (server.close(), service.stop()):
        call(ending).result(30)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(30)
    loop.close()


@pytest.fixture
def sandbox(aws: AwsServer, worker_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", aws.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", aws.secret_access_key)
    monkeypatch.chdir(tmp_path)
    for name, text in {
        "orders.json": blocks(README, "json")[0],
        "worker.properties": blocks(README, "properties")[0],
        "lake.json": blocks(CONNECTIONS, "json")[0],
        "key-id": "AKIAPAGE\n",
    }.items():
        Path(name).write_text(text)
    make_bucket(aws)
    return Sandbox(worker_url)


def make_bucket(aws: AwsServer) -> None:
    """That of the README; also in its region."""
    there = {"LocationConstraint": "eu-north-1"}
    with contextlib.suppress(aws.client("s3").exceptions.BucketAlreadyOwnedByYou):
        aws.client("s3").create_bucket(Bucket="my-orders", CreateBucketConfiguration=there)


def roles(aws: AwsServer) -> set[str]:
    return {role["RoleName"] for role in aws.client("iam").list_roles()["Roles"]}


def make_role(aws: AwsServer, name: str, external_id: str) -> None:
    if name not in roles(aws):
        aws.create_role(name, external_id)


def steps(printed: str) -> list[str]:
    return re.findall(r"^(?:ok|failed|warning|skipped) +([^:]+):", printed, re.MULTILINE)


@pytest.mark.parametrize("page", [README, AWS, CHECK, CONNECTIONS], ids=lambda page: page.name)
def test_a_block_is_either_run_here_or_what_a_command_prints(page: Path) -> None:
    shown = [block for block in blocks(page, "") if not block.startswith("Run on this machine")]
    written = [text for block in shown for text in block.splitlines() if text.strip()]
    assert len(lines(page)) == len(written) > 0


# ---- README ----


def test_the_commands_of_the_readme_work_with_its_files(sandbox: Sandbox) -> None:
    validate, check, standalone = lines(README)
    assert sandbox.run(validate).startswith("orders.json: ok")
    assert "Nothing failed" in sandbox.run(check)
    # A worker is started by the tests of deliveries; here its arguments are the files above.
    assert [Path(name).exists() for name in standalone.words[2:]] == [True, True]


# ---- the role ----


def test_the_commands_of_the_page_about_the_role_create_it_in_this_order(
    sandbox: Sandbox, aws: AwsServer
) -> None:
    iam = aws.client("iam")
    if "kafka-to-s3" in roles(aws):  # of another test
        iam.delete_role_policy(RoleName="kafka-to-s3", PolicyName="s3")
        iam.delete_role(RoleName="kafka-to-s3")
    shown = [line for line in lines(AWS) if line.words[0] in {"connector", "aws"}]
    assert {line.words[0] for line in shown} == {"connector", "aws"}
    assert len(shown) == 8
    for line in shown:
        sandbox.run(line)
    role = iam.get_role(RoleName="kafka-to-s3")["Role"]
    assert role["AssumeRolePolicyDocument"] == json.loads(Path("trust.json").read_text())
    stored = iam.get_role_policy(RoleName="kafka-to-s3", PolicyName="orders-to-s3")
    assert stored["PolicyDocument"] == json.loads(Path("permissions.json").read_text())
    assert "aws_iam_role" in Path("role.tf").read_text()
    assert json.loads(Path("role.json").read_text())["Resources"]
    iam.delete_role_policy(RoleName="kafka-to-s3", PolicyName="orders-to-s3")
    iam.delete_role(RoleName="kafka-to-s3")


# ---- checks ----


def test_the_check_of_the_page_takes_the_steps_that_the_page_tells_of(sandbox: Sandbox) -> None:
    command, request = lines(CHECK)
    printed = sandbox.run(command)
    identity_and_s3, _, _ = CHECK.read_text().partition("## Steps of the SQS sink")
    told = [
        name.replace("TOPIC", "orders")
        for cell in re.findall(r"^\| (`[^|]+) \| [A-Z]", identity_and_s3, re.MULTILINE)
        for name in re.findall(r"`([^`]+)`", cell)
        if not name.startswith("-")
    ]
    assert steps(printed) == told
    (sample,) = [block for block in blocks(CHECK, "") if block.startswith("Run on this machine")]
    assert steps(sample) == told[: len(steps(sample))]
    over_rest = json.loads(sandbox.run(request))
    assert over_rest["works"] is True
    assert [step["name"] for step in over_rest["steps"]] == told


def test_the_json_of_a_check_has_the_fields_that_the_page_names(sandbox: Sandbox) -> None:
    (row,) = re.findall(r"^\| `--json` \| (.*)\|$", CHECK.read_text(), re.MULTILINE)
    found = json.loads(sandbox.connector(["aws", "check", "orders.json", "--json", "--timeout", "10"]))
    assert {*found, *found["steps"][0], "code"} == set(re.findall(r"`(\w+)`", row))
    assert not [step for step in found["steps"] if ("code" in step) != (step["outcome"] == "failed")]


# ---- named connections ----


def test_the_commands_about_connections_work_in_the_order_of_their_page(
    sandbox: Sandbox, aws: AwsServer
) -> None:
    make_role(aws, "lake-writer", "any")
    first, *rest = lines(CONNECTIONS)
    assert json.loads(sandbox.run(first))["status"] == "READY"
    guided = inline(CONNECTIONS, "connector aws connection [a-z]+ lake")
    assert [line.words[3] for line in guided] == ["create", "policy", "validate"]
    external_id = json.loads(sandbox.run(guided[0]))["external_id"]
    (statement,) = json.loads(sandbox.run(guided[1]))["Statement"]
    assert statement["Condition"]["StringEquals"]["sts:ExternalId"] == external_id
    assert steps(sandbox.run(guided[2]))[-1] == "role identity"

    created, updated, listed = (sandbox.run(line) for line in rest)
    assert json.loads(created)["options"]["aws.access.key.id"] == "[hidden]"
    assert json.loads(updated)["options"]["aws.region"] == "eu-west-1"
    assert "lake" not in listed, "it was made anew, without its tag"
    assert SECRET not in created + updated + listed


def test_the_connector_of_the_page_about_connections_works_through_its_connection(
    sandbox: Sandbox, aws: AwsServer
) -> None:
    make_role(aws, "lake-writer", "any")
    sandbox.run(lines(CONNECTIONS)[0])
    connector = blocks(CONNECTIONS, "json")[1]
    found = json.loads(sandbox.ask("PUT", "/aws/check", connector.encode()))
    assumed = next(step for step in found["steps"] if step["name"] == "assume role")
    assert (assumed["outcome"], "lake-writer" in json.dumps(found)) == ("ok", True)


def test_every_request_about_connections_is_answered(sandbox: Sandbox, aws: AwsServer) -> None:
    make_role(aws, "lake-writer", "any")
    rows = re.findall(
        r"^\| `connector aws connection (\w+).*?` \| (.*) \|$", CONNECTIONS.read_text(), re.MULTILINE
    )
    requests = [request.split() for _, cell in rows for request in re.findall(r"`([A-Z]+ /[^`]+)`", cell)]
    requests.sort(key=lambda request: request[0] == "DELETE")
    lake = Path("lake.json").read_bytes()
    for method, path in requests:
        body = lake if path.endswith(("connections", "{name}")) and method in {"POST", "PUT"} else None
        sandbox.ask(method, path.replace("{name}", "lake"), body)
    assert len(requests) == len([route for route in routes() if "/aws/connections" in route.path]) // 2

"""The table of what other systems offer: whatever it names exists here, and every row has a test."""

from __future__ import annotations

import datetime as dt
import json
import re
import shlex
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import typer

from connector.aws.definition import Definition
from connector.aws.named import NamedConnection, Status
from connector.cli import app
from connector.config.connector import ConnectorConfig
from connector.errors import ConfigError
from connector.rest.routes import routes
from connector.settings import WorkerSettings
from connector.sinks.s3.config import S3Config

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "aws-connections.md"
SYSTEMS = {"Aiven", "Materialize", "layline.io", "Glue", "Synqly"}
KEYS = {"aws.access.key.id": "AKIAEXAMPLE", "aws.secret.access.key": "s3cret"}
ARN = "arn:aws:iam::123456789012:role/r"
SINK = {"aws.s3.bucket.name": "bucket"}


class Row(NamedTuple):
    system: str
    feature: str
    here: str
    test: str

    @property
    def names(self) -> list[str]:
        return re.findall(r"`([^`]+)`", self.here)


def table() -> list[Row]:
    text = (ROOT / "docs" / "aws-coverage.md").read_text()
    lines = [line for line in text.splitlines() if line.startswith("| ")][2:]
    return [Row(*(cell.strip() for cell in line.strip("|").split("|"))) for line in lines]


ROWS = table()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.system}: {row.feature}")
def test_what_a_row_names_exists_and_is_tested(row: Row) -> None:
    if row.here.startswith("not here: "):
        assert not row.test
        return
    assert row.names or "](" in row.here
    assert not [name for name in row.names if not exists(name)]
    path, _, name = row.test.strip("`").partition("::")
    assert re.search(rf"^(async )?def {name}\(", (ROOT / path).read_text(), re.MULTILINE), row.test


def test_every_system_has_its_rows() -> None:
    assert {row.system for row in ROWS} == SYSTEMS
    assert len(ROWS) == len(set(ROWS)) > 50


@pytest.mark.parametrize(
    "name",
    [
        "aws.nothing", '"nothing"', "GET /aws/nothing", "PUT /aws/connections",
        "connector aws connection nothing",
        "connector aws connection create NAME --nothing", "connector nothing", "nothing",
    ],
)  # fmt: skip
def test_a_name_of_nothing_is_found_out(name: str) -> None:
    assert not exists(name)


def exists(name: str) -> bool:
    if name.startswith("connector "):
        return is_command(name)
    if name.startswith('"'):
        return name.strip('"') in {*fields(), *Status}
    if re.match(r"[A-Z]+ /", name):
        return name in endpoints()
    return name in options()


@cache
def options() -> set[str]:
    worker = {str(field.alias) for field in WorkerSettings.model_fields.values()}
    return {*ConnectorConfig.options(), *S3Config.options(), *worker}


@cache
def endpoints() -> set[str]:
    return {f"{route.method} {re.sub(r':[^}]*', '', route.path)}" for route in routes()}


@cache
def fields() -> set[str]:
    return set(NamedConnection.new(Definition("x"), dt.datetime.now(dt.UTC)).shown())


def is_command(line: str) -> bool:
    """Whether the words lead to a command, and it has every option of the line."""
    words = shlex.split(line)
    command: Any = typer.main.get_command(app)
    for word in words[1:]:
        if not hasattr(command, "commands"):
            break
        command = command.commands.get(word)
    if command is None or hasattr(command, "commands"):
        return False
    known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    return known >= {word for word in words if word.startswith("-") and word != "-"}


# ---- rows without a test elsewhere ----


@pytest.mark.parametrize(
    "options",
    [
        KEYS,
        {**KEYS, "aws.session.token": "t"},
        {"aws.region": "eu-north-1", "aws.endpoint": "http://minio:9000"},
        {"aws.credentials.provider": "anonymous"},
        {"aws.credentials.provider": "com.amazonaws.auth.DefaultAWSCredentialsProviderChain"},
        {"aws.profile": "p"},
        {"aws.web.identity.token.file": "/t", "aws.web.identity.role.arn": ARN},
        {"aws.sts.role.arn": ARN, **KEYS},
    ],
    ids=str,
)
def test_every_identity_is_taken_by_a_connection(options: dict[str, str]) -> None:
    assert Definition.parse({"name": "a", "options": options}).options == options


@pytest.mark.parametrize("option", ["aws.session.token", "aws.sts.role.session.name"])
def test_what_means_nothing_alone_is_refused(option: str) -> None:
    with pytest.raises(ConfigError, match="has no meaning without"):
        Definition.parse({"name": "a", "options": {option: "some-text"}})


@pytest.mark.parametrize(("seconds", "legal"), [(899, False), (900, True), (43200, True), (43201, False)])
def test_a_session_lasts_as_long_as_aws_allows(seconds: int, legal: bool) -> None:
    raw = {**SINK, "aws.sts.role.arn": ARN, "aws.sts.role.session.duration": str(seconds)}
    assert (not S3Config(raw).problems()) is legal


def test_a_session_name_is_made_from_the_connectors_name() -> None:
    identity = S3Config.parse({**SINK, "aws.sts.role.arn": ARN}).identity("größe orders")
    assert re.fullmatch(r"[\w+=,.@-]{2,64}", identity.session_name, re.ASCII)
    assert "orders" in identity.session_name


def test_a_security_lakes_url_tells_bucket_and_region() -> None:
    name = "aws-security-data-lake-eu-west-1-abc"
    config = S3Config.parse({"aws.s3.url": f"https://{name}.s3.eu-west-1.amazonaws.com"})
    assert (config.bucket, config.region) == (name, "eu-west-1")


# ---- the page about connections ----


def test_the_example_of_the_page_is_a_connection() -> None:
    text = re.findall(r"^```json\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)[0]
    assert Definition.parse(json.loads(text)).name == "lake"


def test_every_command_of_the_page_is_one() -> None:
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    lines = [line for language, block in blocks if not language for line in block.splitlines()]
    lines += re.findall(r"`(connector [^`\n]+)`", PAGE.read_text())
    assert len(lines) > 10
    assert not [line for line in lines if not is_command(line)]


def test_every_field_and_endpoint_of_the_page_is_one() -> None:
    text = PAGE.read_text()
    assert set(re.findall(r"`([A-Z]+ /[^`]*)`", text)) == {
        endpoint for endpoint in endpoints() if "/aws/connections" in endpoint and not endpoint.endswith("/")
    }
    answered = text.split("Answers show, besides:")[1].split(".")[0]
    written = re.findall(r"^\| `(\w+)` \|", text.split("## Fields")[1].split("##")[0], re.MULTILINE)
    assert {*re.findall(r"`(\w+)`", answered), *written} == fields()

"""``connector aws check`` where a named connection says who signs; nothing listens where AWS would be."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING

from typer.testing import CliRunner

from connector.aws.definition import Definition
from connector.aws.named import NamedConnection
from connector.cli import app
from connector.cluster.connections import ConnectionDirectory

if TYPE_CHECKING:
    from pathlib import Path

LAKE = {
    "aws.access.key.id": "AKIAEXAMPLE",
    "aws.secret.access.key": "s3cret-canary",
    "aws.s3.endpoint": "http://127.0.0.1:1",
}
ORDERS = {
    "name": "orders",
    "connector.class": "s3",
    "topics": "orders",
    "aws.connection": "lake",
    "aws.s3.bucket.name": "bucket",
}


def test_a_connector_is_checked_with_its_named_connection(tmp_path: Path) -> None:
    folder = tmp_path / "connections"
    store = ConnectionDirectory(folder)
    store.prepare()
    lake = Definition("lake", LAKE, required_roles=("dmz",))
    store.create(NamedConnection.new(lake, dt.datetime.now(dt.UTC)))
    file = tmp_path / "orders.json"
    file.write_text(json.dumps(ORDERS))
    environ = {"CONNECT_AWS_CONNECTIONS_DIRECTORY": str(folder)}
    line = ["aws", "check", str(file), "--json"]
    refused = CliRunner().invoke(app, line, env=environ)
    assert (refused.exit_code, "roles dmz" in refused.stderr) == (3, True)
    result = CliRunner().invoke(app, line, env={**environ, "CONNECT_WORKER_ROLES": "dmz"})
    report = json.loads(result.stdout)
    steps = {step["name"]: step for step in report["steps"]}
    assert (result.exit_code, report["works"], report["worker"]) == (1, False, None)
    assert "static keys" in steps["credentials"]["detail"]
    assert "127.0.0.1" in steps["S3 endpoint"]["detail"]
    assert "s3cret" not in result.output

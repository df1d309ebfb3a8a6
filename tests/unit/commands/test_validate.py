"""What ``connector validate`` tells beside faults."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from typer.testing import CliRunner

from connector.cli import app

if TYPE_CHECKING:
    from pathlib import Path


def test_a_session_name_that_was_left_out_is_noted(tmp_path: Path) -> None:
    config = {
        "name": "orders",
        "connector.class": "s3",
        "topics": "orders",
        "aws.s3.bucket.name": "bucket",
        "aws.sts.role.arn": "arn:aws:iam::123456789012:role/r",
    }
    path = tmp_path / "orders.json"
    path.write_text(json.dumps(config))
    result = CliRunner().invoke(app, ["validate", str(path)])
    assert result.exit_code == 0
    assert "note: aws.sts.role.session.name is not set" in result.output
    path.write_text(json.dumps({**config, "aws.sts.role.session.name": "orders"}))
    assert "note:" not in CliRunner().invoke(app, ["validate", str(path)]).output

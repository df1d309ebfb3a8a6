from __future__ import annotations

import sys

import pytest
from typer.testing import CliRunner

from connector.cli import app
from connector.commands.exit_code import ExitCode


@pytest.mark.parametrize("missing", ["moto", "rich.live"])
def test_without_the_extra_the_demo_says_what_to_install(
    missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.startswith("connector.demo")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    result = CliRunner().invoke(app, ["demo", "--once"])
    assert result.exit_code == ExitCode.REFUSED
    assert "pip install 'kafka-aws-connector[demo]'" in result.output

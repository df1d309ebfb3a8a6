"""Every format that is installed, with each field and with all, under the suite that plug-ins run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from connector.formats.fields import OutputFields
from connector.plugins import PluginKind, find, names
from connector.testing.contract.formats import FormatContract

if TYPE_CHECKING:
    from connector.formats.base import Format

FIELDS = [("value",), ("offset", "value"), ("key", "value", "offset", "timestamp", "headers")]


@pytest.mark.parametrize("name", names(PluginKind.FORMAT), indirect=True)
@pytest.mark.parametrize("fields", FIELDS, ids=["value", "two", "all"])
@pytest.mark.parametrize("encoding", ["base64", "none"])
class TestInstalledFormats(FormatContract):
    @pytest.fixture
    def name(self, request: pytest.FixtureRequest) -> str:
        return str(request.param)

    @pytest.fixture
    def output_format(self, name: str, fields: tuple[str, ...], encoding: str) -> Format:
        created: Format = find(PluginKind.FORMAT, name, "format.output.type")(OutputFields(fields, encoding))
        return created


def test_the_built_in_formats_are_installed() -> None:
    assert {"csv", "jsonl"} <= set(names(PluginKind.FORMAT))

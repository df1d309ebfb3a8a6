"""Every format that is installed, with each field and with all, under the suite that plug-ins run."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import fastavro
import pytest
from pyarrow import parquet

from connector.formats.fields import FRAMINGS, OutputFields
from connector.formats.raw import RawFormat
from connector.plugins import PluginKind, find, names
from connector.record import Record
from connector.testing.contract.formats import FormatContract

if TYPE_CHECKING:
    from connector.formats.base import Format

FIELDS = [("value",), ("offset", "value"), ("key", "value", "offset", "timestamp", "headers")]


@pytest.mark.parametrize("name", sorted({*names(PluginKind.FORMAT)} - {"raw"}), indirect=True)
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

    @pytest.fixture
    def records(self, name: str) -> list[Record]:
        # A record without a timestamp needs another schema in avro and parquet, so another object.
        undated = None if name in {"csv", "json", "jsonl"} else 1500
        return [
            Record(0, b"k1", b"v1", 1000, [("h", b"x")]),
            Record(1, None, b"a,b\n\x00\xff", 1234, None),
            Record(7, b"k2", None, undated, []),
            Record(8, b"", b"", 0, [("h", b"1"), ("h", None)]),
        ]

    def read(self, data: bytes) -> Any:
        return read_rows(data)


@pytest.mark.parametrize("framing", FRAMINGS)
class TestRawFormat(FormatContract):
    """It writes one field, and knows no other."""

    @pytest.fixture
    def output_format(self, framing: str) -> Format:
        return RawFormat(OutputFields(("value",), raw_framing=framing, raw_separator=b"\0"))

    @pytest.fixture
    def records(self) -> list[Record]:
        return [
            Record(0, b"k1", b"v1"),
            Record(1, None, b"\xff"),
            Record(7, b"k2", None),
            Record(8, b"", "ü"),
        ]


def read_rows(data: bytes) -> Any:
    """Rows where the format has blocks or row groups, which follow the batches; else the bytes."""
    if data.startswith(b"Obj\x01"):
        return list(fastavro.reader(io.BytesIO(data)))
    if data.startswith(b"PAR1"):
        return parquet.read_table(io.BytesIO(data)).to_pylist()
    return data


def test_the_built_in_formats_are_installed() -> None:
    assert {"avro", "csv", "json", "jsonl", "parquet", "raw"} <= set(names(PluginKind.FORMAT))

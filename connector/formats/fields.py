"""What a format is told: which parts of a record it writes and how, and the options that say so."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from connector.config.option import (
    BOOLEAN,
    INT,
    LIST,
    LONG,
    STRING,
    Importance,
    at_least,
    defaulted,
    one_of,
    optional,
)
from connector.config.schema import Config
from connector.config.suggest import did_you_mean
from connector.errors import Problem
from connector.formats.inference import Drift
from connector.plugins import PluginKind, find, names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.formats.base import Format

FIELDS = ("key", "value", "offset", "timestamp", "headers")
AVRO_CODECS = ("null", "deflate", "bzip2", "snappy", "zstandard", "xz")
_PAGE_VERSIONS = {"PARQUET_1_0": "1.0", "PARQUET_2_0": "2.0"}
_BUILT_IN = ("avro", "csv", "json", "jsonl", "parquet", "raw")
FRAMINGS = ("none", "separator", "int32", "varint")
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|.?)")
_ESCAPED = {"n": b"\n", "r": b"\r", "t": b"\t", "0": b"\0", "s": b" ", "\\": b"\\"}


@dataclass(frozen=True, slots=True)
class ParquetOptions:
    """How Parquet files are laid out.

    Attributes:
        codec: ``none``, ``gzip``, ``snappy`` or ``zstd``, for the pages.
        level: Of the codec; None for its own default.
        row_group_bytes: Of Arrow's memory that make a row group; an open object holds as many.
        page_bytes: Before encoding and compression.
        dictionary: Whether columns begin with dictionaries.
        dictionary_page_bytes: A column whose dictionary grows beyond goes on without.
        page_version: ``1.0`` or ``2.0``.
    """

    codec: str = "none"
    level: int | None = None
    row_group_bytes: int = 16 * 1024 * 1024
    page_bytes: int = 1024 * 1024
    dictionary: bool = True
    dictionary_page_bytes: int = 1024 * 1024
    page_version: str = "1.0"


@dataclass(frozen=True, slots=True)
class OutputFields:
    """What a format is made with.

    Attributes:
        names: Some of ``FIELDS``, in the order the user gave; not every format keeps it.
        value_encoding: ``base64`` or ``none``: how a text format without types shows bytes.
        envelope: False if a record is its one field alone, without the field's name around it.
        drift: What happens when schemaless values change, as :class:`~connector.formats.inference.Drift`.
        avro_codec: The compression of blocks in Avro files.
        connect_meta_data: Whether Avro schemas keep what only Connect knows.
        parquet: The layout of Parquet files.
        raw_framing: One of ``FRAMINGS``: how raw tells where a record ends.
        raw_separator: What it then puts between records.
        ends_lines: The last record of an object, too, is followed by what stands between records.
        row_name: Of the records of avro and parquet whose struct has none: None is the format's own, empty
            is Connect's.
    """

    names: tuple[str, ...] = ("value",)
    value_encoding: str = "base64"
    envelope: bool = True
    drift: str = "new_file"
    avro_codec: str = "null"
    connect_meta_data: bool = True
    parquet: ParquetOptions = field(default_factory=ParquetOptions)
    raw_framing: str = "none"
    raw_separator: bytes = b"\n"
    ends_lines: bool = False
    row_name: str | None = None


def _avro_codec(value: str) -> None:
    if value not in AVRO_CODECS:
        raise ValueError(f"Unknown or not supported codec {value}. Use one of {', '.join(AVRO_CODECS)}.")


def separator_bytes(text: str) -> bytes:
    """The bytes of a separator, in which a backslash begins one of the escapes of the option.

    Raises:
        ValueError: It is empty, or has another escape.
    """
    if not text:
        raise ValueError("must not be empty; for nothing between records set format.output.raw.framing=none")
    found = bytearray()
    end = 0
    for match in _ESCAPE.finditer(text):
        code = match[1]
        if len(code) <= 1 and code not in _ESCAPED:
            raise ValueError(r"knows the escapes \n, \r, \t, \0, \s, \\ and \xNN")
        found += text[end : match.start()].encode()
        found += _ESCAPED[code] if code in _ESCAPED else bytes.fromhex(code[1:])
        end = match.end()
    return bytes(found + text[end:].encode())


def _separator(value: str) -> None:
    separator_bytes(value)


def _full_name(value: str) -> None:
    if not re.fullmatch(r"([A-Za-z_]\w*(\.[A-Za-z_]\w*)*)?", value, re.ASCII):
        raise ValueError("must be a name of Avro: letters, digits and _, with dots before it for a namespace")


def _installed(value: str) -> None:
    if not value:
        raise ValueError("must not be empty or not set")
    known = _formats()
    if value.lower() not in known:
        quoted = ", ".join(f"'{name}'" for name in sorted(known))
        raise ValueError(f"Supported values are: {quoted}.{did_you_mean(value.lower(), list(known))}")


def _formats() -> dict[str, str]:
    """The name of every installed format, by its lower-case form."""
    return {name.lower(): name for name in names(PluginKind.FORMAT)}


class FormatConfig(Config):
    """The options of every sink that writes objects or files."""

    # Of Aiven's connector: options of Hadoop's Parquet writer, and of the converter to Avro schemas.
    tolerated: ClassVar[tuple[str, ...]] = (
        "connect.",
        "allow.optional.map.keys",
        "discard.type.doc.default",
        "enhanced.avro.schema.support",
        "flatten.singleton.unions",
        "flatten.unions",
        "generalized.sum.type.support",
        "ignore.default.for.nullables",
        "schemas.cache.config",
        "scrub.invalid.names",
    )

    output_type = defaulted(
        "format.output.type",
        STRING,
        "csv",
        "The format of the objects, in any letter case: one of these, or what an installed plug-in adds.",
        validate=_installed,
        choices=_BUILT_IN,
        group="Format",
    )
    output_fields = defaulted(
        "format.output.fields",
        LIST,
        ["value"],
        "The parts of a record that are written. csv, avro and parquet keep the order given here; json and"
        " jsonl have their own.",
        validate=one_of(*FIELDS, ignore_case=True),
        choices=FIELDS,
        aliases=("output_fields",),
        group="Format",
    )
    value_encoding = defaulted(
        "format.output.fields.value.encoding",
        STRING,
        "base64",
        "How csv writes values: base64, or none for the bytes as they are, commas and line breaks included.",
        validate=one_of("none", "base64"),
        choices=("none", "base64"),
        importance=Importance.LOW,
        group="Format",
    )
    envelope = defaulted(
        "format.output.envelope",
        BOOLEAN,
        True,
        "Whether a record is wrapped in an object by field names. false writes the only field as it is and"
        " asks for exactly one in format.output.fields; in avro and parquet a struct then is the row. csv has"
        " no wrapping.",
        importance=Importance.LOW,
        group="Format",
    )
    null_values = defaulted(
        "behavior.on.null.values",
        STRING,
        "write",
        "What becomes of records without a value: write stores them as the format shows null, ignore leaves"
        " them out, fail treats them as records that can never succeed.",
        validate=one_of("ignore", "write", "fail", ignore_case=True),
        choices=("ignore", "write", "fail"),
        group="Format",
    )
    raw_framing = defaulted(
        "format.output.raw.framing",
        STRING,
        "none",
        "How raw tells where a record ends: none, records follow each other as they are; separator between"
        " them; or before each its length, as int32 (4 bytes, big-endian) or varint (as Protobuf delimits"
        " messages).",
        validate=one_of(*FRAMINGS, ignore_case=True),
        choices=FRAMINGS,
        group="Format",
    )
    raw_separator = defaulted(
        "format.output.raw.separator",
        STRING,
        r"\n",
        r"What stands between records of raw with framing separator; \n, \r, \t, \0, \s (blank), \\ and \xNN"
        " mean bytes. Records that hold it cannot be told apart.",
        validate=_separator,
        importance=Importance.LOW,
        group="Format",
    )
    ends_lines = defaulted(
        "format.output.final.separator",
        BOOLEAN,
        False,
        "Whether csv, jsonl and raw put what stands between records after the last one of an object, too, so"
        " that a text ends with a line break.",
        importance=Importance.LOW,
        group="Format",
    )
    row_name = optional(
        "format.output.record.name",
        STRING,
        "The full name of the record type in avro and parquet where no schema gives one. Empty: Connect's"
        " own, io.confluent.connect.avro.ConnectDefault. If absent, as Aiven's connector names it.",
        validate=_full_name,
        importance=Importance.LOW,
        group="Format",
    )
    drift = defaulted(
        "format.output.schema.drift",
        STRING,
        "new_file",
        "What avro and parquet do when values without a schema do not fit those before them: new_file begins"
        " another object; widen does so too, and writes a field of several types as text from then on; fail"
        " treats such records as ones that can never succeed. A change of a schema that values bring always"
        " begins another object.",
        validate=one_of(*Drift, ignore_case=True),
        choices=tuple(Drift),
        group="Format",
    )
    avro_codec = defaulted(
        "avro.codec",
        STRING,
        "null",
        "How avro compresses the blocks of a file; file.compression.type compresses the file once more, so"
        " set that to none.",
        validate=_avro_codec,
        choices=AVRO_CODECS,
        group="Format",
    )
    connect_meta_data = defaulted(
        "connect.meta.data",
        BOOLEAN,
        True,
        "Whether schemas in avro and parquet files keep names, versions and parameters of Connect's schemas.",
        importance=Importance.LOW,
        group="Format",
    )
    row_group_bytes = defaulted(
        "connect.parquet.block.size",
        LONG,
        ParquetOptions().row_group_bytes,
        "Bytes in memory that parquet makes a row group of. Every open object holds as many, so with many"
        " objects task.memory.budget.bytes ends some of them early.",
        validate=at_least(1),
        group="Format",
    )
    page_bytes = defaulted(
        "connect.parquet.page.size",
        INT,
        ParquetOptions().page_bytes,
        "Bytes of a page of parquet, before compression; readers that skip pages like small ones.",
        validate=at_least(1),
        importance=Importance.LOW,
        group="Format",
    )
    dictionary = defaulted(
        "connect.parquet.enable.dictionary",
        BOOLEAN,
        True,
        "Whether parquet writes repeated values once, in a dictionary per column and row group.",
        importance=Importance.LOW,
        group="Format",
    )
    dictionary_page_bytes = defaulted(
        "connect.parquet.dictionary.page.size",
        INT,
        ParquetOptions().dictionary_page_bytes,
        "The most bytes of such a dictionary; a column that needs more goes on without.",
        validate=at_least(1),
        importance=Importance.LOW,
        group="Format",
    )
    page_version = defaulted(
        "connect.parquet.writer.version",
        STRING,
        "PARQUET_1_0",
        "The version of parquet's pages; old readers know only the first.",
        validate=one_of(*_PAGE_VERSIONS),
        choices=tuple(_PAGE_VERSIONS),
        importance=Importance.LOW,
        group="Format",
    )

    def check(self) -> Iterator[Problem]:
        yield from super().check()
        if not self.envelope and len(self.output_fields) != 1:
            yield Problem(
                "format.output.envelope",
                "When format.output.envelope is false, format.output.fields must contain only one field",
            )

        yield from self._check_raw()

    def _check_raw(self) -> Iterator[Problem]:
        is_raw = self.output_type.lower() == "raw"
        fields = [field.lower() for field in self.output_fields]
        if is_raw and fields not in (["value"], ["key"]) and not self.is_faulty(FormatConfig.output_fields):
            yield Problem(
                "format.output.fields",
                "When format.output.type is raw, it must be value or key: nothing tells fields apart",
            )
        for option in (FormatConfig.raw_framing, FormatConfig.raw_separator):
            if self.is_set(option) and not is_raw:
                yield Problem(
                    option.name,
                    "has no meaning without format.output.type=raw: set it, or remove this",
                )
        if is_raw and self.is_set(FormatConfig.raw_separator) and self.raw_framing.lower() != "separator":
            yield Problem(
                "format.output.raw.separator",
                "has no meaning without format.output.raw.framing=separator: set it, or remove this",
            )

    def create_format(self, codec: str = "none", level: int | None = None) -> Format:
        """The format that these options ask for.

        Args:
            codec: The compression asked for, for formats that compress inside.
            level: Its level.

        Raises:
            ConfigError: The plug-in is installed, but cannot be loaded.
        """
        name = _formats()[self.output_type.lower()]
        found: type[Format] = find(PluginKind.FORMAT, name, FormatConfig.output_type.name)
        fields = tuple(field.lower() for field in self.output_fields)
        return found(
            OutputFields(
                fields,
                self.value_encoding,
                self.envelope,
                self.drift.lower(),
                self.avro_codec,
                self.connect_meta_data,
                self._parquet(codec, level),
                self.raw_framing.lower(),
                separator_bytes(self.raw_separator),
                self.ends_lines,
                self.row_name,
            )
        )

    def _parquet(self, codec: str, level: int | None) -> ParquetOptions:
        return ParquetOptions(
            codec,
            level,
            self.row_group_bytes,
            self.page_bytes,
            self.dictionary,
            self.dictionary_page_bytes,
            _PAGE_VERSIONS[self.page_version],
        )

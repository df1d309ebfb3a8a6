"""What is in objects: what Confluent's options of formats and compression become."""

from __future__ import annotations

from connector.config.dialect import Fate
from connector.errors import Problem
from connector.sinks.s3.confluent.options import ConfluentOptions
from connector.sinks.s3.confluent.options.formats import PARQUET_SUFFIXES
from connector.sinks.s3.confluent.options.java_class import simple_name
from connector.sinks.s3.confluent.subject import Subject

_ESCAPES = {"\\": r"\\", "\n": r"\n", "\r": r"\r", "\t": r"\t", "\0": r"\0", " ": r"\s"}


class FormatSubject(Subject):
    """Format, compression, and the suffix that both give."""

    def _format(self) -> None:
        options = ConfluentOptions
        if not self._given.is_set(options.format_class):
            message = 'Missing required configuration "format.class" which has no default value.'
            self._found.problems.append(Problem(options.format_class.name, message))
            return
        name = simple_name(self._given.format_class or "")
        ours = {"format.output.fields": "value", "format.output.envelope": "false"}
        match name:
            case "JsonFormat":
                ours |= {"format.output.type": "jsonl", "format.output.final.separator": "true"}
            case "ByteArrayFormat":
                del ours["format.output.envelope"]
                ours |= {"format.output.type": "raw", **self._framing()}
            case "AvroFormat" | "ParquetFormat":
                kind = name.removesuffix("Format").lower()
                ours |= {"format.output.type": kind, "format.output.record.name": ""}
        self._found.config |= ours
        self._line(options.format_class, Fate.RENAMED, *ours)
        self._compression(name)
        for option, of in (
            (options.avro_codec, "AvroFormat"),
            (options.parquet_codec, "ParquetFormat"),
            (options.bytes_extension, "ByteArrayFormat"),
            (options.bytes_separator, "ByteArrayFormat"),
            (options.decimal_format, "JsonFormat"),
        ):
            if name != of:
                self._line(option, Fate.DROPPED, why=f"it is of {of}")
        if name == "AvroFormat":
            self._rename(options.avro_codec)
        if name == "JsonFormat":
            self._decimals()
        self._rename(options.connect_meta_data)

    def _decimals(self) -> None:
        option = ConfluentOptions.decimal_format
        if self._given.decimal_format.upper() == "BASE64":
            self._line(option, Fate.DROPPED, why="it is how decimals are written")
        else:
            self._refuse(
                option,
                "decimals are written as BASE64 only: set it so, or let a Cast make them text or float64",
            )

    def _framing(self) -> dict[str, str]:
        option = ConfluentOptions.bytes_separator
        text = self._text(option)
        separator = "\n" if text is None else text
        self._line(option, Fate.RENAMED, "format.output.raw.framing", "format.output.raw.separator")
        if not separator:
            return {"format.output.raw.framing": "none"}
        return {
            "format.output.raw.framing": "separator",
            "format.output.raw.separator": "".join(_ESCAPES.get(each, each) for each in separator),
            "format.output.final.separator": "true",
        }

    def _compression(self, name: str) -> None:
        options = ConfluentOptions
        ours = "file.compression.type"
        if name == "ParquetFormat":
            codec = self._given.parquet_codec.lower()
            self._found.config[ours] = "none" if codec == "uncompressed" else codec
            self._line(options.parquet_codec, Fate.RENAMED, ours)
            self._implied["connect.parquet.page.size"] = "65536"
        elif name != "AvroFormat":
            self._found.config[ours] = self._given.compression
            self._line(options.compression, Fate.RENAMED, ours)
        else:
            self._found.config[ours] = "none"
        if name in {"AvroFormat", "ParquetFormat"}:
            if self._given.compression != "none":
                self._refuse(
                    options.compression, f"is not for {name}: remove it, and set avro.codec or parquet.codec"
                )
            else:
                self._line(options.compression, Fate.DROPPED, why=f"it is not for {name}")
        if self._given.compression == "gzip" and self._given.compression_level != -1:
            self._rename(options.compression_level)
        else:
            why = "-1 is the default" if self._given.compression == "gzip" else "nothing is compressed by it"
            self._line(options.compression_level, Fate.DROPPED, why=why)

    def _suffix(self) -> str:
        given = self._given
        compressed = ".gz" if given.compression == "gzip" else ""
        match simple_name(given.format_class or ""):
            case "ByteArrayFormat":
                return given.bytes_extension + compressed
            case "AvroFormat":
                return ".avro"
            case "ParquetFormat":
                return f"{PARQUET_SUFFIXES.get(given.parquet_codec.lower(), '')}.parquet"
        return f".json{compressed}"

"""Converters and transforms on real Kafka, from topic to objects, beside records that pass untouched.

Each case reads a topic of what its converter reads, with values of about 100 bytes as Kafka keeps them.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from benchmarks import topic
from benchmarks.converters import avro_value, json_schema, protobuf_value
from connector.testing.schema_registry import SchemaRegistryServer

if TYPE_CHECKING:
    from collections.abc import Callable

IDENTITY = "identity"
_KAFKA = "org.apache.kafka.connect."
_RAW = {
    "format.output.type": "csv",
    "format.output.fields": "value",
    "format.output.fields.value.encoding": "none",
    "file.compression.type": "none",
}
_JSONL = {
    "format.output.type": "jsonl",
    "format.output.envelope": "false",
    "format.output.fields": "value",
    "file.compression.type": "none",
}
_STRING = {**_JSONL, "value.converter": _KAFKA + "storage.StringConverter"}
_JSON = {
    **_JSONL,
    "value.converter": _KAFKA + "json.JsonConverter",
    "value.converter.schemas.enable": "false",
}
_CONNECT = {
    "type": "struct",
    "fields": [{"field": name, "type": kind} for name, kind in topic.FIELDS.items()],
}
_BY_CONTENT = {
    **_JSON,
    "value.converter.schemas.enable": "true",
    "value.converter.schema.content": json.dumps(_CONNECT),
}
_REGISTERED = {
    "AVRO": {**_JSONL, "value.converter": "io.confluent.connect.avro.AvroConverter"},
    "PROTOBUF": {**_JSONL, "value.converter": "io.confluent.connect.protobuf.ProtobufConverter"},
    "JSON": {**_JSONL, "value.converter": "io.confluent.connect.json.JsonSchemaConverter"},
}
_STEPS = {
    "insert": {"type": "InsertField$Value", "topic.field": "topic"},
    "replace": {"type": "ReplaceField$Value", "exclude": "page"},
    "mask": {"type": "MaskField$Value", "fields": "user"},
    "route": {"type": "RegexRouter", "regex": "(.*)", "replacement": "eu-$1"},
}


def _with(config: dict[str, str], *names: str) -> dict[str, str]:
    chain = {"transforms": ",".join(names)}
    for name in names:
        for key, value in _STEPS[name].items():
            text = f"{_KAFKA}transforms.{value}" if key == "type" else value
            chain[f"transforms.{name}.{key}"] = text
    return {**config, **chain}


CASES: dict[str, dict[str, str]] = {
    IDENTITY: _RAW,
    "RegexRouter": _with(_RAW, "route"),
    "String to jsonl": _STRING,
    "Json to jsonl": _JSON,
    "Json schema.content": _BY_CONTENT,
    "Json insert": _with(_JSON, "insert"),
    "Json replace": _with(_JSON, "replace"),
    "Json mask": _with(_JSON, "mask"),
    "Json insert replace mask": _with(_JSON, "insert", "replace", "mask"),
    "JsonSchema to jsonl": _REGISTERED["JSON"],
    "Avro to jsonl": _REGISTERED["AVRO"],
    "Avro insert replace mask": _with(_REGISTERED["AVRO"], "insert", "replace", "mask"),
    "Protobuf to jsonl": _REGISTERED["PROTOBUF"],
}


class Topics:
    """A topic for each kind of value that cases read, filled when a case first asks for it."""

    def __init__(self, bootstrap_servers: str, records: int) -> None:
        self._servers = bootstrap_servers
        self._records = records
        self._registry = SchemaRegistryServer()
        self._names: dict[str, str] = {}

    def stop(self) -> None:
        self._registry.stop()

    def of(self, case: str) -> dict[str, str]:
        """The config of a case, with its topic."""
        config = {"name": case, **CASES[case]}
        kind = next((kind for kind, each in _REGISTERED.items() if each.items() <= config.items()), "")
        if kind:
            config = {**config, "value.converter.schema.registry.url": self._registry.url}
        if kind not in self._names:
            self._names[kind] = f"bench-{kind.lower() or 'raw'}-{time.time_ns()}"
            print(f"filling a topic with {self._records:,} records {kind} ...", flush=True)
            topic.fill(self._servers, self._names[kind], self._records, 100, make=self._maker(kind))
        return {**config, "topics": self._names[kind]}

    def _maker(self, kind: str) -> Callable[[int], bytes] | None:
        if kind == "AVRO":
            return avro_value(self._register)
        if kind == "PROTOBUF":
            return protobuf_value(self._register)
        if kind == "JSON":
            header = b"\0" + self._register("JSON", json.dumps(json_schema(topic.FIELDS))).to_bytes(4)
            return lambda number: header + topic.event(number, 95)
        return None

    def _register(self, kind: str, schema: str) -> int:
        return self._registry.register(f"bench-{kind}", schema, kind)

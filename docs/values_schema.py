"""Writes ``values.schema.json`` of the chart: its shape from ``values.yaml``, its options from the code.

Helm refuses what the schema refuses, with the path of the value: a name that nobody knows, a number that is
none, a password that is written out.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import UnionType
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin

import yaml

from connector import plugins
from connector.cluster.settings import DistributedSettings
from connector.commands.json_schema import REFERENCE
from connector.config.connector import ConnectorConfig
from connector.config.option import BOOLEAN, INT, LIST, LONG, PASSWORD
from connector.config.worker import KNOWN_NAMES
from connector.plugins import PluginKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pydantic.fields import FieldInfo

    from connector.config.option import Option

CHART = Path(__file__).parents[1] / "charts" / "kafka-aws-connector"
TARGET = CHART / "values.schema.json"

Schema = dict[str, Any]

_ANY_TEXT: Schema = {"type": ["string", "number", "boolean"]}
_NAMES_BELOW = (
    "admin", "config.providers", "config.storage", "consumer", "header.converter", "inter.worker",
    "key.converter", "listeners.https.ssl", "log4j", "metrics", "offset.storage", "producer", "sasl", "ssl",
    "status.storage", "value.converter",
)  # fmt: skip
_QUANTITY: Schema = {"type": "object"}  # Kubernetes itself is strict about these
_NAME: Schema = {"type": "string", "pattern": "^([a-z0-9]([-a-z0-9]*[a-z0-9])?)?$"}
"""What Kubernetes takes as a part of a Service's name (RFC 1123, a label); empty for none."""
_SUBDOMAIN = r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$"
_PEERS: Schema = {"type": "array", "items": {"type": "object"}}
_SECRET_KEY: Schema = {
    "type": "object",
    "properties": {"name": {"type": "string", "minLength": 1}, "key": {"type": "string", "minLength": 1}},
    "required": ["name", "key"],
    "additionalProperties": False,
}


def values_schema() -> str:
    """The schema as it is to be in the file."""
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        **_shape(values, ""),
        "definitions": {"options": _options(ConnectorConfig.options().values())},
    }
    schema["properties"]["global"] = {"type": "object"}  # Helm's own
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def _shape(value: Any, path: str) -> Schema:
    if special := _SPECIAL.get(path):
        return special()
    schema: Schema = {"type": "string"}
    match value:
        case dict() if value:
            properties = {key: _shape(each, f"{path}.{key}".lstrip(".")) for key, each in value.items()}
            schema = {"type": "object", "properties": properties, "additionalProperties": False}
        case dict():
            schema = {"type": "object"}
        case list():
            schema = {"type": "array"}
        case bool():
            schema = {"type": "boolean"}
        case int():
            schema = {"type": "integer", "minimum": 0}
    return schema


def _worker() -> Schema:
    fields = {str(field.alias): field for field in DistributedSettings.model_fields.values()}
    below = "|".join(re.escape(name) for name in _NAMES_BELOW)
    return {
        "type": "object",
        "properties": {
            **dict.fromkeys([*KNOWN_NAMES, "security.protocol"], _ANY_TEXT),
            **{name: _field(field) for name, field in fields.items()},
        },
        "patternProperties": {rf"^({below})\.": _ANY_TEXT},
        "additionalProperties": False,
    }


def _field(field: FieldInfo) -> Schema:
    kinds = {get_origin(each) or each for each in _alternatives(field.annotation)}
    schema: Schema
    if int in kinds or float in kinds:
        schema = _number(is_whole=int in kinds, bounds=field.metadata)
    elif bool in kinds:
        schema = _boolean()
    elif Literal in kinds:
        choices = [choice for each in _alternatives(field.annotation) for choice in get_args(each)]
        also = ["WARN", "TRACE", "FATAL"] if "WARNING" in choices else []
        schema = _one_of([*choices, *also])
    else:
        schema = dict(_ANY_TEXT)
    return {"description": field.description or "", **schema}


def _alternatives(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation) if get_origin(annotation) in {Union, UnionType} else (annotation,)


def _number(*, is_whole: bool = True, bounds: Iterable[Any] = ()) -> Schema:
    fraction = "" if is_whole else r"(\.\d+)?"
    schema: Schema = {
        "type": ["integer" if is_whole else "number", "string"],
        "pattern": rf"^\s*[+-]?\d+{fraction}\s*$|{REFERENCE}",
    }
    for bound in bounds:
        if (low := getattr(bound, "ge", None)) is not None:
            schema["minimum"] = low
        if (high := getattr(bound, "le", None)) is not None:
            schema["maximum"] = high
    return schema


def _boolean() -> Schema:
    return {"type": ["boolean", "string"], "pattern": f"{_in_any_case(['true', 'false'])}|{REFERENCE}"}


def _one_of(choices: Iterable[str]) -> Schema:
    return {"type": ["string", "boolean"], "pattern": f"{_in_any_case(choices)}|{REFERENCE}"}


def _in_any_case(choices: Iterable[str]) -> str:
    def spelled(choice: str) -> str:
        return "".join(
            f"[{each.lower()}{each.upper()}]" if each.isalpha() else re.escape(each) for each in choice
        )

    return rf"^\s*({'|'.join(spelled(choice) for choice in choices)})\s*$"


def _connectors() -> Schema:
    sinks: dict[Any, list[str]] = {}
    for name in sorted(plugins.names(PluginKind.SINK)):
        sinks.setdefault(plugins.find(PluginKind.SINK, name, "connector.class"), []).append(name)
    per_sink = [
        {
            "if": {"properties": {"connector.class": {"enum": names}}},
            "then": _options(sink.config_class.options().values()),
        }
        for sink, names in sinks.items()
    ]
    config = {
        "type": "object",
        "required": ["connector.class"],
        "additionalProperties": _ANY_TEXT,
        "allOf": [{"$ref": "#/definitions/options"}, *per_sink],
    }
    connector = {
        "type": "object",
        "properties": {"state": {"enum": ["RUNNING", "PAUSED", "STOPPED"]}, "config": config},
        "required": ["config"],
        "additionalProperties": False,
    }
    return {"type": "object", "additionalProperties": connector}


def _options(options: Iterable[Option[Any]]) -> Schema:
    return {
        "properties": {
            name: _option(option)
            for option in options
            if option.name != "name"
            for name in (option.name, *option.aliases)
        }
    }


def _option(option: Option[Any]) -> Schema:
    schema: Schema
    if option.kind in {INT, LONG}:
        schema = _number()
    elif option.kind is BOOLEAN:
        schema = _boolean()
    elif option.kind is PASSWORD:
        # Helm quotes what does not match a pattern, but not what it is simply told to refuse.
        schema = {"type": "string", "if": {"pattern": f"^{REFERENCE}$"}, "else": False}
    elif option.choices and option.kind is not LIST:
        schema = _one_of(option.choices)
    else:
        schema = _ANY_TEXT
    return {"description": option.description, **schema}


def _worker_secrets() -> Schema:
    return {
        "type": "object",
        "patternProperties": {r"^[a-z0-9._-]+$": _SECRET_KEY},
        "additionalProperties": False,
    }


_SPECIAL: Mapping[str, Callable[[], Schema]] = {
    "worker": _worker,
    "workerSecrets": _worker_secrets,
    "connectors": _connectors,
    "nameOverride": lambda: _NAME,
    "fullnameOverride": lambda: _NAME,
    "serviceAccount.name": lambda: {"type": "string", "pattern": _SUBDOMAIN},
    "resources": lambda: _QUANTITY,
    "apply.resources": lambda: _QUANTITY,
    "dashboards.labels": lambda: {"type": "object", "additionalProperties": {"type": "string"}},
    "image.digest": lambda: {"type": "string", "pattern": "^(sha256:[0-9a-f]{64})?$"},
    "image.pullPolicy": lambda: {"enum": ["Always", "IfNotPresent", "Never"]},
    "rest.port": lambda: {"type": "integer", "minimum": 1, "maximum": 65535},
    "rest.service.type": lambda: {"enum": ["ClusterIP", "NodePort", "LoadBalancer"]},
    "serviceAccount.roleArn": lambda: {
        "type": "string",
        "pattern": r"^(arn:aws[a-z-]*:iam::\d{12}:role/.+)?$",
    },
    "autoscaling.type": lambda: {"enum": ["none", "hpa", "keda"]},
    "autoscaling.minReplicas": lambda: {"type": "integer", "minimum": 1},
    "networkPolicy.restFrom": lambda: _PEERS,
    "networkPolicy.metricsFrom": lambda: _PEERS,
    "podDisruptionBudget.maxUnavailable": lambda: {
        "type": ["integer", "string"],
        "pattern": r"^\d+%$",
        "minimum": 1,
    },
}

"""What each handler takes and answers, for the description of the API; nothing acts on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from connector.rest import (
    change,
    checks,
    connections,
    connectors,
    description,
    loggers,
    metrics,
    offsets,
    plugins,
    root,
    topics,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
BOOLEAN: Schema = {"type": "string", "description": "true in any case; everything else is false"}
COUNT: Schema = {"type": "integer", "minimum": 0}
ANY_OBJECT: Schema = {"type": "object"}
FLAT: Schema = {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean", "null"]}}
STATES = ["UNASSIGNED", "RUNNING", "PAUSED", "STOPPED", "FAILED", "RESTARTING"]


def array(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def record(required: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None) -> Schema:
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
    }


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


_INSTANCE = {"state": {"type": "string", "enum": STATES}, "worker_id": TEXT}
_MAYBE = {"trace": TEXT, "version": {"type": ["string", "null"]}}

SCHEMAS: dict[str, Schema] = {
    "Error": record({"error_code": {"type": "integer"}, "message": {"type": ["string", "null"]}}),
    "Config": {"type": "object", "additionalProperties": TEXT},
    "ConnectorInfo": record(
        {
            "name": TEXT,
            "config": ref("Config"),
            "tasks": array(record({"connector": TEXT, "task": COUNT})),
            "type": TEXT,
        }
    ),
    "ConnectorStatus": record(
        {
            "name": TEXT,
            "connector": record(_INSTANCE, _MAYBE),
            "tasks": array(ref("TaskStatus")),
            "type": TEXT,
        }
    ),
    "TaskStatus": record({"id": COUNT, **_INSTANCE}, _MAYBE),
    "Offsets": record(
        {
            "offsets": array(
                record(
                    {"partition": record({"kafka_topic": TEXT, "kafka_partition": COUNT})},
                    {"offset": {"anyOf": [record({"kafka_offset": COUNT}), {"type": "null"}]}},
                )
            )
        }
    ),
    "Message": record({"message": TEXT}),
    "Plugin": record({"class": TEXT, "type": TEXT}, {"version": {"type": ["string", "null"]}}),
    "ConfigKey": record({"name": TEXT, "type": TEXT, "required": {"type": "boolean"}}),
    "ConfigInfos": record(
        {"name": TEXT, "error_count": COUNT, "groups": array(TEXT), "configs": array(ANY_OBJECT)}
    ),
    "LoggerLevel": record({"level": TEXT, "last_modified": {"type": ["integer", "null"]}}),
    "WorkerStatus": record({"status": TEXT, "message": TEXT}),
}


@dataclass(frozen=True)
class Operation:
    """One of the API's.

    Attributes:
        answers: Schemas by status; None for an answer without a body.
        body: What the request holds; None if nothing.
        query: Schemas by name.
        refusals: Further statuses, in the shape of errors.
        is_text: The answer is no JSON.
    """

    answers: Mapping[int, Schema | None]
    body: Schema | None = None
    query: Mapping[str, Schema] = field(default_factory=dict)
    refusals: tuple[int, ...] = ()
    is_text: bool = False


_NOT_THERE = (404,)
_CHANGE = (400, 404, 409)
_VALIDATE = {"validate": BOOLEAN}

OPERATIONS: dict[Callable[..., Any], Operation] = {
    root.get_root: Operation(
        {200: record({"version": TEXT, "commit": TEXT, "kafka_cluster_id": {"type": ["string", "null"]}})}
    ),
    root.get_health: Operation(dict.fromkeys((200, 500, 503), ref("WorkerStatus"))),
    root.get_liveness: Operation({200: ref("WorkerStatus")}),
    description.get_description: Operation({200: ANY_OBJECT}),
    metrics.get_metrics: Operation({200: TEXT}, is_text=True),
    connectors.get_connectors: Operation(
        {200: {"anyOf": [array(TEXT), ANY_OBJECT]}}, query={"expand": array(TEXT)}
    ),
    change.create_connector: Operation(
        {201: ref("ConnectorInfo")},
        record(
            {"name": TEXT, "config": FLAT},
            {"initial_state": {"enum": ["RUNNING", "PAUSED", "STOPPED", None]}},
        ),
        refusals=(400, 409),
    ),
    connectors.get_connector: Operation({200: ref("ConnectorInfo")}, refusals=_NOT_THERE),
    change.delete_connector: Operation({204: None}, refusals=(404, 409)),
    connectors.get_config: Operation({200: ref("Config")}, refusals=_NOT_THERE),
    change.put_config: Operation(
        {200: ref("ConnectorInfo"), 201: ref("ConnectorInfo")}, FLAT, refusals=(400, 409)
    ),
    change.patch_config: Operation({200: ref("ConnectorInfo")}, FLAT, refusals=_CHANGE),
    connectors.get_status: Operation({200: ref("ConnectorStatus")}, refusals=_NOT_THERE),
    change.restart: Operation(
        {204: None, 202: ref("ConnectorStatus")},
        query={"includeTasks": BOOLEAN, "onlyFailed": BOOLEAN},
        refusals=(404, 409),
    ),
    change.pause: Operation({202: None}, refusals=(404, 409)),
    change.resume: Operation({202: None}, refusals=(404, 409)),
    change.stop: Operation({204: None}, refusals=(404, 409)),
    connectors.get_tasks: Operation(
        {200: array(record({"id": ANY_OBJECT, "config": ref("Config")}))}, refusals=_NOT_THERE
    ),
    connectors.get_task_status: Operation({200: ref("TaskStatus")}, refusals=_NOT_THERE),
    change.restart_task: Operation({204: None}, refusals=(404, 409)),
    topics.get_topics: Operation({200: ANY_OBJECT}, refusals=(403,)),
    topics.reset_topics: Operation({202: None}, refusals=(403,)),
    offsets.get_offsets: Operation({200: ref("Offsets")}, refusals=_NOT_THERE),
    offsets.alter_offsets: Operation({200: ref("Message")}, ref("Offsets"), refusals=_CHANGE),
    offsets.reset_offsets: Operation({200: ref("Message")}, refusals=_CHANGE),
    plugins.get_plugins: Operation({200: array(ref("Plugin"))}, query={"connectorsOnly": BOOLEAN}),
    plugins.get_plugin_config: Operation(
        {200: array(ref("ConfigKey"))}, query={"version": TEXT}, refusals=(400, 404)
    ),
    plugins.validate_config: Operation({200: ref("ConfigInfos")}, FLAT, refusals=(400,)),
    loggers.get_loggers: Operation({200: {"type": "object", "additionalProperties": ref("LoggerLevel")}}),
    loggers.get_logger: Operation({200: ref("LoggerLevel")}, refusals=_NOT_THERE),
    loggers.set_level: Operation(
        {200: array(TEXT), 204: None}, record({"level": TEXT}), query={"scope": TEXT}, refusals=(400, 404)
    ),
    checks.check_connector: Operation({200: ANY_OBJECT}, FLAT, refusals=(400, 404, 503, 504)),
    connections.get_connections: Operation(
        {200: ANY_OBJECT},
        query={"name": TEXT, "status": TEXT, "tag": array(TEXT), "match": array(TEXT)},
        refusals=(400,),
    ),
    connections.create_connection: Operation(
        {200: ANY_OBJECT, 201: ANY_OBJECT},
        ANY_OBJECT,
        query={"if_not_exists": BOOLEAN, **_VALIDATE},
        refusals=(400, 409),
    ),
    connections.get_connection: Operation({200: ANY_OBJECT}, refusals=(400, 404)),
    connections.update_connection: Operation(
        {200: ANY_OBJECT}, ANY_OBJECT, query=_VALIDATE, refusals=_CHANGE
    ),
    connections.delete_connection: Operation({204: None}, refusals=_CHANGE),
    connections.validate_connection: Operation({200: ANY_OBJECT, 202: ANY_OBJECT}, refusals=_CHANGE),
    connections.get_usage: Operation({200: ANY_OBJECT}, refusals=(400, 404)),
    connections.get_policy: Operation({200: ANY_OBJECT}, refusals=(400, 404)),
}

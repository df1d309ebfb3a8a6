"""The description of the API in OpenAPI 3.1, made from its routes and from what their handlers say."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Any

from connector.rest.operation import OPERATIONS, SCHEMAS, TEXT, ref

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aiohttp import web

    from connector.rest.operation import Operation, Schema

_PARAMETER = re.compile(r"\{(\w+):(?:[^{}]|\{[^{}]*\})*\}")
_JSON = "application/json"
# Whatever is asked; the routing itself, the media types and the limits.
_ALWAYS = (401, 403, 404, 405, 406, 413, 429, 500)


def describe(routes: Iterable[web.RouteDef], version: str) -> dict[str, Any]:
    """The whole description.

    Args:
        routes: Each path once.
        version: Of Kafka Connect's API.
    """
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        path = _PARAMETER.sub(r"{\1}", route.path)
        paths.setdefault(path, {})[route.method.lower()] = _operation(route, path)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Kafka Connect REST API of a sink worker", "version": version},
        "paths": paths,
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {
                "basic": {"type": "http", "scheme": "basic"},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
        },
        "security": [{}, {"basic": []}, {"bearer": []}],
    }


def _operation(route: web.RouteDef, path: str) -> dict[str, Any]:
    handler: Any = route.handler
    operation = OPERATIONS[handler]
    described: dict[str, Any] = {
        "operationId": f"{handler.__name__}_{route.method.lower()}",
        "tags": [path.split("/")[1] or "worker"],
        "responses": _responses(operation),
    }
    if summary := inspect.getdoc(handler):
        described["summary"] = summary
    if parameters := [*_in_path(path), *_in_query(operation)]:
        described["parameters"] = parameters
    if operation.body is not None:
        described["requestBody"] = {"required": True, "content": {_JSON: {"schema": operation.body}}}
    return described


def _in_path(path: str) -> list[Schema]:
    schemas: dict[str, Schema] = {
        "name": {"type": "string", "minLength": 1},
        "task": {"type": "integer", "minimum": 0, "maximum": 999_999_999},
    }
    return [
        {"name": name, "in": "path", "required": True, "schema": schemas[name]}
        for name in re.findall(r"\{(\w+)\}", path)
    ]


def _in_query(operation: Operation) -> list[Schema]:
    return [{"name": name, "in": "query", "schema": schema} for name, schema in operation.query.items()]


def _responses(operation: Operation) -> dict[str, Any]:
    media_type = "text/plain" if operation.is_text else _JSON
    found = {
        str(status): _answer(schema, media_type) if schema else {"description": "Done."}
        for status, schema in operation.answers.items()
    }
    refusals = {*operation.refusals, *_ALWAYS, *((400, 415) if operation.body is not None else ())}
    for status in sorted(refusals):
        found.setdefault(str(status), _answer(ref("Error"), _JSON, "Refused."))
    return found


def _answer(schema: Schema, media_type: str, text: str = "The answer.") -> dict[str, Any]:
    return {"description": text, "content": {media_type: {"schema": schema or TEXT}}}

"""A Schema Registry for tests: Confluent's protocol over HTTP, in memory, with faults on demand."""

from __future__ import annotations

import base64
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import unquote, urlsplit
from uuid import NAMESPACE_OID, uuid5

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

_JSON = "application/vnd.schemaregistry.v1+json"
_Answer = tuple[int, Any]


class SchemaRegistryServer:
    """Serves from the moment it is made.

    Attributes:
        url: Where it is.
        requests: Method and path of each request that was answered, in order.
        status: What every request is answered with, if not None.
        user_info: Name and password that are asked for, with a colon between.
        token: The bearer token that is asked for.
    """

    def __init__(self, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> None:
        self.requests: list[str] = []
        self.status: int | None = None
        self.user_info: str | None = None
        self.token: str | None = None
        self._schemas: list[dict[str, Any]] = []
        self._subjects: dict[str, list[int]] = {}
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._server.daemon_threads = True
        self.url = f"{'https' if tls else 'http'}://{host}:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def register(
        self, subject: str, schema: str, kind: str = "AVRO", references: list[dict[str, Any]] | None = None
    ) -> int:
        """The id of the schema; registered again it keeps the one it has."""
        entry = {"schema": schema, "schemaType": kind, "references": references or []}
        with self._lock:
            if entry not in self._schemas:
                self._schemas.append(entry)
            schema_id = self._schemas.index(entry) + 1
            versions = self._subjects.setdefault(subject, [])
            if schema_id not in versions:
                versions.append(schema_id)
        return schema_id

    def guid(self, schema_id: int) -> str:
        """What Confluent's registry calls a schema wherever it is."""
        return str(uuid5(NAMESPACE_OID, json.dumps(self._schemas[schema_id - 1])))

    def answer(self, method: str, path: str, authorization: str | None, body: bytes) -> _Answer:
        """What a registry says to this request."""
        self.requests.append(f"{method} {path}")
        if self.status is not None:
            return self.status, {"error_code": self.status * 100 + 1, "message": "as the test wants it"}
        if not self._is_allowed(authorization):
            return 401, {"error_code": 401, "message": "Unauthorized"}
        for verb, pattern, handle in self._routes():
            if verb == method and (match := re.fullmatch(pattern, urlsplit(path).path)):
                return handle(*map(unquote, match.groups()), *([json.loads(body)] if body else []))
        return 404, {"error_code": 404, "message": "HTTP 404 Not Found"}

    def _is_allowed(self, authorization: str | None) -> bool:
        if self.token is not None:
            return authorization == f"Bearer {self.token}"
        if self.user_info is not None:
            return authorization == f"Basic {base64.b64encode(self.user_info.encode()).decode()}"
        return True

    def _routes(self) -> list[tuple[str, str, Callable[..., _Answer]]]:
        return [
            ("GET", r"/schemas/ids/(\d+)", self._by_id),
            ("GET", r"/schemas/guids/([^/]+)", self._by_guid),
            ("GET", r"/subjects/([^/]+)/versions/(\d+|latest)", self._by_version),
            ("POST", r"/subjects/([^/]+)/versions", self._register),
            ("POST", r"/subjects/([^/]+)", self._look_up),
            ("GET", r"/subjects", lambda: (200, list(self._subjects))),
        ]

    def _by_id(self, schema_id: str) -> _Answer:
        if not 0 < int(schema_id) <= len(self._schemas):
            return 404, {"error_code": 40403, "message": f"Schema {schema_id} not found"}
        return 200, _without_avro(self._schemas[int(schema_id) - 1])

    def _by_guid(self, guid: str) -> _Answer:
        ids = (each for each in range(1, len(self._schemas) + 1) if self.guid(each) == guid)
        return self._by_id(str(next(ids, 0)))

    def _by_version(self, subject: str, version: str) -> _Answer:
        versions = self._subjects.get(subject)
        if versions is None:
            return 404, {"error_code": 40401, "message": f"Subject '{subject}' not found."}
        number = len(versions) if version == "latest" else int(version)
        if not 0 < number <= len(versions):
            return 404, {"error_code": 40402, "message": f"Version {version} not found."}
        return 200, self._shown(subject, versions[number - 1])

    def _register(self, subject: str, body: dict[str, Any]) -> _Answer:
        kind = body.get("schemaType") or "AVRO"
        schema_id = self.register(subject, body["schema"], kind, body.get("references"))
        return 200, self._shown(subject, schema_id)

    def _look_up(self, subject: str, body: dict[str, Any]) -> _Answer:
        kind, references = body.get("schemaType") or "AVRO", body.get("references") or []
        entry = {"schema": body["schema"], "schemaType": kind, "references": references}
        if subject not in self._subjects or entry not in self._schemas:
            return 404, {"error_code": 40403, "message": "Schema not found"}
        return 200, self._shown(subject, self._schemas.index(entry) + 1)

    def _shown(self, subject: str, schema_id: int) -> dict[str, Any]:
        version = self._subjects[subject].index(schema_id) + 1
        found = _without_avro(self._schemas[schema_id - 1])
        return {
            "subject": subject,
            "version": version,
            "id": schema_id,
            "guid": self.guid(schema_id),
            **found,
        }


def _without_avro(schema: dict[str, Any]) -> dict[str, Any]:
    """Avro is what is not said, and so are references that are not there."""
    is_default = {"schemaType": "AVRO", "references": []}
    return {key: value for key, value in schema.items() if is_default.get(key, value is None) != value}


def _handler(registry: SchemaRegistryServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._reply("GET")

        def do_POST(self) -> None:
            self._reply("POST")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

        def _reply(self, method: str) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, found = registry.answer(method, self.path, self.headers.get("Authorization"), body)
            text = json.dumps(found).encode()
            self.send_response(status)
            self.send_header("Content-Type", _JSON)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

    return Handler

"""Asks a Schema Registry for schemas, over HTTP; says who must act when it does not give them.

It keeps nothing: converters keep what they made of a schema, and for a while what was unknown.
"""

from __future__ import annotations

import base64
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

import msgspec
import urllib3
from urllib3.exceptions import HTTPError, SSLError

from connector.error_codes import ErrorCode
from connector.errors import AccessError, RetriableError
from connector.schema_registry.base import RegisteredSchema, SchemaGuid, SchemaRegistry, UnknownSchemaError
from connector.schema_registry.mock import MockSchemaRegistry
from connector.schema_registry.oauth import Tokens

if TYPE_CHECKING:
    from connector.schema_registry.config import SchemaRegistryConfig

_MOST_BYTES = 16 * 1024 * 1024
_CHUNK = 64 * 1024
_MOST_REFERENCES = 256
_ACCEPT = "application/vnd.schemaregistry.v1+json, application/json"
_OPTION = "schema.registry.url"
_OK, _UNAUTHORIZED, _NOT_FOUND, _TOO_MANY, _SERVER_ERROR = 200, 401, 404, 429, 500


class _Reference(msgspec.Struct):
    name: str
    subject: str
    version: int


class _Answer(msgspec.Struct):
    # JSON's names; a schema without a type is Avro.
    schema: str
    schema_type: str | None = msgspec.field(default=None, name="schemaType")
    references: list[_Reference] | None = None


class _Fault(msgspec.Struct):
    error_code: int = 0
    message: str = ""


class HttpSchemaRegistry(SchemaRegistry):
    """One registry behind one or several URLs; the URL that answered last is asked first."""

    def __init__(self, config: SchemaRegistryConfig) -> None:
        self._urls = [_Endpoint(url, config) for url in config.url if url]
        self._seconds = config.read_ms / 1000
        timeout = urllib3.Timeout(connect=config.connect_ms / 1000, read=self._seconds)
        # Redirects are not followed: credentials are for the registry alone.
        # To read all that the machine trusts takes a while.
        is_safe = any(each.base.startswith("https:") for each in self._urls)
        self._pool = urllib3.PoolManager(
            timeout=timeout,
            retries=False,
            ssl_context=config.tls() if is_safe else None,
            maxsize=4,
            num_pools=len(self._urls),
        )
        self._first = 0
        self._tokens = Tokens(config) if config.bearer_source == "OAUTHBEARER" else None

    def schema(self, schema_id: int, form: str = "") -> RegisteredSchema:
        query = f"?format={form}" if form else ""
        kind = "guids" if isinstance(schema_id, SchemaGuid) else "ids"
        answer = self._get(f"/schemas/{kind}/{schema_id}{query}", f"Schema {schema_id}")
        return self._resolved(answer, form, {})

    def _resolved(
        self, answer: _Answer, form: str, known: dict[tuple[str, int], RegisteredSchema]
    ) -> RegisteredSchema:
        found = []
        for each in answer.references or ():
            key = (each.subject, each.version)
            if key not in known:
                if len(known) >= _MOST_REFERENCES:
                    raise ValueError(f"The schema builds on more than {_MOST_REFERENCES} others.")
                path = f"/subjects/{quote(each.subject, safe='')}/versions/{each.version}?deleted=true"
                path += f"&format={form}" if form else ""
                what = f"Version {each.version} of subject {each.subject}"
                known[key] = self._resolved(self._get(path, what), form, known)
            found.append((each.name, known[key]))
        return RegisteredSchema(answer.schema_type or "AVRO", answer.schema, tuple(found))

    def _get(self, path: str, what: str) -> _Answer:
        failures = []
        for turn in range(len(self._urls)):
            at = (self._first + turn) % len(self._urls)
            endpoint = self._urls[at]
            try:
                status, body = self._ask(endpoint, path)
            except SSLError as error:
                raise AccessError(
                    f"{_OPTION}: {endpoint.shown} shows a certificate that is not accepted ({error}): set"
                    " schema.registry.ssl.truststore.location to the certificates that signed it.",
                    code=ErrorCode.REGISTRY_CERTIFICATE,
                ) from error
            except (HTTPError, OSError) as error:
                failures.append(f"{endpoint.shown} does not answer ({type(error).__name__})")
                continue
            self._first = at
            if status < _SERVER_ERROR and status != _TOO_MANY:
                return _read(endpoint, status, body, what)
            failures.append(f"{endpoint.shown} answers {status}")
        raise RetriableError(f"{_OPTION}: {'; '.join(failures)}", code=ErrorCode.REGISTRY_UNREACHABLE)

    def _ask(self, endpoint: _Endpoint, path: str) -> tuple[int, bytes]:
        if self._tokens is None:
            return self._answer(endpoint, path, endpoint.headers)
        for _ in range(2):
            token = self._tokens.token()
            status, body = self._answer(
                endpoint, path, {**endpoint.headers, "Authorization": f"Bearer {token}"}
            )
            if status != _UNAUTHORIZED:
                break
            self._tokens.reject(token)  # it may have been revoked since
        return status, body

    def _answer(self, endpoint: _Endpoint, path: str, headers: dict[str, str]) -> tuple[int, bytes]:
        deadline = time.monotonic() + self._seconds
        response = self._pool.request(
            "GET", endpoint.base + path, headers=headers, preload_content=False, redirect=False
        )
        try:
            body = bytearray()
            while chunk := response.read1(_CHUNK):
                body += chunk
                if len(body) > _MOST_BYTES:
                    raise HTTPError(f"more than {_MOST_BYTES} bytes")
                if time.monotonic() > deadline:
                    raise HTTPError("the answer does not end")
        except BaseException:
            response.close()
            raise
        response.release_conn()
        return response.status, bytes(body)


class _Endpoint:
    """One URL: what is asked, what may be shown of it, what it is shown."""

    def __init__(self, url: str, config: SchemaRegistryConfig) -> None:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        self.base = self.shown = f"{parts.scheme}://{host}{parts.path.rstrip('/')}"
        self.headers = {"Accept": _ACCEPT}
        if config.bearer_source:
            beside = {
                "target-sr-cluster": config.logical_cluster,
                "Confluent-Identity-Pool-Id": config.identity_pool,
            }
            self.headers |= {name: value for name, value in beside.items() if value}
        if config.bearer_source and config.bearer_token:
            self.headers["Authorization"] = f"Bearer {config.bearer_token.get_secret_value()}"
        elif config.login is not None:
            self.headers["Authorization"] = _basic(config.login)
        elif parts.username is not None:
            self.headers["Authorization"] = _basic(
                f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            )


def _basic(user_info: str) -> str:
    return f"Basic {base64.b64encode(user_info.encode()).decode()}"


def _read(endpoint: _Endpoint, status: int, body: bytes, what: str) -> _Answer:
    if status == _OK:
        answer: _Answer = _decoded(endpoint, body, _Answer)
        return answer
    if status == _NOT_FOUND:
        fault: _Fault = _decoded(endpoint, body, _Fault)
        # Without a code of the registry's own, something else answers at this URL.
        if fault.error_code // 100 == _NOT_FOUND:
            raise UnknownSchemaError(f"{what} is not in the Schema Registry ({fault.error_code}).")
    if status in {401, 403}:
        raise AccessError(
            f"{_OPTION}: {endpoint.shown} refuses with {status}: correct basic.auth.user.info or"
            " bearer.auth.token, or let this user read schemas.",
            code=ErrorCode.REGISTRY_ACCESS_DENIED,
        )
    raise AccessError(
        f"{_OPTION}: {endpoint.shown} answers {status}, as no registry does: correct the URL.",
        code=ErrorCode.REGISTRY_NONE_THERE,
    )


def _decoded(endpoint: _Endpoint, body: bytes, kind: type[Any]) -> Any:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise AccessError(
            f"{_OPTION}: what {endpoint.shown} answers is not what a Schema Registry does: correct the URL.",
            code=ErrorCode.REGISTRY_NONE_THERE,
        ) from error


def connect(config: SchemaRegistryConfig) -> SchemaRegistry:
    """The registry that these options name; nothing is asked yet."""
    parts = urlsplit(config.url[0])
    if parts.scheme == "mock":
        return MockSchemaRegistry.of_scope(parts.netloc)
    return HttpSchemaRegistry(config)

"""Values behind the id of a registered schema: finds the schema, reads the value by it.

A value is a header that names the schema, and what was written with that schema: with Confluent a magic byte
(0) and the id (4 bytes, big-endian), or a magic byte (1) and a UUID. What is made of a schema is kept, for as
many schemas as ``max.schemas.per.subject`` says.
"""

from __future__ import annotations

import time
from abc import abstractmethod
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, NoReturn

from connector.column import SchemaColumn
from connector.converters.base import Converter
from connector.schema import Schemas
from connector.schema_registry.base import SchemaGuid, UnknownSchemaError
from connector.schema_registry.client import connect
from connector.schema_registry.config import DUAL_IDS, SchemaRegistryConfig

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from connector.config.schema import Config
    from connector.schema import Schema
    from connector.schema_registry.base import RegisteredSchema, SchemaRegistry

_HEADER_BYTES = 5
_MAGIC = b"\0"
_GUID_BYTES = 17
_BY_GUID = b"\1"
_UNKNOWN_SECONDS = 10.0
"""How long an id counts as unknown: bad records repeat it, and a registry may learn it after all."""


class Reader(NamedTuple):
    """What is made of a schema.

    Attributes:
        read: The value of what stands behind the id; raises whatever it likes on what does not fit.
        schema: Connect's; None where ``of`` tells it.
        of: The schema of one payload, where one registered schema stands for several.
        rewrite: The value as JSON text, as Connect prints it; None, or gives None, where ``read`` decides.
    """

    read: Callable[[bytes], Any]
    schema: Schema | None
    of: Callable[[bytes], Schema] | None = None
    rewrite: Callable[[bytes], bytes | None] | None = None


class RegisteredConverter(Converter):
    """Base of converters with a Schema Registry; null stays null.

    What stands here of headers is Confluent's; a subclass may know another registry's.
    """

    config_class: ClassVar[type[Config]] = SchemaRegistryConfig
    kind: ClassVar[str]
    """The type of schemas that it reads, as the registry calls it."""
    form: ClassVar[str] = ""
    """How the registry is asked to write schemas."""
    header_bytes: ClassVar[int] = _HEADER_BYTES

    def __init__(self, config: Any, registry: SchemaRegistry | None = None) -> None:
        super().__init__(config)
        self._registry = registry or self.registry_of(config)
        self._readers: OrderedDict[bytes, Reader] = OrderedDict()
        self._unreadable: OrderedDict[bytes, tuple[float, str]] = OrderedDict()

    @abstractmethod
    def reader(self, schema: RegisteredSchema) -> Reader:
        """What reads values of this schema; raises ValueError if there is no such way."""

    def registry_of(self, config: Any) -> SchemaRegistry:
        """Who is asked for schemas."""
        return connect(config)

    def body(self, data: bytes) -> bytes:
        """What was written with the schema."""
        return data[_GUID_BYTES:] if data[:1] == _BY_GUID else data[_HEADER_BYTES:]

    def header_before(self, column: str) -> str | None:
        """Confluent's serialisers may put the header of a value into one of its record."""
        ids = {"keys": "key_ids", "values": "value_ids"}[column]
        return f"__{column[:-1]}_schema_id" if getattr(self.config, ids, None) == DUAL_IDS else None

    def header_of(self, data: bytes) -> bytes:
        """The first bytes of a value, which name its schema."""
        return data[:_GUID_BYTES] if data[:1] == _BY_GUID else data[: self.header_bytes]

    def headers_of(self, column: Sequence[bytes | None]) -> set[bytes]:
        """All headers in a column."""
        size = self.header_bytes
        found = {data[:size] for data in column if data is not None}
        if any(each[:1] == _BY_GUID for each in found):
            return {self.header_of(data) for data in column if data is not None}
        return found

    def id_of(self, header: bytes) -> int:
        """The schema that a header names; raises ValueError if it is no header."""
        if header[:1] == _BY_GUID and len(header) == _GUID_BYTES:
            return SchemaGuid.from_bytes(header[1:])
        if header[:1] != _MAGIC or len(header) < _HEADER_BYTES:
            raise ValueError(
                "Unknown magic byte! The value does not begin with 0 and the id of a schema: its producer"
                " does not use a Schema Registry, so another converter must read it."
            )
        return int.from_bytes(header[1:])

    def convert(self, data: bytes | None) -> Any:
        (value,) = self.convert_column([data])
        return value

    def convert_column(self, column: Sequence[bytes | None]) -> Sequence[Any]:
        headers = self.headers_of(column)
        if len(headers) == 1:
            return self._of_one_schema(column, *headers)
        return self._of_several(column)

    def _of_one_schema(self, column: Sequence[bytes | None], header: bytes) -> Sequence[Any]:
        """Most columns: whatever is the same for all records is done once."""
        reader, body = self._reader(header), self.body
        read, of = reader.read, reader.of
        try:
            written = [None if data is None else body(data) for data in column]
            values = [None if data is None else read(data) for data in written]
            if of is None:
                return SchemaColumn(values, Schemas([reader.schema]))
            schemas = [None if data is None else of(data) for data in written]
        except Exception as error:  # noqa: BLE001 - libraries raise anything on unfit bytes
            self._refuse(header, error)
        return SchemaColumn(values, Schemas(_without_gaps(values, schemas)))

    def _of_several(self, column: Sequence[bytes | None]) -> Sequence[Any]:
        values: list[Any] = []
        schemas: list[Schema | None] = []
        body, header_of = self.body, self.header_of
        for data in column:
            if data is None:
                values.append(None)
                schemas.append(None)
                continue
            header = header_of(data)
            reader = self._reader(header)
            try:
                written = body(data)
                values.append(reader.read(written))
                schemas.append(reader.schema if reader.of is None else reader.of(written))
            except Exception as error:  # noqa: BLE001 - libraries raise anything on unfit bytes
                self._refuse(header, error)
        return SchemaColumn(values, Schemas(_without_gaps(values, schemas)))

    def _reader(self, header: bytes) -> Reader:
        return self._readers.get(header) or self._new_reader(header)

    def _new_reader(self, header: bytes) -> Reader:
        schema_id = self.id_of(header)
        until, reason = self._unreadable.get(header, (0.0, ""))
        if time.monotonic() < until:
            raise ValueError(reason)
        try:
            return self._keep(header, self._found(schema_id))
        except (ValueError, RecursionError) as error:
            reason = str(error) or "Its schema is nested too deeply."
            self._unreadable[header] = (time.monotonic() + _UNKNOWN_SECONDS, reason)
            if len(self._unreadable) > self.config.most_schemas:
                self._unreadable.popitem(last=False)
            raise ValueError(reason) from error

    def _found(self, schema_id: int) -> Reader:
        schema = self._registry.schema(schema_id, self.form)
        if schema.kind != self.kind:
            raise UnknownSchemaError(
                f"Schema {schema_id} is of type {schema.kind}, and {type(self).__name__} reads {self.kind}."
            )
        try:
            return self.reader(schema)
        except ValueError as error:
            raise ValueError(f"Schema {schema_id} cannot be used: {error}") from error

    def _keep(self, header: bytes, reader: Reader) -> Reader:
        self._readers[header] = reader
        if len(self._readers) > self.config.most_schemas:
            self._readers.popitem(last=False)
        return reader

    def _refuse(self, header: bytes, error: Exception) -> NoReturn:
        reason = str(error) or type(error).__name__
        raise ValueError(f"The value does not fit schema {self.id_of(header)}: {reason}") from error


def _without_gaps(values: list[Any], schemas: list[Schema | None]) -> list[Schema | None]:
    """Nulls have the schema of a value beside them: formats begin anew where the schema changes."""
    if None not in schemas:
        return schemas
    last = next((schema for schema in schemas if schema is not None), None)
    filled = []
    for value, schema in zip(values, schemas, strict=True):
        last = schema if schema is not None else last
        filled.append(last if value is None else schema)
    return filled

"""``mock://scope``: registries in this process's memory, for tests, as the Java clients have."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from connector.schema_registry.base import RegisteredSchema, SchemaRegistry, UnknownSchemaError

if TYPE_CHECKING:
    from collections.abc import Mapping

_scopes: dict[str, MockSchemaRegistry] = {}
_lock = Lock()


class MockSchemaRegistry(SchemaRegistry):
    """Ids count from 1; a schema registered again keeps its id."""

    def __init__(self) -> None:
        self._schemas: list[RegisteredSchema] = []

    @classmethod
    def of_scope(cls, scope: str) -> MockSchemaRegistry:
        """The one registry of this name."""
        with _lock:
            return _scopes.setdefault(scope, cls())

    def register(self, kind: str, text: str, references: Mapping[str, int] | None = None) -> int:
        """The id of this schema; ``references`` are ids by name."""
        named = tuple((name, self.schema(each)) for name, each in (references or {}).items())
        schema = RegisteredSchema(kind, text, named)
        with _lock:
            if schema not in self._schemas:
                self._schemas.append(schema)
            return self._schemas.index(schema) + 1

    def schema(self, schema_id: int, form: str = "") -> RegisteredSchema:  # noqa: ARG002 - kept as registered
        if not 0 < schema_id <= len(self._schemas):
            raise UnknownSchemaError(f"Schema {schema_id} not found; the registry has {len(self._schemas)}.")
        return self._schemas[schema_id - 1]

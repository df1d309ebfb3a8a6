"""What a registry answers, whichever it is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from uuid import UUID

AVRO, JSON, PROTOBUF = "AVRO", "JSON", "PROTOBUF"


class SchemaGuid(int):
    """An id that is the same in every registry; shown as a UUID."""

    def __str__(self) -> str:
        return str(UUID(int=self))


@dataclass(frozen=True, slots=True)
class RegisteredSchema:
    """A schema as it was registered.

    Attributes:
        kind: ``AVRO``, ``JSON`` or ``PROTOBUF``.
        text: The schema itself.
        references: The schemas that it builds on, by the names that it has for them; theirs are within them.
    """

    kind: str
    text: str
    references: tuple[tuple[str, RegisteredSchema], ...] = ()


class UnknownSchemaError(ValueError):
    """The registry knows no schema with this id; a record that has it can never be read."""


class SchemaRegistry(ABC):
    """Blocks, and is called from threads."""

    @abstractmethod
    def schema(self, schema_id: int, form: str = "") -> RegisteredSchema:
        """The schema with this id.

        Args:
            schema_id: What records say; a ``SchemaGuid``, or of AWS Glue the UUID of a version, as a number.
            form: How the registry is to write it, if it can; ``serialized`` is for Protobuf.

        Raises:
            UnknownSchemaError: There is none.
            RetriableError: The registry cannot be asked now.
            AccessError: It refuses, or it is no registry.
        """

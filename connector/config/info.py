"""What is known of each option of a config, as Kafka Connect's validation shows it: definition and value."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

SubmittedConfig = dict[str, str | None]
"""A config as a client sends it: values may be null, which is a fault, or in a patch removes the key."""


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """The definition of one option; what it is is said by :class:`~connector.config.option.Option`."""

    name: str
    type: str
    required: bool
    default_value: str | None
    importance: str
    documentation: str
    group: str | None
    order: int
    width: str
    display_name: str
    dependents: Sequence[str] = ()

    def shown(self) -> dict[str, Any]:
        """As JSON; ``order`` is called ``order_in_group`` since Connect 4.2, so both are there."""
        return {
            "name": self.name,
            "type": self.type,
            "required": self.required,
            "default_value": self.default_value,
            "importance": self.importance,
            "documentation": self.documentation,
            "group": self.group,
            "order_in_group": self.order,
            "width": self.width,
            "display_name": self.display_name,
            "dependents": list(self.dependents),
            "order": self.order,
        }


@dataclass(frozen=True, slots=True)
class ValueInfo:
    """The value of one option in a config; never holds a secret."""

    name: str
    value: str | None
    recommended_values: Sequence[str] = ()
    errors: Sequence[str] = ()
    visible: bool = True

    def shown(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "value": self.value,
            "recommended_values": list(self.recommended_values),
            "errors": list(self.errors),
            "visible": self.visible,
        }


@dataclass(frozen=True, slots=True)
class ConfigInfo:
    """An option and its value; a key that is at fault and that nobody declares has no definition."""

    key: KeyInfo | None
    value: ValueInfo

    def shown(self) -> dict[str, Any]:
        return {"definition": self.key.shown() if self.key else None, "value": self.value.shown()}


@dataclass(frozen=True, slots=True)
class ConfigInfos:
    """The outcome of a validation.

    Attributes:
        name: The ``connector.class``, as submitted.
        configs: Every option that the connector has, in the order they are shown.
    """

    name: str
    groups: Sequence[str] = ()
    configs: Sequence[ConfigInfo] = field(default_factory=tuple)

    @property
    def error_count(self) -> int:
        return sum(len(info.value.errors) for info in self.configs)

    def errors(self) -> Iterator[str]:
        for info in self.configs:
            yield from info.value.errors

    def shown(self) -> Mapping[str, Any]:
        return {
            "name": self.name,
            "error_count": self.error_count,
            "groups": list(self.groups),
            "configs": [info.shown() for info in self.configs],
        }

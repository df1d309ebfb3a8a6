"""Kafka's ReplaceField: leaves fields out, or gives them other names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from connector.config.option import LIST, defaulted
from connector.config.schema import Config
from connector.schema import Field
from connector.transforms.field import Change, FieldTransform, copies, defaults_of, replaces_null, struct_like

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.schema import Schema
    from connector.transforms.field import Rows

_PAIR = 2


def _renames(pairs: list[str]) -> None:
    for pair in pairs:
        # As Java splits: what is empty at the end does not count.
        if len(pair.rstrip(":").split(":")) != _PAIR:
            raise ValueError(f"Invalid rename mapping: {pair}")


class ReplaceFieldConfig(Config):
    exclude = defaulted(
        "exclude", LIST, [], "Fields to leave out; this wins over include.", group="Transform"
    )
    include = defaulted(
        "include", LIST, [], "Fields to keep; if there are any, all others are left out.", group="Transform"
    )
    renames = defaulted(
        "renames",
        LIST,
        [],
        "Fields that get another name, as old:new; include and exclude mean the old ones.",
        validate=_renames,
        group="Transform",
    )
    replaces = replaces_null()


class _Names(dict[str, str | None]):
    """The new name of every field, None for those left out; each is decided once."""

    def __init__(self, config: ReplaceFieldConfig) -> None:
        super().__init__()
        self._exclude, self._include = set(config.exclude), set(config.include)
        self._renames = dict(pair.rstrip(":").split(":") for pair in config.renames)

    def __missing__(self, name: str) -> str | None:
        is_kept = name not in self._exclude and (not self._include or name in self._include)
        found = self._renames.get(name, name) if is_kept else None
        if len(self) < _MOST_NAMES:
            self[name] = found
        return found


_MOST_NAMES = 10_000
"""Maps may have data as keys."""


class ReplaceField(FieldTransform):
    """Nulls pass."""

    config_class: ClassVar[type[Config]] = ReplaceFieldConfig
    purpose = "field replacement"

    def __init__(self, config: ReplaceFieldConfig) -> None:
        super().__init__(config)
        self._names = _Names(config)

    def change(self, schema: Schema | None) -> Change:
        if schema is None:
            return Change(None, self._replaced)
        pairs = [(name, found) for found in schema.fields if (name := self._names[found.name]) is not None]
        new = struct_like(schema, [Field(name, found.schema) for name, found in pairs])
        defaults = defaults_of(new, replaces=self.config.replaces)
        sources = [(name, found.name) for name, found in pairs]

        def pick(values: list[Any], _: Rows) -> list[Any]:
            rows = [{name: value.get(source) for name, source in sources} for value in values]
            return copies(rows, defaults) if defaults else rows

        return Change(new, pick)

    def _replaced(self, values: Sequence[Any], _: Rows) -> list[Any]:
        if not self.config.include and not self.config.renames:
            return _without(values, self.config.exclude)
        names = self._names
        return [
            {new: found for name, found in value.items() if (new := names[name]) is not None}
            for value in values
        ]


def _without(values: Sequence[Any], names: list[str]) -> list[Any]:
    rows = copies(values)
    for name in names:
        for row in rows:
            row.pop(name, None)
    return rows


class ReplaceFieldKey(ReplaceField):
    column = "keys"
    columns = frozenset({"keys"})


class ReplaceFieldValue(ReplaceField):
    column = "values"
    columns = frozenset({"values"})

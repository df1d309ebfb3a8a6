"""Options as Kafka Connect's clients know them: definitions and values, derived from the declarations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from connector.concealment import HIDDEN
from connector.config.info import ConfigInfo, KeyInfo, ValueInfo
from connector.config.masking import is_reference, looks_secret
from connector.config.option import PASSWORD, Option

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_WIDTHS = {"BOOLEAN": "SHORT", "INT": "SHORT", "LONG": "MEDIUM", "LIST": "LONG"}


def key_infos(
    options: Iterable[Option[Any]],
    *,
    prefix: str = "",
    group: str | None = None,
    defaults: Mapping[str, str] | None = None,
) -> list[KeyInfo]:
    """The definitions of options, numbered within their groups.

    Args:
        options: In the order they are shown.
        prefix: Stands before their names, as of a transform's.
        group: Instead of their own.
        defaults: What holds for this worker instead of their own defaults, by name without prefix.
    """
    orders: dict[str, int] = {}
    found = []
    for option in options:
        where = group or option.group
        orders[where] = orders.get(where, 0) + 1
        found.append(_key_info(option, prefix, where, orders[where], (defaults or {}).get(option.name)))
    return found


def config_info(key: KeyInfo, option: Option[Any], text: str | None, errors: Sequence[str]) -> ConfigInfo:
    """The option with its value: the one that is submitted, or its default.

    A reference to a config provider is shown as it is, not what it stands for.
    """
    value = key.default_value
    if text is not None:
        is_hidden = (option.is_secret or looks_secret(key.name)) and bool(text) and not is_reference(text)
        value = HIDDEN if is_hidden else _shown_text(option, text)
        if errors and not is_hidden and not _parses(option, text):
            value = None
    return ConfigInfo(key, ValueInfo(key.name, value, tuple(map(str, option.choices)), tuple(errors)))


def undefined(name: str, errors: Sequence[str]) -> ConfigInfo:
    """Faults of a key that nobody declares."""
    return ConfigInfo(None, ValueInfo(name, None, (), tuple(errors)))


def _key_info(option: Option[Any], prefix: str, group: str, order: int, default: str | None) -> KeyInfo:
    return KeyInfo(
        name=prefix + option.name,
        type=option.kind.name,
        required=option.required,
        default_value=default if default is not None else _shown_value(option.default),
        importance=option.importance.value,
        documentation=option.description,
        group=group,
        order=order,
        width=_WIDTHS.get(option.kind.name, "MEDIUM"),
        display_name=option.name,
    )


def _shown_value(value: Any) -> str | None:
    match value:
        case None:
            return None
        case bool():
            return str(value).lower()
        case list() | tuple():
            return ",".join(map(str, value))
        case SecretStr():
            return HIDDEN
    return str(value)


def _shown_text(option: Option[Any], text: str) -> str:
    if option.kind is PASSWORD or is_reference(text):
        return text
    try:
        return _shown_value(option.kind.parse(text.strip())) or ""
    except ValueError:
        return text.strip()


def _parses(option: Option[Any], text: str) -> bool:
    try:
        option.parse(text)
    except ValueError:
        return False
    return True

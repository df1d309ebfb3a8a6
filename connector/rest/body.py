"""What requests hold: JSON, read as Kafka Connect reads it; what is none is a client's mistake (400).

Connect answers 500 to malformed bodies; its texts begin as ours, since clients look for them.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from connector.cluster.offset import OffsetEntry
from connector.cluster.request_error import BadRequestError
from connector.config.files import INITIAL_STATES

if TYPE_CHECKING:
    from aiohttp import web

    from connector.config.info import SubmittedConfig
    from connector.config.target_state import TargetState

_NO_OFFSETS = "Partitions / offsets need to be provided for an alter offsets request"
_SURROGATE = re.compile("[\ud800-\udfff]")
# Java's trim: everything up to the blank, control characters included.
_BLANKS = "".join(map(chr, range(33)))


async def read_json(request: web.Request) -> Any:
    """The body, in which numbers are the text that was written.

    Raises:
        BadRequestError: It is no JSON; what stands there is not quoted, since it may be a secret.
    """
    body = await request.read()
    if not body.strip():
        raise BadRequestError("Cannot deserialize the body: it is empty, where JSON is wanted")
    try:
        return _no_surrogates(
            json.loads(body.decode(), parse_int=str, parse_float=str, parse_constant=_no_constant)
        )
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise BadRequestError(f"Cannot deserialize the body: it is not valid JSON at {where}") from None
    except UnicodeDecodeError:
        raise BadRequestError("Cannot deserialize the body: it is not UTF-8") from None
    except RecursionError:
        raise BadRequestError("Cannot deserialize the body: it is nested too deeply") from None


async def read_config(request: web.Request) -> SubmittedConfig:
    """A flat map of texts; null stays null."""
    return _config(await read_json(request))


async def read_creation(request: web.Request) -> tuple[str, SubmittedConfig, TargetState | None]:
    """Name, config and initial state of a request to create a connector."""
    document = _object(await read_json(request), "name, config, initial_state")
    _no_others(document, {"name", "config", "initial_state"})
    name = _text(document.get("name"), "name") or ""
    if document.get("config") is None:
        raise BadRequestError("Cannot construct instance of a connector: there is no config in the request")
    return name.strip(_BLANKS), _config(document["config"]), _initial_state(document.get("initial_state"))


async def read_offsets(request: web.Request) -> list[OffsetEntry]:
    """The entries of a request to change offsets."""
    document = await read_json(request)
    if document is None:
        raise BadRequestError(_NO_OFFSETS)
    document = _object(document, "offsets")
    _no_others(document, {"offsets"})
    entries = document.get("offsets")
    if (not entries and entries is None) or entries == []:
        raise BadRequestError(_NO_OFFSETS)
    if not isinstance(entries, list):
        raise BadRequestError(f"Cannot deserialize value of type list for offsets: it is {_kind(entries)}")
    return [_offset_entry(entry) for entry in entries]


async def read_level(request: web.Request) -> str:
    """The level in a request to change a logger's."""
    document = _config(await read_json(request))
    level = document.get("level")
    if level is None:
        raise BadRequestError("Desired 'level' parameter was not specified in request.")
    if not level:
        raise BadRequestError("Illegal null or empty Level name.")
    return level


def _config(value: Any) -> SubmittedConfig:
    return {key: _text(item, key) for key, item in _object(value, "keys and texts").items()}


def _object(value: Any, holding: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadRequestError(
            f"Cannot deserialize value of type object from {_kind(value)}: an object with {holding} is wanted"
        )
    return value


def _text(value: Any, key: str) -> str | None:
    match value:
        case None | str():
            return value
        case bool():
            return str(value).lower()
    raise BadRequestError(
        f"Cannot deserialize value of type `java.lang.String` from {_kind(value)} for {key}: a config is"
        " flat; write dotted keys, and lists as one text separated by commas"
    )


def _initial_state(value: Any) -> TargetState | None:
    if value is None:
        return None
    state = INITIAL_STATES.get(str(value).upper())
    if state is None:
        raise BadRequestError(
            f"Cannot construct instance of an initial_state: it is one of {', '.join(INITIAL_STATES)}"
        )
    return state


def _offset_entry(value: Any) -> OffsetEntry:
    if not isinstance(value, dict):
        raise BadRequestError(f"Cannot construct instance of an offset from {_kind(value)}")
    _no_others(value, {"partition", "offset"})
    maps = {}
    for key in ("partition", "offset"):
        found = value.get(key)
        if found is not None and not isinstance(found, dict):
            raise BadRequestError(f"Cannot deserialize value of type map for {key}: it is {_kind(found)}")
        maps[key] = found
    return OffsetEntry(maps["partition"], maps["offset"])


def _no_others(document: dict[str, Any], known: set[str]) -> None:
    others = [key for key in document if key not in known]
    if others:
        raise BadRequestError(f'Unrecognized field "{others[0]}": known are {", ".join(sorted(known))}')


def _kind(value: Any) -> str:
    match value:
        case None:
            return "null"
        case dict():
            return "an object"
        case list():
            return "an array"
        case bool():
            return "a boolean"
    return "a text or number"


def _no_constant(name: str) -> None:
    raise BadRequestError(f"Cannot deserialize the body: {name} is not JSON")


def _no_surrogates(value: Any) -> Any:
    """Half of a surrogate pair is no character, and could be written nowhere."""
    match value:
        case str() if _SURROGATE.search(value):
            raise BadRequestError("Cannot deserialize the body: it holds half of a surrogate pair")
        case dict():
            return {_no_surrogates(key): _no_surrogates(item) for key, item in value.items()}
        case list():
            return [_no_surrogates(item) for item in value]
    return value

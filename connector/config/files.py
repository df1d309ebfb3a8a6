"""Connector files as ``connect-standalone`` takes them: flat JSON, ``{name, config}`` JSON, or properties.

Also whole folders of them, so that a container has one place to mount connectors at.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from connector.config.target_state import TargetState
from connector.errors import ConfigError, Problem
from connector.properties import parse_properties, read_properties
from connector.textfile import read_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from connector.config.schema import RawConfig

_REQUEST_FIELDS = {"name", "config", "initial_state"}
INITIAL_STATES = {
    "RUNNING": TargetState.STARTED,
    "PAUSED": TargetState.PAUSED,
    "STOPPED": TargetState.STOPPED,
}
_SUFFIXES = {".json", ".properties"}


def connector_files(paths: Iterable[Path]) -> list[Path]:
    """The files themselves; a folder stands for its .json and .properties files, by name.

    Hidden files are left out, since Kubernetes keeps its own copies of a ConfigMap there; and so is the file
    of a worker that lies beside its connectors.

    Raises:
        ConfigError: A folder holds no connector.
    """
    # os.path, since what cannot be looked at is no folder; whoever reads it says why it cannot be read.
    return [file for path in paths for file in (_within(path) if os.path.isdir(path) else [path])]  # noqa: PTH112 - as above


def _within(folder: Path) -> list[Path]:
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise ConfigError.of(str(folder), f"The folder cannot be read: {error.strerror}.") from error
    found = [
        path
        for path in entries
        if path.suffix.lower() in _SUFFIXES and not path.name.startswith(".") and not _is_of_a_worker(path)
    ]
    if not found:
        raise ConfigError.of(
            str(folder), "The folder holds no connector: put a .json or .properties file there."
        )
    return found


def _is_of_a_worker(path: Path) -> bool:
    if path.suffix.lower() != ".properties":
        return False
    try:
        written = read_properties(path)
    except ConfigError:  # for whoever reads it as a connector to tell
        return False
    return "bootstrap.servers" in written and not {"name", "connector.class"} & written.keys()


@dataclass(frozen=True, slots=True)
class Submission:
    """What a file says of one connector.

    Attributes:
        config: Flat, ``name`` included when the file gives one anywhere; holds secrets.
        initial_state: STARTED unless the file asks for another.
        asks_for_state: Whether it says so itself.
    """

    config: RawConfig = field(repr=False)
    initial_state: TargetState = TargetState.STARTED
    asks_for_state: bool = False


def read_connector(path: Path) -> RawConfig:
    """As :func:`read_submission`, the config alone."""
    return read_submission(path).config


def read_submission(path: Path) -> Submission:
    """One connector from its file.

    Numbers and booleans of JSON become their text, as written.

    Raises:
        ConfigError: The file cannot be read or parsed, or holds what a config cannot hold; no message
            quotes a value.
    """
    return parse_file(read_file(path), path)


def read_file(path: Path) -> str:
    """The text of a connector's file: JSON is UTF-8, properties may be what Java writes."""
    return read_text(path, fallback=None if _is_json(path) else "iso-8859-1")


def parse_file(text: str, path: Path) -> Submission:
    """The connector in the ``text`` of the file ``path``; raises as :func:`read_submission`."""
    if _is_json(path) or text.lstrip().startswith(("{", "[")):
        return parse_submission(text, str(path))
    return Submission(parse_properties(text, source=str(path)))


def _is_json(path: Path) -> bool:
    return path.suffix.lower() == ".json"


def parse_connector(text: str, source: str) -> RawConfig:
    """The flat config in a JSON document, flat itself or ``{name, config}``; raises as the above."""
    return parse_submission(text, source).config


def parse_submission(text: str, source: str) -> Submission:
    """As :func:`parse_connector`, with the ``initial_state`` beside the config."""
    submitted, problems = _parse_json(text, source)
    if not isinstance(submitted, dict):
        raise ConfigError.of(source, 'Must hold a JSON object: {"name": …, "connector.class": …}.')
    is_request = isinstance(submitted.get("config"), dict)
    config = submitted["config"] if is_request else submitted
    if is_request:
        problems += _request_problems(submitted)
    problems += [
        Problem(_printable(key), fault) for key, value in config.items() if (fault := _fault(key, value))
    ]
    if problems:
        raise ConfigError(problems, source=source)
    flat = {key: _text(value) for key, value in config.items()}
    if not is_request:
        return Submission(flat)
    named = _named(flat, submitted["name"], source) if "name" in submitted else flat
    state = submitted.get("initial_state")
    return Submission(named, INITIAL_STATES[str(state or "RUNNING").upper()], bool(state))


def _parse_json(text: str, source: str) -> tuple[Any, list[Problem]]:
    repeated: list[Problem] = []

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in pairs:
            if key in found:
                repeated.append(Problem(_printable(key), "Given more than once. Keep one of them."))
            found[key] = value
        return found

    try:
        parsed = json.loads(
            text, object_pairs_hook=unique, parse_int=str, parse_float=str, parse_constant=_no_constant
        )
    except json.JSONDecodeError as error:
        # Only the position: the line itself may hold a secret.
        line, column, reason = _fault_in_json(error)
        message = f"Not valid JSON at line {line}, column {column}: {reason}."
        raise ConfigError([Problem(source, message, line=line)]) from None
    except RecursionError:
        raise ConfigError.of(source, "The JSON is nested too deeply; a config is one flat object.") from None
    except ValueError as error:
        raise ConfigError.of(source, str(error)) from None
    return parsed, repeated


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON. Write a number, or a text in quotes.")


def _fault_in_json(error: json.JSONDecodeError) -> tuple[int, int, str]:
    """Line, column and what is wrong there; versions of Python differ about commas that are one too many."""
    before = error.doc[: error.pos].rstrip()
    if before.endswith(",") and error.doc[error.pos : error.pos + 1] in {"}", "]"}:
        comma = len(before) - 1
    elif error.msg.startswith("Illegal trailing comma"):
        comma = error.pos
    else:
        return error.lineno, error.colno, error.msg.removesuffix(" at")
    line = error.doc.count("\n", 0, comma) + 1
    return line, comma - error.doc.rfind("\n", 0, comma), "a comma before a closing bracket"


def _request_problems(submitted: dict[str, Any]) -> Iterator[Problem]:
    for name in submitted.keys() - _REQUEST_FIELDS:
        yield Problem(_printable(name), 'Unknown beside "config": move it into "config", or remove it.')
    name = submitted.get("name", "")
    if fault := _fault("name", name):
        yield Problem("name", fault)
    state = submitted.get("initial_state")
    if state is not None and str(state).upper() not in INITIAL_STATES:
        yield Problem("initial_state", f"Must be one of {', '.join(INITIAL_STATES)}.")


def _fault(key: str, value: Any) -> str | None:
    if value is None:
        reason = "Null value can not be supplied as the configuration value."
        return f"Invalid value null for configuration {_printable(key)}: {reason}"
    if isinstance(value, dict | list):
        kind = "an object" if isinstance(value, dict) else "an array"
        return f"Is {kind}; a config is flat. Write dotted keys, and lists as one text separated by commas."
    if re.search("[\ud800-\udfff]", f"{key}{value}"):
        return "Holds half of a surrogate pair, which is no character."
    return None


def _text(value: str | bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value


def _printable(key: str) -> str:
    return key.encode("utf-8", "backslashreplace").decode()


def _named(config: RawConfig, name: str | bool, source: str) -> RawConfig:
    """Put the name beside a config into it; only there Kafka Connect trims it."""
    trimmed = _text(name).strip()
    inner = config.get("name", trimmed)
    if inner != trimmed:
        message = (
            f"Connector name configuration ({inner}) doesn't match connector name in the URL ({trimmed})."
            ' Keep one "name", or make them equal.'
        )
        raise ConfigError.of("name", message, source=source)
    return {"name": trimmed, **config}

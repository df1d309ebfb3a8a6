"""A connection as it is given on a command line; secrets come from files or the standard input."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connector.config.masking import is_reference, looks_secret
from connector.errors import ConfigError, Problem
from connector.textfile import read_standard_input, read_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def document_from(path: Path) -> dict[str, Any]:
    """The JSON object in a file, or in the standard input for ``-``; no error quotes what is in it."""
    text = read_standard_input() if str(path) == "-" else read_text(path)
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        message = f"Not valid JSON at line {error.lineno}, column {error.colno}: {error.msg}."
        raise ConfigError.of(str(path), message) from None
    if not isinstance(document, dict):
        raise ConfigError.of(str(path), 'The file must hold a JSON object: {"name": …, "options": {…}}.')
    return document


def options_from(written: Sequence[str]) -> dict[str, str]:
    """Options given as ``key=value``, ``key=@file``, or ``key=-`` for the standard input.

    Raises:
        ConfigError: A secret stands on the command line, where every user of the machine can read it; a
            file cannot be read; or the standard input is wanted more than once.
    """
    pairs = [(key.strip(), separator, value) for key, separator, value in map(_halves, written)]
    if problems := list(_faults(pairs)):
        raise ConfigError(problems)
    return {key: _value(value) for key, _, value in pairs}


def pairs_from(written: Sequence[str], option: str) -> dict[str, str]:
    """Tags given as ``key=value``."""
    pairs = [_halves(text) for text in written]
    if any(not separator for _, separator, _ in pairs):
        raise ConfigError.of(option, "is written as key=value")
    return {key: value for key, _, value in pairs}


def _halves(text: str) -> tuple[str, str, str]:
    return text.partition("=")


def _faults(pairs: Sequence[tuple[str, str, str]]) -> Iterator[Problem]:
    for key, separator, value in pairs:
        if not separator:
            yield Problem("--option", "is written as key=value, key=@file, or key=- for the standard input")
        elif _is_secret(key) and not (value == "-" or value.startswith("@") or is_reference(value)):
            yield Problem(
                key,
                f"is a secret, and everybody on this machine can read command lines: give it as {key}=@file,"
                f" or {key}=- for the standard input",
            )
    if sum(value == "-" for _, _, value in pairs) > 1:
        yield Problem("--option", "the standard input can be read once only: put other secrets into files")


def _is_secret(key: str) -> bool:
    from connector.aws.definition import secret_options

    return key in secret_options({key: ""}) or looks_secret(key)


def _value(value: str) -> str:
    if value == "-":
        return read_standard_input().rstrip("\r\n")
    if value.startswith("@"):
        return read_text(Path(value[1:])).rstrip("\r\n")
    return value

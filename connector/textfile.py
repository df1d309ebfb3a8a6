"""Reads a text file that a user named, and says plainly why it cannot be read."""

from __future__ import annotations

import codecs
import sys
from typing import TYPE_CHECKING

from connector.error_codes import ErrorCode
from connector.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_MAX_MIB = 16
"""A worker or connector is a few KiB; a device or a file of data, named by mistake, would fill the memory."""


def read_text(path: Path, *, fallback: str | None = None) -> str:
    """The text of ``path``, which is UTF-8 with or without a byte order mark.

    Args:
        path: The file.
        fallback: An encoding to read it in when it is not UTF-8.

    Raises:
        ConfigError: The file is absent, a directory, unreadable, empty, huge, or in another encoding.
    """
    return text_of(_read_bytes(path), str(path), fallback=fallback)


def read_standard_input() -> str:
    """As :func:`read_text`, of what is piped in."""
    return text_of(sys.stdin.buffer.read((_MAX_MIB << 20) + 1), "standard input")


def text_of(data: bytes, name: str, *, fallback: str | None = None) -> str:
    """The text that ``data`` is; ``name`` is what errors call it."""
    if len(data) > _MAX_MIB << 20:
        raise ConfigError.of(
            name,
            f"The file has more than {_MAX_MIB} MiB, which no config has. Check the path.",
            code=ErrorCode.FILE_UNREADABLE,
        )
    if not data.strip():
        raise ConfigError.of(name, "The file is empty.", code=ErrorCode.FILE_UNREADABLE)
    if data.startswith(_UTF_16) or b"\0" in data:
        raise ConfigError.of(
            name, "The file is UTF-16 or not text at all. Save it as UTF-8.", code=ErrorCode.FILE_UNREADABLE
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if fallback is not None:
            return data.decode(fallback)
        # The decoder's own text quotes the bytes, which may belong to a password.
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError.of(
            name, f"The file is not UTF-8: see line {line}. Save it as UTF-8.", code=ErrorCode.FILE_UNREADABLE
        ) from None


def _read_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read((_MAX_MIB << 20) + 1)
    except FileNotFoundError:
        reason = "There is no such file. Check the path, and whether the volume is mounted."
    except IsADirectoryError:
        reason = "This is a directory. Name a file in it."
    except PermissionError:
        reason = "The file may not be read by the user that runs the worker. Change its owner or mode."
    except (OSError, ValueError) as error:
        reason = f"The file cannot be read: {error}"
    raise ConfigError.of(str(path), reason, code=ErrorCode.FILE_UNREADABLE)

"""Reads a text file that a user named, and says plainly why it cannot be read."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

from connector.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_text(path: Path, *, fallback: str | None = None) -> str:
    """The text of ``path``, which is UTF-8 with or without a byte order mark.

    Args:
        path: The file.
        fallback: An encoding to read it in when it is not UTF-8.

    Raises:
        ConfigError: The file is absent, a directory, unreadable, empty, or in another encoding.
    """
    data = _read_bytes(path)
    if not data.strip():
        raise ConfigError.of(str(path), "The file is empty.")
    if data.startswith(_UTF_16) or b"\0" in data:
        raise ConfigError.of(str(path), "The file is UTF-16 or not text at all. Save it as UTF-8.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if fallback is not None:
            return data.decode(fallback)
        # The decoder's own text quotes the bytes, which may belong to a password.
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError.of(
            str(path), f"The file is not UTF-8: see line {line}. Save it as UTF-8."
        ) from None


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        reason = "There is no such file. Check the path, and whether the volume is mounted."
    except IsADirectoryError:
        reason = "This is a directory. Name a file in it."
    except PermissionError:
        reason = "The file may not be read by the user that runs the worker. Change its owner or mode."
    except (OSError, ValueError) as error:
        reason = f"The file cannot be read: {error}"
    raise ConfigError.of(str(path), reason)

"""Writes files of secrets: as a whole or not at all, durable when it returns, for the worker's user alone."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from connector import logs

if TYPE_CHECKING:
    from pathlib import Path

log = logs.get(__name__)

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def prepare(folder: Path) -> None:
    """Make the directory if it is not there, and see that it can be read and written.

    A full disk is only warned about: what is stored can be read, and a change that cannot be kept is refused
    when it comes.

    Raises:
        OSError: It cannot be used.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    list(folder.iterdir())
    probe = folder / ".probe"
    try:
        # Modes tell nothing of a read-only mount, nor of what a user of containers is mapped to.
        os.close(os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600))
        probe.unlink()
    except OSError as error:
        if error.errno not in _FULL:
            raise
        log.warning("the disk is full: changes will be refused", folder=str(folder), reason=error.strerror)


def beside(path: Path) -> Path:
    """Where the next version of the file is written first; a crash may leave it."""
    return path.with_suffix(".new")


def replace(path: Path, content: bytes) -> None:
    """Put ``content`` in the place of the file, if there is one; raises OSError."""
    new = beside(path)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, 0o600)  # it may be left over from a crash, with any mode
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    new.replace(path)
    synchronise(path.parent)


def synchronise(folder: Path) -> None:
    """The directory, too: a rename or a removal is durable only then; raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

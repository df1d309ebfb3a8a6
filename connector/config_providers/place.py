"""Files that providers may read: within the allowed paths, regular, and of a size that a secret has."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from connector.config.option import LIST, Importance, defaulted
from connector.config.schema import Config
from connector.config_providers.base import UnavailableError

MOST_BYTES = 1024 * 1024


def _existing_folders(paths: list[str]) -> None:
    for path in paths:
        if not os.path.isabs(path) or not os.path.exists(path):  # noqa: PTH110, PTH117 - null bytes are no error
            raise ValueError(f"Path {path} is not valid. The path should be absolute and exist")


class PlaceConfig(Config):
    """The parameter that file-based providers share."""

    allowed_paths = defaulted(
        "allowed.paths",
        LIST,
        [],
        "The folders or files that references may point to, separated by commas; what lies elsewhere, also"
        " behind a symbolic link or .., is refused. Empty allows whatever the worker's user may read.",
        validate=_existing_folders,
        importance=Importance.HIGH,
    )


def allowed(path: Path, config: PlaceConfig) -> Path:
    """Where ``path`` really is.

    Kafka compares names only, and follows a link out of the allowed paths; here both ends are resolved.

    Raises:
        UnavailableError: That is outside of the allowed paths, or no absolute path.
    """
    if not path.is_absolute():
        raise UnavailableError(f"{path} is no absolute path: write it from the root, as in /etc/keys")
    try:
        real = path.resolve()
        allowed = [Path(folder).resolve() for folder in config.allowed_paths]
    except (OSError, RuntimeError, ValueError):
        raise UnavailableError(f"{path} cannot be followed: correct the path, or its links") from None
    if allowed and not any(real.is_relative_to(folder) for folder in allowed):
        raise UnavailableError(
            f"{path} is outside of allowed.paths, or a link out of them: put the file there, or allow its"
            " folder"
        )
    return real


def read_secret(path: Path, config: PlaceConfig) -> str:
    """The text of a file, which is UTF-8; raises UnavailableError, which quotes nothing of it."""
    real = allowed(path, config)
    try:
        # A pipe without a writer would block at opening.
        descriptor = os.open(real, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise UnavailableError(f"{path} is no regular file: name one")
            data = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        raise UnavailableError(
            f"there is no file {path}: check the path, and whether the volume is mounted"
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        raise UnavailableError(
            f"{path} cannot be read ({reason}): let the user that runs the worker read it"
        ) from None
    if len(data) > MOST_BYTES:
        raise UnavailableError(f"{path} has more than {MOST_BYTES} bytes, which no secret has: name another")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UnavailableError(f"{path} is not UTF-8: save it so") from None

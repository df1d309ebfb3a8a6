"""Credentials of the worker's surroundings: a profile, or the default chain.

botocore reads files once and refreshes by rules of its own; here the chain is gone through anew at every
refresh, and when one of its files has changed.
"""

from __future__ import annotations

import asyncio
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import (
    CredentialRetrievalError,
    MetadataRetrievalError,
    NoCredentialsError,
)

from connector.aws.faults import translate
from connector.aws.provider import Session
from connector.aws.refresh import RefreshedCredentials, elapsed
from connector.aws.session import new_session
from connector.error_codes import ErrorCode
from connector.errors import AccessError, ConnectorError, RetriableError

if TYPE_CHECKING:
    from aiobotocore.session import AioSession
    from botocore.credentials import ReadOnlyCredentials

_LOOK_SECONDS = 5.0

_Signature = tuple[tuple[int, int, int] | None, ...]
"""Of each file: when it was written, which file it is, its size; None if it is not there."""


class ChainCredentials(RefreshedCredentials):
    """What botocore finds; shared, refreshed and watched by us."""

    def __init__(self, profile: str | None) -> None:
        super().__init__(f"profile {profile}" if profile else "default chain")
        self._profile = profile
        self._files: list[Path] = []
        self._read: _Signature = ()
        self._look_at = -math.inf
        self._looking: asyncio.Task[None] | None = None

    async def get_frozen_credentials(self) -> ReadOnlyCredentials:
        """As its base; and now and then, beside the request, a look at the files."""
        if self._session is not None and elapsed() >= max(self._look_at, self._retry_at):
            self._look_at = elapsed() + _LOOK_SECONDS
            self._looking = asyncio.create_task(self._look())
        return await super().get_frozen_credentials()

    async def _look(self) -> None:
        if await asyncio.to_thread(_signature, self._files) != self._read:
            self._refresh()

    async def _fetch(self) -> Session:
        try:
            return await self._found()
        except ConnectorError:
            raise
        except NoCredentialsError as error:
            if self._obtained_at > -math.inf:
                raise RetriableError(
                    f"the {self.label} has no credentials any more",
                    code=ErrorCode.AWS_CREDENTIALS_UNAVAILABLE,
                ) from error
            raise _translated(error) from error
        except Exception as error:
            raise _translated(error) from error

    async def _found(self) -> Session:
        session = new_session(self._profile)
        files = _files_of(session)
        # Before they are read: what is written in between is read again rather than missed.
        read = await asyncio.to_thread(_signature, files)
        credentials = await session.get_credentials()
        if credentials is None:
            raise NoCredentialsError
        keys = await credentials.get_frozen_credentials()
        self._files, self._read = files, read
        self.method = credentials.method
        expires = getattr(credentials, "_expiry_time", None)
        return Session(keys, expires.timestamp() if expires else math.inf)


def _translated(error: Exception) -> Exception:
    if isinstance(error, MetadataRetrievalError) or (
        isinstance(error, CredentialRetrievalError)
        and error.kwargs.get("provider") in {"container-role", "iam-role"}
    ):
        return RetriableError(
            f"the machine's credentials cannot be had now: {error}",
            code=ErrorCode.AWS_CREDENTIALS_UNAVAILABLE,
        )
    if isinstance(error, RuntimeError):  # botocore: "refreshed credentials are still expired"
        return AccessError(
            f"The credentials of this machine are of no use: {error}",
            remedy="renew them",
            code=ErrorCode.AWS_CREDENTIALS_EXPIRED,
        )
    return translate(error, "finding credentials", "this machine") or error


def _files_of(session: AioSession) -> list[Path]:
    names = ("credentials_file", "config_file")
    return [Path(os.path.expandvars(session.get_config_variable(name))).expanduser() for name in names]


def _signature(files: list[Path]) -> _Signature:
    return tuple(_signature_of(file) for file in files)


def _signature_of(file: Path) -> tuple[int, int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size

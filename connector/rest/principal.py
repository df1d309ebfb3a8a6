"""Who may ask for what: users and tokens from the operator's file, each with a role."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING

from connector.error_codes import ErrorCode
from connector.errors import ConfigError, Problem
from connector.properties import read_properties

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Self

PROPERTY = "rest.users.file"
_FORM = "basic.NAME=ROLE:PASSWORD or bearer.NAME=ROLE:TOKEN"


class Role(IntEnum):
    """What one may do; each may do what those before it may."""

    VIEWER = 1
    """Read, with secrets hidden."""
    OPERATOR = 2
    """Pause, resume, stop and restart what there is."""
    ADMIN = 3
    """Everything."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks."""

    name: str
    role: Role


@dataclass(frozen=True)
class Principals:
    """Those who may ask at all. Secrets are kept as digests, and compared in constant time."""

    basic: Mapping[str, tuple[bytes, Principal]] = field(repr=False)
    bearer: Mapping[bytes, Principal] = field(repr=False)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Those in the file.

        Raises:
            ConfigError: The file cannot be read, or has a fault; no message quotes a secret.
        """
        basic: dict[str, tuple[bytes, Principal]] = {}
        bearer: dict[bytes, Principal] = {}
        problems: list[Problem] = []
        for key, value in read_properties(path).items():
            kind, _, name = key.partition(".")
            role_name, colon, secret = value.partition(":")
            role = Role.__members__.get(role_name.strip().upper())
            if kind not in {"basic", "bearer"} or not name or not colon or not secret or role is None:
                roles = ", ".join(each.lower() for each in Role.__members__)
                problems.append(
                    Problem(key, f"Write {_FORM}; roles are {roles}.", code=ErrorCode.REST_USERS_INVALID)
                )
            elif kind == "basic":
                basic[name] = (_digest(secret), Principal(name, role))
            else:
                bearer[_digest(secret)] = Principal(name, role)
        if not problems and not basic and not bearer:
            nobody = f"{path} names nobody, so nobody could ask: write {_FORM}."
            problems = [Problem(PROPERTY, nobody, code=ErrorCode.REST_USERS_INVALID)]
        if problems:
            raise ConfigError(problems, source=str(path))
        return cls(basic, bearer)

    def of(self, authorization: str | None) -> Principal | None:
        """Whom the header ``Authorization`` proves; None if nobody."""
        scheme, _, credentials = (authorization or "").partition(" ")
        match scheme.lower():
            case "basic":
                return self._user(credentials.strip())
            case "bearer":
                return self.bearer.get(_digest(credentials.strip()))
        return None

    def _user(self, credentials: str) -> Principal | None:
        try:
            name, colon, password = base64.b64decode(credentials, validate=True).decode().partition(":")
        except ValueError:  # no ASCII, no base64, no UTF-8
            return None
        digest, principal = self.basic.get(name, (b"", None))
        return principal if colon and hmac.compare_digest(digest, _digest(password)) else None


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).digest()

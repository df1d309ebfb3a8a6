"""Who requests are signed as: plain values, comparable, so that equal identities share credentials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import SecretStr


@dataclass(frozen=True, slots=True)
class StaticKeys:
    """Keys as the user gave them; with ``token`` they are somebody's temporary ones and end some day."""

    access_key_id: str
    secret: SecretStr
    token: SecretStr | None = None


@dataclass(frozen=True, slots=True)
class WebIdentity:
    """A role that is assumed with an OpenID Connect token out of a file, as IRSA mounts it into pods."""

    token_file: str
    role_arn: str


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile of the AWS configuration files of the worker's user."""

    name: str


@dataclass(frozen=True, slots=True)
class Anonymous:
    """Requests are not signed."""


@dataclass(frozen=True, slots=True)
class CustomProvider:
    """Credentials of a plug-in; the options are what the user wrote below ``aws.credentials.provider.``."""

    name: str
    options: tuple[tuple[str, str], ...] = ()


Base = StaticKeys | WebIdentity | Profile | Anonymous | CustomProvider
"""Who signs before any role is assumed; where there is None of it, the default chain does."""


@dataclass(frozen=True, slots=True)
class Transport:
    """How requests travel: to which STS endpoint, through which proxy, trusting whom, how patiently."""

    sts_endpoint: str | None = None
    proxy: SecretStr | None = None
    ca_bundle: str | None = None
    connect_seconds: float = 10.0
    read_seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class Identity:
    """Who requests are signed as.

    With ``role_arn`` the role signs, and the base only asks for the role's credentials; without it the
    base signs everything.
    """

    base: Base | None = None
    role_arn: str | None = None
    external_id: str | None = None
    session_name: str = "connect"
    duration_seconds: int = 3600
    session_tags: tuple[tuple[str, str], ...] = ()
    source_identity: str | None = None
    sts_region: str = "us-east-1"
    region: str = "us-east-1"
    transport: Transport = Transport()

"""The ``aws.*`` options that say who the worker is and which endpoints it speaks to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from connector.config.option import (
    INT,
    PASSWORD,
    STRING,
    Importance,
    between,
    defaulted,
    non_empty,
    optional,
)
from connector.config.schema import Config
from connector.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import SecretStr

DEFAULT_REGION = "us-east-1"

_ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]{1,512}")
_REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-\d+|aws(-[a-z]+)*-global")


def _role_arn(value: str) -> None:
    if not _ROLE_ARN.fullmatch(value):
        raise ValueError("not the ARN of a role; expected arn:aws:iam::<12-digit account>:role/<name>")


def _external_id(value: str) -> None:
    """STS API reference, AssumeRole, ExternalId."""
    non_empty(value)
    if not re.fullmatch(r"[\w+=,.@:/-]{2,1224}", value, re.ASCII):
        raise ValueError("must have 2 to 1224 characters out of letters, digits and + = , . @ : / - _")


def _session_name(value: str) -> None:
    """STS API reference, AssumeRole, RoleSessionName."""
    non_empty(value)
    if not re.fullmatch(r"[\w+=,.@-]{2,64}", value, re.ASCII):
        raise ValueError("must have 2 to 64 characters out of letters, digits and + = , . @ - _")


def _region(value: str) -> None:
    if not _REGION.fullmatch(value):
        raise ValueError("not an AWS region; expected for example eu-north-1")


def url(value: str) -> None:
    """An endpoint with scheme and host."""
    non_empty(value)
    parts = urlsplit(value if "://" in value else f"https://{value}")
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("should be valid URL, for example https://s3.eu-north-1.amazonaws.com")
    try:
        _ = parts.port
    except ValueError as error:
        raise ValueError(f"should be valid URL: {error}") from None


@dataclass(frozen=True, slots=True)
class StaticKeys:
    """Long-term keys; equal keys are the same identity."""

    access_key_id: str
    secret: SecretStr


@dataclass(frozen=True, slots=True)
class Identity:
    """Who requests are signed as; equal identities share credentials and their refreshes.

    Precedence: with ``role_arn`` the role, assumed by the static keys if there are any, else by the
    default chain; without it the static keys; without those the default chain (environment, web
    identity, profile, container, instance metadata).
    """

    static_keys: StaticKeys | None
    role_arn: str | None
    external_id: str | None
    session_name: str
    duration_seconds: int
    sts_endpoint: str | None
    region: str


class AwsConfig(Config):
    """The options of an AWS identity; the same for every sink."""

    access_key_id = optional(
        "aws.access.key.id",
        PASSWORD,
        "Long-term access key id, with aws.secret.access.key; prefer aws.sts.role.arn.",
        validate=non_empty,
        group="AWS",
    )
    secret_access_key = optional(
        "aws.secret.access.key",
        PASSWORD,
        "The secret of aws.access.key.id.",
        validate=non_empty,
        group="AWS",
    )
    sts_role_arn = optional(
        "aws.sts.role.arn",
        STRING,
        "The role that is assumed before anything is written; its short-lived credentials sign all requests.",
        validate=_role_arn,
        importance=Importance.HIGH,
        group="AWS STS",
    )
    sts_role_external_id = optional(
        "aws.sts.role.external.id",
        STRING,
        "The external id that the role's trust policy requires.",
        validate=_external_id,
        importance=Importance.HIGH,
        group="AWS STS",
    )
    sts_role_session_name = optional(
        "aws.sts.role.session.name",
        STRING,
        "The session's name as CloudTrail shows it; made from the connector's name if absent.",
        validate=_session_name,
        group="AWS STS",
    )
    sts_role_session_duration = defaulted(
        "aws.sts.role.session.duration",
        INT,
        3600,
        "Seconds that a session's credentials live; they are refreshed ahead of the end.",
        validate=between(900, 43200),
        group="AWS STS",
    )
    sts_endpoint = optional(
        "aws.sts.config.endpoint",
        STRING,
        "The STS endpoint, for example https://sts.eu-north-1.amazonaws.com; the region's own if absent.",
        validate=url,
        group="AWS STS",
    )
    s3_region = optional(
        "aws.s3.region",
        STRING,
        f"The region of the bucket and of STS; {DEFAULT_REGION} if absent.",
        validate=_region,
        importance=Importance.HIGH,
        group="AWS",
    )

    @property
    def region(self) -> str:
        return self.s3_region or DEFAULT_REGION

    def identity(self, connector: str) -> Identity:
        """``connector`` names the session when the user did not."""
        keys = None
        if self.access_key_id and self.secret_access_key:
            keys = StaticKeys(self.access_key_id.get_secret_value(), self.secret_access_key)
        return Identity(
            static_keys=keys,
            role_arn=self.sts_role_arn,
            external_id=self.sts_role_external_id,
            session_name=self.sts_role_session_name or _session_name_for(connector),
            duration_seconds=self.sts_role_session_duration,
            sts_endpoint=self.sts_endpoint,
            region=self.region,
        )

    def check(self) -> Iterator[Problem]:
        yield from super().check()
        yield from self._half_a_pair(AwsConfig.access_key_id.name, AwsConfig.secret_access_key.name)
        yield from self._half_a_pair(AwsConfig.secret_access_key.name, AwsConfig.access_key_id.name)
        if self.is_set(AwsConfig.sts_endpoint) and not self.is_set(AwsConfig.s3_region):
            yield Problem(
                "aws.sts.config.endpoint",
                "aws.s3.region should be specified together with aws.sts.config.endpoint",
            )
        if not self.is_set(AwsConfig.sts_role_arn):
            for option in (AwsConfig.sts_role_external_id, AwsConfig.sts_role_session_name):
                if self.is_set(option):
                    yield Problem(
                        option.name, "has no meaning without aws.sts.role.arn: set the role or remove this"
                    )

    def _half_a_pair(self, given: str, missing: str) -> Iterator[Problem]:
        if self.raw.get(given) is not None and self.raw.get(missing) is None:
            yield Problem(
                missing, f"is missing while {given} is set: give both, or neither to use another identity"
            )


def _session_name_for(connector: str) -> str:
    """A legal session name out of any connector name."""
    legal = re.sub(r"[^\w+=,.@-]", "-", connector, flags=re.ASCII)
    return f"connect-{legal}"[:64]

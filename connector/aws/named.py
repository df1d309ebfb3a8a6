"""A named connection: what its user defined, its external id, and what became of its validation; pure."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime  # noqa: TC003 - read at run time to decode what was stored
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from connector.aws.connection import AwsConfig
from connector.aws.definition import Definition, secret_options
from connector.config.masking import HIDDEN, masked
from connector.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from connector.check import Step

_SLUG_CHARACTERS = 40
_EXTERNAL_ID_BYTES = 16
_SHORTEST_SECRET = 4
"""Shorter ones are found in any text."""


class Status(StrEnum):
    """What is known of a connection, in AWS Glue's words."""

    READY = "READY"
    IN_PROGRESS = "IN_PROGRESS"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class NamedConnection:
    """A connection as it is kept.

    Attributes:
        definition: What the user wrote.
        generated_external_id: Made once, and the same as long as the connection exists.
        created: When.
        updated: When the definition was last changed.
        version: Counts the definitions, from 1.
        status: READY may be used; so may IN_PROGRESS, whose validation is not over; FAILED may not.
        reason: Why it FAILED; holds no secret.
        validated: When AWS last accepted it; None if it was never asked.
        principal: Who asks for the role, as AWS names the worker's own identity; None until known.
    """

    definition: Definition
    generated_external_id: str
    created: datetime
    updated: datetime
    version: int = 1
    status: Status = Status.READY
    reason: str | None = None
    validated: datetime | None = None
    principal: str | None = field(default=None)

    @classmethod
    def new(cls, definition: Definition, now: datetime, status: Status = Status.READY) -> NamedConnection:
        return cls(definition, _external_id(definition.name), created=now, updated=now, status=status)

    @property
    def name(self) -> str:
        return self.definition.name

    @property
    def external_id(self) -> str:
        """The user's own, or else the generated one."""
        given = self.definition.options.get(AwsConfig.sts_role_external_id.name)
        return given or self.generated_external_id

    @property
    def role_arn(self) -> str | None:
        return self.definition.options.get(AwsConfig.sts_role_arn.name)

    def redefined(self, definition: Definition, now: datetime, status: Status) -> NamedConnection:
        """With another definition; nothing that was found out about the former one holds."""
        return replace(
            self,
            definition=definition,
            updated=now,
            version=self.version + 1,
            status=status,
            reason=None,
            validated=None,
            principal=None,
        )

    def to_be_validated(self) -> NamedConnection:
        return replace(self, status=Status.IN_PROGRESS, reason=None)

    def accepted(self, now: datetime, principal: str | None) -> NamedConnection:
        return replace(
            self,
            status=Status.READY,
            reason=None,
            validated=now,
            principal=principal or self.principal,
        )

    def refused(self, reason: str, principal: str | None) -> NamedConnection:
        return replace(
            self,
            status=Status.FAILED,
            reason=self.without_secrets(reason),
            principal=principal or self.principal,
        )

    def check_usable(self, worker_roles: Collection[str]) -> None:
        """Raises ConfigError if a worker with these roles may not use the connection."""
        if missing := [role for role in self.definition.required_roles if role not in worker_roles]:
            raise ConfigError.of(
                "aws.connection",
                f"{self.name} may only be used by workers with the roles {', '.join(missing)}: run the"
                " connector there, or add them to worker.roles",
            )
        if self.status is Status.FAILED:
            raise ConfigError.of(
                "aws.connection",
                f"{self.name} has FAILED its validation ({self.reason}): correct it, or validate it again",
            )

    def shown_options(self) -> dict[str, str]:
        """The options as answers show them, with their secrets hidden."""
        options = self.definition.options
        return masked(options, secret_options(options))

    def without_secrets(self, text: str) -> str:
        """``text`` with every secret in it hidden: AWS quotes a session token back when signatures differ."""
        options = self.definition.options
        for key in secret_options(options):
            value = options.get(key, "")
            if len(value) >= _SHORTEST_SECRET:
                text = text.replace(value, HIDDEN)
        return text

    def shown(self, checks: Sequence[Step] = ()) -> dict[str, Any]:
        """What answers tell of the connection, with what its validation found out."""
        definition = self.definition
        return {
            "name": self.name,
            "description": definition.description,
            "tags": definition.tags,
            "match_criteria": list(definition.match_criteria),
            "required_roles": list(definition.required_roles),
            "options": self.shown_options(),
            "external_id": self.external_id,
            "principal": self.principal,
            "status": self.status.value,
            "reason": self.reason,
            "checks": [step.shown() for step in checks],
            "validated": self.validated and self.validated.isoformat(),
            "created": self.created.isoformat(),
            "updated": self.updated.isoformat(),
            "version": self.version,
        }


def slug(name: str) -> str:
    """A short legible part of ``name`` that any file name and any external id can hold."""
    legible = re.sub(r"[^a-z0-9]+", "-", name.lower())[:_SLUG_CHARACTERS].strip("-")
    return legible or "connection"


def _external_id(name: str) -> str:
    """No one else's, and not to be guessed; letters, digits and dashes are in the alphabet of STS."""
    return f"{slug(name)}-{secrets.token_hex(_EXTERNAL_ID_BYTES)}"

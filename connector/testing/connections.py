"""Stands for the AWS and the connectors that named connections deal with: a test tells it what to say."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from connector.aws.validation import Examination, Inspection
from connector.check import Check, Checklist, Finding, ok
from connector.cluster.connection_service import ConnectionUser
from connector.errors import ConfigError

if TYPE_CHECKING:
    from connector.aws.identity import Identity
    from connector.aws.named import NamedConnection

PRINCIPAL = "arn:aws:iam::210987654321:user/worker"


@dataclass
class ScriptedAws:
    """Takes every identity, until told otherwise.

    Attributes:
        errors: What the next checks raise, one after the other.
        answers: Cleared, AWS keeps silent until it is set.
        asked: The identities that were checked.
        finding: What a check finds out that raises nothing.
    """

    errors: list[Exception] = field(default_factory=list)
    answers: asyncio.Event = field(default_factory=asyncio.Event)
    asked: list[Identity] = field(default_factory=list)
    finding: Finding = field(default_factory=lambda: ok("taken"))

    def __post_init__(self) -> None:
        self.answers.set()

    def examination(self) -> Examination:
        return Examination(self._principal, self._inspect)

    async def _principal(self, _: Identity) -> str:
        await self.answers.wait()
        return PRINCIPAL

    def _inspect(self, identity: Identity, _: bool) -> Inspection:
        async def check() -> Finding:
            self.asked.append(identity)
            await self.answers.wait()
            if self.errors:
                raise self.errors.pop(0)
            return self.finding

        async def first() -> Finding:
            return ok("known without AWS")

        return Inspection(Checklist([Check("first", first), Check("the role", check)]), lambda: PRINCIPAL)


@dataclass
class ScriptedUsers:
    """Connectors by name, each with the version of the connection that it runs with.

    Attributes:
        connection: The name of the one connection that they all use.
        versions: What each connector runs with.
        current: The version that a connector gets when it picks up.
        picked_up: In which order they did.
        unfit: Why no other version fits them, if so.
    """

    connection: str = ""
    versions: dict[str, int] = field(default_factory=dict)
    current: int = 1
    picked_up: list[str] = field(default_factory=list)
    unfit: str | None = None

    def users(self, name: str) -> list[ConnectionUser]:
        if name != self.connection:
            return []
        return [ConnectionUser(connector, (0, 1), version) for connector, version in self.versions.items()]

    async def check_fit(self, connection: NamedConnection) -> None:
        if self.unfit and connection.name == self.connection:
            raise ConfigError.of("aws.profile", self.unfit)

    async def pick_up(self, connector: str) -> None:
        await asyncio.sleep(0)
        self.picked_up.append(connector)
        self.versions[connector] = self.current

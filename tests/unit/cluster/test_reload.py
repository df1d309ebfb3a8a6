"""What running connectors refer to is looked at again, and a change starts them anew."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from connector.cluster.reload import Reloads
from connector.config_providers.base import ConfigProvider, UnavailableError
from connector.config_providers.resolver import Resolver
from connector.errors import ConfigError
from connector.runtime.blueprint import Blueprint, draw
from connector.settings import WorkerSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.config_providers.resolver import Resolution

RAW = {
    "name": "orders",
    "connector.class": "s3",
    "topics": "t",
    "aws.s3.bucket.name": "bucket-1",
    "aws.access.key.id": "A" * 20,
    "aws.secret.access.key": "${vault:key}",
}


class Vault(ConfigProvider):
    def __init__(self) -> None:
        super().__init__(None)
        self.secret = "canary-first"
        self.fault: Exception | None = None
        self.answers = threading.Event()
        self.answers.set()

    def get(self, path: str, keys: frozenset[str]) -> Mapping[str, str]:
        self.answers.wait(60)
        if self.fault:
            raise self.fault
        return {"key": self.secret}


class World:
    def __init__(self, interval_seconds: float = 0.0, read_seconds: float = 60.0, **options: str) -> None:
        self.vault = Vault()
        self.resolver = Resolver({"vault": self.vault})
        settings = WorkerSettings.of({"bootstrap.servers": "k:1"}, {})
        self.converter_class, self.converter_config = settings.converter_class, settings.converter_config
        self.aws_connection = settings.aws_connection
        self.bounds, self.override_policy = settings.bounds, settings.override_policy
        self.raw = {**RAW, **{name.replace("_", "."): value for name, value in options.items()}}
        self.running: Blueprint = draw(self.raw, self)
        self.restarts = 0
        self.restarting = asyncio.Event()
        self.may_restart = asyncio.Event()
        self.may_restart.set()
        self.refusal: ConfigError | None = None
        self.reloads = Reloads(
            self.resolver,
            lambda: [self.running],
            self.restart,
            interval_seconds=interval_seconds,
            read_seconds=read_seconds,
        )

    def resolve(self, options: Mapping[str, str]) -> Resolution:
        return self.resolver.resolve(options)

    async def restart(self, connector: str) -> None:
        self.restarting.set()
        await self.may_restart.wait()
        if self.refusal:
            raise self.refusal
        self.restarts += 1
        self.running = draw(self.raw, self)


async def test_a_changed_value_starts_the_connector_anew_once() -> None:
    world = World()
    await world.reloads.look()
    assert world.restarts == 0
    world.vault.secret = "canary-second"
    await world.reloads.look()
    await world.reloads.look()
    assert world.restarts == 1


async def test_config_action_reload_none_goes_on_with_the_former_value() -> None:
    world = World(config_action_reload="none")
    world.vault.secret = "canary-second"
    await world.reloads.look()
    assert world.restarts == 0


@pytest.mark.parametrize(
    "fault", [UnavailableError("the vault is sealed"), RuntimeError("canary-first")], ids=["known", "unknown"]
)
async def test_what_cannot_be_read_is_a_warning_said_once(
    fault: Exception, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    world = World()
    world.vault.fault = fault
    await world.reloads.look()
    await world.reloads.look()
    output = capsys.readouterr()
    said = output.out + output.err + caplog.text
    assert said.count("connector goes on with former values") == 1
    assert "canary" not in said
    world.vault.fault, world.vault.secret = None, "canary-second"
    await world.reloads.look()
    assert world.restarts == 1


async def test_a_provider_that_hangs_is_left_behind() -> None:
    world = World(read_seconds=0.2)
    world.vault.secret = "canary-second"
    world.vault.answers.clear()
    async with asyncio.timeout(30):
        await world.reloads.look()
    world.vault.answers.set()
    assert world.restarts == 0


async def test_a_refused_restart_is_tried_again_at_the_next_look() -> None:
    world = World()
    world.vault.secret = "canary-second"
    world.refusal = ConfigError.of("aws.region", "is wrong")
    await world.reloads.look()
    world.refusal = None
    await world.reloads.look()
    assert world.restarts == 1


@pytest.mark.parametrize(("interval_seconds", "restarts"), [(0.02, 1), (0.0, 0)])
async def test_the_interval_decides_and_0_turns_it_off(interval_seconds: float, restarts: int) -> None:
    world = World(interval_seconds)
    world.reloads.start()
    world.vault.secret = "canary-second"
    async with asyncio.timeout(60):
        while world.restarts < restarts:
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.2)
    await world.reloads.stop()
    assert world.restarts == restarts


async def test_a_restart_under_way_is_finished_when_the_worker_stops() -> None:
    world = World(0.01)
    world.may_restart.clear()
    world.reloads.start()
    world.vault.secret = "canary-second"
    async with asyncio.timeout(60):
        await world.restarting.wait()
    stopping = asyncio.create_task(world.reloads.stop())
    await asyncio.sleep(0.05)
    assert world.restarts == 0
    world.may_restart.set()
    await stopping
    assert world.restarts == 1

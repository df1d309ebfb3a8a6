"""Short-lived credentials: before the first write, ahead of expiry, once for all tasks."""

from __future__ import annotations

import asyncio
import gc
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from connector.aws import credentials
from connector.aws.credentials import assumed_role
from connector.aws.identity import Identity, StaticKeys, Transport
from connector.errors import AccessError

if TYPE_CHECKING:
    from connector.testing.aws import AwsServer
    from connector.testing.proxy import FaultProxy

EXTERNAL_ID = "tenant-4711"


@pytest.fixture
def identity(aws: AwsServer, proxy: FaultProxy, request: pytest.FixtureRequest) -> Identity:
    return Identity(
        base=StaticKeys(aws.access_key_id, SecretStr(aws.secret_access_key)),
        role_arn=aws.create_role(f"role-{abs(hash(request.node.name))}", EXTERNAL_ID),
        external_id=EXTERNAL_ID,
        session_name="orders-to-s3",
        duration_seconds=900,
        transport=Transport(sts_endpoint=proxy.url),
        sts_region="eu-north-1",
        region="eu-north-1",
    )


async def test_many_requests_of_many_tasks_share_one_session(identity: Identity, proxy: FaultProxy) -> None:
    roles = [assumed_role(replace(identity)) for _ in range(4)]
    await asyncio.gather(*(role.get_frozen_credentials() for role in roles for _ in range(50)))
    assert proxy.counts["AssumeRole"] == 1


async def test_a_900_second_session_is_not_renewed_with_every_request(
    identity: Identity, proxy: FaultProxy
) -> None:
    role = assumed_role(identity)
    for _ in range(50):
        await role.get_frozen_credentials()
    assert proxy.counts["AssumeRole"] == 1


async def test_near_its_end_a_session_is_renewed_once_while_requests_go_on(
    identity: Identity, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    role = assumed_role(identity)
    first = await role.get_frozen_credentials()
    proxy.delay("AssumeRole", 0.3)
    expires = role.expires
    assert expires is not None
    monkeypatch.setattr(credentials, "_now", lambda: expires - 60)
    during = [await role.get_frozen_credentials() for _ in range(20)]
    assert all(keys == first for keys in during)
    async with asyncio.timeout(10):
        while (await role.get_frozen_credentials()) == first:
            await asyncio.sleep(0.02)
    assert proxy.counts["AssumeRole"] == 2


async def test_a_refused_refresh_keeps_the_session_that_is_still_valid(
    identity: Identity, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    role = assumed_role(identity)
    first = await role.get_frozen_credentials()
    proxy.fail("AssumeRole", status=403, code="AccessDenied", message="not now")
    expires = role.expires
    assert expires is not None
    monkeypatch.setattr(credentials, "_now", lambda: expires - 60)
    await role.get_frozen_credentials()
    async with asyncio.timeout(10):
        while proxy.counts["AssumeRole"] < 2:
            await asyncio.sleep(0.02)
    for _ in range(10):
        assert await role.get_frozen_credentials() == first
    assert proxy.counts["AssumeRole"] == 2


async def test_a_wrong_external_id_says_what_to_check(aws: AwsServer, identity: Identity) -> None:
    aws.enforce_auth()
    try:
        with pytest.raises(AccessError, match=r"aws\.sts\.role\.arn and aws\.sts\.role\.external\.id"):
            await assumed_role(replace(identity, external_id="wrong")).get_frozen_credentials()
    finally:
        aws.accept_anyone()


async def test_an_identity_that_nobody_uses_any_more_is_forgotten(
    identity: Identity, proxy: FaultProxy
) -> None:
    role = assumed_role(identity)
    await role.get_frozen_credentials()
    del role
    await asyncio.sleep(0)
    gc.collect()
    await assumed_role(identity).get_frozen_credentials()
    assert proxy.counts["AssumeRole"] == 2

"""Credentials of the worker's surroundings: files that change, containers that hand out short ones."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from botocore.utils import ContainerMetadataFetcher
from pydantic import SecretStr
from structlog.testing import capture_logs

from connector import metrics
from connector.aws.clients import AwsClient
from connector.aws.credentials import obtain, signing_session
from connector.aws.identity import Identity, Profile, StaticKeys, Transport
from connector.errors import AccessError, RetriableError
from connector.retry import Backoff
from connector.runtime.context import TaskContext
from connector.testing.proxy import FOREVER, Answer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from aiobotocore.session import AioSession

    from connector.testing.aws import AwsServer
    from connector.testing.proxy import ApiRequest, FaultProxy

PROFILE = Identity(base=Profile("default"))
CHAIN = Identity()


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "credentials"
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(path))
    return path


def write(file: Path, key_id: str, secret: str = "secret") -> None:
    """As secrets are mounted: another file in the place of the old one, at once."""
    new = file.with_suffix(".new")
    new.write_text(f"[default]\naws_access_key_id = {key_id}\naws_secret_access_key = {secret}\n")
    new.rename(file)


async def key_id(session: AioSession) -> str:
    keys = await (await session.get_credentials()).get_frozen_credentials()
    return str(keys.access_key)


async def until_signed_by(session: AioSession, wanted: str) -> None:
    async with asyncio.timeout(60):
        while await key_id(session) != wanted:
            await asyncio.sleep(0.02)


@asynccontextmanager
async def s3(identity: Identity, proxy: FaultProxy) -> AsyncIterator[AwsClient]:
    with ThreadPoolExecutor(1) as executor:
        context = TaskContext("chain", 0, executor)
        backoff = Backoff(0.01, 0.05)
        async with AwsClient(
            "s3", identity, context, endpoint=proxy.url, max_connections=2, backoff=backoff
        ) as client:
            yield client


async def look_into(client: AwsClient, bucket: str) -> None:
    await client.call("ListObjectsV2", "list_objects_v2", bucket, Bucket=bucket)


def signers(proxy: FaultProxy) -> list[str]:
    """The key ids that requests come with, as they come."""
    found: list[str] = []

    def note(request: ApiRequest) -> None:
        if signed := re.search(r"Credential=(\w+)/", request.headers.get("authorization", "")):
            found.append(signed[1])

    proxy.on("*", note)
    return found


@pytest.mark.parametrize("identity", [PROFILE, CHAIN], ids=["profile", "default chain"])
async def test_keys_that_change_in_their_file_are_used_without_a_restart(
    identity: Identity, file: Path, later: Callable[[float], None]
) -> None:
    write(file, "AKIAOLD")
    session = signing_session(identity)
    assert await key_id(session) == "AKIAOLD"
    write(file, "AKIANEW")
    later(6)
    assert await key_id(session) == "AKIAOLD", "no request waits for a file"
    await until_signed_by(session, "AKIANEW")


async def test_all_who_sign_with_a_profile_share_what_was_read(file: Path) -> None:
    write(file, "AKIAOLD")
    first, second = signing_session(PROFILE), signing_session(PROFILE)
    await obtain(first)
    assert await first.get_credentials() is await second.get_credentials()


async def test_a_file_that_is_damaged_is_a_warning_and_the_keys_stay_until_it_is_mended(
    file: Path, later: Callable[[float], None]
) -> None:
    write(file, "AKIAOLD")
    session = signing_session(PROFILE)
    await obtain(session)
    write(file, "AKIAHALF\n[another]")
    later(6)
    with capture_logs() as logs:
        await key_id(session)
        async with asyncio.timeout(60):
            while not logs:
                await asyncio.sleep(0.02)
    assert [(line["event"], line["log_level"]) for line in logs] == [("credentials not refreshed", "warning")]
    assert await key_id(session) == "AKIAOLD"
    write(file, "AKIANEW")
    later(31)
    await until_signed_by(session, "AKIANEW")


@pytest.mark.parametrize("code", ["InvalidAccessKeyId", "ExpiredToken", "InvalidToken"])
async def test_keys_that_aws_refuses_are_read_again_at_once(
    file: Path, bucket: str, proxy: FaultProxy, code: str
) -> None:
    write(file, "AKIAOLD")
    async with s3(PROFILE, proxy) as client:
        signed_by = signers(proxy)
        write(file, "AKIANEW")
        proxy.fail("ListObjectsV2", status=403, code=code)
        await look_into(client, bucket)
    assert signed_by == ["AKIAOLD", "AKIANEW"]


async def test_keys_that_stay_unknown_fail_after_they_were_read_anew(
    file: Path, bucket: str, proxy: FaultProxy
) -> None:
    write(file, "AKIAGONE")
    async with s3(PROFILE, proxy) as client:
        proxy.fail("ListObjectsV2", FOREVER, status=403, code="InvalidAccessKeyId")
        with pytest.raises(AccessError, match="the access key does not exist"):
            await look_into(client, bucket)
    # The second attempt began before the keys were read anew, and so cannot tell whether these are refused.
    assert proxy.counts["ListObjectsV2"] == 3


@pytest.mark.parametrize(
    ("code", "remedy"),
    [("InvalidAccessKeyId", "the access key does not exist"), ("ExpiredToken", "aws.session.token is over")],
)
async def test_keys_that_nobody_renews_fail_at_once(
    bucket: str, proxy: FaultProxy, code: str, remedy: str
) -> None:
    keys = StaticKeys("ASIAOVER", SecretStr("secret"), SecretStr("token"))
    async with s3(Identity(base=keys), proxy) as client:
        proxy.fail("ListObjectsV2", FOREVER, status=400, code=code)
        with pytest.raises(AccessError, match=remedy):
            await look_into(client, bucket)
    assert proxy.counts["ListObjectsV2"] == 1


async def test_a_role_is_asked_for_with_the_keys_that_are_in_the_file_now(
    file: Path, aws: AwsServer, proxy: FaultProxy
) -> None:
    write(file, "AKIAOLD")
    identity = Identity(
        base=Profile("default"),
        role_arn=aws.create_role("chain-role", "unused"),
        external_id="unused",
        transport=Transport(sts_endpoint=proxy.url),
    )
    reader = signing_session(PROFILE)
    await obtain(reader)
    write(file, "AKIANEW")
    signed_by = signers(proxy)
    proxy.fail("AssumeRole", status=403, code="InvalidClientTokenId")
    session = signing_session(identity)
    with pytest.raises(RetriableError):
        await obtain(session)
    await obtain(session)
    assert signed_by == ["AKIAOLD", "AKIANEW"]


class Container:
    """The endpoint that a container's credentials come from."""

    def __init__(self, proxy: FaultProxy, seconds: int) -> None:
        self.seconds = seconds
        self.asked = 0
        proxy.on("*", self.answer, match=lambda request: request.path == "/creds")

    def answer(self, _: ApiRequest) -> Answer:
        self.asked += 1
        ends = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=self.seconds)
        granted = {
            "AccessKeyId": f"ASIA{self.asked}",
            "SecretAccessKey": "secret",
            "Token": "token",
            "Expiration": ends.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        return Answer(200, json.dumps(granted).encode(), {"Content-Type": "application/json"})


@pytest.fixture
def container(proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch) -> Container:
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{proxy.url}/creds")
    # Of two seconds: it would ask again, and tests count how often it asks.
    monkeypatch.setattr(ContainerMetadataFetcher, "TIMEOUT_SECONDS", 60)
    return Container(proxy, 800)


async def test_a_containers_short_credentials_are_not_asked_for_with_every_request(
    container: Container,
) -> None:
    sessions = [signing_session(CHAIN) for _ in range(4)]
    await asyncio.gather(*(key_id(session) for session in sessions for _ in range(50)))
    at_first = container.asked
    for _ in range(50):
        await key_id(sessions[0])
    assert container.asked == at_first <= 2  # botocore asks a second time for what ends within 15 minutes


async def test_near_their_end_a_containers_credentials_are_renewed_beside_the_requests(
    container: Container, proxy: FaultProxy, later: Callable[[float], None]
) -> None:
    session = signing_session(CHAIN)
    first = await key_id(session)
    container.seconds = 3600
    proxy.delay("*", 0.3)
    later(780)
    asked = container.asked
    assert {await key_id(session) for _ in range(20)} == {first}
    async with asyncio.timeout(60):
        while await key_id(session) == first:
            await asyncio.sleep(0.02)
    assert container.asked == asked + 1


async def test_a_container_that_does_not_answer_is_a_warning_and_a_metric_while_its_credentials_are_valid(
    container: Container, proxy: FaultProxy, later: Callable[[float], None]
) -> None:
    def failures() -> float:
        labels = {"role": "default chain", "outcome": "failed"}
        return metrics.REGISTRY.get_sample_value("connector_credentials_refreshes_total", labels) or 0

    session = signing_session(CHAIN)
    first = await key_id(session)
    proxy.clear()  # what answers now is the S3 behind, which knows no such thing
    later(780)
    before = failures()
    assert await key_id(session) == first
    async with asyncio.timeout(60):
        while failures() == before:
            await asyncio.sleep(0.05)
    assert await key_id(session) == first
    later(31)
    with pytest.raises(RetriableError):
        await obtain(session)

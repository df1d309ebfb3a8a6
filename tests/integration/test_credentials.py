"""Short-lived credentials: before the first write, ahead of expiry, once for all tasks."""

from __future__ import annotations

import asyncio
import gc
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from connector import metrics
from connector.aws import credentials, refresh
from connector.aws.credentials import assumed_role, obtain, signing_session
from connector.aws.identity import Identity, Profile, StaticKeys, Transport, WebIdentity
from connector.errors import AccessError, RetriableError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

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


def refreshes(role: str, outcome: str) -> float:
    labels = {"role": role, "outcome": outcome}
    return metrics.REGISTRY.get_sample_value("connector_credentials_refreshes_total", labels) or 0


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.02)


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
    identity: Identity, proxy: FaultProxy, later: Callable[[float], None]
) -> None:
    role = assumed_role(identity)
    first = await role.get_frozen_credentials()
    proxy.delay("AssumeRole", 0.3)
    later(840)
    during = [await role.get_frozen_credentials() for _ in range(20)]
    assert all(keys == first for keys in during)
    async with asyncio.timeout(60):
        while (await role.get_frozen_credentials()) == first:
            await asyncio.sleep(0.02)
    assert proxy.counts["AssumeRole"] == 2


@pytest.mark.parametrize("trouble", ["refused", "throttled", "out of order", "no answer", "slow"])
async def test_sts_trouble_is_a_warning_and_a_metric_while_the_session_is_valid(
    identity: Identity,
    proxy: FaultProxy,
    later: Callable[[float], None],
    monkeypatch: pytest.MonkeyPatch,
    trouble: str,
) -> None:
    role = assumed_role(identity)
    first = await role.get_frozen_credentials()
    match trouble:
        case "refused":
            proxy.fail("AssumeRole", status=403, code="AccessDenied", message="not now")
        case "throttled":
            proxy.fail("AssumeRole", status=400, code="Throttling")
        case "out of order":
            proxy.fail("AssumeRole", status=503, code="ServiceUnavailable")
        case "no answer":
            proxy.cut("AssumeRole")
        case "slow":
            monkeypatch.setattr(credentials, "_MOST_REQUEST_SECONDS", 0.2)
            proxy.delay("AssumeRole", 60, times=1)
    later(840)
    with capture_logs() as logs:
        await role.get_frozen_credentials()
        await until(lambda: refreshes(role.label, "failed") == 1)
    assert [(line["event"], line["log_level"]) for line in logs] == [("credentials not refreshed", "warning")]
    for _ in range(10):
        assert await role.get_frozen_credentials() == first
    assert refreshes(role.label, "failed") == 1, "after a failure there is a pause"
    monkeypatch.setattr(credentials, "_MOST_REQUEST_SECONDS", 10)
    later(31)
    await role.get_frozen_credentials()
    await until(lambda: refreshes(role.label, "obtained") == 2)
    assert await role.get_frozen_credentials() != first


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


async def test_a_web_identity_token_is_read_anew_at_each_refresh_and_rejection(
    proxy: FaultProxy, tmp_path: Path, aws: AwsServer, later: Callable[[float], None]
) -> None:
    token = tmp_path / "token"
    token.write_text("first-token")
    sent: list[str] = []
    proxy.on("AssumeRoleWithWebIdentity", lambda request: sent.append(request.form["WebIdentityToken"]))
    identity = Identity(
        base=WebIdentity(str(token), aws.create_role("web-role", "unused")),
        transport=Transport(sts_endpoint=proxy.url),
    )
    session = signing_session(identity)
    await obtain(session)
    token.write_text("second-token")
    role = await session.get_credentials()
    role.reject(refresh.elapsed())
    await obtain(session)
    assert sent == ["first-token", "second-token"]
    token.write_text("third-token")
    later(3500)
    await obtain(session)
    await until(lambda: len(sent) == 3)
    assert sent[2] == "third-token"


async def test_a_missing_token_file_is_named(tmp_path: Path) -> None:
    identity = Identity(base=WebIdentity(str(tmp_path / "nothing"), "arn:aws:iam::123456789012:role/r"))
    with pytest.raises(AccessError, match=r"aws\.web\.identity\.token\.file: .*nothing cannot be read"):
        await obtain(signing_session(identity))


@pytest.mark.parametrize(
    "text", ["root:x:0:0:root:/root\nbin:x:1:1", "", "-----BEGIN KEY-----\nQUJD", "a" * 30_000]
)
async def test_a_file_that_holds_no_token_is_not_sent(text: str, tmp_path: Path, proxy: FaultProxy) -> None:
    file = tmp_path / "file"
    file.write_text(text)
    identity = Identity(
        base=WebIdentity(str(file), "arn:aws:iam::123456789012:role/r"),
        transport=Transport(sts_endpoint=proxy.url),
    )
    with pytest.raises(AccessError, match="holds no token"):
        await obtain(signing_session(identity))
    assert not proxy.requests


async def test_a_role_may_be_assumed_by_a_web_identity(
    proxy: FaultProxy, tmp_path: Path, aws: AwsServer
) -> None:
    token = tmp_path / "token"
    token.write_text("a-token")
    identity = Identity(
        base=WebIdentity(str(token), aws.create_role("chain-base", "unused")),
        role_arn=aws.create_role("chain-top", EXTERNAL_ID),
        external_id=EXTERNAL_ID,
        transport=Transport(sts_endpoint=proxy.url),
    )
    await obtain(signing_session(identity))
    assert proxy.counts["AssumeRoleWithWebIdentity"] == 1
    assert proxy.counts["AssumeRole"] == 1


async def test_a_profile_signs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "credentials"
    file.write_text("[sink]\naws_access_key_id = AKIAPROFILE\naws_secret_access_key = s\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    session = signing_session(Identity(base=Profile("sink")))
    keys = await (await session.get_credentials()).get_frozen_credentials()
    assert keys.access_key == "AKIAPROFILE"


async def test_session_tags_and_source_identity_reach_sts(identity: Identity, proxy: FaultProxy) -> None:
    asked: list[dict[str, str]] = []
    proxy.on("AssumeRole", lambda request: asked.append(request.form))
    tagged = replace(identity, session_tags=(("team", "data"),), source_identity="jane")
    await assumed_role(tagged).get_frozen_credentials()
    (form,) = asked
    assert (form["Tags.member.1.Key"], form["Tags.member.1.Value"]) == ("team", "data")
    assert form["SourceIdentity"] == "jane"
    assert form["DurationSeconds"] == "900"
    assert form["RoleSessionName"] == "orders-to-s3"


async def test_a_session_that_aws_calls_expired_is_replaced_once_for_all_requests(
    identity: Identity, proxy: FaultProxy
) -> None:
    role = assumed_role(identity)
    await role.get_frozen_credentials()
    began = refresh.elapsed()
    assert all(role.reject(began) for _ in range(8)), "each of the requests is worth repeating"
    await asyncio.gather(*(role.get_frozen_credentials() for _ in range(8)))
    assert proxy.counts["AssumeRole"] == 2
    assert role.reject(began), "a request that began before is not the new session's fault"
    await role.get_frozen_credentials()
    assert proxy.counts["AssumeRole"] == 2


async def test_sessions_that_aws_calls_expired_at_once_are_not_asked_for_with_every_request(
    identity: Identity, proxy: FaultProxy, later: Callable[[float], None]
) -> None:
    role = assumed_role(identity)
    for _ in range(50):
        await role.get_frozen_credentials()
        role.reject(refresh.elapsed())
    assert proxy.counts["AssumeRole"] == 2
    later(31)
    assert role.reject(refresh.elapsed())
    await role.get_frozen_credentials()
    assert proxy.counts["AssumeRole"] == 3


@pytest.mark.parametrize("jump_seconds", [-7200, 7200])
async def test_a_clock_that_is_wrong_neither_keeps_a_session_nor_asks_for_one_with_every_request(
    identity: Identity, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch, jump_seconds: float
) -> None:
    role = assumed_role(identity)
    await role.get_frozen_credentials()
    now = refresh._now
    monkeypatch.setattr(refresh, "_now", lambda: now() + jump_seconds)
    assert role.reject(refresh.elapsed())
    for _ in range(50):
        await role.get_frozen_credentials()
        await asyncio.sleep(0)
    assert proxy.counts["AssumeRole"] == 2


async def test_the_expiry_shown_is_the_first_of_a_roles_sessions_and_goes_with_them(
    identity: Identity, later: Callable[[float], None]
) -> None:
    def shown() -> float | None:
        labels = {"role": str(identity.role_arn)}
        return metrics.REGISTRY.get_sample_value("connector_credentials_expiry_timestamp_seconds", labels)

    role = assumed_role(identity)
    await role.get_frozen_credentials()
    other = assumed_role(replace(identity, session_name="other", duration_seconds=3600))
    await other.get_frozen_credentials()
    assert shown() == role.expires
    remaining = other.expires
    del role
    gc.collect()
    await until(lambda: shown() == remaining)
    del other
    gc.collect()
    await until(lambda: shown() is None)


@pytest.mark.parametrize("fault", ["slow", "throttled"])
async def test_sts_trouble_can_pass(
    identity: Identity, proxy: FaultProxy, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        if fault == "slow":
            patched.setattr(credentials, "_MOST_REQUEST_SECONDS", 0.2)
            proxy.delay("AssumeRole", 60, times=1)
        else:
            proxy.fail("AssumeRole", status=400, code="Throttling")
        with pytest.raises(RetriableError):
            await assumed_role(identity).get_frozen_credentials()
    await assumed_role(identity).get_frozen_credentials()

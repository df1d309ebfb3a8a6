"""What the options of a connection do to the requests that leave the machine."""

from __future__ import annotations

import asyncio
import base64
import traceback
from typing import TYPE_CHECKING

import pytest

from connector.aws.caller import caller
from connector.aws.connection import AwsConfig
from connector.aws.credentials import assumed_role
from connector.concealment import conceal
from connector.errors import AccessError

if TYPE_CHECKING:
    from connector.testing.aws import AwsServer
    from connector.testing.proxy import FaultProxy

PASSWORD = "canary@proxy/pass:word"
KEYS = {"aws.access.key.id": "AKIAEXAMPLE", "aws.secret.access.key": "secret"}


async def test_a_proxy_that_refuses_the_login_is_named_without_it() -> None:
    heads: list[str] = []

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        options = {
            **KEYS,
            "aws.endpoint": "https://sts.example.invalid",
            "aws.proxy.url": f"http://127.0.0.1:{port}",
            "aws.proxy.username": "worker",
            "aws.proxy.password": PASSWORD,
            "aws.connect.timeout.ms": "30000",
        }
        with pytest.raises(AccessError) as refused:
            await caller(AwsConfig.parse(options).identity("orders"))
    assert heads[0].startswith("CONNECT sts.example.invalid:443 ")
    assert base64.b64encode(f"worker:{PASSWORD}".encode()).decode() in heads[0]
    assert "aws.proxy.password" in refused.value.remedy
    assert "canary" not in str(refused.value)
    # aiohttp has the whole URL in its error; traces and logs end in here.
    trace = "".join(traceback.format_exception(refused.value))
    assert "canary" in trace
    assert "canary" not in conceal(trace)


async def test_sts_is_asked_at_its_own_endpoint_and_signed_for_its_own_region(
    aws: AwsServer, proxy: FaultProxy
) -> None:
    signed: list[str] = []
    proxy.on("AssumeRole", lambda request: signed.append(request.headers["authorization"]))
    options = {
        "aws.access.key.id": aws.access_key_id,
        "aws.secret.access.key": aws.secret_access_key,
        "aws.sts.role.arn": aws.create_role("regional", "tenant-1"),
        "aws.sts.role.external.id": "tenant-1",
        "aws.region": "eu-north-1",
        "aws.sts.region": "eu-west-1",
        "aws.sts.config.endpoint": proxy.url,
    }
    await assumed_role(AwsConfig.parse(options).identity("orders")).get_frozen_credentials()
    (authorization,) = signed
    assert "/eu-west-1/sts/" in authorization

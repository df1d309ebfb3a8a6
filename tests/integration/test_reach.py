"""DNS, TCP and TLS told apart, on loopback."""

from __future__ import annotations

import asyncio
import socket
import ssl
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from connector.aws import reach as reaching
from connector.aws.identity import Transport
from connector.aws.reach import endpoint_of, reach
from connector.check import Outcome
from connector.errors import AccessError
from connector.testing.certificate import certificate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server here answers at once, but both may stand still for some seconds."""
    for name in ("_CONNECT_SECONDS", "_TLS_SECONDS"):
        monkeypatch.setattr(reaching, name, 60)


@asynccontextmanager
async def server(pem: Path | None = None, *, silent: bool = False) -> AsyncIterator[int]:
    """Accepts connections, with TLS if it has a certificate; a silent one then says nothing."""
    context = None
    if pem is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(pem)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not silent:
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        try:
            await reader.read()
        except OSError:
            pass
        finally:
            writer.close()

    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda *_: None)  # handshakes fail on purpose
    running = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with running:
        yield running.sockets[0].getsockname()[1]


@contextmanager
def closed_port() -> Iterator[int]:
    """Nobody listens there, and nobody else can begin to."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield int(taken.getsockname()[1])


async def test_a_server_that_takes_connections_is_reached() -> None:
    async with server() as port:
        found = await reach(f"http://127.0.0.1:{port}", Transport())
    assert found.outcome is Outcome.OK
    assert "without TLS" in found.detail


async def test_a_server_whose_certificate_is_trusted_is_reached(tmp_path: Path) -> None:
    pem = certificate(tmp_path, "localhost")
    async with server(pem) as port:
        found = await reach(f"https://localhost:{port}", Transport(ca_bundle=str(pem)))
    assert found.outcome is Outcome.OK
    assert "TCP and TLS" in found.detail


async def test_a_name_that_does_not_resolve_is_a_matter_of_dns() -> None:
    found = await reach("https://sts.nowhere.invalid", Transport())
    assert found.outcome is Outcome.FAILED
    assert found.detail.startswith("DNS: the name sts.nowhere.invalid does not resolve")


async def test_a_closed_port_refuses() -> None:
    with closed_port() as port:
        found = await reach(f"https://127.0.0.1:{port}", Transport())
    assert found.outcome is Outcome.FAILED
    assert "refuses the connection" in found.detail
    assert found.may_pass


async def test_silence_on_connecting_is_a_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reaching, "_CONNECT_SECONDS", 0.2)
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        # Linux leaves connections beyond the backlog without an answer.
        waiting = [socket.socket() for _ in range(4)]
        for client in waiting:
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", port))
        try:
            found = await reach(f"http://127.0.0.1:{port}", Transport())
        finally:
            for client in waiting:
                client.close()
    assert found.outcome is Outcome.FAILED
    assert "does not answer: blocked" in found.detail
    assert found.may_pass


async def test_a_certificate_of_nobody_we_trust_is_told_from_one_for_another_host(tmp_path: Path) -> None:
    stranger, other = certificate(tmp_path, "localhost"), certificate(tmp_path, "other.example")
    async with server(stranger) as port:
        untrusted = await reach(f"https://localhost:{port}", Transport())
    async with server(other) as port:
        misnamed = await reach(f"https://localhost:{port}", Transport(ca_bundle=str(other)))
    assert "is not accepted (self" in untrusted.detail
    assert "aws.tls.ca.bundle" in untrusted.remedy
    assert "answers with a certificate for another host" in misnamed.detail


async def test_a_certificate_that_is_over_points_to_clock_and_server(tmp_path: Path) -> None:
    pem = certificate(tmp_path, "localhost", days=-1)
    async with server(pem) as port:
        found = await reach(f"https://localhost:{port}", Transport(ca_bundle=str(pem)))
    assert "has expired" in found.detail
    assert "clock" in found.remedy


async def test_a_port_without_tls_is_told() -> None:
    async with server() as port:
        found = await reach(f"https://127.0.0.1:{port}", Transport())
    assert found.detail.startswith("TLS: no handshake")
    assert "http://" in found.remedy


async def test_a_handshake_without_an_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reaching, "_TLS_SECONDS", 0.2)
    async with server(silent=True) as port:
        found = await reach(f"https://127.0.0.1:{port}", Transport())
    assert "says nothing" in found.detail


async def test_a_ca_bundle_that_cannot_be_read_is_named() -> None:
    async with server() as port:
        found = await reach(f"https://127.0.0.1:{port}", Transport(ca_bundle="/not/there.pem"))
    assert "the CA bundle /not/there.pem cannot be read" in found.detail
    assert not found.may_pass


async def test_through_a_proxy_the_proxy_is_what_must_be_reached_and_its_password_is_not_shown() -> None:
    with closed_port() as port:
        proxy = SecretStr(f"http://me:canary@127.0.0.1:{port}")
        down = await reach("https://sts.nowhere.invalid", Transport(proxy=proxy))
    async with server() as port:
        proxy = SecretStr(f"http://me:canary@127.0.0.1:{port}")
        up = await reach("https://sts.nowhere.invalid", Transport(proxy=proxy))
    assert down.outcome is Outcome.FAILED
    assert up.outcome is Outcome.OK
    assert f"through the proxy 127.0.0.1:{port}" in up.detail
    assert "canary" not in f"{down}{up}"


async def test_the_endpoint_is_the_one_that_a_client_would_use(monkeypatch: pytest.MonkeyPatch) -> None:
    assert await endpoint_of("sts", "eu-north-1", None) == "https://sts.eu-north-1.amazonaws.com"
    assert await endpoint_of("sts", "cn-north-1", None) == "https://sts.cn-north-1.amazonaws.com.cn"
    assert await endpoint_of("s3", "eu-north-1", "http://store:9000") == "http://store:9000"
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")
    with pytest.raises(AccessError, match="no-such-profile"):
        await endpoint_of("sts", "eu-north-1", None)

"""TLS on the listeners, as Kafka's options ask for it."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import aiohttp
import pytest

from connector.config.listener import parse_listeners
from connector.errors import ConfigError
from connector.rest.app import make_app
from connector.rest.server import RestServer
from connector.rest.tls import server_context
from connector.testing.certificate import certificate

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.rest.conftest import InMemoryHerder


async def status(herder: InMemoryHerder, options: dict[str, str], client: ssl.SSLContext) -> int:
    server = await RestServer.start(
        make_app(herder), parse_listeners("https://127.0.0.1:0"), tls=server_context(options)
    )
    ((_, port),) = server.addresses
    try:
        async with aiohttp.ClientSession() as session:
            url = f"https://localhost:{port}/"
            async with session.get(url, ssl=client, server_hostname="localhost") as answer:
                return answer.status
    finally:
        await server.stop()


async def test_a_client_that_trusts_the_certificate_is_answered(
    herder: InMemoryHerder, tmp_path: Path
) -> None:
    own = certificate(tmp_path, "localhost")
    client = ssl.create_default_context(cafile=str(own))
    assert await status(herder, {"ssl.keystore.location": str(own)}, client) == 200
    with pytest.raises(aiohttp.ClientConnectorCertificateError):
        await status(herder, {"ssl.keystore.location": str(own)}, ssl.create_default_context())


async def test_key_and_certificate_may_stand_in_the_properties(
    herder: InMemoryHerder, tmp_path: Path
) -> None:
    own = certificate(tmp_path, "localhost")
    key, marker, chain = own.read_text().partition("-----BEGIN CERTIFICATE-----")
    options = {
        "ssl.keystore.type": "PEM",
        "ssl.keystore.key": key.replace("\n", "\\n"),
        "ssl.keystore.certificate.chain": marker + chain,
    }
    assert await status(herder, options, ssl.create_default_context(cafile=str(own))) == 200


async def test_clients_without_a_certificate_are_refused_where_one_is_required(
    herder: InMemoryHerder, tmp_path: Path
) -> None:
    own, theirs = certificate(tmp_path, "localhost"), certificate(tmp_path, "client")
    options = {
        "ssl.keystore.location": str(own),
        "ssl.client.auth": "required",
        "ssl.truststore.location": str(theirs),
    }
    client = ssl.create_default_context(cafile=str(own))
    with pytest.raises(aiohttp.ClientError):
        await status(herder, options, client)
    client.load_cert_chain(theirs)
    assert await status(herder, options, client) == 200


@pytest.mark.parametrize(
    ("options", "option", "reason"),
    [
        ({}, "ssl.keystore.location", "is missing"),
        ({"ssl.keystore.key": "k"}, "ssl.keystore.location", "is missing"),
        ({"ssl.keystore.location": "/nowhere"}, "ssl.keystore.location", "No such file"),
        (
            {"ssl.keystore.type": "BKS", "ssl.keystore.location": "/x"},
            "ssl.keystore.type",
            "JKS, PEM, PKCS12",
        ),
        ({"ssl.keystore.location": "/x", "ssl.client.auth": "some"}, "ssl.client.auth", "one of none"),
        (
            {"ssl.keystore.location": "/x", "ssl.client.auth": "required"},
            "ssl.truststore.location",
            "missing",
        ),
        (
            {"ssl.keystore.key": "s3cret", "ssl.keystore.certificate.chain": "s3cret"},
            "ssl.keystore.key",
            "cannot be used",
        ),
    ],
)
def test_what_is_missing_or_wrong_is_told_without_keys(
    options: dict[str, str], option: str, reason: str
) -> None:
    with pytest.raises(ConfigError) as raised:
        server_context(options)
    (problem,) = raised.value.problems
    assert problem.option == f"listeners.https.{option}"
    assert reason in problem.message
    assert "s3cret" not in problem.message

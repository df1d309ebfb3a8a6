"""The API as the worker's properties ask for it."""

from __future__ import annotations

import ssl
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from connector.errors import ConfigError
from connector.rest.listeners import RestListeners
from connector.settings import WorkerSettings
from connector.testing.certificate import certificate
from connector.testing.kafka.broker import free_ports

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.unit.rest.conftest import InMemoryHerder


@asynccontextmanager
async def serving(herder: InMemoryHerder, **properties: str) -> AsyncIterator[tuple[str, str]]:
    """The worker's REST API; where it is, and where its admin listener would be."""
    own, admin = (f"127.0.0.1:{port}" for port in free_ports(2))
    given = {name.replace("__", "."): value.replace("ADMIN", admin) for name, value in properties.items()}
    scheme = given.pop("scheme", "http")
    settings = WorkerSettings.of({"bootstrap.servers": "a:1", "listeners": f"{scheme}://{own}", **given}, {})
    assert settings.ignored == settings.unknown == {}
    served: Any = herder
    served.connections = served.checks = None
    listeners = await RestListeners.start(settings, served)
    try:
        yield f"{scheme}://{own}", f"http://{admin}"
    finally:
        await listeners.stop()


async def ask(url: str, method: str = "GET", **rest: Any) -> int:
    async with aiohttp.ClientSession() as session, session.request(method, url, **rest) as answer:
        return answer.status


async def test_admin_is_with_the_rest_unless_it_has_listeners_of_its_own(herder: InMemoryHerder) -> None:
    herder.loggers = dict  # type: ignore[method-assign]
    async with serving(herder) as (public, _):
        assert await ask(f"{public}/admin/loggers") == 200
    async with serving(herder, admin__listeners="http://ADMIN") as (public, admin):
        assert await ask(f"{public}/admin/loggers") == 404
        assert await ask(f"{public}/connectors") == 200
        assert await ask(f"{admin}/admin/loggers") == 200
        assert await ask(f"{admin}/connectors") == 404


async def test_an_empty_list_of_admin_listeners_turns_admin_off(herder: InMemoryHerder) -> None:
    async with serving(herder, admin__listeners="") as (public, _):
        assert await ask(f"{public}/admin/loggers") == 404
        assert await ask(f"{public}/connectors") == 200


async def test_topics_are_not_told_where_they_are_not_tracked(herder: InMemoryHerder) -> None:
    async with serving(herder, topic__tracking__enable="false") as (public, _):
        assert await ask(f"{public}/connectors/a/topics") == 403
        assert await ask(f"{public}/connectors/a/topics/reset", "PUT") == 403
    herder.topics = lambda name: []  # type: ignore[method-assign]
    async with serving(herder, topic__tracking__allow__reset="false") as (public, _):
        assert await ask(f"{public}/connectors/a/topics") == 200
        assert await ask(f"{public}/connectors/a/topics/reset", "PUT") == 403


async def test_changes_are_bounded_as_the_operator_says(herder: InMemoryHerder) -> None:
    async with serving(herder, rest__writes__per__second="0.5") as (public, _):
        statuses = [await ask(f"{public}/nothing", "PUT") for _ in range(4)]
        assert statuses == [404, 404, 429, 429]


async def test_users_pages_and_headers_are_the_operators(herder: InMemoryHerder, tmp_path: Path) -> None:
    (tmp_path / "users").write_text("bearer.ci=viewer:t0ken")
    async with serving(
        herder,
        rest__users__file=str(tmp_path / "users"),
        access__control__allow__origin="http://ui",
        access__control__allow__methods="get,PATCH",
        response__http__headers__config="set X-Frame-Options: DENY",
    ) as (public, _):
        assert await ask(f"{public}/connectors") == 401
        assert await ask(f"{public}/connectors", headers={"Authorization": "Bearer t0ken"}) == 200
        asked = {"Origin": "http://ui", "Access-Control-Request-Method": "PATCH"}
        async with aiohttp.ClientSession() as session, session.options(public, headers=asked) as answer:
            assert answer.headers["Access-Control-Allow-Methods"] == "GET,PATCH"
            assert answer.headers["X-Frame-Options"] == "DENY"


async def test_https_is_served_with_the_certificate_below_listeners_https(
    herder: InMemoryHerder, tmp_path: Path
) -> None:
    own = certificate(tmp_path, "localhost")
    properties = {"listeners__https__ssl__keystore__location": str(own)}
    async with serving(herder, scheme="https", **properties) as (public, _):
        trust = ssl.create_default_context(cafile=str(own))
        assert await ask(f"{public}/connectors", ssl=trust, server_hostname="localhost") == 200


@pytest.mark.parametrize(
    ("properties", "option"),
    [
        ({"scheme": "https"}, "listeners.https.ssl.keystore.location"),
        ({"response__http__headers__config": "X"}, "response.http.headers.config"),
        ({"rest__users__file": "/nowhere"}, "/nowhere"),
    ],
)
async def test_what_is_at_fault_is_told_before_anything_listens(
    herder: InMemoryHerder, properties: dict[str, str], option: str
) -> None:
    with pytest.raises(ConfigError) as raised:
        async with serving(herder, **properties):
            pass
    assert option in str(raised.value)

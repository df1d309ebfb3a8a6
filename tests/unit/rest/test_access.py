"""Who may ask for what."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest
from aiohttp.test_utils import TestClient, TestServer

from connector.errors import ConfigError
from connector.rest.access import required_role
from connector.rest.app import Guard, make_app
from connector.rest.cross_origin import HeaderPolicy, parse_headers
from connector.rest.limit import WriteLimit
from connector.rest.principal import Principals, Role
from connector.rest.routes import Part
from connector.rest.secrets import Secrets

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from tests.unit.rest.conftest import Client, InMemoryHerder

    Guarded = Callable[..., Awaitable[Client]]

USERS = """\
basic.ada=admin:correct: horse
basic.olga=operator:battery
basic.vic=viewer:staple
bearer.ci=operator:t0ken
"""


def basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


ADA = basic("ada", "correct: horse")
OLGA = basic("olga", "battery")
VIC = basic("vic", "staple")
CI = "Bearer t0ken"


@pytest.fixture
def users(tmp_path: Path) -> Principals:
    (tmp_path / "users").write_text(USERS)
    return Principals.read(tmp_path / "users")


@pytest.fixture
async def guarded(herder: InMemoryHerder) -> AsyncIterator[Guarded]:
    clients: list[Client] = []
    herder.add("a", topics="t", password="s3cret")

    async def start(guard: Guard, parts: frozenset[Part] = frozenset(Part)) -> Client:
        app = make_app(herder, secrets=Secrets.RAW, guard=guard, parts=parts)
        client: Client = TestClient(TestServer(app))
        clients.append(client)
        await client.start_server()
        return client

    yield start
    for client in clients:
        await client.close()


@pytest.mark.parametrize(
    "header",
    [
        None, "", "Basic", "Basic !!", "Bearer", "Bearer wrong", "Digest x", "Basic \xff",
        basic("ada", "wrong"), basic("nobody", "correct: horse"),
        basic("ci", "t0ken"), basic("ada", ""), "Bearer battery",
    ],
)  # fmt: skip
async def test_who_proves_nothing_gets_nothing(
    guarded: Guarded, users: Principals, header: str | None
) -> None:
    client = await guarded(Guard(users))
    headers = {} if header is None else {"Authorization": header}
    for path in ("/", "/connectors", "/metrics", "/nothing", "/openapi.json", "/admin/loggers"):
        response = await client.get(path, headers=headers)
        assert response.status == 401
        assert response.headers["WWW-Authenticate"].startswith("Basic")
        assert await response.json() == {"error_code": 401, "message": "User cannot access the resource."}
    assert (await client.get("/health", headers=headers)).status == 200


@pytest.mark.parametrize(
    ("header", "method", "path", "is_let_in"),
    [
        (VIC, "GET", "/connectors/a", True),
        (VIC, "HEAD", "/connectors", True),
        (VIC, "PUT", "/connectors/a/pause", False),
        (VIC, "PUT", "/connectors/a/config", False),
        (OLGA, "PUT", "/connectors/a/pause", True),
        (OLGA, "POST", "/connectors/a/restart", True),
        (OLGA, "POST", "/connectors/a/tasks/0/restart", True),
        (OLGA, "POST", "/connectors", False),
        (OLGA, "PUT", "/connectors/a/config", False),
        (OLGA, "PATCH", "/connectors/a/config", False),
        (OLGA, "DELETE", "/connectors/a", False),
        (OLGA, "DELETE", "/connectors/a/offsets", False),
        (OLGA, "PUT", "/admin/loggers/root", False),
        (OLGA, "POST", "/aws/connections", False),
        (OLGA, "PUT", "/aws/check", False),
        (CI, "PUT", "/connectors/a/stop", True),
        (CI, "DELETE", "/connectors/a", False),
        (ADA, "DELETE", "/connectors/a", True),
        (ADA, "PUT", "/admin/loggers/root", True),
    ],
)
async def test_a_role_goes_so_far(
    guarded: Guarded, users: Principals, header: str, method: str, path: str, is_let_in: bool
) -> None:
    client = await guarded(Guard(users))
    response = await client.request(method, path, headers={"Authorization": header})
    assert (response.status not in {401, 403}) is is_let_in


async def test_only_admins_see_secrets(guarded: Guarded, users: Principals) -> None:
    client = await guarded(Guard(users))
    for header, shown in ((VIC, "[hidden]"), (OLGA, "[hidden]"), (ADA, "s3cret")):
        response = await client.get("/connectors/a/config", headers={"Authorization": header})
        assert (await response.json())["password"] == shown


def test_whatever_is_added_to_the_api_is_for_admins_unless_it_reads() -> None:
    class Request:
        method = "POST"
        match_info = type("Match", (), {"handler": object()})()

    assert required_role(Request()) is Role.ADMIN  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("# ada", "names nobody"),
        ("basic.ada=root:s3cret", "roles are viewer, operator, admin"),
        ("basic.ada=s3cret", "Write basic.NAME"),
        ("basic.ada=admin:", "Write basic.NAME"),
        ("digest.ada=admin:s3cret", "Write basic.NAME"),
        ("basic.=admin:s3cret", "Write basic.NAME"),
    ],
)
def test_a_file_of_users_at_fault_is_refused_without_its_secrets(
    tmp_path: Path, text: str, reason: str
) -> None:
    (tmp_path / "users").write_text(text)
    with pytest.raises(ConfigError, match=reason) as raised:
        Principals.read(tmp_path / "users")
    assert "s3cret" not in str(raised.value)


def test_users_do_not_show_their_secrets(users: Principals) -> None:
    assert "battery" not in repr(users)


async def test_admin_paths_may_be_apart(guarded: Guarded) -> None:
    public = await guarded(Guard(), frozenset({Part.PUBLIC}))
    admin = await guarded(Guard(), frozenset({Part.ADMIN}))
    assert (await public.get("/admin/loggers/x")).status == 404
    assert "HTTP 404" in (await (await public.get("/admin/loggers")).json())["message"]
    assert (await admin.get("/connectors")).status == 404
    assert (await public.get("/connectors")).status == 200


async def test_too_many_changes_are_429_and_reads_are_not(guarded: Guarded) -> None:
    client = await guarded(Guard(writes_per_second=0.5))
    statuses = [(await client.put("/connectors/a/pause")).status for _ in range(5)]
    assert statuses.count(429) == 3
    assert (await client.put("/connectors/a/pause")).headers["Retry-After"] == "1"
    assert (await client.get("/connectors")).status == 200


def test_a_limit_is_each_clients_own_and_comes_back() -> None:
    now = [0.0]
    limit = WriteLimit(1, lambda: now[0])
    assert [limit.takes("a") for _ in range(5)] == [True] * 4 + [False]
    assert limit.takes("b")
    now[0] = 2.0
    assert [limit.takes("a") for _ in range(3)] == [True, True, False]


def test_clients_that_come_once_do_not_fill_the_memory() -> None:
    limit = WriteLimit(1)
    for number in range(10_100):
        limit.takes(str(number))
    assert len(limit._buckets) == 10_000


async def test_web_pages_of_elsewhere_are_not_let_in_unless_they_are_named(guarded: Guarded) -> None:
    closed = await guarded(Guard())
    assert (
        "Access-Control-Allow-Origin" not in (await closed.get("/", headers={"Origin": "http://x"})).headers
    )
    client = await guarded(Guard(headers=HeaderPolicy(("http://ui",), ("GET", "PUT"))))
    allowed = await client.get("/nothing", headers={"Origin": "http://ui"})
    assert allowed.headers["Access-Control-Allow-Origin"] == "http://ui"
    assert (
        "Access-Control-Allow-Origin" not in (await client.get("/", headers={"Origin": "http://x"})).headers
    )
    preflight = await client.options(
        "/connectors/a/config", headers={"Origin": "http://ui", "Access-Control-Request-Method": "PUT"}
    )
    assert preflight.status == 200
    assert preflight.headers["Access-Control-Allow-Methods"] == "GET,PUT"


async def test_a_preflight_needs_no_user(guarded: Guarded, users: Principals) -> None:
    client = await guarded(Guard(users, headers=HeaderPolicy(("http://ui",), ("GET", "PUT"))))
    asked = {"Origin": "http://ui", "Access-Control-Request-Method": "PUT"}
    assert (await client.options("/connectors/a/config", headers=asked)).status == 200
    assert (await client.options("/connectors/a/config")).status == 401


async def test_headers_that_the_operator_wants_are_in_every_answer(guarded: Guarded) -> None:
    policy = HeaderPolicy(fixed=parse_headers('"set Cache-Control: no-cache, no-store", add X-A: 1; mode=b'))
    client = await guarded(Guard(headers=policy))
    for path in ("/", "/nothing"):
        headers = (await client.get(path)).headers
        assert (headers["Cache-Control"], headers["X-A"]) == ("no-cache, no-store", "1; mode=b")
        assert "Server" not in headers


@pytest.mark.parametrize("text", ["X: 1", "remove X: 1", "set X", "add : 1", "add X: a\nb"])
def test_headers_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no header"):
        parse_headers(text)

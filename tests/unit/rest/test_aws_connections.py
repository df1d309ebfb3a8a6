from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from aiohttp.test_utils import TestClient, TestServer
from yarl import URL

from connector.aws.named import Status
from connector.cluster import connections
from connector.cluster.connection_service import ConnectionService
from connector.cluster.connections import ConnectionDirectory
from connector.errors import AccessError
from connector.rest.app import make_app
from connector.rest.secrets import Secrets
from connector.testing.connections import PRINCIPAL, ScriptedAws, ScriptedUsers

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.rest.conftest import Client, InMemoryHerder

SECRET = "s3cret-canary"
KEYS = {"aws.access.key.id": "AKIAEXAMPLE", "aws.secret.access.key": SECRET}
ROLE = {"aws.sts.role.arn": "arn:aws:iam::123456789012:role/r"}
PATH = "/aws/connections"


@pytest.fixture
async def scripted_aws() -> ScriptedAws:
    return ScriptedAws()


@pytest.fixture
def users() -> ScriptedUsers:
    return ScriptedUsers()


Serve = Callable[[float], Awaitable["Client"]]


@pytest.fixture
async def serve(
    herder: InMemoryHerder, tmp_path: Path, scripted_aws: ScriptedAws, users: ScriptedUsers
) -> AsyncIterator[Serve]:
    """The API, which waits so long for a validation."""
    async with AsyncExitStack() as resources:

        async def start(wait_seconds: float) -> Client:
            store, asked = ConnectionDirectory(tmp_path), scripted_aws.examination()
            service = ConnectionService(store, users, examination=asked, wait_seconds=wait_seconds)
            resources.push_async_callback(service.stop)
            app = make_app(herder, connections=service, secrets=Secrets.RAW)
            return await resources.enter_async_context(TestClient(TestServer(app)))

        yield start


@pytest.fixture
async def rest(serve: Serve) -> Client:
    return await serve(60)


async def create(client: Client, name: str = "lake", query: str = "", **fields: Any) -> Any:
    response = await client.post(PATH + query, json={"name": name, "options": {**KEYS, **ROLE}, **fields})
    assert response.status == 201, await response.text()
    return await response.json()


async def refused(client: Client, method: str, path: str, status: int, **request: Any) -> str:
    response = await client.request(method, path, **request)
    text = await response.text()
    assert SECRET not in text
    answer = await response.json()
    assert (response.status, answer["error_code"]) == (status, status), answer
    return str(answer["message"])


async def test_a_connection_is_created_shown_changed_and_deleted(rest: Client) -> None:
    created = await create(rest, tags={"team": "data"})
    assert created["status"] == "READY"
    assert created["principal"] == PRINCIPAL
    assert created["options"] == {**dict.fromkeys(KEYS, "[hidden]"), **ROLE}
    assert await (await rest.get(f"{PATH}/lake")).json() == created
    definition = {key: created[key] for key in ("description", "tags", "options")}
    changed = await (await rest.put(f"{PATH}/lake", json={**definition, "description": "new"})).json()
    assert (changed["description"], changed["version"]) == ("new", 2)
    assert changed["external_id"] == created["external_id"]
    response = await rest.delete(f"{PATH}/lake")
    assert (response.status, await response.read()) == (204, b"")
    await refused(rest, "GET", f"{PATH}/lake", 404)


async def test_a_created_connection_is_where_the_answer_says(rest: Client) -> None:
    response = await rest.post(PATH, json={"name": "a b/ö"})
    location = URL(response.headers["Location"], encoded=True)
    assert (await (await rest.get(location.relative())).json())["name"] == "a b/ö"


@pytest.mark.parametrize("name", ["a b", "a/b", "100%", "größe🚀", "{c}", "..", "a;b:c#d?e+f"])
async def test_any_name_is_reached_by_its_encoded_path(rest: Client, name: str) -> None:
    await create(rest, name)
    encoded = quote(name, safe="").replace(".", "%2E")
    for path in ("", "/", "/usage", "/policy"):
        response = await rest.get(URL(f"{PATH}/{encoded}{path}", encoded=True))
        assert response.status == 200
    assert (await rest.delete(URL(f"{PATH}/{encoded}", encoded=True))).status == 204


async def test_no_answer_holds_a_secret_even_where_connectors_show_theirs(rest: Client) -> None:
    await create(rest)
    for path in ("", "/lake", "/lake/usage", "/lake/policy"):
        assert SECRET not in await (await rest.get(PATH + path)).text()
    for response in (
        await rest.post(f"{PATH}/lake/validate"),
        await rest.post(f"{PATH}?if_not_exists=true", json={"name": "lake", "options": KEYS}),
        await rest.put(f"{PATH}/lake", json={"options": KEYS}),
    ):
        assert response.status == 200
        assert SECRET not in await response.text()


async def test_every_error_has_its_status(rest: Client, users: ScriptedUsers) -> None:
    await create(rest)
    again = {"json": {"name": "lake", "options": KEYS}}
    assert "already exists" in await refused(rest, "POST", PATH, 409, **again)
    faulty = {"json": {"name": "", "options": {**KEYS, "aws.profile": "p", "aws.region": "x"}}}
    message = await refused(rest, "POST", PATH, 400, **faulty)
    assert all(option in message for option in ("name", "aws.profile", "aws.region"))
    for method, path in (
        ("GET", ""),
        ("DELETE", ""),
        ("GET", "/usage"),
        ("GET", "/policy"),
        ("POST", "/validate"),
    ):
        assert "nobody" in await refused(rest, method, f"{PATH}/nobody{path}", 404)
    await refused(rest, "PUT", f"{PATH}/nobody", 404, json={})
    users.connection, users.versions = "lake", {"orders": 1}
    assert "orders" in await refused(rest, "DELETE", f"{PATH}/lake", 409)


async def test_the_limit_is_the_users_matter(rest: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "MOST_CONNECTIONS", 1)
    await create(rest)
    assert "delete one first" in await refused(rest, "POST", PATH, 400, json={"name": "b"})


async def test_a_busy_store_is_504(rest: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = ConnectionDirectory(tmp_path)
    monkeypatch.setattr("connector.cluster.connection_service.STORE_SECONDS", 0.05)
    with other._lock():
        assert "repeat" in await refused(rest, "POST", PATH, 504, json={"name": "b"})


@pytest.mark.parametrize(
    "body", [b"", b"{", b'{"name": "' + SECRET.encode(), b"\xff", b"[]", b"null", b'"x"']
)
async def test_a_body_that_is_no_connection_is_400_and_not_quoted(rest: Client, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    await refused(rest, "POST", PATH, 400, data=body, headers=headers)


async def test_bodies_have_to_be_json(rest: Client) -> None:
    await refused(rest, "POST", PATH, 415, data=b"name=x", headers={"Content-Type": "text/plain"})


async def test_if_not_exists_leaves_what_is_there(rest: Client) -> None:
    first = await create(rest)
    response = await rest.post(f"{PATH}?if_not_exists=TRUE", json={"name": "lake", "description": "other"})
    assert (response.status, await response.json()) == (200, first)
    await refused(rest, "POST", f"{PATH}?if_not_exists=yes", 409, json={"name": "lake"})


async def test_validation_may_be_left_out(rest: Client, scripted_aws: ScriptedAws) -> None:
    created = await create(rest, query="?validate=false")
    assert (created["status"], created["validated"], scripted_aws.asked) == ("READY", None, [])


async def test_a_validation_that_is_not_over_is_202(serve: Serve, scripted_aws: ScriptedAws) -> None:
    rest = await serve(0.1)
    scripted_aws.answers.clear()
    assert (await create(rest))["status"] == "IN_PROGRESS"
    response = await rest.post(f"{PATH}/lake/validate")
    assert (response.status, (await response.json())["status"]) == (202, "IN_PROGRESS")
    scripted_aws.answers.set()
    async with asyncio.timeout(60):
        while (response := await rest.post(f"{PATH}/lake/validate")).status == 202:
            await asyncio.sleep(0.05)
    assert (response.status, (await response.json())["status"]) == (200, "READY")


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_a_validation_shows_each_step_and_so_does_the_connection(
    rest: Client, scripted_aws: ScriptedAws, method: str
) -> None:
    await create(rest, query="?validate=false")
    assert (await (await rest.get(f"{PATH}/lake")).json())["checks"] == []
    scripted_aws.errors = [AccessError(f"you signed with {SECRET}", remedy="do not")]
    validated = await (await rest.request(method, f"{PATH}/lake/validate")).json()
    assert validated["status"] == "FAILED"
    first, second = validated["checks"]
    assert first["seconds"] >= 0
    told = {"name": "first", "outcome": "ok", "detail": "known without AWS", "remedy": ""}
    assert first == {**told, "seconds": first["seconds"]}
    assert (second["outcome"], second["detail"]) == ("failed", "you signed with [hidden]")
    assert second["remedy"] == "do not"
    assert await (await rest.get(f"{PATH}/lake")).json() == validated


async def test_the_steps_so_far_are_in_the_answer_while_a_validation_goes_on(
    serve: Serve, scripted_aws: ScriptedAws
) -> None:
    scripted_aws.answers.clear()
    created = await create(await serve(3))
    assert created["status"] == "IN_PROGRESS"
    assert [step["name"] for step in created["checks"]] == ["first"]
    scripted_aws.answers.set()


async def test_a_reason_tells_why_and_hides_what_aws_quotes(rest: Client, scripted_aws: ScriptedAws) -> None:
    scripted_aws.errors = [AccessError(f"you signed with {SECRET}")]
    created = await create(rest)
    assert (created["status"], created["reason"]) == ("FAILED", "you signed with [hidden]")


async def test_lists_take_filters_and_name_what_is_damaged(rest: Client, tmp_path: Path) -> None:
    await create(rest, "lake", tags={"team": "data"}, match_criteria=["eu"])
    await create(rest, "pond")
    for query, names in (
        ("", ["lake", "pond"]),
        ("?name=POND", ["pond"]),
        ("?tag=team=data&match=eu&status=ready", ["lake"]),
        ("?tag=team=data&tag=other", []),
        (f"?status={Status.FAILED}", []),
    ):
        listing = await (await rest.get(PATH + query)).json()
        assert [found["name"] for found in listing["connections"]] == names
        assert listing["damaged"] == []
    assert "READY" in await refused(rest, "GET", f"{PATH}?status=good", 400)
    damage(tmp_path, "pond.*")
    listing = await (await rest.get(PATH)).json()
    assert [found["name"] for found in listing["connections"]] == ["lake"]
    assert "pond." in listing["damaged"][0]["file"]
    assert "damaged" in await refused(rest, "GET", f"{PATH}/pond", 500)


def damage(folder: Path, pattern: str) -> None:
    next(folder.glob(pattern)).write_text("{")


async def test_usage_names_connectors_and_tasks(rest: Client, users: ScriptedUsers) -> None:
    await create(rest)
    users.connection, users.versions = "lake", {"orders": 1}
    assert await (await rest.get(f"{PATH}/lake/usage")).json() == {
        "name": "lake",
        "connectors": [{"connector": "orders", "tasks": [0, 1], "version": 1}],
        "tasks": 2,
    }


async def test_the_policy_is_there_to_paste(rest: Client) -> None:
    created = await create(rest)
    policy = await (await rest.get(f"{PATH}/lake/policy")).json()
    (statement,) = policy["trust_policy"]["Statement"]
    assert statement["Principal"] == {"AWS": PRINCIPAL}
    assert statement["Condition"]["StringEquals"]["sts:ExternalId"] == created["external_id"]
    assert policy["role_arn"] == ROLE["aws.sts.role.arn"]


async def test_without_a_directory_the_property_to_set_is_named(client: Client) -> None:
    assert "aws.connections.directory" in await refused(client, "GET", PATH, 400)
    assert "aws.connections.directory" in await refused(client, "POST", PATH, 400, json={"name": "a"})

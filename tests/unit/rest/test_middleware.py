from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from structlog.testing import capture_logs

from connector.rest.app import make_app

if TYPE_CHECKING:
    from tests.unit.rest.conftest import Client, InMemoryHerder

PATHS = [
    "/",
    "/health",
    "/connectors",
    "/connectors/a",
    "/connectors/a/config",
    "/connectors/a/tasks",
    "/metrics",
]


@pytest.fixture
def herder(herder: InMemoryHerder) -> InMemoryHerder:
    herder.add("a")
    return herder


@pytest.mark.parametrize("path", ["/nope", "/connectors/a/nope", "/connector", "/connectors//"])
async def test_an_unknown_path_is_404_in_connects_shape(client: Client, path: str) -> None:
    response = await client.get(path)
    assert response.status == 404
    assert response.content_type == "application/json"
    assert await response.json() == {"error_code": 404, "message": "HTTP 404 Not Found"}


async def test_a_wrong_method_is_405_and_tells_the_right_ones(client: Client) -> None:
    response = await client.delete("/connectors/a/status")
    assert response.status == 405
    assert response.headers["Allow"] == "GET,HEAD,OPTIONS"
    assert await response.json() == {"error_code": 405, "message": "HTTP 405 Method Not Allowed"}


async def test_options_tell_the_methods_even_of_connectors_that_are_not_there(client: Client) -> None:
    response = await client.options("/connectors/x/status")
    assert response.status == 200
    assert response.headers["Allow"] == "GET,HEAD,OPTIONS"
    assert response.content_type == "text/plain"
    assert await response.text() == "GET,HEAD,OPTIONS"
    assert (await client.options("/nope")).status == 404


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "application/json;q=0, */*"])
async def test_a_client_that_does_not_take_json_is_406(client: Client, accept: str) -> None:
    response = await client.get("/connectors", headers={"Accept": accept})
    assert response.status == 406
    assert await response.json() == {"error_code": 406, "message": "HTTP 406 Not Acceptable"}


@pytest.mark.parametrize(
    "accept",
    [
        "",
        "*/*",
        "application/*;q=0.1",
        "text/html, Application/JSON",
        "application/json; charset=utf-8",
        "*/*;q=x",
    ],
)
async def test_a_client_that_takes_json_gets_it(client: Client, accept: str) -> None:
    assert (await client.get("/connectors", headers={"Accept": accept})).status == 200


@pytest.mark.parametrize("content_type", ["text/plain", "application/merge-patch+json"])
async def test_a_body_that_is_not_json_is_415(client: Client, content_type: str) -> None:
    response = await client.request("GET", "/connectors", data=b"{}", headers={"Content-Type": content_type})
    assert response.status == 415
    assert await response.json() == {"error_code": 415, "message": "HTTP 415 Unsupported Media Type"}


async def test_a_request_without_a_body_may_claim_any_type(client: Client) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert (await client.get("/connectors", headers=headers)).status == 200


async def test_a_json_body_with_a_charset_is_taken(client: Client) -> None:
    headers = {"Content-Type": "application/json; charset=utf-8"}
    assert (await client.request("GET", "/connectors", data=b"{}", headers=headers)).status == 200


@pytest.mark.parametrize("path", PATHS)
async def test_a_slash_at_the_end_of_a_path_changes_nothing(client: Client, path: str) -> None:
    response = await client.get(f"{path.rstrip('/')}/", allow_redirects=False)
    assert response.status == 200
    plain = await client.get(path)
    assert response.headers["Content-Type"] == plain.headers["Content-Type"]


@pytest.mark.parametrize("path", PATHS)
async def test_head_answers_what_get_would_without_a_body(client: Client, path: str) -> None:
    response = await client.head(path)
    assert response.status == 200
    assert response.headers["Content-Type"] == (await client.get(path)).headers["Content-Type"]
    assert await response.read() == b""


async def test_what_nobody_expected_is_logged_and_not_shown(
    client: Client, herder: InMemoryHerder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> list[str]:
        raise RuntimeError("s3cret")

    monkeypatch.setattr(herder, "connectors", fail)
    with capture_logs() as logged:
        response = await client.get("/connectors")
    text = await response.text()
    assert response.status == 500
    assert (await response.json())["error_code"] == 500
    assert "s3cret" not in text
    assert "Traceback" not in text
    assert [event["event"] for event in logged] == ["request failed"]


async def test_a_body_beyond_the_limit_is_413(herder: InMemoryHerder) -> None:
    async def read(request: web.Request) -> web.Response:
        await request.read()
        return web.Response()

    app = make_app(herder)
    app.router.add_post("/read", read)
    async with TestClient(TestServer(app)) as client:
        headers = {"Content-Type": "application/json"}
        response = await client.post("/read", data=io.BytesIO(b" " * (1024 * 1024 + 1)), headers=headers)
        assert response.status == 413
        assert (await response.json())["error_code"] == 413

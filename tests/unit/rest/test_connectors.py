from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from yarl import URL

from connector.cluster.info import ConnectorInfo
from connector.cluster.status import ConnectorStatus, TaskStatus
from connector.rest.secrets import Secrets
from connector.runtime.state import State

if TYPE_CHECKING:
    from tests.unit.rest.conftest import Client, Connect, InMemoryHerder

WORKER = "10.0.0.1:8083"


@pytest.fixture
def herder(herder: InMemoryHerder) -> InMemoryHerder:
    herder.add("a", topics="t")
    herder.add("b", topics="t")
    herder.statuses["a"] = ConnectorStatus(
        "a",
        State.RUNNING,
        WORKER,
        version="1.2.0",
        tasks=[
            TaskStatus(1, State.FAILED, WORKER, trace="why", version="1.2.0"),
            TaskStatus(0, State.RUNNING, WORKER),
        ],
    )
    return herder


STATUS: dict[str, Any] = {
    "name": "a",
    "connector": {"state": "RUNNING", "worker_id": WORKER, "version": "1.2.0"},
    "tasks": [
        {"id": 0, "state": "RUNNING", "worker_id": WORKER},
        {"id": 1, "state": "FAILED", "worker_id": WORKER, "trace": "why", "version": "1.2.0"},
    ],
    "type": "sink",
}
INFO = {
    "name": "a",
    "config": {"name": "a", "topics": "t"},
    "tasks": [{"connector": "a", "task": 0}],
    "type": "sink",
}


async def get(client: Client, path: str) -> Any:
    response = await client.get(path)
    assert response.status == 200
    assert response.content_type == "application/json"
    return await response.json()


async def missing(client: Client, path: str) -> str:
    response = await client.get(path)
    answer = await response.json()
    assert response.status == answer["error_code"] == 404
    message: str = answer["message"]
    return message


async def test_connectors_are_listed_by_name(client: Client) -> None:
    assert await get(client, "/connectors") == ["a", "b"]


async def test_an_expanded_list_shows_what_is_asked_for(client: Client, herder: InMemoryHerder) -> None:
    del herder.infos["b"]
    assert await get(client, "/connectors?expand=status&expand=info") == {
        "a": {"status": STATUS, "info": INFO}
    }
    assert await get(client, "/connectors?expand=info") == {"a": {"info": INFO}}


async def test_a_connector_without_a_status_yet_is_left_out_of_the_expanded_list(client: Client) -> None:
    assert await get(client, "/connectors?expand=status") == {"a": {"status": STATUS}}


@pytest.mark.parametrize("expand", ["", "banana", "Status", "status,info"])
async def test_what_cannot_be_expanded_gives_empty_objects(client: Client, expand: str) -> None:
    assert await get(client, f"/connectors?expand={expand}") == {"a": {}, "b": {}}


async def test_a_connector_is_shown_with_config_and_tasks(client: Client) -> None:
    assert await get(client, "/connectors/a") == INFO
    assert await get(client, "/connectors/a/config") == INFO["config"]
    assert await get(client, "/connectors/a/tasks") == [
        {
            "id": {"connector": "a", "task": 0},
            "config": {"name": "a", "topics": "t", "task.class": "S3Sink"},
        }
    ]


async def test_a_status_shows_tasks_by_number_and_traces_only_of_what_failed(client: Client) -> None:
    assert await get(client, "/connectors/a/status") == STATUS
    assert await get(client, "/connectors/a/tasks/1/status") == STATUS["tasks"][1]


async def test_a_connector_without_tasks_has_an_empty_list_of_them(
    client: Client, herder: InMemoryHerder
) -> None:
    herder.infos["c"] = ConnectorInfo("c", {})
    herder.statuses["c"] = ConnectorStatus("c", State.STOPPED, WORKER)
    assert (await get(client, "/connectors/c"))["tasks"] == []
    assert await get(client, "/connectors/c/tasks") == []
    assert (await get(client, "/connectors/c/status"))["tasks"] == []


async def test_what_is_not_there_is_told_in_connects_words(client: Client) -> None:
    assert await missing(client, "/connectors/x") == "Connector x not found"
    assert await missing(client, "/connectors/x/config") == "Connector x not found"
    assert await missing(client, "/connectors/x/tasks") == "Connector x not found"
    assert await missing(client, "/connectors/x/status") == "No status found for connector x"
    assert await missing(client, "/connectors/a/tasks/7/status") == "No status found for task a-7"
    assert await missing(client, "/connectors/a/tasks/-1/status") == "No status found for task a--1"
    assert await missing(client, "/connectors/x/tasks/0/status") == "No status found for task x-0"
    assert await missing(client, "/connectors/a/tasks/one/status") == "HTTP 404 Not Found"


@pytest.mark.parametrize(
    "name", ["a b", 'q"[x]', "a;b:c#d?e+f=g&h", "größe🚀", "a/b", "100%", "{c}", "..", "\\"]
)
async def test_names_of_any_character_are_reached_by_their_encoded_path(
    client: Client, herder: InMemoryHerder, name: str
) -> None:
    herder.add(name)
    path = f"/connectors/{quote(name, safe='').replace('.', '%2E')}"
    for each in (path, f"{path}/"):
        response = await client.get(URL(each, encoded=True))
        assert (await response.json())["name"] == name


async def test_secrets_are_hidden_wherever_a_config_is_shown(client: Client, herder: InMemoryHerder) -> None:
    herder.add("s", **{"aws.secret.access.key": "s3cret", "consumer.override.sasl.jaas.config": "s3cret"})
    herder.statuses["s"] = ConnectorStatus("s", State.RUNNING, WORKER)
    for path in ("/connectors?expand=info", "/connectors/s", "/connectors/s/config", "/connectors/s/tasks"):
        text = await (await client.get(path)).text()
        assert "[hidden]" in text
        assert "s3cret" not in text


async def test_an_operator_can_choose_connects_own_echo(connect: Connect, herder: InMemoryHerder) -> None:
    herder.add("s", **{"aws.secret.access.key": "s3cret"})
    client = await connect(secrets=Secrets.RAW)
    assert await get(client, "/connectors/s/config") == {"name": "s", "aws.secret.access.key": "s3cret"}

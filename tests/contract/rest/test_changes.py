"""How connectors are configured, paused, resumed, stopped and started anew; their tasks and topics."""

from __future__ import annotations

from connector.testing.contract.rest import (
    ANY,
    Answer,
    Contains,
    Exchange,
    Has,
    OneOf,
    RestWorker,
    Scenario,
    error,
)
from connector.testing.file_stream import FILE_STREAM_SINK

SINK = {"connector.class": FILE_STREAM_SINK, "topics": "TOPIC", "tasks.max": "1"}
NAMED = {**SINK, "name": "CONNECTOR"}
MALFORMED = "Kafka Connect answers a client's mistake with 500 and a Java text; ours is 400"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
UNKNOWN = "Unknown connector CONNECTOR"
NOT_FOUND = "Connector CONNECTOR not found"

# In our cluster tasks of a paused connector are there before it is resumed, and wait.
NONE_OR_PAUSED = OneOf([], [Has({"id": 0, "state": "PAUSED"})])

CREATED = Exchange("POST /connectors", Answer(201), {"name": "CONNECTOR", "config": SINK})


def info(config: object) -> dict[str, object]:
    return {"name": "CONNECTOR", "config": config, "tasks": ANY, "type": "sink"}


def status(connector: str, *tasks: str) -> Answer:
    return Answer(
        200,
        Has(
            {
                "name": "CONNECTOR",
                "connector": Has({"state": connector, "worker_id": ANY, "version": ANY}),
                "tasks": [
                    Has({"id": number, "state": state, "worker_id": ANY})
                    for number, state in enumerate(tasks)
                ],
                "type": "sink",
            }
        ),
    )


def becomes(connector: str, *tasks: str) -> Exchange:
    return Exchange("GET /connectors/CONNECTOR/status", status(connector, *tasks), soon=True)


RUNS = becomes("RUNNING", "RUNNING")


def put(body: object, answer: Answer, connect: Answer | None = None, why: str = "") -> Exchange:
    return Exchange("PUT /connectors/CONNECTOR/config", answer, body, connect, why)


def patch(body: object, answer: Answer, connect: Answer | None = None, why: str = "") -> Exchange:
    return Exchange("PATCH /connectors/CONNECTOR/config", answer, body, connect, why)


CONFIG = [
    Scenario(
        "PUT makes a connector, then changes it",
        [
            put(SINK, Answer(201, info(NAMED), {"Content-Type": "application/json"})),
            put({**SINK, "file": "/dev/null"}, Answer(200, info({**NAMED, "file": "/dev/null"}))),
            Exchange("GET /connectors/CONNECTOR/config", Answer(200, {**NAMED, "file": "/dev/null"})),
            put({**SINK, "name": "CONNECTOR"}, Answer(200, info(NAMED))),
            put({**SINK, "name": "other"}, error(400, Contains("(other) doesn't match connector name in the URL (CONNECTOR)"))),
            put({**SINK, "tasks.max": "x"}, error(400, Contains("Invalid value x for configuration tasks.max: Not a number of type INT"))),
            put({"topics": "TOPIC"}, error(400, Contains("contains no connector type"))),
            put([], error(400), error(500), MALFORMED),
            put(b"null", error(400), error(500), MALFORMED),
            put(b"{bad", error(400), error(500), MALFORMED),
            Exchange("GET /connectors/CONNECTOR/config", Answer(200, NAMED)),
        ],
    ),
    Scenario(
        "tasks follow tasks.max",
        [
            CREATED,
            RUNS,
            put({**SINK, "tasks.max": "3"}, Answer(200)),
            becomes("RUNNING", "RUNNING", "RUNNING", "RUNNING"),
            Exchange("GET /connectors/CONNECTOR", Answer(200, Has({"tasks": [{"connector": "CONNECTOR", "task": task} for task in range(3)]})), soon=True),
            put({**SINK, "tasks.max": "1"}, Answer(200)),
            RUNS,
        ],
    ),
    Scenario(
        "PATCH changes what it names, and null removes",
        [
            patch({"file": "/dev/null"}, error(404, NOT_FOUND)),
            CREATED,
            patch({"file": "/dev/null", "a": "1"}, Answer(200, info({**NAMED, "file": "/dev/null", "a": "1"}))),
            patch({"file": None, "nothing": None}, Answer(200, info({**NAMED, "a": "1"}))),
            patch({}, Answer(200, info({**NAMED, "a": "1"}))),
            patch({"tasks.max": 2, "b": True}, Answer(200, info({**NAMED, "a": "1", "tasks.max": "2", "b": "true"}))),
            patch({"tasks.max": "none"}, error(400, Contains("Not a number of type INT"))),
            patch({"name": None}, error(400)),
            patch(
                {"name": "other"},
                error(400, Contains("doesn't match connector name")),
                Answer(200),
                "Kafka Connect stores another name under the old path, which no PUT would take",
            ),
        ],
    ),
    Scenario(
        "PATCH takes only what is JSON by its type",
        [
            CREATED,
            Exchange("PATCH /connectors/CONNECTOR/config", error(415, "HTTP 415 Unsupported Media Type"), b"{}", headers={"Content-Type": "application/merge-patch+json"}),
            patch([], error(400), error(500), MALFORMED),
            patch(b"{bad", error(400), error(500), MALFORMED),
            patch({"a": {}}, error(400, Contains("Cannot deserialize value of type `java.lang.String`")), error(500, Contains("Cannot deserialize value of type `java.lang.String`")), MALFORMED),
        ],
    ),
]  # fmt: skip

STATES = [
    Scenario(
        "pause and resume",
        [
            CREATED,
            RUNS,
            Exchange("PUT /connectors/CONNECTOR/pause", Answer(202, None)),
            becomes("PAUSED", "PAUSED"),
            Exchange("PUT /connectors/CONNECTOR/pause", Answer(202, None)),
            Exchange("PUT /connectors/CONNECTOR/resume", Answer(202, None)),
            RUNS,
            Exchange("PUT /connectors/CONNECTOR/resume", Answer(202, None)),
        ],
    ),
    Scenario(
        "stop keeps the connector without tasks",
        [
            CREATED,
            RUNS,
            Exchange("PUT /connectors/CONNECTOR/stop", Answer(204, None)),
            becomes("STOPPED"),
            Exchange("PUT /connectors/CONNECTOR/stop", Answer(204, None)),
            Exchange("GET /connectors/CONNECTOR", Answer(200, {**info(NAMED), "tasks": []}), soon=True),
            Exchange("GET /connectors/CONNECTOR/tasks", Answer(200, []), soon=True),
            Exchange("GET /connectors/CONNECTOR/tasks/0/status", error(404, "No status found for task CONNECTOR-0"), soon=True),
            put({**SINK, "tasks.max": "2"}, Answer(200)),
            becomes("STOPPED"),
            Exchange("PUT /connectors/CONNECTOR/resume", Answer(202, None)),
            becomes("RUNNING", "RUNNING", "RUNNING"),
        ],
    ),
    Scenario(
        "a stopped connector that is paused delivers nothing before it is resumed",
        [
            CREATED,
            Exchange("PUT /connectors/CONNECTOR/stop", Answer(204, None)),
            becomes("STOPPED"),
            Exchange("PUT /connectors/CONNECTOR/pause", Answer(202, None)),
            Exchange("GET /connectors/CONNECTOR/status", Answer(200, Has({"connector": Has({"state": "PAUSED"}), "tasks": NONE_OR_PAUSED})), soon=True),
            Exchange("PUT /connectors/CONNECTOR/resume", Answer(202, None)),
            RUNS,
        ],
    ),
    Scenario(
        "a paused connector stays paused when it is changed or started anew",
        [
            CREATED,
            RUNS,
            Exchange("PUT /connectors/CONNECTOR/pause", Answer(202, None)),
            becomes("PAUSED", "PAUSED"),
            put({**SINK, "tasks.max": "2"}, Answer(200)),
            becomes("PAUSED", "PAUSED"),
            Exchange("POST /connectors/CONNECTOR/restart?includeTasks=true", Answer(202)),
            becomes("PAUSED", "PAUSED"),
            Exchange("PUT /connectors/CONNECTOR/resume", Answer(202, None)),
            becomes("RUNNING", "RUNNING", "RUNNING"),
        ],
    ),
    Scenario(
        "states of a connector that is not there",
        [
            Exchange("PUT /connectors/CONNECTOR/pause", error(404, UNKNOWN)),
            Exchange("PUT /connectors/CONNECTOR/resume", error(404, UNKNOWN)),
            Exchange("PUT /connectors/CONNECTOR/stop", error(404, UNKNOWN)),
            Exchange("GET /connectors/CONNECTOR/status", error(404, "No status found for connector CONNECTOR")),
        ],
    ),
    Scenario(
        "a request without a body may say any type",
        [
            CREATED,
            Exchange(
                "PUT /connectors/CONNECTOR/pause",
                Answer(202, None),
                headers=FORM,
                connect=error(415),
                why="npm's kafka-connect-client sends this",
            ),
            Exchange("PUT /connectors/CONNECTOR/resume", Answer(202, None), headers={"Content-Type": "application/json"}),
            Exchange("PUT /connectors/CONNECTOR/pause", Answer(202, None), {"a": 1}),
        ],
    ),
]  # fmt: skip

RESTARTING = Has(
    {"connector": Has({"state": "RESTARTING"}), "tasks": [Has({"id": 0, "state": "RESTARTING"})]}
)
RESTARTS = [
    Scenario(
        "restart of the connector alone",
        [
            CREATED,
            RUNS,
            Exchange("POST /connectors/CONNECTOR/restart", Answer(204, None)),
            Exchange("POST /connectors/CONNECTOR/restart?includeTasks=false&onlyFailed=false", Answer(204, None)),
            Exchange("POST /connectors/CONNECTOR/restart?includeTasks=False&onlyFailed=banana", Answer(204, None)),
            Exchange("POST /connectors/CONNECTOR/restart?includeTasks=", Answer(204, None)),
            RUNS,
        ],
    ),
    Scenario(
        "restart with tasks",
        [
            CREATED,
            RUNS,
            Exchange("POST /connectors/CONNECTOR/restart?includeTasks=TRUE", Answer(202, RESTARTING)),
            RUNS,
        ],
    ),
    Scenario(
        "restart of what failed, where nothing did",
        [
            CREATED,
            RUNS,
            Exchange("POST /connectors/CONNECTOR/restart?onlyFailed=true", Answer(202, status("RUNNING", "RUNNING").body)),
            Exchange("POST /connectors/CONNECTOR/restart?onlyFailed=true&includeTasks=true", Answer(202, status("RUNNING", "RUNNING").body)),
        ],
    ),
    Scenario(
        "restart of what failed",
        [
            Exchange("POST /connectors", Answer(201), {"name": "CONNECTOR", "config": {**SINK, "file": "/nowhere/at/all"}}),
            becomes("RUNNING", "FAILED"),
            Exchange("GET /connectors/CONNECTOR/tasks/0/status", Answer(200, Has({"id": 0, "state": "FAILED", "trace": ANY}))),
            Exchange("POST /connectors/CONNECTOR/restart?onlyFailed=true", Answer(202, status("RUNNING", "FAILED").body)),
            Exchange(
                "POST /connectors/CONNECTOR/restart?onlyFailed=true&includeTasks=true",
                Answer(202, status("RUNNING", "RESTARTING").body),
            ),
            becomes("RUNNING", "FAILED"),
            put({**SINK, "file": "/dev/null"}, Answer(200)),
            RUNS,
        ],
    ),
    Scenario(
        "restart of one task",
        [
            CREATED,
            RUNS,
            Exchange("POST /connectors/CONNECTOR/tasks/0/restart", Answer(204, None)),
            RUNS,
            Exchange("POST /connectors/CONNECTOR/tasks/7/restart", error(404, "Unknown task: CONNECTOR-7")),
            Exchange("POST /connectors/CONNECTOR/tasks/-1/restart", error(404, "Unknown task: CONNECTOR--1")),
            Exchange("POST /connectors/CONNECTOR/tasks/x/restart", error(404, "HTTP 404 Not Found")),
            Exchange("POST /connectors/CONNECTOR/tasks/1.5/restart", error(404, "HTTP 404 Not Found")),
            Exchange("POST /connectors/CONNECTOR/tasks/99999999999/restart", error(404, "HTTP 404 Not Found")),
        ],
    ),
    Scenario(
        "restart of a stopped connector",
        [
            CREATED,
            RUNS,
            Exchange("PUT /connectors/CONNECTOR/stop", Answer(204, None)),
            becomes("STOPPED"),
            Exchange("POST /connectors/CONNECTOR/restart", Answer(204, None)),
            Exchange("POST /connectors/CONNECTOR/restart?includeTasks=true", Answer(202)),
            becomes("STOPPED"),
        ],
    ),
    Scenario(
        "restart of what is not there",
        [
            Exchange("POST /connectors/CONNECTOR/restart", error(404, "Unknown connector: CONNECTOR")),
            Exchange("POST /connectors/CONNECTOR/restart?includeTasks=true", error(404, "Unknown connector: CONNECTOR")),
            Exchange("POST /connectors/CONNECTOR/restart?onlyFailed=true", error(404, "Unknown connector: CONNECTOR")),
            Exchange("POST /connectors/CONNECTOR/tasks/0/restart", error(404, "Unknown connector: CONNECTOR")),
        ],
    ),
]  # fmt: skip

TASKS = [
    Scenario(
        "tasks show what they run with",
        [
            CREATED,
            RUNS,
            Exchange(
                "GET /connectors/CONNECTOR/tasks",
                Answer(200, [{"id": {"connector": "CONNECTOR", "task": 0}, "config": Has({"topics": "TOPIC", "task.class": ANY})}]),
            ),
            Exchange("GET /connectors/CONNECTOR/tasks/0/status", Answer(200, Has({"id": 0, "state": "RUNNING", "worker_id": ANY, "version": ANY}))),
            Exchange("GET /connectors/CONNECTOR/tasks/7/status", error(404, "No status found for task CONNECTOR-7")),
            Exchange("GET /connectors/CONNECTOR/tasks/x/status", error(404, "HTTP 404 Not Found")),
            Exchange("GET /connectors/CONNECTOR/tasks-config", error(404, "HTTP 404 Not Found")),
        ],
    ),
    Scenario(
        "tasks of a connector that is not there",
        [
            Exchange("GET /connectors/CONNECTOR/tasks", error(404, NOT_FOUND)),
            Exchange("GET /connectors/CONNECTOR/tasks/0/status", error(404, "No status found for task CONNECTOR-0")),
        ],
    ),
    Scenario(
        "topics are those that were read, until they are forgotten",
        [
            Exchange("GET /connectors/CONNECTOR/topics", Answer(200, {"CONNECTOR": {"topics": []}})),
            Exchange("PUT /connectors/CONNECTOR/topics/reset", Answer(202, None)),
            CREATED,
            Exchange("GET /connectors/CONNECTOR/topics", Answer(200, {"CONNECTOR": {"topics": ["TOPIC"]}}), soon=True),
            Exchange("PUT /connectors/CONNECTOR/topics/reset", Answer(202, None)),
            Exchange("GET /connectors/CONNECTOR/topics", Answer(200, {"CONNECTOR": {"topics": []}}), soon=True),
        ],
    ),
]  # fmt: skip

TABLE = [*CONFIG, *STATES, *RESTARTS, *TASKS]


def test_answers(worker: RestWorker, filled_topic: str, scenario: Scenario) -> None:
    worker.play(scenario, filled_topic)

"""How connectors come to be and go."""

from __future__ import annotations

from connector.testing.contract.rest import (
    ANY,
    Answer,
    Contains,
    Exchange,
    Has,
    RestWorker,
    Scenario,
    error,
)
from connector.testing.file_stream import FILE_STREAM_SINK

SINK = {"connector.class": FILE_STREAM_SINK, "topics": "TOPIC", "tasks.max": "1"}
NAMED = {**SINK, "name": "CONNECTOR"}
MALFORMED = "Kafka Connect answers a client's mistake with 500 and a Java text; ours is 400"
TASKS_AT_ONCE = [{"connector": "CONNECTOR", "task": 0}]

# Before it is resumed for the first time; in our cluster its tasks are there, and wait.


def info(config: object = NAMED, tasks: object = ANY) -> dict[str, object]:
    return {"name": "CONNECTOR", "config": config, "tasks": tasks, "type": "sink"}


def create(**rest: object) -> dict[str, object]:
    return {"name": "CONNECTOR", "config": SINK, **rest}


CREATED = Exchange("POST /connectors", Answer(201, info()), create())


def refused(
    title: str, body: object, answer: Answer, connect: Answer | None = None, why: str = ""
) -> Scenario:
    return Scenario(title, [Exchange("POST /connectors", answer, body, connect, why)])


def malformed(title: str, body: object, message: object = ANY) -> Scenario:
    return refused(title, body, error(400, message), error(500), MALFORMED)


TABLE = [
    Scenario(
        "a connector is created, shown, listed and deleted",
        [
            Exchange("POST /connectors", Answer(201, info(), {"Content-Type": "application/json"}), create()),
            Exchange("GET /connectors/CONNECTOR", Answer(200, info(tasks=TASKS_AT_ONCE)), soon=True),
            Exchange("GET /connectors/CONNECTOR/", Answer(200, info())),
            Exchange("GET /connectors/CONNECTOR/config", Answer(200, NAMED)),
            Exchange("GET /connectors", Answer(200, Contains("CONNECTOR"))),
            Exchange("GET /connectors?expand=info", Answer(200, Has({"CONNECTOR": {"info": info()}}))),
            Exchange("GET /connectors?expand=nothing", Answer(200, Has({"CONNECTOR": {}}))),
            Exchange("GET /connectors?expand=status,info", Answer(200, Has({"CONNECTOR": {}}))),
            Exchange("GET /connectors?expand=STATUS", Answer(200, Has({"CONNECTOR": {}}))),
            Exchange(
                "GET /connectors?expand=status&expand=info",
                Answer(200, Has({"CONNECTOR": Has({"info": info(), "status": ANY})})),
                soon=True,
            ),
            Exchange("DELETE /connectors/CONNECTOR", Answer(204, None)),
            Exchange("GET /connectors/CONNECTOR", error(404, "Connector CONNECTOR not found"), soon=True),
            Exchange("GET /connectors/CONNECTOR/config", error(404, "Connector CONNECTOR not found")),
            Exchange("GET /connectors/CONNECTOR/tasks", error(404, "Connector CONNECTOR not found")),
            Exchange("DELETE /connectors/CONNECTOR", error(404, "Connector CONNECTOR not found")),
        ],
    ),
    Scenario(
        "a trailing slash is fine",
        [
            Exchange("POST /connectors/", Answer(201, info()), create()),
            Exchange("GET /connectors/", Answer(200, Contains("CONNECTOR"))),
            Exchange("GET /connectors/CONNECTOR/config/", Answer(200, NAMED)),
            Exchange("PUT /connectors/CONNECTOR/config/", Answer(200, info()), SINK),
            Exchange("DELETE /connectors/CONNECTOR/", Answer(204, None)),
        ],
    ),
    Scenario(
        "a name that is taken is a conflict, after the config was checked",
        [
            CREATED,
            Exchange("POST /connectors", error(409, "Connector CONNECTOR already exists"), create()),
            Exchange(
                "POST /connectors",
                error(400, Contains("Must configure one of topics or topics.regex")),
                create(config={"connector.class": FILE_STREAM_SINK}),
            ),
        ],
    ),
    Scenario(
        "the name is trimmed, and put into the config",
        [
            Exchange("POST /connectors", Answer(201, info()), create(name=" \t CONNECTOR \u0001")),
            Exchange("GET /connectors/CONNECTOR/config", Answer(200, NAMED)),
        ],
    ),
    Scenario(
        "a name in the config that is null is replaced",
        [Exchange("POST /connectors", Answer(201, info()), create(config={**SINK, "name": None}))],
    ),
    refused(
        "a name in the config must be the one beside it",
        create(config={**SINK, "name": "other"}),
        error(
            400,
            "Connector name configuration (other) doesn't match connector name in the URL (CONNECTOR)",
        ),
    ),
    refused(
        "a name in the config is not trimmed",
        create(config={**SINK, "name": "CONNECTOR "}),
        error(400, Contains("doesn't match connector name in the URL (CONNECTOR)")),
    ),
    refused(
        "a name may not be empty",
        create(name=""),
        error(400, Contains("Invalid value  for configuration name: String may not be empty")),
    ),
    refused(
        "a name that is null is an empty one",
        create(name=None),
        error(400, Contains("Invalid value  for configuration name: String may not be empty")),
    ),
    refused(
        "a name holds no control characters",
        create(name="CONNECTOR\u0007x"),
        error(400, Contains("String may not contain control sequences but had the following ASCII chars: 7")),
    ),
    Scenario(
        "a number is its text, as a name and in a config",
        [
            Exchange(
                "POST /connectors",
                Answer(201, Has({"name": "12345", "config": {**SINK, "file.size": "1.0", "on": "true", "name": "12345"}})),
                b'{"name": 12345, "config": {"connector.class": "%s", "topics": "TOPIC",'
                b' "tasks.max": 1, "file.size": 1.0, "on": true}}' % FILE_STREAM_SINK.encode(),
            ),
            Exchange("DELETE /connectors/12345", Answer(204, None)),
        ],
    ),
    Scenario(
        "an unknown option is kept, and so is text in any language",
        [
            Exchange(
                "POST /connectors",
                Answer(201, info({**SINK, "what": "Grüße 🚀 日本", "name": "CONNECTOR"})),
                create(config={**SINK, "what": "Grüße 🚀 日本"}),
            ),
            Exchange(
                "GET /connectors/CONNECTOR/config",
                Answer(200, {**SINK, "what": "Grüße 🚀 日本", "name": "CONNECTOR"}),
            ),
        ],
    ),
    *(
        Scenario(
            f"initial_state {state}",
            [
                Exchange("POST /connectors", Answer(201, info()), create(initial_state=state)),
                Exchange(
                    "GET /connectors/CONNECTOR/status",
                    Answer(200, Has({"connector": Has({"state": shown}), "tasks": tasks})),
                    soon=True,
                ),
            ],
        )
        for state, shown, tasks in [
            ("RUNNING", "RUNNING", [Has({"id": 0, "state": "RUNNING"})]),
            ("running", "RUNNING", [Has({"id": 0, "state": "RUNNING"})]),
            (None, "RUNNING", [Has({"id": 0, "state": "RUNNING"})]),
            ("PAUSED", "PAUSED", []),
            ("Stopped", "STOPPED", []),
        ]
    ),
    malformed("an unknown initial_state", create(initial_state="NOWHERE"), Contains("Cannot construct instance")),
    malformed("an empty initial_state", create(initial_state=""), Contains("Cannot construct instance")),
    malformed("a number as initial_state", create(initial_state=1), Contains("Cannot construct instance")),
    malformed("an unknown field", create(more=1), Contains('Unrecognized field "more"')),
    malformed("no config", {"name": "CONNECTOR"}),
    malformed("a config that is null", create(config=None)),
    malformed("a config that is a list", create(config=[]), Contains("Cannot deserialize value of type")),
    malformed("a value that is an object", create(config={**SINK, "a": {}}), Contains("Cannot deserialize value of type `java.lang.String`")),
    malformed("a value that is a list", create(config={**SINK, "a": []}), Contains("Cannot deserialize value of type `java.lang.String`")),
    malformed("a body that is a list", [], Contains("Cannot deserialize value of type")),
    malformed("a body that is null", b"null"),
    malformed("a body that is empty", b""),
    malformed("a body that is no JSON", b"{bad"),
    malformed("a body that is not UTF-8", b'{"name": "\xff\xfe"}'),
    refused(
        "no class",
        create(config={"topics": "TOPIC"}),
        error(400, Contains("contains no connector type")),
    ),
    refused(
        "a class that is null",
        create(config={**SINK, "connector.class": None}),
        error(400, Contains("contains no connector type")),
    ),
    refused(
        "an unknown class",
        create(config={**SINK, "connector.class": "org.example.Nothing"}),
        error(
            400,
            Contains("Failed to find any class that implements Connector and which name matches org.example.Nothing"),
        ),
    ),
    refused(
        "an empty class",
        create(config={**SINK, "connector.class": ""}),
        error(400, Contains("Failed to find any class that implements Connector")),
    ),
    refused(
        "a class with blanks around it",
        create(config={**SINK, "connector.class": f" {FILE_STREAM_SINK} "}),
        error(400, Contains("Failed to find any class that implements Connector")),
    ),
    Scenario(
        "a short name of the class is kept as it is",
        [
            Exchange(
                "POST /connectors",
                Answer(201, info({**NAMED, "connector.class": "FileStreamSink"})),
                create(config={**SINK, "connector.class": "FileStreamSink"}),
            ),
        ],
    ),
    refused(
        "every fault is told, and where to find them",
        create(config={**SINK, "tasks.max": "0", "errors.tolerance": "some"}),
        error(
            400,
            Contains(
                "Connector configuration is invalid and contains the following 2 error(s):\n",
                "Invalid value 0 for configuration tasks.max: Value must be at least 1",
                "for configuration errors.tolerance:",
                "\nYou can also find the above list of errors at the endpoint"
                " `/connector-plugins/{connectorType}/config/validate`",
            ),
        ),
    ),
    refused(
        "a null is a fault of its option",
        create(config={**SINK, "tasks.max": None}),
        error(400, Contains("Null value can not be supplied as the configuration value.")),
    ),
    refused(
        "topics and a pattern exclude each other",
        create(config={**SINK, "topics.regex": "a.*"}),
        error(
            400,
            Contains(
                "2 error(s)",
                "topics and topics.regex are mutually exclusive options, but both are set.",
            ),
        ),
    ),
    refused(
        "one of topics and topics.regex is needed",
        create(config={"connector.class": FILE_STREAM_SINK}),
        error(400, Contains("2 error(s)", "Must configure one of topics or topics.regex")),
    ),
    *(
        Scenario(
            f"a connector named {name!r}",
            [
                Exchange(
                    "POST /connectors",
                    Answer(201, Has({"name": f"CONNECTOR {name}"}), {"Location": ANY}),
                    {"name": f"CONNECTOR {name}", "config": SINK},
                ),
                Exchange(f"GET /connectors/CONNECTOR%20{encoded}", Answer(200, Has({"name": f"CONNECTOR {name}"}))),
                Exchange(f"DELETE /connectors/CONNECTOR%20{encoded}", Answer(204, None)),
            ],
        )
        for name, encoded in [
            ("a b", "a%20b"),
            ('"quoted"', "%22quoted%22"),
            ("[x]", "%5Bx%5D"),
            ("a:b", "a:b"),
            ("#1", "%231"),
            ("why?", "why%3F"),
            ("a+b", "a+b"),
            ("a&b=c", "a&b=c"),
            ("Grüße", "Gr%C3%BC%C3%9Fe"),
            ("🚀", "%F0%9F%9A%80"),
        ]
    ),
    *(
        Scenario(
            f"a connector named {name!r}, which Kafka Connect takes and never finds again",
            [
                Exchange("POST /connectors", Answer(201, Has({"name": f"CONNECTOR{name}"})), {"name": f"CONNECTOR{name}", "config": SINK}),
                Exchange(
                    f"GET /connectors/CONNECTOR{encoded}",
                    Answer(200, Has({"name": f"CONNECTOR{name}"})),
                    connect=Answer(400),
                    why="Kafka Connect's web server refuses such paths",
                ),
                Exchange(
                    f"DELETE /connectors/CONNECTOR{encoded}",
                    Answer(204, None),
                    connect=Answer(400),
                    why="as above",
                ),
            ],
        )
        for name, encoded in [("a/b", "a%2Fb"), ("100%", "100%25"), ("a\\b", "a%5Cb")]
    ),
]  # fmt: skip


def test_answers(worker: RestWorker, filled_topic: str, scenario: Scenario) -> None:
    worker.play(scenario, filled_topic)

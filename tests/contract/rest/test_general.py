"""What holds for every path, the worker itself, and its loggers."""

from __future__ import annotations

from typing import Any

from connector.testing.contract.rest import ANY, Answer, Contains, Exchange, Has, RestWorker, Scenario, error

JSON = {"Content-Type": "application/json"}
MALFORMED = "Kafka Connect answers a client's mistake with 500 and a Java text; ours is 400"
LOGGER = "/admin/loggers/org.example.CONNECTOR"


def one(
    request: str,
    answer: Answer,
    body: Any = None,
    connect: Answer | None = None,
    why: str = "",
    headers: dict[str, str] | None = None,
) -> Scenario:
    return Scenario(
        f"{request} {body or ''} {headers or ''}", [Exchange(request, answer, body, connect, why, headers)]
    )


class AllowsAll:
    """A list of methods, whatever their order."""

    def __init__(self, *methods: str) -> None:
        self.methods = set(methods)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and set(other.replace(" ", "").split(",")) == self.methods

    def __hash__(self) -> int:
        return hash(tuple(self.methods))


def level(name: Any, modified: Any = ANY) -> dict[str, Any]:
    return {"level": name, "last_modified": modified}


TABLE = [
    one("GET /", Answer(200, {"version": ANY, "commit": ANY, "kafka_cluster_id": ANY}, JSON)),
    one("GET /health", Answer(200, {"status": "healthy", "message": "Worker has completed startup and is ready to handle requests."}, JSON)),
    one("GET /nothing", error(404, "HTTP 404 Not Found")),
    one("GET /connectors/CONNECTOR/nothing", error(404, "HTTP 404 Not Found")),
    one("DELETE /connectors", error(405, "HTTP 405 Method Not Allowed")),
    one("POST /connectors/CONNECTOR", error(405, "HTTP 405 Method Not Allowed")),
    one("GET /connectors/CONNECTOR/pause", error(405, "HTTP 405 Method Not Allowed")),
    one("PUT /connectors", error(405, "HTTP 405 Method Not Allowed"), b"{}"),
    one("HEAD /connectors", Answer(200, None, JSON)),
    one("HEAD /connectors/CONNECTOR", Answer(404, None)),
    one("HEAD /", Answer(200, None, JSON)),
    one("OPTIONS /connectors", Answer(200, ANY, {"Allow": AllowsAll("HEAD", "POST", "GET", "OPTIONS")})),
    one("OPTIONS /connectors/CONNECTOR", Answer(200, ANY, {"Allow": AllowsAll("HEAD", "DELETE", "GET", "OPTIONS")})),
    one("OPTIONS /connectors/CONNECTOR/config", Answer(200, ANY, {"Allow": AllowsAll("HEAD", "PUT", "PATCH", "GET", "OPTIONS")})),
    one("GET /connectors", error(406, "HTTP 406 Not Acceptable"), headers={"Accept": "text/html"}),
    one("GET /connectors", Answer(200), headers={"Accept": "application/json, text/plain, */*"}),
    one("POST /connectors", error(415, "HTTP 415 Unsupported Media Type"), b"{}", headers={"Content-Type": "text/plain"}),
    one("POST /connectors", error(415, "HTTP 415 Unsupported Media Type"), b"{}", headers={}),
    one("PUT /connectors/CONNECTOR/config", error(400), {"connector.class": "x"}, headers={"Content-Type": "application/json; charset=utf-8"}),
    Scenario(
        "loggers are listed, shown and set",
        [
            Exchange("GET /admin/loggers", Answer(200, Has({"root": level(ANY, None)}), JSON)),
            Exchange("GET /admin/loggers/", Answer(200, Has({"root": ANY}))),
            Exchange("GET /admin/loggers/root", Answer(200, level(ANY, None))),
            Exchange(f"GET {LOGGER}", error(404, "Logger org.example.CONNECTOR not found.")),
            Exchange(f"PUT {LOGGER}", Answer(200, ["org.example.CONNECTOR"]), {"level": "debug"}),
            Exchange(f"GET {LOGGER}", Answer(200, level("DEBUG"))),
            Exchange(f"PUT {LOGGER}", Answer(200, []), {"level": "DEBUG"}),
            Exchange(f"PUT {LOGGER}.below", Answer(200, ["org.example.CONNECTOR.below"]), {"level": "ERROR"}),
            Exchange(f"PUT {LOGGER}/", Answer(200, ["org.example.CONNECTOR", "org.example.CONNECTOR.below"]), {"level": "TRACE", "more": "1"}),
            Exchange(f"PUT {LOGGER}?scope=worker", Answer(200, Contains("org.example.CONNECTOR")), {"level": "WARN"}),
            Exchange(f"PUT {LOGGER}?scope=nowhere", Answer(200, Contains("org.example.CONNECTOR")), {"level": "INFO"}),
            Exchange(f"PUT {LOGGER}?scope=Cluster", Answer(204, None), {"level": "FATAL"}),
            Exchange(f"GET {LOGGER}", Answer(200, level("FATAL")), soon=True),
            *(Exchange(f"PUT {LOGGER}", Answer(200, ANY), {"level": name}) for name in ("OFF", "ALL", "TRACE", "DEBUG", "INFO", "WARN", "ERROR")),
        ],
    ),
    one(f"PUT {LOGGER}", error(400, "Desired 'level' parameter was not specified in request."), {}),
    one(f"PUT {LOGGER}", error(400, "Desired 'level' parameter was not specified in request."), {"level": None}),
    one(f"PUT {LOGGER}", error(404, "invalid log level 'x'."), {"level": "x"}),
    one(f"PUT {LOGGER}?scope=cluster", error(404, "invalid log level 'x'."), {"level": "x"}),
    one(f"PUT {LOGGER}", error(400, "Illegal null or empty Level name."), {"level": ""}, error(500, "Illegal null or empty Level name."), MALFORMED),
    one(f"PUT {LOGGER}", error(400), b"[]", error(500), MALFORMED),
    one(f"PUT {LOGGER}", error(415), b"{}", headers={"Content-Type": "text/plain"}),
]  # fmt: skip


def test_answers(worker: RestWorker, filled_topic: str, scenario: Scenario) -> None:
    worker.play(scenario, filled_topic)

"""The offsets of connectors (KIP-875)."""

from __future__ import annotations

from typing import Any

from connector.testing.contract.rest import Answer, Contains, Exchange, RestWorker, Scenario, error
from connector.testing.file_stream import FILE_STREAM_SINK

SINK = {"connector.class": FILE_STREAM_SINK, "topics": "TOPIC", "tasks.max": "1"}
MALFORMED = "Kafka Connect answers a client's mistake with 500 and a Java text; ours is 400"
NO_OFFSETS = "Partitions / offsets need to be provided for an alter offsets request"
OFFSETS = "/connectors/CONNECTOR/offsets"

CREATED = Exchange("POST /connectors", Answer(201), {"name": "CONNECTOR", "config": SINK})
MADE_STOPPED = Exchange(
    "POST /connectors", Answer(201), {"name": "CONNECTOR", "config": SINK, "initial_state": "STOPPED"}
)
IS_STOPPED = Exchange("GET /connectors/CONNECTOR/tasks", Answer(200, []), soon=True)


def entry(topic: Any = "TOPIC", partition: Any = 0, offset: Any = 3) -> dict[str, Any]:
    return {
        "partition": {"kafka_topic": topic, "kafka_partition": partition},
        "offset": {"kafka_offset": offset},
    }


def shows(*entries: Any) -> Exchange:
    return Exchange(f"GET {OFFSETS}", Answer(200, {"offsets": list(entries)}), soon=True)


def alter(body: Any, answer: Answer, connect: Answer | None = None, why: str = "") -> Exchange:
    return Exchange(f"PATCH {OFFSETS}", answer, body, connect, why)


def altered(*entries: Any) -> Exchange:
    return alter(
        {"offsets": list(entries)},
        Answer(200, {"message": Contains("offsets for this connector have been altered successfully")}),
    )


RESET = Exchange(
    f"DELETE {OFFSETS}",
    Answer(200, {"message": Contains("offsets for this connector have been reset successfully")}),
)


def refused(entry_: Any, message: Any) -> Exchange:
    return alter({"offsets": [entry_]}, error(400, message))


def malformed(body: Any, message: Any) -> Exchange:
    return alter(body, error(400, message), error(500), MALFORMED)


def clients_mistake(entry_: Any, message: Any) -> Exchange:
    return alter(
        {"offsets": [entry_]}, error(400, message), error(500, message), "it is the client's mistake"
    )


NOT_A_PARTITION = "The partition for a sink connector offset cannot be null or missing"
WITHOUT_KEYS = (
    "The partition for a sink connector offset must contain the keys 'kafka_topic' and 'kafka_partition'"
)
WITHOUT_OFFSET = "The offset for a sink connector should either be null or contain the key 'kafka_offset'"

NO_NUMBERS: list[tuple[Any, str]] = [(None, "null"), ("x", "x"), (1.5, "1.5"), ([], "[]")]

TABLE = [
    Scenario(
        "offsets are shown, altered while stopped, gone on with, and reset",
        [
            CREATED,
            shows(entry(offset=10)),
            alter({"offsets": [entry()]}, error(400, Contains("Connectors must be in the STOPPED state before their offsets can be modified.", "'/connectors/CONNECTOR/stop'"))),
            Exchange(f"DELETE {OFFSETS}", error(400, Contains("Connectors must be in the STOPPED state"))),
            Exchange("PUT /connectors/CONNECTOR/stop", Answer(204)),
            IS_STOPPED,
            altered(entry(offset=3)),
            shows(entry(offset=3)),
            altered(entry(offset="4")),
            shows(entry(offset=4)),
            altered(entry(offset=5), entry(offset=6)),
            shows(entry(offset=6)),
            altered(entry(partition="0", offset=99)),
            shows(entry(offset=99)),
            altered({"partition": {"kafka_topic": "TOPIC", "kafka_partition": 0}, "offset": None}),
            shows(),
            altered(entry(offset=2)),
            Exchange("PUT /connectors/CONNECTOR/resume", Answer(202)),
            shows(entry(offset=10)),
            Exchange("PUT /connectors/CONNECTOR/stop", Answer(204)),
            IS_STOPPED,
            RESET,
            shows(),
            RESET,
        ],
    ),
    Scenario(
        "offsets of a paused connector stay",
        [
            CREATED,
            shows(entry(offset=10)),
            Exchange("PUT /connectors/CONNECTOR/pause", Answer(202)),
            alter({"offsets": [entry()]}, error(400, Contains("Connectors must be in the STOPPED state"))),
        ],
    ),
    Scenario(
        "offsets of a connector that never ran",
        [
            MADE_STOPPED,
            IS_STOPPED,
            shows(),
            RESET,
            alter(
                {"offsets": [{"partition": {"kafka_topic": "TOPIC", "kafka_partition": 0}, "offset": None}]},
                Answer(200),
                error(500, Contains("Failed to alter consumer group offsets for connector CONNECTOR")),
                "what is not there may be dropped",
            ),
            altered(entry(offset=1)),
            shows(entry(offset=1)),
        ],
    ),
    Scenario(
        "offsets of a connector that is not there",
        [
            Exchange(f"GET {OFFSETS}", error(404, "Connector CONNECTOR not found")),
            Exchange(f"DELETE {OFFSETS}", error(404, "Connector CONNECTOR not found")),
            alter({"offsets": [entry()]}, error(404, "Connector CONNECTOR not found")),
            alter({}, error(400, NO_OFFSETS)),
        ],
    ),
    Scenario(
        "requests without offsets",
        [
            MADE_STOPPED,
            IS_STOPPED,
            alter({}, error(400, NO_OFFSETS)),
            alter({"offsets": None}, error(400, NO_OFFSETS)),
            alter({"offsets": []}, error(400, NO_OFFSETS)),
            malformed([], Contains("Cannot deserialize value")),
            malformed(b"{bad", Contains("Cannot deserialize")),
            malformed(b"", Contains("Cannot deserialize")),
            malformed({"offsets": [entry()], "x": 1}, Contains("Unrecognized field")),
            malformed({"offsets": [{**entry(), "x": 1}]}, Contains("Unrecognized field")),
            malformed({"offsets": {}}, Contains("Cannot deserialize value")),
            malformed({"offsets": [123]}, Contains("Cannot construct instance")),
            malformed({"offsets": [None]}, Contains("Cannot construct instance")),
            malformed({"offsets": [{"partition": 1, "offset": {}}]}, Contains("Cannot deserialize value")),
        ],
    ),
    Scenario(
        "partitions that are none",
        [
            MADE_STOPPED,
            IS_STOPPED,
            refused({"offset": {"kafka_offset": 1}}, NOT_A_PARTITION),
            refused({"partition": None, "offset": {"kafka_offset": 1}}, NOT_A_PARTITION),
            refused({"partition": {}, "offset": {"kafka_offset": 1}}, WITHOUT_KEYS),
            refused({"partition": {"kafka_topic": "t"}, "offset": {"kafka_offset": 1}}, WITHOUT_KEYS),
            refused({"partition": {"kafka_partition": 0}, "offset": {"kafka_offset": 1}}, WITHOUT_KEYS),
            refused(entry(topic=None), "Kafka topic names must be valid strings and may not be null"),
            refused(entry(partition=None), "Kafka partitions must be valid numbers and may not be null"),
            *(
                refused(
                    entry(partition=value),
                    f"Failed to parse the following Kafka partition value in the provided offsets: '{shown}'."
                    " Partition values for sink connectors need to be integers.",
                )
                for value, shown in [("x", "x"), (0.5, "0.5"), ([], "[]"), (99999999999, "99999999999")]
            ),
            clients_mistake(entry(topic="no-such-topic"), Contains("Failed to alter consumer group offsets for connector CONNECTOR")),
            clients_mistake(entry(topic=7), Contains("Failed to alter consumer group offsets for connector CONNECTOR")),
            clients_mistake(entry(partition=7), Contains("Failed to alter consumer group offsets for connector CONNECTOR")),
            alter({"offsets": [entry(partition=-1)]}, error(400), error(500), "it is the client's mistake"),
        ],
    ),
    Scenario(
        "offsets that are none",
        [
            MADE_STOPPED,
            IS_STOPPED,
            refused({"partition": entry()["partition"], "offset": {}}, WITHOUT_OFFSET),
            refused({"partition": entry()["partition"], "offset": {"x": 1}}, WITHOUT_OFFSET),
            *(
                refused(
                    entry(offset=value),
                    f"Failed to parse the following Kafka offset value in the provided offsets: '{shown}'."
                    " Offset values for sink connectors need to be integers.",
                )
                for value, shown in NO_NUMBERS
            ),
            clients_mistake(entry(offset=-5), Contains("Failed to modify offsets for sink connector CONNECTOR")),
            altered({"partition": {**entry()["partition"], "x": 1}, "offset": {"kafka_offset": 1, "x": 1}}),
        ],
    ),
]  # fmt: skip


def test_answers(worker: RestWorker, filled_topic: str, scenario: Scenario) -> None:
    worker.play(scenario, filled_topic)

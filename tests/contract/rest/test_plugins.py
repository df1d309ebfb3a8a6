"""Plug-ins, their options, and validation."""

from __future__ import annotations

from typing import Any

from connector.testing.contract.rest import ANY, Answer, Contains, Exchange, Has, RestWorker, Scenario, error
from connector.testing.file_stream import FILE_STREAM_SINK

SINK = {"connector.class": FILE_STREAM_SINK, "topics": "a,b", "name": "CONNECTOR"}
MALFORMED = "Kafka Connect answers a client's mistake with 500 and a Java text; ours is 400"
MISTAKE = "Kafka Connect answers 400 where a connector is made, and 500 here"
ONE_FAULT = "Kafka Connect tells of a value that cannot be read a second time, as one that is null"
VALIDATE = "PUT /connector-plugins/FileStreamSink/config/validate"
BASE_KEYS = (
    "name", "connector.class", "tasks.max", "tasks.max.enforce", "key.converter", "value.converter",
    "header.converter", "topics", "topics.regex", "transforms", "predicates", "config.action.reload",
    "errors.retry.timeout", "errors.retry.delay.max.ms", "errors.tolerance", "errors.log.enable",
    "errors.log.include.messages", "errors.deadletterqueue.topic.name",
    "errors.deadletterqueue.topic.replication.factor", "errors.deadletterqueue.context.headers.enable",
    "connector.plugin.version", "key.converter.plugin.version",
    "value.converter.plugin.version", "header.converter.plugin.version",
)  # fmt: skip


class Keys:
    """A list of configs, or of definitions, in which these keys are."""

    def __init__(self, *names: str) -> None:
        self.names = names

    def __eq__(self, other: object) -> bool:
        return isinstance(other, list) and set(self.names) <= {self._name(each) for each in other}

    def __hash__(self) -> int:
        return hash(self.names)

    @staticmethod
    def _name(each: Any) -> Any:
        return each.get("name") or each["value"]["name"]


class Sinks:
    """A list of connectors, without plug-ins of other kinds."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, list) and {each["type"] for each in other} <= {"sink", "source"}

    def __hash__(self) -> int:
        return 0


class Faults:
    """A list of configs, in which these and no others have errors, with these parts."""

    def __init__(self, **errors: Any) -> None:
        self.errors = {key.replace("__", "."): value for key, value in errors.items()}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, list):
            return False
        found = {each["value"]["name"]: each["value"]["errors"] for each in other if each["value"]["errors"]}
        return found.keys() == self.errors.keys() and all(
            any(text in error for error in found[key]) for key, text in self.errors.items()
        )

    def __hash__(self) -> int:
        return hash(tuple(self.errors))

    def __repr__(self) -> str:
        return f"Faults({self.errors})"


def valued(name: str, value: Any, **definition: Any) -> Contains:
    return Contains(
        Has({"definition": Has({"name": name, **definition}), "value": Has({"name": name, "value": value})})
    )


def valid(
    title: str, config: dict[str, Any], *, configs: Any = ANY, connect: Answer | None = None, why: str = ""
) -> Scenario:
    answer = Answer(200, Has({"name": FILE_STREAM_SINK, "error_count": 0, "configs": configs}))
    return Scenario(title, [Exchange(VALIDATE, answer, {**SINK, **config}, connect, why)])


def faulty(
    title: str,
    config: dict[str, Any],
    *,
    times: int | None = None,
    connect_times: int | None = None,
    without: tuple[str, ...] = (),
    why: str = "",
    **faults: Any,
) -> Scenario:
    sent = {key: value for key, value in {**SINK, **config}.items() if key not in without}
    expected = Faults(**faults)
    count = len(faults) if times is None else times
    answer = Answer(200, Has({"error_count": count, "configs": expected}))
    connect = (
        None
        if connect_times is None
        else Answer(200, Has({"error_count": connect_times, "configs": expected}))
    )
    return Scenario(title, [Exchange(VALIDATE, answer, sent, connect, why)])


def one(
    request: str, answer: Answer, body: Any = None, connect: Answer | None = None, why: str = ""
) -> Scenario:
    return Scenario(f"{request} {str(body)[:40]}", [Exchange(request, answer, body, connect, why)])


PLUGIN = {"class": FILE_STREAM_SINK, "type": "sink", "version": ANY}
CONVERTER = {"class": "org.apache.kafka.connect.storage.StringConverter", "type": "converter", "version": ANY}

TABLE = [
    one("GET /connector-plugins", Answer(200, Contains(PLUGIN))),
    one("GET /connector-plugins/", Answer(200, Contains(PLUGIN))),
    one("GET /connector-plugins?connectorsOnly=true", Answer(200, Contains(PLUGIN))),
    one("GET /connector-plugins?connectorsOnly=", Answer(200, Sinks())),
    *(
        one(
            f"GET /connector-plugins?connectorsOnly={value}",
            Answer(
                200,
                Contains(
                    PLUGIN,
                    CONVERTER,
                    {**CONVERTER, "type": "header_converter"},
                    {"class": "org.apache.kafka.connect.transforms.Filter", "type": "transformation", "version": ANY},
                    {"class": "org.apache.kafka.connect.transforms.predicates.RecordIsTombstone", "type": "predicate", "version": ANY},
                ),
            ),
        )
        for value in ("false", "maybe")
    ),
    *(
        one(
            f"GET /connector-plugins/{name}/config",
            Answer(200, Keys("file", "topics", "topics.regex", "errors.tolerance")),
        )
        for name in (FILE_STREAM_SINK, "FileStreamSink", "FileStreamSinkConnector")
    ),
    one("GET /connector-plugins/FileStreamSink/config?version=latest", Answer(200, Keys("file"))),
    one(
        "GET /connector-plugins/FileStreamSink/config?version=99.9",
        error(400, Contains("not found that matches the version range", "available versions: [")),
    ),
    one(
        "GET /connector-plugins/FileStreamSink/config?version=",
        error(400),
    ),
    one("GET /connector-plugins/Nothing/config", error(404, "Unknown plugin Nothing.")),
    one("GET /connector-plugins/Nothing/config?version=1", error(404, "Unknown plugin Nothing.")),
    one("GET /connector-plugins/JsonConverter/config", Answer(200, Keys("schemas.enable", "schemas.cache.size"))),
    one("GET /connector-plugins/TopicNameMatches/config", Answer(200, Keys("pattern"))),
    Scenario(
        "a definition has Kafka Connect's fields",
        [
            Exchange(
                "GET /connector-plugins/FileStreamSink/config",
                Answer(
                    200,
                    Contains(
                        Has(
                            {
                                "name": "topics", "type": "LIST", "required": False, "default_value": "",
                                "importance": "HIGH", "documentation": ANY, "group": "Common", "order_in_group": ANY,
                                "width": "LONG", "display_name": ANY, "dependents": [],
                            }
                        )
                    ),
                ),
            )
        ],
    ),
    valid("a connector without faults", {}, configs=Keys(*BASE_KEYS, "file")),
    valid("lists are joined", {"topics": " a , b "}, configs=valued("topics", "a,b", type="LIST")),
    valid("defaults are shown", {}, configs=valued("tasks.max", "1", type="INT", default_value="1", required=False)),
    valid("values are shown", {"tasks.max": " 7 "}, configs=valued("tasks.max", "7")),
    valid("numbers and booleans are text", {"tasks.max": 7, "errors.log.enable": True}, configs=valued("tasks.max", "7")),
    valid("the worker's converters are the defaults", {}, configs=valued("value.converter", "org.apache.kafka.connect.storage.StringConverter", default_value="org.apache.kafka.connect.storage.StringConverter")),
    valid("options of a converter are shown with its prefix", {"value.converter": "org.apache.kafka.connect.json.JsonConverter", "value.converter.schemas.enable": "false"}, configs=valued("value.converter.schemas.enable", "false", type="BOOLEAN")),
    valid("options of a transform are shown with its prefix", {"transforms": "f", "transforms.f.type": "org.apache.kafka.connect.transforms.Filter", "transforms.f.predicate": "t", "predicates": "t", "predicates.t.type": "org.apache.kafka.connect.transforms.predicates.TopicNameMatches", "predicates.t.pattern": "a"}, configs=valued("predicates.t.pattern", "a", required=True, default_value=None)),
    valid("an unknown option is no fault and is not listed", {"what": "1"}),
    faulty("a number that is none", {"tasks.max": "many"}, tasks__max="Invalid value many for configuration tasks.max: Not a number of type INT", connect_times=2, why=ONE_FAULT),
    faulty("a number that is too small", {"tasks.max": "0"}, tasks__max="Invalid value 0 for configuration tasks.max: Value must be at least 1"),
    faulty("a boolean that is none", {"errors.log.enable": "maybe"}, errors__log__enable="Invalid value maybe for configuration errors.log.enable: Expected value to be either true or false"),
    faulty("no name", {}, without=("name",), name='Missing required configuration "name" which has no default value.'),
    faulty("an empty name", {"name": ""}, name="Invalid value  for configuration name: String may not be empty"),
    faulty("no topics", {}, without=("topics",), topics="Must configure one of topics or topics.regex", topics__regex="Must configure one of topics or topics.regex"),
    faulty("topics and a pattern", {"topics.regex": "a"}, topics="mutually exclusive", topics__regex="mutually exclusive"),
    faulty("the same topic twice", {"topics": "a,a"}, topics="Configuration 'topics' values must not be duplicated."),
    faulty("a pattern that is none", {"topics.regex": "*"}, without=("topics",), topics__regex="Invalid regex"),
    faulty("a converter that is not there", {"value.converter": "org.example.X"}, value__converter="Invalid value org.example.X for configuration value.converter: Class org.example.X could not be found."),
    faulty("a choice that is none", {"config.action.reload": "never"}, config__action__reload="Invalid value never for configuration config.action.reload"),
    faulty("a transform without a type", {"transforms": "a"}, transforms__a__type='Missing required configuration "transforms.a.type" which has no default value.'),
    faulty("a negation without a predicate", {"transforms": "f", "transforms.f.type": "org.apache.kafka.connect.transforms.Filter", "transforms.f.negate": "true"}, transforms__f__type="Config 'transforms.f.negate' was provided but there is no config 'transforms.f.predicate' defining a predicate to be negated."),
    faulty("a faulty option of a converter", {"value.converter": "org.apache.kafka.connect.json.JsonConverter", "value.converter.schemas.enable": "maybe"}, value__converter__schemas__enable="Invalid value maybe for configuration schemas.enable: Expected value to be either true or false"),
    faulty("a null of an option", {"tasks.max": None}, tasks__max="Null value can not be supplied as the configuration value.", connect_times=2, why=ONE_FAULT),
    faulty("a null of what nobody knows", {"what": None}, what="Null value can not be supplied as the configuration value."),
    Scenario("a null that nobody knows has no definition", [Exchange(VALIDATE, Answer(200, Has({"configs": Contains(Has({"definition": None}))})), {**SINK, "what": None})]),
    one(
        VALIDATE,
        error(400, "Included connector type org.example.Other does not match request type FileStreamSink"),
        {**SINK, "connector.class": "org.example.Other"},
    ),
    one(f"PUT /connector-plugins/{FILE_STREAM_SINK}/config/validate", Answer(200, Has({"error_count": 0})), SINK),
    one(
        f"PUT /connector-plugins/{FILE_STREAM_SINK}/config/validate",
        Answer(200, Has({"error_count": 0})),
        {**SINK, "connector.class": "FileStreamSink"},
        error(400, Contains("does not match request type")),
        "both are names of one plug-in",
    ),
    one("PUT /connector-plugins/FileStreamSinkConnector/config/validate/", Answer(200, Has({"error_count": 0})), SINK),
    one(VALIDATE, error(400, Contains("contains no connector type")), {"topics": "t"}, error(500, Contains("contains no connector type")), MISTAKE),
    one(
        "PUT /connector-plugins/Nothing/config/validate",
        error(400, Contains("Failed to find any class that implements Connector and which name matches")),
        {**SINK, "connector.class": "Nothing"},
        error(500, Contains("Failed to find any class that implements Connector and which name matches")),
        MISTAKE,
    ),
    one(VALIDATE, error(400), [], error(500), MALFORMED),
    one(VALIDATE, error(400), b"{bad", error(500), MALFORMED),
    one(VALIDATE, error(400), b"null", error(500), MALFORMED),
    one(VALIDATE, error(400), {**SINK, "a": {}}, error(500), MALFORMED),
]  # fmt: skip


def test_answers(worker: RestWorker, filled_topic: str, scenario: Scenario) -> None:
    worker.play(scenario, filled_topic)

"""What users get wrong in chains of transforms: every fault at once, by the names that they wrote."""

from __future__ import annotations

import pytest

from connector.errors import ConfigError
from connector.record import Record, RecordBatch, TopicPartition
from connector.runtime.blueprint import Blueprint, draw
from connector.settings import WorkerSettings

KAFKA = "org.apache.kafka.connect.transforms."
TOMBSTONES = {"predicates": "p", "predicates.p.type": KAFKA + "predicates.RecordIsTombstone"}
MASK = {"transforms": "a", "transforms.a.type": KAFKA + "MaskField$Value", "transforms.a.fields": "x"}
DROP = {"transforms": "a", "transforms.a.type": KAFKA + "Filter", **TOMBSTONES, "transforms.a.predicate": "p"}


def drawn(options: dict[str, str]) -> Blueprint:
    raw = {"name": "c", "connector.class": "s3", "topics": "orders", "aws.s3.bucket.name": "lake", **options}
    return draw(raw, WorkerSettings.of({"bootstrap.servers": "k:1"}, {}))


@pytest.mark.parametrize(
    ("options", "faults"),
    [
        ({**MASK, "transforms": "a,a"}, {"transforms": "Duplicate alias provided."}),
        ({**DROP, "predicates": "p, p"}, {"predicates": "Duplicate alias provided."}),
        ({**MASK, "transforms": "a,"}, {"transforms": "An alias is empty"}),
        (
            {**DROP, "transforms.a.negate": "yes"},
            {
                "transforms.a.negate": "Invalid value yes for configuration transforms.a.negate:"
                " Expected value to be either true or false"
            },
        ),
        ({**DROP, "transforms.a.predicate": ""}, {"transforms.a.predicate": "is empty: name a predicate"}),
        (
            {
                "transforms": "a,b,c,c",
                "transforms.a.type": KAFKA + "Cast$Value",
                "transforms.a.spec": "n:int99",
                "transforms.b.predicate": "nowhere",
                "predicates": "p",
                "predicates.p.type": KAFKA + "predicates.TopicNameMatches",
                "transforms.c.type": "io.debezium.transforms.ExtractNewRecordState",
            },
            {
                "transforms": "Duplicate alias provided.",
                "transforms.a.spec": "for configuration transforms.a.spec: Invalid type found",
                "transforms.b.type": 'Missing required configuration "transforms.b.type"',
                "transforms.b.predicate": "names no predicate: declare nowhere",
                "transforms.c.type": "ExtractField$Value with field=after",
                "predicates.p.pattern": 'Missing required configuration "predicates.p.pattern"',
            },
        ),
        (
            {"transforms": "a", "transforms.a.type": KAFKA + "ReplaceField"},
            {"transforms.a.type": "Say what it changes: " + KAFKA + "ReplaceField$Value or "},
        ),
        (
            {"errors.deadletterqueue.topic.name": "dead letters"},
            {"errors.deadletterqueue.topic.name": "no topic can have this name"},
        ),
        (
            {"errors.deadletterqueue.topic.replication.factor": "0"},
            {"errors.deadletterqueue.topic.replication.factor": "Value must be -1"},
        ),
    ],
)
def test_faults_of_a_chain_come_together_by_the_names_that_users_wrote(
    options: dict[str, str], faults: dict[str, str]
) -> None:
    with pytest.raises(ConfigError) as raised:
        drawn(options)
    found = {problem.option: problem.message for problem in raised.value.problems}
    assert found.keys() == faults.keys()
    for option, message in faults.items():
        assert message in found[option]


def test_blanks_around_a_predicate_and_its_negation_mean_nothing() -> None:
    blanks = {"transforms.a.type": f" {KAFKA}Filter ", "transforms.a.predicate": " p "}
    (step,) = drawn({**DROP, **blanks, "transforms.a.negate": " TRUE "}).make_steps()
    assert step._negate is True
    assert step._predicate is not None


def test_fields_that_configs_of_older_kafkas_leave_out_are_left_out() -> None:
    replace = {"transforms": "a", "transforms.a.type": KAFKA + "ReplaceField$Value"}
    blueprint = drawn({**replace, "transforms.a.blacklist": "ssn", "transforms.a.whitelist": "id,ssn"})
    batch = RecordBatch.of(TopicPartition("orders", 0), [Record(0, None, {"id": 1, "ssn": 2, "x": 3})])
    (step,) = blueprint.make_steps()
    assert list(step.apply(batch).values) == [{"id": 1}]
    assert not blueprint.unknown


@pytest.mark.parametrize(
    ("options", "unread"),
    [
        (
            {**MASK, "transforms.a.replacment": "***"},
            {"transforms.a.replacment": "transforms.a.replacement"},
        ),
        ({**MASK, "transforms.b.type": KAFKA + "Filter"}, {"transforms.b.type": None}),
        ({**DROP, "predicates.q.type": "x"}, {"predicates.q.type": None}),
        ({"transforms.a.type": KAFKA + "Filter"}, {"transforms.a.type": None}),
        ({**DROP, "transforms.a.negate": "true", "transforms.a.plugin.version": "4.1"}, {}),
        (
            {"value.converter": "Json", "value.converter.schema.enable": "false"},
            {"value.converter.schema.enable": "value.converter.schemas.enable"},
        ),
        (
            {"value.converter.schemas.enable": "false"},
            {"value.converter.schemas.enable": "value.converter"},
        ),
        (
            {
                "value.converter": "Avro",
                "value.converter.schema.registry.url": "http://r",
                "value.converter.auto.register.schemas": "false",
            },
            {},
        ),
    ],
)
def test_options_of_plug_ins_that_nothing_reads_are_told(
    options: dict[str, str], unread: dict[str, str | None]
) -> None:
    assert drawn(options).unknown == unread

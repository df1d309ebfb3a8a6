"""Java classes that configs often name and that are not here: whose they are, and what does their work."""

from __future__ import annotations

_AIVEN = "io.aiven.kafka.connect.transforms."
_KAFKA = "org.apache.kafka.connect.transforms."
_SOURCE = "for source connectors, which this worker does not run"

_INSTEAD = {
    "io.debezium.transforms.ExtractNewRecordState": f"It is Debezium's: {_KAFKA}ExtractField$Value with"
    " field=after leaves the new state, and a tombstone for a delete. Or have the source unwrap.",
    "io.debezium.transforms.UnwrapFromEnvelope": f"It is Debezium's: {_KAFKA}ExtractField$Value with"
    " field=after leaves the new state, and a tombstone for a delete. Or have the source unwrap.",
    "io.debezium.transforms.ByLogicalTableRouter": f"It is Debezium's: {_KAFKA}RegexRouter gives topics"
    " other names.",
    "io.debezium.transforms.outbox.EventRouter": f"It is Debezium's, {_SOURCE}.",
    "io.debezium.transforms.Filter": "It is Debezium's: the transform expression with filter keeps records"
    " by a condition.",
    "io.debezium.transforms.": "It is Debezium's: use a transform of Kafka, or expression.",
    "io.confluent.connect.transforms.Filter$": "It is Confluent's: the transform expression with filter keeps"
    " records by a condition.",
    "io.confluent.connect.transforms.ExtractTopic$": f"It is Confluent's: {_AIVEN}ExtractTopic$Value does"
    " that with field.name.",
    "io.confluent.connect.transforms.TombstoneHandler": f"It is Confluent's: {_AIVEN}TombstoneHandler does"
    " that.",
    "io.confluent.connect.transforms.TopicRegexRouter": f"It is Confluent's: {_KAFKA}RegexRouter does that.",
    "io.confluent.connect.transforms.Drop$": f"It is Confluent's: {_KAFKA}Filter leaves records out, and"
    " expression with value=`null` values.",
    "io.confluent.connect.transforms.ReplaceField$": f"It is Confluent's: {_KAFKA}ReplaceField$Value does"
    " that at the top level.",
    "io.confluent.connect.transforms.": "It is Confluent's: use a transform of Kafka, or expression.",
    "io.confluent.connect.replicator.util.ByteArrayConverter": "It is Confluent's:"
    " org.apache.kafka.connect.converters.ByteArrayConverter does the same.",
    "io.apicurio.registry.utils.converter.": "It is Apicurio's: what producers write in its"
    " compatibility mode, with ids of 4 bytes, io.confluent.connect.avro.AvroConverter reads from the"
    " registry's path /apis/ccompat/v7.",
    "com.blueapron.connect.protobuf.": "It is Blue Apron's: Protobuf is read here with a Schema Registry, by"
    " io.confluent.connect.protobuf.ProtobufConverter.",
    "com.github.jcustenborder.": "It is a community's: use a transform of Kafka or Aiven, or expression.",
}


def instead_of(name: str) -> str:
    """What to do where this class is named, with a leading blank; nothing if nobody knows."""
    found = max((each for each in _INSTEAD if name.startswith(each)), key=len, default=None)
    return f" {_INSTEAD[found]}" if found else ""

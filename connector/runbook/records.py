"""Records that fail, where they go, and the Schema Registry."""

from __future__ import annotations

from connector.error_codes import ErrorCode
from connector.runbook.entry import READ_AGAIN, WAITS, Entry

_BY_TOLERANCE = (
    "With `errors.tolerance=none` nothing: the task stopped before the record, and whatever is behind it waits."
    " With `all` the record was left out, and is in the dead letter queue if there is one."
)

RECORDS = (
    Entry(
        ErrorCode.RECORD_UNCONVERTIBLE,
        "a converter cannot read a record",
        "Tolerance exceeded in error handler: record orders-0 at offset 17, stage VALUE_CONVERTER, class …: …",
        "The bytes of key, value or header are not what the converter of that stage expects: mostly the wrong"
        " converter, `schemas.enable` set the wrong way, or one producer that writes something else.",
        _BY_TOLERANCE,
        "Look at the record: `kafka-console-consumer.sh --topic T --partition P --offset O --max-messages 1`. If"
        " all records are like it, change the converter. If it is alone, set `errors.tolerance=all` with"
        " `errors.deadletterqueue.topic.name`, then restart.",
        "converters.md",
    ),
    Entry(
        ErrorCode.RECORD_UNTRANSFORMABLE,
        "a transform cannot be applied to a record",
        "… stage TRANSFORMATION, class org.apache.kafka.connect.transforms.Cast$Value: …",
        "The record lacks a field, or has it in a type that the transform does not take.",
        _BY_TOLERANCE,
        "Give the transform a predicate that leaves such records alone, or correct its options; for single"
        " records a dead letter queue.",
        "transforms.md#the-predicates",
    ),
    Entry(
        ErrorCode.RECORD_UNFIT,
        "the sink cannot write a record as it is asked to",
        "… stage TASK_PUT, class ParquetFormat: The record does not fit its schema: …",
        "The value has no place in the format, the name of the object or the message: a null, a type that the"
        " schema does not have, a field that an expression needs, a name that is too long.",
        _BY_TOLERANCE,
        "The message names the field or option. Choose another format or schema policy, set"
        " `behavior.on.null.values`, mend the record with a transform, or send it to a dead letter queue.",
        "s3-sink.md#nulls-and-records-that-do-not-fit",
    ),
    Entry(
        ErrorCode.RECORD_TOO_LARGE,
        "a message is larger than the service takes",
        "the message has 1200000 bytes as the service counts, and 1048576 are allowed: send smaller records, …",
        "Counted as the service counts: body, attributes and key together.",
        _BY_TOLERANCE,
        "Store large bodies in S3 with `oversize.policy` and `oversize.s3.bucket.name` where the sink offers it,"
        " raise the limit of the queue or stream, compress, or drop fields with a transform.",
        "sqs-sink.md#messages",
    ),
    Entry(
        ErrorCode.RECORD_REFUSED,
        "the service refuses a message for what is in it",
        "… stage TASK_PUT, class SqsSink: refused with InvalidMessageContents: …",
        "The service said that this entry can never succeed; others of the same request were taken.",
        _BY_TOLERANCE,
        "The service's words say what it is about: characters it does not take, an attribute, an id. Mend it with"
        " a transform or an option of the sink, or send such records to a dead letter queue.",
        "errors.md",
    ),
    Entry(
        ErrorCode.RETRIES_EXHAUSTED,
        "what a conversion needs did not come back in time",
        "convert was given up after errors.retry.timeout, and nothing is committed beyond what was delivered: …",
        "The message ends with what was not to be had, mostly a Schema Registry; the cause above it has its own"
        " meaning, as registry-unreachable.",
        READ_AGAIN,
        "Bring back what is named, then restart the task. `errors.retry.timeout=-1`, the default, waits instead.",
        "errors.md",
    ),
    Entry(
        ErrorCode.ERRANT_RECORD_UNREADABLE,
        "a record could not be read again for the dead letter queue",
        "Errant records of orders-0 could not be read again: no answer in time",
        "What goes to the dead letter queue is the original, which is read once more from its topic.",
        WAITS,
        "Look at the brokers of the topic. It ends by itself once they answer.",
        "errors.md#the-dead-letter-queue",
    ),
    Entry(
        ErrorCode.DEAD_LETTER_QUEUE_REFUSES,
        "the dead letter queue does not take a record",
        "Records of orders-0 were refused by the dead letter queue orders-dead with MSG_SIZE_TOO_LARGE (…)",
        "A record that cannot be delivered cannot be put aside either, so the task stops rather than lose it. What may"
        " pass was tried again before, for `producer.override.delivery.timeout.ms`, with a warning each time.",
        READ_AGAIN,
        "Do what the message says: raise `max.message.bytes` of that topic, grant WRITE, bring back brokers that hold"
        " its replicas or lower its `min.insync.replicas`, create the topic that somebody has deleted."
        " Then restart the task.",
        "errors.md#the-dead-letter-queue",
    ),
    Entry(
        ErrorCode.DEAD_LETTER_TOPIC_UNAVAILABLE,
        "the topic of the dead letter queue cannot be found, made or written",
        "The dead letter topic orders-dead could not be created: INVALID_REPLICATION_FACTOR (…): set …",
        "At start the task sees to the topic, before it reads a record that may need it.",
        READ_AGAIN,
        "Set `errors.deadletterqueue.topic.replication.factor` to at most the number of brokers, create the topic"
        " by hand, or grant CREATE and DESCRIBE.",
        "errors.md#the-dead-letter-queue",
    ),
    Entry(
        ErrorCode.REGISTRY_UNREACHABLE,
        "no Schema Registry answers",
        "retrying operation=convert error=schema.registry.url: http://registry:8081 does not answer (…)",
        "None of the URLs answers, or all answer with 429 or 5xx; or whoever gives tokens for it, or Glue, does so.",
        WAITS,
        "`curl -s URL/subjects` from the worker's machine. If the registry runs, correct `schema.registry.url`,"
        " or allow outbound traffic to it.",
        "converters.md#schema-registry",
    ),
    Entry(
        ErrorCode.REGISTRY_ACCESS_DENIED,
        "the Schema Registry refuses the worker",
        "schema.registry.url: http://registry:8081 refuses with 401: correct basic.auth.user.info or …",
        "User, password or token are wrong, or may not read schemas; or the OAuth server gives no token.",
        READ_AGAIN,
        "Correct `basic.auth.user.info`, `bearer.auth.token` or `bearer.auth.client.*`, or let the user read subjects; restart the task.",
        "converters.md#schema-registry",
    ),
    Entry(
        ErrorCode.REGISTRY_NONE_THERE,
        "what answers is no Schema Registry",
        "schema.registry.url: http://registry:8081 answers 302, as no registry does: correct the URL.",
        "The URL leads to a proxy, a login page or another service; or the path of the registry is missing in it.",
        READ_AGAIN,
        "`curl -si URL/subjects` must answer a JSON list. Correct the URL, and restart the task.",
        "converters.md#schema-registry",
    ),
    Entry(
        ErrorCode.REGISTRY_CERTIFICATE,
        "the certificate of the Schema Registry is not accepted",
        "schema.registry.url: https://registry:8081 shows a certificate that is not accepted (…)",
        "An authority signed it that the worker does not know, or it is of another host, or over.",
        READ_AGAIN,
        "Set `schema.registry.ssl.truststore.location` to the authority's certificates in PEM; restart the task.",
        "converters.md#schema-registry",
    ),
    Entry(
        ErrorCode.SCHEMA_COMPILER,
        "a schema cannot be compiled at the moment",
        "protoc, which reads the schema, cannot be run: [Errno 28] No space left on device",
        "protoc reads schemas of Protobuf from AWS Glue in a process of its own, with a folder for temporary files.",
        WAITS,
        "Give the worker a folder for temporary files that it may write (`TMPDIR`), memory and processes; a machine"
        " that is very busy gets over it by itself.",
        "converters.md#protobuf-of-glue",
    ),
)

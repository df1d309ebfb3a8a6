"""Kafka, its groups, and the topics of the cluster of workers."""

from __future__ import annotations

from connector.error_codes import ErrorCode
from connector.runbook.entry import LOOKED, NOT_STARTED, READ_AGAIN, WAITS, Entry

_REDELIVERED = (
    "Nothing. The records are delivered again by whoever reads on: no duplicates into S3 exactly once, some"
    " elsewhere."
)

KAFKA = (
    Entry(
        ErrorCode.KAFKA_UNREACHABLE,
        "no broker answers",
        "bootstrap.servers: no broker of broker-1:9092 answered within 10 s (…): check the addresses, …",
        "At start the worker reaches none of the brokers: names, network, or security that does not match"
        " theirs. A broker that wants TLS looks like one that is silent.",
        NOT_STARTED,
        "From the worker's machine: `nc -zv HOST PORT`. Then compare `security.protocol`, `sasl.*` and `ssl.*`"
        " with the listener of the brokers, and look whether the addresses that brokers advertise can be reached.",
        "worker.md#properties",
    ),
    Entry(
        ErrorCode.KAFKA_AUTHORIZATION,
        "the worker's principal may not read",
        "Kafka refuses: Topic authorization failed; grant READ and DESCRIBE on the topic to the worker's principal.",
        "An ACL is missing, on the topic or on the group `connect-NAME`.",
        READ_AGAIN,
        "`kafka-acls.sh --bootstrap-server HOST --add --allow-principal User:WORKER --operation Read"
        " --operation Describe --topic TOPIC --group connect-NAME`, then restart the task.",
        "distributed.md#permissions-in-kafka",
    ),
    Entry(
        ErrorCode.KAFKA_CLIENT,
        "Kafka's client reports a fault",
        "kafka client error reason=_ALL_BROKERS_DOWN error=…; or: Kafka's client gave up: …",
        "In the log: a connection broke or a broker is away; the client goes on by itself. The same is logged"
        " every 30 s at most, with how many more there were (`more_like_this`). In a trace: the client was"
        " fenced or is of no use any more.",
        WAITS,
        "Look at the brokers if the event repeats for minutes. A task that failed of it is restarted by itself"
        " with `task.restart.enable`, else restart it.",
        "distributed.md#when-kafka-is-away",
    ),
    Entry(
        ErrorCode.KAFKA_OFFSETS_UNKNOWN,
        "committed offsets cannot be asked for",
        "Kafka does not tell the committed offsets: …",
        "The group coordinator does not answer, or the principal may not DESCRIBE the group. The task does not"
        " guess where to begin.",
        WAITS,
        "Look at the brokers and at `__consumer_offsets`; grant DESCRIBE on the group. `connector offsets NAME`"
        " asks the same.",
        "exactly-once.md#looking-at-it",
    ),
    Entry(
        ErrorCode.KAFKA_COMMIT_REFUSED,
        "Kafka refused a commit of offsets",
        "offset commit failed error=Kafka refused the offsets: Broker: Specified group generation id is not valid",
        "Mostly a rebalance: the partition belongs to somebody else by now.",
        _REDELIVERED,
        "Nothing, if it passes. If it repeats: rebalances follow each other; see the alert, raise"
        " `consumer.override.session.timeout.ms` or look why workers come and go.",
        "monitoring.md#connectorcommitsfailing",
    ),
    Entry(
        ErrorCode.KAFKA_COMMIT_UNANSWERED,
        "Kafka did not say whether it took a commit",
        "Kafka did not say that it took the offsets: …",
        "The answer was lost, so the commit may or may not count. The task forgets what it knows, leaves the"
        " group and joins again.",
        _REDELIVERED,
        "Nothing, once. If it repeats, look at the coordinator of the group and at the network to it.",
        "exactly-once.md#how-it-works",
    ),
    Entry(
        ErrorCode.KAFKA_METADATA_TOO_LARGE,
        "the brokers allow too little metadata beside an offset",
        "Kafka refused the offsets: Broker: Committed metadata is too large: set offset.metadata.max.bytes …",
        "The state of unfinished objects is committed with the offset, in up to 4096 bytes, which is Kafka's"
        " default.",
        READ_AGAIN,
        "Set `offset.metadata.max.bytes=4096` or more on the brokers, or `delivery.guarantee=at-least-once`.",
        "exactly-once.md#when-a-task-fails",
    ),
    Entry(
        ErrorCode.CLUSTER_TOPIC_MISSING,
        "a topic of the cluster is not there and could not be made",
        "config.storage.topic: topic connect-configs could not be made: … Set config.storage.replication.factor …",
        "The worker may not create topics, there are fewer brokers than replicas, or creating is switched off.",
        NOT_STARTED,
        "Run the `kafka-topics.sh` command that the message prints, or grant CREATE, or lower the replication"
        " factor.",
        "distributed.md#permissions-in-kafka",
    ),
    Entry(
        ErrorCode.CLUSTER_TOPIC_UNFIT,
        "a topic of the cluster is not compacted, or has too many partitions",
        "config.storage.topic: topic connect-configs has cleanup.policy=delete, and would lose connectors …",
        "Connectors and statuses would vanish after the retention time, or have no order.",
        "Nothing yet; connectors whose records retention has removed already have to be submitted again.",
        "Run the `kafka-configs.sh` command that the message prints, then start the worker. Partitions cannot be"
        " taken away: make another topic, as the message says.",
        "distributed.md#how-it-works",
    ),
    Entry(
        ErrorCode.CLUSTER_TOPIC_UNUSABLE,
        "a topic of the cluster cannot be read or written now",
        "topic connect-configs could not be read to its end within 30 s: look at its brokers",
        "The brokers that lead it are away, or refuse. Connectors that run go on; changes over REST fail.",
        "No record. A change that was answered with 500 may have been made: look before repeating it.",
        "`kafka-topics.sh --describe --topic TOPIC` must show a leader and enough in-sync replicas; the principal"
        " needs READ, WRITE and DESCRIBE.",
        "distributed.md#when-kafka-is-away",
    ),
    Entry(
        ErrorCode.CLUSTER_GROUP_CLOSED,
        "the group of workers does not take this one in",
        "group.id: the group connect-cluster did not take this worker in within 60 s: …",
        "The principal may not READ the group or the config topic, or the coordinator is silent.",
        NOT_STARTED,
        "Grant READ and DESCRIBE on the group, and look at the coordinator with"
        " `kafka-consumer-groups.sh --describe --group GROUP --state`.",
        "distributed.md#permissions-in-kafka",
    ),
    Entry(
        ErrorCode.CLUSTER_JVM_WORKERS,
        "JVM workers still run under this group.id",
        "group.id: 3 worker(s) of a JVM Kafka Connect cluster run under connect: stop them first, …",
        "Two clusters would run the same connectors, and each record would be delivered by both.",
        NOT_STARTED,
        "Stop all JVM workers, then start these; those that were killed are members until their session ends.",
        "distributed.md#instead-of-a-jvm-cluster-and-back",
    ),
    Entry(
        ErrorCode.CLUSTER_RECORD_DAMAGED,
        "a record of the config or status topic is not understood",
        "record is left out reason=its value is no JSON object",
        "Something else wrote to the topic, or a later release of Kafka Connect with a form that is new.",
        LOOKED,
        "Find out who writes to the topic, and let only workers do so. A connector that misses is submitted again.",
        "distributed.md#how-it-works",
    ),
)

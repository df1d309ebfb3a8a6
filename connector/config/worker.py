"""Worker properties of Kafka Connect that are known, and mean nothing to this worker, or not yet."""

from __future__ import annotations

_DISTRIBUTED = "it belongs to distributed mode"
_NO_LEADER = "workers have no leader, and ask nothing of each other"
_JVM = "it configures the JVM worker only"
_SOURCES = "it concerns source connectors, and there are only sinks"
_NOT_YET = "the worker does not offer it yet"
_LISTENERS = "listeners says where to listen, as since Kafka Connect 3.0"
_CLIENTS = "client settings of tasks are given below consumer."

_MEANINGLESS = {
    "auto.include.jmx.reporter": _JVM,
    "client.dns.lookup": _CLIENTS,
    "client.id": _CLIENTS,
    "config.storage.topic": _DISTRIBUTED,
    "connect.protocol": _NO_LEADER,
    "connections.max.idle.ms": _CLIENTS,
    "exactly.once.source.support": _SOURCES,
    "group.id": _DISTRIBUTED,
    "heartbeat.interval.ms": _DISTRIBUTED,
    "internal.topics.automatic.creation.enable": _DISTRIBUTED,
    "metadata.max.age.ms": _CLIENTS,
    "metadata.recovery.rebootstrap.trigger.ms": _CLIENTS,
    "metadata.recovery.strategy": _CLIENTS,
    "metric.reporters": _JVM,
    "offset.storage.file.filename": "the offsets of sinks live in Kafka",
    "offset.storage.topic": _SOURCES,
    "plugin.discovery": _JVM,
    "plugin.path": "plug-ins are Python packages, found where they are installed",
    "rebalance.timeout.ms": _DISTRIBUTED,
    "receive.buffer.bytes": _CLIENTS,
    "reconnect.backoff.max.ms": _CLIENTS,
    "reconnect.backoff.ms": _CLIENTS,
    "request.timeout.ms": _CLIENTS,
    "rest.extension.classes": _JVM,
    "rest.host.name": _LISTENERS,
    "rest.port": _LISTENERS,
    "retry.backoff.max.ms": _CLIENTS,
    "retry.backoff.ms": _CLIENTS,
    "scheduled.rebalance.max.delay.ms": _DISTRIBUTED,
    "security.providers": _JVM,
    "send.buffer.bytes": _CLIENTS,
    "session.timeout.ms": _DISTRIBUTED,
    "socket.connection.setup.timeout.max.ms": _CLIENTS,
    "socket.connection.setup.timeout.ms": _CLIENTS,
    "status.storage.topic": _DISTRIBUTED,
    "topic.creation.enable": _SOURCES,
    "worker.sync.timeout.ms": _NO_LEADER,
    "worker.unsync.backoff.ms": _NO_LEADER,
}

_MEANINGLESS_BELOW = {
    "admin.": _NOT_YET,
    "config.storage.": _DISTRIBUTED,
    "inter.worker.": _NO_LEADER,
    "internal.key.converter": _JVM,
    "internal.value.converter": _JVM,
    "listeners.https.": "keys and certificates are given below listeners.https.ssl.",
    "log4j.": "log.level and log.format configure the log",
    "metrics.": _JVM,
    "offset.storage.": _SOURCES,
    "status.storage.": _DISTRIBUTED,
}

KNOWN_NAMES = tuple(_MEANINGLESS)


def meaningless(name: str) -> str | None:
    """Why a property of Kafka Connect's worker has no effect here; None if it is not known as such."""
    below = (reason for prefix, reason in _MEANINGLESS_BELOW.items() if name.startswith(prefix))
    return _MEANINGLESS.get(name) or next(below, None)

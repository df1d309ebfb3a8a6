"""Kafka client properties of Java in librdkafka's words.

Most names are the same. The rest is renamed, or means nothing here, or (credentials and certificates) has
to be taken apart. Names that neither client knows are reported, not refused, as Kafka does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, TypeVar

from confluent_kafka import Consumer, KafkaException

from connector.config.key_store import MissingExtraError, is_pem, read_key_store
from connector.config.login import handler_properties, login_properties, mechanism_properties
from connector.config.masking import looks_secret
from connector.config.option import LeadsTo
from connector.config.suggest import closest
from connector.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from connector.config.bounds import Bounds
    from connector.config.key_store import KeyStore

T = TypeVar("T")

_RENAMED = {
    "fetch.max.wait.ms": "fetch.wait.max.ms",
    "max.request.size": "message.max.bytes",
    "receive.buffer.bytes": "socket.receive.buffer.bytes",
    "request.timeout.ms": "socket.timeout.ms",
    "send.buffer.bytes": "socket.send.buffer.bytes",
    "ssl.keystore.certificate.chain": "ssl.certificate.pem",
    "ssl.keystore.key": "ssl.key.pem",
    "ssl.truststore.certificates": "ssl.ca.pem",
}

_REFRESH = "topic.metadata.refresh.interval.ms"
_LEAST_REFRESH_MS = 100
_MOST_REFRESH_MS = 3_600_000
"""librdkafka's own limit."""

_TIMEOUTS = {"session.timeout.ms": 45_000, "max.poll.interval.ms": 300_000}
"""librdkafka's defaults, which are Java's."""

# librdkafka's word for a value that Java writes differently.
_VALUES = {
    ("auto.offset.reset", "none"): "error",
    ("receive.buffer.bytes", "-1"): "0",
    ("send.buffer.bytes", "-1"): "0",
    ("ssl.endpoint.identification.algorithm", ""): "none",
}

_OWNED = "the worker commits and assigns by itself, and exactly-once delivery rests on it"
_BYTES = "records arrive as bytes, converters read them"
_COPIED = "records are produced as the bytes that were read"
_JVM = "it configures the Java client only"
_BROKER = "it says how tokens are verified, which is for the brokers"
_MEANINGLESS = {
    "buffer.memory": "the bad records of one batch are what waits at once",
    "auto.commit.enable": _OWNED,
    "auto.commit.interval.ms": _OWNED,
    "auto.include.jmx.reporter": _JVM,
    "default.api.timeout.ms": "every wait of the worker has its own deadline",
    "enable.auto.commit": _OWNED,
    "enable.auto.offset.store": _OWNED,
    "exclude.internal.topics": "internal topics are read only when topics names them",
    "group.id": "every connector has the group connect-<name>; consumer.override.group.id changes it",
    "interceptor.classes": _JVM,
    "key.deserializer": _BYTES,
    "key.serializer": _COPIED,
    "max.block.ms": "every wait of the worker has its own deadline",
    "max.poll.records": "the worker reads in batches of the size that consumer.max.poll.records gives",
    "metric.reporters": _JVM,
    "metrics.num.samples": _JVM,
    "metrics.recording.level": _JVM,
    "metrics.sample.window.ms": _JVM,
    "partition.assignment.strategy": _OWNED,
    "plugin.library.paths": "the worker loads no native plug-ins",
    "sasl.kerberos.ticket.renew.jitter": _JVM,
    "sasl.kerberos.ticket.renew.window.factor": _JVM,
    "sasl.login.class": _JVM,
    "sasl.login.connect.timeout.ms": _JVM,
    "sasl.login.read.timeout.ms": _JVM,
    "sasl.login.refresh.buffer.seconds": _JVM,
    "sasl.login.refresh.min.period.seconds": _JVM,
    "sasl.login.refresh.window.factor": _JVM,
    "sasl.login.refresh.window.jitter": _JVM,
    "sasl.login.retry.backoff.max.ms": _JVM,
    "sasl.login.retry.backoff.ms": _JVM,
    "sasl.oauthbearer.clock.skew.seconds": _BROKER,
    "sasl.oauthbearer.expected.audience": _BROKER,
    "sasl.oauthbearer.expected.issuer": _BROKER,
    "sasl.oauthbearer.header.urlencode": _JVM,
    "sasl.oauthbearer.jwks.endpoint.refresh.ms": _BROKER,
    "sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms": _BROKER,
    "sasl.oauthbearer.jwks.endpoint.retry.backoff.ms": _BROKER,
    "sasl.oauthbearer.jwks.endpoint.url": _BROKER,
    "sasl.oauthbearer.jwt.retriever.class": _JVM,
    "sasl.oauthbearer.jwt.validator.class": _BROKER,
    "sasl.oauthbearer.scope.claim.name": _BROKER,
    "security.providers": _JVM,
    "socket.connection.setup.timeout.max.ms": _JVM,
    "ssl.enabled.protocols": _JVM,
    "ssl.engine.factory.class": _JVM,
    "ssl.keymanager.algorithm": _JVM,
    "ssl.protocol": _JVM,
    "ssl.provider": _JVM,
    "ssl.secure.random.implementation": _JVM,
    "ssl.trustmanager.algorithm": _JVM,
    "value.deserializer": _BYTES,
    "value.serializer": _COPIED,
}

# What people set most and librdkafka calls the same; only for suggestions, librdkafka itself knows them all.
_COMMON = (
    "acks",
    "allow.auto.create.topics",
    "auto.offset.reset",
    "bootstrap.servers",
    "check.crcs",
    "client.dns.lookup",
    "client.id",
    "client.rack",
    "compression.type",
    "connections.max.idle.ms",
    "debug",
    "delivery.timeout.ms",
    "fetch.max.bytes",
    "fetch.min.bytes",
    "fetch.queue.backoff.ms",
    "group.instance.id",
    "group.protocol",
    "group.remote.assignor",
    "heartbeat.interval.ms",
    "isolation.level",
    "linger.ms",
    "max.partition.fetch.bytes",
    "max.poll.interval.ms",
    "metadata.max.age.ms",
    "metadata.recovery.strategy",
    "queued.max.messages.kbytes",
    "queued.min.messages",
    "reconnect.backoff.max.ms",
    "reconnect.backoff.ms",
    "retry.backoff.max.ms",
    "retry.backoff.ms",
    "sasl.client.callback.handler.class",
    "sasl.jaas.config",
    "sasl.kerberos.service.name",
    "sasl.login.callback.handler.class",
    "sasl.mechanism",
    "sasl.oauthbearer.client.credentials.client.id",
    "sasl.oauthbearer.client.credentials.client.secret",
    "sasl.oauthbearer.scope",
    "sasl.oauthbearer.token.endpoint.url",
    "sasl.password",
    "sasl.username",
    "security.protocol",
    "session.timeout.ms",
    "socket.connection.setup.timeout.ms",
    "socket.keepalive.enable",
    "ssl.ca.location",
    "ssl.certificate.location",
    "ssl.cipher.suites",
    "ssl.endpoint.identification.algorithm",
    "ssl.key.location",
    "ssl.key.password",
    "ssl.keystore.location",
    "ssl.keystore.password",
    "ssl.keystore.type",
    "ssl.truststore.location",
    "ssl.truststore.password",
    "ssl.truststore.type",
    "statistics.interval.ms",
)

CLIENT_NAMES = (*_COMMON, *_RENAMED, *_MEANINGLESS)
"""Names to suggest for one that is not known."""


@dataclass(slots=True)
class ClientConfig:
    """What became of a map of client properties.

    Attributes:
        config: librdkafka's names and values; holds secrets.
        ignored: Names of Java that mean nothing here, each with the reason.
        unknown: Names that no client knows, each with the one that was probably meant.
        problems: Values that cannot be used; never a secret.
    """

    config: dict[str, str] = field(default_factory=dict, repr=False)
    ignored: dict[str, str] = field(default_factory=dict)
    unknown: dict[str, str | None] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def translate(properties: Mapping[str, str], bounds: Bounds | None = None) -> ClientConfig:
    """Java's client properties, or librdkafka's own, as librdkafka takes them; never raises.

    Key stores are read here, but never one that ``bounds`` keeps from whoever wrote the properties.
    """
    translated = ClientConfig()
    for name, value in properties.items():
        if refused := _out_of_bounds(name, value.strip(), bounds):
            translated.problems += refused
            continue
        try:
            translated.config.update(_translate_one(name, value.strip(), properties, translated))
        except ValueError as error:
            translated.problems.append(Problem(name, str(error)))
    translated.problems += _session_beyond_polls(translated.config)
    return translated


def _session_beyond_polls(config: Mapping[str, str]) -> Iterator[Problem]:
    """What librdkafka refuses when a consumer is made (``rd_kafka_conf_finalize``)."""
    try:
        session_ms, polls_ms = (int(config.get(name, default)) for name, default in _TIMEOUTS.items())
    except ValueError:  # it also takes what C writes numbers as, and then says so itself
        return
    if session_ms > polls_ms:
        session, polls = _TIMEOUTS
        given, other = (session, polls) if session in config else (polls, session)
        yield Problem(
            given,
            f"{session} ({session_ms}) must not exceed {polls} ({polls_ms}): change {given}, or set {other}"
            " beside it.",
        )


def _out_of_bounds(name: str, value: str, bounds: Bounds | None) -> list[Problem]:
    if bounds is None or name not in _STORES:
        return []
    return list(bounds.problem(name, value, LeadsTo.FILE))


def _translate_one(
    name: str, value: str, properties: Mapping[str, str], translated: ClientConfig
) -> dict[str, str]:
    if name in _TAKEN_APART:
        return _TAKEN_APART[name](value, properties)
    if name in _MEANINGLESS:
        translated.ignored[name] = _MEANINGLESS[name]
        return {}
    renamed = _RENAMED.get(name, name)
    value = _VALUES.get((name, value.lower()), value)
    match _librdkafka_fault(renamed, value):
        case None:
            return {renamed: value}
        case fault if fault.startswith("No such configuration property"):
            translated.unknown[name] = closest(name, CLIENT_NAMES)
            return {}
        case _:
            shown = "" if looks_secret(name) else f" {value}"
            raise ValueError(f"The Kafka client does not accept the value{shown}. Correct or remove it.")


@cache
def _sentinel_fault() -> str:
    return _first_fault({"connector.sentinel": ""})


def _librdkafka_fault(name: str, value: str) -> str | None:
    """Ask the library itself: it refuses the first bad property, so a bad one behind tells of this one.

    No client is made, since the configuration is refused in any case.
    """
    fault = _first_fault({name: value, "connector.sentinel": ""})
    return None if fault == _sentinel_fault() else fault


def _first_fault(config: dict[str, str]) -> str:
    try:
        # The library wants a group before it looks at anything else.
        Consumer({"group.id": "none", **config})
    except (KafkaException, TypeError, ValueError) as error:
        reason = error.args[0]
        return reason.str() if hasattr(reason, "str") else str(reason)
    raise AssertionError("librdkafka accepted a property that does not exist")


def _truststore(value: str, properties: Mapping[str, str]) -> dict[str, str]:
    try:
        store = _read(value, properties, "ssl.truststore")
    except MissingExtraError as error:
        raise ValueError(_unusable(error)) from None
    return {"ssl.ca.location": value} if store is None else {"ssl.ca.pem": _from(store.trusted_pem)}


def _keystore(value: str, properties: Mapping[str, str]) -> dict[str, str]:
    try:
        store = _read(value, properties, "ssl.keystore")
    except MissingExtraError:
        # librdkafka reads it, too, though of the certificates only the key's own.
        return {"ssl.keystore.location": value, "ssl.keystore.password": properties.get(_PASSWORD, "")}
    if store is None:
        # Java wants key and chain in one file; librdkafka finds each of them in it.
        return {"ssl.certificate.location": value, "ssl.key.location": value}
    return {"ssl.key.pem": _from(store.key_pem), "ssl.certificate.pem": store.chain_pem()}


def _read(path: str, properties: Mapping[str, str], prefix: str) -> KeyStore | None:
    if is_pem(path, properties.get(f"{prefix}.type")):
        return None
    key_password = properties.get("ssl.key.password") if prefix == "ssl.keystore" else None
    return _from(lambda: read_key_store(path, properties.get(f"{prefix}.password"), key_password))


def _from(read: Callable[[], T]) -> T:
    try:
        return read()
    except MissingExtraError:
        raise
    except ValueError as error:
        raise ValueError(_unusable(error)) from None


def _unusable(error: ValueError) -> str:
    return f"The store cannot be used: {error}."


def _nothing(_: str, __: Mapping[str, str]) -> dict[str, str]:
    """Read where the store is."""
    return {}


def _refresh(value: str, properties: Mapping[str, str]) -> dict[str, str]:
    """How soon new topics and partitions are seen; librdkafka's property of Java's name is another thing."""
    if _REFRESH in properties:
        return {}
    try:
        milliseconds = int(value)
    except ValueError:
        raise ValueError(f"The Kafka client does not accept the value {value}. Give milliseconds.") from None
    return {_REFRESH: str(min(max(milliseconds, _LEAST_REFRESH_MS), _MOST_REFRESH_MS))}


_PASSWORD = "ssl.keystore.password"  # noqa: S105 - the name of an option
_STORES = frozenset({"ssl.keystore.location", "ssl.truststore.location"})
_TAKEN_APART: dict[str, Callable[[str, Mapping[str, str]], dict[str, str]]] = {
    "metadata.max.age.ms": _refresh,
    "sasl.jaas.config": login_properties,
    "sasl.login.callback.handler.class": handler_properties,
    "sasl.client.callback.handler.class": handler_properties,
    "sasl.mechanism": mechanism_properties,
    "ssl.keystore.location": _keystore,
    "ssl.keystore.password": _nothing,
    "ssl.keystore.type": _nothing,
    "ssl.truststore.location": _truststore,
    "ssl.truststore.password": _nothing,
    "ssl.truststore.type": _nothing,
}

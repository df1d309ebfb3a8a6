"""Kafka client properties of Java in librdkafka's words.

Most names are the same. The rest is renamed, or means nothing here, or (credentials and certificates) has
to be taken apart. Names that neither client knows are reported, not refused, as Kafka does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from confluent_kafka import Consumer, KafkaException

from connector.config.jaas import Login, parse_login
from connector.config.masking import looks_secret
from connector.config.suggest import closest
from connector.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

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
    "sasl.client.callback.handler.class": _JVM,
    "sasl.kerberos.ticket.renew.jitter": _JVM,
    "sasl.kerberos.ticket.renew.window.factor": _JVM,
    "sasl.login.callback.handler.class": _JVM,
    "sasl.login.class": _JVM,
    "sasl.login.connect.timeout.ms": _JVM,
    "sasl.login.read.timeout.ms": _JVM,
    "sasl.login.refresh.buffer.seconds": _JVM,
    "sasl.login.refresh.min.period.seconds": _JVM,
    "sasl.login.refresh.window.factor": _JVM,
    "sasl.login.refresh.window.jitter": _JVM,
    "sasl.login.retry.backoff.max.ms": _JVM,
    "sasl.login.retry.backoff.ms": _JVM,
    "security.providers": _JVM,
    "socket.connection.setup.timeout.max.ms": _JVM,
    "ssl.enabled.protocols": _JVM,
    "ssl.engine.factory.class": _JVM,
    "ssl.keymanager.algorithm": _JVM,
    "ssl.keystore.type": "the other ssl.keystore options tell",
    "ssl.protocol": _JVM,
    "ssl.provider": _JVM,
    "ssl.secure.random.implementation": _JVM,
    "ssl.trustmanager.algorithm": _JVM,
    "ssl.truststore.password": "a truststore in PEM has none",
    "ssl.truststore.type": "the other ssl.truststore options tell",
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
    "sasl.jaas.config",
    "sasl.kerberos.service.name",
    "sasl.mechanism",
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
    "ssl.truststore.location",
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


def translate(properties: Mapping[str, str]) -> ClientConfig:
    """Java's client properties, or librdkafka's own, as librdkafka takes them; never raises."""
    translated = ClientConfig()
    for name, value in properties.items():
        try:
            translated.config.update(_translate_one(name, value.strip(), properties, translated))
        except ValueError as error:
            translated.problems.append(Problem(name, str(error)))
    return translated


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


def _login(value: str, _: Mapping[str, str]) -> dict[str, str]:
    login = parse_login(value)
    match login.module:
        case "PlainLoginModule" | "ScramLoginModule":
            return _pick(login, {"username": "sasl.username", "password": "sasl.password"})
        case "Krb5LoginModule":
            names = {
                "principal": "sasl.kerberos.principal",
                "keyTab": "sasl.kerberos.keytab",
                "serviceName": "sasl.kerberos.service.name",
            }
            return _pick(login, names, optional=["serviceName"])
        case "OAuthBearerLoginModule":
            names = {
                "clientId": "sasl.oauthbearer.client.id",
                "clientSecret": "sasl.oauthbearer.client.secret",
                "scope": "sasl.oauthbearer.scope",
            }
            return {"sasl.oauthbearer.method": "oidc", **_pick(login, names, optional=["scope"])}
        case module:
            raise ValueError(
                f"The login module {module} is Java code that cannot run here. Use PlainLoginModule,"
                " ScramLoginModule, OAuthBearerLoginModule or Krb5LoginModule."
            )


def _pick(login: Login, names: Mapping[str, str], *, optional: Collection[str] = ()) -> dict[str, str]:
    if missing := [option for option in names if option not in login.options and option not in optional]:
        raise ValueError(f"The entry for {login.module} lacks {' and '.join(missing)}.")
    return {names[option]: value for option, value in login.options.items() if option in names}


def _truststore(value: str, properties: Mapping[str, str]) -> dict[str, str]:
    if _store_type(value, properties.get("ssl.truststore.type")) != "PEM":
        raise ValueError(
            "The Kafka client here reads certificates in PEM only. Export them (keytool -exportcert -rfc),"
            " name the PEM file here and set ssl.truststore.type=PEM."
        )
    return {"ssl.ca.location": value}


def _keystore(value: str, properties: Mapping[str, str]) -> dict[str, str]:
    match _store_type(value, properties.get("ssl.keystore.type")):
        case "PEM":
            # Java wants key and chain in one file; librdkafka finds each of them in it.
            return {"ssl.certificate.location": value, "ssl.key.location": value}
        case "PKCS12":
            return {"ssl.keystore.location": value}
        case kind:
            raise ValueError(
                f"The Kafka client here cannot read a keystore of type {kind}. Convert it (keytool"
                " -importkeystore -deststoretype PKCS12), name the new file and set ssl.keystore.type=PKCS12."
            )


def _store_type(location: str, declared: str | None) -> str:
    if declared is not None:
        return declared.strip().upper()
    ending = location.rpartition(".")[2].lower()
    return {"pem": "PEM", "crt": "PEM", "cer": "PEM", "p12": "PKCS12", "pfx": "PKCS12"}.get(ending, "JKS")


def _refresh(value: str, properties: Mapping[str, str]) -> dict[str, str]:
    """How soon new topics and partitions are seen; librdkafka's property of Java's name is another thing."""
    if _REFRESH in properties:
        return {}
    try:
        milliseconds = int(value)
    except ValueError:
        raise ValueError(f"The Kafka client does not accept the value {value}. Give milliseconds.") from None
    return {_REFRESH: str(min(max(milliseconds, _LEAST_REFRESH_MS), _MOST_REFRESH_MS))}


_TAKEN_APART: dict[str, Callable[[str, Mapping[str, str]], dict[str, str]]] = {
    "metadata.max.age.ms": _refresh,
    "sasl.jaas.config": _login,
    "ssl.keystore.location": _keystore,
    "ssl.truststore.location": _truststore,
}

"""What the operator sets: Kafka Connect's worker properties, from a file and from the environment.

A property that is set in the environment (:mod:`connector.environment`) beats the file's. Values that
may hold secrets (client properties, converter sub-keys) are kept out of fields, and so out of every repr.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, NoReturn, Self

from pydantic import BeforeValidator, Field, PrivateAttr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from connector import plugins
from connector.config.bounds import Bounds
from connector.config.client import CLIENT_NAMES, ClientConfig, translate
from connector.config.connector import with_prefix
from connector.config.listener import Listener, bracketed, parse_listeners
from connector.config.masking import looks_secret
from connector.config.override import OverridePolicy, overlaid
from connector.config.suggest import closest, did_you_mean
from connector.config.worker import KNOWN_NAMES, meaningless
from connector.config_providers.resolver import PROPERTY, Resolver, provider_names
from connector.environment import connect_variables, of_other_images, property_name, variable_name
from connector.errors import ConfigError, Problem
from connector.plugins import PluginKind
from connector.properties import read_properties

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from connector.config_providers.resolver import Resolution

_BYTES = "org.apache.kafka.connect.converters.ByteArrayConverter"
_CONVERTERS = ("key.converter.", "value.converter.", "header.converter.")
_CONVERTER_KINDS = {
    "key.converter": PluginKind.CONVERTER,
    "value.converter": PluginKind.CONVERTER,
    "header.converter": PluginKind.HEADER_CONVERTER,
}
_CONSUMER = "consumer."
_PRODUCER = "producer."
_HTTPS = "listeners.https."
_ALIASES = {"log4j.root.loglevel": "log.level"}
"""What the well-known images of Kafka Connect call a property of ours."""
_EVERY_INTERFACE = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - no address to reach a worker by


def _bootstrap_servers(text: str) -> str:
    servers = [server.strip() for server in text.split(",") if server.strip()]
    if not servers:
        raise ValueError("Name at least one broker as host:port.")
    for server in servers:
        host, _, port = server.rpartition("://")[2].rpartition(":")
        if not host or not port.isdecimal():
            raise ValueError(
                f"Invalid url in bootstrap.servers: {server}. Write host:port, with commas between."
            )
    return ",".join(servers)


def _log_level(text: str) -> str:
    return {"WARN": "WARNING", "TRACE": "DEBUG", "FATAL": "CRITICAL"}.get(
        text.strip().upper(), text.strip().upper()
    )


def _listeners(value: str | tuple[Listener, ...]) -> tuple[Listener, ...]:
    return parse_listeners(value) if isinstance(value, str) else value


def _admin_listeners(value: str | tuple[Listener, ...] | None) -> tuple[Listener, ...] | None:
    """Empty turns it off."""
    if isinstance(value, str):
        return parse_listeners(value) if value.strip() else ()
    return value


def _list(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (
        tuple(item.strip() for item in value.split(",") if item.strip()) if isinstance(value, str) else value
    )


def _list_or_none(value: str | tuple[str, ...] | None) -> tuple[str, ...] | None:
    """Empty is something else than absent."""
    return None if value is None else _list(value)


def _policy(text: str) -> str:
    """By its name, or by its class, as Kafka Connect has it."""
    return text.strip().rpartition(".")[2].removesuffix("ConnectorClientConfigOverridePolicy")


def _lower(text: str) -> str:
    return text.strip().lower()


Role = Literal["key", "value", "header"]
Milliseconds = Annotated[int, Field(ge=1)]
Port = Annotated[int, Field(ge=0, le=65535)]


class WorkerSettings(BaseSettings):
    """The worker's settings; make them with :meth:`load`."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", str_strip_whitespace=True, hide_input_in_errors=True
    )

    bootstrap_servers: Annotated[str, BeforeValidator(_bootstrap_servers)] = Field(
        alias="bootstrap.servers",
        description="The brokers to ask first, as host:port, separated by commas; the others are found from"
        " them.",
    )
    key_converter: str = Field(
        _BYTES,
        min_length=1,
        alias="key.converter",
        description="How record keys are read when a connector does not say; by default they stay bytes.",
    )
    value_converter: str = Field(
        _BYTES,
        min_length=1,
        alias="value.converter",
        description="How record values are read when a connector does not say; by default they stay bytes.",
    )
    header_converter: str = Field(
        "org.apache.kafka.connect.storage.SimpleHeaderConverter",
        min_length=1,
        alias="header.converter",
        description="How header values are read when a connector does not say; by default they are text, and"
        " text that reads like a number, a date, a list or a map becomes one, as in Kafka Connect.",
    )
    offset_flush_interval_ms: Milliseconds = Field(
        60_000,
        alias="offset.flush.interval.ms",
        description="How often a task commits what is durable; after a crash at most this much is"
        " read again.",
    )
    offset_flush_timeout_ms: Milliseconds = Field(
        5_000,
        alias="offset.flush.timeout.ms",
        description="How long one commit may take before it is given up until the next interval.",
    )
    task_shutdown_graceful_timeout_ms: Annotated[int, Field(ge=0)] = Field(
        5_000,
        alias="task.shutdown.graceful.timeout.ms",
        description="How long all tasks together may take to finish and commit when the worker stops; what is"
        " not durable by then is read again after the next start.",
    )
    poll_records: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        10_000,
        alias="consumer.max.poll.records",
        description="The most records that a task takes from its consumer at once.",
    )
    listeners: Annotated[tuple[Listener, ...], BeforeValidator(_listeners)] = Field(
        (Listener("127.0.0.1", 8083),),
        alias="listeners",
        description="Where the REST API and /metrics listen, separated by commas. Without rest.users.file"
        " anyone who reaches it may run connectors, so by default only this machine does; http://:8083 opens"
        " every interface. https:// needs a certificate, below listeners.https.",
    )
    admin_listeners: Annotated[tuple[Listener, ...] | None, BeforeValidator(_admin_listeners)] = Field(
        None,
        alias="admin.listeners",
        description="Where /admin listens instead, separated by commas; an empty value turns it off. By"
        " default it is with the rest.",
    )
    rest_users_file: Annotated[str, Field(min_length=1)] | None = Field(
        None,
        alias="rest.users.file",
        description="A properties file of those who may use the REST API: basic.NAME=ROLE:PASSWORD or"
        " bearer.NAME=ROLE:TOKEN, where the role is viewer, operator or admin. Without it anyone may do"
        " anything.",
    )
    rest_write_rate: Annotated[float, Field(ge=0)] = Field(
        50.0,
        alias="rest.writes.per.second",
        description="How many changes a second a client of the REST API may ask for in the long run; at once"
        " it may be four times as many. What is more is answered with 429. 0 for any number.",
    )
    access_control_allow_origin: Annotated[tuple[str, ...], BeforeValidator(_list)] = Field(
        (),
        alias="access.control.allow.origin",
        description="The origins of web pages that may use the REST API (CORS), separated by commas, * for"
        " all; none by default.",
    )
    access_control_allow_methods: Annotated[tuple[str, ...], BeforeValidator(_list)] = Field(
        ("GET", "POST", "HEAD"),
        alias="access.control.allow.methods",
        description="The methods that such web pages may use, separated by commas.",
    )
    response_http_headers_config: str = Field(
        "",
        alias="response.http.headers.config",
        description="Headers for every answer of the REST API, as in: add Cache-Control: no-store, set"
        " X-Frame-Options: DENY. One with commas in its value stands in double quotes.",
    )
    topic_tracking_enable: bool = Field(
        True,
        alias="topic.tracking.enable",
        description="Whether the REST API tells which topics a connector has read.",
    )
    topic_tracking_allow_reset: bool = Field(
        True,
        alias="topic.tracking.allow.reset",
        description="Whether the REST API may be asked to forget which topics a connector has read.",
    )
    rest_advertised_host_name: str | None = Field(
        None,
        alias="rest.advertised.host.name",
        description="The host name under which others reach this worker; it is part of the worker id.",
    )
    rest_advertised_port: Port | None = Field(
        None,
        alias="rest.advertised.port",
        description="The port under which others reach this worker; it is part of the worker id.",
    )
    rest_advertised_listener: Annotated[Literal["http", "https"], BeforeValidator(_lower)] = Field(
        "http",
        alias="rest.advertised.listener",
        description="The protocol under which others reach this worker.",
    )
    rest_config_secrets: Annotated[Literal["masked", "raw"], BeforeValidator(_lower)] = Field(
        "masked",
        alias="rest.config.secrets",
        description="masked shows secrets of a connector's config as [hidden]; raw shows them to whoever"
        " reaches the REST API, as Kafka Connect does and the Terraform provider needs it.",
    )
    aws_connections_directory: Annotated[str, Field(min_length=1)] | None = Field(
        None,
        alias="aws.connections.directory",
        description="The directory where named connections are kept, one file each, readable by the worker's"
        " user alone; it is made if it is not there. Without it connectors cannot use aws.connection.",
    )
    connectors_directory: Annotated[str, Field(min_length=1)] | None = Field(
        None,
        alias="connectors.directory",
        description="The directory where connectors are kept that REST makes or changes, one file each,"
        " readable by the worker's user alone; it is made if it is not there, and read at the start. Without"
        " it they live as long as the process.",
    )
    worker_roles: Annotated[tuple[str, ...], BeforeValidator(_list)] = Field(
        (),
        alias="worker.roles",
        description="What this worker is for, separated by commas; a named connection that requires roles is"
        " used only where all of them are.",
    )
    connector_client_config_override_policy: Annotated[
        Literal["All", "None", "Allowlist", "Principal"], BeforeValidator(_policy)
    ] = Field(
        "All",
        alias="connector.client.config.override.policy",
        description="Which consumer.override.* and producer.override.* connectors may set: All, None,"
        " Principal (credentials), or Allowlist, those that connector.client.config.override.allowlist"
        " names. What would run programs on the worker none may set, whatever the policy.",
    )
    connector_client_config_override_allowlist: Annotated[tuple[str, ...], BeforeValidator(_list)] = Field(
        (),
        alias="connector.client.config.override.allowlist",
        description="The client properties that connectors may set with the policy Allowlist, without"
        " consumer.override., separated by commas.",
    )
    connectors_allowed_hosts: Annotated[tuple[str, ...] | None, BeforeValidator(_list_or_none)] = Field(
        None,
        alias="connectors.allowed.hosts",
        description="The hosts that options of connectors and named connections may name (endpoints, proxies,"
        " registries, other brokers), separated by commas: a name, *.example.com for all below it, either"
        " with :port. Absent allows any, an empty value none but AWS's own.",
    )
    connectors_allowed_paths: Annotated[tuple[str, ...] | None, BeforeValidator(_list_or_none)] = Field(
        None,
        alias="connectors.allowed.paths",
        description="The folders or files that options of connectors and named connections may have the"
        " worker read (certificates, tokens), separated by commas; links and .. are followed. Absent allows"
        " whatever its user may read, an empty value nothing. References have allowed.paths of their own.",
    )
    config_providers: Annotated[tuple[str, ...], BeforeValidator(_list)] = Field(
        (),
        alias="config.providers",
        description="The names of config providers, separated by commas, for references such as"
        " ${file:/etc/keys:password}; each needs config.providers.NAME.class.",
    )
    config_reload_interval_ms: Annotated[int, Field(ge=0)] = Field(
        30_000,
        alias="config.reload.interval.ms",
        description="How often references of running connectors are read again; a connector whose values"
        " changed is started anew, without losing records. 0 reads them only when a connector starts.",
    )
    metrics_jmx_names: Annotated[tuple[Literal["confluent", "strimzi"], ...], BeforeValidator(_list)] = Field(
        (),
        alias="metrics.jmx.names",
        description="/metrics has Kafka Connect's metrics beside ours, under the names that dashboards know"
        " them by: confluent or strimzi, whose rules for the JMX exporter made them, or both, separated by"
        " commas; none by default.",
    )
    tracing_enable: bool = Field(
        False,
        alias="tracing.enable",
        description="Whether spans of batches and requests are sent over OTLP/HTTP; needs the extra otel."
        " Where to is said by OpenTelemetry's own variables, such as OTEL_EXPORTER_OTLP_ENDPOINT.",
    )
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], BeforeValidator(_log_level)
    ] = Field("INFO", alias="log.level", description="The least severe events that are logged.")
    log_format: Annotated[Literal["text", "json"], BeforeValidator(_lower)] = Field(
        "text", alias="log.format", description="text for people, json for machines; one line per event."
    )

    passed_on: ClassVar[tuple[str, ...]] = ()
    """Prefixes whose properties are passed on as they are."""

    _written: dict[str, str] = PrivateAttr(default_factory=dict)
    _client: ClientConfig = PrivateAttr(default_factory=ClientConfig)
    _consumer: ClientConfig = PrivateAttr(default_factory=ClientConfig)
    _producer: ClientConfig = PrivateAttr(default_factory=ClientConfig)
    _unknown: dict[str, str | None] = PrivateAttr(default_factory=dict)
    _ignored: dict[str, str] = PrivateAttr(default_factory=dict)
    _resolver: Resolver = PrivateAttr(default_factory=Resolver)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what :meth:`load` passes: dotted names and pass-through keys need its own mapping."""
        return (init_settings,)

    @classmethod
    def load(cls, path: Path | None, environ: Mapping[str, str]) -> Self:
        """The settings in the file at ``path``, if any, overruled by ``CONNECT_…`` variables.

        Raises:
            ConfigError: The file cannot be read, or values are at fault; with every fault at once, each
                under the name the user wrote, a property or a variable.
        """
        written = read_properties(path) if path else {}
        return cls.of(written, environ, source=str(path) if path else "the environment")

    @classmethod
    def of(
        cls, properties: Mapping[str, str], environ: Mapping[str, str], *, source: str = "the environment"
    ) -> Self:
        """As :meth:`load`, of properties that are read already; ``source`` names them in errors."""
        written = _Source.of(properties, environ, source)
        resolver = written.resolver()
        resolution = resolver.resolve(written.referring())
        found = written.with_values(resolution.values)
        client = translate(_security(found.values))
        consumer = translate(_consumer(found.values))
        producer = translate(with_prefix(found.values, _PRODUCER))
        problems = [
            *found.under_prefix("", client.problems),
            *found.under_prefix(_CONSUMER, consumer.problems),
            *found.under_prefix(_PRODUCER, producer.problems),
            *found.under_prefix("", list(_converter_problems(found.values))),
        ]
        try:
            settings = cls(**found.fields(cls.names()))  # type: ignore[arg-type]  # names and types are pydantic's
        except ValidationError as error:
            problems = [*_problems(error, found, cls), *problems]
        if problems or resolution.problems:
            raise ConfigError(found.concealed(problems, resolution), source=found.name)
        settings._keep(found, client, consumer, producer)
        settings._resolver = resolver
        return settings

    @classmethod
    def names(cls) -> list[str]:
        """The properties that have a field."""
        return [field.alias for field in cls.model_fields.values() if field.alias]

    def below(self, prefix: str) -> dict[str, str]:
        """All properties below ``prefix``, without it; may hold secrets."""
        return with_prefix(self._written, prefix)

    @property
    def unknown(self) -> dict[str, str | None]:
        """Properties, as written, that nobody knows, each with what was probably meant, written alike."""
        return self._unknown

    @property
    def ignored(self) -> dict[str, str]:
        """Kafka Connect's properties, as written, that have no effect here, each with the reason."""
        return self._ignored

    @property
    def worker_id(self) -> str:
        """The advertised ``host:port``, as statuses name the worker."""
        first = self.listeners[0]
        host = self.rest_advertised_host_name or ("" if first.host in _EVERY_INTERFACE else first.host)
        port = first.port if self.rest_advertised_port is None else self.rest_advertised_port
        return f"{bracketed(host or socket.gethostname())}:{port}"

    def client_config(self) -> dict[str, str]:
        """How the worker's own Kafka clients connect, in librdkafka's names; holds secrets."""
        return {"bootstrap.servers": self.bootstrap_servers, **self._client.config}

    def consumer_config(self) -> dict[str, str]:
        """How the consumers of tasks connect and read, in librdkafka's names; holds secrets.

        The worker's own way to connect, overlaid by ``consumer.*``. With ``consumer.bootstrap.servers``
        the tasks read another cluster: its credentials must be given there, the worker's stay away.
        """
        elsewhere = "bootstrap.servers" in self._consumer.config
        return overlaid({} if elsewhere else self.client_config(), self._consumer.config)

    def producer_config(self) -> dict[str, str]:
        """What the producers of dead letter queues have beyond that of consumers: ``producer.*``."""
        return dict(self._producer.config)

    def https_config(self) -> dict[str, str]:
        """The options of TLS on REST listeners, without ``listeners.https.``; holds secrets."""
        return with_prefix(self._written, _HTTPS)

    def converter_class(self, role: Role) -> str:
        """The worker's converter, as the operator named it."""
        match role:
            case "key":
                return self.key_converter
            case "value":
                return self.value_converter
            case "header":
                return self.header_converter

    def converter_config(self, role: Role) -> dict[str, str]:
        """The sub-keys of the worker's converter, without their prefix; may hold secrets."""
        return with_prefix(self._written, f"{role}.converter.")

    def aws_connection(self, name: str) -> NoReturn:
        """Settings alone keep no connections; raises ConfigError."""
        raise ConfigError.of(
            "aws.connection",
            f"{name} cannot be looked up: named connections are off, set the worker property"
            " aws.connections.directory",
        )

    @property
    def bounds(self) -> Bounds:
        """Where options of connectors may lead."""
        return Bounds(self.connectors_allowed_hosts, self.connectors_allowed_paths)

    @property
    def override_policy(self) -> OverridePolicy:
        """What connectors may say of their Kafka clients."""
        allowlist = frozenset(self.connector_client_config_override_allowlist)
        return OverridePolicy(self.connector_client_config_override_policy, allowlist)

    @property
    def resolver(self) -> Resolver:
        """The config providers."""
        return self._resolver

    def resolve(self, options: Mapping[str, str]) -> Resolution:
        """Options of a connector with values in the place of references; blocks."""
        return self._resolver.resolve(options)

    def _keep(
        self, source: _Source, client: ClientConfig, consumer: ClientConfig, producer: ClientConfig
    ) -> None:
        self._written = source.values
        self._client, self._consumer, self._producer = client, consumer, producer
        for prefix, part in (("", client), (_CONSUMER, consumer), (_PRODUCER, producer)):
            for name, reason in part.ignored.items():
                self._ignored[source.spelled(prefix + name)] = reason
            for name, meant in part.unknown.items():
                self._unknown[source.spelled(prefix + name)] = meant and source.alike(
                    prefix + name, prefix + meant
                )
        self._classify_rest(source)

    def _classify_rest(self, source: _Source) -> None:
        handled = {*self.names(), *_security(source.values), *source.provider_properties()}
        for name in source.values:
            passed_on = (*_CONVERTERS, _CONSUMER, _PRODUCER, f"{_HTTPS}ssl.", *self.passed_on)
            if name in handled or name.startswith(passed_on):
                continue
            if reason := meaningless(name):
                self._ignored[source.spelled(name)] = reason
            else:
                meant = closest(name, _suggestions(self.names()))
                self._unknown[source.spelled(name)] = meant and source.alike(name, meant)
        for name, variable in source.others.items():
            if name in self.names() and name not in source.values:
                self._unknown[variable] = variable_name(name)


@dataclass(frozen=True, slots=True)
class _Source:
    """Worker properties by name, and how the user spelled each."""

    name: str
    values: dict[str, str] = field(repr=False)
    variables: dict[str, str]
    others: dict[str, str]

    @classmethod
    def of(cls, written: Mapping[str, str], environ: Mapping[str, str], name: str) -> _Source:
        variables = connect_variables(environ)
        spelled = {property_name(variable): variable for variable in variables}
        values = {**written, **{name: variables[variable] for name, variable in spelled.items()}}
        for alias, own in _ALIASES.items():
            if alias in values and own not in values:
                values[own] = values.pop(alias)
                spelled[own] = spelled.pop(alias, alias)
        return cls(name, values, spelled, of_other_images(environ))

    def resolver(self) -> Resolver:
        try:
            return Resolver.configured(self.values)
        except ConfigError as error:
            problems = list(self.under_prefix("", list(error.problems)))
        raise ConfigError(problems, source=self.name)

    def referring(self) -> dict[str, str]:
        """What may refer to config providers: all but how these are configured, as in Kafka."""
        return {name: value for name, value in self.values.items() if not name.startswith(PROPERTY)}

    def with_values(self, values: Mapping[str, str]) -> _Source:
        return replace(self, values={**self.values, **values})

    def concealed(self, problems: list[Problem], resolution: Resolution) -> list[Problem]:
        spelled = {name: self.spelled(name) for name in resolution.referenced}
        unresolved = replace(resolution, problems=tuple(self.under_prefix("", list(resolution.problems))))
        return list(unresolved.concealed(problems, spelled))

    def provider_properties(self) -> Iterator[str]:
        """Those below ``config.providers`` that a provider of this name reads."""
        for provider in provider_names(self.values):
            prefix = f"{PROPERTY}.{provider}."
            for name in self.values:
                if name == f"{prefix}class" or name.startswith(f"{prefix}param."):
                    yield name

    def fields(self, names: Sequence[str]) -> dict[str, str]:
        return {name: self.values[name] for name in names if name in self.values}

    def spelled(self, name: str) -> str:
        return self.variables.get(name, name)

    def alike(self, name: str, other: str) -> str:
        """``other`` spelled the way ``name`` is."""
        return variable_name(other) if name in self.variables else other

    def under_prefix(self, prefix: str, problems: list[Problem]) -> Iterator[Problem]:
        for problem in problems:
            yield Problem(self.spelled(prefix + problem.option), problem.message, code=problem.code)


def _suggestions(names: Sequence[str]) -> list[str]:
    return [*names, *KNOWN_NAMES, *(f"{_CONSUMER}{name}" for name in CLIENT_NAMES), *_security_names()]


def _security_names() -> list[str]:
    return [name for name in CLIENT_NAMES if _is_security(name)]


def _security(values: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in values.items() if _is_security(name)}


def _consumer(values: Mapping[str, str]) -> dict[str, str]:
    properties = with_prefix(values, _CONSUMER)
    properties.pop("max.poll.records", None)  # has a field of its own
    return properties


def _converter_problems(values: Mapping[str, str]) -> Iterator[Problem]:
    """Of converters that are not installed; connectors that name their own would not tell."""
    for name, kind in _CONVERTER_KINDS.items():
        written = values.get(name)
        if written and not plugins.is_known(kind, written):  # which loads none
            try:
                plugins.find(kind, written, name)
            except ConfigError as error:
                yield from error.problems


def _is_security(name: str) -> bool:
    return name == "security.protocol" or name.startswith(("sasl.", "ssl."))


def _problems(error: ValidationError, source: _Source, settings: type[WorkerSettings]) -> Iterator[Problem]:
    for fault in error.errors(include_url=False, include_input=False, include_context=True):
        name = str(fault["loc"][0])
        is_missing = fault["type"] == "missing"
        message = (
            _missing(name, source, settings) if is_missing else _bad_value(name, fault, source, settings)
        )
        yield Problem(source.spelled(name), message)


def _missing(name: str, source: _Source, settings: type[WorkerSettings]) -> str:
    unknown = [written for written in source.values if written not in settings.names()]
    found = closest(name, unknown)
    hint = f' Did you mean it by "{source.spelled(found)}"?' if found else ""
    if other := source.others.get(name):
        hint = f" {other} is what another image calls it."
    return (
        f'Missing required configuration "{name}" which has no default value. Set it in the worker file, or'
        f" {variable_name(name)} in the environment.{hint}"
    )


def _bad_value(name: str, fault: Any, source: _Source, settings: type[WorkerSettings]) -> str:
    if fault["type"] == "value_error":
        return str(fault["ctx"]["error"])
    value = source.values[name]
    shown = "" if looks_secret(name) else f" {value}"
    default = next(field.default for field in settings.model_fields.values() if field.alias == name)
    remedy = "Remove it." if default is None else f"The default is {default}."
    reason = fault["msg"].replace("Input should be", "It should be")
    choices = fault.get("ctx", {}).get("expected", "")
    hint = did_you_mean(value, [choice.strip("'") for choice in choices.replace(" or ", ", ").split(", ")])
    return f"Invalid value{shown} for configuration {name}: {reason}.{hint} {remedy}"

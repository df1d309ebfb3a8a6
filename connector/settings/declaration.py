"""The worker properties that have a field: name, type, default and effect of each, declared once.

How they are read is up to :mod:`connector.settings.worker`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from connector.config.listener import Listener
from connector.settings.value import (
    AdminListeners,
    BootstrapServers,
    Listed,
    Listeners,
    LogLevel,
    Lower,
    Milliseconds,
    Names,
    NamesOrNone,
    Policy,
    Port,
)

_BYTES = "org.apache.kafka.connect.converters.ByteArrayConverter"


class WorkerProperties(BaseSettings):
    """Their values."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", str_strip_whitespace=True, hide_input_in_errors=True
    )

    bootstrap_servers: BootstrapServers = Field(
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
    listeners: Listeners = Field(
        (Listener("127.0.0.1", 8083),),
        alias="listeners",
        description="Where the REST API and /metrics listen, separated by commas. Without rest.users.file"
        " anyone who reaches it may run connectors, so by default only this machine does; http://:8083 opens"
        " every interface. https:// needs a certificate, below listeners.https.",
    )
    admin_listeners: AdminListeners = Field(
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
    rest_write_rate: Annotated[float, Field(ge=0, allow_inf_nan=False)] = Field(
        50.0,
        alias="rest.writes.per.second",
        description="How many changes a second a client of the REST API may ask for in the long run; at once"
        " it may be four times as many. What is more is answered with 429. 0 for any number.",
    )
    access_control_allow_origin: Names = Field(
        (),
        alias="access.control.allow.origin",
        description="The origins of web pages that may use the REST API (CORS), separated by commas, * for"
        " all; none by default.",
    )
    access_control_allow_methods: Names = Field(
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
    rest_advertised_listener: Annotated[Literal["http", "https"], Lower] = Field(
        "http",
        alias="rest.advertised.listener",
        description="The protocol under which others reach this worker.",
    )
    rest_config_secrets: Annotated[Literal["masked", "raw"], Lower] = Field(
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
    worker_roles: Names = Field(
        (),
        alias="worker.roles",
        description="What this worker is for, separated by commas; a named connection that requires roles is"
        " used only where all of them are.",
    )
    connector_client_config_override_policy: Policy = Field(
        "All",
        alias="connector.client.config.override.policy",
        description="Which consumer.override.* and producer.override.* connectors may set: All, None,"
        " Principal (credentials), or Allowlist, those that connector.client.config.override.allowlist"
        " names. What would run programs on the worker none may set, whatever the policy.",
    )
    connector_client_config_override_allowlist: Names = Field(
        (),
        alias="connector.client.config.override.allowlist",
        description="The client properties that connectors may set with the policy Allowlist, without"
        " consumer.override., separated by commas.",
    )
    connectors_allowed_hosts: NamesOrNone = Field(
        None,
        alias="connectors.allowed.hosts",
        description="The hosts that options of connectors and named connections may name (endpoints, proxies,"
        " registries, other brokers), separated by commas: a name, *.example.com for all below it, either"
        " with :port. Absent allows any, an empty value none but AWS's own.",
    )
    connectors_allowed_paths: NamesOrNone = Field(
        None,
        alias="connectors.allowed.paths",
        description="The folders or files that options of connectors and named connections may have the"
        " worker read (certificates, tokens), separated by commas; links and .. are followed. Absent allows"
        " whatever its user may read, an empty value nothing. References have allowed.paths of their own.",
    )
    config_providers: Names = Field(
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
    metrics_jmx_names: Annotated[tuple[Literal["confluent", "strimzi"], ...], Listed] = Field(
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
    log_level: LogLevel = Field(
        "INFO", alias="log.level", description="The least severe events that are logged."
    )
    log_format: Annotated[Literal["text", "json"], Lower] = Field(
        "text", alias="log.format", description="text for people, json for machines; one line per event."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what is passed: dotted names and pass-through keys need its own mapping."""
        return (init_settings,)

    @classmethod
    def names(cls) -> list[str]:
        """The properties that have a field."""
        return [field.alias for field in cls.model_fields.values() if field.alias]

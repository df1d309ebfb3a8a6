"""The options that every sink connector has, whatever its class: Kafka Connect's own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from connector.config.option import (
    BOOLEAN,
    CLASS,
    INT,
    LIST,
    LONG,
    STRING,
    Importance,
    at_least,
    between,
    defaulted,
    non_empty,
    one_of,
    optional,
    required,
)
from connector.config.schema import Config
from connector.errors import Problem
from connector.java_regex import check_java_regex, compile_java

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def _legal_name(value: str) -> None:
    if not value:
        raise ValueError("String may not be empty")
    if control := [character for character in value if character.isascii() and not character.isprintable()]:
        codes = ", ".join(str(ord(character)) for character in control)
        raise ValueError(
            f"String may not contain control sequences but had the following ASCII chars: {codes}"
        )


def _unique_aliases(aliases: list[str]) -> None:
    if not all(aliases):
        raise ValueError("An alias is empty: take the comma out that is one too many.")
    if len(set(aliases)) < len(aliases):
        raise ValueError("Duplicate alias provided.")


def _legal_topic(name: str) -> None:
    if name and (not _TOPIC.fullmatch(name) or name in {".", ".."}):
        raise ValueError(
            "no topic can have this name: up to 249 letters of ASCII, digits, dots, underscores and hyphens"
        )


def _replicas(number: int) -> None:
    if number != _BROKERS_DEFAULT and not 1 <= number <= _MOST_REPLICAS:
        raise ValueError(f"Value must be -1, the brokers' default, or from 1 to {_MOST_REPLICAS}")


_TOPIC = re.compile(r"[a-zA-Z0-9._-]{1,249}")
_BROKERS_DEFAULT, _MOST_REPLICAS = -1, 32_767
MOST_TASKS = 10_000
"""Far more than help; a number with some noughts too many would end the workers of a cluster."""


class ConnectorConfig(Config):
    """Kafka Connect's options of a sink connector, which the runtime itself acts on."""

    name = required(
        "name",
        STRING,
        "The connector's name, unique in the cluster; the consumer group is connect-<name>, so a new name"
        " starts from the beginning.",
        validate=_legal_name,
        group="Common",
    )
    connector_class = required(
        "connector.class",
        CLASS,
        "The sink, by short name (s3), by our class name, or by the Java class name it replaces.",
        group="Common",
    )
    tasks_max = defaulted(
        "tasks.max",
        INT,
        1,
        "The most tasks that share the partitions; tasks beyond the number of partitions stay idle.",
        validate=between(1, MOST_TASKS),
        importance=Importance.HIGH,
        group="Common",
    )
    topics = defaulted(
        "topics",
        LIST,
        [],
        "The topics to read, separated by commas. Either this or topics.regex.",
        importance=Importance.HIGH,
        group="Common",
    )
    topics_regex = defaulted(
        "topics.regex",
        STRING,
        "",
        "A regular expression that names of topics to read match as a whole; topics created later are found.",
        validate=check_java_regex,
        importance=Importance.HIGH,
        group="Common",
    )
    aws_connection = optional(
        "aws.connection",
        STRING,
        "A named connection of this worker; its options hold wherever the connector gives none of its own.",
        validate=non_empty,
        group="AWS",
    )
    managed_by = optional(
        "managed.by",
        STRING,
        "Who keeps this config: connector apply --owner writes it, and prunes only what is its own. It has no"
        " effect on the connector.",
        validate=non_empty,
        importance=Importance.LOW,
        group="Common",
    )
    key_converter = optional(
        "key.converter", CLASS, "How record keys are read; the worker's converter if absent.", group="Common"
    )
    value_converter = optional(
        "value.converter",
        CLASS,
        "How record values are read; the worker's converter if absent.",
        group="Common",
    )
    header_converter = optional(
        "header.converter",
        CLASS,
        "How header values are read; the worker's converter if absent.",
        importance=Importance.LOW,
        group="Common",
    )
    transforms = defaulted(
        "transforms",
        LIST,
        [],
        "Aliases of the transforms, in the order they apply.",
        validate=_unique_aliases,
        group="Transforms",
    )
    predicates = defaulted(
        "predicates",
        LIST,
        [],
        "Aliases of the predicates that transforms refer to.",
        validate=_unique_aliases,
        group="Predicates",
    )
    errors_tolerance = defaulted(
        "errors.tolerance",
        STRING,
        "none",
        "none stops the task at the first record that can never succeed; all skips such records and counts"
        " them.",
        validate=one_of("none", "all"),
        choices=("none", "all"),
        group="Error Handling",
    )
    errors_log_enable = defaulted(
        "errors.log.enable",
        BOOLEAN,
        False,
        "Log every record that can never succeed, with topic, partition and offset, never its content; if"
        " false, one a second, and how many were not logged.",
        group="Error Handling",
    )
    errors_log_messages = defaulted(
        "errors.log.include.messages",
        BOOLEAN,
        False,
        "Whether Kafka Connect tells topic, partition and offset of the record; it is always told here, so"
        " this changes nothing.",
        group="Error Handling",
    )
    errors_retry_timeout_ms = defaulted(
        "errors.retry.timeout",
        LONG,
        -1,
        "How long, in milliseconds, a conversion is repeated while something that it needs cannot be reached,"
        " such as a schema registry; then the task fails without a commit, whatever errors.tolerance says. -1"
        " is as long as it takes; 0, which is Kafka Connect's default, not at all.",
        group="Error Handling",
    )
    errors_retry_delay_ms = defaulted(
        "errors.retry.delay.max.ms",
        LONG,
        60_000,
        "The longest wait in milliseconds between two attempts of a conversion.",
        validate=at_least(1),
        group="Error Handling",
    )
    dead_letter_topic = defaulted(
        "errors.deadletterqueue.topic.name",
        STRING,
        "",
        "The topic into which records go that can never succeed, as they were read. Empty: nowhere. With"
        " errors.tolerance=none the task then stops all the same.",
        validate=_legal_topic,
        group="Error Handling",
    )
    dead_letter_replication = defaulted(
        "errors.deadletterqueue.topic.replication.factor",
        INT,
        3,
        "The replicas of that topic, which is created if it is missing, with one partition; -1 is the"
        " brokers' default.",
        validate=_replicas,
        group="Error Handling",
    )
    dead_letter_headers = defaulted(
        "errors.deadletterqueue.context.headers.enable",
        BOOLEAN,
        False,
        "Whether the records there have headers that tell where they were read and what was wrong with"
        " them; their names begin with __connect.errors. so that they hide none of the record's own.",
        group="Error Handling",
    )
    config_action_reload = defaulted(
        "config.action.reload",
        STRING,
        "restart",
        "restart starts the connector anew when a value changed that its references stand for; none goes on"
        " with the former value until the connector is started anew.",
        validate=one_of("restart", "none"),
        choices=("restart", "none"),
        importance=Importance.LOW,
        group="Common",
    )
    task_restart_enable = defaulted(
        "task.restart.enable",
        BOOLEAN,
        True,
        "Start a task that failed again by itself, in distributed mode; not after errors that only a user"
        " can mend: of config, of permissions, of records. false leaves it FAILED until it is restarted over"
        " REST, as Kafka Connect does.",
        group="Error Handling",
    )
    task_restart_delay_ms = defaulted(
        "task.restart.delay.ms",
        LONG,
        10_000,
        "The longest wait before a task that failed starts again; it doubles with every failure in a row, and"
        " each wait is drawn between its half and its whole.",
        validate=at_least(1),
        importance=Importance.LOW,
        group="Error Handling",
    )
    task_restart_max_delay_ms = defaulted(
        "task.restart.max.delay.ms",
        LONG,
        300_000,
        "The longest of these waits; a task that has run for as long begins with the first again.",
        validate=at_least(1),
        importance=Importance.LOW,
        group="Error Handling",
    )
    memory_budget_bytes = defaulted(
        "task.memory.budget.bytes",
        LONG,
        128 * 1024 * 1024,
        "The bytes a task may hold between Kafka and the destination; when they are spent its partitions"
        " pause until uploads catch up.",
        validate=at_least(16 * 1024 * 1024),
    )

    @property
    def group_id(self) -> str:
        """The consumer group, where Kafka Connect keeps a sink's offsets."""
        return self.raw.get("consumer.override.group.id") or f"connect-{self.name}"

    def producer_overrides(self) -> dict[str, str]:
        """Of the producer of the dead letter queue."""
        return with_prefix(self.raw, "producer.override.")

    def consumer_overrides(self) -> dict[str, str]:
        return with_prefix(self.raw, "consumer.override.")

    def check(self) -> Iterator[Problem]:
        yield from super().check()
        has_topics, has_regex = any(self.topics), bool(self.topics_regex.strip())
        if has_topics and has_regex:
            text = "topics and topics.regex are mutually exclusive options, but both are set."
            yield from (Problem(option, text + " Keep one of them.") for option in ("topics", "topics.regex"))
        elif not has_topics and not has_regex and not self.is_faulty(ConnectorConfig.topics_regex):
            yield Problem("topics", "Must configure one of topics or topics.regex")
        yield from self._check_dead_letters()
        if len(set(self.topics)) != len(self.topics):
            yield Problem("topics", "Configuration 'topics' values must not be duplicated.")
        if has_topics and not all(self.topics):
            yield Problem("topics", "Configuration 'topics' values must not be empty.")

    def _check_dead_letters(self) -> Iterator[Problem]:
        topic, option = self.dead_letter_topic, "errors.deadletterqueue.topic.name"
        if topic and topic in self.topics:
            yield Problem(
                option,
                f"The DLQ topic '{topic}' may not be included in the list of topics"
                f" ('topics={','.join(self.topics)}') consumed by the connector",
            )
        has_pattern = self.topics_regex and not self.is_faulty(ConnectorConfig.topics_regex)
        if topic and has_pattern and compile_java(self.topics_regex).fullmatch(topic):
            yield Problem(
                option,
                f"The DLQ topic '{topic}' may not be included in the regex matching the topics"
                f" ('topics.regex={self.topics_regex}') consumed by the connector",
            )


def with_prefix(raw: Mapping[str, str | None], prefix: str) -> dict[str, str]:
    """The keys below ``prefix``, without it; null values are left to the options that own them."""
    return {
        key.removeprefix(prefix): value
        for key, value in raw.items()
        if key.startswith(prefix) and value is not None
    }

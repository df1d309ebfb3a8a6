"""Options of Aiven's connector that are accepted, held to its rules, and change nothing here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.config.option import INT, LONG, STRING, Importance, at_least, between, optional
from connector.config.schema import Config

if TYPE_CHECKING:
    from collections.abc import Iterator

_DAY_MS = 24 * 3_600_000
_GROUP = "Without effect"


def _at_most_a_day(value: int) -> None:
    if value < 0:
        raise ValueError("Value must be at least 0")
    if value > _DAY_MS:
        raise ValueError(f"Value must be no more than {_DAY_MS} (24 hours)")


class IdleConfig(Config):
    """So that configurations of others run unchanged."""

    backoff_max_retries = optional(
        "aws.s3.backoff.max.retries",
        INT,
        "Accepted, without effect: requests are repeated until they succeed or cannot.",
        validate=between(1, 30),
        importance=Importance.LOW,
        group=_GROUP,
    )
    kafka_retry_backoff_ms = optional(
        "kafka.retry.backoff.ms",
        LONG,
        "Accepted, without effect: batches are not put again, requests are.",
        validate=_at_most_a_day,
        importance=Importance.LOW,
        group=_GROUP,
    )
    fetch_page_size = optional(
        "aws.s3.fetch.page.size",
        INT,
        "Accepted, without effect: it is of Aiven's source.",
        validate=at_least(1),
        importance=Importance.LOW,
        group=_GROUP,
    )
    fetch_buffer_size = optional(
        "aws.s3.fetch.buffer.size",
        INT,
        "Accepted, without effect: it is of Aiven's source.",
        validate=at_least(1),
        importance=Importance.LOW,
        group=_GROUP,
    )
    prefix_template = optional(
        "file.prefix.template",
        STRING,
        "Accepted, without effect, as in Aiven's sink: let file.name.template begin with it.",
        importance=Importance.LOW,
        group=_GROUP,
    )

    def notes(self) -> Iterator[str]:
        yield from super().notes()
        for option in IdleConfig.options().values():
            if self.is_set(option):
                reason = option.description.removeprefix("Accepted, without effect").lstrip(":, ").rstrip(".")
                yield f"{option.name} has no effect: {reason}"

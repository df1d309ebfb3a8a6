"""The example files that the demo runs, and what it must change in them to stay on this machine.

Pure but for reading the files.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from connector.config.files import read_connector
from connector.properties import read_properties

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.demo.aws import Account

_FOLDER = Path(__file__).with_name("examples")
"""A link to ``config-examples``; in the built package, a copy."""
_SECRET = frozenset({"aws.access.key.id", "aws.secret.access.key"})


class Change(NamedTuple):
    """An option that differs from the example; secrets are left out of it."""

    option: str
    before: str
    after: str


def connector_example() -> dict[str, str]:
    """``s3_sink.json`` as it stands."""
    return {option: value for option, value in read_connector(_FOLDER / "s3_sink.json").items() if value}


def worker_example() -> dict[str, str]:
    """``worker.properties`` as it stands."""
    return read_properties(_FOLDER / "worker.properties")


def connector_overrides(account: Account, aws_url: str) -> dict[str, str]:
    """What a real account does not need: endpoints here, and keys where a machine would have an identity."""
    return {
        "aws.sts.role.arn": account.role_arn,
        "aws.sts.role.external.id": account.external_id,
        "aws.sts.config.endpoint": aws_url,
        "aws.s3.endpoint": aws_url,
        "aws.access.key.id": account.base.access_key_id,
        "aws.secret.access.key": account.base.secret,
    }


def worker_overrides(bootstrap_servers: str, port: int, flush_interval_ms: int) -> dict[str, str]:
    """Where Kafka and REST are, and objects every few seconds instead of every minute."""
    return {
        "bootstrap.servers": bootstrap_servers,
        "listeners": f"http://127.0.0.1:{port}",
        "offset.flush.interval.ms": str(flush_interval_ms),
        "consumer.statistics.interval.ms": "500",
    }


def changes(example: Mapping[str, str], overrides: Mapping[str, str]) -> list[Change]:
    """What differs, ready to be shown."""
    return [
        Change(option, example.get(option, "(not set)"), "[hidden]" if option in _SECRET else value)
        for option, value in overrides.items()
        if example.get(option) != value
    ]


def properties(values: Mapping[str, str]) -> str:
    """As a ``.properties`` file."""
    return "".join(f"{name}={value}\n" for name, value in values.items())

"""Configs of Confluent's S3 sink: the sink's own translation, written down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.sinks.s3.confluent import translate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.config.dialect import Translation

_NAMES = frozenset({"io.confluent.connect.s3.S3SinkConnector", "S3SinkConnector", "S3Sink"})


def is_confluents(java: str) -> bool:
    """Whether a connector's class is that sink."""
    return java in _NAMES


def from_confluent(raw: Mapping[str, str]) -> Translation:
    """What the sink would do under Confluent's name, in words of its own."""
    return translate(raw)

"""The destination that an option names for a topic of Kafka, and why there may be none."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from connector.error_codes import ErrorCode
from connector.errors import AccessError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def naming(option: str, topic: str) -> Iterator[None]:
    """Tell a ValueError about the name that ``option`` gives for a topic as an AccessError."""
    try:
        yield
    except ValueError as error:
        raise AccessError(
            f"{option} names no destination for the topic {topic}: {error}",
            remedy="rename topics on their way with a transform, or give this topic a connector of its own",
            code=ErrorCode.DESTINATION_UNNAMED,
        ) from error

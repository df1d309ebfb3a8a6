"""Aiven's json: one JSON array per object, a record on each line."""

from __future__ import annotations

from typing import ClassVar

from connector.formats.jsonl import JsonlFormat


class JsonFormat(JsonlFormat):
    """The records of jsonl between ``[`` and ``]``, each on a line of its own."""

    content_type: ClassVar[str] = "application/json"
    head: ClassVar[bytes] = b"[\n"
    separator: bytes = b",\n"
    tail: ClassVar[bytes] = b"\n]"

"""What EventBridge takes as an event: its length, its strings, the JSON of its detail.

Facts are those of the API reference, PutEvents and PutEventsRequestEntry, and of the user guide,
"Calculating PutEvents event entry size"; they are counted and looked at without parsing a detail.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

REQUEST_ENTRIES = 10
REQUEST_BYTES = 999_999
"""The reference says "less than 1MB" and not which; this is less by either meaning, 1,048,576 being one."""
TIME_BYTES = 14
MOST_TYPE_CHARACTERS = 128
MOST_SOURCE_CHARACTERS = 256
"""Of a version 2 bus; the classic one names no limit."""
MOST_RESOURCE_CHARACTERS = 2048
MOST_TRACE_CHARACTERS = 500
MOST_DEPTH = 1000
_LEAST_INTEGER, _MOST_INTEGER = -(1 << 63), (1 << 63) - 1

_LONG_DIGITS = re.compile(rb"\d{19}")
"""Integers below it fit whatever they are; nearly all details have none, and this search is all they cost."""
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"')
_NUMBER = re.compile(rb"-?\d+(?P<real>\.\d+)?(?P<exponent>[eE][+-]?\d+)?")
_BRACKET = re.compile(rb"[\[\]{}]")


def source_fault(source: str | None) -> str | None:
    if not source:
        return "aws.eventbridge.source has no text for this record, and an event needs a source"
    if source.startswith("aws."):
        return f"the source {source} begins with aws., which is AWS's own: change aws.eventbridge.source"
    return None


def detail_type_fault(detail_type: str | None) -> str | None:
    if not detail_type:
        return "aws.eventbridge.detail.type has no text for this record, and an event needs a detail type"
    if len(detail_type) > MOST_TYPE_CHARACTERS:
        return (
            f"the detail type has {len(detail_type)} characters, and {MOST_TYPE_CHARACTERS} are allowed:"
            " change aws.eventbridge.detail.type"
        )
    return None


def resources_fault(resources: Sequence[str]) -> str | None:
    if any(len(resource) > MOST_RESOURCE_CHARACTERS for resource in resources):
        return (
            f"a resource has more than {MOST_RESOURCE_CHARACTERS} characters: change"
            " aws.eventbridge.resources"
        )
    return None


def detail_fault(detail: bytes) -> str | None:
    """Why this JSON cannot be a detail; None if it can.

    Args:
        detail: Valid JSON.
    """
    if detail.lstrip()[:1] != b"{":
        return (
            "the value is not a JSON object, and the detail of an event is one: set"
            " aws.eventbridge.detail=envelope, or convert the value"
        )
    may_be_deep = detail.count(b"{") + detail.count(b"[") > MOST_DEPTH
    if not may_be_deep and _LONG_DIGITS.search(detail) is None:
        return None
    bare = _STRING.sub(b"", detail)
    if may_be_deep and _depth(bare) > MOST_DEPTH:
        return f"the detail is nested more than {MOST_DEPTH} levels deep, which EventBridge does not process"
    if any(not _fits(number) for number in _NUMBER.finditer(bare)):
        return "the detail has an integer beyond 64 bits, which EventBridge does not take: send it as text"
    return None


def size_bytes(
    *, detail: int, source: str, detail_type: str, resources: Sequence[str], has_time: bool, trace: str | None
) -> int:
    """As the user guide counts it; the trace header is counted to be on the safe side."""
    return (
        detail
        + _length(source)
        + _length(detail_type)
        + sum(map(_length, resources))
        + (TIME_BYTES if has_time else 0)
        + (_length(trace) if trace else 0)
    )


def _length(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


def _depth(bare: bytes) -> int:
    depth = deepest = 0
    for bracket in _BRACKET.finditer(bare):
        depth += 1 if bracket[0] in b"{[" else -1
        deepest = max(deepest, depth)
    return deepest


def _fits(number: re.Match[bytes]) -> bool:
    if number["real"] or number["exponent"]:
        return True
    digits = number[0]
    # The conversion is quadratic in its digits, and Python refuses thousands of them.
    return len(digits) <= 20 and _LEAST_INTEGER <= int(digits) <= _MOST_INTEGER  # noqa: PLR2004

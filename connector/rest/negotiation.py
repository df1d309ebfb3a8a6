"""Which bodies the API takes and which answers a client takes; decides only, answers nothing."""

from __future__ import annotations

from email.message import Message

_JSON = "application/json"
_ACCEPTS_JSON = frozenset({_JSON, "application/*", "*/*"})


def takes_body(content_type: str | None) -> bool:
    """Whether a body of this type is one the API reads: JSON, in any charset parameter."""
    return content_type is not None and _media_type(content_type) == _JSON


def accepts_json(accept: str | None) -> bool:
    """Whether a client with this ``Accept`` takes JSON; without the header it does (RFC 9110, 12.5.1)."""
    if accept is None or not accept.strip():
        return True
    ranges = [item for item in accept.split(",") if _media_type(item) in _ACCEPTS_JSON]
    # The most specific range decides, so that "application/json;q=0, */*" refuses JSON.
    ranges.sort(key=lambda item: _media_type(item).count("*"))
    return bool(ranges) and _quality(ranges[0]) > 0


def _media_type(header: str) -> str:
    return header.partition(";")[0].strip().lower()


def _quality(header: str) -> float:
    message = Message()
    message["content-type"] = header
    try:
        return float(str(message.get_param("q", "1")))
    except ValueError:
        return 1.0

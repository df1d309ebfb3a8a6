"""An address that the REST API listens on, as Kafka Connect writes it: ``http://host:port``, or ``https``."""

from __future__ import annotations

import re
from dataclasses import dataclass

_FORM = re.compile(
    r"(?P<protocol>[a-z]+)://(?:\[(?P<v6>[0-9a-f:.%]+)\]|(?P<host>[\w.-]*)):(?P<port>\d+)/?", re.IGNORECASE
)
_MAX_PORT = 65535


@dataclass(frozen=True, slots=True)
class Listener:
    """``host`` is empty for every interface; ``port`` is 0 for any that is free."""

    host: str
    port: int
    protocol: str = "http"

    def __str__(self) -> str:
        return f"{self.protocol}://{bracketed(self.host)}:{self.port}"


def parse_listeners(text: str) -> tuple[Listener, ...]:
    """The listeners of a list separated by commas; raises ValueError with the reason and the remedy."""
    items = [item.strip() for item in text.split(",") if item.strip()]
    if not items:
        raise ValueError("At least one listener is needed, for example http://127.0.0.1:8083.")
    listeners = tuple(_parse(item) for item in items)
    if repeated := {str(listener) for listener in listeners if listeners.count(listener) > 1}:
        raise ValueError(f"{', '.join(sorted(repeated))} is listed more than once.")
    return listeners


def bracketed(host: str) -> str:
    """``host`` as a URL holds it: an IPv6 address stands in brackets."""
    return f"[{host}]" if ":" in host else host


def _parse(text: str) -> Listener:
    found = _FORM.fullmatch(text)
    if found is None or int(found["port"]) > _MAX_PORT:
        raise ValueError(
            f"{text} is no listener. Write http://host:port, or http://:port to listen on every interface."
        )
    protocol = found["protocol"].lower()
    if protocol not in {"http", "https"}:
        raise ValueError(f"{text}: the protocol {protocol} is not known. Use http:// or https://.")
    return Listener(found["v6"] or found["host"] or "", int(found["port"]), protocol)

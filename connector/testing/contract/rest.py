"""Requests and the answers they get, as tables: the same ones for Kafka Connect and for this worker.

A table is made of scenarios, each a list of exchanges with one worker, in which ``CONNECTOR`` stands for a
name that is only this scenario's, and ``TOPIC`` for a topic with ten records in one partition.
"""

from __future__ import annotations

import http.client
import json
import re
import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WAIT_SECONDS = 60.0
"""For what comes true after a while, and for workers that are just sharing tasks out."""
_REQUEST_SECONDS = 95.0
_JSON = {"Content-Type": "application/json"}
# What clients of Kafka Connect have to live with, and do: the same again is the answer.
_PASSING = re.compile(r"rebalance|stale configuration|no known leader|tasks haven't stopped completely yet")


class Anything:
    """Is equal to everything."""

    def __eq__(self, _other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0

    def __repr__(self) -> str:
        return "…"


ANY = Anything()


@dataclass(frozen=True)
class Contains:
    """A text with these parts in it, or a list with these items."""

    parts: tuple[Any, ...]

    def __init__(self, *parts: Any) -> None:
        object.__setattr__(self, "parts", parts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str | list) and all(part in other for part in self.parts)

    def __hash__(self) -> int:
        return hash(self.parts)


@dataclass(frozen=True)
class Has:
    """An object with these keys among others."""

    keys: Mapping[str, Any]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, dict) and all(
            key in other and other[key] == value for key, value in self.keys.items()
        )

    def __hash__(self) -> int:
        return hash(tuple(self.keys))


@dataclass(frozen=True)
class OneOf:
    """Any of these."""

    choices: tuple[Any, ...]

    def __init__(self, *choices: Any) -> None:
        object.__setattr__(self, "choices", choices)

    def __eq__(self, other: object) -> bool:
        return other in self.choices

    def __hash__(self) -> int:
        return len(self.choices)


@dataclass(frozen=True)
class Answer:
    """What is expected.

    Attributes:
        status: Of HTTP.
        body: JSON, or something that compares with it; None for no body at all.
        headers: Some of them.
    """

    status: int
    body: Any = ANY
    headers: Mapping[str, Any] = field(default_factory=dict)


def error(code: int, message: Any = ANY) -> Answer:
    """An answer in Kafka Connect's shape of errors."""
    return Answer(code, {"error_code": code, "message": message})


@dataclass(frozen=True)
class Exchange:
    """A request and its answer.

    Attributes:
        request: Method and path, which is sent as it is.
        answer: Ours.
        body: Sent as JSON, unless it is bytes already.
        connect: Kafka Connect's, where it is another.
        why: Must be given then.
        headers: Instead of the content type that a body has.
        soon: The answer may take a while to be this one.
    """

    request: str
    answer: Answer
    body: Any = None
    connect: Answer | None = None
    why: str = ""
    headers: Mapping[str, str] | None = None
    soon: bool = False

    def __post_init__(self) -> None:
        if bool(self.why) != (self.connect is not None):
            raise ValueError(f"{self.request}: a difference and its reason belong together")


@dataclass(frozen=True)
class Scenario:
    """Exchanges that build on each other; the connector is deleted in the end."""

    title: str
    exchanges: Sequence[Exchange]


@dataclass
class Received:
    """What came back."""

    status: int
    body: Any
    headers: Mapping[str, str]

    def is_like(self, expected: Answer) -> bool:
        has_headers = all(self.headers.get(key) == value for key, value in expected.headers.items())
        return self.status == expected.status and bool(expected.body == self.body) and has_headers

    @property
    def passes(self) -> bool:
        """Whether the same request may soon be answered otherwise."""
        message = self.body.get("message") if isinstance(self.body, dict) else None
        return self.status in {409, 500} and bool(_PASSING.search(str(message)))


@dataclass(frozen=True)
class RestWorker:
    """A worker to talk to."""

    host: str
    port: int
    is_connect: bool = False

    def play(self, scenario: Scenario, topic: str) -> None:
        """Raises AssertionError at the first answer that is another."""
        name = f"c-{uuid.uuid4().hex[:10]}"
        names = {"CONNECTOR": name, "TOPIC": topic}
        try:
            for exchange in scenario.exchanges:
                self._play_one(exchange, names)
        finally:
            self.ask("DELETE", f"/connectors/{name}")

    def _play_one(self, exchange: Exchange, names: Mapping[str, str]) -> None:
        expected = (self.is_connect and exchange.connect) or exchange.answer
        expected = Answer(
            expected.status, _named(expected.body, names), _named(dict(expected.headers), names)
        )
        method, path = _named(exchange.request, names).split(" ", 1)
        body = _named(exchange.body, names)
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            received = self.ask(method, path, body, exchange.headers)
            if received.is_like(expected):
                return
            if not (exchange.soon or received.passes) or time.monotonic() > deadline:
                break
            time.sleep(0.2)
        raise AssertionError(f"{method} {path} {body!r}\nwanted {expected}\ncame   {received}")

    def ask(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Received:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=_REQUEST_SECONDS)
        try:
            data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
            sent = dict(_JSON if data is not None else {}) if headers is None else dict(headers)
            connection.request(method, path, data, sent)
            answer = connection.getresponse()
            return Received(answer.status, _parsed(answer.read()), dict(answer.getheaders()))
        finally:
            connection.close()


def _parsed(text: bytes) -> Any:
    if not text:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text.decode(errors="replace")


def _named(value: Any, names: Mapping[str, str]) -> Any:
    """With the names in the place of what stands for them."""
    match value:
        case str():
            found: Any = value
            for placeholder, name in names.items():
                found = found.replace(placeholder, name)
        case bytes():
            found = _named(value.decode(), names).encode() if value.isascii() else value
        case dict():
            found = {_named(key, names): _named(item, names) for key, item in value.items()}
        case list():
            found = [_named(item, names) for item in value]
        case Contains():
            found = Contains(*(_named(part, names) for part in value.parts))
        case OneOf():
            found = OneOf(*(_named(choice, names) for choice in value.choices))
        case Has():
            found = Has(_named(dict(value.keys), names))
        case _:
            found = value
    return found

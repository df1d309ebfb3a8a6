"""What happens to which request: a script of faults, decided without any network."""

from __future__ import annotations

import json
import random
import sys
import threading
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, Literal
from xml.sax.saxutils import escape

from connector.testing.proxy.request import ApiRequest

FOREVER: Final = sys.maxsize
"""For `times`: until `clear`."""

When = Literal["before", "after"]
"""Whether the server gets to see a request before it fails for the client."""


@dataclass(frozen=True)
class Answer:
    """A whole HTTP response."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


Hook = Callable[[ApiRequest], Answer | Awaitable[Answer | None] | None]
"""Looks at a request before it is forwarded, and may answer it instead; runs on the proxy's own thread."""

Match = Callable[[ApiRequest], bool]


@dataclass(frozen=True)
class Ending:
    """How an exchange ends other than with the server's own answer."""

    answer: Answer | None
    """None: the connection is closed without any."""
    forwarded: bool
    """Whether the server carries the request out first."""


@dataclass(frozen=True)
class Plan:
    """What the script has for one request: first the delay, then the hooks, then the ending."""

    delay_seconds: float = 0
    hooks: tuple[Hook, ...] = ()
    ending: Ending | None = None
    hold_seconds: float = 0
    """After its body has come; then the server gets it even if the client is gone."""


@dataclass
class _Fault:
    operation: str
    times: int
    match: Match
    probability: float = 1
    delay_seconds: float = 0
    hold_seconds: float = 0
    hook: Hook | None = None
    end: Callable[[ApiRequest], Ending] | None = None

    def strikes(self, request: ApiRequest, chance: random.Random) -> bool:
        struck = (
            self.times > 0
            and self.operation in {"*", request.operation}
            and self.match(request)
            and chance.random() < self.probability
        )
        self.times -= struck
        return struck


def _always(_request: ApiRequest) -> bool:
    return True


class FaultScript:
    """Faults in the order they were added; each request meets all delays and hooks, and the first ending.

    Operations go by their names in the API reference (`UploadPart`, `AssumeRole`, …); `*` is any. All methods
    may be called from any thread, while requests are under way.

    Args:
        seed: Of the dice for probabilities, so that a failing run can be repeated.
    """

    def __init__(self, seed: int = 0) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - for tests
        self._lock = threading.Lock()
        self._faults: list[_Fault] = []
        self.bytes_per_second: float | None = None

    def fail(
        self,
        operation: str,
        times: int | None = None,
        *,
        status: int = 503,
        code: str = "SlowDown",
        message: str = "Injected by the test.",
        when: When = "before",
        match: Match = _always,
        probability: float = 1,
    ) -> None:
        """Answers with an error in the form of the request's own protocol.

        Args:
            operation: Which requests.
            times: How many of them; once by default, but `FOREVER` with a probability below one.
            status: The HTTP status.
            code: The error code a client finds in the body.
            message: The text a client finds in the body.
            when: `after`: the server carries the request out, and only the answer is replaced.
            match: Which of the operation's requests.
            probability: How likely a request is struck.
        """

        def end(request: ApiRequest) -> Ending:
            return Ending(render_error(request, status, code, message), forwarded=when == "after")

        self._add(_Fault(operation, _default_times(times, probability), match, probability, end=end))

    def cut(
        self,
        operation: str,
        times: int | None = None,
        *,
        when: When = "before",
        match: Match = _always,
        probability: float = 1,
    ) -> None:
        """Closes the connection without an answer, before or after the server carried it out.

        aiohttp, and so aiobotocore, silently sends a PUT, GET, HEAD or DELETE once more when its connection
        is cut (RFC 9112, 9.3.1): such a client notices nothing of a single cut, only of two in a row.
        """

        def end(_request: ApiRequest) -> Ending:
            return Ending(None, forwarded=when == "after")

        self._add(_Fault(operation, _default_times(times, probability), match, probability, end=end))

    def complete_with_error_body(
        self,
        times: int = 1,
        *,
        code: str = "InternalError",
        message: str = "Injected by the test.",
        when: When = "before",
        match: Match = _always,
    ) -> None:
        """Answers CompleteMultipartUpload with status 200 and an error in the body.

        S3 does so when it fails after it has begun to answer (API reference of CompleteMultipartUpload).
        """

        def end(request: ApiRequest) -> Ending:
            return Ending(render_error(request, 200, code, message), forwarded=when == "after")

        self._add(_Fault("CompleteMultipartUpload", times, match, end=end))

    def delay(self, operation: str, seconds: float, times: int = FOREVER, *, match: Match = _always) -> None:
        """Holds requests back before they are forwarded."""
        self._add(_Fault(operation, times, match, delay_seconds=seconds))

    def hold(self, operation: str, seconds: float, times: int = 1, *, match: Match = _always) -> None:
        """Takes requests whole and forwards them so much later, even if their client is dead by then."""
        self._add(_Fault(operation, times, match, hold_seconds=seconds))

    def on(self, operation: str, hook: Hook, times: int = FOREVER, *, match: Match = _always) -> None:
        """Calls a hook with each request; it may answer in the server's place, say that entries failed."""
        self._add(_Fault(operation, times, match, hook=hook))

    def throttle(self, bytes_per_second: float | None) -> None:
        """Limits all bodies together, both ways; None lifts the limit."""
        self.bytes_per_second = bytes_per_second

    def clear(self) -> None:
        """Forgets all faults and the limit; what was counted stays."""
        with self._lock:
            self._faults.clear()
        self.throttle(None)

    def plan(self, request: ApiRequest) -> Plan:
        """What the faults have for this request; those that strike are used up by it."""
        delay_seconds = hold_seconds = 0.0
        hooks: list[Hook] = []
        with self._lock:
            for fault in self._faults:
                if not fault.strikes(request, self._chance):
                    continue
                delay_seconds += fault.delay_seconds
                hold_seconds += fault.hold_seconds
                if fault.hook:
                    hooks.append(fault.hook)
                if fault.end:
                    return Plan(delay_seconds, tuple(hooks), fault.end(request), hold_seconds)
        return Plan(delay_seconds, tuple(hooks), None, hold_seconds)

    def _add(self, fault: _Fault) -> None:
        with self._lock:
            self._faults.append(fault)


def render_error(request: ApiRequest, status: int, code: str, message: str) -> Answer:
    """An error as the service itself would write it, so that SDKs find code and message."""
    request_id = uuid.uuid4().hex
    if request.protocol == "json":
        body = json.dumps({"__type": code, "message": message})
        return Answer(status, body.encode(), {"Content-Type": request.headers["content-type"]})
    error = f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
    if request.protocol == "query":
        error = f"<Error><Type>Sender</Type>{error}</Error><RequestId>{request_id}</RequestId>"
        body = f"<ErrorResponse>{error}</ErrorResponse>"
    else:
        body = f"<Error>{error}<RequestId>{request_id}</RequestId></Error>"
    document = '<?xml version="1.0" encoding="UTF-8"?>\n' + body
    return Answer(status, document.encode(), {"Content-Type": "application/xml"})


def _default_times(times: int | None, probability: float) -> int:
    if times is not None:
        return times
    return 1 if probability == 1 else FOREVER

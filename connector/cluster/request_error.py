"""Why a herder did not do what a client asked; who must act is in each class's line.

The messages are Kafka Connect's where clients match them. Faults of a submitted config are
``BadRequestError`` too, made by :mod:`connector.cluster.validation`.
"""

from __future__ import annotations

from connector.error_codes import ErrorCode
from connector.errors import ConnectorError


class RequestError(ConnectorError):
    """Base of what herders raise on purpose, never raised itself; the message goes to the client."""

    code = ErrorCode.REQUEST_REFUSED


class BadRequestError(RequestError):
    """The client corrects what it sent (400)."""


class NotFoundError(RequestError):
    """The client corrects the name, or creates what it names (404)."""


class ConflictError(RequestError):
    """Another state is needed first (409); clients send the same again on any of these."""


class ExistsError(ConflictError):
    """The client chooses another name, or puts a config."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Connector {name} already exists")


class RebalanceError(ConflictError):
    """Nobody: workers are just sharing tasks out, or a config is just changing; the same again soon."""

    def __init__(
        self,
        message: str = "Cannot complete request because of a conflicting operation (e.g. worker rebalance)",
    ) -> None:
        super().__init__(message)


class RebalanceExpectedError(RequestError):
    """As the above, of reads, which Connect answers with 500 and this text; clients match it."""

    def __init__(self) -> None:
        super().__init__("Request cannot be completed because a rebalance is expected")


class FailedError(RequestError):
    """The operator looks at Kafka or the worker (500); the message says at what."""


class TimedOutError(FailedError):
    """It took longer than a request may; it may still happen (500)."""

    def __init__(self, stage: str = "") -> None:
        super().__init__("Request timed out" + (f". {stage}" if stage else ""))


def unknown_connector(name: str) -> NotFoundError:
    """Of pause, resume and stop."""
    return NotFoundError(f"Unknown connector {name}")


def not_found(name: str) -> NotFoundError:
    """Of everything else: changes of config, deletion, offsets."""
    return NotFoundError(f"Connector {name} not found")


def unknown_to_restart(name: str) -> NotFoundError:
    """Of restarts, which Connect words with a colon."""
    return NotFoundError(f"Unknown connector: {name}")


def unknown_task(name: str, task: int) -> NotFoundError:
    """Of the restart of a task."""
    return NotFoundError(f"Unknown task: {name}-{task}")


def no_status(name: str) -> NotFoundError:
    """Of a restart that has to know which instances failed."""
    return NotFoundError(f"Status for connector {name} not found")


def must_be_stopped(name: str) -> BadRequestError:
    """Of changes to offsets."""
    return BadRequestError(
        "Connectors must be in the STOPPED state before their offsets can be modified. This can be done for"
        f" the specified connector by issuing a 'PUT' request to the '/connectors/{name}/stop' endpoint"
    )

"""``connector health``: asks the worker of this machine, as a container's health check does.

It imports next to nothing, since containers run it often: ``python -m connector.commands.health``.
"""

from __future__ import annotations

import http.client
import json
import os
import ssl
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from connector.config.listener import Listener, bracketed, parse_listeners
from connector.environment import WORKER_FILE, connect_variables, property_name
from connector.errors import ConfigError
from connector.properties import read_properties

if TYPE_CHECKING:
    from collections.abc import Mapping

_OPTION = "listeners"
_DEFAULT = "http://127.0.0.1:8083"
_SECONDS = 11.0
"""The worker itself gives up after ten."""
_EVERY_INTERFACE = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - not bound, but reached


def report(worker: Path | None, environ: Mapping[str, str], *, live: bool = False) -> tuple[bool, str]:
    """Whether the worker is healthy, and what it says.

    Args:
        worker: The properties that the worker was started with, if any.
        environ: Its environment, which overrules them.
        live: Only whether its main loop turns; Kafka may be away.

    Raises:
        ConfigError: The listeners cannot be told.
    """
    listener = _listener(worker, environ)
    path = "/health/live" if live else "/health"
    connection = _connection(listener)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status == http.client.OK, _text(answer)
    except (OSError, http.client.HTTPException) as error:
        return False, f"no answer from {listener}: {error}{_hint(listener)}"
    finally:
        connection.close()


def _listener(worker: Path | None, environ: Mapping[str, str]) -> Listener:
    written = read_properties(worker) if worker else {}
    for variable, value in connect_variables(environ).items():
        written[property_name(variable)] = value
    try:
        listeners = parse_listeners(written.get(_OPTION, _DEFAULT))
    except ValueError as error:
        raise ConfigError.of(_OPTION, str(error)) from None
    # One without TLS asks for no certificate.
    return min(listeners, key=lambda each: each.protocol != "http")


def _connection(listener: Listener) -> http.client.HTTPConnection:
    host = bracketed(_EVERY_INTERFACE.get(listener.host, listener.host))
    if listener.protocol == "http":
        return http.client.HTTPConnection(host, listener.port, timeout=_SECONDS)
    # No secret is sent, and the certificate is for the name that others know this worker by.
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection(host, listener.port, timeout=_SECONDS, context=context)


def _hint(listener: Listener) -> str:
    if listener.protocol == "http":
        return ""
    return (
        f"; if it wants certificates of clients, give {_OPTION} a second one for this check, such as"
        " http://127.0.0.1:8084"
    )


def _text(answer: http.client.HTTPResponse) -> str:
    try:
        return str(json.loads(answer.read())["message"])
    except (ValueError, KeyError, TypeError):
        return f"{answer.status} {answer.reason}: this is no worker of ours"


def main() -> int:
    """As the health check of the image: the exit code."""
    file = os.environ.get(WORKER_FILE)
    try:
        is_healthy, message = report(Path(file) if file else None, os.environ)
    except ConfigError as error:
        is_healthy, message = False, str(error)
    print(message)  # noqa: T201 - Docker keeps it
    return 0 if is_healthy else 1


if __name__ == "__main__":
    sys.exit(main())

"""The HTTP status of each error that is raised on purpose."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from connector.cluster.checks import TooManyChecksError
from connector.cluster.refusal import (
    ConnectionChangedError,
    ConnectionExistsError,
    ConnectionInUseError,
    ConnectionLimitError,
    ConnectionsTimedOutError,
    UnknownConnectionError,
)
from connector.cluster.request_error import BadRequestError, ConflictError, NotFoundError, RequestError
from connector.errors import ConfigError

if TYPE_CHECKING:
    from connector.errors import ConnectorError

# The limit is no 429: that asks clients to send the same again, which would not help.
_STATUSES: dict[type[ConnectorError], HTTPStatus] = {
    BadRequestError: HTTPStatus.BAD_REQUEST,
    NotFoundError: HTTPStatus.NOT_FOUND,
    ConflictError: HTTPStatus.CONFLICT,
    RequestError: HTTPStatus.INTERNAL_SERVER_ERROR,
    ConfigError: HTTPStatus.BAD_REQUEST,
    ConnectionLimitError: HTTPStatus.BAD_REQUEST,
    UnknownConnectionError: HTTPStatus.NOT_FOUND,
    ConnectionExistsError: HTTPStatus.CONFLICT,
    ConnectionInUseError: HTTPStatus.CONFLICT,
    ConnectionChangedError: HTTPStatus.CONFLICT,
    TooManyChecksError: HTTPStatus.SERVICE_UNAVAILABLE,
    ConnectionsTimedOutError: HTTPStatus.GATEWAY_TIMEOUT,
}


def status_of(error: ConnectorError) -> int:
    found = (status for kind, status in _STATUSES.items() if isinstance(error, kind))
    return next(found, HTTPStatus.INTERNAL_SERVER_ERROR)

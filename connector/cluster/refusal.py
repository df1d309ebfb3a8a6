"""Why an operation on named connections was not carried out; who must act is in each class's line."""

from __future__ import annotations

from connector.error_codes import ErrorCode
from connector.errors import ConnectorError


class ConnectionRefusal(ConnectorError):  # noqa: N818 - the base of errors, never raised itself
    """What operations on named connections raise, beside ConfigError for what a user wrote."""

    code = ErrorCode.REQUEST_REFUSED


class ConnectionExistsError(ConnectionRefusal):
    """The user chooses another name, or updates the connection."""


class UnknownConnectionError(ConnectionRefusal):
    """The user corrects the name, or creates the connection."""


class ConnectionInUseError(ConnectionRefusal):
    """The user changes or removes the connectors that are named first."""


class ConnectionChangedError(ConnectionRefusal):
    """Somebody else was faster: the user looks again, then repeats."""


class ConnectionLimitError(ConnectionRefusal):
    """The user deletes connections that nobody needs."""


class ConnectionsTimedOutError(ConnectionRefusal):
    """The operator looks why the store does not answer; the operation may be repeated."""


class ConnectionStoreError(ConnectionRefusal):
    """The operator repairs the store: a damaged file, a permission, a full disk."""

    code = ErrorCode.DIRECTORY_UNUSABLE

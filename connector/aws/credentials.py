"""Short-lived credentials: obtained before the first write, refreshed ahead of their end, once for all tasks.

botocore's own refresh starts 15 minutes before the end, so a 900-second session would be renewed with
every request; here the margin follows from the length of the session.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from aiobotocore.config import AioConfig
from aiobotocore.credentials import AioCredentials
from aiobotocore.session import AioSession
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import NoCredentialsError

from connector import logs, metrics
from connector.aws.faults import translate
from connector.errors import ConnectorError

if TYPE_CHECKING:
    from connector.aws.connection import Identity

log = logs.get(__name__)

_MARGIN_SECONDS = 300.0
_REQUEST_SECONDS = 10.0
_REFUSED_PAUSE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Session:
    """What one AssumeRole call gave; ``expires`` in seconds since the epoch."""

    keys: ReadOnlyCredentials
    expires: float

    def __repr__(self) -> str:
        return f"Session(expires={self.expires})"


class AssumedRole(AioCredentials):  # type: ignore[misc]  # aiobotocore is untyped
    """Credentials of a role, as aiobotocore's signer asks for them.

    Within the margin before the end a refresh runs in the background while requests go on with the
    valid session; only without a valid session do requests wait, all for the same refresh.
    """

    def __init__(self, identity: Identity) -> None:
        super().__init__("", "", method="assume-role")
        self._identity = identity
        self._session: Session | None = None
        self._refreshing: asyncio.Task[Session] | None = None
        self._not_before = 0.0
        # A third of the session at most, and not the same moment for every worker.
        margin = min(_MARGIN_SECONDS, identity.duration_seconds / 3)
        self._margin_seconds = margin * random.uniform(0.8, 1.0)  # noqa: S311 - jitter, not a secret

    @property
    def expires(self) -> float | None:
        return self._session.expires if self._session else None

    async def get_frozen_credentials(self) -> ReadOnlyCredentials:
        """Raises ConnectorError when there is no valid session and none can be had."""
        left = self._session.expires - _now() if self._session else 0.0
        if self._session is None or left <= 0:
            return (await asyncio.shield(self._refresh())).keys
        if left < self._margin_seconds and _now() >= self._not_before:
            self._refresh()
        return self._session.keys

    def _refresh(self) -> asyncio.Task[Session]:
        if self._refreshing is None or self._refreshing.done():
            self._refreshing = asyncio.create_task(self._assume())
            self._refreshing.add_done_callback(self._refreshed)
        return self._refreshing

    def _refreshed(self, refresh: asyncio.Task[Session]) -> None:
        if refresh.cancelled():
            return
        if error := refresh.exception():
            metrics.STS_CALLS.labels("failed").inc()
            self._not_before = _now() + _REFUSED_PAUSE_SECONDS
            log.warning("credentials not refreshed", role=self._identity.role_arn, error=str(error))
            return
        self._session = refresh.result()
        metrics.STS_CALLS.labels("granted").inc()
        metrics.CREDENTIALS_EXPIRY.labels(self._identity.role_arn).set(self._session.expires)
        log.info(
            "credentials obtained",
            role=self._identity.role_arn,
            session=self._identity.session_name,
            expires=dt.datetime.fromtimestamp(self._session.expires, dt.UTC).isoformat(),
        )

    async def _assume(self) -> Session:
        identity = self._identity
        request: dict[str, Any] = {
            "RoleArn": identity.role_arn,
            "RoleSessionName": identity.session_name,
            "DurationSeconds": identity.duration_seconds,
        }
        if identity.external_id is not None:
            request["ExternalId"] = identity.external_id
        config = AioConfig(
            connect_timeout=_REQUEST_SECONDS, read_timeout=_REQUEST_SECONDS, retries={"total_max_attempts": 1}
        )
        try:
            async with base_session(identity).create_client(
                "sts", region_name=identity.region, endpoint_url=identity.sts_endpoint, config=config
            ) as sts:
                answer = await sts.assume_role(**request)
        except ConnectorError:
            raise
        except Exception as error:
            translated = translate(error, "AssumeRole", str(identity.role_arn))
            if translated is None:
                raise
            raise translated from error
        granted = answer["Credentials"]
        keys = ReadOnlyCredentials(
            granted["AccessKeyId"], granted["SecretAccessKey"], granted["SessionToken"], None
        )
        return Session(keys, granted["Expiration"].timestamp())


_roles: WeakValueDictionary[tuple[int, Identity], AssumedRole] = WeakValueDictionary()


def assumed_role(identity: Identity) -> AssumedRole:
    """The one AssumedRole of this identity in this event loop."""
    key = (id(asyncio.get_running_loop()), identity)
    return _roles.setdefault(key, AssumedRole(identity))


def base_session(identity: Identity) -> AioSession:
    """A session that signs as the static keys, or else as the default chain."""
    session = AioSession()
    if identity.static_keys is not None:
        keys = identity.static_keys
        session._credentials = AioCredentials(  # noqa: SLF001 - the public setter wants the same, less typed
            keys.access_key_id, keys.secret.get_secret_value()
        )
    return session


def signing_session(identity: Identity) -> AioSession:
    """A session that signs as the identity."""
    if identity.role_arn is None:
        return base_session(identity)
    session = AioSession()
    session._credentials = assumed_role(identity)  # noqa: SLF001 - there is no public way to give a provider
    return session


async def obtain(session: AioSession) -> None:
    """See to it that the session can sign now; raises AccessError or RetriableError if it cannot."""
    try:
        credentials = await session.get_credentials()
        if credentials is None:
            raise NoCredentialsError
        await credentials.get_frozen_credentials()
    except ConnectorError:
        raise
    except Exception as error:
        translated = translate(error, "signing", "requests")
        if translated is None:
            raise
        raise translated from error


def _now() -> float:
    return dt.datetime.now(dt.UTC).timestamp()

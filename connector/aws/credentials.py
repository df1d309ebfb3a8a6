"""Short-lived credentials: there before the first write, refreshed ahead of their end, once for all tasks.

botocore's own refresh starts 15 minutes before the end, so a 900-second session would be renewed with
every request; here the margin follows from the length of the session.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import math
import random
from abc import abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from aiobotocore.credentials import AioCredentials
from aiobotocore.session import AioSession
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import NoCredentialsError

from connector import logs, metrics, plugins
from connector.aws.faults import translate
from connector.aws.identity import CustomProvider, Profile, StaticKeys, WebIdentity
from connector.aws.provider import CredentialsProvider, Session
from connector.aws.transport import client_settings
from connector.errors import AccessError, ConnectorError
from connector.plugins import PluginKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.aws.identity import Identity

log = logs.get(__name__)

_MARGIN_SECONDS = 300.0
_MOST_REQUEST_SECONDS = 10.0
_REFUSED_PAUSE_SECONDS = 30.0
_YOUNG_SECONDS = 30.0


class RefreshedCredentials(AioCredentials):  # type: ignore[misc]  # aiobotocore is untyped
    """Credentials that end and are renewed, as aiobotocore's signer asks for them.

    Within the margin before the end a refresh runs in the background while requests go on with the
    valid session; only without a valid session do requests wait, all for the same refresh.
    """

    def __init__(self, label: str) -> None:
        """Args: ``label`` names the identity in logs and metrics; never a secret."""
        super().__init__("", "", method="refreshed")
        self._label = label
        self._session: Session | None = None
        self._refreshing: asyncio.Task[Session] | None = None
        self._not_before = self._obtained = 0.0
        self._margin_seconds = 0.0

    @abstractmethod
    async def _fetch(self) -> Session:
        """Ask for a session; raises ConnectorError."""

    @property
    def expires(self) -> float | None:
        """Seconds since the epoch."""
        return self._session.expires if self._session else None

    async def get_frozen_credentials(self) -> ReadOnlyCredentials:
        """Raises ConnectorError when there is no valid session and none can be had."""
        left = self._session.expires - _now() if self._session else 0.0
        if self._session is None or left <= 0:
            return (await asyncio.shield(self._refresh())).keys
        if left < self._margin_seconds and _now() >= self._not_before:
            self._refresh()
        return self._session.keys

    def reject(self) -> None:
        """AWS says that the session has ended; the next request asks for another."""
        if _now() - self._obtained > _YOUNG_SECONDS:
            self._session = None

    def _refresh(self) -> asyncio.Task[Session]:
        if self._refreshing is None or self._refreshing.done():
            self._refreshing = asyncio.create_task(self._fetch())
            self._refreshing.add_done_callback(self._refreshed)
        return self._refreshing

    def _refreshed(self, refresh: asyncio.Task[Session]) -> None:
        if refresh.cancelled():
            return
        if error := refresh.exception():
            metrics.STS_CALLS.labels("failed").inc()
            self._not_before = _now() + _REFUSED_PAUSE_SECONDS
            log.warning("credentials not refreshed", identity=self._label, error=str(error))
            return
        self._session = refresh.result()
        self._obtained = _now()
        # A third of the session at most, and not the same moment for every worker.
        margin = min(_MARGIN_SECONDS, (self._session.expires - self._obtained) / 3)
        self._margin_seconds = margin * random.uniform(0.8, 1.0)  # noqa: S311 - jitter, not a secret
        metrics.STS_CALLS.labels("granted").inc()
        metrics.CREDENTIALS_EXPIRY.labels(self._label).set(self._session.expires)
        log.info("credentials obtained", identity=self._label, expires=_readable(self._session.expires))


def assume_role_request(identity: Identity) -> dict[str, Any]:
    """The parameters of AssumeRole; what the identity does not have is left out."""
    request: dict[str, Any] = {
        "RoleArn": identity.role_arn,
        "RoleSessionName": identity.session_name,
        "DurationSeconds": identity.duration_seconds,
        "ExternalId": identity.external_id,
        "SourceIdentity": identity.source_identity,
        "Tags": [{"Key": name, "Value": value} for name, value in identity.session_tags],
    }
    return {name: value for name, value in request.items() if value}


class AssumedRole(RefreshedCredentials):
    """A role, assumed by the base identity."""

    def __init__(self, identity: Identity) -> None:
        super().__init__(str(identity.role_arn))
        self._identity = identity

    async def _fetch(self) -> Session:
        identity = self._identity
        request = assume_role_request(identity)
        return await _ask_sts(base_session(identity), identity, "AssumeRole", "assume_role", request)


class WebIdentityRole(RefreshedCredentials):
    """A role, assumed with a token out of a file that somebody else keeps fresh."""

    def __init__(self, identity: Identity, web: WebIdentity) -> None:
        super().__init__(web.role_arn)
        self._identity = identity
        self._web = web

    async def _fetch(self) -> Session:
        duration = 3600 if self._identity.role_arn else self._identity.duration_seconds
        request = {
            "RoleArn": self._web.role_arn,
            "RoleSessionName": self._identity.session_name,
            "DurationSeconds": duration,
            "WebIdentityToken": await asyncio.to_thread(self._token),
        }
        operation = "AssumeRoleWithWebIdentity"
        method = "assume_role_with_web_identity"
        return await _ask_sts(AioSession(), self._identity, operation, method, request)

    def _token(self) -> str:
        try:
            return Path(self._web.token_file).read_text().strip()
        except OSError as error:
            raise AccessError(
                f"aws.web.identity.token.file: {self._web.token_file} cannot be read ({error.strerror}):"
                " mount the token there, or correct the path."
            ) from error


class PluginCredentials(RefreshedCredentials):
    """Credentials of a plug-in, which need not end."""

    def __init__(self, provider: CustomProvider) -> None:
        super().__init__(provider.name)
        plugin = plugins.find(PluginKind.CREDENTIALS_PROVIDER, provider.name, "aws.credentials.provider")
        self._provider: CredentialsProvider = plugin(plugin.config_class.parse(dict(provider.options)))

    async def _fetch(self) -> Session:
        return await self._provider.fetch()


_shared: WeakValueDictionary[tuple[Any, ...], RefreshedCredentials] = WeakValueDictionary()


def _share(key: tuple[Any, ...], make: Callable[[], RefreshedCredentials]) -> RefreshedCredentials:
    """The one object for this key in this event loop, as long as somebody uses it."""
    key = (id(asyncio.get_running_loop()), *key)
    found = _shared.get(key)
    if found is None:
        found = _shared[key] = make()
    return found


def assumed_role(identity: Identity) -> RefreshedCredentials:
    """The credentials of the identity's role, which all tasks share."""
    return _share((identity,), lambda: AssumedRole(identity))


def base_session(identity: Identity) -> AioSession:
    """A session that signs as the base of the identity, or else as the default chain."""
    match identity.base:
        case StaticKeys() as keys:
            token = keys.token.get_secret_value() if keys.token else None
            return _session_with(AioCredentials(keys.access_key_id, keys.secret.get_secret_value(), token))
        case WebIdentity() as web:
            return _session_with(_share((web, identity), lambda: WebIdentityRole(identity, web)))
        case CustomProvider() as provider:
            return _session_with(_share((provider,), lambda: PluginCredentials(provider)))
        case Profile(name):
            return AioSession(profile=name)
    return AioSession()


def signing_session(identity: Identity) -> AioSession:
    """A session that signs as the identity."""
    return base_session(identity) if identity.role_arn is None else _session_with(assumed_role(identity))


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


async def reject(session: AioSession) -> None:
    """AWS has called the session's credentials expired."""
    credentials = await session.get_credentials()
    if isinstance(credentials, RefreshedCredentials):
        credentials.reject()


async def _ask_sts(
    session: AioSession, identity: Identity, operation: str, method: str, request: dict[str, Any]
) -> Session:
    transport = identity.transport
    settings = client_settings(transport)
    try:
        async with (
            asyncio.timeout(_MOST_REQUEST_SECONDS),
            session.create_client(
                "sts", region_name=identity.sts_region, endpoint_url=transport.sts_endpoint, **settings
            ) as sts,
        ):
            answer = await getattr(sts, method)(**request)
    except ConnectorError:
        raise
    except Exception as error:
        translated = translate(error, operation, request["RoleArn"])
        if translated is None:
            raise
        raise translated from error
    granted = answer["Credentials"]
    keys = ReadOnlyCredentials(
        granted["AccessKeyId"], granted["SecretAccessKey"], granted["SessionToken"], None
    )
    return Session(keys, granted["Expiration"].timestamp())


def _session_with(credentials: AioCredentials) -> AioSession:
    session = AioSession()
    session._credentials = credentials  # noqa: SLF001 - there is no public way to give a provider
    return session


def _readable(expires: float) -> str | None:
    return None if math.isinf(expires) else dt.datetime.fromtimestamp(expires, dt.UTC).isoformat()


def _now() -> float:
    return dt.datetime.now(dt.UTC).timestamp()

"""Which credentials an identity has, and the sessions that sign with them; equal ones are one."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from aiobotocore.credentials import AioCredentials
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import NoCredentialsError

from connector import metrics, plugins, tracing
from connector.aws.chain import ChainCredentials
from connector.aws.faults import is_expired, is_rejection, translate
from connector.aws.identity import Anonymous, CustomProvider, Profile, StaticKeys, WebIdentity
from connector.aws.provider import CredentialsProvider, Session
from connector.aws.refresh import RefreshedCredentials, elapsed
from connector.aws.session import new_session
from connector.aws.transport import client_settings
from connector.error_codes import ErrorCode
from connector.errors import AccessError, ConnectorError, RetriableError
from connector.plugins import PluginKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiobotocore.session import AioSession

    from connector.aws.identity import Identity

_MOST_REQUEST_SECONDS = 10.0


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


_MOST_TOKEN_BYTES = 32 * 1024
_TOKEN = re.compile(r"[!-~]{4,20000}")
"""STS API reference, AssumeRoleWithWebIdentity: its length; a token is one word."""


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
        # The token is all that is asked for; a session of its own would look through the default chain.
        unsigned = _session_with(AioCredentials("", ""))
        return await _ask_sts(unsigned, self._identity, operation, method, request)

    def _token(self) -> str:
        try:
            with Path(self._web.token_file).open("rb") as file:
                token = file.read(_MOST_TOKEN_BYTES).decode("ascii", "replace").strip()
        except OSError as error:
            raise AccessError(
                f"aws.web.identity.token.file: {self._web.token_file} cannot be read ({error.strerror}):"
                " mount the token there, or correct the path.",
                code=ErrorCode.AWS_TOKEN_FILE_UNREADABLE,
            ) from error
        # Any other file is nobody's business at the endpoint that is asked.
        if not _TOKEN.fullmatch(token):
            raise AccessError(
                f"aws.web.identity.token.file: {self._web.token_file} holds no token: mount one there, or"
                " correct the path.",
                code=ErrorCode.AWS_TOKEN_FILE_UNREADABLE,
            )
        return token


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
        case Anonymous():
            return new_session()
        case Profile(name):
            return _session_with(_share((Profile, name), lambda: ChainCredentials(name)), profile=name)
    return _session_with(_share((None,), lambda: ChainCredentials(None)))


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


async def signing_fault(
    session: AioSession, error: Exception, operation: str, resource: str, *, since: float
) -> ConnectorError | None:
    """As :func:`translate`, for a request that the session signed.

    Credentials that AWS refuses are given up. If others can be had, the fault may pass with them; keys that
    nobody renews are the user's matter.

    Args:
        session: Who signed.
        error: What botocore or its HTTP client raised.
        operation: The API operation, e.g. ``UploadPart``.
        resource: What it was about, in the user's terms.
        since: When the request began, as :func:`~connector.aws.refresh.elapsed` tells time.
    """
    translated = translate(error, operation, resource)
    if translated is None or not is_rejection(error):
        return translated
    credentials = await session.get_credentials()
    if not isinstance(credentials, RefreshedCredentials):
        return _over(translated) if is_expired(error) else translated
    if credentials.reject(since):
        return RetriableError(str(translated), code=translated.code)
    return translated


def _over(fault: ConnectorError) -> AccessError:
    return AccessError(
        str(fault),
        remedy="the session of aws.session.token is over, and nobody renews it: give new keys and token, or"
        " another identity",
        code=ErrorCode.AWS_CREDENTIALS_EXPIRED,
    )


async def _ask_sts(
    session: AioSession, identity: Identity, operation: str, method: str, request: dict[str, Any]
) -> Session:
    transport = identity.transport
    settings = client_settings(transport)
    since, outcome = elapsed(), "failed"
    try:
        async with (
            asyncio.timeout(_MOST_REQUEST_SECONDS),
            session.create_client(
                "sts", region_name=identity.sts_region, endpoint_url=transport.sts_endpoint, **settings
            ) as sts,
        ):
            with tracing.span(f"aws {operation}", {"rpc.system": "aws-api", "rpc.method": operation}):
                answer = await getattr(sts, method)(**request)
        outcome = "granted"
    except ConnectorError:
        raise
    except Exception as error:
        translated = await signing_fault(session, error, operation, request["RoleArn"], since=since)
        if translated is None:
            raise
        raise translated from error
    finally:
        metrics.STS_CALLS.labels(outcome).inc()
    granted = answer["Credentials"]
    keys = ReadOnlyCredentials(
        granted["AccessKeyId"], granted["SecretAccessKey"], granted["SessionToken"], None
    )
    return Session(keys, granted["Expiration"].timestamp())


def _session_with(credentials: AioCredentials, *, profile: str | None = None) -> AioSession:
    session = new_session(profile)
    session._credentials = credentials  # noqa: SLF001 - there is no public way to give a provider
    return session

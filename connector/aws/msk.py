"""Tokens that let a Kafka client into Amazon MSK, signed as the worker or as a role that it assumes.

The form is MSK's own: a presigned ``kafka-cluster:Connect``, in base64. librdkafka asks for a token whenever
four fifths of the last one's time are over, from a thread of its own that no event loop runs in, for as long
as the client lives, idle or not. Credentials are those of :mod:`connector.aws.credentials`, on the loop of
:mod:`connector.aws.blocking`.
"""

from __future__ import annotations

import base64
import datetime as dt
import math
import os
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from confluent_kafka import KafkaError, KafkaException

from connector import logs
from connector.aws.blocking import on_loop
from connector.aws.credentials import signing_session
from connector.aws.identity import Identity, Profile
from connector.aws.session import new_session
from connector.config.msk import iam_login, region_of
from connector.error_codes import ErrorCode
from connector.errors import ConfigError, RetriableError

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping

    from aiobotocore.session import AioSession
    from botocore.credentials import ReadOnlyCredentials

    from connector.config.msk import IamLogin

log = logs.get(__name__)

Token = tuple[str, float]
"""The token, and when it ends, in seconds since the epoch."""

_EXPIRES_SECONDS = 900
"""The most that MSK takes."""
_WAIT_SECONDS = 10.0
_USER_AGENT = "kafka-aws-connector"


def with_login(config: Mapping[str, Any]) -> dict[str, Any]:
    """``config`` for a client that is about to be made; if it logs in by IAM, with who signs for it.

    The first token is signed here already: a client that gets none waits for ten seconds, and says nothing
    of why.

    Raises:
        ConfigError: The region is not known, or the token would travel in clear.
        KafkaException: There are no credentials now; as for a client that cannot log in otherwise.
    """
    signer = TokenSigner.of(config)
    if signer is None:
        return dict(config)
    signer.token()
    return {**config, "oauth_cb": signer}


class TokenSigner:
    """librdkafka's callback for one client."""

    def __init__(self, login: IamLogin, region: str) -> None:
        self._region = region
        self._identity = Identity(
            base=Profile(login.profile) if login.profile else None,
            role_arn=login.role_arn,
            external_id=login.external_id,
            session_name=login.session_name or "connect",
            sts_region=login.sts_region or region,
            region=region,
        )
        # Kept: credentials are shared and refreshed for as long as somebody holds them.
        self._session: AioSession | None = None

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> TokenSigner | None:
        """None for a client that logs in otherwise; raises as :func:`with_login`."""
        login = iam_login(config)
        if login is None:
            return None
        if str(config.get("security.protocol", "")).lower() != "sasl_ssl":
            raise ConfigError.of(
                "security.protocol", "must be SASL_SSL with AWS_MSK_IAM: MSK listens with TLS alone"
            )
        return cls(login, _signing_region(login, str(config.get("bootstrap.servers", ""))))

    def __call__(self, _: str) -> Token:
        """As librdkafka calls it."""
        return self.token()

    def token(self) -> Token:
        """Blocks; raises KafkaException, which librdkafka does not tell further, so it is logged."""
        try:
            return _in_time(self._signed())
        except Exception as error:
            log.error(  # noqa: TRY400 - who must act is told, and needs no stack
                "login at MSK cannot be signed", region=self._region, reason=str(error)
            )
            text = f"the login at MSK cannot be signed: {error}"
            raise KafkaException(KafkaError(KafkaError._AUTHENTICATION, text)) from error  # noqa: SLF001

    async def _signed(self) -> Token:
        if self._session is None:
            self._session = signing_session(self._identity)
        credentials = await self._session.get_credentials()
        keys = await credentials.get_frozen_credentials()
        return signed(keys, self._region, ends=getattr(credentials, "expires", None) or math.inf)


def _in_time(signing: Coroutine[Any, Any, Token]) -> Token:
    try:
        return on_loop(signing, _WAIT_SECONDS)
    except TimeoutError:
        raise RetriableError(
            f"there were no credentials within {_WAIT_SECONDS:.0f} s",
            code=ErrorCode.AWS_CREDENTIALS_UNAVAILABLE,
        ) from None


def signed(keys: ReadOnlyCredentials, region: str, *, ends: float = math.inf) -> Token:
    """A token; ``ends`` is when the keys do, and no token outlives them."""
    url = f"https://kafka.{region}.amazonaws.com/?Action=kafka-cluster%3AConnect"
    request = AWSRequest("GET", url)
    SigV4QueryAuth(keys, "kafka-cluster", region, expires=_EXPIRES_SECONDS).add_auth(request)
    (date,) = parse_qs(urlsplit(request.url).query)["X-Amz-Date"]
    at = dt.datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=dt.UTC)
    text = f"{request.url}&User-Agent={_USER_AGENT}"
    token = base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()
    return token, min(at.timestamp() + _EXPIRES_SECONDS, ends)


def _signing_region(login: IamLogin, servers: str) -> str:
    """Brokers behind names of the user's own do not tell it."""
    region = region_of(servers) or _own_region(login.profile) or login.sts_region
    if region is None:
        raise ConfigError.of(
            "sasl.jaas.config",
            "the region to sign for is not known: bootstrap.servers names no brokers of MSK, so set"
            " AWS_REGION",
        )
    return region


def _own_region(profile: str | None) -> str | None:
    """As Java's chain has it; botocore knows only the other of the two variables."""
    named: str | None = os.environ.get("AWS_REGION") or new_session(profile).get_config_variable("region")
    return named

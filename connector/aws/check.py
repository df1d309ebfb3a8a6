"""Checks of an identity: can STS be reached, who signs, may it assume the role, may others, too.

What a service needs beside an identity is checked by its sink.
"""

from __future__ import annotations

import datetime as dt
import time
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from botocore.exceptions import ClientError, NoCredentialsError

from connector.aws.clock import is_wrong, skew_seconds, skew_text
from connector.aws.credentials import assume_role_request, assumed_role, base_session, signing_session
from connector.aws.faults import DENIED, code_of, is_expired, translate
from connector.aws.identity import Anonymous, CustomProvider, StaticKeys, WebIdentity
from connector.aws.partition import of_arn, of_region, region_of_endpoint
from connector.aws.reach import Target, endpoint_of, reach
from connector.aws.transport import client_settings
from connector.check import Check, Outcome, failed, ok, skipped, warning
from connector.config.masking import HIDDEN
from connector.error_codes import ErrorCode
from connector.errors import AccessError, ConnectorError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiobotocore.session import AioSession
    from botocore.credentials import ReadOnlyCredentials

    from connector.aws.identity import Identity
    from connector.aws.refresh import RefreshedCredentials
    from connector.check import Finding

REGION = "region"
STS_ENDPOINT = "STS endpoint"
CREDENTIALS = "credentials"
CALLER = "caller identity"
CLOCK = "clock"
ROLE = "assume role"
WITHOUT_ID = "without external id"
WRONG_ID = "wrong external id"
ROLE_CALLER = "role identity"

NO_ROLE = "aws.sts.role.arn is not set"

# STS API reference, AssumeRole, DurationSeconds: the shortest.
_SHORTEST_SESSION_SECONDS = 900
_SHOWN_CHARACTERS = 4
_TELLING = 8
"""Shorter options of a provider are no secrets, and hiding them would make texts unreadable."""

_KINDS = {
    "env": "the environment (AWS_ACCESS_KEY_ID)",
    "shared-credentials-file": "a profile of the shared credentials file",
    "config-file": "a profile of the AWS config file",
    "assume-role": "a profile that assumes a role",
    "assume-role-with-web-identity": "a web identity token",
    "custom-process": "a profile's credential process",
    "sso": "a profile's single sign-on",
    "container-role": "the container (ECS task role or EKS Pod Identity)",
    "iam-role": "the instance (EC2 instance metadata)",
}
"""botocore's ``METHOD`` of each credential provider (botocore/credentials.py), in users' words."""


class IdentityCheck:
    """The checks of one identity, in order; what one learns serves those after it."""

    def __init__(self, identity: Identity, *, sts_matters: bool = True) -> None:
        """Without ``sts_matters`` STS is not asked: a compatible store often has none.

        A role makes STS matter in any case.
        """
        self._identity = identity
        self._uses_sts = sts_matters or identity.role_arn is not None
        self._sts_url = ""
        self._is_reached = True
        self._caller: str | None = None
        self._skew: float | None = None
        self._role: RefreshedCredentials | None = None  # kept, so that the sink's requests share its session
        self._secrets: dict[str, str] = {}
        self._know(identity)

    @property
    def needed(self) -> tuple[str, ...]:
        """What a request of the sink needs of these checks."""
        return (CREDENTIALS, CALLER, ROLE)

    @property
    def caller(self) -> str | None:
        """The ARN of the base identity, which a role's trust policy has to name; None until it is known."""
        return self._caller

    def checks(self) -> list[Check]:
        return [
            Check(REGION, self._region),
            Check(STS_ENDPOINT, self._reach),
            Check(CREDENTIALS, self._credentials),
            Check(CALLER, self._who, (STS_ENDPOINT, CREDENTIALS)),
            Check(CLOCK, self._clock),
            Check(ROLE, self._assume, (STS_ENDPOINT, CREDENTIALS, CALLER)),
            Check(WITHOUT_ID, self._without_id, (ROLE,)),
            Check(WRONG_ID, self._with_wrong_id, (ROLE,)),
            Check(ROLE_CALLER, self._who_as_role, (ROLE,)),
        ]

    def hide(self, text: str) -> str:
        """``text`` without any secret of this identity; of key ids the last characters stay."""
        for secret, shown in sorted(self._secrets.items(), key=lambda item: -len(item[0])):
            text = text.replace(secret, shown)
        return text

    # ---- each check ----

    async def _region(self) -> Finding:
        identity = self._identity
        partition = of_region(identity.region)
        if partition and identity.role_arn and of_arn(identity.role_arn) != partition:
            return failed(
                f"wrong partition: {identity.region} is in {partition}, the role in"
                f" {of_arn(identity.role_arn)}",
                "correct aws.s3.region or aws.sts.role.arn: a role is of use only within its own partition",
                code=ErrorCode.AWS_REGION_WRONG,
            )
        there = region_of_endpoint(identity.transport.sts_endpoint or "")
        if there and there != identity.sts_region:
            return failed(
                f"the STS endpoint is in {there}, and its requests are signed for {identity.sts_region}",
                f"set aws.sts.region to {there}, or correct aws.sts.config.endpoint",
                code=ErrorCode.AWS_REGION_WRONG,
            )
        return ok(f"{identity.region}, partition {partition or 'unknown'}")

    async def _reach(self) -> Finding:
        if not self._uses_sts:
            return skipped("not used: no role is set, and the service has an endpoint of its own")
        identity = self._identity
        self._sts_url = await endpoint_of("sts", identity.sts_region, identity.transport.sts_endpoint)
        finding = await reach(self._sts_url, identity.transport)
        self._is_reached = finding.outcome is not Outcome.FAILED
        if not self._is_reached and identity.role_arn is None and not isinstance(identity.base, WebIdentity):
            return warning(
                f"{finding.detail}; without a role the connector does not need STS", finding.remedy
            )
        return finding

    async def _credentials(self) -> Finding:
        if isinstance(self._identity.base, Anonymous):
            return skipped("requests are not signed")
        kind, keys = await self._find_keys()
        self._remember(keys.access_key, keys.secret_key, keys.token)
        # IAM user guide, unique identifiers: ASIA begins the key ids of temporary credentials.
        if keys.access_key.startswith("ASIA") and not keys.token:
            return failed(
                f"the access key id {_ending(keys.access_key)} begins with ASIA, so it is temporary and has a"
                " session token, which is not set",
                "set aws.session.token, too, or use a long-term key",
                code=ErrorCode.AWS_CREDENTIALS_INVALID,
            )
        return ok(f"from {kind}, access key id {_ending(keys.access_key)}")

    async def _who(self) -> Finding:
        if not self._uses_sts or not self._is_reached or isinstance(self._identity.base, Anonymous):
            return skipped("STS is not asked")
        finding = await self._caller_identity(self._base_session())
        here = of_region(self._identity.region)
        if here and self._caller and of_arn(self._caller) != here:
            return failed(
                f"wrong partition: {self._caller} is not in {here}",
                "correct aws.s3.region, or use credentials of its partition",
                code=ErrorCode.AWS_REGION_WRONG,
            )
        return finding

    async def _clock(self) -> Finding:
        if self._skew is None:
            return skipped("no answer of STS told the time")
        if is_wrong(self._skew):
            return warning(
                f"this machine's clock is {skew_text(self._skew)} of the service's",
                "set the clock of this machine, best by NTP: requests are refused from 5 minutes on",
            )
        return ok(f"this machine's clock is {skew_text(self._skew)} of the service's")

    async def _assume(self) -> Finding:
        identity = self._identity
        if identity.role_arn is None:
            return skipped(NO_ROLE)
        self._role = assumed_role(identity)
        try:
            keys = await self._role.get_frozen_credentials()
        except AccessError as error:
            raise AccessError(
                f"{error.fact}; asked by {self._caller}", remedy=error.remedy, code=error.code
            ) from error
        self._remember(keys.access_key, keys.secret_key, keys.token)
        expires = dt.datetime.fromtimestamp(self._role.expires or 0, dt.UTC).isoformat(timespec="seconds")
        return ok(f"{identity.role_arn} as session {identity.session_name}, until {expires}")

    async def _without_id(self) -> Finding:
        role = self._identity.role_arn
        if role is None:
            return skipped(NO_ROLE)
        if self._identity.external_id is None:
            return self._no_id_set(role)
        if await self._is_denied(None):
            return ok("denied, as it must be")
        return _confused_deputy(role, "without an external id", self._identity.external_id)

    async def _with_wrong_id(self) -> Finding:
        role = self._identity.role_arn
        if role is None:
            return skipped(NO_ROLE)
        if self._identity.external_id is None:
            return skipped("aws.sts.role.external.id is not set")
        if await self._is_denied(f"connector-check-{uuid.uuid4().hex}"):
            return ok("denied, as it must be")
        return _confused_deputy(role, "with an external id that is made up", self._identity.external_id)

    async def _who_as_role(self) -> Finding:
        if self._identity.role_arn is None:
            return skipped(NO_ROLE)
        return await self._caller_identity(signing_session(self._identity))

    # ---- what they are made of ----

    def _no_id_set(self, role: str) -> Finding:
        """A role of one's own account needs no external id (IAM user guide, confused deputy)."""
        account = role.split(":")[4]
        if self._caller and self._caller.split(":")[4] == account:
            return skipped("aws.sts.role.external.id is not set, and the role is in the same account")
        return _confused_deputy(
            role, "without an external id", "<an id that only you and this connector use>"
        )

    async def _find_keys(self) -> tuple[str, ReadOnlyCredentials]:
        """Where the base comes from, and its keys."""
        try:
            credentials = await self._base_session().get_credentials()
            if credentials is None:
                raise NoCredentialsError
            keys = await credentials.get_frozen_credentials()
            return self._kind(credentials.method), keys
        except ConnectorError:
            raise
        except Exception as error:
            raise _lasting(error, "finding credentials", "this machine") from error

    def _kind(self, method: str) -> str:
        match self._identity.base:
            case StaticKeys():
                return "static keys (aws.access.key.id)"
            case WebIdentity(token_file):
                return f"the web identity token in {token_file}"
            case CustomProvider(name):
                return f"the provider {name}"
        return _KINDS.get(method, method)

    async def _is_denied(self, external_id: str | None) -> bool:
        other = replace(self._identity, external_id=external_id, duration_seconds=_SHORTEST_SESSION_SECONDS)
        request = assume_role_request(other)
        try:
            await self._ask(self._base_session(), "AssumeRole", "assume_role", **request)
        except AccessError as error:
            if code_of(error) in DENIED:
                return True
            raise
        return False

    async def _caller_identity(self, session: AioSession) -> Finding:
        try:
            answer = await self._ask(session, "GetCallerIdentity", "get_caller_identity")
        except AccessError as error:
            # It needs no permission (STS API reference), but a VPC endpoint's policy may still deny it.
            if code_of(error) in DENIED:
                return warning(f"{error.fact}: cannot tell who this is", error.remedy)
            raise
        self._caller = self._caller or str(answer["Arn"])
        return ok(f"{answer['Arn']}, account {answer['Account']}")

    def _base_session(self) -> AioSession:
        return base_session(self._identity)

    async def _ask(self, session: AioSession, operation: str, method: str, **request: Any) -> dict[str, Any]:
        """One request to STS.

        Raises:
            AccessError: It refuses; also when credentials have expired that nobody refreshes.
            RetriableError: It may answer later.
        """
        identity = self._identity
        transport = identity.transport
        settings = client_settings(transport)
        resource = str(request.get("RoleArn") or Target.of(self._sts_url))
        try:
            async with session.create_client(
                "sts", region_name=identity.sts_region, endpoint_url=transport.sts_endpoint, **settings
            ) as sts:
                answer: dict[str, Any] = await getattr(sts, method)(**request)
        except ConnectorError:
            raise
        except Exception as error:
            if isinstance(error, ClientError):
                self._note_time(error.response)
            raise _lasting(error, operation, resource) from error
        self._note_time(answer)
        return answer

    def _note_time(self, answer: Mapping[str, Any]) -> None:
        headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        self._skew = skew_seconds(headers, time.time())

    def _know(self, identity: Identity) -> None:
        """Whatever is secret from the beginning."""
        if isinstance(identity.base, StaticKeys):
            keys = identity.base
            token = keys.token.get_secret_value() if keys.token else None
            self._remember(keys.access_key_id, keys.secret.get_secret_value(), token)
        if isinstance(identity.base, CustomProvider):
            self._secrets |= {value: HIDDEN for _, value in identity.base.options if len(value) >= _TELLING}
        if identity.transport.proxy and (
            password := urlsplit(identity.transport.proxy.get_secret_value()).password
        ):
            self._secrets |= {password: HIDDEN, unquote(password): HIDDEN}

    def _remember(self, key_id: str, secret: str, token: str | None) -> None:
        self._secrets |= {secret: HIDDEN, key_id: _ending(key_id)}
        if token:
            self._secrets[token] = HIDDEN


def _lasting(error: Exception, operation: str, resource: str) -> Exception:
    """The error that ``error`` means while nothing is refreshed in between."""
    translated = translate(error, operation, resource)
    if translated is not None and is_expired(error):
        return AccessError(
            str(translated),
            remedy="the session is over: get new credentials; if they are new, check this machine's clock",
            code=ErrorCode.AWS_CREDENTIALS_EXPIRED,
        )
    return translated or error


def _ending(key_id: str) -> str:
    return f"…{key_id[-_SHOWN_CHARACTERS:]}"


def _confused_deputy(role: str, how: str, external_id: str) -> Finding:
    """IAM user guide, "The confused deputy problem"."""
    return warning(
        f"confused deputy risk: {role} can be assumed {how}, so anybody who has this worker write to it can",
        "add to the statement of its trust policy that allows sts:AssumeRole:"
        f' "Condition": {{"StringEquals": {{"sts:ExternalId": "{external_id}"}}}}',
    )

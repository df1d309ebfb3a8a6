"""IAM logins at Amazon MSK, as Java's login module is told of them and as librdkafka carries them.

Signing is for :mod:`connector.aws.msk`: here are the words alone. librdkafka has one property whose form is
left to who makes tokens, ``sasl.oauthbearer.config``; what JAAS says goes there, so that all a client is told
stays text.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

MECHANISM = "AWS_MSK_IAM"
LOGIN_MODULE = "IAMLoginModule"
CALLBACK_HANDLERS = frozenset({"IAMClientCallbackHandler", "IAMOAuthBearerLoginCallbackHandler"})

_MARK = "aws-msk-iam "
_PROPERTY = "sasl.oauthbearer.config"
_NAMES = {
    "awsProfileName": "profile",
    "awsRoleArn": "role_arn",
    "awsRoleSessionName": "session_name",
    "awsRoleExternalId": "external_id",
    "awsStsRegion": "sts_region",
}
_MEANINGLESS = frozenset({"awsDebugCreds", "awsMaxRetries", "awsMaxBackOffTimeMs"})
_BROKER = re.compile(r"\.kafka(?:-serverless)?\.([a-z]{2}(?:-[a-z]+)+-\d+)\.amazonaws\.com(?:\.cn)?")


@dataclass(frozen=True, slots=True)
class IamLogin:
    """Who signs: the default chain or a profile, or the role that this one assumes."""

    profile: str | None = None
    role_arn: str | None = None
    session_name: str | None = None
    external_id: str | None = None
    sts_region: str | None = None

    @classmethod
    def of(cls, options: Mapping[str, str]) -> IamLogin:
        """Of the options in JAAS; raises ValueError, which quotes no value."""
        for name in options:
            if name not in _NAMES and name not in _MEANINGLESS:
                raise ValueError(
                    f"{LOGIN_MODULE} is not offered with {name}. Use {', '.join(_NAMES)}, or none of them for"
                    " the default chain of credentials."
                )
        login = cls(**{_NAMES[name]: value for name, value in options.items() if name in _NAMES})
        if login.role_arn is None and (login.session_name or login.external_id):
            raise ValueError(f"The entry for {LOGIN_MODULE} lacks awsRoleArn.")
        return login

    def properties(self) -> dict[str, str]:
        """For librdkafka, whose method may have been another one before."""
        told = {name: value for name, value in asdict(self).items() if value is not None}
        return {"sasl.oauthbearer.method": "default", _PROPERTY: _MARK + json.dumps(told, sort_keys=True)}


def iam_login(config: Mapping[str, object]) -> IamLogin | None:
    """The login of a client with librdkafka's properties; None if it logs in otherwise, or not at all."""
    mechanism = str(config.get("sasl.mechanism", config.get("sasl.mechanisms", "")))
    is_own = str(config.get("sasl.oauthbearer.method", "default")).lower() == "default"
    text = str(config.get(_PROPERTY, ""))
    if not (mechanism.upper() == "OAUTHBEARER" and is_own and text.startswith(_MARK)):
        return None
    return IamLogin(**json.loads(text.removeprefix(_MARK)))


def asks_for_iam(config: Mapping[str, str]) -> bool:
    """Whether these properties alone, a part of a client's, have tokens signed."""
    return config.get(_PROPERTY, "").startswith(_MARK)


def region_of(servers: str) -> str | None:
    """The region in the names of MSK's brokers; None if any of them is named otherwise."""
    regions = {_region(server) for server in servers.split(",") if server.strip()}
    return regions.pop() if len(regions) == 1 else None


def _region(server: str) -> str | None:
    host = server.strip().rpartition("://")[2].rpartition(":")[0].rstrip(".").lower()
    found = _BROKER.search(host)
    return found[1] if found and found.end() == len(host) else None

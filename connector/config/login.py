"""How a Kafka client says who it is: Java's JAAS and callback handlers in librdkafka's words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.config.jaas import parse_login
from connector.config.msk import CALLBACK_HANDLERS, LOGIN_MODULE, MECHANISM, IamLogin

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from connector.config.jaas import Login

_JAAS = "sasl.jaas.config"
_OAUTH_HANDLER = "OAuthBearerLoginCallbackHandler"
_OAUTH_MODULE = "OAuthBearerLoginModule"
_EXTENSION = "extension_"
_HANDLERS = ("sasl.client.callback.handler.class", "sasl.login.callback.handler.class")
# Java 4 has them as properties of their own, which librdkafka knows by the same names.
_CLIENT_ID = ("clientId", "sasl.oauthbearer.client.id", "sasl.oauthbearer.client.credentials.client.id")
_CLIENT_SECRET = (
    "clientSecret",
    "sasl.oauthbearer.client.secret",
    "sasl.oauthbearer.client.credentials.client.secret",
)


def login_properties(value: str, properties: Mapping[str, str]) -> dict[str, str]:
    """What ``sasl.jaas.config`` says; raises ValueError, which quotes nothing of it."""
    login = parse_login(value)
    match login.module:
        case "PlainLoginModule" | "ScramLoginModule":
            return _pick(login, {"username": "sasl.username", "password": "sasl.password"})
        case "Krb5LoginModule":
            names = {
                "principal": "sasl.kerberos.principal",
                "keyTab": "sasl.kerberos.keytab",
                "serviceName": "sasl.kerberos.service.name",
            }
            return _pick(login, names, optional=["serviceName"])
        case module if module == LOGIN_MODULE or (module == _OAUTH_MODULE and _is_signed(properties)):
            _require_tls(properties)
            return IamLogin.of(login.options).properties()
        case "OAuthBearerLoginModule":
            return _client_credentials(login, properties)
        case module:
            raise ValueError(
                f"The login module {module} is Java code that cannot run here. Use PlainLoginModule,"
                f" ScramLoginModule, {_OAUTH_MODULE}, {LOGIN_MODULE} or Krb5LoginModule."
            )


def handler_properties(value: str, _: Mapping[str, str]) -> dict[str, str]:
    """Nothing: the login module tells. A handler that does what no client here can is a ValueError."""
    handler = value.rpartition(".")[2]
    if handler in CALLBACK_HANDLERS or handler == _OAUTH_HANDLER:
        return {}
    raise ValueError(
        f"{handler} is Java code that cannot run here. Use {_OAUTH_HANDLER}, with clientId and clientSecret"
        f" in {_JAAS} and sasl.oauthbearer.token.endpoint.url, or one of Amazon MSK's."
    )


def mechanism_properties(value: str, properties: Mapping[str, str]) -> dict[str, str]:
    """Amazon's mechanism is not one of Kafka's: the same token goes by OAUTHBEARER, too."""
    if value.upper() != MECHANISM:
        return {"sasl.mechanism": value}
    if _JAAS not in properties:
        raise ValueError(
            f"{MECHANISM} needs {_JAAS}=software.amazon.msk.auth.iam.{LOGIN_MODULE} required; beside it."
        )
    return {"sasl.mechanism": "OAUTHBEARER"}


def _is_signed(properties: Mapping[str, str]) -> bool:
    return any(properties.get(name, "").strip().rpartition(".")[2] in CALLBACK_HANDLERS for name in _HANDLERS)


def _require_tls(properties: Mapping[str, str]) -> None:
    protocol = properties.get("security.protocol", "SASL_SSL").strip().upper()
    if protocol != "SASL_SSL":
        raise ValueError(f"{LOGIN_MODULE} needs security.protocol=SASL_SSL: MSK listens with TLS alone.")


def _client_credentials(login: Login, properties: Mapping[str, str]) -> dict[str, str]:
    names = {
        _CLIENT_ID[0]: _CLIENT_ID[1],
        _CLIENT_SECRET[0]: _CLIENT_SECRET[1],
        "scope": "sasl.oauthbearer.scope",
    }
    elsewhere = [java for java, *own in (_CLIENT_ID, _CLIENT_SECRET) if not properties.keys().isdisjoint(own)]
    is_assertion = properties.get("sasl.oauthbearer.grant.type", "").strip().lower().endswith("jwt-bearer")
    told = _pick(login, names, optional=names if is_assertion else ["scope", *elsewhere])
    extensions = [
        f"{name.removeprefix(_EXTENSION)}={value}"
        for name, value in login.options.items()
        if name.startswith(_EXTENSION)
    ]
    if extensions:
        told["sasl.oauthbearer.extensions"] = ",".join(extensions)
    return {"sasl.oauthbearer.method": "oidc", **told}


def _pick(login: Login, names: Mapping[str, str], *, optional: Collection[str] = ()) -> dict[str, str]:
    if missing := [option for option in names if option not in login.options and option not in optional]:
        raise ValueError(f"The entry for {login.module} lacks {' and '.join(missing)}.")
    return {names[option]: value for option, value in login.options.items() if option in names}

"""TLS of the REST listeners, from Kafka's own options below ``listeners.https.``."""

from __future__ import annotations

import ssl
from contextlib import contextmanager
from typing import TYPE_CHECKING

from connector.config.key_store import TYPES, KeyStore, KeyStoreError, is_pem, pem_file, read_key_store
from connector.error_codes import ErrorCode
from connector.errors import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PREFIX = "listeners.https."
_KEY, _CHAIN = "ssl.keystore.key", "ssl.keystore.certificate.chain"
_LOCATION = "ssl.keystore.location"
_TRUST, _TRUST_LOCATION = "ssl.truststore.certificates", "ssl.truststore.location"
_PASSWORD = "ssl.key.password"  # noqa: S105 - the name of an option
_STORE_PASSWORD, _TRUST_PASSWORD = "ssl.keystore.password", "ssl.truststore.password"
_CLIENT_AUTH = "ssl.client.auth"
_CLIENTS = {"none": ssl.CERT_NONE, "requested": ssl.CERT_OPTIONAL, "required": ssl.CERT_REQUIRED}
OPTIONS = (
    _KEY, _CHAIN, _LOCATION, _TRUST, _TRUST_LOCATION, _PASSWORD, _STORE_PASSWORD, _TRUST_PASSWORD,
    _CLIENT_AUTH, "ssl.keystore.type", "ssl.truststore.type",
)  # fmt: skip


def server_context(options: Mapping[str, str]) -> ssl.SSLContext:
    """TLS 1.2 or newer, with the worker's certificate, and with those of clients if they are asked for.

    Args:
        options: Without their prefix; hold secrets.

    Raises:
        ConfigError: With every fault; no message quotes a key.
    """
    if problems := list(_problems(options)):
        raise ConfigError(problems)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = _CLIENTS[options.get(_CLIENT_AUTH, "none")]
    password = options.get(_PASSWORD)
    try:
        with _certificate(options) as path:
            context.load_cert_chain(path, password=password or (lambda: ""))
    except (OSError, ValueError) as error:
        named = _LOCATION if _LOCATION in options else _KEY
        raise _fault(
            named,
            f"the certificate and its key cannot be used ({_reason(error)}): give both in PEM, the key in"
            f" PKCS#8, with {PREFIX}{_PASSWORD} if it is encrypted, or a store of Java's with"
            f" {PREFIX}{_STORE_PASSWORD}",
        ) from None
    try:
        if _TRUST in options:
            context.load_verify_locations(cadata=options[_TRUST].replace("\\n", "\n"))
        elif store := _store(options, "ssl.truststore"):
            context.load_verify_locations(cadata=store.trusted_pem())
        elif _TRUST_LOCATION in options:
            context.load_verify_locations(cafile=options[_TRUST_LOCATION])
    except (OSError, ValueError) as error:
        named = _TRUST if _TRUST in options else _TRUST_LOCATION
        raise _fault(
            named,
            f"the certificates cannot be used ({_reason(error)}): give them in PEM, or in a store of"
            f" Java's with {PREFIX}{_TRUST_PASSWORD}",
        ) from None
    return context


def _problems(options: Mapping[str, str]) -> Iterator[Problem]:
    for kind in ("ssl.keystore.type", "ssl.truststore.type"):
        if options.get(kind, "PEM").upper() not in TYPES:
            yield Problem(
                PREFIX + kind,
                f"{options[kind]} is not offered. Write one of {', '.join(TYPES)}.",
                code=ErrorCode.REST_TLS_INVALID,
            )
    if _LOCATION not in options and not {_KEY, _CHAIN} <= options.keys():
        yield Problem(
            PREFIX + _LOCATION,
            "is missing while listeners has https. Name a PEM file with the key and its certificates, or give"
            f" {PREFIX}{_KEY} and {PREFIX}{_CHAIN}.",
            code=ErrorCode.REST_TLS_INVALID,
        )
    auth = options.get(_CLIENT_AUTH, "none")
    if auth not in _CLIENTS:
        yield Problem(
            PREFIX + _CLIENT_AUTH,
            f"{auth} is not known. Write one of {', '.join(_CLIENTS)}.",
            code=ErrorCode.REST_TLS_INVALID,
        )
    elif auth != "none" and not {_TRUST, _TRUST_LOCATION} & options.keys():
        yield Problem(
            PREFIX + _TRUST_LOCATION,
            f"is missing while {PREFIX}{_CLIENT_AUTH}={auth}. Name a PEM file with the certificates of those"
            " who sign for clients.",
            code=ErrorCode.REST_TLS_INVALID,
        )


@contextmanager
def _certificate(options: Mapping[str, str]) -> Iterator[str]:
    """A file with key and certificates: Python's library reads them from nowhere else."""
    if store := _store(options, "ssl.keystore"):
        text = store.key_pem() + store.chain_pem()
    elif _LOCATION in options:
        yield options[_LOCATION]
        return
    else:
        text = "\n".join(options[name].replace("\\n", "\n") for name in (_KEY, _CHAIN))
    with pem_file(text) as path:
        yield path


def _store(options: Mapping[str, str], prefix: str) -> KeyStore | None:
    """Of Java's own forms; None if there is none, or it is in PEM."""
    location = options.get(f"{prefix}.location")
    if location is None or is_pem(location, options.get(f"{prefix}.type")):
        return None
    return read_key_store(location, options.get(f"{prefix}.password"), options.get(_PASSWORD))


def _fault(option: str, message: str) -> ConfigError:
    return ConfigError.of(PREFIX + option, message, code=ErrorCode.REST_TLS_INVALID)


def _reason(error: Exception) -> str:
    told = getattr(error, "strerror", None) or getattr(error, "reason", None)
    return told or (str(error) if isinstance(error, KeyStoreError) else type(error).__name__)

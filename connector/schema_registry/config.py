"""The options that say where a Schema Registry is and who asks; names and meanings are Confluent's."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from connector.config.jaas import parse_login
from connector.config.key_store import TYPES, KeyStore, KeyStoreError, is_pem, pem_file, read_key_store
from connector.config.option import (
    INT,
    LIST,
    PASSWORD,
    STRING,
    HiddenValueError,
    Importance,
    LeadsTo,
    Option,
    at_least,
    between,
    defaulted,
    non_empty,
    one_of,
    optional,
    required,
)
from connector.config.schema import Config
from connector.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import SecretStr

_GROUP = "Schema Registry"
_IDS = "io.confluent.kafka.serializers.schema.id."
PREFIX_IDS, DUAL_IDS = f"{_IDS}PrefixSchemaIdDeserializer", f"{_IDS}DualSchemaIdDeserializer"
_SOURCES = ("URL", "USER_INFO", "SASL_INHERIT")
_BEARERS = ("STATIC_TOKEN", "OAUTHBEARER")


def _urls(urls: list[str]) -> None:
    if not any(urls):
        raise ValueError("List must name at least one URL")
    schemes = set()
    for url in urls:
        try:
            parts = urlsplit(url)
            schemes.add(parts.scheme)
            has_port = parts.port is None or parts.port > 0
        except ValueError:
            has_port = False
        if not has_port or parts.scheme not in {"http", "https", "mock"} or not parts.netloc:
            # A URL may have a password.
            raise HiddenValueError("one of them is no URL such as https://registry.example.com:8081")
    if "mock" in schemes and len(urls) > 1:
        raise ValueError("mock:// stands alone")


def _issuer(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise HiddenValueError("must be a URL such as https://login.example.com/oauth2/token")


def _user_info(value: object) -> None:
    text = value.get_secret_value()  # type: ignore[attr-defined]
    if ":" not in text:
        raise ValueError("must be a name and a password with a colon between")


def _store(
    path: str | None, kind: str | None, password: SecretStr | None, key_password: SecretStr | None = None
) -> KeyStore | None:
    """None for what is in PEM."""
    if path is None or is_pem(path, kind):
        return None
    return read_key_store(
        path,
        password.get_secret_value() if password else None,
        key_password.get_secret_value() if key_password else None,
    )


def _ids(what: str) -> Option[str]:
    return defaulted(
        f"{what}.schema.id.deserializer",
        STRING,
        PREFIX_IDS,
        f"Where the id of a {what}'s schema is. DualSchemaIdDeserializer: in the header __{what}_schema_id,"
        " and before the bytes where there is none; the headers of all records are then read."
        " PrefixSchemaIdDeserializer: before the bytes alone.",
        validate=one_of(PREFIX_IDS, DUAL_IDS),
        choices=(PREFIX_IDS, DUAL_IDS),
        importance=Importance.LOW,
        group=_GROUP,
    )


def _jaas(value: object) -> None:
    options = parse_login(value.get_secret_value()).options  # type: ignore[attr-defined]
    if not {"username", "password"} <= options.keys():
        raise ValueError("must have username and password, which the registry is shown")


class SchemaRegistryConfig(Config):
    """What every converter with a Schema Registry has."""

    url = required(
        "schema.registry.url",
        LIST,
        "Where the Schema Registry is: URLs, separated by commas; when one does not answer, the next is"
        " asked. mock://name is a registry in the worker's memory, for tests.",
        leads_to=LeadsTo.HOST,
        validate=_urls,
        group=_GROUP,
    )
    credentials_source = defaulted(
        "basic.auth.credentials.source",
        STRING,
        "URL",
        "Where name and password for the registry are: URL, in schema.registry.url if at all; USER_INFO, in"
        " basic.auth.user.info; SASL_INHERIT, in the sasl.jaas.config of this converter.",
        validate=one_of(*_SOURCES),
        choices=_SOURCES,
        group=_GROUP,
    )
    user_info = optional(
        "basic.auth.user.info",
        PASSWORD,
        "Name and password for the registry, with a colon between; counts with"
        " basic.auth.credentials.source=USER_INFO.",
        validate=_user_info,
        aliases=("schema.registry.basic.auth.user.info",),
        group=_GROUP,
    )
    jaas = optional(
        "sasl.jaas.config",
        PASSWORD,
        "The login that basic.auth.credentials.source=SASL_INHERIT takes, written as for a Kafka client. Not"
        " the worker's own, which would go to whichever URL a connector names.",
        validate=_jaas,
        importance=Importance.LOW,
        group=_GROUP,
    )
    bearer_source = optional(
        "bearer.auth.credentials.source",
        STRING,
        "What the registry is shown in the place of name and password. STATIC_TOKEN: bearer.auth.token;"
        " OAUTHBEARER: a token of bearer.auth.issuer.endpoint.url, which is renewed in time.",
        validate=one_of(*_BEARERS),
        choices=_BEARERS,
        group=_GROUP,
    )
    bearer_token = optional(
        "bearer.auth.token",
        PASSWORD,
        "The token that bearer.auth.credentials.source=STATIC_TOKEN shows.",
        validate=non_empty,
        group=_GROUP,
    )
    issuer_url = optional(
        "bearer.auth.issuer.endpoint.url",
        STRING,
        "The token endpoint that gives tokens for client credentials, with OAUTHBEARER.",
        validate=_issuer,
        group=_GROUP,
    )
    client_id = optional(
        "bearer.auth.client.id", STRING, "Who asks for tokens.", validate=non_empty, group=_GROUP
    )
    client_secret = optional(
        "bearer.auth.client.secret", PASSWORD, "The secret of who asks.", validate=non_empty, group=_GROUP
    )
    scope = optional(
        "bearer.auth.scope", STRING, "What tokens are to be for, if the issuer asks.", group=_GROUP
    )
    logical_cluster = optional(
        "bearer.auth.logical.cluster",
        STRING,
        "The registry's id in Confluent Cloud, such as lsrc-123, which goes beside a token.",
        group=_GROUP,
    )
    identity_pool = optional(
        "bearer.auth.identity.pool.id",
        STRING,
        "The identity pool in Confluent Cloud, which goes beside a token.",
        group=_GROUP,
    )
    ca_file = optional(
        "schema.registry.ssl.truststore.location",
        STRING,
        "A file with the certificates that the registry's must be signed with, in PEM, or a store of Java's"
        " (JKS; PKCS12 with the extra jks); without it, those that the machine trusts.",
        leads_to=LeadsTo.FILE,
        validate=non_empty,
        group=_GROUP,
    )
    ca_password = optional(
        "schema.registry.ssl.truststore.password",
        PASSWORD,
        "The password of schema.registry.ssl.truststore.location, if it is a store of Java's.",
        group=_GROUP,
    )
    ca_type = optional(
        "schema.registry.ssl.truststore.type",
        STRING,
        "The form of schema.registry.ssl.truststore.location; without it, what the file shows itself.",
        validate=one_of(*TYPES, ignore_case=True),
        choices=TYPES,
        importance=Importance.LOW,
        group=_GROUP,
    )
    certificate_file = optional(
        "schema.registry.ssl.keystore.location",
        STRING,
        "A file with the certificate and the private key that the worker shows to the registry, in PEM, or a"
        " store of Java's (JKS; PKCS12 with the extra jks).",
        leads_to=LeadsTo.FILE,
        validate=non_empty,
        group=_GROUP,
    )
    certificate_password = optional(
        "schema.registry.ssl.keystore.password",
        PASSWORD,
        "The password of schema.registry.ssl.keystore.location, if it is a store of Java's.",
        group=_GROUP,
    )
    certificate_type = optional(
        "schema.registry.ssl.keystore.type",
        STRING,
        "The form of schema.registry.ssl.keystore.location; without it, what the file shows itself.",
        validate=one_of(*TYPES, ignore_case=True),
        choices=TYPES,
        importance=Importance.LOW,
        group=_GROUP,
    )
    key_password = optional(
        "schema.registry.ssl.key.password",
        PASSWORD,
        "What the private key in schema.registry.ssl.keystore.location is encrypted with.",
        group=_GROUP,
    )
    verify_host = defaulted(
        "schema.registry.ssl.endpoint.identification.algorithm",
        STRING,
        "https",
        "https: the registry's certificate must name the host that is asked. Empty: any name will do, which"
        " lets others answer in its place.",
        validate=one_of("https", "", ignore_case=True),
        importance=Importance.LOW,
        group=_GROUP,
    )
    connect_ms = defaulted(
        "http.connect.timeout.ms",
        INT,
        10_000,
        "How long one URL of the registry may take to accept a connection; then the next is asked.",
        validate=between(1, 600_000),
        importance=Importance.LOW,
        group=_GROUP,
    )
    read_ms = defaulted(
        "http.read.timeout.ms",
        INT,
        10_000,
        "How long the answer of one URL may take, from the connection to its end.",
        validate=between(1, 600_000),
        importance=Importance.LOW,
        group=_GROUP,
    )
    most_schemas = defaulted(
        "max.schemas.per.subject",
        INT,
        1000,
        "How many schemas are kept, over all subjects; with fewer than a topic has, the registry is asked"
        " again and again.",
        validate=at_least(1),
        importance=Importance.LOW,
        group=_GROUP,
    )

    key_ids = _ids("key")
    value_ids = _ids("value")

    def check(self) -> Iterator[Problem]:
        yield from super().check()
        given = SchemaRegistryConfig
        if (
            self.credentials_source == "USER_INFO"
            and self.user_info is None
            and not self.is_faulty(given.user_info)
        ):
            text = "must be set with basic.auth.credentials.source=USER_INFO"
            yield Problem(given.user_info.name, text)
        if self.credentials_source == "SASL_INHERIT" and self.jaas is None and not self.is_faulty(given.jaas):
            yield Problem(given.jaas.name, "must be set with basic.auth.credentials.source=SASL_INHERIT")
        if self.bearer_source == "OAUTHBEARER":
            for option in (given.issuer_url, given.client_id, given.client_secret):
                if self.value(option.name) is None and not self.is_faulty(option):
                    yield Problem(option.name, "must be set with bearer.auth.credentials.source=OAUTHBEARER")
        elif self.bearer_source and self.bearer_token is None and not self.is_faulty(given.bearer_token):
            text = "must be set with bearer.auth.credentials.source=STATIC_TOKEN"
            yield Problem(given.bearer_token.name, text)
        yield from self._check_files()

    @property
    def login(self) -> str | None:
        """Name and password with a colon between; None if at most a URL has them."""
        if self.credentials_source == "USER_INFO" and self.user_info:
            found: str = self.user_info.get_secret_value()
            return found
        if self.credentials_source == "SASL_INHERIT" and self.jaas:
            options = parse_login(self.jaas.get_secret_value()).options
            return f"{options['username']}:{options['password']}"
        return None

    def tls(self) -> ssl.SSLContext:
        """How the registry is talked to over https; raises OSError or ValueError on unfit files."""
        trusted = _store(self.ca_file, self.ca_type, self.ca_password)
        if trusted is not None:
            context = ssl.create_default_context(cadata=trusted.trusted_pem())
        else:
            context = ssl.create_default_context(cafile=self.ca_file)
        context.check_hostname = bool(self.verify_host)
        if self.certificate_file:
            self._show_certificate(context, self.certificate_file)
        return context

    def _show_certificate(self, context: ssl.SSLContext, path: str) -> None:
        store = _store(path, self.certificate_type, self.certificate_password, self.key_password)
        if store is not None:
            with pem_file(store.key_pem() + store.chain_pem()) as made:
                context.load_cert_chain(made)
            return
        # With no password given, OpenSSL would ask at the terminal.
        password = self.key_password.get_secret_value() if self.key_password else ""
        context.load_cert_chain(path, password=password)

    def _check_files(self) -> Iterator[Problem]:
        for option in (SchemaRegistryConfig.ca_file, SchemaRegistryConfig.certificate_file):
            path = self.value(option.name)
            if path and not Path(path).is_file():
                yield Problem(option.name, f"{path} is no file: name one in PEM, JKS or PKCS12")
                return
        if not (self.ca_file or self.certificate_file):
            return
        faulty = SchemaRegistryConfig.ca_file.name if not self.certificate_file else "schema.registry.ssl"
        try:
            self.tls()
        except KeyStoreError as error:
            yield Problem(faulty, f"the store cannot be used: {error}")
        except (OSError, ValueError):
            yield Problem(
                faulty,
                "the files cannot be read as PEM: certificates in the truststore, certificate and key in the"
                " keystore (with schema.registry.ssl.key.password if it is encrypted)",
            )

"""The ``aws.*`` options that say who the worker is and how it reaches AWS; the same for every sink.

Which identity wins when several are given is decided here and nowhere else:

1. The base is the one of these that is given: static keys, a web identity token, a profile, a credentials
   provider. More than one is an error. None of them means the default chain: environment, web identity,
   profile, container, instance metadata.
2. With ``aws.sts.role.arn`` the base assumes this role, and the role signs; else the base signs.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from pydantic import SecretStr

from connector import plugins
from connector.aws.identity import (
    Anonymous,
    CustomProvider,
    Identity,
    Profile,
    StaticKeys,
    Transport,
    WebIdentity,
)
from connector.aws.legal import (
    arn_of_role,
    endpoint,
    external_id,
    in_a_header,
    one_line,
    proxy,
    region,
    secret_key,
    session_name,
    session_tags,
    source_identity,
)
from connector.config.connector import with_prefix
from connector.config.option import (
    INT,
    LIST,
    LONG,
    PASSWORD,
    STRING,
    Importance,
    LeadsTo,
    at_least,
    between,
    defaulted,
    non_empty,
    optional,
)
from connector.config.schema import Config
from connector.errors import ConfigError, Problem
from connector.plugins import PluginKind
from connector.retry import Backoff

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.aws.identity import Base
    from connector.config.option import Option

    WaitOptions = tuple[Option[int] | Option[int | None], ...]

DEFAULT_REGION = "us-east-1"
LONGEST_SESSION_NAME = 64
SERVICES = frozenset({"s3", "sqs", "sns", "kinesis", "eventbridge"})
"""Those that sinks deliver to, as their options name them."""
CHAINED_SECONDS = 3600
"""STS API reference, AssumeRole: a role assumed by a role's session gets one hour at most."""

PROVIDER_OPTIONS = "aws.credentials.provider."
_ANONYMOUS = frozenset({"anonymous", "AnonymousCredentialsProvider", "AnonymousAWSCredentials"})
_DEFAULT_CHAIN = frozenset({"default", "DefaultAWSCredentialsProviderChain", "DefaultCredentialsProvider"})


def _service_endpoint(service: str, title: str) -> Option[str | None]:
    return optional(
        f"aws.{service}.endpoint",
        STRING,
        f"The endpoint of {title}; aws.endpoint if absent, or else the region's own.",
        leads_to=LeadsTo.HOST,
        validate=endpoint,
        importance=Importance.LOW,
        group="AWS",
    )


class AwsConfig(Config):
    """Identity, endpoints and transport."""

    services: ClassVar[frozenset[str]] = frozenset(SERVICES)
    """The services in use: the endpoints of others are no options of a sink."""

    access_key_id = optional(
        "aws.access.key.id",
        PASSWORD,
        "Long-term access key id, with aws.secret.access.key; prefer aws.sts.role.arn. With a role, these"
        " keys ask for the role's credentials.",
        validate=in_a_header,
        aliases=("aws_access_key_id",),
        group="AWS",
    )
    secret_access_key = optional(
        "aws.secret.access.key",
        PASSWORD,
        "The secret of aws.access.key.id.",
        validate=secret_key,
        aliases=("aws_secret_access_key",),
        group="AWS",
    )
    session_token = optional(
        "aws.session.token",
        PASSWORD,
        "The session token that belongs to a temporary key; nobody renews it, so it ends some day.",
        validate=in_a_header,
        group="AWS",
    )
    profile = optional(
        "aws.profile",
        STRING,
        "A profile of the AWS configuration files of the worker's user.",
        validate=one_line,
        group="AWS",
    )
    web_identity_token_file = optional(
        "aws.web.identity.token.file",
        STRING,
        "A file with an OpenID Connect token, read anew at every refresh; with aws.web.identity.role.arn.",
        leads_to=LeadsTo.FILE,
        validate=one_line,
        group="AWS",
    )
    web_identity_role_arn = optional(
        "aws.web.identity.role.arn",
        STRING,
        "The role that the token of aws.web.identity.token.file is exchanged for.",
        validate=arn_of_role,
        group="AWS",
    )
    credentials_provider = optional(
        "aws.credentials.provider",
        STRING,
        "default for the default chain, anonymous for requests without signature, or an installed provider;"
        " the Java class names of the default chain mean default.",
        names_plugin=True,
        validate=non_empty,
        group="AWS",
    )
    sts_role_arn = optional(
        "aws.sts.role.arn",
        STRING,
        "The role that is assumed before anything is written; its short-lived credentials sign all requests.",
        validate=arn_of_role,
        importance=Importance.HIGH,
        group="AWS STS",
    )
    sts_role_external_id = optional(
        "aws.sts.role.external.id",
        STRING,
        "The external id that the role's trust policy requires.",
        validate=external_id,
        importance=Importance.HIGH,
        group="AWS STS",
    )
    sts_role_session_name = optional(
        "aws.sts.role.session.name",
        STRING,
        "The session's name as CloudTrail shows it. If absent, each task has a session of its own, named"
        " after connector and task; with a name all tasks share one session.",
        validate=session_name,
        group="AWS STS",
    )
    sts_role_session_duration = defaulted(
        "aws.sts.role.session.duration",
        INT,
        3600,
        "Seconds that a session's credentials live; they are refreshed ahead of the end.",
        validate=between(900, 43200),
        group="AWS STS",
    )
    sts_role_session_tags = defaulted(
        "aws.sts.role.session.tags",
        LIST,
        [],
        "Session tags as name=value, separated by commas; policies can refer to them.",
        validate=session_tags,
        importance=Importance.LOW,
        group="AWS STS",
    )
    sts_role_source_identity = optional(
        "aws.sts.role.source.identity",
        STRING,
        "Who is behind the session, for CloudTrail; the trust policy must allow sts:SetSourceIdentity.",
        validate=source_identity,
        importance=Importance.LOW,
        group="AWS STS",
    )
    sts_endpoint = optional(
        "aws.sts.config.endpoint",
        STRING,
        "The STS endpoint, for example https://sts.eu-north-1.amazonaws.com; the region's own if absent.",
        leads_to=LeadsTo.HOST,
        validate=endpoint,
        group="AWS STS",
    )
    sts_region = optional(
        "aws.sts.region",
        STRING,
        "The region that STS requests are signed for; that of the service if absent.",
        validate=region,
        group="AWS STS",
    )
    general_region = optional(
        "aws.region",
        STRING,
        f"The region of all services that have none of their own; {DEFAULT_REGION} if absent.",
        validate=region,
        importance=Importance.HIGH,
        group="AWS",
    )
    s3_region = optional(
        "aws.s3.region",
        STRING,
        "The region of the bucket; aws.region if absent.",
        validate=region,
        aliases=("aws_s3_region",),
        importance=Importance.HIGH,
        group="AWS",
    )
    general_endpoint = optional(
        "aws.endpoint",
        STRING,
        "The endpoint of all services that have none of their own, STS included; for AWS-compatible systems.",
        leads_to=LeadsTo.HOST,
        validate=endpoint,
        group="AWS",
    )
    s3_endpoint = optional(
        "aws.s3.endpoint",
        STRING,
        "The endpoint of an S3-compatible store; turns on path-style addressing.",
        leads_to=LeadsTo.HOST,
        validate=endpoint,
        aliases=("aws_s3_endpoint",),
        importance=Importance.LOW,
        group="S3",
    )
    sqs_endpoint = _service_endpoint("sqs", "SQS")
    sns_endpoint = _service_endpoint("sns", "SNS")
    kinesis_endpoint = _service_endpoint("kinesis", "Kinesis Data Streams")
    eventbridge_endpoint = _service_endpoint("eventbridge", "EventBridge")
    proxy_url = optional(
        "aws.proxy.url",
        PASSWORD,
        "The HTTP proxy that requests to AWS go through, without user and password.",
        leads_to=LeadsTo.HOST,
        validate=proxy,
        group="AWS",
    )
    proxy_username = optional(
        "aws.proxy.username", STRING, "The user that the proxy wants.", validate=non_empty, group="AWS"
    )
    proxy_password = optional(
        "aws.proxy.password", PASSWORD, "The password that the proxy wants.", validate=non_empty, group="AWS"
    )
    ca_bundle = optional(
        "aws.tls.ca.bundle",
        STRING,
        "A file of PEM certificates to trust instead of the system's.",
        leads_to=LeadsTo.FILE,
        validate=one_line,
        group="AWS",
    )
    connect_timeout_ms = defaulted(
        "aws.connect.timeout.ms",
        LONG,
        10_000,
        "How long a connection may take before the request is repeated.",
        validate=at_least(1),
        importance=Importance.LOW,
        group="AWS",
    )
    read_timeout_ms = defaulted(
        "aws.read.timeout.ms",
        LONG,
        60_000,
        "How long an answer may keep silent before the request is repeated.",
        validate=at_least(1),
        importance=Importance.LOW,
        group="AWS",
    )

    retry_backoff_ms = defaulted(
        "aws.retry.backoff.ms",
        LONG,
        100,
        "The first wait before a request is repeated; waits double, each is random below its bound.",
        validate=at_least(1),
        importance=Importance.LOW,
        group="AWS",
    )
    retry_backoff_max_ms = defaulted(
        "aws.retry.backoff.max.ms",
        LONG,
        20_000,
        "The longest wait before a request is repeated; requests are repeated until they succeed.",
        validate=at_least(1),
        importance=Importance.LOW,
        group="AWS",
    )

    @classmethod
    def options(cls) -> dict[str, Option[Any]]:
        others = {f"aws.{service}.endpoint" for service in SERVICES - cls.services}
        return {name: option for name, option in super().options().items() if name not in others}

    def service_endpoint(self, service: str) -> str | None:
        """The endpoint given for one of ``SERVICES``, else that of all services, else None."""
        own: str | None = self.value(f"aws.{service}.endpoint") if service in self.services else None
        return with_scheme(own or self.general_endpoint)

    @property
    def asks_sts(self) -> bool:
        """Whether STS is part of the connection: a compatible service with an endpoint often has none."""
        if self.sts_role_arn or self.sts_endpoint or self.general_endpoint:
            return True
        return not any(self.service_endpoint(service) for service in self.services)

    @property
    def region(self) -> str:
        return self.s3_region or self.general_region or DEFAULT_REGION

    @property
    def named_region(self) -> str | None:
        """The region that the destination tells by itself, in its ARN, its URL or an option of its own."""
        return None

    @property
    def knows_region(self) -> bool:
        """Whether a region is given, for STS, for all, or by the destination."""
        given = (AwsConfig.s3_region, AwsConfig.general_region, AwsConfig.sts_region)
        return any(self.is_set(option) for option in given) or self.named_region is not None

    @property
    def backoff(self) -> Backoff:
        """When a request is repeated; of two bounds the one that was not given follows the other."""
        first, longest = self._given_waits()
        base_ms: int = self.value((first or AwsConfig.retry_backoff_ms).name)
        max_ms: int = self.value((longest or AwsConfig.retry_backoff_max_ms).name)
        if first is None:
            base_ms = min(base_ms, max_ms)
        return Backoff(base_ms / 1000, max(base_ms, max_ms) / 1000)

    def identity(self, connector: str, task: int | None = None) -> Identity:
        """``connector`` and ``task`` name the session when the user did not."""
        return Identity(
            base=self.base(),
            role_arn=self.sts_role_arn,
            external_id=self.sts_role_external_id,
            session_name=self.sts_role_session_name or session_name_of(connector, task),
            duration_seconds=self.sts_role_session_duration,
            session_tags=tuple(_pair(tag) for tag in self.sts_role_session_tags),
            source_identity=self.sts_role_source_identity,
            sts_region=self.sts_region or self.region,
            region=self.region,
            transport=self._transport(),
        )

    def base(self) -> Base | None:
        """Who signs before any role is assumed; None is the default chain."""
        if self.access_key_id and self.secret_access_key:
            key_id = self.access_key_id.get_secret_value()
            return StaticKeys(key_id, self.secret_access_key, self.session_token)
        if self.web_identity_token_file and self.web_identity_role_arn:
            return WebIdentity(self.web_identity_token_file, self.web_identity_role_arn)
        if self.profile:
            return Profile(self.profile)
        provider = _simple_name(self.credentials_provider or "default")
        if provider in _ANONYMOUS:
            return Anonymous()
        if provider in _DEFAULT_CHAIN or self.credentials_provider is None:
            return None
        options = {key: value for key, value in self.raw.items() if value is not None}
        return CustomProvider(
            self.credentials_provider, tuple(sorted(with_prefix(options, PROVIDER_OPTIONS).items()))
        )

    def check(self) -> Iterator[Problem]:
        yield from super().check()
        yield from self._pairs()
        yield from self._one_base()
        yield from self._role()
        yield from self._waits()
        if self.is_set(AwsConfig.sts_endpoint) and not self.knows_region:
            yield Problem(
                "aws.sts.config.endpoint",
                "aws.s3.region should be specified together with aws.sts.config.endpoint (or aws.region, or"
                " aws.sts.region)",
            )

    def notes(self) -> Iterator[str]:
        yield from super().notes()
        if self.is_set(AwsConfig.sts_role_arn) and not self.is_set(AwsConfig.sts_role_session_name):
            yield (
                "aws.sts.role.session.name is not set: the role is assumed all the same (Aiven's connector"
                " would leave it out), by each task in a session of its own that is named after connector and"
                " task; set a name to share one session"
            )

    def wait_options(self) -> tuple[WaitOptions, WaitOptions]:
        """The options of the first wait and of the longest, those that win first."""
        return (AwsConfig.retry_backoff_ms,), (AwsConfig.retry_backoff_max_ms,)

    def _given_waits(self) -> tuple[Option[Any] | None, Option[Any] | None]:
        first, longest = (
            next((option for option in options if self.is_set(option) and not self.is_faulty(option)), None)
            for options in self.wait_options()
        )
        return first, longest

    def _waits(self) -> Iterator[Problem]:
        first, longest = self._given_waits()
        if first and longest and self.value(longest.name) < self.value(first.name):
            yield Problem(
                longest.name,
                f"is {self.value(longest.name)}, less than {first.name} ({self.value(first.name)}), the first"
                " wait: raise this, or lower the other",
            )

    def _pairs(self) -> Iterator[Problem]:
        """Options that mean nothing without each other."""
        for first, second in (
            (AwsConfig.access_key_id, AwsConfig.secret_access_key),
            (AwsConfig.web_identity_token_file, AwsConfig.web_identity_role_arn),
            (AwsConfig.proxy_username, AwsConfig.proxy_password),
        ):
            for given, missing in ((first, second), (second, first)):
                if self.is_set(given) and not self.is_set(missing):
                    yield Problem(
                        missing.name,
                        f"is missing while {given.name} is set: give both, or neither for another identity",
                    )
        for given, needed in (
            (AwsConfig.session_token, AwsConfig.access_key_id),
            (AwsConfig.proxy_username, AwsConfig.proxy_url),
        ):
            if self.is_set(given) and not self.is_set(needed):
                yield Problem(given.name, f"has no meaning without {needed.name}: set it, or remove this")

    def _one_base(self) -> Iterator[Problem]:
        bases: list[Option[str | None] | Option[SecretStr | None]] = [
            option
            for option in (AwsConfig.access_key_id, AwsConfig.web_identity_token_file, AwsConfig.profile)
            if self.is_set(option)
        ]
        provider = _simple_name(self.credentials_provider or "default")
        if provider not in _DEFAULT_CHAIN:
            bases.append(AwsConfig.credentials_provider)
        if len(bases) > 1:
            names = ", ".join(option.name for option in bases)
            yield Problem(
                bases[-1].name, f"only one identity can be used, but several are given ({names}): keep one"
            )
        yield from self._known_provider()
        if provider in _ANONYMOUS and self.is_set(AwsConfig.sts_role_arn):
            yield Problem(
                "aws.sts.role.arn", "cannot be assumed anonymously: remove aws.credentials.provider"
            )

    def _known_provider(self) -> Iterator[Problem]:
        base = self.base()
        if not isinstance(base, CustomProvider):
            return
        option = AwsConfig.credentials_provider.name
        try:
            config_class = plugins.find(PluginKind.CREDENTIALS_PROVIDER, base.name, option).config_class
        except ConfigError as error:
            yield from error.problems
            return
        for problem in config_class(dict(base.options)).problems():
            yield Problem(PROVIDER_OPTIONS + problem.option, problem.message, code=problem.code)

    def _role(self) -> Iterator[Problem]:
        if not self.is_set(AwsConfig.sts_role_arn):
            for option in (
                AwsConfig.sts_role_external_id,
                AwsConfig.sts_role_session_name,
                AwsConfig.sts_role_session_tags,
                AwsConfig.sts_role_source_identity,
            ):
                if self.is_set(option) and not self._names_web_identity_session(option):
                    yield Problem(
                        option.name, "has no meaning without aws.sts.role.arn: set the role or remove this"
                    )
            return
        chained = self.is_set(AwsConfig.web_identity_token_file) or self.is_set(AwsConfig.session_token)
        if chained and self.sts_role_session_duration > CHAINED_SECONDS:
            yield Problem(
                "aws.sts.role.session.duration",
                f"may be {CHAINED_SECONDS} at most, since the role is assumed by temporary credentials"
                " (role chaining)",
            )

    def _names_web_identity_session(self, option: Option[str | None] | Option[list[str]]) -> bool:
        return option is AwsConfig.sts_role_session_name and self.is_set(AwsConfig.web_identity_token_file)

    def _transport(self) -> Transport:
        return Transport(
            sts_endpoint=with_scheme(self.sts_endpoint or self.general_endpoint),
            proxy=self._proxy(),
            ca_bundle=self.ca_bundle,
            connect_seconds=self.connect_timeout_ms / 1000,
            read_seconds=self.read_timeout_ms / 1000,
        )

    def _proxy(self) -> SecretStr | None:
        if self.proxy_url is None:
            return None
        if not (self.proxy_username and self.proxy_password):
            return self.proxy_url
        login = f"{quote(self.proxy_username, '')}:{quote(self.proxy_password.get_secret_value(), '')}@"
        return SecretStr(self.proxy_url.get_secret_value().replace("://", f"://{login}", 1))


def with_scheme(url: str | None) -> str | None:
    """An endpoint as clients want it, if there is one; users leave https:// away."""
    return url if url is None or "://" in url else f"https://{url}"


def _simple_name(provider: str) -> str:
    return provider.rpartition(".")[2]


def _pair(tag: str) -> tuple[str, str]:
    name, _, value = tag.partition("=")
    return name.strip(), value.strip()


def session_name_of(connector: str, task: int | None = None) -> str:
    """A legal session name, the same at every start; of a long connector name the beginning stays."""
    legal = re.sub(r"[^\w+=,.@-]", "-", connector, flags=re.ASCII)
    ending = "" if task is None else f"-{task}"
    name = f"connect-{legal}{ending}"
    if len(name) <= LONGEST_SESSION_NAME:
        return name
    # What tells connectors apart is often the end of their names.
    ending = f"-{hashlib.sha256(connector.encode()).hexdigest()[:8]}{ending}"
    return f"connect-{legal}"[: LONGEST_SESSION_NAME - len(ending)] + ending

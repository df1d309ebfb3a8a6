"""Who the worker is and how it reaches AWS, by the ``aws.*`` options; the same for every sink.

Which identity wins when several are given is decided here and nowhere else:

1. The base is the one of these that is given: static keys, a web identity token, a profile, a credentials
   provider. More than one is an error. None of them means the default chain: environment, web identity,
   profile, container, instance metadata.
2. With ``aws.sts.role.arn`` the base assumes this role, and the role signs; else the base signs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
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
from connector.aws.options import DEFAULT_REGION, AwsOptions
from connector.aws.session_name import session_name_of
from connector.config.connector import with_prefix
from connector.errors import ConfigError, Problem
from connector.plugins import PluginKind
from connector.retry import Backoff

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.aws.identity import Base
    from connector.config.option import Option

    WaitOptions = tuple[Option[int] | Option[int | None], ...]

CHAINED_SECONDS = 3600
"""STS API reference, AssumeRole: a role assumed by a role's session gets one hour at most."""

PROVIDER_OPTIONS = "aws.credentials.provider."
_ANONYMOUS = frozenset({"anonymous", "AnonymousCredentialsProvider", "AnonymousAWSCredentials"})
_DEFAULT_CHAIN = frozenset({"default", "DefaultAWSCredentialsProviderChain", "DefaultCredentialsProvider"})


class AwsConfig(AwsOptions):
    """Identity, endpoints and transport."""

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

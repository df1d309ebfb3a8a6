"""The ``aws.*`` options that say who the worker is and how it reaches AWS, as users give them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

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

if TYPE_CHECKING:
    from connector.config.option import Option

DEFAULT_REGION = "us-east-1"
SERVICES = frozenset({"s3", "sqs", "sns", "kinesis", "eventbridge"})
"""Those that sinks deliver to, as their options name them."""


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


class AwsOptions(Config):
    """Identity, endpoints and transport; what they come to: :class:`~connector.aws.connection.AwsConfig`."""

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

"""AWS Glue Schema Registry: versions of schemas by their UUID, through an AWS connection."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from connector.aws.blocking import DEADLINE_SECONDS, BlockingClient, is_absent
from connector.aws.connection import AwsConfig, with_scheme
from connector.aws.legal import endpoint, region
from connector.config.option import INT, STRING, Importance, at_least, defaulted, optional
from connector.error_codes import ErrorCode
from connector.errors import Problem, RetriableError
from connector.schema_registry.base import RegisteredSchema, SchemaRegistry, UnknownSchemaError

if TYPE_CHECKING:
    from collections.abc import Iterator

_AVAILABLE, _PENDING = "AVAILABLE", "PENDING"
_GROUP = "Glue"


class GlueConfig(AwsConfig):
    """What the converters of Glue have: its library's own names, and those of any AWS connection."""

    services: ClassVar[frozenset[str]] = frozenset()

    own_region = optional(
        "region", STRING, "Where the registry is; aws.region wins over it.", validate=region, group=_GROUP
    )
    own_endpoint = optional(
        "endpoint",
        STRING,
        "Where Glue is asked, if not at the region's own endpoint; aws.endpoint stands in for all of AWS.",
        validate=endpoint,
        group=_GROUP,
    )
    most_schemas = defaulted(
        "cacheSize",
        INT,
        200,
        "How many versions of schemas are kept; with fewer than a topic has, Glue is asked again and again.",
        validate=at_least(1),
        importance=Importance.LOW,
        group=_GROUP,
    )
    secondary = optional(
        "secondaryDeserializer",
        STRING,
        "Another deserialiser for records without Glue's header, which there is none of here.",
        importance=Importance.LOW,
        group=_GROUP,
    )
    sts_role_arn = replace(AwsConfig.sts_role_arn, aliases=("assumeRoleArn",))
    sts_role_session_name = replace(AwsConfig.sts_role_session_name, aliases=("assumeRoleSessionName",))

    @property
    def region(self) -> str:
        given: str | None = self.general_region or self.own_region
        return given or super().region

    @property
    def named_region(self) -> str | None:
        return self.own_region

    @property
    def glue_endpoint(self) -> str | None:
        return with_scheme(self.own_endpoint) or self.service_endpoint("glue")

    def check(self) -> Iterator[Problem]:
        yield from super().check()
        if self.secondary:
            yield Problem(
                GlueConfig.secondary.name,
                "is not supported: records of another framing need a connector of their own, or"
                " errors.tolerance=all",
            )


class GlueSchemaRegistry(SchemaRegistry):
    """Asks for one version of a schema at a time; converters keep what they made of it."""

    def __init__(self, config: GlueConfig) -> None:
        self._identity = config.identity("schema-registry")
        self._endpoint = config.glue_endpoint
        self._client = BlockingClient("glue", "schema")

    def schema(self, schema_id: int, form: str = "") -> RegisteredSchema:  # noqa: ARG002 - Glue has one
        version = str(UUID(int=schema_id))
        try:
            return self._client.ask(self._identity, self._endpoint, lambda client: _read(client, version))
        except TimeoutError as error:
            raise RetriableError(
                f"Glue did not answer within {DEADLINE_SECONDS:g} s", code=ErrorCode.REGISTRY_UNREACHABLE
            ) from error


async def _read(client: Any, version: str) -> RegisteredSchema:
    try:
        answer = await client.get_schema_version(SchemaVersionId=version)
    except Exception as error:
        if is_absent(error, "EntityNotFoundException"):
            raise UnknownSchemaError(f"Schema version {version} is not in Glue's registry.") from error
        raise
    return _registered(version, answer)


def _registered(version: str, answer: dict[str, Any]) -> RegisteredSchema:
    status = answer.get("Status", _AVAILABLE)
    if status == _PENDING:
        raise RetriableError(
            f"Glue still checks schema version {version}", code=ErrorCode.DESTINATION_NOT_READY
        )
    if status != _AVAILABLE:
        raise UnknownSchemaError(f"Schema version {version} has the status {status} in Glue's registry.")
    return RegisteredSchema(answer["DataFormat"], answer["SchemaDefinition"])

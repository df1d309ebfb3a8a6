"""``connector aws``: what a config needs of an AWS account."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from connector.commands.exit_code import ExitCode, exits
from connector.commands.refusal import refuse
from connector.commands.worker_option import OfflineWorker  # noqa: TC001 - typer reads the annotation
from connector.errors import ConfigError, ConnectorError

if TYPE_CHECKING:
    from connector.aws.connection import AwsConfig
    from connector.aws.policy import Document, Statement
    from connector.aws.rendering import Grant
    from connector.runtime.blueprint import Blueprint
    from connector.sinks.base import Sink

aws_app = typer.Typer(help="What a connector needs of an AWS account.", no_args_is_help=True)

ConnectorFile = Annotated[
    Path,
    typer.Argument(help="The connector: flat JSON, {name, config} JSON, or .properties.", readable=False),
]


class Format(StrEnum):
    """For which tool the policies are written."""

    JSON = "json"
    TERRAFORM = "terraform"
    CLOUDFORMATION = "cloudformation"


class Part(StrEnum):
    """One of the two documents."""

    TRUST = "trust"
    PERMISSIONS = "permissions"


@aws_app.command()
@exits(refused="the config is at fault, or AWS does not say who this is")
def policy(
    config: ConnectorFile,
    principal: Annotated[
        str | None,
        typer.Option(help="The ARN of the worker's own identity, which the role is to trust; or an account."),
    ] = None,
    format_: Annotated[
        Format,
        typer.Option(
            "--format",
            help="json: both documents in one object. terraform: resources of the AWS provider, for a .tf"
            " file. cloudformation: a template in JSON, which CloudFormation takes like YAML.",
        ),
    ] = Format.JSON,
    *,
    only: Annotated[
        Part | None, typer.Option(help="Print this document alone, in JSON, as the AWS CLI takes it.")
    ] = None,
    optional: Annotated[
        bool, typer.Option("--optional", help="Allow also what the connector makes use of and does without.")
    ] = False,
    who_am_i: Annotated[
        bool, typer.Option("--who-am-i", help="Ask AWS for the principal, with the credentials found here.")
    ] = False,
    worker: OfflineWorker = None,
) -> None:
    """Print the IAM policies of a connector: who may assume its role, and the least that it must be allowed.

    Nothing is created, and AWS is asked nothing without --who-am-i. Warnings go to the standard error.
    """
    if principal is not None and who_am_i:
        raise typer.BadParameter("give --principal or --who-am-i, not both")
    if only is not None and format_ is not Format.JSON:
        raise typer.BadParameter("--only goes with --format json")
    try:
        grant = _grant(_blueprint(config, worker), principal, optional=optional, who_am_i=who_am_i)
        text = _rendered(grant, format_) if only is None else _document(grant, only)
    except ConnectorError as error:
        refuse(error)
    typer.echo(text)


@aws_app.command()
@exits(ok="no step failed", failed="one did", refused="the config is at fault")
def check(
    config: ConnectorFile,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")] = False,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds that each step may take.")] = 10.0,
    worker: OfflineWorker = None,
) -> None:
    """Find out from this machine whether the connector can do its work, and what to change if not.

    Leaves nothing behind in AWS.
    """
    from connector.commands.check import run

    try:
        works = run(config, worker=worker, as_json=as_json, deadline_seconds=timeout)
    except ConfigError as error:
        refuse(error)
    raise typer.Exit(ExitCode.OK if works else ExitCode.FAILED)


def _blueprint(path: Path, worker: Path | None) -> Blueprint:
    from connector.cluster.plan import plan
    from connector.commands.offline import offline_settings
    from connector.config.files import read_connector

    (blueprint,) = plan([read_connector(path)], offline_settings(worker))
    return blueprint


def _grant(blueprint: Blueprint, named: str | None, *, optional: bool, who_am_i: bool) -> Grant:
    from connector.aws.connection import AwsConfig
    from connector.aws.policy import warnings
    from connector.aws.rendering import Grant

    sink = blueprint.make_sink()
    permissions = _permissions(sink, blueprint, optional=optional)
    if not isinstance(sink.config, AwsConfig):
        return Grant(blueprint.name, None, 0, None, permissions)
    if who_am_i:
        named = _who_am_i(sink.config, blueprint.name)
    named = named or sink.config.web_identity_role_arn
    principal = _principal(named)
    for warning in warnings(sink.config, named):
        _warn(warning)
    role_arn = sink.config.sts_role_arn
    trust = _trust(sink.config, principal) if role_arn else None
    return Grant(blueprint.name, role_arn, sink.config.sts_role_session_duration, trust, permissions)


def _trust(config: AwsConfig, principal: str) -> Document:
    from connector.aws.policy import trust_policy

    return trust_policy(
        principal,
        config.sts_role_external_id,
        has_session_tags=bool(config.sts_role_session_tags),
        source_identity=config.sts_role_source_identity,
    )


def _permissions(sink: Sink, blueprint: Blueprint, *, optional: bool) -> Document | None:
    from connector.aws.policy import TellsOptionalPermissions, TellsPermissions, permission_policy

    if isinstance(sink, TellsPermissions):
        statements = sink.permissions(sink.config, blueprint.topics)
        if optional and isinstance(sink, TellsOptionalPermissions):
            statements += sink.optional_permissions(sink.config)
        return permission_policy([*statements, *_of_converters(sink, blueprint)])
    _warn(f"{blueprint.sink_class_name} does not tell what it must be allowed: see its documentation.")
    return None


def _of_converters(sink: Sink, blueprint: Blueprint) -> list[Statement]:
    """What converters need of the sink's role; those that ask as somebody else are warned about."""
    from connector.aws.policy import TellsPermissions

    found: list[Statement] = []
    for role, make in blueprint.converters.items():
        converter = make()
        if not isinstance(converter, TellsPermissions):
            continue
        for statement in converter.permissions(converter.config, blueprint.topics):
            own = converter.config.sts_role_arn
            if own != getattr(sink.config, "sts_role_arn", None):
                who = own or "the worker itself"
                _warn(f"{role}.converter asks as {who}: allow that {', '.join(statement.actions)}, too.")
            elif statement not in found:
                found.append(statement)
    return found


def _who_am_i(config: AwsConfig, connector: str) -> str:
    import asyncio

    from connector.aws.caller import caller

    return asyncio.run(caller(config.identity(connector)))


def _principal(named: str | None) -> str:
    from connector.aws.policy import PLACEHOLDER, principal

    if named is None:
        return PLACEHOLDER
    try:
        return principal(named)
    except ValueError as error:
        raise ConfigError.of("--principal", f"{named} is {error}.") from None


def _rendered(grant: Grant, format_: Format) -> str:
    from connector.aws import rendering

    if grant.trust is None and grant.permissions is None:
        raise ConfigError.of("connector.class", "There is no policy to print for this sink.")
    render = {
        Format.JSON: rendering.as_json,
        Format.TERRAFORM: rendering.as_terraform,
        Format.CLOUDFORMATION: rendering.as_cloudformation,
    }
    return render[format_](grant)


def _document(grant: Grant, part: Part) -> str:
    import json

    if part is Part.TRUST and grant.trust is None:
        raise ConfigError.of("aws.sts.role.arn", "There is no role to trust anybody: set one.")
    if part is Part.PERMISSIONS and grant.permissions is None:
        raise ConfigError.of("connector.class", "There is no permission policy to print for this sink.")
    return json.dumps(grant.trust if part is Part.TRUST else grant.permissions, indent=2)


def _warn(text: str) -> None:
    typer.echo(f"warning: {text}", err=True)

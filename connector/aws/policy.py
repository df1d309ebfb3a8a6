"""The IAM policies that a connector asks for: who may assume its role, and the least that it must allow.

Documents only; a sink says itself what it needs, :mod:`connector.aws.rendering` writes it down for tools.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from connector.aws.partition import of_arn, of_region

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from connector.aws.connection import AwsConfig

Document = dict[str, Any]

PLACEHOLDER = "REPLACE-WITH-THE-ARN-OF-THE-WORKER"
"""Stands for a principal that nobody named. IAM refuses it, so that no stranger is trusted by mistake."""

_PRINCIPAL = re.compile(
    r"\d{12}|arn:aws[a-z-]*:(iam|sts)::\d{12}:(root|(user|role|assumed-role|federated-user)/[!-~]+)", re.ASCII
)
_ASSUMED = re.compile(r"(arn:[a-z-]+):sts::(\d{12}):assumed-role/([^/]+)/.+")
_SPECIAL = re.compile(r"[*?$]")
_NOT_IN_A_POLICY = re.compile(r"[^ -~]+")
_VERSION = "2012-10-17"
"""Policy variables, ``${*}`` among them, have a meaning from this version on."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing that a role must be allowed.

    Attributes:
        sid: Why, in letters and digits; all that IAM takes there.
        actions: As ``service:Action``.
        resources: ARNs; text in them that is not ours goes through :func:`escaped`.
        condition: As IAM writes it; empty if there is none.
    """

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    condition: Document = field(default_factory=dict)


@runtime_checkable
class TellsPermissions(Protocol):
    """What a sink class may offer beside the sink contract, so that ``connector aws policy`` knows it."""

    def permissions(self, config: Any, topics: Sequence[str]) -> list[Statement]:
        """The least that delivering needs; a class method.

        Args:
            config: The sink's own, parsed.
            topics: Every topic there will be; empty if only a regular expression is known.
        """
        ...


@runtime_checkable
class TellsOptionalPermissions(Protocol):
    """What a sink class may offer as well."""

    def optional_permissions(self, config: Any) -> list[Statement]:
        """What it makes use of and does without; a class method."""
        ...


def trust_policy(
    principal: str,
    external_id: str | None,
    *,
    has_session_tags: bool = False,
    source_identity: str | None = None,
) -> Document:
    """Lets one identity assume the role, and only with the external id.

    Tags and a source identity are actions of their own, in statements of their own: none of them lets
    anybody in, and their requests are not known to carry the external id (IAM user guide, "Pass session
    tags in AWS STS", "Monitor and control actions taken with assumed roles").

    Without the id whoever else can make that identity act on their behalf can name this role (IAM user
    guide, "The confused deputy problem"); :func:`warnings` says so.
    """
    statements = [
        _trust("LetTheWorkerAssumeThisRole", principal, "sts:AssumeRole", {"sts:ExternalId": external_id})
    ]
    if has_session_tags:
        statements.append(_trust("LetItTagItsSessions", principal, "sts:TagSession"))
    if source_identity is not None:
        condition = {"sts:SourceIdentity": source_identity}
        statements.append(_trust("LetItSayWhoIsBehind", principal, "sts:SetSourceIdentity", condition))
    return {"Version": _VERSION, "Statement": statements}


def _trust(
    sid: str, principal: str, action: str, equals: Mapping[str, str | None] = MappingProxyType({})
) -> Document:
    statement: Document = {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"AWS": principal},
        "Action": action,
    }
    if required := {key: value for key, value in equals.items() if value is not None}:
        statement["Condition"] = {"StringEquals": required}
    return statement


def permission_policy(statements: Sequence[Statement]) -> Document:
    """What the role, or whoever else signs, must be allowed."""
    return {
        "Version": _VERSION,
        "Statement": [
            {
                "Sid": statement.sid,
                "Effect": "Allow",
                "Action": list(statement.actions),
                "Resource": list(statement.resources),
                **({"Condition": statement.condition} if statement.condition else {}),
            }
            for statement in statements
        ],
    }


def escaped(text: str) -> str:
    r"""``text`` as part of a Resource that matches it and, where IAM can say so, nothing else.

    ``*``, ``?`` and ``$`` are written as variables (IAM user guide, policy variables, special characters).
    A policy takes characters up to U+00FF only (IAM user guide, name and character limits), and no document
    says how the rest compares when written as ``\uXXXX``; so what is not printable ASCII becomes ``*``.
    """
    return _NOT_IN_A_POLICY.sub("*", _SPECIAL.sub(lambda found: f"${{{found[0]}}}", text))


def principal(named: str) -> str:
    """The identity that a trust policy names for ``named``.

    What GetCallerIdentity tells of a role is one session of it; trusted is the role. The answer leaves out
    the path of the role.

    Raises:
        ValueError: It is neither an ARN of an identity nor an account.
    """
    if not _PRINCIPAL.fullmatch(named):
        raise ValueError(
            "not an identity; expected an account,"
            " or an ARN such as arn:aws:iam::<12-digit account>:role/<name>"
        )
    return _ASSUMED.sub(r"\1:iam::\2:role/\3", named)


def warnings(config: AwsConfig, named: str | None) -> Iterator[str]:
    """What is dangerous or cannot work in the policies of this config.

    Args:
        config: Of the sink.
        named: The principal as it was given, if it was.
    """
    if config.sts_role_arn is None:
        yield (
            "aws.sts.role.arn is not set: attach the permissions to the identity that the worker has itself."
            " A role with an external id is safer than long-term keys."
        )
        return
    if config.sts_role_external_id is None:
        yield (
            "aws.sts.role.external.id is not set: whoever else uses the same worker could name this role and"
            " write with it (confused deputy). Set an id that only you know."
        )
    yield from _about_principal(named)
    yield from _about_partitions(config, config.sts_role_arn, named)


def _about_principal(named: str | None) -> Iterator[str]:
    if named is None:
        yield f"the principal is not known: replace {PLACEHOLDER}, or give --principal or --who-am-i."
    elif _ASSUMED.fullmatch(named):
        yield f"{named} is a session: its role is trusted. If the role has a path, add it to the principal."


def _about_partitions(config: AwsConfig, role_arn: str, named: str | None) -> Iterator[str]:
    role = of_arn(role_arn)
    others = {
        f"the region {config.region}": of_region(config.region),
        "the principal": of_arn(named) if named and ":" in named else None,
    }
    for what, other in others.items():
        if other not in {None, role}:
            yield f"aws.sts.role.arn is in {role} but {what} in {other}: no role is used across partitions."

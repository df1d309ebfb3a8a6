"""A role and its policies, written for the tool that will create them: JSON, Terraform, CloudFormation."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from textwrap import dedent, indent
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.aws.policy import Document

_SHORTEST_MAXIMUM_SECONDS = 3600
"""IAM API reference, CreateRole, MaxSessionDuration: its default and least."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What is to be created for one connector.

    Attributes:
        connector: Its name.
        role_arn: The role it assumes; None if the worker's own identity gets the permissions.
        session_seconds: How long the connector wants its sessions.
        trust: The role's trust policy, if there is a role.
        permissions: None if the sink does not tell.
    """

    connector: str
    role_arn: str | None
    session_seconds: int
    trust: Document | None
    permissions: Document | None

    @property
    def role_name(self) -> str:
        return (self.role_arn or "").rpartition("/")[2]

    @property
    def role_path(self) -> str:
        path = (self.role_arn or "").partition(":role")[2]
        return path.rpartition("/")[0] + "/"

    @property
    def policy_name(self) -> str:
        """IAM API reference, PutRolePolicy, PolicyName."""
        return re.sub(r"[^\w+=,.@-]", "-", self.connector, flags=re.ASCII)[:128]

    @property
    def max_session_seconds(self) -> int:
        return max(self.session_seconds, _SHORTEST_MAXIMUM_SECONDS)


def as_json(grant: Grant) -> str:
    """One object with both documents."""
    documents = {"TrustPolicy": grant.trust, "PermissionPolicy": grant.permissions}
    return _json({name: document for name, document in documents.items() if document is not None})


def as_cloudformation(grant: Grant) -> str:
    """A template in JSON, which CloudFormation takes as it takes YAML."""
    resource = _managed_policy(grant) if grant.role_arn is None else _role(grant)
    return _json(
        {
            "AWSTemplateFormatVersion": "2010-09-09",
            "Description": f"What the connector {grant.policy_name} needs",
            "Resources": resource,
        }
    )


def _role(grant: Grant) -> Document:
    properties: Document = {
        "RoleName": grant.role_name,
        "Path": grant.role_path,
        "MaxSessionDuration": grant.max_session_seconds,
        "AssumeRolePolicyDocument": grant.trust,
    }
    if grant.permissions is not None:
        properties["Policies"] = [{"PolicyName": grant.policy_name, "PolicyDocument": grant.permissions}]
    return {"ConnectorRole": {"Type": "AWS::IAM::Role", "Properties": properties}}


def _managed_policy(grant: Grant) -> Document:
    properties = {"ManagedPolicyName": grant.policy_name, "PolicyDocument": grant.permissions}
    return {"ConnectorPolicy": {"Type": "AWS::IAM::ManagedPolicy", "Properties": properties}}


def as_terraform(grant: Grant) -> str:
    """Resources of the AWS provider, with the documents as they are."""
    resources = _terraform_role(grant) if grant.role_arn else _terraform_policy(grant)
    return "\n\n".join(resources)


def _terraform_policy(grant: Grant) -> Iterator[str]:
    yield _POLICY.format(label=_label(grant), name=grant.policy_name, policy=_heredoc(grant.permissions))


def _terraform_role(grant: Grant) -> Iterator[str]:
    yield _ROLE.format(
        label=_label(grant),
        name=grant.role_name,
        path=grant.role_path,
        seconds=grant.max_session_seconds,
        policy=_heredoc(grant.trust),
    )
    if grant.permissions is not None:
        policy = _heredoc(grant.permissions)
        yield _ROLE_POLICY.format(label=_label(grant), name=grant.policy_name, policy=policy)


_ROLE = dedent("""\
    resource "aws_iam_role" "{label}" {{
      name                 = "{name}"
      path                 = "{path}"
      max_session_duration = {seconds}
      assume_role_policy   = {policy}
    }}""")
_ROLE_POLICY = dedent("""\
    resource "aws_iam_role_policy" "{label}" {{
      name   = "{name}"
      role   = aws_iam_role.{label}.id
      policy = {policy}
    }}""")
_POLICY = dedent("""\
    resource "aws_iam_policy" "{label}" {{
      name   = "{name}"
      policy = {policy}
    }}""")


def _label(grant: Grant) -> str:
    return "connector_" + re.sub(r"\W", "_", grant.connector, flags=re.ASCII)


def _heredoc(document: Document | None) -> str:
    """JSON that Terraform reads back unchanged: ``${`` and ``%{`` would be its own templates.

    ``$${`` is HCL's escape; for ``%{`` it is JSON's, which holds after another ``%``, too.
    """
    text = _json(document).replace("${", "$${").replace("%{", r"\u0025{")
    return f"<<-JSON\n{indent(text, '    ')}\n  JSON"


def _json(document: Document | None) -> str:
    return json.dumps(document, indent=2)

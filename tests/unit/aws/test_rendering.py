from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from connector.aws.policy import Statement, escaped, permission_policy, trust_policy
from connector.aws.rendering import Grant, as_cloudformation, as_json, as_terraform

if TYPE_CHECKING:
    from pathlib import Path

TRUST = trust_policy("arn:aws:iam::210987654321:role/worker", "tenant-4711")
ODD = '50%%{x}${y}$*?"\\/日'
PERMISSIONS = permission_policy(
    [Statement("StoreThem", ("s3:PutObject",), (f"arn:aws:s3:::b/{escaped(ODD)}*",))]
)
GRANT = Grant("orders to “S3”", "arn:aws:iam::123456789012:role/team/a/kafka-to-s3", 7200, TRUST, PERMISSIONS)
WITHOUT_ROLE = replace(GRANT, role_arn=None, trust=None)


def test_json_holds_both_documents() -> None:
    assert json.loads(as_json(GRANT)) == {"TrustPolicy": TRUST, "PermissionPolicy": PERMISSIONS}


def test_json_holds_only_what_there_is() -> None:
    assert json.loads(as_json(WITHOUT_ROLE)) == {"PermissionPolicy": PERMISSIONS}
    assert json.loads(as_json(replace(GRANT, permissions=None))) == {"TrustPolicy": TRUST}


def test_cloudformation_creates_the_role_with_its_policy() -> None:
    template = json.loads(as_cloudformation(GRANT))
    assert template["AWSTemplateFormatVersion"] == "2010-09-09"
    assert template["Resources"] == {
        "ConnectorRole": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "RoleName": "kafka-to-s3",
                "Path": "/team/a/",
                "MaxSessionDuration": 7200,
                "AssumeRolePolicyDocument": TRUST,
                "Policies": [{"PolicyName": "orders-to--S3-", "PolicyDocument": PERMISSIONS}],
            },
        }
    }


def test_cloudformation_without_a_role_creates_a_policy() -> None:
    (resource,) = json.loads(as_cloudformation(WITHOUT_ROLE))["Resources"].values()
    assert resource == {
        "Type": "AWS::IAM::ManagedPolicy",
        "Properties": {"ManagedPolicyName": "orders-to--S3-", "PolicyDocument": PERMISSIONS},
    }


def test_cloudformation_creates_a_role_of_which_only_the_trust_is_known() -> None:
    (role,) = json.loads(as_cloudformation(replace(GRANT, permissions=None)))["Resources"].values()
    assert "Policies" not in role["Properties"]


def test_a_role_without_a_path_has_the_default_path() -> None:
    assert replace(GRANT, role_arn="arn:aws:iam::123456789012:role/r").role_path == "/"


def test_no_role_is_limited_below_what_iam_takes() -> None:
    assert replace(GRANT, session_seconds=900).max_session_seconds == 3600


# ---- Terraform ----


def documents(text: str) -> list[Any]:
    """The heredocs as Terraform evaluates them (HCL native syntax, template expressions)."""
    found = re.findall(r"<<-JSON\n(.*?)\n +JSON\n", text, re.DOTALL)
    for document in found:
        assert not re.search(r"(?<!\$)\$\{|%\{", document), "Terraform would evaluate this"
    return [json.loads(document.replace("$${", "${")) for document in found]


def test_terraform_creates_the_role_with_its_policy() -> None:
    text = as_terraform(GRANT)
    assert documents(text) == [TRUST, PERMISSIONS]
    assert text.startswith(
        'resource "aws_iam_role" "connector_orders_to__S3_" {\n'
        '  name                 = "kafka-to-s3"\n'
        '  path                 = "/team/a/"\n'
        "  max_session_duration = 7200\n"
        "  assume_role_policy   = <<-JSON\n"
    )
    assert '\nresource "aws_iam_role_policy" "connector_orders_to__S3_" {\n' in text
    assert "  role   = aws_iam_role.connector_orders_to__S3_.id\n" in text


def test_terraform_without_a_role_creates_a_policy() -> None:
    text = as_terraform(WITHOUT_ROLE)
    assert text.startswith('resource "aws_iam_policy" "connector_orders_to__S3_" {\n')
    assert documents(text) == [PERMISSIONS]


def test_terraform_creates_a_role_of_which_only_the_trust_is_known() -> None:
    text = as_terraform(replace(GRANT, permissions=None))
    assert documents(text) == [TRUST]
    assert "aws_iam_role_policy" not in text


@pytest.mark.parametrize("grant", [GRANT, WITHOUT_ROLE], ids=["role", "policy"])
def test_terraform_itself_finds_the_style_right_and_the_documents_unchanged(
    grant: Grant, tmp_path: Path
) -> None:
    if not shutil.which("terraform"):
        pytest.skip("needs terraform")
    text = as_terraform(grant)
    run("terraform", "fmt", "-check", "-diff", "-", folder=tmp_path, given=text + "\n")
    heredocs = re.findall(r"<<-JSON\n.*?\n +JSON\n", text, re.DOTALL)
    (tmp_path / "main.tf").write_text(f"locals {{\n  last = {heredocs[-1]}}}\n")
    shown = run("terraform", "console", folder=tmp_path, given="jsonencode(jsondecode(local.last))\n")
    assert json.loads(json.loads(shown)) == PERMISSIONS


def run(*command: str, folder: Path, given: str) -> str:
    result = subprocess.run(
        command, cwd=folder, input=given, capture_output=True, text=True, check=False, timeout=60
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout

from __future__ import annotations

import pytest

from connector.aws.connection import AwsConfig
from connector.aws.policy import (
    PLACEHOLDER,
    Statement,
    escaped,
    permission_policy,
    principal,
    trust_policy,
    warnings,
)

ROLE = {"aws.sts.role.arn": "arn:aws:iam::123456789012:role/kafka-to-s3"}
SAFE = {**ROLE, "aws.sts.role.external.id": "tenant-4711"}
WORKER = "arn:aws:iam::210987654321:role/worker"


# ---- trust ----


def test_the_role_is_trusted_to_one_identity_and_only_with_the_external_id() -> None:
    assert trust_policy(WORKER, "tenant-4711") == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "LetTheWorkerAssumeThisRole",
                "Effect": "Allow",
                "Principal": {"AWS": WORKER},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"sts:ExternalId": "tenant-4711"}},
            }
        ],
    }


def test_without_an_external_id_there_is_no_condition() -> None:
    (statement,) = trust_policy(WORKER, None)["Statement"]
    assert "Condition" not in statement


def test_tags_and_source_identity_are_allowed_only_if_the_config_sends_them() -> None:
    _, tag, source = trust_policy(
        WORKER, "tenant-4711", has_session_tags=True, source_identity="orders-team"
    )["Statement"]
    assert tag == {
        "Sid": "LetItTagItsSessions",
        "Effect": "Allow",
        "Principal": {"AWS": WORKER},
        "Action": "sts:TagSession",
    }
    assert source["Action"] == "sts:SetSourceIdentity"
    assert source["Condition"] == {"StringEquals": {"sts:SourceIdentity": "orders-team"}}


def test_the_placeholder_is_no_principal_that_iam_would_take() -> None:
    with pytest.raises(ValueError, match="not an identity"):
        principal(PLACEHOLDER)


# ---- principal ----


@pytest.mark.parametrize(
    "named",
    [
        "123456789012",
        "arn:aws:iam::123456789012:root",
        "arn:aws-cn:iam::123456789012:user/team/me",
        "arn:aws-us-gov:iam::123456789012:role/worker",
        "arn:aws:sts::123456789012:federated-user/me",
    ],
)
def test_identities_and_accounts_are_taken_as_they_are(named: str) -> None:
    assert principal(named) == named


def test_of_a_session_its_role_is_trusted() -> None:
    session = "arn:aws-cn:sts::123456789012:assumed-role/worker/i-0abc/x"
    assert principal(session) == "arn:aws-cn:iam::123456789012:role/worker"


@pytest.mark.parametrize(
    "named",
    ["", "*", "worker", "12345678901", "arn:aws:s3:::bucket", "arn:aws:iam::1:role/r", WORKER + " "],
)
def test_what_is_no_identity_is_refused(named: str) -> None:
    with pytest.raises(ValueError, match="not an identity"):
        principal(named)


# ---- permissions ----


def test_a_statement_says_why_what_and_on_what() -> None:
    policy = permission_policy([Statement("SendThem", ("sqs:SendMessage",), ("arn:aws:sqs:x:1:q",))])
    assert policy == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "SendThem",
                "Effect": "Allow",
                "Action": ["sqs:SendMessage"],
                "Resource": ["arn:aws:sqs:x:1:q"],
            }
        ],
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("logs/a-b_c.d=1", "logs/a-b_c.d=1"),
        ("50%*", "50%${*}"),
        ("what?", "what${?}"),
        ("${aws:username}", "${$}{aws:username}"),
        ("${*}", "${$}{${*}}"),
        ("été", "*t*"),
        ("日誌/x", "*/x"),
        ("a\x00\x1f\x7fb", "a*b"),
        ("𝄞", "*"),
    ],
)
def test_what_means_something_to_iam_is_escaped_and_what_it_cannot_say_is_a_wildcard(
    text: str, expected: str
) -> None:
    assert escaped(text) == expected


# ---- warnings ----


def test_a_role_with_an_external_id_and_a_known_principal_needs_no_warning() -> None:
    assert list(warnings(AwsConfig.parse(SAFE), WORKER)) == []


def test_a_role_without_external_id_is_warned_about() -> None:
    (warning,) = warnings(AwsConfig.parse(ROLE), WORKER)
    assert warning.startswith("aws.sts.role.external.id is not set")
    assert "confused deputy" in warning


def test_an_unknown_principal_is_warned_about() -> None:
    (warning,) = warnings(AwsConfig.parse(SAFE), None)
    assert PLACEHOLDER in warning
    assert "--principal" in warning


def test_the_path_that_a_session_hides_is_warned_about() -> None:
    (warning,) = warnings(AwsConfig.parse(SAFE), "arn:aws:sts::123456789012:assumed-role/worker/i-0abc")
    assert "path" in warning


def test_without_a_role_the_permissions_are_for_the_worker_itself() -> None:
    (warning,) = warnings(AwsConfig.parse({}), None)
    assert warning.startswith("aws.sts.role.arn is not set: attach the permissions to the identity")


def test_a_role_in_another_partition_than_region_or_principal_is_warned_about() -> None:
    config = AwsConfig.parse({**SAFE, "aws.s3.region": "cn-north-1"})
    region, named = warnings(config, "arn:aws-us-gov:iam::123456789012:user/me")
    assert "the region cn-north-1 in aws-cn" in region
    assert "the principal in aws-us-gov" in named


def test_a_region_that_nobody_set_is_warned_about_where_it_cannot_be() -> None:
    changed = {"aws.sts.role.arn": "arn:aws-cn:iam::123456789012:role/r"}
    (warning,) = warnings(AwsConfig.parse({**SAFE, **changed}), "123456789012")
    assert "the region us-east-1 in aws" in warning


def test_an_account_is_in_no_other_partition() -> None:
    assert list(warnings(AwsConfig.parse(SAFE), "123456789012")) == []

"""The IAM policies of the demo's account: the least that a connector needs, written as a real account would.

Pure documents; :mod:`connector.demo.aws` attaches them.
"""

from __future__ import annotations

from typing import Any

Policy = dict[str, Any]


def trust(user_arn: str, external_id: str) -> Policy:
    """Who may assume the role: one user, and only with the external id."""
    return _document(
        {
            "Effect": "Allow",
            "Principal": {"AWS": user_arn},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"sts:ExternalId": external_id}},
        }
    )


def assume(role_arn: str) -> Policy:
    """What the connector's own keys may do: assume the role, nothing else."""
    return _document(_allow(["sts:AssumeRole"], role_arn))


def write(bucket: str) -> Policy:
    """What the role may do; it may neither list nor delete."""
    objects = ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
    return _document(
        _allow(objects, f"arn:aws:s3:::{bucket}/*"),
        _allow(["s3:ListBucketMultipartUploads"], f"arn:aws:s3:::{bucket}"),
    )


def read(bucket: str) -> Policy:
    """What the one who counts may do."""
    return _document(
        _allow(["s3:GetObject"], f"arn:aws:s3:::{bucket}/*"),
        _allow(["s3:ListBucket"], f"arn:aws:s3:::{bucket}"),
    )


def _allow(actions: list[str], resource: str) -> Policy:
    return {"Effect": "Allow", "Action": actions, "Resource": resource}


def _document(*statements: Policy) -> Policy:
    return {"Version": "2012-10-17", "Statement": list(statements)}

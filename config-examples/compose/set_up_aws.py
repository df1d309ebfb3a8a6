"""Makes the bucket and the role that ``s3_sink.json`` names, at an endpoint that stands in for AWS."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from botocore.session import get_session

CONFIG = json.loads((Path(__file__).parent / "s3_sink.json").read_text())


def trust_policy(external_id: str) -> dict[str, Any]:
    """Who may assume the role: the account itself, with the external id."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"sts:ExternalId": external_id}},
            }
        ],
    }


def set_up(endpoint: str) -> None:
    session, region = get_session(), CONFIG["aws.s3.region"]
    s3 = session.create_client("s3", region_name=region, endpoint_url=endpoint)
    s3.create_bucket(
        Bucket=CONFIG["aws.s3.bucket.name"], CreateBucketConfiguration={"LocationConstraint": region}
    )
    iam = session.create_client("iam", region_name=region, endpoint_url=endpoint)
    iam.create_role(
        RoleName=CONFIG["aws.sts.role.arn"].rpartition("/")[2],
        AssumeRolePolicyDocument=json.dumps(trust_policy(CONFIG["aws.sts.role.external.id"])),
    )


if __name__ == "__main__":
    set_up(sys.argv[1])
